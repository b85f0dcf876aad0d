package graph_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzQuery sends any filter, and any other query, to the lists. The answer is a
// list, a refusal, or one that says it is not emulated, never a failure; and
// parentheses around all of a filter change no answer.
func FuzzQuery(f *testing.F) {
	w := newWorld(f)
	w.newApplication(map[string]any{"displayName": "it's"})
	for _, filter := range []string{
		"displayName eq 'it''s'", "startswith(displayName,'o') and appId eq 'x'", "(displayName eq 'a' or displayName eq 'b')",
		"identifierUris/any(u:u eq 'api://x')", "tags/any(t: t eq 'x')", "'", "((((", "displayName eq 'a' and", "not (displayName eq 'a')",
		"displayName eq 'a' or startswith(appId,'b') and (id eq 'c')", "( ( ( displayName eq 'o''r' ) ) )", "or and or", "startswith(appId,'0') or tags/any(x:x eq 'y')",
		"accountEnabled eq true or accountEnabled eq false", "appOwnerOrganizationId eq 11111111-1111-4111-8111-111111111111", "displayName eq null", "id eq 'a')(",
	} {
		f.Add(filter, "$top", "1")
	}
	f.Add("displayName eq 'a' or displayName eq 'b'", "$count", "true")
	f.Add("", "$skiptoken", "AAAA")
	f.Add("", "$select", "id,,displayName")
	f.Add("", "$select", "")
	f.Add("", "$expand", "owners($select=id)")
	f.Fuzz(func(t *testing.T, filter, name, value string) {
		asked := *w
		asked.t = t // the fuzz target itself may not be used in here
		for _, path := range []string{"/v1.0/applications", "/v1.0/servicePrincipals", "/beta/applications"} {
			query := url.Values{"$filter": {filter}}
			query.Add(name, value)
			got := asked.send("deployer", http.MethodGet, path+"?"+query.Encode(), nil)
			switch got.status {
			case http.StatusOK:
				query.Set("$filter", "("+filter+")")
				inside := asked.send("deployer", http.MethodGet, path+"?"+query.Encode(), nil)
				tooDeep := strings.Count(filter, "(") >= 32
				if filter != "" && name != "$filter" && !tooDeep && fmt.Sprint(inside.body["value"]) != fmt.Sprint(got.body["value"]) {
					t.Fatalf("%s with filter %q and %q=%q: got %s, and in parentheses %s", path, filter, name, value, got.text, inside.text)
				}
			case http.StatusBadRequest, http.StatusNotImplemented:
			default:
				t.Fatalf("%s with filter %q and %q=%q: got %d %s", path, filter, name, value, got.status, got.text)
			}
		}
	})
}
