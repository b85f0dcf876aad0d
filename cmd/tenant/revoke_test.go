package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"app-to-app/azurecloud"
)

const revokeAPI = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/orders-api-1"

// An apiDouble is the API's function app at Resource Manager: its app settings, and
// what a client gets while they are so.
type apiDouble struct {
	*siteDouble
	settings map[string]string
}

func (d *apiDouble) RoundTrip(req *http.Request) (*http.Response, error) {
	answer := func(v any) (*http.Response, error) {
		body, err := json.Marshal(v)
		return &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: io.NopCloser(bytes.NewReader(body)), Request: req}, err
	}
	switch req.Method + " " + req.URL.Path {
	case "POST " + revokeAPI + "/config/appsettings/list":
		return answer(map[string]any{"properties": d.settings})
	case "PUT " + revokeAPI + "/config/appsettings":
		var body struct{ Properties map[string]string }
		if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
			return nil, err
		}
		d.settings = body.Properties
		d.answers["GET /api/ProcessOrders"] = callAnswer{502, callRefusal}
		return answer(map[string]any{"properties": d.settings})
	}
	return d.siteDouble.RoundTrip(req)
}

// TestRevokeVerb: what the verb adds to package revoke: the question, the call as
// the client, and the settings to change.
func TestRevokeVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	outputs, _ := h.deployAPI()
	objectID, clientID, applicationID := h.newClient(outputs)
	outputs = strings.Replace(outputs, `"access":[]`, `"apiSiteId":"`+revokeAPI+`","clientUrls":{"orders-client":"https://127.0.0.1:1/api/ProcessOrders"},"clientSites":{"orders-client":"`+callSite+`"},
		"access":[{"client":"orders-client","identity":"clientSecret","clientId":"`+clientID+`","objectId":"`+objectID+`","applicationObjectId":"`+applicationID+`","roles":["Orders.Read"]}]`, 1)
	h.stack["stack output --json --stack dev"] = outputs
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	h.stack["config --json --stack dev"] = configJSON(t, "dev", nil)
	h.stack["stack output --json --stack unreadable"] = outputs
	h.stack["stack export --stack unreadable"] = h.stack["stack export --stack dev"]
	c := h.callCommand(map[string]callAnswer{})
	double := &apiDouble{c.http.Transport.(*siteDouble), map[string]string{"ORDERS_ROLE": "Orders.Read", "KEPT": "the-kept-value"}}
	c.http.Transport = double
	const step = "1. block it at the API: ORDERS_BLOCKED_CALLERS of " + revokeAPI
	permanent := "\nto make it permanent, or the next update gives the access back:\n" +
		"  pulumi config set --path 'app-to-app:blockedCallers[0]' " + objectID + " --stack dev\n" +
		"  pulumi config rm --path 'app-to-app:clients[0]' --stack dev\n" +
		"  pulumi up --refresh --stack dev\n"
	for _, tt := range []struct {
		name, args, stdin string
		code              int
		want              []string // in the output
	}{
		{"no client named", "-stack dev", "", exitUsage, []string{"expected the name of a client, got nothing"}},
		{"no stack named", "orders-client", "", exitUsage, []string{"expected -stack or -outputs, got neither"}},
		{"an unknown client", "orders-clietn -stack dev", "", exitFailed, []string{`expected one of the stack's clients orders-client, got "orders-clietn"`}},
		{"a dry run", "orders-client -stack dev -dry-run", "", exitSame, []string{step, "   app role assignment ", "   client secret \"first\" (", "nothing was changed: -dry-run\n" + permanent}},
		{"nobody to ask", "orders-client -stack dev", "", exitFailed, []string{step, `expected "orders-client", got "": nothing was changed`, "tenant: hint: pass -yes"}},
		{"another name typed", "orders-client -stack dev", "orders-api\n", exitFailed, []string{`expected "orders-client", got "orders-api": nothing was changed`}},
		{"settings that cannot be read", "orders-client -stack unreadable -dry-run", "", exitFailed, []string{"what to set so that the next update does not undo it: "}},
		{"agreed", "orders-client -stack dev", "orders-client\n", exitSame, []string{
			"blocked at the API: ORDERS_BLOCKED_CALLERS names " + objectID, "a call of the client was refused ", "after the command began: azidentity: the API answered 403",
			"removed: app role assignment ", "removed: client secret ", "cut off: ", "the last token that it can have dies by ",
			"when the API last accepted a token of it is not known: the API's log is not available: there is no function app " + revokeAPI, permanent}},
		{"again", "orders-client -stack dev", "", exitSame, []string{"1. the API blocks it already\n2. nothing to remove in the tenant\n", "the API blocks it already\n", "cut off: "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.stdout.Reset()
			h.stderr.Reset()
			c.stdin = strings.NewReader(tt.stdin)
			code := c.run(t.Context(), verbs, strings.Fields("revoke "+tt.args))
			printed := h.stdout.String() + h.stderr.String()
			for _, want := range tt.want {
				if !strings.Contains(printed, want) {
					t.Errorf("expected %q", want)
				}
			}
			if code != tt.code || t.Failed() {
				t.Errorf("got exit code %d, want %d, and:\n%s", code, tt.code, printed)
			}
			if strings.Contains(printed, "the-kept-value") || strings.Contains(printed, callKey) || strings.Contains(printed, "eyJ") {
				t.Errorf("expected no value of an app setting, no key and no token, got:\n%s", printed)
			}
			if blocked := double.settings["ORDERS_BLOCKED_CALLERS"] != ""; blocked != slices.Contains([]string{"agreed", "again"}, tt.name) {
				t.Errorf("got the API's app settings %v", slices.Sorted(maps.Keys(double.settings)))
			}
		})
	}
	if double.settings["KEPT"] != "the-kept-value" || double.settings["ORDERS_BLOCKED_CALLERS"] != objectID {
		t.Errorf("got %q", double.settings)
	}
}

// newClient makes an app registration with a secret that holds the API's role.
func (h *harness) newClient(outputs string) (objectID, clientID, applicationID string) {
	h.t.Helper()
	var exports struct{ APIClientID string }
	if err := json.Unmarshal([]byte(outputs), &exports); err != nil {
		h.t.Fatal(err)
	}
	session, err := azurecloud.SignIn(h.t.Context(), azurecloud.Options{Getenv: func(name string) string { return h.environ[name] }, HTTP: h.sandbox.HTTPClient()})
	if err != nil {
		h.t.Fatal(err)
	}
	var app, sp struct{ ID, AppID string }
	apis, err := azurecloud.List[struct{ ID string }](h.t.Context(), session.Graph, "/v1.0/servicePrincipals?$filter="+url.QueryEscape("appId eq '"+exports.APIClientID+"'"))
	if err == nil {
		err = session.Graph.Post(h.t.Context(), "/v1.0/applications", map[string]any{"displayName": "orders-client"}, &app)
	}
	if err == nil {
		err = session.Graph.Post(h.t.Context(), "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID}, &sp)
	}
	if err == nil {
		err = session.Graph.Post(h.t.Context(), "/v1.0/servicePrincipals/"+apis[0].ID+"/appRoleAssignedTo", map[string]any{"principalId": sp.ID, "resourceId": apis[0].ID, "appRoleId": roleID}, nil)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.addPassword(app.ID, "first")
	return sp.ID, app.AppID, app.ID
}

func TestPermanentSettings(t *testing.T) {
	t.Parallel()
	const id, other = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
	for _, tt := range []struct {
		name             string
		blocked, clients string
		want             []string
		wantErr          string
	}{
		{"one of two clients", "", `[{"name":"a"},{"name":"b"}]`, []string{
			"pulumi config set --path 'app-to-app:blockedCallers[0]' " + id, "pulumi config rm --path 'app-to-app:clients[1]'"}, ""},
		{"after others that are blocked", `["` + other + `"]`, `[{"name":"b"},{"name":"a"}]`, []string{
			"pulumi config set --path 'app-to-app:blockedCallers[1]' " + id, "pulumi config rm --path 'app-to-app:clients[0]'"}, ""},
		{"blocked already", `["` + strings.ToUpper(id) + `"]`, `[{"name":"b"},{"name":"a"}]`, []string{"pulumi config rm --path 'app-to-app:clients[0]'"}, ""},
		{"the only client", "null", `[{"name":"b"}]`, []string{
			"pulumi config set --path 'app-to-app:blockedCallers[0]' " + id, "pulumi config set app-to-app:clients '[]'", "pulumi config set app-to-app:withoutClients true"}, ""},
		{"no longer in the settings", `["` + id + `"]`, `[{"name":"a"}]`, nil, ""},
		{"the client of a stack without a list", "", "", []string{
			"pulumi config set --path 'app-to-app:blockedCallers[0]' " + id, "pulumi config set app-to-app:clients '[]'", "pulumi config set app-to-app:withoutClients true"}, ""},
		{"a setting that is no list", `x`, `[]`, nil, "read the setting app-to-app:blockedCallers: expected a list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := permanent(map[string]string{"app-to-app:blockedCallers": tt.blocked, "app-to-app:clients": tt.clients}, "b", "b", []string{id})
			if !slices.Equal(got, tt.want) || (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("got %q, %v; want %q, %q", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestAnswersOfARevokedClient(t *testing.T) {
	t.Parallel()
	ok := callResult{TokenProvider: "msal", Status: 200, Caller: &callCaller{}}
	blocked := callResult{TokenProvider: "azidentity", Status: 403, Error: "caller"}
	for _, tt := range []struct {
		name    string
		results []callResult
		refused bool
		text    string
	}{
		{"refused by all", []callResult{blocked, blocked}, true, "azidentity: the API answered 403; azidentity: the API answered 403"},
		{"admitted by one", []callResult{blocked, ok}, false, "azidentity: the API answered 403; msal: it got the orders"},
		{"no token any more", []callResult{{TokenProvider: "adal", Error: "AADSTS7000215: Invalid client secret provided."}}, true, "adal: Entra gives it no token"},
		{"Entra in trouble", []callResult{{TokenProvider: "adal", Error: "AADSTS90033: A transient error has occurred. Please try again."}}, false, "adal: the API answered 0"},
		{"no answer", []callResult{{TokenProvider: "adal", Error: "connection refused"}}, false, "adal: the API answered 0"},
		{"an API in trouble", []callResult{{TokenProvider: "adal", Status: 503}}, false, "adal: the API answered 503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := answerOf(tt.results); got.Refused != tt.refused || got.Text != tt.text {
				t.Errorf("got %+v, want %v, %q", got, tt.refused, tt.text)
			}
		})
	}
}
