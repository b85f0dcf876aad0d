package entra

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

// Client ids of Microsoft's own services, the same in every tenant
// (https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in).
const (
	graphID   = "00000003-0000-0000-c000-000000000000"
	armID     = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
	storageID = "e406a681-f3d4-42a8-90b6-c2b029497af1"
	vaultID   = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
	// exchangeID is what a managed identity asks a token for, to use it as a
	// federated assertion; exchangeURI is its name in the public cloud.
	exchangeID  = "fb60f99c-7a34-4190-8149-302f77469936"
	exchangeURI = "api://AzureADTokenExchange"

	// microsoftServices is the tenant that owns these services.
	microsoftServices = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
)

// graphRoles are the app roles of Microsoft Graph that the sandbox knows
// (https://learn.microsoft.com/graph/permissions-reference).
var graphRoles = []struct{ id, value, name string }{
	{"18a4783c-866b-4cc7-a460-3d5e5662c884", "Application.ReadWrite.OwnedBy", "Manage apps that this app creates or owns"},
	{"9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "Application.Read.All", "Read all applications"},
	{"06b708a9-e830-4db3-a914-8e69da51d44f", "AppRoleAssignment.ReadWrite.All", "Manage app role assignments"},
	{"1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "Application.ReadWrite.All", "Read and write all applications"},
	{"7ab1d382-f21e-4acd-a863-ba3e13f7da61", "Directory.Read.All", "Read directory data"},
	{"b0afded3-3588-46d8-8b3d-9842eff778da", "AuditLog.Read.All", "Read all audit log data"},
	{"19dbc75e-c2e2-444c-a770-ec69d8559fc7", "Directory.ReadWrite.All", "Read and write directory data"},
	{"246dd0d5-5bd0-4def-940b-0421030a5b68", "Policy.Read.All", "Read your organization's policies"},
	{"be74164b-cff1-491c-8741-e671cb536e13", "Policy.ReadWrite.ApplicationConfiguration", "Read and write your organization's application configuration policies"},
}

// firstParties are the service principals that every tenant starts with.
func (s *Service) firstParties() []store.ServicePrincipal {
	var roles []store.AppRole
	for _, role := range graphRoles {
		roles = append(roles, store.AppRole{
			ID: role.id, AllowedMemberTypes: []string{"Application"}, IsEnabled: true,
			DisplayName: role.name, Description: role.name, Value: role.value, Origin: "Application",
		})
	}
	return []store.ServicePrincipal{
		{ClientID: graphID, DisplayName: "Microsoft Graph", AppRoles: roles, ServicePrincipalNames: []string{
			graphID, s.GraphURL, s.GraphURL + "/", "https://graph.microsoft.com", "https://graph.microsoft.com/"}},
		{ClientID: armID, DisplayName: "Azure Resource Manager", ServicePrincipalNames: []string{
			armID, s.ResourceManagerURL, s.ResourceManagerURL + "/", "https://management.core.windows.net", "https://management.core.windows.net/",
			"https://management.azure.com", "https://management.azure.com/"}},
		{ClientID: storageID, DisplayName: "Azure Storage", ServicePrincipalNames: []string{
			storageID, "https://storage.azure.com", "https://storage.azure.com/"}},
		{ClientID: vaultID, DisplayName: "Azure Key Vault", ServicePrincipalNames: []string{
			vaultID, "https://vault.azure.net", "https://vault.azure.net/"}},
		{ClientID: exchangeID, DisplayName: "AAD Token Exchange Endpoint: Public", ServicePrincipalNames: []string{
			exchangeID, exchangeURI}},
	}
}

// AddTenant stores a tenant with its signing key and the service principals of
// Microsoft's own services.
func (s *Service) AddTenant(tx *store.Tx, t store.Tenant) error {
	if _, err := uuid.Parse(t.ID); err != nil {
		return fmt.Errorf("add tenant: expected a GUID as id, got %q", t.ID)
	}
	if _, taken := store.Tenants.Get(tx, tenantKey(t.ID)); taken {
		return fmt.Errorf("add tenant %q: there is one with that id", t.ID)
	}
	key, err := s.newSigningKey(t.ID)
	if err != nil {
		return fmt.Errorf("add tenant %q: %w", t.ID, err)
	}
	store.Tenants.Put(tx, tenantKey(t.ID), t)
	store.SigningKeys.Put(tx, signingKeyKey(t.ID, key.KeyID), key)
	s.AddFirstParties(tx, t.ID)
	return nil
}

// AddFirstParties stores the service principals of Microsoft's own services that
// the tenant lacks, because an older version of the sandbox created it.
func (s *Service) AddFirstParties(tx *store.Tx, tenantID string) {
	for _, sp := range s.firstParties() {
		if _, known := store.ServicePrincipalByClientID(tx, tenantID, sp.ClientID); known {
			continue
		}
		sp.TenantID, sp.ObjectID = tenantID, uuid.NewString()
		sp.Type, sp.FirstParty = store.ServicePrincipalApplication, true
		sp.CreatedAt, sp.AccountEnabled = s.Store.Now(), true
		sp.AppOwnerTenantID = microsoftServices
		store.ServicePrincipals.Put(tx, store.TenantKey(tenantID, sp.ObjectID), sp)
	}
}

// A Deployer is a service principal that may deploy to a tenant.
type Deployer struct {
	TenantID string
	ClientID string
	ObjectID string // of the service principal
	Secret   string
}

// String shows everything but the secret.
func (d Deployer) String() string {
	return fmt.Sprintf("%s (tenant %s, object %s)", d.ClientID, d.TenantID, d.ObjectID)
}

// AddDeployer stores an app registration with a client secret, its service
// principal, and the assignments of the app roles of Microsoft Graph named.
func (s *Service) AddDeployer(tx *store.Tx, tenantID, displayName string, graphRoles ...string) (Deployer, error) {
	graph, ok := store.ServicePrincipalByClientID(tx, tenantID, graphID)
	if !ok {
		return Deployer{}, fmt.Errorf("add deployer to %q: %w", tenantID, errNoTenant)
	}
	d := Deployer{TenantID: tenantID, ClientID: uuid.NewString(), ObjectID: uuid.NewString(), Secret: newSecret()}
	tx.Issue(store.ClientSecret, d.Secret)
	now := s.Store.Now()
	hash := sha256.Sum256([]byte(d.Secret))
	app := store.Application{
		TenantID: tenantID, ObjectID: uuid.NewString(), ClientID: d.ClientID, CreatedAt: now,
		DisplayName: displayName, SignInAudience: "AzureADMyOrg",
		PasswordCredentials: []store.PasswordCredential{{
			KeyID: uuid.NewString(), DisplayName: "sandbox", Hint: d.Secret[:3], SecretHash: hash[:],
			Start: now, End: now.AddDate(2, 0, 0), // Graph's default for a new secret
		}},
	}
	store.Applications.Put(tx, store.TenantKey(tenantID, app.ObjectID), app)
	store.ServicePrincipals.Put(tx, store.TenantKey(tenantID, d.ObjectID), store.ServicePrincipal{
		TenantID: tenantID, ObjectID: d.ObjectID, ClientID: d.ClientID, Type: store.ServicePrincipalApplication,
		CreatedAt: now, DisplayName: displayName, AccountEnabled: true, AppOwnerTenantID: tenantID,
	})
	for _, value := range graphRoles {
		role, ok := roleByValue(graph.AppRoles, value)
		if !ok {
			return Deployer{}, fmt.Errorf("add deployer: expected an app role of Microsoft Graph that the sandbox knows, got %q", value)
		}
		id := newAssignmentID()
		store.AppRoleAssignments.Put(tx, store.TenantKey(tenantID, id), store.AppRoleAssignment{
			TenantID: tenantID, ID: id, AppRoleID: role.ID, PrincipalID: d.ObjectID, ResourceID: graph.ObjectID, CreatedAt: now,
		})
	}
	return d, nil
}

func roleByValue(roles []store.AppRole, value string) (store.AppRole, bool) {
	for _, role := range roles {
		if role.Value == value {
			return role, true
		}
	}
	return store.AppRole{}, false
}

// newSecret is 40 characters, as long as Entra's.
func newSecret() string {
	secret := make([]byte, 30)
	rand.Read(secret) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(secret)
}

// newAssignmentID is 32 bytes in URL-safe text, like Graph's own.
func newAssignmentID() string {
	id := make([]byte, 32)
	rand.Read(id) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(id)
}

// tenantKey is the key of a tenant in [store.Tenants].
func tenantKey(tenantID string) string { return strings.ToLower(tenantID) }

// tenantOf finds the tenant that a path names by id or domain.
func tenantOf(tx *store.Tx, named string) (store.Tenant, error) {
	if _, err := uuid.Parse(named); err == nil && len(named) == 36 {
		if t, ok := store.Tenants.Get(tx, tenantKey(named)); ok {
			return t, nil
		}
		return store.Tenant{}, refuse(90002, "tenant %q not found: expected the id or domain of a tenant of this cloud", named)
	}
	for _, t := range store.Tenants.All(tx, "") {
		if t.Domain != "" && strings.EqualFold(t.Domain, named) {
			return t, nil
		}
	}
	if strings.Contains(named, ".") {
		return store.Tenant{}, refuse(90002, "tenant %s not found: expected the id or domain of a tenant of this cloud", shown(named))
	}
	return store.Tenant{}, refuse(900023, "tenant %s is neither a GUID nor a domain name", shown(named))
}
