package functions_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest/attacks"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/tenant/evidence"
	"app-to-app/tenant/tenanttest"
)

// This file asks, after refusals of the deployed API and of Entra, for their causes
// by the ids that callers know, from logs alone.

// auditor signs in as somebody who may read logs and nothing else.
func (c *cloud) auditor(t *testing.T) evidence.Reader {
	t.Helper()
	in, err := c.sandbox.AddDeployer(c.tenant, "auditor", []string{"AuditLog.Read.All"}, []string{"Reader"})
	if err != nil {
		t.Fatal(err)
	}
	return evidence.Reader{Session: tenanttest.SignIn(t, c.sandbox, in, nil), SiteID: c.api.id, APIClientID: c.registration.clientID, Now: c.sandbox.Store().Now()}
}

// keepLogs sends what the API prints to a workspace, as the program does.
func (c *cloud) keepLogs(t *testing.T) {
	t.Helper()
	workspace := c.group + "/providers/Microsoft.OperationalInsights/workspaces/logs"
	c.do(t, "PUT", workspace+"?api-version=2022-10-01", object{"location": "westeurope", "properties": object{"sku": object{"name": "PerGB2018"}}}, nil)
	c.do(t, "PUT", c.api.id+"/providers/Microsoft.Insights/diagnosticSettings/logs?api-version=2021-05-01-preview", object{"properties": object{
		"workspaceId": workspace, "logs": []object{{"category": "FunctionAppLogs", "enabled": true}}}}, nil)
}

// TestCauseOfEachAttack sends every refused row of the verifier's corpus to the
// deployed API with an id of its own, and expects the row's reason under that id. Of
// lines that the API leaves out, the log has the ids when its handler stops.
func TestCauseOfEachAttack(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	c.keepLogs(t)
	world, logs := c.world(t), c.auditor(t)
	type sent struct {
		row    attacks.Row
		id     string
		status int
	}
	var all []sent
	for i, row := range attacks.Read(t, "internal/verify/testdata/attacks.json") {
		if row.Unsendable { // a server in front of the API refuses it, which has no log
			continue
		}
		id := fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012d", i)
		request, _ := world.Request(t, row)
		request.Header.Set("x-ms-client-request-id", id)
		connection, err := tls.Dial("tcp", c.api.host, &tls.Config{RootCAs: c.sandbox.Roots()})
		if err != nil {
			t.Fatal(err)
		}
		response := attacks.Send(t, connection, request)
		if got := response.Header.Get("x-ms-client-request-id"); got != id || response.Header.Get("x-ms-request-id") == "" {
			t.Errorf("%s: got the ids %q and %q in the answer", row.Name, got, response.Header.Get("x-ms-request-id"))
		}
		all = append(all, sent{row, id, response.StatusCode})
		if len(all)%100 == 0 { // no reason has more than a hundred ids a minute
			c.stopAPI(t)
			c.do(t, "POST", c.api.id+"/start"+webVersion, nil, nil)
		}
	}
	c.stopAPI(t)
	refused, seen := 0, map[string]bool{}
	for _, s := range all {
		report, err := logs.Trace(t.Context(), s.id)
		if err != nil {
			t.Fatal(err)
		}
		want := reasonOf(s.row.Want)
		if s.row.UnknownKey && s.status == http.StatusServiceUnavailable {
			want = verify.ErrKeysUnavailable.Error()
		}
		switch {
		case s.row.Want == "":
			if len(report.Causes) > 0 || !report.Found() {
				t.Errorf("%s: got\n%s\nwant one admitted call", s.row.Name, report)
			}
		case len(report.Causes) != 1 || report.Causes[0].Code != want:
			t.Errorf("%s: got\n%s\nwant the reason %q alone", s.row.Name, report, want)
		default:
			refused++
			seen[want] = true
		}
	}
	if refused < 60 || len(seen) < 8 {
		t.Errorf("got %d refusals with %d reasons explained, want at least 60 and 8", refused, len(seen))
	}
	var leaks sandboxtest.Leaks
	leaks.Issued(t, c.sandbox)
	leaks.Look(t, "the API's log", c.logs(c.api))
}

// printedID is the id in an error of a client.
var printedID = regexp.MustCompile(`(?:request id|Correlation ID:) ([0-9a-f-]{36})`)

// TestCauseByTheIDOfAClientsError: the deployed client is refused, by Entra with each
// token library and then by the API, and what its error prints leads to the cause.
func TestCauseByTheIDOfAClientsError(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	c.keepLogs(t)
	logs := c.auditor(t)
	registered := c.register(t, "client")
	secret := c.addSecret(t, registered)
	const libraries = "azidentity,msal,adal"
	use := func(secret string) {
		c.changeSettings(t, &c.client, c.clientSettings("ORDERS_CLIENT_ID", registered.clientID, "ORDERS_CLIENT_SECRET", secret, "ORDERS_TOKEN_PROVIDERS", libraries))
	}
	for _, tt := range []struct {
		name  string
		wrong func()
		code  string
		tells string // of the token that the API refused
	}{
		{"wrong secret", func() { use("wrong") }, "AADSTS7000215", ""},
		{"not assigned", func() { use(secret) }, "AADSTS501051", ""},
		{"blocked", func() {
			c.assign(t, registered.objectID)
			c.changeSettings(t, &c.api, c.apiSettings("ORDERS_BLOCKED_CALLERS", registered.clientID))
		}, "caller not admitted", "got a token for"},
		{"identity not assigned", func() {
			c.changeSettings(t, &c.client, c.clientSettings("ORDERS_MANAGED_IDENTITY_CLIENT_ID", c.identities[0].clientID))
		}, "AADSTS501051", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.wrong()
			status, answer := c.process(t)
			if status != http.StatusBadGateway || len(answer.Results) == 0 {
				t.Fatalf("got %d %+v, want each library refused", status, answer)
			}
			for _, result := range answer.Results {
				found := printedID.FindStringSubmatch(result.Error)
				if found == nil {
					t.Errorf("%s: got the error %q, without an id", result.TokenProvider, result.Error)
					continue
				}
				report, err := logs.Trace(t.Context(), found[1])
				if err != nil {
					t.Fatal(err)
				}
				if len(report.Causes) != 1 || report.Causes[0].Code != tt.code || !strings.Contains(report.String(), tt.tells) {
					t.Errorf("%s: %s: got\n%s\nwant the cause %q and %q", result.TokenProvider, result.Error, report, tt.code, tt.tells)
				}
			}
		})
	}
}

// stopAPI stops the API's handler, which writes what it left out of its log.
func (c *cloud) stopAPI(t *testing.T) {
	t.Helper()
	const stopped = "handler stopped"
	before := strings.Count(c.logs(c.api), stopped)
	c.do(t, "POST", c.api.id+"/stop"+webVersion, nil, nil)
	for deadline := time.Now().Add(time.Minute); strings.Count(c.logs(c.api), stopped) == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("expected the API's handler to stop")
		}
	}
}

// sentinels are the verifier's reasons, by the names that rows have.
var sentinels = map[string]error{
	"ErrNoToken": verify.ErrNoToken, "ErrInvalidRequest": verify.ErrInvalidRequest, "ErrMalformed": verify.ErrMalformed, "ErrSignature": verify.ErrSignature,
	"ErrIssuer": verify.ErrIssuer, "ErrAudience": verify.ErrAudience, "ErrTenant": verify.ErrTenant, "ErrExpired": verify.ErrExpired, "ErrNotYetValid": verify.ErrNotYetValid,
	"ErrBound": verify.ErrBound, "ErrNotAppOnly": verify.ErrNotAppOnly, "ErrAppRole": verify.ErrAppRole, "ErrCaller": verify.ErrCaller, "ErrKeysUnavailable": verify.ErrKeysUnavailable,
}

func reasonOf(name string) string {
	if err := sentinels[name]; err != nil {
		return err.Error()
	}
	return "no sentinel " + name
}

// TestEveryReasonHasACause: what the API can log, the command can explain.
func TestEveryReasonHasACause(t *testing.T) {
	t.Parallel()
	for name, err := range sentinels {
		if cause, ok := evidence.APICause(err.Error()); !ok || cause.Text == "" || cause.Next == "" {
			t.Errorf("%s: got no cause for %q", name, err)
		}
	}
}
