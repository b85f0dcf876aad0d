package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAuditPictures: what is undeclared is in both pictures as that, beside the report;
// an audit that fails leaves the pictures that there were.
func TestAuditPictures(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	outputs, drift := h.deployAPI()
	h.stack["stack output --json --stack dev"] = outputs
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	var exports struct{ APIObjectID string }
	if err := json.Unmarshal([]byte(outputs), &exports); err != nil {
		t.Fatal(err)
	}
	keyID := h.addPassword(exports.APIObjectID, "by <b>hand</b>")
	drift()
	folder := t.TempDir()
	page, drawing := filepath.Join(folder, "page.html"), filepath.Join(folder, "drawing.svg")
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	deployer := h.sandbox.Tenants()[0].Deployer
	if code := h.run("audit", "-stack", "dev", "-html", page, "-svg", drawing, "-ci", deployer.ClientID); code != exitDiffers || !strings.Contains(h.stdout.String(), "assignmentNotRequired: ") {
		t.Fatalf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	for _, name := range []string{page, drawing} {
		text := read(name)
		for _, want := range []string{keyID, "by &lt;b&gt;hand", "undeclared", "assignmentNotRequired", "differs from what the stack declares in 2 points",
			"AppRoleAssignment.ReadWrite.All", "can give itself any app role", "Contributor", "/subscriptions/" + h.sandbox.Tenants()[0].SubscriptionID, "a declared owner, made this audit, named"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: expected %q in it, got:\n%s", filepath.Base(name), want, text)
			}
		}
		if strings.Contains(text, h.environ["ARM_CLIENT_SECRET"]) || strings.Contains(text, "eyJ") {
			t.Errorf("%s: expected no secret in it", filepath.Base(name))
		}
	}
	before := read(page)
	for _, args := range []string{"audit -stack dev -html " + page + " -ci 00000000-0000-4000-8000-00000000000f", "audit -stack none -html " + page} {
		if code := h.run(strings.Fields(args)...); code != exitFailed {
			t.Errorf("%s: got exit code %d and:\n%s%s", args, code, &h.stdout, &h.stderr)
		}
	}
	left, err := os.ReadDir(folder)
	if read(page) != before || err != nil || len(left) != 2 {
		t.Errorf("expected the pictures of the audit before and nothing else, got %v", left)
	}
}
