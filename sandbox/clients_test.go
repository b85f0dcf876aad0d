package sandbox_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/sandboxtest"
)

// unservedRow is the result of an operation for which there is no route.
var unservedRow = regexp.MustCompile(`^501: route ([A-Z]+) (/\S+)$`)

// claimedAnd501 returns the rows of a table of clients that got 501 for what
// docs/parity.md claims: a row that names no request, as that of a query
// parameter of a served route, or names one that a route answers.
func claimedAnd501(page string, services map[string][]route.Route) (wrong []string, rows int) {
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		result := strings.TrimSpace(cells[len(cells)-1])
		if len(cells) != 3 || !strings.HasPrefix(result, "501") {
			continue
		}
		rows++
		request := unservedRow.FindStringSubmatch(result)
		if request == nil || served(services, request[1], request[2]) {
			wrong = append(wrong, strings.TrimSpace(line))
		}
	}
	return wrong, rows
}

// served says whether a route of Graph or ARM has this path.
func served(services map[string][]route.Route, method, path string) bool {
	for _, service := range []string{"graph", "arm"} {
		if service == "arm" { // whose routes are in lower case
			path = strings.ToLower(path)
		}
		mux := http.NewServeMux()
		for _, r := range services[service] {
			mux.Handle(r.Pattern, http.NotFoundHandler())
		}
		if _, pattern := mux.Handler(&http.Request{Method: method, URL: &url.URL{Path: path}}); pattern != "" {
			return true
		}
	}
	return false
}

// TestClientsGet501OutsideTheParityTable reads the results of other people's
// clients.
func TestClientsGet501OutsideTheParityTable(t *testing.T) {
	t.Parallel()
	services := sandboxtest.Start(t, sandboxtest.Options{}).Routes()
	page, err := os.ReadFile(filepath.Join("..", "docs", "clients.md"))
	if err != nil {
		t.Fatal(err)
	}
	wrong, rows := claimedAnd501(string(page), services)
	if rows != strings.Count(string(page), "| 501") {
		t.Errorf("read %d of %d rows with 501", rows, strings.Count(string(page), "| 501"))
	}
	for _, row := range wrong {
		t.Errorf("docs/clients.md: expected 501 for requests that docs/parity.md does not list, got %s", row)
	}

	for result, isWrong := range map[string]bool{
		"501: route GET /v1.0/users/{id}": false,
		"501: route POST /subscriptions/{id}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a/listKeys": false,
		"501: route GET /v1.0/applications/{id}":                                                      true,
		"501: route GET /subscriptions/{id}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/it": true,
		`501: query parameter "$orderby"`:                                                             true,
		"501: $filter \"displayName ne 'x'\"":                                                         true,
		"works":                                                                                       false,
	} {
		if wrong, _ := claimedAnd501("| a 1.0 | x | "+result+" |\n", services); (len(wrong) == 1) != isWrong {
			t.Errorf("%s: got %q, want it reported: %v", result, wrong, isWrong)
		}
	}
}
