package azurecloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

// A Cloud is where to sign in, and for what. Addresses have no slash at the
// end, the audience stays as the cloud writes it.
type Cloud struct {
	AuthorityHost           string
	ResourceManager         string // address; "" when the cloud's metadata has none
	ResourceManagerAudience string // which the SCM sites of function apps accept as well
	Graph                   string // address, and audience; "" when the cloud's metadata has none
}

// clouds are Microsoft's own, by their names in ARM_ENVIRONMENT
// (https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure,
// https://learn.microsoft.com/azure/china/resources-developer-guide,
// https://learn.microsoft.com/graph/deployments).
var clouds = map[string]Cloud{
	"public": {"https://login.microsoftonline.com", "https://management.azure.com",
		"https://management.core.windows.net/", "https://graph.microsoft.com"},
	"usgovernment": {"https://login.microsoftonline.us", "https://management.usgovcloudapi.net",
		"https://management.core.usgovcloudapi.net/", "https://graph.microsoft.us"},
	"china": {"https://login.partner.microsoftonline.cn", "https://management.chinacloudapi.cn",
		"https://management.core.chinacloudapi.cn/", "https://microsoftgraph.chinacloudapi.cn"},
}

// microsoftAuthorities are the hosts whose instance discovery MSAL may ask:
// the names of the clouds above, and the older ones that still answer.
var microsoftAuthorities = []string{
	"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net",
	"login.microsoftonline.us", "login.usgovcloudapi.net",
	"login.partner.microsoftonline.cn", "login.chinacloudapi.cn",
}

// Find asks the Resource Manager that ARM_METADATA_HOSTNAME names about
// its cloud. Unset, it is the one of ARM_ENVIRONMENT, usually the public one.
func Find(ctx context.Context, httpClient *http.Client, getenv func(string) string) (Cloud, error) {
	if host := getenv("ARM_METADATA_HOSTNAME"); host != "" {
		found, err := readMetadata(ctx, httpClient, host)
		if err != nil {
			return Cloud{}, WithHint(fmt.Errorf("read the endpoints of ARM_METADATA_HOSTNAME=%s: %w", host, err),
				"check that it is the cloud's Resource Manager, that it is running, and that SSL_CERT_FILE has its CA")
		}
		return found, nil
	}
	name := strings.ToLower(getenv("ARM_ENVIRONMENT"))
	if name == "" {
		name = "public"
	}
	found, ok := clouds[name]
	if !ok {
		return Cloud{}, WithHint(fmt.Errorf("ARM_ENVIRONMENT: expected public, usgovernment or china, got %q", name), "other clouds are named by ARM_METADATA_HOSTNAME")
	}
	return found, nil
}

// readMetadata reads the metadata document, as the azuread provider does.
func readMetadata(ctx context.Context, httpClient *http.Client, host string) (Cloud, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/metadata/endpoints?api-version=2022-09-01", nil)
	if err != nil {
		return Cloud{}, err
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return Cloud{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Cloud{}, fmt.Errorf("expected status 200, got %s", resp.Status)
	}
	var document struct {
		ResourceManager string `json:"resourceManager"`
		Graph           string `json:"microsoftGraphResourceId"`
		Authentication  struct {
			LoginEndpoint string   `json:"loginEndpoint"`
			Audiences     []string `json:"audiences"`
		} `json:"authentication"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&document); err != nil {
		return Cloud{}, fmt.Errorf("expected JSON: %w", err)
	}
	found := Cloud{
		AuthorityHost:   strings.TrimRight(document.Authentication.LoginEndpoint, "/"),
		ResourceManager: strings.TrimRight(document.ResourceManager, "/"),
		Graph:           strings.TrimRight(document.Graph, "/"),
	}
	if found.AuthorityHost == "" {
		return Cloud{}, errors.New("expected authentication.loginEndpoint, got none")
	}
	if len(document.Authentication.Audiences) == 0 {
		return Cloud{}, errors.New("expected authentication.audiences, got none")
	}
	found.ResourceManagerAudience = document.Authentication.Audiences[0]
	return found, nil
}

// ResourceManagerScope is that of a token for Resource Manager. An audience that
// ends with a slash keeps it: v2.0 of Entra's endpoint cuts "/.default" off and
// nothing else.
func (c Cloud) ResourceManagerScope() string { return c.ResourceManagerAudience + "/.default" }

// GraphScope is that of a token for Microsoft Graph.
func (c Cloud) GraphScope() string { return c.Graph + "/.default" }

// configuration is the cloud as azidentity takes it.
func (c Cloud) configuration() cloud.Configuration {
	return cloud.Configuration{ActiveDirectoryAuthorityHost: c.AuthorityHost}
}

// Private reports whether instance discovery must be off: it asks a Microsoft
// host about the authority, and Microsoft's do not know others.
func (c Cloud) Private() bool {
	u, err := url.Parse(c.AuthorityHost)
	return err != nil || !slices.Contains(microsoftAuthorities, strings.ToLower(u.Host))
}
