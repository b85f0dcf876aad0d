package main

import (
	"slices"
	"strings"
	"testing"

	"app-to-app/components"
	"app-to-app/settings"
)

// TestRefusedSettingsRegisterNothing: the problems are told before anything is
// registered.
func TestRefusedSettingsRegisterNothing(t *testing.T) {
	t.Parallel()
	m := signedIn()
	config := configuration(t, "dev", map[string]string{"app-to-app:tenent": "x", "azure-native:location": ""})
	err := m.Run(config, programOf(t, config, ".").deploy)
	for _, want := range []string{`settings of stack "dev": 2 problems, nothing was changed`, "app-to-app:tenent: ", "azure-native:location: missing; every resource is created there; fix: pulumi config set azure-native:location westeurope"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if got := m.Resources(); len(got) > 0 {
		t.Errorf("expected nothing to be registered, got %v", got)
	}
}

// TestKindsOfIdentity: settings and components name them alike, and neither
// imports the other.
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
