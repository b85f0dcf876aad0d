package graph_test

import (
	"fmt"
	"strings"
	"testing"
)

// batch sends requests in one and returns the status of each by id.
func (w *world) batch(as, version, requests string) (map[string]any, []map[string]any) {
	w.t.Helper()
	got := w.want(200, as, "POST", version+"/$batch", `{"requests":[`+requests+`]}`)
	list, _ := got.body["responses"].([]any)
	status := map[string]any{}
	var answers []map[string]any
	for _, item := range list {
		answer := item.(map[string]any)
		answers = append(answers, answer)
		status[answer["id"].(string)] = answer["status"]
	}
	return status, answers
}

func TestBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	json := `"headers":{"Content-Type":"application/json"}`
	status, answers := w.batch("admin", "/v1.0",
		`{"id":"create","method":"POST","url":"/applications",`+json+`,"body":{"displayName":"batched","tags":["1"]}},`+
			`{"id":"find","method":"get","url":"applications?$filter=displayName eq 'batched'","dependsOn":["create"]},`+
			`{"id":"missing","method":"GET","url":"/servicePrincipals/`+zero+`"},`+
			`{"id":"after","method":"DELETE","url":"/servicePrincipals/`+ordersIdentity+`","dependsOn":["find","MISSING"]},`+
			`{"id":"count","method":"GET","url":"/applications/$count","headers":{"ConsistencyLevel":"eventual"}},`+
			`{"id":"bad","method":"POST","url":"/applications",`+json+`,"body":{"displayName":7}},`+
			`{"id":"unknown","method":"GET","url":"/users"}`)
	want := map[string]any{"create": 201.0, "find": 200.0, "missing": 404.0, "after": 424.0, "count": 200.0, "bad": 400.0, "unknown": 501.0}
	if fmt.Sprint(status) != fmt.Sprint(want) {
		t.Fatalf("got %v, want %v", status, want)
	}
	created := answers[0]["body"].(map[string]any)
	found := answers[1]["body"].(map[string]any)["value"].([]any)
	if len(found) != 1 || found[0].(map[string]any)["id"] != created["id"] {
		t.Errorf("got %v, want what the batch created: %v", found, created)
	}
	headers := answers[0]["headers"].(map[string]any)
	if location, _ := headers["Location"].(string); !strings.HasSuffix(location, "/v1.0/applications/"+created["id"].(string)) {
		t.Errorf("got headers %v, want the address of what was created", headers)
	}
	if answers[4]["body"] != "Nw==" { // 7 in base64, as every body that is not JSON
		t.Errorf("got count %v, want Nw==", answers[4]["body"])
	}
	w.get("/v1.0/servicePrincipals/" + ordersIdentity) // not deleted
	routes := map[string]int{}
	for _, entry := range w.log.Entries() {
		routes[entry.Route]++
	}
	if routes["POST /v1.0/$batch"] != 1 || routes["POST /v1.0/applications"] != 2 || len(w.log.Unemulated()) != 1 {
		t.Errorf("got history %v with %v, want each request of the batch in it", routes, w.log.Unemulated())
	}
}

// TestBatchGivesNoRight sends what its caller may not do alone.
func TestBatchGivesNoRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, _ := w.newApplication(map[string]any{})
	one := `{"id":"1","method":"DELETE","url":"/applications/` + app + `","headers":{"Authorization":"Bearer admin"}}`
	for as, want := range map[string]any{"nobody": 403.0, "reader": 403.0, "stranger": 404.0} {
		if status, _ := w.batch(as, "/beta", one); status["1"] != want {
			t.Errorf("as %s: got %v, want %v", as, status["1"], want)
		}
	}
	w.want(401, "", "POST", "/v1.0/$batch", `{"requests":[`+one+`]}`)
	w.get("/v1.0/applications/" + app)
}

func TestBatchesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := func(id int, more string) string {
		return fmt.Sprintf(`{"id":"%d","method":"GET","url":"/applications"%s}`, id, more)
	}
	many := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, one(i, ""))
		}
		return strings.Join(list, ",")
	}
	w.want(200, "admin", "POST", "/v1.0/$batch", `{"requests":[`+many(20)+`]}`)
	for requests, status := range map[string]int{
		"":                            400,
		many(21):                      400,
		one(1, "") + "," + one(1, ""): 400,
		`{"id":"a","method":"GET","url":"/applications"},{"id":"A","method":"GET","url":"/applications"}`: 400,
		one(1, "") + `,{"id":"2","method":"POST","url":"/applications","body":{"displayName":"x"}}`:       400,
		`{"id":"2","method":"patch","url":"/applications","headers":{"content-type":"application/json"}}`: 400,
		`{"id":"1","method":"GET"}`:          400,
		`{"id":1,"method":"GET","url":"/x"}`: 400,
		one(1, `,"dependsOn":["2"]`):         501,
		one(1, `,"colour":"red"`):            501,
	} {
		w.want(status, "admin", "POST", "/v1.0/$batch", `{"requests":[`+requests+`]}`)
	}
	before := w.get("/v1.0/applications/$count").text
	w.want(400, "admin", "POST", "/v1.0/$batch", `{}`)
	untyped := `{"id":"1","method":"POST","url":"/applications","headers":{"Content-Type":"application/json"},"body":{"displayName":"x"}},` +
		`{"id":"2","method":"POST","url":"/applications","body":{"displayName":"x"}}`
	if got := w.want(400, "admin", "POST", "/v1.0/$batch", `{"requests":[`+untyped+`]}`).message(); !strings.Contains(got, "request id : 2") {
		t.Errorf("got %q, want the request named", got)
	}
	if after := w.get("/v1.0/applications/$count").text; after != before {
		t.Errorf("got %s applications after %s, want that no request of the batch ran", after, before)
	}
	for url, want := range map[string]any{"/a b/%zz": 400.0, "\\u0001": 400.0, "/$batch": 501.0, "%24BATCH": 501.0} {
		if status, _ := w.batch("admin", "/v1.0", `{"id":"1","method":"POST","url":"`+url+`","headers":{"content-type":"application/json"},"body":{}}`); status["1"] != want {
			t.Errorf("url %q: got %v, want %v", url, status["1"], want)
		}
	}
}
