package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/components"
	"app-to-app/components/componentstest"
	"app-to-app/settings"
	"app-to-app/settings/settingstest"
)

// identityStacks are stacks with one client of each kind of identity.
func identityStacks(t *testing.T) map[string]map[string]string {
	t.Helper()
	return map[string]map[string]string{
		"managedIdentity":    {"app-to-app:clients": settingstest.Clients(`"identity":"managedIdentity","tokenProviders":["appauth"]`)},
		"systemAssigned":     {"app-to-app:clients": settingstest.Clients(`"identity":"systemAssigned","tokenProviders":["appauth"]`)},
		"clientSecret":       {"app-to-app:clients": settingstest.Clients(`"identity":"clientSecret","tokenProviders":["appauth"]`)},
		"certificate":        {"app-to-app:clients": settingstest.Clients(`"identity":"certificate","tokenProviders":["appauth"]`)},
		"certificateBrought": {"app-to-app:clients": settingstest.Clients(`"identity":"certificate"`), "app-to-app:certificates": settingstest.Certificates(t, settingstest.Pairs()[0].PEM())},
		"federated":          {"app-to-app:clients": settingstest.Clients(`"identity":"federated"`)},
		"federatedOutside":   {"app-to-app:clients": settingstest.Clients(`"identity":"federated","issuer":"https://ci.test","subject":"s"`)},
		"existing":           {"app-to-app:clients": settingstest.Clients(`"identity":"existing","displayName":"Partner"`)},
		"moving":             {"app-to-app:clients": settingstest.Clients(`"identity":"managedIdentity","previousIdentity":"clientSecret"`)},
		"rotating":           {"app-to-app:clients": settingstest.Clients(`"identity":"clientSecret"`), "app-to-app:asOf": "2026-09-10"}, // the first quarter
	}
}

// TestSecretsStaySecret walks through every input of every resource of every
// kind of identity.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	kept := map[string]int{"clientSecret": 2, "certificate": 2, "certificateBrought": 1, "moving": 2, "rotating": 4}
	folder := newProject(t)
	for name, edits := range identityStacks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := deployed(t, signedIn(), configuration(t, "dev", edits), folder)
			var found int
			for _, r := range m.Resources() {
				plain, secret := componentstest.Exposed(resource.NewProperty(r.Inputs), false, r.String())
				if found += secret; len(plain) > 0 {
					t.Errorf("expected secrets, got plain text in %q", plain)
				}
			}
			if found < kept[name] || kept[name] == 0 && found > 0 {
				t.Errorf("got %d secret inputs, want at least %d, or none for an identity without a secret", found, kept[name])
			}
		})
	}
}

// TestExposedFinds: exposed finds a secret in plain text.
func TestExposedFinds(t *testing.T) {
	t.Parallel()
	inputs := resource.NewPropertyMapFromMap(map[string]any{"a": map[string]any{"b": []any{"x", "secret-of-x"}}})
	if plain, _ := componentstest.Exposed(resource.NewProperty(inputs), false, "r"); len(plain) != 1 || plain[0] != "r.a.b[]" {
		t.Errorf("got %q, want r.a.b[]", plain)
	}
}

// TestAppSettingsOfIdentities checks the app settings for each kind of identity.
func TestAppSettingsOfIdentities(t *testing.T) {
	t.Parallel()
	reference := func(secret string) string {
		return "@Microsoft.KeyVault(SecretUri=https://vault.test/secrets/" + secret + "/1)"
	}
	folder := newProject(t)
	const identity, application = "client-id-of-orders-client-identity", "client-id-of-orders-client-application"
	common := []string{"APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "APPLICATIONINSIGHTS_CONNECTION_STRING", "ORDERS_URL", "ORDERS_SCOPE", "ORDERS_TENANT_ID",
		"ORDERS_AUTHORITY_HOST", "ORDERS_TOKEN_PROVIDERS", "ORDERS_SCHEDULE"}
	for name, want := range map[string]map[string]string{
		"managedIdentity": {"ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity, "AzureServicesAuthConnectionString": "RunAs=App;AppId=" + identity},
		"systemAssigned":  {"AzureServicesAuthConnectionString": "RunAs=App"},
		"clientSecret": {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity,
			"ORDERS_CLIENT_SECRET": reference("orders-client-credential-a"), "AzureServicesAuthConnectionString": reference("orders-client-connection-a")},
		"certificate": {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity,
			"ORDERS_CLIENT_CERTIFICATE": reference("orders-client-credential-a"), "AzureServicesAuthConnectionString": reference("orders-client-connection-a")},
		"certificateBrought": {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity, "ORDERS_CLIENT_CERTIFICATE": reference("orders-client-credential-a")},
		"federated":          {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity},
		"moving":             {"ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity},
		"rotating": {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity,
			"ORDERS_CLIENT_SECRET": reference("orders-client-credential-b")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := deployed(t, signedIn(), configuration(t, "dev", identityStacks(t)[name]), folder)
			got := make(map[string]string)
			settings := m.Find(t, "azure-native:web/v20240401:WebAppApplicationSettings", "orders-client-settings")
			for key, value := range settings.Inputs["properties"].ObjectValue() {
				if !slices.Contains(common, string(key)) && !strings.HasPrefix(string(key), "AzureWebJobsStorage") {
					got[string(key)] = value.StringValue()
				}
			}
			if len(got) != len(want) {
				t.Errorf("got %v, want %v", got, want)
			}
			for key, value := range want {
				if got[key] != value {
					t.Errorf("%s: got %q, want %q", key, got[key], value)
				}
			}
		})
	}
}

// TestKindsOfIdentity: settings and components, which declare them separately, use
// the same names.
func TestKindsOfIdentity(t *testing.T) {
	t.Parallel()
	if !slices.Equal(settings.IdentityKinds, components.IdentityKinds) {
		t.Errorf("got %q in settings, %q in components", settings.IdentityKinds, components.IdentityKinds)
	}
	constants := map[string]string{
		settings.ManagedIdentity: components.ManagedIdentity, settings.SystemAssigned: components.SystemAssigned, settings.Federated: components.Federated,
		settings.Certificate: components.Certificate, settings.ClientSecret: components.ClientSecret, settings.Existing: components.Existing,
	}
	for ours, theirs := range constants {
		if ours != theirs {
			t.Errorf("got %q in settings, %q in components", ours, theirs)
		}
	}
}
