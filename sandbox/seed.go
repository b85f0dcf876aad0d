package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/store"
)

// The Azure roles and the Graph permissions of a deployer.
const (
	contributor        = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	rbacAdministrator  = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
	tenantsSetting     = "tenants"
	controlSetting     = "controlToken"
	passphraseFilename = "passphrase"
)

var deployerPermissions = []string{
	"Application.ReadWrite.OwnedBy",
	"Application.Read.All",
	"AppRoleAssignment.ReadWrite.All",
}

// A Tenant is one Entra tenant of a sandbox, with its subscription and the service
// principal that deploys to both.
type Tenant struct {
	Name           string // contoso, fabrikam
	ID             string
	Domain         string
	SubscriptionID string
	Deployer       entra.Deployer
}

// String shows everything but the deployer's secret.
func (t Tenant) String() string {
	return fmt.Sprintf("%s (tenant %s, subscription %s)", t.Name, t.ID, t.SubscriptionID)
}

// seeds are the tenants of every sandbox. In the first one's subscription the
// usual resource providers are registered; the second one's is new.
var seeds = []struct {
	name       string
	registered []string
}{
	{"contoso", []string{"microsoft.web", "microsoft.app", "microsoft.storage", "microsoft.managedidentity",
		"microsoft.insights", "microsoft.operationalinsights", "microsoft.keyvault"}},
	{"fabrikam", nil},
}

// seed returns the sandbox's tenants, creating them on the first start.
func seed(s *store.Store, tokens *entra.Service) ([]Tenant, error) {
	var tenants []Tenant
	err := s.Update(func(tx *store.Tx) error {
		if known, ok := store.Settings.Get(tx, tenantsSetting); ok {
			err := json.Unmarshal(known, &tenants)
			for _, tenant := range tenants {
				tokens.AddFirstParties(tx, tenant.ID)
			}
			return err
		}
		for _, seed := range seeds {
			tenant, err := createTenant(tx, tokens, seed.name, seed.registered)
			if err != nil {
				return fmt.Errorf("create tenant %q: %w", seed.name, err)
			}
			tenants = append(tenants, tenant)
		}
		kept, err := json.Marshal(tenants)
		if err != nil {
			return err
		}
		store.Settings.Put(tx, tenantsSetting, kept)
		return nil
	})
	return tenants, err
}

func createTenant(tx *store.Tx, tokens *entra.Service, name string, registered []string) (Tenant, error) {
	t := Tenant{Name: name, ID: uuid.NewString(), Domain: name + ".sandbox.test", SubscriptionID: uuid.NewString()}
	if err := tokens.AddTenant(tx, store.Tenant{ID: t.ID, DisplayName: name, Domain: t.Domain}); err != nil {
		return Tenant{}, err
	}
	addSubscription(tx, t, name+" sandbox", registered)
	var err error
	t.Deployer, err = addDeployer(tx, tokens, t, name+" deployer", deployerPermissions, []string{contributor, rbacAdministrator})
	return t, err
}

// addDeployer creates a service principal with these app roles of Microsoft Graph,
// and with these Azure roles, by id, on the tenant's subscription.
func addDeployer(tx *store.Tx, tokens *entra.Service, t Tenant, name string, permissions, roles []string) (entra.Deployer, error) {
	deployer, err := tokens.AddDeployer(tx, t.ID, name, permissions...)
	if err != nil {
		return entra.Deployer{}, err
	}
	scope := "/subscriptions/" + t.SubscriptionID
	for _, role := range roles {
		id := uuid.NewString()
		rbac.Assign(tx, store.RoleAssignment{
			ID:       scope + "/providers/Microsoft.Authorization/roleAssignments/" + id,
			TenantID: t.ID, Name: id, Scope: scope, RoleID: role,
			PrincipalID: deployer.ObjectID, PrincipalType: "ServicePrincipal",
		})
	}
	return deployer, nil
}

// AddDeployer creates another deployer in a tenant, with these app roles of
// Microsoft Graph and these built-in Azure roles, by name, on its subscription,
// and returns the tenant with that deployer's ids and secret.
func (s *Sandbox) AddDeployer(t Tenant, name string, permissions, roles []string) (Tenant, error) {
	var ids []string
	for _, role := range roles {
		known := slices.IndexFunc(rbac.Roles(), func(r rbac.Role) bool { return r.Name == role })
		if known < 0 {
			return Tenant{}, fmt.Errorf("add deployer %q: expected a built-in role that the sandbox knows, got %q", name, role)
		}
		ids = append(ids, rbac.Roles()[known].ID)
	}
	err := s.store.Update(func(tx *store.Tx) (err error) {
		t.Deployer, err = addDeployer(tx, s.entra, t, name, permissions, ids)
		return err
	})
	return t, err
}

// AddSubscription creates another subscription in a tenant, with the usual resource
// providers registered, and returns the tenant with that subscription. Nobody has
// a role on it yet: [Sandbox.AddDeployer] makes somebody who has.
func (s *Sandbox) AddSubscription(t Tenant, name string) (Tenant, error) {
	t.SubscriptionID, t.Deployer = uuid.NewString(), entra.Deployer{}
	err := s.store.Update(func(tx *store.Tx) error {
		addSubscription(tx, t, name, seeds[0].registered)
		return nil
	})
	return t, err
}

// addSubscription creates the subscription of t.
func addSubscription(tx *store.Tx, t Tenant, name string, registered []string) {
	subscription := store.Subscription{ID: t.SubscriptionID, TenantID: t.ID, DisplayName: name, Registered: map[string]bool{
		// Registered in every subscription from the start.
		"microsoft.resources": true, "microsoft.authorization": true,
	}}
	for _, namespace := range registered {
		subscription.Registered[namespace] = true
	}
	store.Subscriptions.Put(tx, t.SubscriptionID, subscription)
}

// remembered returns the setting of that name and creates it on first use.
func remembered(s *store.Store, name string, make func() string) (value string, err error) {
	err = s.Update(func(tx *store.Tx) error {
		if known, ok := store.Settings.Get(tx, name); ok {
			return json.Unmarshal(known, &value)
		}
		value = make()
		kept, err := json.Marshal(value)
		if err != nil {
			return err
		}
		store.Settings.Put(tx, name, kept)
		return nil
	})
	return value, err
}

// newSecret is 32 random bytes in URL-safe text.
func newSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(secret)
}
