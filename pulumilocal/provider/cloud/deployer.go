package cloud

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// This file reads who deploys. The rules are: a configuration key wins over its
// ARM_* variable; the first configured sign-in method is used, and no other if
// it fails; nothing here is ever logged.

// A Method is a way in which a deployer signs in.
type Method string

// The methods, in the order of preference.
const (
	ClientCertificate Method = "client certificate"
	ClientSecret      Method = "client secret"
	OIDC              Method = "OpenID Connect"
	ManagedIdentity   Method = "managed identity"
	AzureCLI          Method = "Azure CLI"
)

// A Deployer is the configuration of a provider.
type Deployer struct {
	MetadataHost   string
	TenantID       string
	SubscriptionID string
	ClientID       string
	Location       string
	Method         Method

	Secret              string
	Certificate         []byte // PFX
	CertificatePassword string

	OIDCToken                        string // or
	OIDCTokenFile                    string // read at every sign-in, because it is short-lived, or
	OIDCRequestURL, OIDCRequestToken string // as GitHub Actions gives them

	MSIEndpoint string
}

// variables are the environment variables behind the configuration keys, in
// the order in which the official providers read them.
var variables = map[string][]string{
	"metadataHost":              {"ARM_METADATA_HOSTNAME"},
	"tenantId":                  {"ARM_TENANT_ID"},
	"subscriptionId":            {"ARM_SUBSCRIPTION_ID"},
	"clientId":                  {"ARM_CLIENT_ID"},
	"clientIdFilePath":          {"ARM_CLIENT_ID_FILE_PATH"},
	"clientSecret":              {"ARM_CLIENT_SECRET"},
	"clientSecretFilePath":      {"ARM_CLIENT_SECRET_FILE_PATH"},
	"clientCertificate":         {"ARM_CLIENT_CERTIFICATE"},
	"clientCertificatePath":     {"ARM_CLIENT_CERTIFICATE_PATH"},
	"clientCertificatePassword": {"ARM_CLIENT_CERTIFICATE_PASSWORD"},
	"useOidc":                   {"ARM_USE_OIDC"},
	"oidcToken":                 {"ARM_OIDC_TOKEN"},
	"oidcTokenFilePath":         {"ARM_OIDC_TOKEN_FILE_PATH"},
	"oidcRequestToken":          {"ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"},
	"oidcRequestUrl":            {"ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL"},
	"useMsi":                    {"ARM_USE_MSI"},
	"msiEndpoint":               {"ARM_MSI_ENDPOINT"},
	"useCli":                    {"ARM_USE_CLI"},
	"useAksWorkloadIdentity":    {"ARM_USE_AKS_WORKLOAD_IDENTITY"},
}

type reader struct {
	config map[string]any
	getenv func(string) string
}

func (r reader) text(key string) string {
	switch value := r.config[key].(type) {
	case nil:
	case string:
		if value != "" {
			return value
		}
	default:
		return fmt.Sprint(value)
	}
	for _, name := range variables[key] {
		if value := r.getenv(name); value != "" {
			return value
		}
	}
	return ""
}

func (r reader) flag(key string, otherwise bool) (bool, error) {
	text := r.text(key)
	if text == "" {
		return otherwise, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("configuration key %q: expected true or false, got %q", key, text)
	}
	return value, nil
}

// file returns a value that is given directly or as the path of a file.
func (r reader) file(key, pathKey string) (string, error) {
	if value := r.text(key); value != "" || r.text(pathKey) == "" {
		return value, nil
	}
	content, err := os.ReadFile(r.text(pathKey))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", pathKey, err)
	}
	return strings.TrimSpace(string(content)), nil
}

// ReadDeployer reads a provider's configuration and environment.
func ReadDeployer(config map[string]any, getenv func(string) string) (Deployer, error) {
	r := reader{config, getenv}
	d := Deployer{
		MetadataHost:        r.text("metadataHost"),
		TenantID:            r.text("tenantId"),
		SubscriptionID:      r.text("subscriptionId"),
		Location:            r.text("location"),
		CertificatePassword: r.text("clientCertificatePassword"),
		MSIEndpoint:         r.text("msiEndpoint"),
	}
	if d.MetadataHost == "" {
		return d, errors.New("the stand-in only works against a sandbox, and none is named: " +
			"source the env file of a running sandbox, or set metadataHost or ARM_METADATA_HOSTNAME to its HOST:PORT; " +
			"for Azure itself install the official plugin")
	}
	var err, certificateErr error
	d.ClientID, err = r.file("clientId", "clientIdFilePath")
	d.Secret, certificateErr = r.file("clientSecret", "clientSecretFilePath")
	err = errors.Join(err, certificateErr)
	d.Certificate, certificateErr = r.certificate()
	if err = errors.Join(err, certificateErr); err != nil {
		return d, err
	}
	if aks, err := r.flag("useAksWorkloadIdentity", false); aks || err != nil {
		return d, cmp.Or(err, errors.New("sign-in by AKS workload identity is not emulated; use an OpenID Connect token file"))
	}
	d.Method, err = r.method(&d)
	return d, err
}

func (r reader) certificate() ([]byte, error) {
	if inline := r.text("clientCertificate"); inline != "" {
		data, err := base64.StdEncoding.DecodeString(inline)
		if err != nil {
			return nil, errors.New("configuration key \"clientCertificate\": expected a PFX file in base64")
		}
		return data, nil
	}
	if path := r.text("clientCertificatePath"); path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read clientCertificatePath: %w", err)
		}
		return data, nil
	}
	return nil, nil
}

// method picks the first method that is configured.
func (r reader) method(d *Deployer) (Method, error) {
	oidc, err := r.flag("useOidc", false)
	if err != nil {
		return "", err
	}
	msi, err := r.flag("useMsi", false)
	if err != nil {
		return "", err
	}
	cli, err := r.flag("useCli", true)
	if err != nil {
		return "", err
	}
	application := d.TenantID != "" && d.ClientID != ""
	switch {
	case application && len(d.Certificate) > 0:
		return ClientCertificate, nil
	case application && d.Secret != "":
		return ClientSecret, nil
	case application && oidc:
		d.OIDCToken, d.OIDCTokenFile = r.text("oidcToken"), r.text("oidcTokenFilePath")
		d.OIDCRequestURL, d.OIDCRequestToken = r.text("oidcRequestUrl"), r.text("oidcRequestToken")
		if d.OIDCToken == "" && d.OIDCTokenFile == "" && (d.OIDCRequestURL == "" || d.OIDCRequestToken == "") {
			return "", errors.New("expected an OpenID Connect token, a token file, or a request URL and token, got none of them: set ARM_OIDC_TOKEN or ARM_OIDC_TOKEN_FILE_PATH")
		}
		return OIDC, nil
	case msi:
		return ManagedIdentity, nil
	case cli:
		return AzureCLI, nil
	}
	return "", errors.New("expected a way to sign in, got none: set ARM_CLIENT_ID, ARM_TENANT_ID and ARM_CLIENT_SECRET, or another of the provider's methods")
}
