package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestWhyVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	outputs, _ := h.deployAPI()
	deployer := h.sandbox.Tenants()[0].Deployer
	// The deployer itself is an existing identity of the tenant, without a role.
	outputs = strings.Replace(outputs, `"access":[]`, `"access":[{"client":"ci","identity":"existing","clientId":"`+deployer.ClientID+`","objectId":"`+deployer.ObjectID+`","roles":["Orders.Read"]}]`, 1)
	h.stack["stack output --json --stack dev"] = outputs
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	if code := h.run("why", "ci", "-stack", "dev"); code != exitDiffers || !strings.Contains(h.stdout.String(), "the client's service principal "+deployer.ObjectID+" does not hold the app role \"Orders.Read\"") {
		t.Errorf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	var report struct {
		Causes []struct{ Check, Symptom string }
	}
	if code := h.run("why", "-stack", "dev", "-json", "ci"); code != exitDiffers || json.Unmarshal(h.stdout.Bytes(), &report) != nil ||
		len(report.Causes) == 0 || report.Causes[0].Check != "assignment" || !strings.HasPrefix(report.Causes[0].Symptom, "AADSTS501051") {
		t.Errorf("-json: got exit code %d and:\n%s", code, &h.stdout)
	}
	if !strings.Contains(h.stdout.String(), `"happened": {`) || !strings.Contains(h.stdout.String(), "lacks the permission AuditLog.Read.All") {
		t.Errorf("-json: got no account of the logs:\n%s", &h.stdout)
	}
	const id = "0a1b2c3d-0000-4000-8000-000000000001"
	for _, tt := range []struct {
		name, args string
		code       int
		want       string // on standard error
	}{
		{"an id and a client", "ci -id " + id + " -stack dev", exitUsage, "expected -id or the name of a client, got both"},
		{"an id that is none", "-id 4711 -stack dev", exitUsage, `-id: expected the id that the client's error printed`},
		{"an id, and no stack named", "-id " + id, exitUsage, "expected -stack or -outputs, got neither"},
		{"no client named", "-stack dev", exitUsage, "expected the name of a client, got nothing"},
		{"two clients", "ci other -stack dev", exitUsage, `expected nothing more, got "other"`},
		{"no stack named", "ci", exitUsage, "expected -stack or -outputs, got neither"},
		{"unknown client", "other -stack dev", exitFailed, `expected one of the stack's clients ci, got "other"`},
		{"no such stack", "ci -stack prod", exitFailed, "no such stack"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code := h.run(strings.Fields("why " + tt.args)...); code != tt.code || h.stdout.Len() > 0 || !strings.Contains(h.stderr.String(), tt.want) {
				t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", code, &h.stdout, &h.stderr, tt.code, tt.want)
			}
		})
	}
}

// TestWhyByID takes the id that a refused client's error printed: without a licence,
// without the permission, and twice in a row.
func TestWhyByID(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.deployIdle("AuditLog.Read.All", "Application.Read.All")
	tenant := h.sandbox.Tenants()[0]
	refused, err := h.sandbox.HTTPClient().PostForm(h.sandbox.BaseURL+"/"+tenant.ID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {tenant.Deployer.ClientID}, "client_secret": {"wrong"}, "scope": {h.sandbox.GraphURL + "/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	defer refused.Body.Close()
	var body struct {
		CorrelationID string `json:"correlation_id"`
	}
	if err := json.NewDecoder(refused.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	why := func(code int, on *bytes.Buffer, want string, more ...string) {
		t.Helper()
		if got := h.run(append([]string{"why", "-id", body.CorrelationID, "-stack", "dev"}, more...)...); got != code || !strings.Contains(on.String(), want) {
			t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", got, &h.stdout, &h.stderr, code, want)
		}
	}
	for range 2 {
		why(exitDiffers, &h.stdout, "AADSTS7000215: the client secret is wrong")
	}
	why(exitDiffers, &h.stdout, `"code": "AADSTS7000215"`, "-json")
	h.run("why", "ci", "-stack", "dev")
	if !strings.Contains(h.stdout.String(), "got no token for Microsoft Graph: AADSTS7000215") {
		t.Errorf("why CLIENT: got\n%s", &h.stdout)
	}
	if err := h.sandbox.SetPremium(tenant, false); err != nil {
		t.Fatal(err)
	}
	why(exitFailed, &h.stdout, "no licence of Microsoft Entra ID P1 or P2")
	why(exitFailed, &h.stderr, "no log that could be read has this id\ntenant: hint: wait a few minutes")
	if err := h.sandbox.SetPremium(tenant, true); err != nil {
		t.Fatal(err)
	}
	h.environ["ARM_CLIENT_ID"], h.environ["ARM_CLIENT_SECRET"] = tenant.Deployer.ClientID, tenant.Deployer.Secret
	why(exitFailed, &h.stdout, "lacks the permission AuditLog.Read.All of Microsoft Graph; fix: az ad app permission add --id "+tenant.Deployer.ClientID)
}
