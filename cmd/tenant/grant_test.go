package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/components/requests"
)

// An estate is an API of the tenant, and a stack whose one client asks for its
// role.
type estate struct {
	*harness
	apiClientID, apiPrincipal, client string
	folder                            string
}

const estateRole = "11111111-aaaa-4000-8000-000000000001"

func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{harness: newHarness(t), folder: t.TempDir()}
	e.apiClientID, e.apiPrincipal = e.register("orders-api (api)", map[string]any{"appRoles": []map[string]any{
		{"id": estateRole, "value": "Orders.Read", "displayName": "Read", "description": "Read", "isEnabled": true, "allowedMemberTypes": []string{"Application"}},
	}})
	_, e.client = e.register("Partner", nil)
	exported, err := json.Marshal(map[string]any{
		"environment": "dev", "tenantId": e.sandbox.Tenants()[0].ID, "apiName": "orders", "apiClientId": e.apiClientID, "apiServicePrincipalId": e.apiPrincipal,
		"requests": []requests.Request{{Client: "partner", Identity: "existing", PrincipalID: e.client, PrincipalName: "Partner", Roles: []requests.Role{{Value: "Orders.Read", ID: estateRole}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	e.stack["stack output --json --stack team"] = string(exported)
	e.stack["stack output --json --stack made"] = `{"apiClientId":"x"}`
	return e
}

func (e *estate) register(name string, more map[string]any) (clientID, principal string) {
	e.t.Helper()
	session, err := e.command().signIn(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	body := map[string]any{"displayName": name, "signInAudience": "AzureADMyOrg"}
	for key, value := range more {
		body[key] = value
	}
	var app, sp struct{ ID, AppID string }
	if err := session.Graph.Post(e.t.Context(), "/v1.0/applications", body, &app); err != nil {
		e.t.Fatal(err)
	}
	if err := session.Graph.Post(e.t.Context(), "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID}, &sp); err != nil {
		e.t.Fatal(err)
	}
	return app.AppID, sp.ID
}

// held counts the assignments of the API.
func (e *estate) held() int {
	e.t.Helper()
	session, err := e.command().signIn(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	all, err := azurecloud.List[struct{ ID string }](e.t.Context(), session.Graph, "/v1.0/servicePrincipals/"+e.apiPrincipal+"/appRoleAssignedTo")
	if err != nil {
		e.t.Fatal(err)
	}
	return len(all)
}

// file writes a file into the estate's folder.
func (e *estate) file(name, text string) string {
	e.t.Helper()
	path := filepath.Join(e.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
	return path
}

func TestRequestAndGrant(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	if code := e.run("request", "-stack", "team"); code != exitSame {
		t.Fatalf("request: got exit code %d and:\n%s", code, &e.stderr)
	}
	asked := e.stdout.String()
	path := e.file("team.json", asked)
	if code := e.run("request", "-stack", "team", "-md"); code != exitSame || !strings.Contains(e.stdout.String(), asked) || !strings.Contains(e.stdout.String(), "for the client `partner`") {
		t.Errorf("request -md: got exit code %d and:\n%s%s", code, &e.stdout, &e.stderr)
	}
	for _, answer := range []string{"", "y\n", "no\n"} {
		e.stdin = answer
		if code := e.run("grant", path); code != exitFailed || e.held() != 0 || !strings.Contains(e.stderr.String(), "nothing was granted") || !strings.Contains(e.stdout.String(), `client "partner" of stack "team" gets Orders.Read`) {
			t.Errorf("the answer %q: got exit code %d, %d held and:\n%s%s", answer, code, e.held(), &e.stdout, &e.stderr)
		}
	}
	receipt := filepath.Join(e.folder, "team.receipt.json")
	if _, err := os.Stat(receipt); err == nil {
		t.Error("expected no receipt before anything is granted")
	}
	e.stdin = "yes\n"
	if code := e.run("grant", path, "-api", e.apiClientID); code != exitSame || e.held() != 1 || !strings.Contains(e.stdout.String(), "the receipt is in "+receipt) {
		t.Fatalf("grant: got exit code %d, %d held and:\n%s%s", code, e.held(), &e.stdout, &e.stderr)
	}
	first, err := os.ReadFile(receipt)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := requests.ParseReceipt(first); err != nil || len(read.Assignments) != 1 || read.Stack != "team" {
		t.Errorf("got the receipt %+v, %v", read, err)
	}
	e.stdin = "" // nothing is missing, so nobody is asked
	if code := e.run("grant", path); code != exitSame || e.held() != 1 || !strings.Contains(e.stdout.String(), "0 to assign, 1 held already") {
		t.Errorf("again: got exit code %d and:\n%s%s", code, &e.stdout, &e.stderr)
	}
	if again, err := os.ReadFile(receipt); err != nil || string(again) != string(first) {
		t.Errorf("again: got %v and\n%s\nwant the same receipt\n%s", err, again, first)
	}
}

// An answer is a person's, given when something else has happened in the tenant.
type answer struct {
	io.Reader
	before func()
}

func (a *answer) Read(p []byte) (int, error) {
	if a.before != nil {
		a.before()
		a.before = nil
	}
	return a.Reader.Read(p)
}

// TestGrantLooksAgain: nothing is granted if the tenant, when somebody says yes, is not
// what was shown.
func TestGrantLooksAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(ctx context.Context, e *estate, graph *azurecloud.Client) error
		held   int
		want   string
	}{
		{"somebody else assigned it", func(ctx context.Context, e *estate, graph *azurecloud.Client) error {
			return graph.Post(ctx, "/v1.0/servicePrincipals/"+e.apiPrincipal+"/appRoleAssignedTo", map[string]any{"principalId": e.client, "resourceId": e.apiPrincipal, "appRoleId": estateRole}, nil)
		}, 1, "tenant: error: nothing was granted: the tenant has changed since the question; now it is:\nAPI \"orders-api (api)\""},
		{"the API is disabled", func(ctx context.Context, e *estate, graph *azurecloud.Client) error {
			return graph.Patch(ctx, "/v1.0/servicePrincipals/"+e.apiPrincipal, map[string]any{"accountEnabled": false})
		}, 0, "tenant: error: nothing was granted: look again after the answer: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t)
			e.run("request", "-stack", "team")
			path := e.file("team.json", e.stdout.String())
			session, err := e.command().signIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c := e.command()
			c.stdin = &answer{strings.NewReader("yes\n"), func() {
				if err := tt.change(t.Context(), e, session.Graph); err != nil {
					t.Error(err)
				}
			}}
			if code := c.run(t.Context(), verbs, []string{"grant", path}); code != exitFailed || e.held() != tt.held || !strings.Contains(e.stderr.String(), tt.want) {
				t.Errorf("got exit code %d, %d held and:\n%s\nwant %q", code, e.held(), &e.stderr, tt.want)
			}
		})
	}
}

func TestWrongRequestsAndGrants(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	if code := e.run("request", "-stack", "team"); code != exitSame {
		t.Fatal(&e.stderr)
	}
	asked := e.stdout.String()
	good := e.file("good.json", asked)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no stack", []string{"request"}, exitUsage, "expected -stack, got nothing"},
		{"no such stack", []string{"request", "-stack", "none"}, exitFailed, "no such stack"},
		{"a stack that asks for nothing", []string{"request", "-stack", "made"}, exitFailed, "hint: pulumi config set app-to-app:assignments requested --stack made"},
		{"outputs that are none", []string{"request", "-stack", "team", "-outputs", e.file("none.txt", "x")}, exitFailed, "expected the output of pulumi stack output --json"},
		{"no file", []string{"grant"}, exitUsage, "expected a file with requests, got nothing"},
		{"two files", []string{"grant", good, good}, exitUsage, "expected nothing more"},
		{"a file that is not there", []string{"grant", filepath.Join(e.folder, "nowhere.json")}, exitFailed, "no such file"},
		{"a file with more in it", []string{"grant", "-yes", e.file("more.json", strings.Replace(asked, `"project"`, `"owners": [], "project"`, 1))}, exitFailed, `unknown field "owners"`},
		{"another role's id", []string{"grant", "-yes", e.file("role.json", strings.Replace(asked, "11111111-aaaa", "22222222-aaaa", 1))}, exitFailed, "which it does not have"},
		{"another API", []string{"grant", "-yes", "-api", e.client, good}, exitFailed, "expected requests for the API " + e.client},
		{"a receipt that cannot be written", []string{"grant", "-yes", "-receipt", filepath.Join(e.folder, "no", "folder.json"), good}, exitFailed, "hint: everything is granted; run the same command again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code := e.run(tt.args...); code != tt.code || !strings.Contains(e.stderr.String(), tt.want) {
				t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", code, &e.stdout, &e.stderr, tt.code, tt.want)
			}
		})
	}
}

// TestGrantNeedsTheRight: a team without it is refused by the tenant, in one line.
func TestGrantNeedsTheRight(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.run("request", "-stack", "team")
	path := e.file("team.json", e.stdout.String())
	reader, err := e.sandbox.AddDeployer(e.sandbox.Tenants()[0], "reader", []string{"Application.Read.All"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range e.sandbox.Environ(reader) {
		name, value, _ := strings.Cut(pair, "=")
		e.environ[name] = value
	}
	if code := e.run("grant", "-yes", path); code != exitFailed || !strings.Contains(e.stderr.String(), "give Orders.Read to \"Partner\"") || !strings.Contains(e.stderr.String(), "403 Forbidden") {
		t.Errorf("got exit code %d and:\n%s", code, &e.stderr)
	}
}

// asking is a file of requests with one for an app registration.
func (e *estate) asking() string {
	e.t.Helper()
	if code := e.run("request", "-stack", "team"); code != exitSame {
		e.t.Fatal(&e.stderr)
	}
	file, err := requests.Parse(e.stdout.Bytes())
	if err != nil {
		e.t.Fatal(err)
	}
	file.Requests = append(file.Requests, requests.Request{Client: "returns", Identity: "federated", Roles: file.Requests[0].Roles, Registration: &requests.Registration{
		DisplayName: "returns (team)", Issuer: "https://ci.example.test", Subject: "repo:ours/returns:environment:dev", Audience: "api://AzureADTokenExchange"}})
	text, err := file.Encode()
	if err != nil {
		e.t.Fatal(err)
	}
	return string(text)
}

// TestGrantOfARegistration asks before it makes one, and writes it into the receipt.
func TestGrantOfARegistration(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	path := e.file("team.json", e.asking())
	e.stdin = "no\n"
	if code := e.run("grant", path); code != exitFailed || e.held() != 0 || !strings.Contains(e.stderr.String(), "Make or change 1 app registration(s) and assign 2 app role(s) as shown? Type yes to go on: ") ||
		!strings.Contains(e.stdout.String(), `client "returns" of stack "team" gets the app registration "returns (team)"`) {
		t.Errorf("the answer no: got exit code %d, %d held and:\n%s%s", code, e.held(), &e.stdout, &e.stderr)
	}
	e.stdin = "yes\n"
	if code := e.run("grant", path); code != exitSame || e.held() != 2 {
		t.Fatalf("grant: got exit code %d, %d held and:\n%s%s", code, e.held(), &e.stdout, &e.stderr)
	}
	text, err := os.ReadFile(filepath.Join(e.folder, "team.receipt.json"))
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := requests.ParseReceipt(text)
	if made, ok := receipt.Registered("returns"); err != nil || !ok || made.Subject != "repo:ours/returns:environment:dev" || made.ClientID == "" {
		t.Errorf("got the receipt %+v, %v", receipt, err)
	}
	e.stdin = ""
	if code := e.run("grant", path); code != exitSame || !strings.Contains(e.stdout.String(), "0 to register or change, 1 registered already\n0 to assign, 2 held already") {
		t.Errorf("again: got exit code %d and:\n%s%s", code, &e.stdout, &e.stderr)
	}
}

func TestWrongRegistrations(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	asked := e.asking()
	for name, tt := range map[string]struct{ old, new, want string }{
		"a secret":             {`"issuer"`, `"passwordCredentials": [], "issuer"`, `unknown field "passwordCredentials"`},
		"any subject":          {"environment:dev", "environment:*", "requests[1].registration.subject: expected an exact text of at most 600 bytes, without *"},
		"another credential":   {`"federated"`, `"certificate"`, "because any other credential would have to be handed over"},
		"a role of the tenant": {`"client": "returns"`, `"role": "Global Administrator", "client": "returns"`, `unknown field "role"`},
		"a namesake":           {"returns (team)", "Partner", `expected no other app registration named "Partner", got one that somebody else made`},
		"an owner by name":     {`"issuer"`, `"owners": ["me"], "issuer"`, "requests[1].registration.owners[0]: expected a GUID"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(asked, tt.old, tt.new, 1)
			if code := e.run("grant", "-yes", e.file("wrong.json", changed)); changed == asked || code != exitFailed || e.held() != 0 || !strings.Contains(e.stderr.String(), tt.want) {
				t.Errorf("got exit code %d, %d held and:\n%s%s\nwant %q", code, e.held(), &e.stdout, &e.stderr, tt.want)
			}
		})
	}
}
