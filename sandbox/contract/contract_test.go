package contract

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"app-to-app/sandbox/route"
)

// TestMutations sends each route's answer as its type describes it, which must
// pass, and then with one thing wrong, which must be noticed.
func TestMutations(t *testing.T) {
	t.Parallel()
	for service, scopes := range map[string][]string{"graph": {"/v1.0", "/beta"}, "arm": {""}, "keyvault": {""}} {
		for _, scope := range scopes {
			for _, key := range slices.Sorted(maps.Keys(Answers(service))) {
				if _, only := betaAnswers[key]; only && scope == "/v1.0" {
					continue
				}
				kind := Answers(service)[key]
				method, path, _ := strings.Cut(key, " ")
				if service == "arm" && !strings.HasPrefix(path, "/") {
					path = "/subscriptions/{subscription}/providers/" + path
				}
				a := answer{t, service, method + " " + scope + path}
				t.Run(service+" "+a.route, func(t *testing.T) {
					t.Parallel()
					a.T = t
					a.refusals()
					switch kind {
					case none:
						a.check(204, "", true)
						a.check(200, `{}`, false)
					case count:
						a.check(200, `7`, true)
						a.check(200, `many`, false)
					default:
						a.mutate(kind)
					}
				})
			}
		}
	}
}

// An answer is a route whose answers a test makes up.
type answer struct {
	*testing.T
	service, route string
}

func (a answer) check(status int, body string, want bool) {
	a.Helper()
	media := "application/json"
	if kind, _ := Of(a.service, a.route); kind == count && status < 400 {
		media = "text/plain"
	}
	found := Check(route.Answer{Service: a.service, Route: a.route, Status: status, Header: http.Header{"Content-Type": {media}}, Body: []byte(body)})
	if (len(found) == 0) != want {
		a.Errorf("%d %s: got %q, want accepted %t", status, body, found, want)
	}
}

func (a answer) refusals() {
	files, kind := tablesOf(a.route, problems[a.service])
	problem := sample(kind, files, 0).(map[string]any)
	a.check(404, text(problem), true)
	delete(problem["error"].(map[string]any), "code")
	a.check(404, text(problem), false)
	a.check(404, `{"Error":"no"}`, false)
	a.check(404, `not found`, false)
	a.check(404, ``, false)
}

// mutate changes one member of the type at a time.
func (a answer) mutate(kind string) {
	files, kind := tablesOf(a.route, kind)
	inner, list := strings.CutPrefix(strings.TrimSuffix(kind, "]"), "[")
	send := func(one any, want bool) {
		a.Helper()
		if list {
			one = map[string]any{"value": []any{one}}
		}
		a.check(200, text(one), want)
	}
	whole := sample(inner, files, 0)
	send(whole, true)
	send(7, false)
	object, ok := whole.(map[string]any)
	if !ok {
		return
	}
	a.check(200, "", false)
	if strings.HasPrefix(inner, "map ") {
		send(map[string]any{"x": 7}, false)
		return
	}
	name := inner
	if inner == "directoryObject" {
		name = "application"
	}
	members := (&checker{tables: files}).lookup(name)
	with := func(member string, value any) map[string]any {
		changed := maps.Clone(object)
		changed[member] = value
		return changed
	}
	send(with("unheardOf", "x"), false)
	for _, member := range slices.Sorted(maps.Keys(members)) {
		kind := members[member].kind
		send(with(member, nil), !members[member].always)
		if kind == "any" {
			continue
		}
		wrong := any(map[string]any{"unheardOf": []any{}})
		if strings.HasPrefix(kind, "map") {
			wrong = "x"
		}
		send(with(member, wrong), false)
		if strings.HasPrefix(kind, "{") || kind == "guid" || kind == "dateTime" || kind == "zoneless" {
			send(with(member, "Unheard"), false)
		}
	}
}

// sample is a value of a kind, with every member of it.
func sample(kind string, files []string, depth int) any {
	switch kind {
	case "any", "string":
		return "x"
	case "guid":
		return "0d0e0f00-0000-4000-8000-000000000001"
	case "dateTime":
		return "2026-11-26T12:00:00Z"
	case "zoneless":
		return "2026-11-26T12:00:00.1234567"
	case "duration":
		return "P1DT2H"
	case "bool":
		return true
	case "number", "int":
		return 1
	}
	if inner, ok := strings.CutPrefix(kind, "["); ok {
		return []any{sample(strings.TrimSuffix(inner, "]"), files, depth)}
	}
	if inner, ok := strings.CutPrefix(kind, "map "); ok {
		return map[string]any{"x": sample(inner, files, depth)}
	}
	if inner, ok := strings.CutPrefix(kind, "{"); ok {
		first, _, _ := strings.Cut(strings.TrimSuffix(inner, "}"), "|")
		return first
	}
	object := make(map[string]any)
	if kind == "directoryObject" {
		kind, object["@odata.type"] = "application", "#microsoft.graph.application"
	}
	members := (&checker{tables: files}).lookup(kind)
	if members == nil {
		panic("no type " + kind)
	}
	for name, m := range members {
		if m.always || depth < 4 {
			object[name] = sample(m.kind, files, depth+1)
		}
	}
	return object
}

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestSelectLeavesMembersOut(t *testing.T) {
	t.Parallel()
	a := route.Answer{Service: "graph", Route: "GET /v1.0/applications/{id}", Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"appId":"x"}`)}
	if len(Check(a)) == 0 {
		t.Error("got an application with one member accepted, want it noticed")
	}
	a.Query = url.Values{"$select": {"appId"}}
	if found := Check(a); len(found) != 0 {
		t.Errorf("got %q with $select, want nothing", found)
	}
}

// TestExceptionsAreNeeded fails when the published types have caught up.
func TestExceptionsAreNeeded(t *testing.T) {
	t.Parallel()
	published := func(file, of, name string) (member, bool) {
		data, err := files.ReadFile(file + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		types, err := parse(string(data))
		if err != nil {
			t.Fatal(err)
		}
		if types[of] == nil {
			t.Errorf("%s %s: no such type", file, of)
		}
		m, ok := types[of][name]
		return m, ok
	}
	for _, e := range exceptions {
		if m, _ := published(e.file, e.of, e.member); m == memberOf(e.kind) || e.reason == "" {
			t.Errorf("%s %s.%s: got the same in the table, or no reason; fix: delete the exception", e.file, e.of, e.member)
		}
	}
	for _, e := range alwaysSent {
		for _, name := range strings.Fields(e.members) {
			if m, ok := published(e.file, e.of, name); !ok || m.always || e.page == "" {
				t.Errorf("%s %s.%s: got no such member, one that is always there, or no page; fix: delete it from alwaysSent", e.file, e.of, name)
			}
		}
	}
}

func TestUnknownRoute(t *testing.T) {
	t.Parallel()
	a := route.Answer{Service: "graph", Route: "GET /v1.0/things", Status: 200, Body: []byte(`{}`)}
	if found := Check(a); len(found) != 1 || !strings.Contains(found[0], "no type known") {
		t.Errorf("got %q of a route without a contract", found)
	}
}
