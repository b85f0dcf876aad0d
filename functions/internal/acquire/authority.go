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

// exchangeResource is the resource that a managed identity's token needs to be
// a client assertion in the authority host's cloud. The federated identity
// credential that the Pulumi program creates has it as its audience
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

// isMicrosoft reports whether an authority host is one of Microsoft's. Only then
// is instance discovery on: it asks Microsoft whether the authority exists, which
// fails for any other and tells Microsoft about it.
func isMicrosoft(authorityHost string) bool {
	u, err := url.Parse(authorityHost)
	return err == nil && slices.Contains(microsoftHosts, strings.ToLower(u.Host))
}

// A sender retries for libraries that do not, or that ignore Retry-After. It uses
// azcore's policy, as azidentity does: wait as long as Retry-After says, a minute
// at most, and give up after three retries.
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
