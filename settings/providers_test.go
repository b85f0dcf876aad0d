package settings_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"app-to-app/settings"
	"app-to-app/settings/settingstest"
)

// Who is signed in.
const (
	tenantID       = "aaaaaaaa-0000-4000-8000-000000000001"
	subscriptionID = "aaaaaaaa-0000-4000-8000-000000000002"
	callerID       = "aaaaaaaa-0000-4000-8000-000000000003"

	partnerID = "cccccccc-0000-4000-8000-000000000000" // a service principal made elsewhere
)

// today is in the third quarter of a rotation of 90 days.
var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// fakeProviders answer as the real ones do for the caller above.
type fakeProviders struct {
	registration        *settings.Registration // that the tenant has; nil means none
	entraTenant         string                 // "" means tenantID
	entraErr, azureErr  error
	permissions         []string // of the caller, in Microsoft Graph
	askedForPermissions string   // at this address
}

func (f *fakeProviders) EntraLogin() (settings.EntraLogin, error) {
	login := settings.EntraLogin{TenantID: tenantID, ObjectID: callerID}
	if f.entraTenant != "" {
		login.TenantID = f.entraTenant
	}
	return login, f.entraErr
}

func (f *fakeProviders) AzureLogin() (settings.AzureLogin, error) {
	return settings.AzureLogin{TenantID: tenantID, SubscriptionID: subscriptionID}, f.azureErr
}

// ServicePrincipals answers as the azuread provider does: names in any case,
// and an error unless there is exactly one.
func (f *fakeProviders) ServicePrincipals(objectID, displayName string) ([]settings.ServicePrincipal, error) {
	var found []settings.ServicePrincipal
	for _, p := range []settings.ServicePrincipal{
		{ObjectID: partnerID, ClientID: partnerID[:35] + "9", DisplayName: "Partner"},
		{ObjectID: partnerID[:35] + "1", ClientID: partnerID[:35] + "8", DisplayName: "Twin"},
		{ObjectID: partnerID[:35] + "2", ClientID: partnerID[:35] + "7", DisplayName: "twin"},
	} {
		if p.ObjectID == objectID || displayName != "" && strings.EqualFold(p.DisplayName, displayName) {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("expected one service principal, got %d", len(found))
	}
	return found, nil
}

func (f *fakeProviders) Registration(clientID string) (settings.Registration, error) {
	if f.registration == nil || f.registration.ClientID != clientID {
		return settings.Registration{}, fmt.Errorf("expected one object with clientId %q, got 0", clientID)
	}
	return *f.registration, nil
}

func (f *fakeProviders) GraphPermissions(endpoint string) ([]string, error) {
	f.askedForPermissions = endpoint
	return f.permissions, nil
}

// configuration is that of a committed stack with edits.
func configuration(t *testing.T, stack string, edits map[string]string) map[string]string {
	t.Helper()
	return settingstest.Configuration(t, "..", stack, edits)
}

// load loads the settings of a committed stack with edits, in the public cloud.
func load(t *testing.T, stack string, edits map[string]string) (settings.Settings, settings.Problems) {
	t.Helper()
	got, _, problems := settings.Load(t.Context(), configuration(t, stack, edits), today, settings.Sources{
		Providers: &fakeProviders{registration: registration()}, HTTPClient: http.DefaultClient, Secrets: []string{"app-to-app:certificates"}})
	return got, problems
}

// registration is one that was made elsewhere, with nothing wrong.
func registration() *settings.Registration {
	return &settings.Registration{ClientID: registrationID, ObjectID: registrationID[:35] + "b", DisplayName: "Sales", IdentifierURIs: []string{"api://sales"}, TokenVersion: 2,
		ServicePrincipalID: registrationID[:35] + "c", Enabled: true, AssignmentRequired: true,
		Roles: []settings.RegisteredRole{{ID: registrationID[:35] + "d", Value: "Orders.Read", Enabled: true, ForApplications: true}}}
}
