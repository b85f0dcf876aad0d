package acquire

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// This file reads the connection strings of App Authentication, Microsoft's
// retired library for .NET, for clients that have one
// (https://learn.microsoft.com/dotnet/api/overview/azure/service-to-service-authentication#connection-string-support).
// azidentity then does the work. The rules are: only the forms documented there;
// names and fixed values ignore case, as in the library; an unknown name is
// never quoted, because it may be the rest of a secret with a semicolon in it.

// The names in a connection string.
const (
	partRunAs         = "RunAs"
	partDeveloperTool = "DeveloperTool"
	partAppID         = "AppId"
	partTenantID      = "TenantId"
	partAppKey        = "AppKey"
	partThumbprint    = "CertificateThumbprint"
	partSubjectName   = "CertificateSubjectName"
	partStoreLocation = "CertificateStoreLocation"
	partKeyVault      = "KeyVaultCertificateSecretIdentifier"
)

var connectionNames = []string{partRunAs, partDeveloperTool, partAppID, partTenantID, partAppKey, partThumbprint, partSubjectName, partStoreLocation, partKeyVault}

// A connection is a connection string, by the names as documented.
type connection map[string]string

// connectionCredential is the credential that the connection string asks for.
func connectionCredential(config ProviderConfig) (credential, error) {
	found, err := readConnection(config)
	if err != nil {
		return credential{}, fmt.Errorf("AzureServicesAuthConnectionString: %w", err)
	}
	return found, nil
}

func readConnection(config ProviderConfig) (credential, error) {
	if !config.ConnectionString.IsSet() {
		return config.withoutConnection()
	}
	values, err := parseConnection(config.ConnectionString.Reveal())
	if err != nil {
		return credential{}, err
	}
	switch strings.ToLower(values[partRunAs]) {
	case "app":
		return values.app(config)
	case "developer":
		return values.developer(config)
	case "currentuser":
		return credential{}, errors.New("RunAs=CurrentUser needs a Windows session, which Linux does not have; use RunAs=Developer;DeveloperTool=AzureCli on a developer's machine, RunAs=App elsewhere")
	}
	return credential{}, errors.New("RunAs: expected App or Developer, got something else or nothing")
}

// withoutConnection is the library's default, a managed identity or a
// developer's login. A client whose other settings make it an app registration
// must not use it: it would call as somebody else.
func (c ProviderConfig) withoutConnection() (credential, error) {
	switch {
	case c.ClientID == "":
		return credential{kind: managedIdentityKind("", c.Local), tenantID: c.TenantID}, nil
	case c.ClientSecret.IsSet() || c.ClientCertificate.IsSet():
		return credential{}, fmt.Errorf("missing; ORDERS_CLIENT_ID is set, and appauth needs the app registration as RunAs=App;%s=…;%s=… with its client secret or certificate", partAppID, partTenantID)
	}
	return credential{kind: Federated}, nil // planProviders refuses it
}

// parseConnection splits name=value;name=value. A value may hold an equals
// sign, as client secrets do, but no semicolon: the format has no escape.
func parseConnection(text string) (connection, error) {
	values := connection{}
	for i, part := range strings.Split(text, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		known := slices.IndexFunc(connectionNames, func(n string) bool { return strings.EqualFold(n, strings.TrimSpace(name)) })
		if known < 0 {
			return nil, fmt.Errorf("part %d: expected one of the names %s and then =, got another or none", i+1, strings.Join(connectionNames, ", "))
		}
		name, value = connectionNames[known], strings.TrimSpace(value)
		if value == "" {
			return nil, fmt.Errorf("%s: expected a value, got none", name)
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("%s: expected once", name)
		}
		values[name] = value
	}
	return values, nil
}

// exactly returns an error unless the connection string has RunAs and these
// names.
func (v connection) exactly(names ...string) error {
	var problems []error
	for _, name := range names {
		if v[name] == "" {
			problems = append(problems, fmt.Errorf("%s: missing", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if name != partRunAs && !slices.Contains(names, name) {
			problems = append(problems, fmt.Errorf("%s: not expected with %s", name, strings.Join(append([]string{partRunAs + "=" + v[partRunAs]}, names...), ", ")))
		}
	}
	return errors.Join(problems...)
}

func (v connection) has(name string) bool { return v[name] != "" }

func (v connection) developer(config ProviderConfig) (credential, error) {
	if err := v.exactly(partDeveloperTool); err != nil {
		return credential{}, err
	}
	switch strings.ToLower(v[partDeveloperTool]) {
	case "azurecli":
		if !config.Local {
			return credential{}, errors.New("DeveloperTool=AzureCli needs the Azure CLI, which App Service does not have; use RunAs=App")
		}
		return credential{kind: AzureCLI, tenantID: config.TenantID}, nil
	case "visualstudio":
		return credential{}, errors.New("DeveloperTool=VisualStudio needs Visual Studio's token service, which exists on Windows only; use DeveloperTool=AzureCli and run az login")
	}
	return credential{}, errors.New("DeveloperTool: expected AzureCli, got something else")
}

// app is RunAs=App: a managed identity, or an app registration with its
// credential.
func (v connection) app(config ProviderConfig) (credential, error) {
	found := credential{tenantID: v[partTenantID], clientID: strings.ToLower(v[partAppID])}
	var expected []string
	switch {
	case v.has(partAppKey):
		found.kind, found.secret = ClientSecret, NewSecret(v[partAppKey])
		expected = []string{partAppID, partTenantID, partAppKey}
	case v.has(partKeyVault):
		found.kind, found.vaultSecret = Certificate, v[partKeyVault]
		expected = []string{partAppID, partKeyVault}
		if v.has(partTenantID) {
			expected = append(expected, partTenantID)
		} else {
			found.tenantID = config.TenantID // the library looks it up
		}
	case v.has(partThumbprint):
		found.kind = Certificate
		expected = []string{partAppID, partTenantID, partThumbprint, partStoreLocation}
	case v.has(partSubjectName):
		found.kind = Certificate
		expected = []string{partAppID, partTenantID, partSubjectName, partStoreLocation}
	case v.has(partAppID) && len(v) == 2:
		return credential{kind: UserAssigned, tenantID: config.TenantID, identity: found.clientID}, v.identifiers()
	case len(v) == 1:
		return credential{kind: SystemAssigned, tenantID: config.TenantID}, nil
	default:
		return credential{}, fmt.Errorf("expected RunAs=App alone or with %[1]s for a managed identity, or with %[1]s, %[2]s and one of %[3]s, %[4]s, %[5]s, %[6]s; got none of these forms",
			partAppID, partTenantID, partAppKey, partThumbprint, partSubjectName, partKeyVault)
	}
	if err := errors.Join(v.exactly(expected...), v.identifiers()); err != nil {
		return credential{}, err
	}
	if found.kind != Certificate {
		return found, nil
	}
	if found.vaultSecret != "" {
		return found, checkSecretIdentifier(found.vaultSecret, config.AuthorityHost)
	}
	var err error
	found.certificate, err = v.findCertificate(config.CertificateDir)
	return found, err
}

// A tenant is named by its ID or by a domain name.
var (
	guidForm   = regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	tenantForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
)

// identifiers checks the form of IDs. It does not quote them: someone may have
// pasted the secret in the wrong place.
func (v connection) identifiers() error {
	var problems []error
	if v.has(partAppID) && !guidForm.MatchString(v[partAppID]) {
		problems = append(problems, errors.New("AppId: expected a GUID, got something else"))
	}
	if v.has(partTenantID) && !tenantForm.MatchString(v[partTenantID]) {
		problems = append(problems, errors.New("TenantId: expected a tenant's id or domain, got something else"))
	}
	return errors.Join(problems...)
}
