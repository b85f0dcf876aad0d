package diff_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"app-to-app/tenant/diff"
	api "app-to-app/tenant/github"
)

const token = "ghs_not-a-token"

// A github keeps the comments of one pull request.
type github struct {
	t        *testing.T
	comments []map[string]any
	calls    []string
}

func (g *github) add(body, kind string) {
	g.comments = append(g.comments, map[string]any{"id": len(g.comments) + 1, "body": body, "user": map[string]any{"type": kind}})
}

func (g *github) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.calls = append(g.calls, r.Method+" "+r.URL.RequestURI())
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"message":"Bad credentials"}`)
		return
	}
	var in struct{ Body string }
	if r.Method != http.MethodGet {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			g.t.Error(err)
		}
	}
	switch r.Method {
	case http.MethodGet:
		var page int
		fmt.Sscanf(r.URL.Query().Get("page"), "%d", &page)
		from, to := min((page-1)*100, len(g.comments)), min(page*100, len(g.comments))
		if err := json.NewEncoder(w).Encode(g.comments[from:to]); err != nil {
			g.t.Error(err)
		}
	case http.MethodPost:
		g.add(in.Body, "Bot")
		w.WriteHeader(http.StatusCreated)
	case http.MethodPatch:
		var id int
		fmt.Sscanf(r.URL.Path, "/repos/o/r/issues/comments/%d", &id)
		g.comments[id-1]["body"] = in.Body
	}
}

func newGitHub(t *testing.T) (*github, diff.GitHub) {
	g := &github{t: t}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, diff.GitHub{Client: api.Client{API: server.URL, Token: token, HTTPClient: server.Client()}}
}

func put(t *testing.T, to diff.GitHub, stack, text string) {
	t.Helper()
	if err := to.Put(t.Context(), "o/r", 7, stack, diff.Marker(stack)+"\n"+text); err != nil {
		t.Fatal(err)
	}
}

func TestCommentIsUpdatedInPlace(t *testing.T) {
	t.Parallel()
	g, to := newGitHub(t)
	g.add(diff.Marker("dev")+"\nof somebody who knows the marker", "User")
	for range 150 {
		g.add("talk", "User")
	}
	put(t, to, "dev", "one")
	put(t, to, "test", "other stack")
	put(t, to, "dev", "two")
	put(t, to, "dev", "two")
	if got := len(g.comments); got != 153 {
		t.Fatalf("expected one comment for each stack, got %d more than there were", got-151)
	}
	for i, want := range map[int]string{0: "of somebody who knows the marker", 151: "two", 152: "other stack"} {
		if got := g.comments[i]["body"].(string); !strings.HasSuffix(got, "\n"+want) {
			t.Errorf("comment %d: got %q, want %q", i, got, want)
		}
	}
	patches := 0
	for _, call := range g.calls {
		if strings.HasPrefix(call, http.MethodPatch) {
			patches++
		}
	}
	if patches != 1 {
		t.Errorf("expected one update, the last one changing nothing, got %d", patches)
	}
}

func TestCommentRefuses(t *testing.T) {
	t.Parallel()
	_, to := newGitHub(t)
	if err := to.Put(t.Context(), "o/r", 7, "dev", "no marker"); err == nil || !strings.Contains(err.Error(), "marker") {
		t.Errorf("got %v, want a text without a marker refused", err)
	}
	if err := to.Put(t.Context(), "o/r", 7, "dev", diff.Marker("test")+"\n"); err == nil {
		t.Error("expected the marker of another stack to be refused")
	}
	wrong := to
	wrong.Token = "ghs_wrong"
	err := wrong.Put(t.Context(), "o/r", 7, "dev", diff.Marker("dev")+"\n")
	if err == nil || !strings.Contains(err.Error(), "401 Bad credentials") || strings.Contains(err.Error(), wrong.Token) {
		t.Errorf("got %v, want GitHub's answer and no token", err)
	}
	to.Token = ""
	if err := to.Put(t.Context(), "o/r", 7, "dev", diff.Marker("dev")+"\n"); err == nil || !strings.Contains(err.Error(), "GITHUB_TOKEN") {
		t.Errorf("got %v, want the variable named", err)
	}
}

func TestParsePullRequest(t *testing.T) {
	t.Parallel()
	if repository, number, err := diff.ParsePullRequest("o.x/r-1#42"); err != nil || repository != "o.x/r-1" || number != 42 {
		t.Errorf("got %q, %d, %v", repository, number, err)
	}
	for name, text := range map[string]string{
		"nothing":               "",
		"no number":             "o/r",
		"empty number":          "o/r#",
		"number zero":           "o/r#0",
		"negative number":       "o/r#-1",
		"no owner":              "o#1",
		"three parts":           "o/r/s#1",
		"text after the number": "o/r#1x",
		"query in the name":     "o/r?x#1",
		"number too large":      "o/r#99999999999999999999",
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := diff.ParsePullRequest(text); err == nil {
				t.Errorf("expected %q to be refused", text)
			}
		})
	}
}
