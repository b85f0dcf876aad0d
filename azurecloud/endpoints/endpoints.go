// Package endpoints knows the addresses and audiences of Azure clouds: those of
// Microsoft's own by name and by authority host, and those of any cloud from
// the metadata document of its Resource Manager.
//
// It imports only the standard library, so that function apps, settings and
// commands can share it.
package endpoints

import (
	"net/url"
	"strings"
)

// A Cloud is where to sign in, and for what. Addresses have no slash at the
// end; audiences are as the cloud writes them.
type Cloud struct {
	AuthorityHost           string
	ResourceManager         string // "" if the cloud's metadata has none
	ResourceManagerAudience string // the SCM sites of function apps accept it as well
	Graph                   string // address and audience; "" if the cloud's metadata has none

	// ExchangeAudience is what a managed identity's token must be for to be
	// exchanged for one of an app registration
	// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
	ExchangeAudience string

	// VaultSuffix is what the hosts of key vaults end with, after the vault's name
	// and a dot; "" if the cloud was read from its metadata.
	VaultSuffix string
}

// ResourceManagerScope is the scope of a token for Resource Manager. An audience
// that ends with a slash keeps it: Entra's v2.0 endpoint cuts "/.default" off
// and nothing else.
func (c Cloud) ResourceManagerScope() string { return c.ResourceManagerAudience + "/.default" }

// GraphScope is the scope of a token for Microsoft Graph.
func (c Cloud) GraphScope() string { return c.Graph + "/.default" }

// VaultScope is the scope of a token for the key vaults of the cloud
// (https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#dns-suffixes-for-object-identifiers).
func (c Cloud) VaultScope() string { return "https://" + c.VaultSuffix + "/.default" }

// Microsoft's clouds
// (https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure,
// https://learn.microsoft.com/azure/china/resources-developer-guide,
// https://learn.microsoft.com/graph/deployments).
var (
	public = Cloud{"https://login.microsoftonline.com", "https://management.azure.com",
		"https://management.core.windows.net/", "https://graph.microsoft.com", "api://AzureADTokenExchange", "vault.azure.net"}
	usGovernment = Cloud{"https://login.microsoftonline.us", "https://management.usgovcloudapi.net",
		"https://management.core.usgovcloudapi.net/", "https://graph.microsoft.us", "api://AzureADTokenExchangeUSGov", "vault.usgovcloudapi.net"}
	china = Cloud{"https://login.partner.microsoftonline.cn", "https://management.chinacloudapi.cn",
		"https://management.core.chinacloudapi.cn/", "https://microsoftgraph.chinacloudapi.cn", "api://AzureADTokenExchangeChina", "vault.azure.cn"}
)

// Public is the public cloud.
func Public() Cloud { return public }

// Named is one of Microsoft's clouds by its name in ARM_ENVIRONMENT: public,
// usgovernment or china, in any case.
func Named(name string) (c Cloud, ok bool) {
	c, ok = map[string]Cloud{"public": public, "usgovernment": usGovernment, "china": china}[strings.ToLower(name)]
	return c, ok
}

// authorities are the authority hosts of Microsoft's clouds. Instance discovery
// knows them. The list is MSAL's list of trusted hosts
// (https://github.com/AzureAD/microsoft-authentication-library-for-go,
// aadTrustedHostList; also
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud).
// A nil cloud means that its other addresses are not known here.
var authorities = map[string]*Cloud{
	"login.microsoftonline.com":        &public,
	"login.microsoft.com":              &public,
	"login.windows.net":                &public,
	"sts.windows.net":                  &public,
	"login.microsoftonline.us":         &usGovernment,
	"login.usgovcloudapi.net":          &usGovernment,
	"login.partner.microsoftonline.cn": &china,
	"login.chinacloudapi.cn":           &china,
	"login-us.microsoftonline.com":     nil, // US Government before its own domain
	"login.microsoftonline.de":         nil, // Germany until 2021
	"login.sovcloud-identity.fr":       nil, // Bleu
	"login.sovcloud-identity.de":       nil, // Delos
	"login.sovcloud-identity.sg":       nil, // GovSG
}

// IsMicrosoft reports whether an authority host is one of Microsoft's. For
// others instance discovery must be off: it would send the authority to a
// Microsoft host, which does not know it.
func IsMicrosoft(authorityHost string) bool {
	_, ok := authorities[hostOf(authorityHost)]
	return ok
}

// Of is the cloud of an authority host, if the cloud has a name.
func Of(authorityHost string) (Cloud, bool) {
	if c := authorities[hostOf(authorityHost)]; c != nil {
		return *c, true
	}
	return Cloud{}, false
}

// ExchangeAudience is that of the authority host's cloud, else the public
// cloud's.
func ExchangeAudience(authorityHost string) string {
	if c, ok := Of(authorityHost); ok {
		return c.ExchangeAudience
	}
	return public.ExchangeAudience
}

// Issues reports whether an issuer is Microsoft Entra ID: that of this cloud, or of
// another one of Microsoft's. It knows the host in any spelling that leads there, so
// an issuer that Entra would not take for its own is still not an outside one.
func (c Cloud) Issues(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil {
		return false
	}
	host := "https://" + strings.TrimSuffix(strings.TrimSuffix(u.Host, ":443"), ".")
	return hostOf(host) == hostOf(c.AuthorityHost) || IsMicrosoft(host)
}

// hostOf is a URL's host in lower case, with its port; "" if it has none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
