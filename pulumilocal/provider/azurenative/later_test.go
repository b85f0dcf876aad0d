package azurenative

import (
	"os"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"

	"app-to-app/pulumilocal/provider/plugin"
)

// TestLater compares the properties that sites at 2022-09-01 lack with the
// model that the SDK is generated from, which says since when it has each.
func TestLater(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../../sdks/azure-native/schema.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type properties struct {
		Properties map[string]struct{ Since string }
	}
	var model struct {
		Modules map[string]struct{ Resources, Types map[string]properties }
	}
	if err := yaml.Unmarshal(content, &model); err != nil {
		t.Fatal(err)
	}
	var want []string
	later := func(prefix string, p properties) {
		for name, property := range p.Properties {
			if property.Since > "2022-09-01" {
				want = append(want, prefix+name)
			}
		}
	}
	for name, r := range model.Modules["web"].Resources {
		if name == "WebApp" {
			name = ""
		} else {
			name += "."
		}
		later(name, r)
	}
	for name, r := range model.Modules["web"].Types {
		if name == "SiteConfig" {
			name = "siteConfig"
		}
		later(name+".", r)
	}
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(laterThan20220901)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestLaterIsNotRead: nothing that came later is in what a site at 2022-09-01
// takes or is read as; at 2024-04-01 a site takes it.
func TestLaterIsNotRead(t *testing.T) {
	t.Parallel()
	table := (&provider{}).resources()
	older, newer := table["azure-native:web:WebApp"], table["azure-native:web/v20240401:WebApp"]
	for _, r := range []plugin.Resource{older, newer} {
		if r.Lifecycle.(*armResource).read.Has("functionAppConfig") || r.Lifecycle.(*armResource).read.Fields["siteConfig"].Type.Has("minTlsCipherSuite") {
			t.Error("got a later property in what is read, want none")
		}
	}
	if older.Args.Has("functionAppConfig") || older.Args.Fields["siteConfig"].Type.Has("minTlsCipherSuite") || older.State.Has("sku") {
		t.Error("2022-09-01: got a later property, want none")
	}
	if !newer.Args.Has("functionAppConfig") || !newer.Args.Fields["siteConfig"].Type.Has("minTlsCipherSuite") || !newer.State.Has("sku") {
		t.Error("2024-04-01: got no later property, want all")
	}
}
