// Package contract compares what the sandbox's services answer with Microsoft's
// published types: an unknown member, a value of another type, a missing member
// that may not be missing.
//
// The tables *.txt are types by name, with their members and kinds. They are
// derived by derive.mjs, and are facts about names and kinds alone. A member
// with an exclamation mark is always there and never null; any other may be
// absent or null. Where Microsoft's services differ from the published types,
// an exception says why. The routes' types are in answers.go; a route without
// one fails TestEveryRouteHasAContract.
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
	if !Covers(a.Service) {
		return nil
	}
	if a.Status >= http.StatusBadRequest {
		return checkBody(a, a.Service+"Error")
	}
	kind, ok := Of(a.Service, a.Route)
	if !ok {
		return []string{"no type known; fix: add the route to sandbox/contract/answers.go"}
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
	c := &checker{tables: tablesOf(a.Route), graph: a.Service == "graph",
		untyped: strings.Contains(a.Header.Get("Content-Type"), "metadata=none")}
	if selected := a.Query.Get("$select"); selected != "" {
		c.selected = strings.Split(selected, ",")
	}
	c.value("the body", kind, body, true)
	slices.Sort(c.found)
	return c.found
}

// tablesOf returns the files whose types a route's answers have.
func tablesOf(pattern string) []string {
	if strings.Contains(pattern, " /beta/") {
		return []string{"graphbeta", "shared"}
	}
	return []string{"graph", "shared"}
}
