package appservice_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"app-to-app/sandbox/route"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(
		httpFunction("Plain", open),
		httpFunction("Get", open+`,"methods":["get","post"],"route":"orders"`),
		httpFunction("Item", open+`,"route":"orders/{id}"`),
		httpFunction("New", open+`,"route":"orders/new"`),
		httpFunction("Maybe", open+`,"route":"maybe/{id?}"`),
		httpFunction("Rest", open+`,"route":"files/{*path}"`),
		httpFunction("Off", open),
		entry{"Gone/function.json", `{"disabled":true,"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous"},{"type":"http","direction":"out","name":"res"}]}`, 0o644},
		entry{"notafunction/readme.txt", "x", 0o644},
	))
	w.set("AzureWebJobs.Off.Disabled", "1")
	for _, tt := range []struct{ method, path, function string }{
		{"GET", "/api/Plain", "Plain"},
		{"PATCH", "/api/Plain", "Plain"},
		{"GET", "/api/plain", "Plain"},
		{"GET", "/API/Plain/", "Plain"},
		{"GET", "/Plain", ""},
		{"GET", "/api/Plain/more", ""},
		{"GET", "/api", ""},
		{"GET", "/api/orders", "Get"},
		{"POST", "/api/orders", "Get"},
		{"DELETE", "/api/orders", ""},
		{"HEAD", "/api/orders", ""},
		{"GET", "/api/orders/7", "Item"},
		{"GET", "/api/orders/a%2Fb", "Item"},
		{"GET", "/api/orders/new", "New"},
		{"GET", "/api/maybe", "Maybe"},
		{"GET", "/api/maybe/7", "Maybe"},
		{"GET", "/api/maybe/7/8", ""},
		{"GET", "/api/files/a/b", "Rest"},
		{"GET", "/api/files", "Rest"},
		{"GET", "/api//Plain", ""},
		{"GET", "/api/../api/Plain", ""},
		{"GET", "/api/Gone", ""},
		{"GET", "/api/Off", ""},
		{"GET", "/admin", ""},
		{"GET", "/", "page"},
		{"POST", "/", ""},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			r := w.send(tt.method, w.app(tt.path), nil)
			want := http.StatusAccepted
			if tt.function == "" {
				want = http.StatusNotFound
			}
			if tt.function == "page" {
				want = http.StatusOK
			}
			if r.status != want {
				t.Errorf("got %d %q, want %d", r.status, r.body, want)
			}
			entries := w.log.Entries()
			last := entries[len(entries)-1]
			if want == http.StatusAccepted && last.Object != siteID+"/functions/"+tt.function {
				t.Errorf("got object %q, want function %s", last.Object, tt.function)
			}
			if last.Service != "functions" || last.Route != "/{function}" || last.Status != want || last.URL != strings.ReplaceAll(tt.path, "%2F", "/") {
				t.Errorf("got entry %+v", last)
			}
		})
	}
}

func TestRoutePrefix(t *testing.T) {
	t.Parallel()
	for prefix, path := range map[string]string{"": "/orders", "v1/x": "/v1/x/orders"} {
		t.Run(prefix, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			hostJSON := strings.Replace(proxyHost, "{", `{"extensions":{"http":{"routePrefix":"`+prefix+`"}},`, 1)
			w.run(zipOf(append(base(hostJSON), httpFunction("F", open+`,"route":"orders"`), httpFunction("Admin", open+`,"route":"admin/x"`))...))
			w.hear(path)
			if r := w.get("/api/orders"); r.status != 404 {
				t.Errorf("got %d below the default prefix, want 404", r.status)
			}
			log := strings.Join(w.service.Logs(siteID), "\n")
			if got, want := strings.Contains(log, "built-in routes /admin and /runtime"), prefix == ""; got != want {
				t.Errorf("got a conflict with the built-in routes: %t, want %t", got, want)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(httpFunction("Open", open), httpFunction("Keyed", ""), httpFunction("Other", `,"authLevel":"function"`), httpFunction("Admin", `,"authLevel":"admin"`)))
	keys, err := w.service.HostKeys(siteID)
	if err != nil {
		t.Fatal(err)
	}
	own, err := w.service.FunctionKeys(siteID, "Keyed")
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.service.FunctionKeys(siteID, "Other")
	if err != nil {
		t.Fatal(err)
	}
	master, host := keys.MasterKey, keys.FunctionKeys["default"]
	for _, tt := range []struct {
		name, function, header, query string
		status                        int
	}{
		{"no key", "Open", "", "", 202},
		{"a wrong key does no harm", "Open", "wrong", "", 202},
		{"no key", "Keyed", "", "", 401},
		{"a wrong key", "Keyed", "wrong", "", 401},
		{"a wrong key in the query", "Keyed", "", "wrong", 401},
		{"the function's key", "Keyed", own["default"], "", 202},
		{"the function's key in the query", "Keyed", "", own["default"], 202},
		{"another function's key", "Keyed", other["default"], "", 401},
		{"the host key", "Keyed", host, "", 202},
		{"the master key", "Keyed", master, "", 202},
		{"the header wins", "Keyed", "wrong", own["default"], 401},
		{"half a key", "Keyed", own["default"][:20], "", 401},
		{"no key", "Admin", "", "", 401},
		{"the host key", "Admin", host, "", 401},
		{"the master key", "Admin", master, "", 202},
	} {
		t.Run(tt.function+" with "+tt.name, func(t *testing.T) {
			path := "/api/" + tt.function
			if tt.query != "" {
				path += "?code=" + tt.query
			}
			var headers []string
			if tt.header != "" {
				headers = []string{"x-functions-key", tt.header}
			}
			r := w.get(path, headers...)
			if r.status != tt.status || tt.status == 401 && (r.body != "" || r.header.Get("X-From-Handler") != "") {
				t.Errorf("got %d %q, want %d", r.status, r.body, tt.status)
			}
		})
	}
	history, err := json.Marshal(w.log.Entries())
	if err != nil || strings.Contains(string(history), host) || strings.Contains(string(history), own["default"]) || strings.Contains(string(history), master) {
		t.Errorf("the history shows a key: %v", err)
	}
}

func TestProxying(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	r := w.send("PUT", w.app("/api/a%2Fb/c?x=1&x=2&y=%zz"), strings.NewReader("the body"),
		"Authorization", "Bearer token", "X-Custom", "1", "X-Custom", "2",
		"X-Azure-Functions-InvocationId", "made up", "X-MS-CLIENT-PRINCIPAL", "made up", "X-MS-CLIENT-PRINCIPAL-ID", "made up",
		"X-MS-TOKEN-AAD-ACCESS-TOKEN", "made up", "X-Forwarded-For", "10.0.0.1")
	var h heard
	r.json(t, &h)
	if r.status != 202 || r.header.Get("X-From-Handler") != "yes" {
		t.Errorf("got %d and headers %v, want the handler's", r.status, r.header)
	}
	if h.Method != "PUT" || h.URI != "/api/a%2Fb/c?x=1&x=2&y=%zz" || h.Body != "the body" || h.Host != strings.TrimPrefix(w.app(""), "https://") {
		t.Errorf("got %+v, want the request as it was sent", h)
	}
	if got := h.Header.Get("X-Azure-Functions-InvocationId"); len(got) != 36 {
		t.Errorf("got invocation id %q, want the host's", got)
	}
	if h.Header.Get("X-Azure-Functions-HostVersion") == "" || h.Header.Get("Authorization") != "Bearer token" || !slices.Equal(h.Header["X-Custom"], []string{"1", "2"}) {
		t.Errorf("got headers %v", h.Header)
	}
	if got := h.Header.Get("X-Forwarded-For"); !strings.HasPrefix(got, "10.0.0.1, 127.0.0.1:") || h.Header.Get("X-Forwarded-Proto") != "https" {
		t.Errorf("got X-Forwarded-For %q", got)
	}
	for name := range h.Header {
		if strings.HasPrefix(strings.ToUpper(name), "X-MS-") {
			t.Errorf("the caller's %s reached the handler", name)
		}
	}
	if r := w.get("/api/redirect"); r.status != 302 || r.header.Get("Location") != "/api/echo" {
		t.Errorf("got %d, want the handler's redirect", r.status)
	}
}

func TestStreaming(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	resp, err := w.client.Get(w.app("/api/first"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); err != nil || line != "one\n" {
		t.Fatalf("got %q, %v, want the first line while the second is not written", line, err)
	}
	w.get("/api/second")
	if line, err := lines.ReadString('\n'); err != nil || line != "two\n" {
		t.Errorf("got %q, %v, want the second line", line, err)
	}
}

func TestAnAnswerCutShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	resp, err := w.client.Get(w.app("/api/first"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	w.get("/api/exit/0")
	if data, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("got %q and a proper end, want an error", data)
	}
}

const forwardHost = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"},"enableForwardingHttpRequest":true}}`

func TestForwarding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(zipOf(append(base(forwardHost), everything)...))
	r := w.send("PUT", w.app("/api/a/b?x=1&x=2&y=3"), strings.NewReader("the body"), "Authorization", "Bearer token", "X-Custom", "1", "X-Custom", "2")
	var h heard
	r.json(t, &h)
	if r.status != 202 || h.Method != "PUT" || h.URI != "/api/a/b?x=1%2C2&y=3" || h.Body != "the body" || h.Host != strings.TrimPrefix(w.app(""), "https://") {
		t.Errorf("got %d %+v, want the request with joined parameters", r.status, h)
	}
	if h.Header.Get("Authorization") != "Bearer token" || !slices.Equal(h.Header["X-Custom"], []string{"1", "2"}) || len(h.Header.Get("X-Azure-Functions-InvocationId")) != 36 {
		t.Errorf("got headers %v", h.Header)
	}
	chunked := w.send("PUT", w.app("/api/a"), io.MultiReader(strings.NewReader("lost")))
	chunked.json(t, &h)
	if h.Body != "" {
		t.Errorf("got body %q of a request without a length, want none, as in Azure", h.Body)
	}
	if r := w.get("/api/redirect"); r.status != 302 {
		t.Errorf("got %d, want the handler's redirect", r.status)
	}
}

func TestProxyingWinsOverForwarding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest": "true"})
	w.run(zipOf(append(base(forwardHost), everything)...))
	if h := w.hear("/api/a?x=1&x=2"); h.URI != "/api/a?x=1&x=2" {
		t.Errorf("got %q, want the query as it was", h.URI)
	}
}

const payloadHost = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`

func TestDefaultPayload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(zipOf(append(base(payloadHost), httpFunction("Payload", open+`,"route":"items/{id}"`))...))
	r := w.get("/api/items/7?x=1&x=2", "X-Custom", "1")
	if r.status != 201 || r.header.Get("X-Kind") != "payload" || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		t.Fatalf("got %d %v %s, want the output's status and headers", r.status, r.header, r.body)
	}
	var got struct {
		Data struct {
			Req struct {
				URL        string `json:"Url"`
				Method     string
				Query      map[string]string
				Headers    map[string][]string
				Params     map[string]string
				Identities []struct{ IsAuthenticated bool }
				Body       *string
			} `json:"req"`
		}
		Metadata map[string]json.RawMessage
	}
	r.json(t, &got)
	req := got.Data.Req
	if req.URL != w.app("/api/items/7?x=1&x=2") || req.Method != "GET" || req.Query["x"] != "1,2" || req.Params["id"] != "7" ||
		!slices.Equal(req.Headers["X-Custom"], []string{"1"}) || len(req.Identities) != 1 || req.Body != nil {
		t.Errorf("got %+v", req)
	}
	if string(got.Metadata["id"]) != `"\"7\""` || !strings.Contains(string(got.Metadata["sys"]), `"MethodName":"Payload"`) {
		t.Errorf("got metadata %s", got.Metadata)
	}
}

func TestDefaultPayloadAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(zipOf(append(base(payloadHost), httpFunction("Payload", open))...))
	for _, tt := range []struct {
		name, answer string
		status       int
		body         string
	}{
		{"object", `{"Outputs":{"res":{"statusCode":418,"body":{"a":1}}}}`, 418, `{"a":1}`},
		{"status as text", `{"outputs":{"res":{"Status":"404","Body":"no"}}}`, 404, "no"},
		{"text", `{"Outputs":{"res":"hello!"}}`, 200, "hello!"},
		{"text that happens to be base64", `{"Outputs":{"res":"aGVsbG8="}}`, 200, "hello"},
		{"text in a body is left alone", `{"Outputs":{"res":{"body":"aGVsbG8="}}}`, 200, "aGVsbG8="},
		{"no output", `{}`, 200, ""},
		{"null output", `{"Outputs":{"res":null}}`, 200, ""},
		{"impossible status", `{"Outputs":{"res":{"statusCode":"many"}}}`, 500, ""},
		{"null", `null`, 500, ""},
		{"no JSON", `oops`, 500, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := w.send("POST", w.app("/api/Payload"), strings.NewReader(tt.answer)); r.status != tt.status || r.body != tt.body {
				t.Errorf("got %d %q, want %d %q", r.status, r.body, tt.status, tt.body)
			}
		})
	}
}

// TestReturnBinding also shows that a function without a plain http output
// never gets the request itself.
func TestReturnBinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(
		entry{"Payload/function.json", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous"}]}`, 0o644},
	))
	if r := w.send("POST", w.app("/api/Payload"), strings.NewReader(`{"Outputs":{"res":"ignored"}}`)); r.status != 200 || r.body != "" {
		t.Errorf("got %d %q, want 200 without a body", r.status, r.body)
	}
	w.run(zipOf(append(base(payloadHost),
		entry{"Payload/function.json", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous"},{"type":"http","direction":"out","name":"$return","dataType":"binary"}]}`, 0o644})...))
	if r := w.send("POST", w.app("/api/Payload"), strings.NewReader(`{"ReturnValue":"aGVsbG8="}`)); r.status != 200 || r.body != "aGVsbG8=" {
		t.Errorf("got %d %q, want the return value as it is: the binding says binary", r.status, r.body)
	}
}

func TestCallsWaitForTheHandler(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	for i := range 5 {
		w.set("ROUND", fmt.Sprint(i))
		if got := w.hear("/api/echo").variable("ROUND"); got != fmt.Sprint(i) {
			t.Errorf("got ROUND=%q, want %d: the call reached the old handler", got, i)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	for name, ask := range map[string]struct{ path, key string }{
		"no key":     {"/admin/host/status", ""},
		"wrong key":  {"/admin/host/status?code=wrong", ""},
		"a host key": {"/Admin/host/status", w.site.HostKeys["default"]},
	} {
		t.Run(name, func(t *testing.T) {
			if r := w.get(ask.path, "x-functions-key", ask.key); r.status != 401 || r.body != "" {
				t.Errorf("got %d %q, want 401", r.status, r.body)
			}
		})
	}
	var status struct{ ID, State, Version, InstanceID string }
	w.get("/admin/host/status?code="+w.site.MasterKey).json(t, &status)
	if status.ID != "orders" || status.State != "Running" || !strings.HasPrefix(status.Version, "4.") || status.InstanceID == "" {
		t.Errorf("got %+v", status)
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			if r := w.send(method, w.app("/admin/host/ping"), nil); r.status != 200 || r.body != "" {
				t.Errorf("got %d %q, want 200 and nothing", r.status, r.body)
			}
		})
	}
}

func TestFaultsForCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	w.weather.Queue("/{function}", route.Fault{Status: 429, Message: "later"})
	if r := w.get("/api/echo"); r.status != 429 {
		t.Errorf("got %d, want the fault", r.status)
	}
	w.hear("/api/echo")
}

func TestRouteTablesNameTheirSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tables := w.service.Routes()
	if len(tables) != 3 {
		t.Errorf("got %d tables, want functions, scm and identity", len(tables))
	}
	for service, routes := range tables {
		for _, r := range routes {
			if r.Doc == "" || r.Checked == "" {
				t.Errorf("%s: route %q names no page or date", service, r.Pattern)
			}
		}
	}
}
