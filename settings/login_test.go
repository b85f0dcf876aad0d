package settings_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"app-to-app/settings"
)

// askCloud loads the settings of the stack dev, whose cloud answers with a
// document.
func askCloud(t *testing.T, status int, document string) (got settings.Settings, problems settings.Problems, host string) {
	t.Helper()
	var asked []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.String())
		w.WriteHeader(status)
		w.Write([]byte(document))
	}))
	defer server.Close()
	host = strings.TrimPrefix(server.URL, "https://")
	got, _, problems = settings.Load(t.Context(), configuration(t, "dev", nil), today,
		settings.Sources{MetadataHost: host, HTTPClient: server.Client(), Providers: &fakeProviders{}})
	if want := []string{"GET /metadata/endpoints?api-version=2022-09-01"}; !slices.Equal(asked, want) {
		t.Errorf("got requests %q, want %q", asked, want)
	}
	return got, problems, host
}

func TestAuthorityHostOfTheCloud(t *testing.T) {
	t.Parallel()
	got, problems, _ := askCloud(t, http.StatusOK, `{"name":"Local","authentication":{"loginEndpoint":"https://127.0.0.1:8443/"}}`)
	if want := "https://127.0.0.1:8443"; got.AuthorityHost != want || len(problems) > 0 {
		t.Errorf("got authority host %q, %v, want %q", got.AuthorityHost, problems, want)
	}
}

func TestCloudWithoutALoginEndpoint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		status   int
		document string
		want     string
	}{
		{"not found", http.StatusNotFound, "", "expected status 200, got 404 Not Found"},
		{"no JSON", http.StatusOK, "<html>", "expected the cloud's endpoints as JSON"},
		{"no login endpoint", http.StatusOK, `{"authentication":{}}`, "expected authentication.loginEndpoint"},
		{"login endpoint without TLS", http.StatusOK, `{"authentication":{"loginEndpoint":"http://127.0.0.1"}}`, "expected https:// and a host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problems, host := askCloud(t, tt.status, tt.document)
			for _, want := range []string{"app-to-app:authorityHost: get the login endpoint of ARM_METADATA_HOSTNAME=" + host, tt.want, "; next: start what ARM_METADATA_HOSTNAME points to"} {
				if len(problems) != 1 || !strings.Contains(problems[0].Error(), want) {
					t.Errorf("got %v, want one problem with %q in it", problems, want)
				}
			}
		})
	}
}

func TestCloudThatCannotBeReached(t *testing.T) {
	t.Parallel()
	unreachable := errors.New("connection refused")
	_, _, problems := settings.Load(t.Context(), configuration(t, "dev", nil), today, settings.Sources{
		MetadataHost: "127.0.0.1:1", Providers: &fakeProviders{},
		HTTPClient: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, unreachable })},
	})
	for _, want := range []string{"get the login endpoint of ARM_METADATA_HOSTNAME=127.0.0.1:1", "connection refused"} {
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("got %v, want one problem with %q in it", problems, want)
		}
	}
}

// TestAddressOfTheCloud: an address where a host belongs is not asked, and the next
// step says the host.
func TestAddressOfTheCloud(t *testing.T) {
	t.Parallel()
	_, _, problems := settings.Load(t.Context(), configuration(t, "dev", nil), today, settings.Sources{
		MetadataHost: "https://127.0.0.1:8443", Providers: &fakeProviders{},
		HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			t.Errorf("expected no request, got one to %s", r.URL)
			return nil, errors.New("refused")
		})},
	})
	const want = "app-to-app:authorityHost: ARM_METADATA_HOSTNAME=https://127.0.0.1:8443: expected a host without https://, such as 127.0.0.1:8443; next: export ARM_METADATA_HOSTNAME=127.0.0.1:8443"
	if len(problems) != 1 || problems[0].Error() != want {
		t.Errorf("got %v, want %s", problems, want)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestLogins: logins that fail, or that do not match each other.
// TestWrongAuthorityHost: a pinned one that is wrong is still pinned, so the
// cloud is not asked for another.
func TestWrongAuthorityHost(t *testing.T) {
	t.Parallel()
	_, _, problems := settings.Load(t.Context(), configuration(t, "dev", map[string]string{"app-to-app:authorityHost": "http://login.test"}), today,
		settings.Sources{MetadataHost: "127.0.0.1:1", HTTPClient: http.DefaultClient, Providers: &fakeProviders{}})
	if len(problems) != 1 || problems[0].Key != "app-to-app:authorityHost" || !strings.Contains(problems[0].Text, `got "http://login.test"`) {
		t.Errorf("got %v, want the problem of the setting alone", problems)
	}
}

func TestLogins(t *testing.T) {
	t.Parallel()
	refused := errors.New("AADSTS7000215")
	for _, tt := range []struct {
		name      string
		providers fakeProviders
		want      string
	}{
		{"not signed in to Entra", fakeProviders{entraErr: refused}, "sign in to Microsoft Entra ID: AADSTS7000215; next: az login, or ARM_TENANT_ID, "},
		{"not signed in to Resource Manager", fakeProviders{azureErr: refused}, "sign in to Azure Resource Manager: AADSTS7000215; next: az login, or ARM_SUBSCRIPTION_ID, "},
		{"signed in to two tenants", fakeProviders{entraTenant: partnerID}, `sign in: expected one tenant, got "` + partnerID + `" for azuread and "` + tenantID + `" for azure-native; next: pulumi config rm azuread:tenantId && `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, problems := settings.Load(t.Context(), configuration(t, "dev", nil), today, settings.Sources{Providers: &tt.providers})
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), tt.want) {
				t.Errorf("got %v, want %s", problems, tt.want)
			}
		})
	}
}

// TestUnpinnedProd: the warning is for prod alone, and has the two commands.
func TestUnpinnedProd(t *testing.T) {
	t.Parallel()
	pinned := map[string]string{"app-to-app:tenantId": tenantID, "app-to-app:subscriptionId": subscriptionID}
	for _, tt := range []struct {
		name, stack string
		edits       map[string]string
		want        []string
	}{
		{"dev", "dev", nil, nil},
		{"prod", "prod", nil, []string{"a prod stack that is not pinned is deployed wherever the deployer is signed in; fix: pulumi config set app-to-app:tenantId " + tenantID + " && pulumi config set app-to-app:subscriptionId " + subscriptionID}},
		{"prod that is pinned", "prod", pinned, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, got, problems := settings.Load(t.Context(), configuration(t, tt.stack, tt.edits), today, settings.Sources{Providers: &fakeProviders{}})
			if !slices.Equal(got, tt.want) || len(problems) > 0 {
				t.Errorf("got %q, %v, want %q", got, problems, tt.want)
			}
		})
	}
}

// TestPastExpiry: a test stack that is past its day is warned of, not refused.
func TestPastExpiry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, day, want string }{
		{"today", "2026-11-25", "the stack may be deleted since 2026-11-25; fix: pulumi config set app-to-app:expiresOn 2026-12-25"},
		{"tomorrow", "2026-11-26", ""},
		{"an hour ago", "2026-11-25T11:00:00Z", "the stack may be deleted since 2026-11-25T11:00:00Z; fix: pulumi config set app-to-app:expiresOn 2026-12-25"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, got, problems := settings.Load(t.Context(), configuration(t, "test", map[string]string{"app-to-app:expiresOn": tt.day}), today, settings.Sources{Providers: &fakeProviders{}})
			if strings.Join(got, "\n") != tt.want || len(problems) > 0 {
				t.Errorf("got %q, %v, want %q", got, problems, tt.want)
			}
		})
	}
}
