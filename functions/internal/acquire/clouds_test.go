package acquire_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest"
)

// anyCloud is every authority and the identity endpoint. It answers every request
// with a token and records the resources that the managed identity was asked for.
type anyCloud struct{ resources chan string }

func (a anyCloud) RoundTrip(request *http.Request) (*http.Response, error) {
	authority := "https://" + request.URL.Host + "/" + verifytest.TenantID
	body := fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600,"expires_on":"%d"}`, secretToken, time.Now().Add(time.Hour).Unix())
	switch path := request.URL.Path; {
	case strings.HasSuffix(path, "/discovery/instance"):
		body = fmt.Sprintf(`{"tenant_discovery_endpoint":"%s/v2.0/.well-known/openid-configuration","metadata":[]}`, authority)
	case strings.HasSuffix(path, "/openid-configuration"):
		body = fmt.Sprintf(`{"issuer":"%[1]s/v2.0","token_endpoint":"%[1]s/oauth2/v2.0/token","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize"}`, authority)
	case strings.HasSuffix(path, "/msi/token"):
		a.resources <- request.URL.Query().Get("resource")
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: request,
		Body: io.NopCloser(strings.NewReader(body))}, nil
}

// TestFederationInEachCloud: the managed identity's token is for the token exchange
// of the app registration's cloud.
func TestFederationInEachCloud(t *testing.T) {
	t.Parallel()
	for i, test := range []struct{ host, want string }{
		{"https://login.microsoftonline.com", "api://AzureADTokenExchange"},
		{"https://LOGIN.microsoftonline.us", "api://AzureADTokenExchangeUSGov"},
		{"https://login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"},
		{"https://login.chinacloudapi.cn", "api://AzureADTokenExchangeChina"},
		{"https://login.example", "api://AzureADTokenExchange"},
	} {
		for j, name := range []string{"msal", "azidentity"} {
			t.Run(name+" at "+test.host, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, cell{settings: func(*world, *testing.T) {}}, "")
				cloud := anyCloud{make(chan string, 5)}
				w.config.AuthorityHost, w.config.HTTPClient = test.host, &http.Client{Transport: cloud}
				w.config.ClientID = verifytest.ClientID
				// One identity each: MSAL shares their tokens in the whole process.
				w.config.ManagedIdentityClientID = fmt.Sprintf("22222222-0000-4000-9000-%012d", 10*i+j)
				if _, err := w.provider(t, cell{provider: name}).Acquire(t.Context()); err != nil {
					t.Fatalf("got %v, want a token", err)
				}
				select {
				case got := <-cloud.resources:
					if got != test.want {
						t.Errorf("got the identity asked for %q, want %q", got, test.want)
					}
				default:
					t.Error("expected the identity to be asked")
				}
			})
		}
	}
}
