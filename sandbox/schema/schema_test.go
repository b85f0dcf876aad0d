package schema_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"app-to-app/sandbox/schema"
)

// described has every form and every qualifier.
var described = schema.Fields{
	"name":     schema.Text().Required(),
	"tier":     schema.Text("Basic", "Premium"),
	"enabled":  schema.Flag().NotNull(),
	"mode":     schema.Text("on", "off").Only("on"),
	"days":     schema.Whole().Within(7, 90),
	"size":     schema.Whole(),
	"quota":    schema.Number(),
	"extra":    schema.Any(),
	"newer":    schema.Flag().Since("2024-01-01"),
	"encrypt":  schema.Object(schema.Fields{"double": schema.Flag().Fixed(), "source": schema.Text()}),
	"rules":    schema.List(schema.Object(schema.Fields{"value": schema.Text().Required()})),
	"labels":   schema.Dict(schema.Text()),
	"scopes":   schema.List(schema.Text().NotNull()),
	"location": schema.Text().Fixed(),
}.With(schema.Outputs("id"))

var (
	strict  = schema.Reader{Version: "2024-01-01"}
	lenient = schema.Reader{FoldCase: true, NullIsAbsent: true, IgnoreReadOnly: true, Decimals: true, Version: "2024-01-01"}
)

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	object, err := schema.Parse([]byte(text))
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return object
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		reader     schema.Reader
		sent, want string
	}{
		{"every form is kept", strict,
			`{"name":"a","enabled":true,"size":-3,"quota":0.5,"extra":{"x":[null]},"encrypt":{"source":"s"},"rules":[{"value":"v"}],"labels":{"a":"b"}}`,
			`{"name":"a","enabled":true,"size":-3,"quota":0.5,"extra":{"x":[null]},"encrypt":{"source":"s"},"rules":[{"value":"v"}],"labels":{"a":"b"}}`},
		{"digits of a number are kept", strict, `{"name":"a","quota":1.10}`, `{"name":"a","quota":1.10}`},
		{"null is kept", strict, `{"name":"a","tier":null,"encrypt":null,"rules":[null],"labels":{"a":null}}`, `{"name":"a","tier":null,"encrypt":null,"rules":[null],"labels":{"a":null}}`},
		{"null is absent", lenient, `{"name":"a","tier":null,"encrypt":{"source":null},"labels":{"a":null}}`, `{"name":"a","encrypt":{},"labels":{}}`},
		{"names take the described case", lenient, `{"NAME":"a","Encrypt":{"SOURCE":"S"},"labels":{"Key":"v"}}`, `{"name":"a","encrypt":{"source":"S"},"labels":{"Key":"v"}}`},
		{"enumerated values take the described case", lenient, `{"name":"A","tier":"PREMIUM","mode":"ON"}`, `{"name":"A","tier":"Premium","mode":"on"}`},
		{"read-only properties are left out", lenient, `{"name":"a","id":7}`, `{"name":"a"}`},
		{"40.0 becomes 40", lenient, `{"name":"a","days":40.0,"size":4e1}`, `{"name":"a","days":40,"size":40}`},
		{"bounds are included", lenient, `{"name":"a","days":7}`, `{"name":"a","days":7}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.reader.Read(described, parse(t, tt.sent))
			if err != nil {
				t.Fatal(err)
			}
			if want := parse(t, tt.want); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	old := schema.Reader{Version: "2020-01-01"}
	for _, tt := range []struct {
		name   string
		reader schema.Reader
		sent   string
		want   schema.Problem // without Value
		text   string
	}{
		{"property that is not described", strict, `{"colour":"red"}`, schema.Problem{Kind: schema.Unknown, Path: "colour"}, `property "colour": not known`},
		{"member that is not described", lenient, `{"encrypt":{"Colour":1}}`, schema.Problem{Kind: schema.Unknown, Path: "encrypt.Colour"}, `property "encrypt.Colour": not known`},
		{"case that is not described", strict, `{"Name":"a"}`, schema.Problem{Kind: schema.Unknown, Path: "Name"}, `property "Name": not known`},
		{"unknown property that is null", lenient, `{"colour":null}`, schema.Problem{Kind: schema.Unknown, Path: "colour"}, `property "colour": not known`},
		{"property of a later version", old, `{"newer":true}`, schema.Problem{Kind: schema.Unknown, Path: "newer"}, `property "newer": not known`},
		{"required property is missing", strict, `{}`, schema.Problem{Kind: schema.Missing, Path: "name"}, `property "name": missing`},
		{"required property is null and null is absent", lenient, `{"name":null}`, schema.Problem{Kind: schema.Missing, Path: "name"}, `property "name": missing`},
		{"required member is missing", strict, `{"rules":[{"value":"a"},{}]}`, schema.Problem{Kind: schema.Missing, Path: "rules[1].value"}, `property "rules[1].value": missing`},
		{"required property is null", strict, `{"name":null}`, schema.Problem{Kind: schema.Null, Path: "name"}, `property "name": expected a value, got null`},
		{"property that must not be null", strict, `{"enabled":null}`, schema.Problem{Kind: schema.Null, Path: "enabled"}, `property "enabled": expected a value, got null`},
		{"element that must not be null", strict, `{"scopes":["a",null]}`, schema.Problem{Kind: schema.Null, Path: "scopes[1]"}, `property "scopes[1]": expected a value, got null`},
		{"null element where null is absent", lenient, `{"scopes":[null]}`, schema.Problem{Kind: schema.WrongForm, Path: "scopes[0]", Expected: "a string"}, `property "scopes[0]": expected a string`},
		{"read-only property", strict, `{"id":"x"}`, schema.Problem{Kind: schema.ReadOnly, Path: "id"}, `property "id": read-only`},
		{"number for a text", strict, `{"name":7}`, schema.Problem{Kind: schema.WrongForm, Path: "name", Expected: "a string"}, `property "name": expected a string`},
		{"text for a flag", strict, `{"enabled":"true"}`, schema.Problem{Kind: schema.WrongForm, Path: "enabled", Expected: "a boolean"}, `property "enabled": expected a boolean`},
		{"text for a whole number", strict, `{"size":"7"}`, schema.Problem{Kind: schema.WrongForm, Path: "size", Expected: "an integer"}, `property "size": expected an integer`},
		{"fraction for a whole number", lenient, `{"size":7.5}`, schema.Problem{Kind: schema.WrongForm, Path: "size", Expected: "an integer"}, `property "size": expected an integer`},
		{"7.0 for a whole number", strict, `{"size":7.0}`, schema.Problem{Kind: schema.WrongForm, Path: "size", Expected: "an integer"}, `property "size": expected an integer`},
		{"whole number of more than 64 bits", lenient, `{"size":1e40}`, schema.Problem{Kind: schema.WrongForm, Path: "size", Expected: "an integer"}, `property "size": expected an integer`},
		{"flag for a number", strict, `{"quota":true}`, schema.Problem{Kind: schema.WrongForm, Path: "quota", Expected: "a number"}, `property "quota": expected a number`},
		{"list for an object", strict, `{"encrypt":[]}`, schema.Problem{Kind: schema.WrongForm, Path: "encrypt", Expected: "an object"}, `property "encrypt": expected an object`},
		{"object for a list", strict, `{"rules":{}}`, schema.Problem{Kind: schema.WrongForm, Path: "rules", Expected: "an array"}, `property "rules": expected an array`},
		{"list for a dict", strict, `{"labels":[]}`, schema.Problem{Kind: schema.WrongForm, Path: "labels", Expected: "an object"}, `property "labels": expected an object`},
		{"value of a dict", strict, `{"labels":{"a":1}}`, schema.Problem{Kind: schema.WrongForm, Path: "labels.a", Expected: "a string"}, `property "labels.a": expected a string`},
		{"value that is not listed", lenient, `{"tier":"Free"}`, schema.Problem{Kind: schema.BadValue, Path: "tier", Allowed: []string{"Basic", "Premium"}}, `property "tier": expected one of ["Basic" "Premium"], got "Free"`},
		{"value in another case", strict, `{"tier":"basic"}`, schema.Problem{Kind: schema.BadValue, Path: "tier", Allowed: []string{"Basic", "Premium"}}, `property "tier": expected one of ["Basic" "Premium"], got "basic"`},
		{"number that is too large", strict, `{"days":91}`, schema.Problem{Kind: schema.OutOfRange, Path: "days", Min: 7, Max: 90}, `property "days": expected 7 to 90, got 91`},
		{"number that is too small", strict, `{"days":6}`, schema.Problem{Kind: schema.OutOfRange, Path: "days", Min: 7, Max: 90}, `property "days": expected 7 to 90, got 6`},
		{"value that is not emulated", lenient, `{"mode":"OFF"}`, schema.Problem{Kind: schema.NotEmulated, Path: "mode"}, `property "mode": value OFF is not emulated`},
		{"null where only some values are emulated", strict, `{"mode":null}`, schema.Problem{Kind: schema.NotEmulated, Path: "mode"}, `property "mode": value <nil> is not emulated`},
		{"first by name of two", strict, `{"tier":7,"colour":1}`, schema.Problem{Kind: schema.Unknown, Path: "colour"}, `property "colour": not known`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.reader.Read(described, parse(t, tt.sent))
			var got *schema.Problem
			if !errors.As(err, &got) {
				t.Fatalf("got error %v, want a *schema.Problem", err)
			}
			if got.Error() != tt.text {
				t.Errorf("got text %q, want %q", got, tt.text)
			}
			got.Value = nil
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `null`, `[]`, `7`, `{`, `{}{}`, `{}}`, `{} x`} {
		t.Run("refuses "+text, func(t *testing.T) {
			t.Parallel()
			if got, err := schema.Parse([]byte(text)); err == nil {
				t.Errorf("got %v, want an error", got)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	fields := described.With(schema.Fields{"outer": schema.Object(described)})
	for _, tt := range []struct{ name, stored, sent, want string }{
		{"what is not sent stays", `{"name":"a"}`, `{"tier":"Basic"}`, `{"name":"a","tier":"Basic"}`},
		{"objects are merged at any depth", `{"outer":{"encrypt":{"source":"s"}}}`, `{"outer":{"encrypt":{"double":true}}}`, `{"outer":{"encrypt":{"source":"s","double":true}}}`},
		{"lists are replaced", `{"rules":[{"value":"a"}]}`, `{"rules":[]}`, `{"rules":[]}`},
		{"dicts are replaced", `{"labels":{"a":"b"}}`, `{"labels":{"c":"d"}}`, `{"labels":{"c":"d"}}`},
		{"null clears", `{"encrypt":{"source":"s"},"tier":"Basic"}`, `{"encrypt":null,"tier":null}`, `{"encrypt":null,"tier":null}`},
		{"object after null", `{"encrypt":null}`, `{"encrypt":{"source":"s"}}`, `{"encrypt":{"source":"s"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stored := parse(t, tt.stored)
			got := fields.Merge(stored, parse(t, tt.sent))
			if want := parse(t, tt.want); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if !reflect.DeepEqual(stored, parse(t, tt.stored)) {
				t.Errorf("got stored changed to %v, want it as it was", stored)
			}
		})
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	fields := schema.Fields{
		"text": schema.Text(), "flag": schema.Flag().Default(true), "list": schema.List(schema.Object(schema.Fields{"on": schema.Flag().Default(false)})),
		"object": schema.Object(schema.Fields{"type": schema.Text("User", "Admin").Default("User")}), "optional": schema.Object(schema.Fields{"a": schema.Text()}).NullUntilSet(),
	}
	for _, tt := range []struct{ name, stored, want string }{
		{"defaults", `{}`, `{"text":null,"flag":true,"list":[],"object":{"type":"User"},"optional":null}`},
		{"stored values", `{"text":"a","flag":false,"list":[{}],"object":{"type":"Admin"},"optional":{"a":"b"}}`,
			`{"text":"a","flag":false,"list":[{"on":false}],"object":{"type":"Admin"},"optional":{"a":"b"}}`},
		{"null is shown, but not for lists and objects", `{"text":null,"flag":null,"list":null,"object":null,"optional":null}`,
			`{"text":null,"flag":null,"list":[],"object":{"type":"User"},"optional":null}`},
		{"empty text is null", `{"text":""}`, `{"text":null,"flag":true,"list":[],"object":{"type":"User"},"optional":null}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, want := fields.Show(parse(t, tt.stored)), parse(t, tt.want); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestChangedFixed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, before, after, want string }{
		{"same value", `{"location":"a"}`, `{"location":"a"}`, ""},
		{"other value", `{"location":"a"}`, `{"location":"b"}`, "location"},
		{"left out", `{"location":"a"}`, `{}`, ""},
		{"set later", `{}`, `{"location":"a"}`, "location"},
		{"false where nothing was", `{"encrypt":{}}`, `{"encrypt":{"double":false}}`, ""},
		{"member", `{"encrypt":{"double":true}}`, `{"encrypt":{"double":false}}`, "encrypt.double"},
		{"property that is not fixed", `{"tier":"Basic"}`, `{"tier":"Premium"}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := described.ChangedFixed(parse(t, tt.before), parse(t, tt.after)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var into struct {
		Size int64 `json:"size"`
		Name string
	}
	into.Name = "kept"
	if err := schema.Decode(map[string]any{"size": json.Number("9007199254740993")}, &into); err != nil || into.Size != 9007199254740993 || into.Name != "kept" {
		t.Errorf("got %+v and error %v, want every digit and what was there", into, err)
	}
	if err := schema.Decode(map[string]any{"size": "x"}, &into); err == nil {
		t.Error("got no error for a text in a number, want one")
	}
}

func TestFieldAnswers(t *testing.T) {
	t.Parallel()
	if f := described["newer"]; f.KnownAt("2023-12-31") || !f.KnownAt("2024-01-01") {
		t.Error("got another first version, want 2024-01-01")
	}
	for name, want := range map[string]bool{"id": false, "location": false, "tier": true} {
		t.Run("changeable "+name, func(t *testing.T) {
			t.Parallel()
			if got := described[name].Changeable(); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	if _, ok := described["encrypt"].Members()["source"]; !ok {
		t.Error("got no member source, want one")
	}
}
