// Package contract compares what the sandbox's services answer with Microsoft's
// published types: an unknown member, a value of another type, a missing member
// that may not be missing.
//
// The tables *.txt are types by name, with their members and kinds. They are
// derived by derive.mjs, and are facts about names and kinds alone. A member
// with an exclamation mark is always there and never null; any other may be
// absent or null. Where Microsoft's services differ from the published types,
// an exception says why. The routes' types are in answers.go (Graph) and
// armanswers.go (Azure Resource Manager, Key Vault); a route without one fails
// TestEveryRouteHasAContract.
//
// ARM's tables are of the newest api-version that has a client; what an older one
// did not have yet is not noticed.
//
// It does not look at Entra's token answers, blob storage, or what function
// apps answer: there are no published types of these.
//
// For tests alone.
package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/route"
)

// Check returns how an answer differs from the contract of its route. Services
// without a contract have none.
func Check(a route.Answer) []string {
	if !Covers(a.Service) || a.Method == http.MethodHead {
		return nil
	}
	if a.Status >= http.StatusBadRequest {
		return checkBody(a, problems[a.Service])
	}
	kind, ok := Of(a.Service, a.Route)
	if !ok && a.Route != "" {
		return []string{"no type known; fix: add the route to sandbox/contract/answers.go"}
	}
	if older := olderMetadata[a.Query.Get("api-version")]; older != "" && kind == "shared/endpoints" {
		kind = older
	}
	if kind == none || len(a.Body) == 0 && (a.Status == http.StatusAccepted || a.Status == http.StatusNoContent) {
		if len(a.Body) > 0 {
			return []string{fmt.Sprintf("expected no body, got %d bytes", len(a.Body))}
		}
		return nil
	}
	return checkBody(a, kind)
}

// checkBody compares a body with a kind.
func checkBody(a route.Answer, kind string) []string {
	media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	if kind == count {
		if media != "text/plain" {
			return []string{fmt.Sprintf("expected content type text/plain, got %q", media)}
		}
		kind = "int"
	} else if media != "application/json" {
		return []string{fmt.Sprintf("expected content type application/json, got %q", media)}
	}
	var body any
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return []string{"expected JSON: " + err.Error()}
	}
	kind, bare := strings.CutPrefix(kind, "bare ")
	tables, kind := tablesOf(a.Route, kind)
	c := &checker{tables: tables, graph: a.Service == "graph",
		untyped: strings.Contains(a.Header.Get("Content-Type"), "metadata=none")}
	if selected := a.Query.Get("$select"); selected != "" {
		c.selected = strings.Split(selected, ",")
	}
	c.value("the body", kind, body, !bare)
	slices.Sort(c.found)
	return c.found
}

// tablesOf returns the files whose types an answer has, and its kind without
// the file that it names.
func tablesOf(pattern, kind string) ([]string, string) {
	if file, inner, ok := strings.Cut(kind, "/"); ok {
		list := strings.HasPrefix(file, "[")
		if list {
			inner = "[" + inner
		}
		return []string{strings.TrimPrefix(file, "["), "shared"}, inner
	}
	if strings.Contains(pattern, " /beta/") {
		return []string{"graphbeta", "shared"}, kind
	}
	return []string{"graph", "shared"}, kind
}
