package cloud

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"app-to-app/azurecloud"
	"app-to-app/azurecloud/endpoints"
)

// This file reads who deploys. The rules are: a configuration key wins over its
// ARM_* variable; both mean to the sign-in what they mean to our commands
// ([azurecloud.MethodOf]); nothing here is ever logged.

// A Deployer is the configuration of a provider.
type Deployer struct {
	MetadataHost, TenantID, SubscriptionID, ClientID, Location string

	Method azurecloud.Method
	Getenv func(name string) string // the environment, with the configuration in front of its ARM_* variables
}

// keyOf is the configuration key in front of a variable: clientId for
// ARM_CLIENT_ID.
func keyOf(variable string) string {
	if variable == "ARM_METADATA_HOSTNAME" {
		return "metadataHost"
	}
	name, _ := strings.CutPrefix(variable, "ARM_")
	words := strings.Split(strings.ToLower(name), "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}

// ReadDeployer reads a provider's configuration and environment.
func ReadDeployer(config map[string]any, environ func(string) string) (Deployer, error) {
	text := func(key string) string {
		if value := config[key]; value != nil {
			return fmt.Sprint(value) // explicit providers send booleans as texts, others do not
		}
		return ""
	}
	files := make(map[string]string)
	getenv := func(name string) string { return cmp.Or(text(keyOf(name)), environ(name), files[name]) }
	d := Deployer{
		MetadataHost: getenv("ARM_METADATA_HOSTNAME"), TenantID: getenv("ARM_TENANT_ID"), SubscriptionID: getenv("ARM_SUBSCRIPTION_ID"),
		Location: text("location"), Getenv: getenv,
	}
	if d.MetadataHost == "" {
		return d, errors.New("the stand-in only works against a sandbox, and none is named: " +
			"source the env file of a running sandbox, or set metadataHost or ARM_METADATA_HOSTNAME to its HOST:PORT; " +
			"for Azure itself install the official plugin")
	}
	for _, name := range []string{"ARM_CLIENT_ID", "ARM_CLIENT_SECRET"} {
		path := getenv(name + "_FILE_PATH")
		if path == "" || getenv(name) != "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return d, fmt.Errorf("read %s: %w", keyOf(name+"_FILE_PATH"), err)
		}
		files[name] = strings.TrimSpace(string(content))
	}
	d.ClientID = getenv("ARM_CLIENT_ID")
	for name, instead := range map[string]string{
		"ARM_USE_AKS_WORKLOAD_IDENTITY": "an OpenID Connect token file", "ARM_MSI_ENDPOINT": "IDENTITY_ENDPOINT and IDENTITY_HEADER",
	} {
		if value := getenv(name); value != "" && value != "false" {
			return d, fmt.Errorf("sign-in by %s (%s) is not emulated; use %s", keyOf(name), name, instead)
		}
	}
	var err error
	if d.Method, err = azurecloud.MethodOf(getenv); err != nil {
		return d, fmt.Errorf("read how to sign in, from configuration keys (clientId for ARM_CLIENT_ID) and variables: %w", err)
	}
	return d, nil
}

// Credential signs in as the deployer.
func (d Deployer) Credential(e endpoints.Document, httpClient *http.Client) (azcore.TokenCredential, error) {
	return azurecloud.NewCredential(endpoints.Cloud{AuthorityHost: e.LoginEndpoint}, httpClient, d.Getenv)
}
