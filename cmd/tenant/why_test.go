package main

import (
	"encoding/json"
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
	for _, tt := range []struct {
		name, args string
		code       int
		want       string // on standard error
	}{
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
