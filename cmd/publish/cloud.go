package main

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

// An azureCloud is where to sign in, and for what.
type azureCloud struct {
	authorityHost string
	audience      string // of Resource Manager, which the SCM sites accept
}

// clouds are Microsoft's own, by their names in ARM_ENVIRONMENT
// (https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure,
// https://learn.microsoft.com/azure/china/resources-developer-guide).
var clouds = map[string]azureCloud{
	"public":       {"https://login.microsoftonline.com", "https://management.core.windows.net/"},
	"usgovernment": {"https://login.microsoftonline.us", "https://management.core.usgovcloudapi.net/"},
	"china":        {"https://login.partner.microsoftonline.cn", "https://management.core.chinacloudapi.cn/"},
}

// microsoftAuthorities are the hosts whose instance discovery MSAL may ask:
// the names of the clouds above, and the older ones that still answer.
var microsoftAuthorities = []string{
	"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net",
	"login.microsoftonline.us", "login.usgovcloudapi.net",
	"login.partner.microsoftonline.cn", "login.chinacloudapi.cn",
}

// findCloud asks the Resource Manager that ARM_METADATA_HOSTNAME names about
// its cloud. Unset, it is the one of ARM_ENVIRONMENT, usually the public one.
func findCloud(ctx context.Context, httpClient *http.Client, getenv func(string) string) (azureCloud, error) {
	if host := getenv("ARM_METADATA_HOSTNAME"); host != "" {
		found, err := readMetadata(ctx, httpClient, host)
		if err != nil {
			return azureCloud{}, withHint(fmt.Errorf("read the endpoints of ARM_METADATA_HOSTNAME=%s: %w", host, err),
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
		return azureCloud{}, withHint(fmt.Errorf("ARM_ENVIRONMENT: expected public, usgovernment or china, got %q", name), "other clouds are named by ARM_METADATA_HOSTNAME")
	}
	return found, nil
}

// readMetadata reads the metadata document, as the azuread provider does.
func readMetadata(ctx context.Context, httpClient *http.Client, host string) (azureCloud, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/metadata/endpoints?api-version=2022-09-01", nil)
	if err != nil {
		return azureCloud{}, err
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return azureCloud{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return azureCloud{}, fmt.Errorf("expected status 200, got %s", resp.Status)
	}
	var document struct {
		Authentication struct {
			LoginEndpoint string   `json:"loginEndpoint"`
			Audiences     []string `json:"audiences"`
		} `json:"authentication"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&document); err != nil {
		return azureCloud{}, fmt.Errorf("expected JSON: %w", err)
	}
	found := azureCloud{authorityHost: strings.TrimRight(document.Authentication.LoginEndpoint, "/")}
	if found.authorityHost == "" {
		return azureCloud{}, errors.New("expected authentication.loginEndpoint, got none")
	}
	if len(document.Authentication.Audiences) == 0 {
		return azureCloud{}, errors.New("expected authentication.audiences, got none")
	}
	found.audience = document.Authentication.Audiences[0]
	return found, nil
}

// scope is that of a token for Resource Manager. An audience that ends with a
// slash keeps it: v2.0 of Entra's endpoint cuts "/.default" off and nothing else.
func (c azureCloud) scope() string { return c.audience + "/.default" }

// configuration is the cloud as azidentity takes it.
func (c azureCloud) configuration() cloud.Configuration {
	return cloud.Configuration{ActiveDirectoryAuthorityHost: c.authorityHost}
}

// private reports whether instance discovery must be off: it asks a Microsoft
// host about the authority, and Microsoft's do not know others.
func (c azureCloud) private() bool {
	u, err := url.Parse(c.authorityHost)
	return err != nil || !slices.Contains(microsoftAuthorities, strings.ToLower(u.Host))
}
