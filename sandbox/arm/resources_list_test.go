package arm_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/store"
)

// The filters are those of "az resource list".
func TestResourcesAreFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	w.must(200, "PUT", identity, `{"location":"westeurope","tags":{"Stack":"dev"}}`)
	all := []string{"app-id", "ordersapp", "app-plan", "orders-app"}
	for _, tt := range []struct {
		name, filter string
		want         []string
	}{
		{name: "no filter", filter: "", want: all},
		{name: "type in another case", filter: "resourceType eq 'microsoft.web/sites'", want: []string{"orders-app"}},
		{name: "group in another case", filter: "resourceGroup eq 'RG'", want: all},
		{name: "another group", filter: "resourceGroup eq 'other'", want: nil},
		{name: "location by its display name", filter: "location eq 'West Europe'", want: all},
		{name: "another location", filter: "location eq 'eastus'", want: nil},
		{name: "name in another case", filter: "name eq 'APP-plan'", want: []string{"app-plan"}},
		{name: "quote and the word and in a value", filter: "name eq 'it''s and more'", want: nil},
		{name: "three terms", filter: "resourceGroup eq 'rg' and name eq 'orders-app' and resourceType eq 'Microsoft.Web/sites'", want: []string{"orders-app"}},
		{name: "two terms that exclude each other", filter: "name eq 'orders-app' and resourceType eq 'Microsoft.Web/serverfarms'", want: nil},
		{name: "tag name in another case", filter: "tagname eq 'stack'", want: []string{"app-id"}},
		{name: "tag name and value", filter: "tagname eq 'stack' and tagvalue eq 'dev'", want: []string{"app-id"}},
		{name: "tag value in another case", filter: "tagname eq 'stack' and tagvalue eq 'DEV'", want: nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := w.must(200, "GET", sub+"/resources?api-version=2021-04-01&$filter="+url.QueryEscape(tt.filter), "")
			if got := names(answer); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if items, _ := answer["value"].([]any); len(items) == 1 && strings.HasPrefix(tt.filter, "tagname") {
				got, want := at(items[0], "tags") != nil, !strings.Contains(tt.filter, "tagvalue")
				if got != want {
					t.Errorf("got tags shown %v, want %v", got, want)
				}
			}
		})
	}
}

// az keyvault list and the Key Vault SDKs list vaults with this version.
func TestVaultsAreListedAsAzDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	const wanted = "/resources?api-version=2015-11-01&$filter=resourceType+eq+'Microsoft.Web/sites'"
	if got := names(w.must(200, "GET", sub+wanted, "")); !slices.Equal(got, []string{"orders-app"}) {
		t.Errorf("got %q, want the site", got)
	}
}

func TestResourcesAreExpanded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	var stored store.Resource
	if err := w.store.View(func(tx *store.Tx) error {
		stored, _ = store.ResourceByID(tx, site)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	path := sub + "/resources?api-version=2021-04-01&$filter=name+eq+'orders-app'"
	plain, _ := w.must(200, "GET", path, "")["value"].([]any)
	full, _ := w.must(200, "GET", path+"&$expand=createdTime,changedTime,provisioningState", "")["value"].([]any)
	if len(plain) != 1 || len(full) != 1 {
		t.Fatalf("got %d and %d resources, want one each", len(plain), len(full))
	}
	for name, want := range map[string]string{
		"createdTime":       stored.CreatedAt.UTC().Format(time.RFC3339Nano),
		"changedTime":       stored.ChangedAt.UTC().Format(time.RFC3339Nano),
		"provisioningState": "Succeeded",
	} {
		if got := at(full[0], name); got != want {
			t.Errorf("got %s %v, want %v", name, got, want)
		}
		if got := at(plain[0], name); got != nil {
			t.Errorf("not asked for: got %s %v, want none", name, got)
		}
	}
}
