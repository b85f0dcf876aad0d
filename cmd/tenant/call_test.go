package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	callSite = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/orders-client-1"
	callKey  = "the-function-key"
)

// callOutputs are the outputs of a stack with a client that has a function app and
// one that runs elsewhere.
const callOutputs = `{"clientUrls":{"orders-client":"https://127.0.0.1:1/api/ProcessOrders"},"clientSites":{"orders-client":"` + callSite + `"},
	"access":[{"client":"orders-client","identity":"managedIdentity"},{"client":"ci","identity":"existing"}]}`

const callOrders = `{"results":[{"tokenProvider":"azidentity","credential":"userAssigned","status":200,"tokenSource":"cache","error":"","elapsedMs":3,
	"orders":[{"id":"SO-1001","date":"2026-01-08","region":"North","rep":"R-17","item":"Desk lamp","units":24,"unitCost":18.75,"total":450.00}],
	"caller":{"objectId":"a6313cf0-db6c-4563-ac24-f18bab36b6c6","clientId":"cccccccc-0000-4000-8000-000000000001","roles":["Orders.Read"]}}]}`

const callOther = `{"results":[{"tokenProvider":"azidentity","credential":"userAssigned","status":200,"tokenSource":"cache","error":"",
	"answer":{"list":[1],"caller":{"objectId":"o","clientId":"c","roles":["Stock.Read"]}}}]}`

const callRefusal = `{"results":[{"tokenProvider":"azidentity","credential":"userAssigned","status":403,"tokenSource":"cache","error":"the token lacks the app role","orders":null,"caller":null}]}`

// An answer of a service, by method and path.
type callAnswer struct {
	status int
	body   string
}

// A siteDouble answers for the function app and what Resource Manager has about it;
// signing in goes to the sandbox.
type siteDouble struct {
	t       *testing.T
	next    http.RoundTripper
	answers map[string]callAnswer
}

func (d *siteDouble) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, ok := d.answers[req.Method+" "+req.URL.Path]
	if !ok {
		return d.next.RoundTrip(req)
	}
	if key := req.Header.Get("X-Functions-Key"); (key == callKey) != strings.HasPrefix(req.URL.Path, "/api/") || key != "" && req.Header.Get("Authorization") != "" {
		d.t.Errorf("%s: expected the key at the function alone, got %q", req.URL.Path, key)
	}
	return &http.Response{StatusCode: answer.status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(answer.body)), Request: req}, nil
}

func TestCallVerb(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		args    string
		outputs string
		answers map[string]callAnswer // beside the good ones
		code    int
		want    string
	}{
		{name: "orders", args: "orders-client -stack dev", want: "orders-client got 1 orders from the API.\n\n" +
			"  id       date        region  rep   item       units  unitCost  total\n" +
			"  SO-1001  2026-01-08  North   R-17  Desk lamp  24     18.75     450.00\n\n" +
			"azidentity with userAssigned: the API verified a token (cache) with the claims\n" +
			"  oid    a6313cf0-db6c-4563-ac24-f18bab36b6c6  (object id of the service principal)\n" +
			"  azp    cccccccc-0000-4000-8000-000000000001  (client id)\n" +
			"  roles  Orders.Read\n"},
		{name: "the API refuses", args: "orders-client -stack dev", answers: map[string]callAnswer{"GET /api/ProcessOrders": {502, callRefusal}}, code: exitDiffers,
			want: "orders-client got nothing.\n\nazidentity with userAssigned: the API answered 403: the token lacks the app role\ntenant: hint: tenant why orders-client "},
		{name: "another API", args: "orders-client -stack dev", answers: map[string]callAnswer{"GET /api/ProcessOrders": {200, callOther}},
			want: "orders-client got an answer from the API.\n\n  {\n    \"list\": [\n      1\n    ],\n    \"caller\": {\n      \"objectId\": \"o\",\n      \"clientId\": \"c\",\n      \"roles\": [\n        \"Stock.Read\"\n      ]\n    }\n  }\n\n" +
				"azidentity with userAssigned: the API verified a token (cache) with the claims\n  oid    o  (object id of the service principal)\n  azp    c  (client id)\n  roles  Stock.Read\n"},
		{name: "the app is down", args: "orders-client -stack dev", answers: map[string]callAnswer{"GET /api/ProcessOrders": {503, "starting"}}, code: exitFailed,
			want: "tenant: error: call orders-client: expected its results, got status 503\ntenant: hint: "},
		{name: "another program answers", args: "orders-client -stack dev", answers: map[string]callAnswer{"GET /api/ProcessOrders": {200, "{}"}}, code: exitFailed,
			want: "tenant: error: call orders-client: expected its results, got status 200\n"},
		{name: "no right to the key", args: "orders-client -stack dev", answers: map[string]callAnswer{"POST " + callSite + "/functions/ProcessOrders/listkeys": {403, `{"error":{"code":"AuthorizationFailed","message":"no"}}`}}, code: exitFailed,
			want: "tenant: hint: the role Website Contributor on the function app has the action Microsoft.Web/sites/functions/listkeys/action\n"},
		{name: "the function app is gone", args: "orders-client -stack dev", answers: map[string]callAnswer{"GET " + callSite: {404, `{"error":{"code":"ResourceNotFound"}}`}}, code: exitFailed,
			want: "tenant: hint: pulumi refresh --stack dev, and then pulumi up --stack dev"},
		{name: "an address that is not the function app's", args: "orders-client -stack dev", answers: map[string]callAnswer{"GET " + callSite: {200, `{"properties":{"defaultHostName":"elsewhere.azurewebsites.net"}}`}}, code: exitFailed,
			want: `tenant: error: call orders-client: expected an address of its function app (elsewhere.azurewebsites.net), got "127.0.0.1:1"`},
		{name: "an address without TLS", args: "orders-client -stack dev", outputs: strings.Replace(callOutputs, "https:", "http:", 1), code: exitFailed,
			want: `expected an https address in the output "clientUrls", got "http://127.0.0.1:1/api/ProcessOrders"`},
		{name: "an unknown client", args: "orders-clietn -stack dev", code: exitFailed, want: `expected one of the stack's clients orders-client, got "orders-clietn"`},
		{name: "a client that runs elsewhere", args: "ci -stack dev", code: exitFailed, want: `expected a client with a function app of this stack (orders-client), got "ci", whose existing identity runs elsewhere`},
		{name: "not deployed", args: "orders-client -stack dev", outputs: "{}", code: exitFailed, want: "the stack is not deployed\ntenant: hint: pulumi up --stack dev\n"},
		{name: "no such stack", args: "orders-client -stack prod", code: exitFailed, want: "no such stack"},
		{name: "no client", args: "-stack dev", code: exitUsage, want: "expected the name of a client, got nothing"},
		{name: "no stack", args: "orders-client", code: exitUsage, want: "expected -stack or -outputs, got neither"},
		{name: "no time", args: "orders-client -stack dev -watch -every 0s", code: exitUsage, want: `-every: expected a time such as 10s, got "0s"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			h.stack["stack output --json --stack dev"] = callOutputs
			if tt.outputs != "" {
				h.stack["stack output --json --stack dev"] = tt.outputs
			}
			code := h.callCommand(tt.answers).run(t.Context(), verbs, strings.Fields("call "+tt.args))
			printed := h.stdout.String() + h.stderr.String()
			if code != tt.code || !strings.Contains(printed, tt.want) {
				t.Errorf("got exit code %d and:\n%s\nwant %d and %q", code, printed, tt.code, tt.want)
			}
			if strings.Contains(printed, callKey) || strings.Contains(printed, "eyJ") {
				t.Errorf("expected no secret in the output, got:\n%s", printed)
			}
		})
	}
}

// callCommand is the command with a function app that works, but for answers.
func (h *harness) callCommand(answers map[string]callAnswer) command {
	all := map[string]callAnswer{
		"GET " + callSite: {200, `{"properties":{"hostNames":["127.0.0.1:1"]}}`},
		"POST " + callSite + "/functions/ProcessOrders/listkeys": {200, `{"default":"` + callKey + `"}`},
		"GET /api/ProcessOrders":                                 {200, callOrders},
	}
	for path, answer := range answers {
		all[path] = answer
	}
	c := h.command()
	client := h.sandbox.HTTPClient()
	client.Transport = &siteDouble{t: h.t, next: client.Transport, answers: all}
	c.http = client
	return c
}

// TestCallWatches sees a call fail and work again, until it is interrupted.
func TestCallWatches(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	file := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(file, []byte(callOutputs), 0o600); err != nil {
		t.Fatal(err)
	}
	answers := map[string]callAnswer{}
	c := h.callCommand(answers)
	double := c.http.Transport.(*siteDouble)
	c.now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	script := []callAnswer{{502, callRefusal}, {503, ""}, {200, callOrders}}
	var waited []time.Duration
	c.sleep = func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		if len(script) == 0 {
			return errors.New("interrupted")
		}
		double.answers["GET /api/ProcessOrders"], script = script[0], script[1:]
		return nil
	}
	if code := c.run(t.Context(), verbs, []string{"call", "-watch", "-every", "2s", "-outputs", file, "orders-client"}); code != exitSame {
		t.Errorf("got exit code %d and:\n%s", code, &h.stderr)
	}
	const got = "03:04:05  1 orders  as a6313cf0-db6c-4563-ac24-f18bab36b6c6  userAssigned, azidentity (cache)\n"
	want := got + "03:04:05  nothing  userAssigned, azidentity: the API answered 403: the token lacks the app role\n" +
		"03:04:05  call orders-client: expected its results, got status 503\n" + got
	if h.stdout.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", &h.stdout, want)
	}
	if len(waited) != 4 || waited[0] != 2*time.Second {
		t.Errorf("got waits %v, want four of 2s", waited)
	}
}
