package diff_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"app-to-app/tenant/diff"
)

// handedOver are facts as another job reads them.
func handedOver(t *testing.T, p diff.Preview) diff.Facts {
	t.Helper()
	text, err := p.Facts("dev", diff.Names{}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	f, err := diff.ReadFacts(bytes.NewReader(text), "dev")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFactsSayTheSame(t *testing.T) {
	t.Parallel()
	for _, p := range []diff.Preview{
		previewWith(t), previewWith(t, publish("update", publisher("a", nil), publisher("b", nil), "triggers[0]")),
		previewWith(t, step("create", inStack, "azuread:index/appRoleAssignment:AppRoleAssignment", "stranger", nil, assignment(otherObject))),
	} {
		if got, want := handedOver(t, p).Markdown(), p.Markdown("dev", diff.Names{}); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	}
}

// TestFactsHoldNoOtherValue: what the table does not show stays in the job.
func TestFactsHoldNoOtherValue(t *testing.T) {
	t.Parallel()
	const hidden = "not-for-others"
	p := previewWith(t,
		step("update", inAPIApp, "azure-native:web/v20240401:WebAppApplicationSettings", "s", object{"properties": object{"OTHER": hidden}}, object{"properties": object{"OTHER": hidden + "2", "ORDERS_CLIENT_SECRET": hidden}}),
		step("create", inStack, "msgraph:index/resource:Resource", "unknown", nil, object{"body": hidden}),
		step("create", inClient, "azuread:index/applicationCertificate:ApplicationCertificate", "c", nil, object{"applicationId": "x", "value": hidden}),
	)
	text, err := p.Facts("dev", diff.Names{}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), hidden) {
		t.Errorf("got a value that nobody compares in:\n%s", text)
	}
	if !strings.Contains(string(text), "properties.OTHER") {
		t.Errorf("got no path of it in:\n%s", text)
	}
}

func TestReadFactsRefuses(t *testing.T) {
	t.Parallel()
	good, err := previewWith(t).Facts("dev", diff.Names{}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(facts, step object)) string {
		var facts object
		if err := json.Unmarshal(good, &facts); err != nil {
			t.Fatal(err)
		}
		change(facts, facts["steps"].([]any)[1].(object))
		text, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	long := strings.Repeat("x", 5000)
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "got nothing; did the preview fail?"},
		{"Markdown", "### Access in `dev`", "expected what tenant diff -facts prints"},
		{"too much", strings.Repeat(" ", 17<<20), "expected at most 16777216 bytes"},
		{"not UTF-8", "{\"schema\":\"\xff\"}", "expected UTF-8"},
		{"another schema", edit(func(f, _ object) { f["schema"] = "app-to-app/access-facts/1" }), `expected the schema "app-to-app/access-facts/2"`},
		{"another stack", edit(func(f, _ object) { f["stack"] = "prod" }), `expected the facts of stack "dev", got those of "prod"`},
		{"an unknown field", edit(func(f, _ object) { f["verdict"] = "Nobody's access changes." }), "verdict"},
		{"an unknown field of a step", edit(func(_, s object) { s["comment"] = "x" }), "comment"},
		{"a repeated field", strings.Replace(string(good), `"stack":"dev"`, `"stack":"prod","stack":"dev"`, 1), "byte for byte"},
		{"another form", strings.Replace(string(good), `"stack"`, ` "stack"`, 1), "byte for byte"},
		{"more after it", string(good) + "{}", "byte for byte"},
		{"no steps", edit(func(f, _ object) { delete(f, "steps") }), "expected names and steps"},
		{"too many steps", edit(func(f, s object) { f["steps"] = slices.Repeat([]any{s}, 40001) }), "expected at most 40000 steps, got 40001"},
		{"too many names", edit(func(f, _ object) {
			names := object{}
			for i := range 501 {
				names[fmt.Sprint(i)] = object{"kind": "", "displayName": ""}
			}
			f["names"] = names
		}), "expected at most 500 names, got 501"},
		{"a name without an id", edit(func(f, _ object) { f["names"] = object{"x": object{"kind": "user", "displayName": "x"}} }), "expected an id in lower case"},
		{"a long name", edit(func(f, _ object) { f["names"] = object{otherObject: object{"kind": "user", "displayName": long}} }), "a short name"},
		{"a URN of another stack", edit(func(_, s object) { s["urn"] = "urn:pulumi:prod::p::t::n" }), "expected URNs like urn:pulumi:dev::"},
		{"no URN", edit(func(_, s object) { s["urn"] = "x" }), "expected URNs like"},
		{"a long URN", edit(func(_, s object) { s["urn"] = "urn:pulumi:dev::p::t::" + long }), "4096 bytes"},
		{"no operation", edit(func(_, s object) { s["op"] = "" }), "expected an operation"},
		{"neither side", edit(func(_, s object) { delete(s, "new"); delete(s, "old") }), "expected an old or a new side"},
		{"a parent that is not there", edit(func(_, s object) { s["new"].(object)["parent"] = "urn:pulumi:dev::p::t::gone" }), "expected its parent"},
		{"a nested value", edit(func(_, s object) { s["new"].(object)["inputs"] = object{"a": object{"b": 1}} }), "got something nested"},
		{"a list of lists", edit(func(_, s object) { s["new"].(object)["inputs"] = object{"a": []any{[]any{1}}} }), "got something nested"},
		{"a long value", edit(func(_, s object) { s["new"].(object)["inputs"] = object{"a": long} }), "at most 200 items of at most 1024 bytes"},
		{"a source that is no URN", edit(func(_, s object) { s["new"].(object)["from"] = object{"a": []any{"x"}} }), "expected URNs that it comes from"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := diff.ReadFacts(strings.NewReader(test.text), "dev")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			} else if len(err.Error()) > 700 {
				t.Errorf("got an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// TestLongReportsAreCut: GitHub takes 65,536 characters. The verdict stays, what
// is cut is counted, and the whole report is in the job's log.
func TestLongReportsAreCut(t *testing.T) {
	t.Parallel()
	var steps []object
	for i := range 900 {
		steps = append(steps, step("create", inStack, "azuread:index/appRoleAssignment:AppRoleAssignment", fmt.Sprintf("stranger-%d-%s", i, strings.Repeat("x", 100)), nil, assignment(otherObject)))
	}
	f := handedOver(t, previewWith(t, steps...))
	comment := f.Comment()
	if len(comment) > 65536 || !strings.HasSuffix(comment, "</details>\n") {
		t.Errorf("got %d bytes ending in %q, want a comment that GitHub takes", len(comment), comment[len(comment)-80:])
	}
	if got := firstLine(t, comment); !strings.HasPrefix(got, "**Access changes**") {
		t.Errorf("got first %q", got)
	}
	if !strings.Contains(comment, "changes of access do not fit here.** Read them in the log of the job.") || !strings.Contains(comment, "more: see the log of the job") {
		t.Error("got nothing about what was cut")
	}
	if got := strings.Count(f.Markdown(), "**gains**"); got != 900 {
		t.Errorf("got %d lines in the whole report, want 900", got)
	}
}

// TestWhoIsLookedUp: nobody is said to have no name whom nobody asked for.
func TestWhoIsLookedUp(t *testing.T) {
	t.Parallel()
	id := func(i int) string { return fmt.Sprintf("11111111-2222-3333-4444-%012d", i) }
	assign := func(n int) diff.Preview {
		var steps []object
		for i := range n {
			steps = append(steps, step("create", inStack, "azuread:index/appRoleAssignment:AppRoleAssignment", fmt.Sprintf("a-%d", i), nil, assignment(id(i))))
		}
		return previewWith(t, steps...)
	}
	report := func(p diff.Preview) string {
		names := diff.Names{}
		for i, asked := range p.Facts("dev", nil).Unnamed() {
			names[asked] = diff.Name{}
			if i == 0 {
				names[asked] = diff.Name{Kind: "user", DisplayName: "Ada"}
			}
		}
		return p.Markdown("dev", names)
	}
	for _, test := range []struct {
		name   string
		report string
		want   map[string]int
	}{
		{"nobody asked", assign(2).Markdown("dev", nil), map[string]int{", not looked up, **gains**": 2, "no name found": 0, "more than": 0}},
		{"few", report(assign(2)), map[string]int{"user `Ada`, object id `" + id(0) + "`, **gains**": 1, "object id `" + id(1) + "`, no name found, **gains**": 1, "not looked up": 0}},
		{"too many", report(assign(203)), map[string]int{", no name found, **gains**": 199, "object id `" + id(202) + "`, not looked up (more than 200 ids), **gains**": 1, "not looked up (more than 200 ids)": 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for text, n := range test.want {
				if got := strings.Count(test.report, text); got != n {
					t.Errorf("%q: got it %d times, want %d, in:\n%s", text, got, n, test.report)
				}
			}
		})
	}
}
