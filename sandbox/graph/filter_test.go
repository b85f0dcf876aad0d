package graph_test

import (
	"slices"
	"strings"
	"testing"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, client := w.newApplication(map[string]any{"displayName": "O'Hara and sons"})
	sp := w.newServicePrincipal(client)
	for _, test := range []struct {
		name, path, filter, want string
	}{
		{"client id", "/v1.0/applications", "appId eq '" + client + "'", id},
		{"client id in another case", "/v1.0/applications", "appId eq '" + strings.ToUpper(client) + "'", id},
		{"quote and the word and in a value", "/beta/applications", "displayName eq 'O''Hara and sons'", id},
		{"two terms", "/beta/applications", "displayName eq 'o''hara and sons' and appId eq '" + client + "'", id},
		{"two terms of which one does not match", "/v1.0/applications", "displayName eq 'O''Hara' and appId eq '" + client + "'", ""},
		{"service principal by client id", "/v1.0/servicePrincipals", "appId eq '" + client + "'", sp},
		{"any", "/v1.0/servicePrincipals", "servicePrincipalNames/any(c:c eq 'https://graph.microsoft.com')", graphPrincipal},
		{"type", "/v1.0/servicePrincipals", "servicePrincipalType eq 'ManagedIdentity'", ordersIdentity},
		{"display name", "/v1.0/servicePrincipals", "displayName eq 'orders-client'", ordersIdentity},
		{"flag", "/v1.0/servicePrincipals", "accountEnabled eq true and id eq '" + sp + "'", sp},
		{"flag that is not so", "/v1.0/servicePrincipals", "accountEnabled eq false and id eq '" + sp + "'", ""},
		{"GUID in another case", "/v1.0/servicePrincipals", "appOwnerOrganizationId eq " + strings.ToUpper(contoso) + " and id eq '" + sp + "'", sp},
		{"GUID of others", "/v1.0/servicePrincipals", "appOwnerOrganizationId eq " + zero + " and id eq '" + sp + "'", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := w.get(filtered(test.path, test.filter)).values()
			if test.want == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || got[0]["id"] != test.want {
				t.Errorf("got %d objects, want %q", len(got), test.want)
			}
		})
	}
}

// TestFilterPrecedence asks for the world's callers; {NAME} is the condition
// that one of them meets.
func TestFilterPrecedence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	named := strings.NewReplacer(
		"{owner}", "displayName eq 'owner'", "{reader}", "displayName eq 'reader'", "{r}", "startswith(displayName, 'R')",
		"{none}", "displayName eq 'or'", "{caller}", "appOwnerOrganizationId eq "+contoso,
	)
	for _, tt := range []struct {
		filter string
		want   []string // in order of their names
	}{
		{"{owner} or {reader}", []string{"owner", "reader"}},
		{"{owner} or {reader} and {none}", []string{"owner"}},
		{"{none} and {owner} or {reader}", []string{"reader"}},
		{"{none} and ({owner} or {reader})", nil},
		{"({owner} or {none}) and ({none} or {caller})", []string{"owner"}},
		{"({owner} or {r}) or appId eq 'x' or id eq 'y'", []string{"owner", "reader"}},
		{"( ( {r} ) )", []string{"reader"}},
		{"{none} or {none}", nil},
	} {
		t.Run(tt.filter, func(t *testing.T) {
			var got []string
			for _, sp := range w.get(filtered("/v1.0/servicePrincipals", named.Replace(tt.filter))).values() {
				got = append(got, sp["displayName"].(string))
			}
			slices.Sort(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFiltersThatAreNotKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, filter := range []string{
		"displayName", "displayName eq", "displayName eq x", "displayName eq 'x' and", "displayName eq 'x' or", "or displayName eq 'x'",
		"displayName eq 'x' displayName eq 'y'", "displayName eq'x'", "displayName eq 'x'or displayName eq 'y'", "displayName ne 'x'",
		"displayName in ('x')", "not displayName eq 'x'", "not (displayName eq 'x')", "(displayName eq 'x'", "displayName eq 'x')", "()",
		"displayName EQ 'x'", "displayName eq 'x' OR displayName eq 'y'", "startswith(displayName)", "startswith(displayName,x)",
		"startswith(notes,'x')", "endswith(displayName,'x')", "startswith(displayName,'x') eq true", "displayName eq 'x", "displayName eq \"x\"",
		"identifierUris/any(x:y eq 'a')", "identifierUris/any((:( eq 'a')", "identifierUris/all(x:x eq 'a')", "identifierUris/any()",
		"identifierUris/$count eq 0", "web/homePageUrl eq 'x'",
		"displayName eq true", "displayName eq null", "id eq " + zero, "identifierUris eq 'x'", "displayName/any(x:x eq 'a')", // not of the type
		"startswith(appId,'x')", "startswith(signInAudience,'x')", "startswith(identifierUris,'x')", // where Graph does not take it
		strings.Repeat("(", 33) + "displayName eq 'x'" + strings.Repeat(")", 33), strings.Repeat("(", 10000),
	} {
		if got := w.want(501, "deployer", "GET", filtered("/v1.0/applications", filter), nil); !strings.Contains(got.message(), "$filter") {
			t.Errorf("%s: got message %q, want the filter named", filter, got.message())
		}
	}
	for _, filter := range []string{"accountEnabled eq 'true'", "accountEnabled eq null", "appOwnerOrganizationId eq '" + zero + "'", "appOwnerOrganizationId eq null"} {
		w.want(501, "deployer", "GET", filtered("/v1.0/servicePrincipals", filter), nil)
	}
	w.get(filtered("/v1.0/applications", strings.Repeat("(", 32)+"displayName eq 'x'"+strings.Repeat(")", 32)))
}
