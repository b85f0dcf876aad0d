package drift_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/tenant"
	"app-to-app/tenant/drift"
	api "app-to-app/tenant/github"
)

const token = "ghs_not-a-token"

// A github keeps the issues of one repository.
type github struct {
	t      *testing.T
	issues []map[string]any // newest first
	calls  []string
}

func (g *github) add(body, kind string, more ...string) map[string]any {
	one := map[string]any{"number": len(g.issues) + 1, "title": "t", "body": body, "state": "open", "user": map[string]any{"type": kind}}
	for _, name := range more {
		one[name] = map[string]any{}
	}
	g.issues = slices.Insert(g.issues, 0, one)
	return one
}

func (g *github) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.calls = append(g.calls, r.Method+" "+r.URL.RequestURI())
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message":"Resource not accessible by integration"}`)
		return
	}
	in := map[string]any{}
	if r.Method != http.MethodGet {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			g.t.Error(err)
		}
	}
	var answer any
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/repos/o/r/issues":
		var page int
		fmt.Sscanf(r.URL.Query().Get("page"), "%d", &page)
		answer = g.issues[min((page-1)*100, len(g.issues)):min(page*100, len(g.issues))]
	case r.Method == http.MethodPost && r.URL.Path == "/repos/o/r/issues":
		one := g.add(in["body"].(string), "Bot")
		one["title"] = in["title"]
		answer = one
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodPatch:
		i := slices.IndexFunc(g.issues, func(i map[string]any) bool { return r.URL.Path == fmt.Sprintf("/repos/o/r/issues/%d", i["number"]) })
		for name, value := range in {
			g.issues[i][name] = value
		}
		answer = g.issues[i]
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		g.t.Error(err)
	}
}

func newGitHub(t *testing.T) (*github, drift.GitHub) {
	g := &github{t: t}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, drift.GitHub{Client: api.Client{API: server.URL, Token: token, HTTPClient: server.Client()}}
}

var now = time.Date(2026, 11, 26, 3, 17, 0, 0, time.UTC)

// facts are of an audit with n differences that can be removed, and one that
// cannot.
func facts(t *testing.T, n int) drift.Facts {
	t.Helper()
	report := map[string]any{"environment": "dev", "differences": []tenant.Difference{}, "notes": []string{}, "lookedAt": "looked at: everything"}
	var all []tenant.Difference
	for i := range n {
		all = append(all, tenant.Difference{Kind: tenant.CredentialUndeclared, Subject: "client a", Found: fmt.Sprintf("key-%d", i), Text: "@everybody", Target: &tenant.Target{Type: tenant.TargetSecret, Holder: "applications/x", ID: "y"}})
	}
	if n > 0 {
		report["differences"] = append(all, tenant.Difference{Kind: tenant.EasyAuthOn, Subject: "<b>@everybody</b>"})
		report["fixDigest"] = "0123"
	}
	encoded, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	f, err := drift.Read(strings.NewReader(string(encoded)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestOneIssueForAStack: it is made when something differs, updated in place,
// closed, and opened again; those of others are left alone.
func TestOneIssueForAStack(t *testing.T) {
	t.Parallel()
	g, to := newGitHub(t)
	put := func(text drift.Text) int {
		t.Helper()
		n, err := to.Put(t.Context(), "o/r", text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := put(drift.Render("dev", facts(t, 0), now, "")); n != 0 || len(g.issues) != 0 {
		t.Errorf("nothing differs: got issue %d of %d, want none", n, len(g.issues))
	}
	n := put(drift.Render("dev", facts(t, 2), now, "https://github.test/o/r/actions/runs/1"))
	mine := g.issues[0]
	for _, want := range []string{"<!-- app-to-app drift of dev -->\n**The tenant differs from what the stack declares, in 3 points.**", "| credentialUndeclared | client a | – | key-0 |", "&lt;b>&#64;everybody",
		"start the workflow `repair` with the environment `dev` and the digest `0123`; a reviewer of `repair-dev` approves it.", "`tenant audit -stack dev -fix -digest 0123`",
		"\nAudited at 2026-11-26T03:17:00Z, in https://github.test/o/r/actions/runs/1.\n"} {
		if !strings.Contains(mine["body"].(string), want) {
			t.Errorf("expected %q in\n%s", want, mine["body"])
		}
	}
	if strings.Contains(mine["body"].(string), "@everybody") || mine["title"] != "Drift of stack dev" {
		t.Errorf("got %q\n%s", mine["title"], mine["body"])
	}
	put(drift.Render("prod", facts(t, 1), now, ""))
	g.add("<!-- app-to-app drift of dev -->\nof somebody who knows the marker", "User")
	g.add("<!-- app-to-app drift of dev -->\na pull request", "Bot", "pull_request")
	for range 150 {
		g.add("talk", "User")
	}
	for _, step := range []struct {
		text  drift.Text
		state string
		want  string
	}{
		{drift.Render("dev", facts(t, 1), now, ""), "open", "in 2 points"},
		{drift.Render("dev", facts(t, 0), now, ""), "closed", "No difference from what the stack declares (looked at: everything)."},
		{drift.Failed("dev", errors.New("no `token` for @you"), now, ""), "open", "**The last audit did not end**, so nobody knows whether the tenant differs: no 'token' for &#64;you\n"},
	} {
		if got := put(step.text); got != n || mine["state"] != step.state || !strings.Contains(mine["body"].(string), step.want) {
			t.Errorf("got issue %d, %s:\n%s\nwant %d, %s, %q", got, mine["state"], mine["body"], n, step.state, step.want)
		}
	}
	if len(g.issues) != 154 {
		t.Errorf("got %d issues, want 154", len(g.issues))
	}
}

func TestRefusedIssues(t *testing.T) {
	t.Parallel()
	g, to := newGitHub(t)
	text := drift.Render("dev", facts(t, 1), now, "")
	if _, err := to.Put(t.Context(), "o/r/../x", text); err == nil || len(g.calls) > 0 {
		t.Errorf("another path: got %v and %q", err, g.calls)
	}
	to.Token = "ghs_other"
	if _, err := to.Put(t.Context(), "o/r", text); err == nil || !strings.Contains(err.Error(), "got 403 Resource not accessible by integration (the job needs issues: write)") || strings.Contains(err.Error(), "ghs_") {
		t.Errorf("without the permission: got %v", err)
	}
	to.Token = ""
	if _, err := to.Put(t.Context(), "o/r", text); err == nil || !strings.Contains(err.Error(), "expected GITHUB_TOKEN, got none") {
		t.Errorf("without a token: got %v", err)
	}
}

// TestRefusedFacts: what is not a whole report must not look like a clean tenant.
func TestRefusedFacts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nothing": "", "an empty object": "{}", "another report": `{"gaps":[]}`, "a report that is cut off": `{"differences":[`, "no list": `{"lookedAt":"x"}`} {
		t.Run(name, func(t *testing.T) {
			if f, err := drift.Read(strings.NewReader(text)); err == nil {
				t.Errorf("got %+v, want an error", f)
			}
		})
	}
}
