package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDriftVerb takes the facts of a real audit to an issue.
func TestDriftVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	outputs, _ := h.deployAPI()
	h.stack["stack output --json --stack dev"] = outputs
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	var issues []map[string]any
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		if r.Method != http.MethodGet {
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				t.Error(err)
			}
		}
		var answer any = issues
		switch {
		case r.Header.Get("Authorization") != "Bearer not-a-token":
			w.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodPost:
			issues = append(issues, map[string]any{"number": 1, "body": in["body"], "state": "open", "user": map[string]any{"type": "Bot"}})
			answer = issues[0]
		case r.Method == http.MethodPatch:
			issues[0]["body"], issues[0]["state"] = in["body"], in["state"]
			answer = issues[0]
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(github.Close)
	h.environ["GITHUB_API_URL"], h.environ["GITHUB_TOKEN"] = github.URL, "not-a-token"
	h.environ["GITHUB_SERVER_URL"], h.environ["GITHUB_REPOSITORY"], h.environ["GITHUB_RUN_ID"] = "https://github.test", "o/r", "42"
	file := filepath.Join(t.TempDir(), "audit.json")
	audit := func() (digest string) {
		t.Helper()
		h.run("audit", "-stack", "dev", "-json")
		if err := os.WriteFile(file, h.stdout.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		var facts struct{ FixDigest string }
		if err := json.Unmarshal(h.stdout.Bytes(), &facts); err != nil {
			t.Fatal(err)
		}
		return facts.FixDigest
	}
	row := func(name, args string, code int, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			if got := h.run(strings.Fields("drift " + args)...); got != code || !strings.Contains(h.stdout.String()+h.stderr.String(), want) {
				t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", got, &h.stdout, &h.stderr, code, want)
			}
		})
	}
	row("nothing given", "", exitUsage, "expected -stack and -from")
	row("no facts", "-stack dev -from "+file, exitFailed, "**The last audit did not end**, so nobody knows whether the tenant differs: expected the facts of an audit, got none")
	audit()
	row("nothing differs, and no issue", "-stack dev -issue o/r -from "+file, exitSame, "No difference from what the stack declares (looked at: the app registrations, ")
	if len(issues) > 0 {
		t.Errorf("got issues %v, want none", issues)
	}
	var exports struct{ APIObjectID string }
	if err := json.Unmarshal([]byte(outputs), &exports); err != nil {
		t.Fatal(err)
	}
	h.addPassword(exports.APIObjectID, "by hand")
	digest := audit()
	row("an issue", "-stack dev -issue o/r -from "+file, exitDiffers, "`tenant audit -stack dev -fix -digest "+digest+"`")
	row("only shown", "-stack dev -from "+file, exitDiffers, "in https://github.test/o/r/actions/runs/42.\n")
	if len(issues) != 1 || !strings.Contains(issues[0]["body"].(string), digest) || digest == "" {
		t.Errorf("got issues %v, want one with %q", issues, digest)
	}
	if code := h.run("audit", "-stack", "dev", "-fix", "-yes", "-digest", digest); code != exitSame {
		t.Errorf("the digest of the issue: got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	audit()
	row("closed", "-stack dev -issue o/r -from "+file, exitSame, "No difference")
	if issues[0]["state"] != "closed" {
		t.Errorf("got issue %v, want it closed", issues[0])
	}
	row("no audit", "-stack dev -issue o/r -from "+file+".none", exitFailed, "tenant: error: expected the facts of an audit, got none")
	if issues[0]["state"] != "open" || !strings.Contains(issues[0]["body"].(string), "**The last audit did not end**") {
		t.Errorf("got issue %v, want it open and to say that the audit did not end", issues[0])
	}
	row("another repository", "-stack dev -issue o -from "+file, exitFailed, `expected a repository as OWNER/REPO, got "o"`)
	h.environ["GITHUB_TOKEN"] = "other"
	row("no permission", "-stack dev -issue o/r -from "+file, exitFailed, "the job needs issues: write")
}
