package arm_test

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestSiteShowsUnsetMembers asks for a site at each age of the API.
func TestSiteShowsUnsetMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	for _, tt := range []struct {
		version       string
		shown, hidden []string
	}{
		{version: "2022-03-01", shown: []string{"vnetRouteAllEnabled"}, hidden: []string{"vnetBackupRestoreEnabled", "ipMode", "outboundVnetRouting", "endToEndEncryptionEnabled"}},
		{version: "2024-04-01", shown: []string{"vnetRouteAllEnabled", "vnetBackupRestoreEnabled", "ipMode", "endToEndEncryptionEnabled"}, hidden: []string{"outboundVnetRouting", "clientAffinityProxyEnabled"}},
		{version: "2025-05-01", shown: []string{"outboundVnetRouting", "ipMode", "clientAffinityProxyEnabled"}, hidden: []string{"vnetRouteAllEnabled", "vnetBackupRestoreEnabled"}},
	} {
		properties, _ := w.must(200, "GET", site+"?api-version="+tt.version, "")["properties"].(map[string]any)
		for _, name := range append(tt.shown, "redundancyMode", "clientCertMode", "customDomainVerificationId") {
			if properties[name] == nil {
				t.Errorf("%s: got no %s", tt.version, name)
			}
		}
		for _, name := range tt.hidden {
			if value, ok := properties[name]; ok {
				t.Errorf("%s: got %s %v, which this version does not have", tt.version, name, value)
			}
		}
	}
}

// TestWhatIsReadCanBeSentBack puts resources as they were read, as clients do
// that change one member. Nothing may be refused, unknown or changed.
func TestWhatIsReadCanBeSentBack(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2022-03-01", "2024-04-01", "2025-05-01"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy()
			for _, path := range []string{site + "?api-version=" + version, plan + "?api-version=" + version, account} {
				if path == site+"?api-version=2022-03-01" {
					continue // Flex Consumption cannot be written at this version
				}
				read := w.must(200, "GET", path, "")
				body, err := json.Marshal(read)
				if err != nil {
					t.Fatal(err)
				}
				wrote := w.must(200, "PUT", path, string(body))
				for _, v := range []map[string]any{read, wrote} {
					properties, _ := v["properties"].(map[string]any)
					delete(properties, "lastModifiedTimeUtc")
				}
				was, _ := json.Marshal(read)
				if is, _ := json.Marshal(wrote); string(is) != string(was) {
					t.Errorf("%s: got %s after it was sent back, want %s", path, is, was)
				}
			}
		})
	}
}

// TestAccountEndpoints expects an endpoint for each service that a kind has.
func TestAccountEndpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	for kind, want := range map[string][]string{
		"StorageV2":        {"blob", "dfs", "file", "queue", "table", "web"},
		"Storage":          {"blob", "file", "queue", "table"},
		"BlockBlobStorage": {"blob", "dfs", "web"},
		"FileStorage":      {"file"},
	} {
		body := `{"location":"westeurope","kind":"` + kind + `","sku":{"name":"Standard_LRS"}}`
		name := map[string]string{"StorageV2": "kindv2", "Storage": "kindv1", "BlockBlobStorage": "kindblock", "FileStorage": "kindfile"}[kind]
		path := group + "/providers/Microsoft.Storage/storageAccounts/" + name
		w.must(202, "PUT", path, body)
		endpoints, _ := at(w.must(200, "GET", path, ""), "properties", "primaryEndpoints").(map[string]any)
		var got []string
		for service, url := range endpoints {
			got = append(got, service)
			if want := baseURL + "/" + service + "/" + name + "/"; url != want {
				t.Errorf("%s: got %v, want %s", kind, url, want)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: got endpoints of %q, want %q", kind, got, want)
		}
	}
}
