package evidence_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/route"
	"app-to-app/tenant/evidence"
)

// trace asks for an id as the auditor.
func (w *world) trace(id string) evidence.TraceReport {
	w.Helper()
	report, err := w.reader(w.auditor).Trace(w.Context(), id)
	w.must(err)
	return report
}

// TestEveryRefusalOfEntraHasACause: what the sandbox can refuse with, the command can
// explain.
func TestEveryRefusalOfEntraHasACause(t *testing.T) {
	t.Parallel()
	numbers := entra.Numbers()
	if len(numbers) < 30 {
		t.Fatalf("got %d refusals, want at least 30", len(numbers))
	}
	for _, number := range numbers {
		if cause, ok := evidence.TokenCause(number); !ok || cause.Text == "" || cause.Next == "" {
			t.Errorf("AADSTS%d: got no cause", number)
		}
	}
	if _, ok := evidence.TokenCause(1); ok {
		t.Error("got a cause of a number that does not exist")
	}
}

// TestCauseOfRefusedTokens asks Entra for tokens that it refuses, and then for the
// causes, by the correlation id and by the id of the request.
func TestCauseOfRefusedTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secretClient("secret", "Orders.Read")
	w.secretClient("unassigned")
	w.federatedClient("federated", "Orders.Read")
	set := func(name, value string) func(url.Values) { return func(form url.Values) { form.Set(name, value) } }
	for _, tt := range []struct {
		name, client string
		wrong        func()
		edit         func(url.Values)
		code         string
	}{
		{name: "wrong secret", client: "secret", edit: set("client_secret", "wrong"), code: "AADSTS7000215"},
		{name: "no credential", client: "secret", edit: func(form url.Values) { form.Del("client_secret") }, code: "AADSTS7000216"},
		{name: "unknown client", client: "secret", edit: set("client_id", id(1)), code: "AADSTS700016"},
		{name: "unknown API", client: "secret", edit: set("scope", "api://nothing/.default"), code: "AADSTS500011"},
		{name: "scope without /.default", client: "secret", edit: set("scope", "api://nothing/Orders.Read"), code: "AADSTS1002012"},
		{name: "no scope", client: "secret", edit: func(form url.Values) { form.Del("scope") }, code: "AADSTS900144"},
		{name: "not assigned", client: "unassigned", code: "AADSTS501051"},
		{name: "not a JWT", client: "federated", edit: set("client_assertion", "a.b"), code: "AADSTS50027"},
		{name: "trust in another subject", client: "federated", wrong: func() {
			c := w.clients["federated"]
			w.must(w.deployer.Graph.Patch(t.Context(), "/v1.0/applications/"+c.ObjectID+"/federatedIdentityCredentials/"+c.federated, object{"subject": "another"}))
		}, code: "AADSTS700213"},
		{name: "client disabled", client: "secret", wrong: func() {
			w.must(w.deployer.Graph.Patch(t.Context(), "/v1.0/servicePrincipals/"+w.clients["secret"].PrincipalID, object{"accountEnabled": false}))
		}, code: "AADSTS7000112"},
		{name: "secret expired", client: "unassigned", wrong: func() { w.advance(800 * aDay) }, code: "AADSTS7000222"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.wrong != nil {
				tt.wrong()
			}
			got := w.ask(tt.client, tt.edit)
			if got.Status == http.StatusOK {
				t.Fatal("got a token")
			}
			for what, id := range map[string]string{"correlation id": strings.ToUpper(got.CorrelationID), "request id": got.TraceID} {
				report := w.trace(id)
				if len(report.Causes) != 1 || report.Causes[0].Code != tt.code || len(report.Events) != 1 || !strings.Contains(report.String(), tt.code+": ") {
					t.Errorf("%s: got\n%s\nwant the cause %s alone", what, report, tt.code)
				}
			}
		})
	}
}

// TestTraceJoinsTheTokenByItsID: the sign-in of the token that the API refused.
func TestTraceJoinsTheTokenByItsID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.identityClient("identity", "Orders.Read")
	old := w.token("identity")
	w.advance(20 * time.Hour)
	refused := func(n int, more object) {
		line := object{"msg": "caller refused", "decision": "refused", "role": "Orders.Export", "status": 403, "cause": "missing app role",
			"reason": `missing app role: claim roles: expected "Orders.Export" among ["Orders.Read"]`, "caller": w.caller("identity", old, "Orders.Read"), "invocationId": id(100 + n), "clientRequestId": id(n)}
		for name, value := range more {
			line[name] = value
		}
		w.prints(line)
	}
	refused(1, nil)
	refused(2, object{"caller": w.caller("identity", strings.ToLower(old), "Orders.Read")}) // another token: case matters
	w.prints(object{"msg": "lines left out", "kind": "caller refused: wrong audience", "count": 2, "ids": []string{id(3), id(4)}})
	w.prints(object{"msg": "lines left out", "kind": "request none 404", "count": 2, "ids": []string{id(5)}})
	w.prints(object{"msg": "orders given", "decision": "admitted", "role": "Orders.Read", "caller": w.caller("identity", old, "Orders.Read"), "clientRequestId": id(6)})
	refused(6, nil)
	w.sandbox.Logs().Printed(w.siteID, "Error", "no JSON, but "+id(7))
	for _, tt := range []struct {
		name string
		id   string
		code string // "" for none
		want []string
	}{
		{name: "by the client's id", id: id(1), code: "missing app role", want: []string{
			"the token lacks the app role that the operation needs (claim roles: expected", "identity (client id " + w.clients["identity"].ClientID,
			"got a token for orders-api, with managed identity; the token was 20h0m0s old when the API saw it", "refused client id " + w.clients["identity"].ClientID + ", object id " + w.clients["identity"].PrincipalID + ", roles [Orders.Read] with 403"}},
		{name: "by the API's id", id: id(101), code: "missing app role", want: []string{"20h0m0s old"}},
		{name: "of a token whose sign-in is not in the log", id: id(2), code: "missing app role", want: []string{"the API refused client id"}},
		{name: "of a line that was left out", id: strings.ToUpper(id(3)), code: "wrong audience", want: []string{"the log has no more than the id", "the token is for another API"}},
		{name: "of something else that was left out", id: id(5), want: []string{"no log that could be read has the id"}},
		{name: "used by two callers", id: id(6), code: "missing app role", want: []string{"the API admitted", "the API refused"}},
		{name: "in a line that is not the API's own", id: id(7), want: []string{"no log that could be read has the id"}},
		{name: "of nothing", id: id(99), want: []string{"it may be too new"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report := w.trace(tt.id)
			for _, want := range tt.want {
				if !strings.Contains(report.String(), want) {
					t.Errorf("got\n%s\nwant %q in it", report, want)
				}
			}
			if tt.code == "" && len(report.Causes) > 0 || tt.code != "" && (len(report.Causes) != 1 || report.Causes[0].Code != tt.code) {
				t.Errorf("got causes %+v, want %q", report.Causes, tt.code)
			}
		})
	}
	if report := w.trace(id(2)); strings.Contains(report.String(), "old when the API saw it") {
		t.Errorf("got the sign-in of another token:\n%s", report)
	}
}

// TestTraceWithGaps: without the licence, the permission or the API's log, each is
// named, and the rest is still read; and logs are late.
func TestTraceWithGaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secretClient("secret", "Orders.Read")
	got := w.ask("secret", func(form url.Values) { form.Set("client_secret", "wrong") })
	w.prints(object{"msg": "caller refused", "decision": "refused", "cause": "no access token", "reason": "no access token: expected one", "clientRequestId": id(1)})
	if _, err := w.reader(w.auditor).Trace(t.Context(), "1' or '1' eq '1"); err == nil || !strings.Contains(err.Error(), "a GUID after") {
		t.Errorf("got %v for what is no id", err)
	}

	denied := w.reader(w.signIn("Application.Read.All"))
	report, err := denied.Trace(t.Context(), id(1))
	w.must(err)
	if len(report.Causes) != 1 || report.Causes[0].Code != "no access token" {
		t.Errorf("without the permission: got\n%s", report)
	}
	w.gap(report.Gaps, "AuditLog.Read.All", "az ad app permission add")

	in, err := w.sandbox.AddDeployer(w.tenant, "no reader", []string{"AuditLog.Read.All"}, nil)
	w.must(err)
	report, err = w.reader(signInAs(w, in)).Trace(t.Context(), got.CorrelationID)
	w.must(err)
	if len(report.Causes) != 1 || report.Causes[0].Code != "AADSTS7000215" {
		t.Errorf("without the right to the API's log: got\n%s", report)
	}
	w.gap(report.Gaps, "may not read the logs", "az role assignment create --role \"Monitoring Reader\"")

	gone := w.reader(w.auditor)
	gone.SiteID += "-gone"
	report, err = gone.Trace(t.Context(), id(1))
	w.must(err)
	w.gap(report.Gaps, "there is no function app", "")

	w.sandbox.Weather().SetLag(route.Lag{SignInLog: time.Hour, FunctionLog: time.Hour})
	if report := w.trace(got.CorrelationID); report.Found() || len(report.Gaps) > 0 || !strings.Contains(report.String(), "logs are minutes late") {
		t.Errorf("at once: got\n%s", report)
	}
	w.advance(time.Hour)
	if report := w.trace(got.CorrelationID); len(report.Causes) != 1 {
		t.Errorf("an hour later: got\n%s", report)
	}

	w.must(w.sandbox.SetPremium(w.tenant, false))
	for range 2 {
		report = w.trace(id(1))
		if len(report.Causes) != 1 {
			t.Errorf("without the licence: got\n%s", report)
		}
		w.gap(report.Gaps, "no licence of Microsoft Entra ID P1 or P2", "")
	}
	var decoded struct{ Causes []struct{ Code string } }
	encoded, err := report.JSON()
	w.must(err)
	if err := json.Unmarshal(encoded, &decoded); err != nil || len(decoded.Causes) != 1 {
		t.Errorf("got %s %v", encoded, err)
	}
}

// TestHappened: the newest requests of a client, joined by the token, and not those
// of another.
func TestHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secretClient("ours", "Orders.Read")
	w.secretClient("other", "Orders.Read")
	happened := func() evidence.HappenedReport {
		t.Helper()
		report, err := w.reader(w.auditor).Happened(t.Context(), evidence.Client{Name: "ours", ObjectID: w.clients["ours"].PrincipalID}, 7)
		w.must(err)
		return report
	}
	if report := happened(); len(report.Events) > 0 || !strings.Contains(report.String(), "have nothing about it") {
		t.Errorf("before anything: got\n%s", report)
	}
	w.calls("other", "Orders.Read")
	for range 7 {
		w.calls("ours", "Orders.Read")
		w.advance(time.Minute)
	}
	report := happened()
	if len(report.Events) != 10 || len(report.Causes) > 0 || strings.Contains(report.String(), w.clients["other"].PrincipalID) || strings.Count(report.String(), "its token was issued at") != 5 {
		t.Errorf("got\n%s\nwant the five newest of each log, joined", report)
	}
	w.prints(object{"msg": "caller refused", "decision": "refused", "status": 403, "cause": "caller not admitted", "reason": "caller not admitted: blocked", "caller": w.caller("ours", "x")})
	if report := happened(); len(report.Causes) != 1 || report.Causes[0].Code != "caller not admitted" {
		t.Errorf("blocked: got\n%s", report)
	}
	w.advance(time.Minute)
	w.ask("ours", func(form url.Values) { form.Set("client_secret", "wrong") })
	if report := happened(); len(report.Causes) != 1 || report.Causes[0].Code != "AADSTS7000215" {
		t.Errorf("and then a wrong secret: got\n%s", report)
	}
	w.advance(8 * aDay)
	if report := happened(); len(report.Events) > 0 {
		t.Errorf("eight days later: got\n%s", report)
	}
	if _, err := w.reader(w.auditor).Happened(t.Context(), evidence.Client{Name: "x", ObjectID: "x' or"}, 7); err == nil {
		t.Error("got no error for what is no object id")
	}
}

// TestLastAccepted: the newest line of any of the callers, and nobody else's; not
// the refusals.
func TestLastAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secretClient("ours", "Orders.Read")
	w.secretClient("other", "Orders.Read")
	ids := []string{"00000000-0000-0000-0000-000000000001", strings.ToUpper(w.clients["ours"].PrincipalID)}
	last := func() (time.Time, *evidence.Gap) {
		t.Helper()
		at, gap, err := w.reader(w.auditor).LastAccepted(t.Context(), ids, 7)
		w.must(err)
		return at, gap
	}
	if at, gap := last(); !at.IsZero() || gap != nil {
		t.Errorf("before anything: got %s, %v", at, gap)
	}
	w.calls("ours", "Orders.Read")
	first, _ := last()
	w.advance(time.Minute)
	w.calls("ours", "Orders.Read")
	second, gap := last()
	if first.IsZero() || second.Sub(first).Round(time.Second) != time.Minute || gap != nil {
		t.Errorf("got %s and then %s, %v, want the newest call", first, second, gap)
	}
	w.advance(time.Minute)
	w.calls("other", "Orders.Read")
	w.prints(object{"msg": "caller refused", "decision": "refused", "status": 403, "cause": "caller not admitted", "reason": "x", "caller": w.caller("ours", "x")})
	if at, _ := last(); !at.Equal(second) {
		t.Errorf("got %s after another's call and a refusal, want %s still", at, second)
	}
}
