package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const emptyPreview = `{"steps":[{"op":"same","urn":"urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev","oldState":{},"newState":{}}]}`

// strangerPreview gives an app role to a principal that the stack does not know.
const strangerPreview = `{"steps":[{"op":"same","urn":"urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev","newState":{}},{"op":"create","urn":"urn:pulumi:dev::p::azuread:index/appRoleAssignment:AppRoleAssignment::stranger",
		"newState":{"parent":"urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev","inputs":{"appRoleId":"11111111-2222-3333-4444-555555555555","principalObjectId":"11111111-2222-3333-4444-555555555556","resourceObjectId":"11111111-2222-3333-4444-555555555557"}}}]}`

func TestDiffVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.stack["preview --json --show-sames --stack dev"] = emptyPreview
	const comment = "<!-- app-to-app tenant diff: dev -->\n`dev`: nothing changes.\n"
	if code := h.run("diff", "-stack", "dev"); code != exitSame || h.stdout.String() != comment {
		t.Errorf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	h.stdin = emptyPreview
	if code := h.run("diff", "-stack", "dev", "-preview", "-"); code != exitSame || h.stdout.String() != comment {
		t.Errorf("standard input: got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	if code := h.run("diff", "-stack", "dev", "-preview", filepath.Join(t.TempDir(), "none")); code != exitFailed {
		t.Errorf("no file: got exit code %d", code)
	}
	if code := h.run("diff", "-stack", "prod"); code != exitFailed || !strings.Contains(h.stderr.String(), "no such stack") {
		t.Errorf("no stack: got exit code %d and:\n%s", code, &h.stderr)
	}
	for _, tt := range []struct{ name, args, want string }{
		{"no stack named", "", "expected -stack, got nothing"},
		{"pull request without a number", "-stack dev -comment o/r", "expected a pull request as OWNER/REPO#N"},
		{"two sources", "-stack dev -preview x -from y", "expected -from without -preview, -names and -facts"},
		{"facts of facts", "-stack dev -from y -facts", "expected -from without -preview, -names and -facts"},
		{"facts as a comment", "-stack dev -facts -comment o/r#7", "expected one of -facts and -comment"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code := h.run(strings.Fields("diff " + tt.args)...); code != exitUsage || !strings.Contains(h.stderr.String(), tt.want) {
				t.Errorf("got exit code %d and:\n%s\nwant %d and %q", code, &h.stderr, exitUsage, tt.want)
			}
		})
	}
}

func TestDiffVerbComments(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(rw, "[]")
			return
		}
		var in struct{ Body string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+"\n"+in.Body)
	}))
	t.Cleanup(server.Close)
	h.environ["GITHUB_API_URL"], h.environ["GITHUB_TOKEN"] = server.URL, "ghs_x"
	// One job prints the facts, another one classifies and comments.
	h.stdin = emptyPreview
	if code := h.run("diff", "-stack", "dev", "-preview", "-", "-facts"); code != exitSame {
		t.Fatalf("got exit code %d and:\n%s", code, &h.stderr)
	}
	facts := h.stdout.String()
	h.stdin = facts
	if code := h.run("diff", "-stack", "dev", "-from", "-", "-comment", "o/r#7"); code != exitSame {
		t.Fatalf("got exit code %d and:\n%s", code, &h.stderr)
	}
	const posted = "POST /repos/o/r/issues/7/comments Bearer ghs_x\n<!-- app-to-app tenant diff: "
	if want := posted + "dev -->\n`dev`: nothing changes.\n"; len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// Facts of another stack, or text instead of facts: the comment says so, so
	// that no older one stands.
	for _, stdin := range []string{facts, "<!-- app-to-app tenant diff: test -->\nNobody's access changes.\n"} {
		got, h.stdin = nil, stdin
		if code := h.run("diff", "-stack", "test", "-from", "-", "-comment", "o/r#7"); code != exitFailed {
			t.Errorf("got exit code %d, want %d", code, exitFailed)
		}
		if len(got) != 1 || !strings.HasPrefix(got[0], posted+"test -->\n") || strings.Contains(got[0], "\nNobody's access changes") {
			t.Errorf("got %q, want a comment without a report", got)
		}
	}
	h.environ["GITHUB_TOKEN"], h.stdin = "", facts
	if code := h.run("diff", "-stack", "dev", "-from", "-", "-comment", "o/r#7"); code != exitFailed || !strings.Contains(h.stderr.String(), "tenant: hint: GITHUB_TOKEN") {
		t.Errorf("without a token: got exit code %d and:\n%s", code, &h.stderr)
	}
}

// TestDiffVerbReplacesAnOlderComment: GitHub refuses the report, and has the one on
// an older preview.
func TestDiffVerbReplacesAnOlderComment(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	const marker = "<!-- app-to-app tenant diff: dev -->\n"
	standing := marker + "Nobody's access changes.\n"
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_ = json.NewEncoder(rw).Encode([]any{map[string]any{"id": 1, "body": standing, "user": map[string]string{"type": "Bot"}}})
			return
		}
		var in struct{ Body string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		if len(in.Body) > 400 {
			rw.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(rw, `{"message":"body is too long"}`)
			return
		}
		standing = in.Body
	}))
	t.Cleanup(server.Close)
	h.environ["GITHUB_API_URL"], h.environ["GITHUB_TOKEN"] = server.URL, "ghs_x"
	h.stdin = strangerPreview
	if code := h.run("diff", "-stack", "dev", "-preview", "-", "-comment", "o/r#7"); code != exitFailed || !strings.Contains(h.stderr.String(), "422 body is too long") {
		t.Errorf("got exit code %d and:\n%s", code, &h.stderr)
	}
	if !strings.HasPrefix(standing, marker) || !strings.Contains(standing, "**Not known**") || strings.Contains(standing, "Nobody's access changes") {
		t.Errorf("got the comment:\n%s", standing)
	}
}

// TestDiffVerbWithoutNames cannot sign in, and still says what changes.
func TestDiffVerbWithoutNames(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.stdin = strangerPreview
	h.environ["ARM_TENANT_ID"] = ""
	code := h.run("diff", "-stack", "dev", "-preview", "-", "-names")
	if code != exitSame || !strings.Contains(h.stdout.String(), "object id `11111111-2222-3333-4444-555555555556`, not looked up, **gains**") || !strings.Contains(h.stderr.String(), "tenant: warning: look up the names of principals: ") {
		t.Errorf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
}

func TestDiagnosticsOfAFailedPreview(t *testing.T) {
	t.Parallel()
	out := `{"steps":[],"diagnostics":[{"message":"warning","severity":"warning"},{"message":"error: settings\n","severity":"error"}]}`
	if got := diagnostics([]byte(out)); got != "\nerror: settings" {
		t.Errorf("got %q", got)
	}
	if got := diagnostics([]byte("no JSON")); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestIDTokenVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	const outside = "outside-token"
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer of-the-job" || r.URL.Query().Get("audience") != "api://AzureADTokenExchange" {
			rw.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(rw, `{"value":"`+outside+`"}`)
	}))
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "idtoken")
	if code := h.run("idtoken", path); code != exitFailed || !strings.Contains(h.stderr.String(), "id-token: write") {
		t.Errorf("outside of a workflow: got exit code %d and:\n%s", code, &h.stderr)
	}
	h.environ["ACTIONS_ID_TOKEN_REQUEST_URL"], h.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = server.URL+"/?v=1", "of-the-job"
	if err := os.WriteFile(path, []byte("an older one, longer than the new"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code := h.run("idtoken", path); code != exitSame || h.stdout.Len()+h.stderr.Len() > 0 {
		t.Fatalf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != outside {
		t.Errorf("got %q, %v", got, err)
	}
	// Another verb writes a new one before each command of Pulumi.
	h.environ["AZURE_FEDERATED_TOKEN_FILE"] = path
	var seen []string
	run := h.command().freshly(func(context.Context, ...string) ([]byte, error) {
		token, err := os.ReadFile(path)
		seen = append(seen, string(token))
		return nil, err
	})
	for range 2 {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := run(t.Context(), "stack", "ls"); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 2 || seen[1] != outside {
		t.Errorf("got %q, want the token each time", seen)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v; want a file for its owner", info, err)
	}
}
