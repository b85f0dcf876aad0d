package acquire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// microsoftHosts are the authority hosts of Microsoft's clouds, of which
// instance discovery knows
// (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud,
// and the list that MSAL trusts without asking).
var microsoftHosts = []string{
	"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net",
	"login.microsoftonline.us", "login-us.microsoftonline.com", "login.usgovcloudapi.net",
	"login.partner.microsoftonline.cn", "login.chinacloudapi.cn", "login.microsoftonline.de",
	"login.sovcloud-identity.fr", "login.sovcloud-identity.de", "login.sovcloud-identity.sg",
}

// exchangeResource is what a managed identity's token must be for to serve as
// a client assertion in the cloud of the authority host; the federated identity
// credential that the program makes names the same
// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
func exchangeResource(authorityHost string) string {
	if u, err := url.Parse(authorityHost); err == nil {
		switch strings.ToLower(u.Host) {
		case "login.microsoftonline.us":
			return "api://AzureADTokenExchangeUSGov"
		case "login.partner.microsoftonline.cn", "login.chinacloudapi.cn":
			return "api://AzureADTokenExchangeChina"
		}
	}
	return "api://AzureADTokenExchange"
}

// isMicrosoft reports whether an authority host is one of Microsoft's.
// Instance discovery asks Microsoft about the authority: about another one it
// would say that it does not exist, after having been told of it.
func isMicrosoft(authorityHost string) bool {
	u, err := url.Parse(authorityHost)
	return err == nil && slices.Contains(microsoftHosts, strings.ToLower(u.Host))
}

// A sender sends the requests of libraries that do not retry, or not when the
// service says: by azcore's rules, which are azidentity's too. It waits as
// Retry-After says, up to a minute, and gives up after three more tries.
type sender struct{ pipeline runtime.Pipeline }

func newSender(client *http.Client) sender {
	return sender{runtime.NewPipeline("acquire", "v1", runtime.PipelineOptions{}, &policy.ClientOptions{
		Transport: observed{client},
		Telemetry: policy.TelemetryOptions{Disabled: true}, // the libraries send their own
	})}
}

// Do sends a request.
func (s sender) Do(request *http.Request) (*http.Response, error) {
	wrapped, err := runtime.NewRequestFromRequest(request)
	if err != nil {
		return nil, err
	}
	return s.pipeline.Do(wrapped)
}

// CloseIdleConnections does nothing: the connections are the HTTP client's.
func (sender) CloseIdleConnections() {}
