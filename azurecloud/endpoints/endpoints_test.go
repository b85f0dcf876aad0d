package endpoints_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"app-to-app/azurecloud/endpoints"
)

func TestNamedClouds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, resourceManager, graph, exchange, vault string }{
		{"public", "https://management.core.windows.net//.default", "https://graph.microsoft.com/.default", "api://AzureADTokenExchange", "https://vault.azure.net/.default"},
		{"USGovernment", "https://management.core.usgovcloudapi.net//.default", "https://graph.microsoft.us/.default", "api://AzureADTokenExchangeUSGov", "https://vault.usgovcloudapi.net/.default"},
		{"china", "https://management.core.chinacloudapi.cn//.default", "https://microsoftgraph.chinacloudapi.cn/.default", "api://AzureADTokenExchangeChina", "https://vault.azure.cn/.default"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, ok := endpoints.Named(tt.name)
			if !ok || c.ResourceManagerScope() != tt.resourceManager || c.GraphScope() != tt.graph || c.ExchangeAudience != tt.exchange || c.VaultScope() != tt.vault {
				t.Errorf("got %+v, %v", c, ok)
			}
			if again, ok := endpoints.Of(c.AuthorityHost); !ok || again != c {
				t.Errorf("by its authority host: got %+v, %v, want %+v", again, ok, c)
			}
		})
	}
	if c, ok := endpoints.Named("moon"); ok {
		t.Errorf("moon: got %+v, want none", c)
	}
}

func TestAuthorityHosts(t *testing.T) {
	t.Parallel()
	const public, usGov, china = "api://AzureADTokenExchange", "api://AzureADTokenExchangeUSGov", "api://AzureADTokenExchangeChina"
	for _, tt := range []struct {
		host      string
		microsoft bool
		named     bool // its cloud has a name
		exchange  string
	}{
		{"https://login.microsoftonline.com", true, true, public},
		{"https://login.microsoftonline.com/", true, true, public},
		{"https://LOGIN.microsoftonline.us", true, true, usGov},
		{"https://login.usgovcloudapi.net", true, true, usGov},
		{"https://login.partner.microsoftonline.cn", true, true, china},
		{"https://login.chinacloudapi.cn", true, true, china},
		{"https://login-us.microsoftonline.com", true, false, public},
		{"https://login.sovcloud-identity.fr", true, false, public},
		{"https://login.microsoftonline.com.evil.test", false, false, public},
		{"https://login.microsoftonline.com:8443", false, false, public},
		{"https://127.0.0.1:8443", false, false, public},
		{"login.microsoftonline.com", false, false, public},
		{"https://%", false, false, public},
		{"", false, false, public},
	} {
		t.Run(tt.host, func(t *testing.T) {
			t.Parallel()
			_, named := endpoints.Of(tt.host)
			if got := endpoints.IsMicrosoft(tt.host); got != tt.microsoft || named != tt.named {
				t.Errorf("got Microsoft's %v, named %v, want %v, %v", got, named, tt.microsoft, tt.named)
			}
			if got := endpoints.ExchangeAudience(tt.host); got != tt.exchange {
				t.Errorf("got exchange audience %q, want %q", got, tt.exchange)
			}
		})
	}
}

const complete = `{"name":"x","resourceManager":"https://arm/","microsoftGraphResourceId":"https://graph/","authentication":{"loginEndpoint":"https://login/","audiences":["https://a/"]}}`

func TestReadMetadata(t *testing.T) {
	t.Parallel()
	all := endpoints.Document{Name: "x", ResourceManager: "https://arm", Graph: "https://graph", LoginEndpoint: "https://login", Audiences: []string{"https://a/"}}
	for _, tt := range []struct {
		name, body string
		status     int
		want       endpoints.Document
		problem    string
	}{
		{"complete", complete, 200, all, ""},
		{"byte order mark", "\uFEFF" + complete, 200, all, ""},
		{"nothing in it", "{}", 200, endpoints.Document{}, ""},
		{"not JSON", "<html>", 200, endpoints.Document{}, "expected the cloud's endpoints as JSON: invalid character"},
		{"refused", complete, 503, endpoints.Document{}, "expected status 200, got 503 Service Unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked string
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.Method + " " + r.URL.RequestURI()
				w.WriteHeader(tt.status)
				w.Write([]byte(tt.body))
			}))
			defer server.Close()
			got, err := endpoints.ReadMetadata(t.Context(), server.Client(), strings.TrimPrefix(server.URL, "https://"))
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if (err != nil) != (tt.problem != "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("got %v, want %q", err, tt.problem)
			}
			if want := "GET /metadata/endpoints?api-version=2022-09-01"; asked != want {
				t.Errorf("got asked %q, want %q", asked, want)
			}
		})
	}
	if _, err := endpoints.ReadMetadata(t.Context(), http.DefaultClient, "127.0.0.1:1"); err == nil || strings.Contains(err.Error(), "/metadata/") {
		t.Errorf("unreachable host: got %v, want an error without the URL", err)
	}
}

// TestFunctionsPlatform asks clouds with and without the sandbox's own member.
func TestFunctionsPlatform(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want, problem string }{
		{"a cloud of Microsoft's", complete, "linux/amd64", ""},
		{"a sandbox on another machine", `{"appToAppFunctionsPlatform":"darwin/arm64"}`, "darwin/arm64", ""},
		{"not a cloud", "<html>", "", "find the platform of function apps: get the metadata of ARM_METADATA_HOSTNAME=127.0.0.1:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(tt.body)) }))
			defer server.Close()
			got, err := endpoints.FunctionsPlatform(t.Context(), server.Client(), strings.TrimPrefix(server.URL, "https://"))
			if got != tt.want || (err != nil) != (tt.problem != "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("got %q, %v, want %q, %q", got, err, tt.want, tt.problem)
			}
		})
	}
	if got, err := endpoints.FunctionsPlatform(t.Context(), nil, ""); err != nil || got != "linux/amd64" {
		t.Errorf("the public cloud: got %q, %v, want linux/amd64 without a request", got, err)
	}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	members := []string{endpoints.Name, endpoints.ResourceManager, endpoints.Graph, endpoints.LoginEndpoint, endpoints.Audiences}
	full := endpoints.Document{Name: "x", ResourceManager: "x", Graph: "x", LoginEndpoint: "x", Audiences: []string{"x"}}
	if err := full.Require(members...); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	for _, member := range members {
		t.Run(member, func(t *testing.T) {
			t.Parallel()
			if err := (endpoints.Document{}).Require(member); err == nil || err.Error() != "expected "+member+" in the cloud's endpoints, got none" {
				t.Errorf("got %v", err)
			}
		})
	}
}
