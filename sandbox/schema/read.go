package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// A Kind is what is wrong with a value.
type Kind int

// The kinds of problems.
const (
	Unknown     Kind = iota // the property is not described, or not in this version of the API
	Missing                 // a required property is not there
	ReadOnly                // only the service sets the property
	WrongForm               // the value has another form; Problem.Expected is the right one
	Null                    // the value is null and must not be
	BadValue                // the text is not in Problem.Allowed
	OutOfRange              // the whole number is not within Problem.Min and Problem.Max
	NotEmulated             // the value is valid, but the sandbox does not emulate it
)

// A Problem is why a request does not fit its description.
type Problem struct {
	Kind     Kind
	Path     string // where it is: networkAcls.ipRules[0].value
	Value    any    // what was sent
	Expected string // an object
	Allowed  []string
	Min, Max int64
}

func (p *Problem) Error() string {
	switch p.Kind {
	case Unknown:
		return fmt.Sprintf("property %q: not known", p.Path)
	case Missing:
		return fmt.Sprintf("property %q: missing", p.Path)
	case ReadOnly:
		return fmt.Sprintf("property %q: read-only", p.Path)
	case Null:
		return fmt.Sprintf("property %q: expected a value, got null", p.Path)
	case BadValue:
		return fmt.Sprintf("property %q: expected one of %q, got %q", p.Path, p.Allowed, p.Value)
	case OutOfRange:
		return fmt.Sprintf("property %q: expected %d to %d, got %v", p.Path, p.Min, p.Max, p.Value)
	case NotEmulated:
		return fmt.Sprintf("property %q: value %v is not emulated", p.Path, p.Value)
	}
	return fmt.Sprintf("property %q: expected %s", p.Path, p.Expected)
}

// A Reader reads requests by the rules of one service. The zero Reader takes
// names and values as they are described, keeps null, and refuses read-only
// properties.
type Reader struct {
	FoldCase       bool   // names and values of [Text] may have any case, and become the described one
	NullIsAbsent   bool   // a property that is null counts as not sent
	IgnoreReadOnly bool   // read-only properties are left out instead of refused
	Decimals       bool   // 40.0 is a whole number, and becomes 40
	Partial        bool   // required properties may be missing, as in a PATCH
	Version        string // of the API, for [Field.Since]
}

// Read checks an object from [Parse] and returns the part to store. Its error is
// a [*Problem]: the first one by name.
func (r Reader) Read(fields Fields, sent map[string]any) (map[string]any, error) {
	return r.object(fields, sent, "")
}

func (r Reader) object(fields Fields, sent map[string]any, path string) (map[string]any, error) {
	read := make(map[string]any, len(sent))
	for _, given := range slices.Sorted(maps.Keys(sent)) {
		name, f, known := r.find(fields, given)
		switch {
		case !known || !f.KnownAt(r.Version):
			return nil, &Problem{Kind: Unknown, Path: path + given}
		case r.NullIsAbsent && sent[given] == nil, r.IgnoreReadOnly && f.readOnly:
			continue
		case f.readOnly:
			return nil, &Problem{Kind: ReadOnly, Path: path + name}
		}
		value, err := r.value(f, sent[given], path+name)
		if err != nil {
			return nil, err
		}
		read[name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, sent := read[name]; fields[name].required && !sent && !r.Partial {
			return nil, &Problem{Kind: Missing, Path: path + name}
		}
	}
	return read, nil
}

func (r Reader) find(fields Fields, name string) (string, Field, bool) {
	f, ok := fields[name]
	if ok || !r.FoldCase {
		return name, f, ok
	}
	for known, f := range fields {
		if strings.EqualFold(known, name) {
			return known, f, true
		}
	}
	return name, f, false
}

func (r Reader) value(f Field, in any, path string) (any, error) {
	var value any
	var err error
	switch {
	case in != nil || r.NullIsAbsent:
		value, err = r.formed(f, in, path)
	case f.required || f.notNull:
		err = &Problem{Kind: Null, Path: path}
	}
	if err == nil && f.only != nil && !slices.Contains(f.only, value) {
		err = &Problem{Kind: NotEmulated, Path: path, Value: in}
	}
	return value, err
}

// formed returns a value that has the field's form.
func (r Reader) formed(f Field, in any, path string) (any, error) {
	switch v := in.(type) {
	case string:
		if f.form == text {
			return r.text(f, v, path)
		}
	case bool:
		if f.form == flag {
			return v, nil
		}
	case json.Number:
		if f.form == whole {
			return r.whole(f, v, path)
		} else if f.form == number {
			return v, nil
		}
	case map[string]any:
		if f.form == object {
			return r.object(f.members, v, path+".")
		} else if f.form == dict {
			return r.dict(f, v, path)
		}
	case []any:
		if f.form == list {
			return r.list(f, v, path)
		}
	}
	if f.form == anything {
		return in, nil
	}
	return nil, wrongForm(f, path)
}

func wrongForm(f Field, path string) error {
	return &Problem{Kind: WrongForm, Path: path, Expected: expected[f.form]}
}

func (r Reader) text(f Field, value, path string) (any, error) {
	for _, allowed := range f.values {
		if value == allowed || r.FoldCase && strings.EqualFold(value, allowed) {
			return allowed, nil
		}
	}
	if f.values != nil {
		return nil, &Problem{Kind: BadValue, Path: path, Value: value, Allowed: f.values}
	}
	return value, nil
}

func (r Reader) whole(f Field, value json.Number, path string) (any, error) {
	n, err := value.Int64()
	if err != nil {
		ratio, ok := new(big.Rat).SetString(value.String())
		if !r.Decimals || !ok || !ratio.IsInt() || !ratio.Num().IsInt64() {
			return nil, wrongForm(f, path)
		}
		n = ratio.Num().Int64()
	}
	if (f.min != 0 || f.max != 0) && (n < f.min || n > f.max) {
		return nil, &Problem{Kind: OutOfRange, Path: path, Value: n, Min: f.min, Max: f.max}
	}
	return json.Number(strconv.FormatInt(n, 10)), nil
}

func (r Reader) list(f Field, in []any, path string) (any, error) {
	out := make([]any, 0, len(in))
	for i, item := range in {
		value, err := r.value(*f.element, item, path+"["+strconv.Itoa(i)+"]")
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, nil
}

func (r Reader) dict(f Field, in map[string]any, path string) (any, error) {
	out := make(map[string]any, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if r.NullIsAbsent && in[name] == nil {
			continue
		}
		value, err := r.value(*f.element, in[name], path+"."+name)
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}
