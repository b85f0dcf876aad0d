package store

import (
	"strings"
	"time"
)

// This file has the state of Entra and Graph: tenants and the objects in them. Field names are Graph's where Graph has one. The rules are: an object
// id and a client id are never the same value; deleting an application or a
// service principal sets DeletedAt (the recycle bin), and every reader must
// look at it; secrets are kept as hashes.

// A Tenant is one Microsoft Entra tenant.
type Tenant struct {
	ID          string
	DisplayName string
	Domain      string // verified, for example contoso.sandbox.test
	// NoPremium says that the tenant has no licence of P1 or P2, without which
	// Graph does not show sign-ins.
	NoPremium bool
}

// A SigningKey signs the access tokens of one tenant.
type SigningKey struct {
	TenantID    string
	KeyID       string
	PKCS8       []byte // private key, DER
	Certificate []byte // self-signed, DER; published as x5c
	Active      bool   // signs new tokens; others are only published
	CreatedAt   time.Time
	RetiredAt   time.Time // when another key took over; zero while Active
}

// An Application is an app registration.
type Application struct {
	TenantID  string
	ObjectID  string
	ClientID  string // Graph's appId
	CreatedBy string // object id of the caller
	CreatedAt time.Time
	DeletedAt *time.Time

	DisplayName                 string
	SignInAudience              string // AzureADMyOrg, …
	IdentifierURIs              []string
	RequestedAccessTokenVersion int // 0 (unset) and 1 mean v1 tokens, 2 means v2
	AppRoles                    []AppRole
	AccessTokenClaims           []string // names of optional claims, for example idtyp
	PasswordCredentials         []PasswordCredential
	KeyCredentials              []KeyCredential
	FederatedCredentials        []FederatedIdentityCredential
	Owners                      []string // object ids
	Tags                        []string

	// Other holds the remaining properties, as Graph shows them, by name.
	Other map[string]any
}

// An AppRole is a right that an application defines for its callers.
type AppRole struct {
	ID                 string   `json:"id"`
	AllowedMemberTypes []string `json:"allowedMemberTypes"`
	Description        string   `json:"description"`
	DisplayName        string   `json:"displayName"`
	IsEnabled          bool     `json:"isEnabled"`
	Origin             string   `json:"origin,omitempty"`
	Value              string   `json:"value"`
}

// A PasswordCredential is a client secret. Only its hash is kept.
type PasswordCredential struct {
	KeyID       string
	DisplayName string
	Hint        string // the first three characters
	SecretHash  []byte // SHA-256 of the secret
	Start, End  time.Time
}

// A KeyCredential is a certificate that may sign client assertions.
type KeyCredential struct {
	KeyID               string
	DisplayName         string
	Type                string // AsymmetricX509Cert
	Usage               string // Verify
	Certificate         []byte // DER
	CustomKeyIdentifier string // SHA-1 thumbprint, base64
	Start, End          time.Time
}

// A FederatedIdentityCredential lets the application authenticate with a token
// of another issuer.
type FederatedIdentityCredential struct {
	ID          string
	Name        string
	Issuer      string
	Subject     string
	Audiences   []string
	Description string
}

// Types of service principal.
const (
	ServicePrincipalApplication     = "Application"
	ServicePrincipalManagedIdentity = "ManagedIdentity"
)

// A ServicePrincipal is an identity in a tenant: that of an app registration,
// of a managed identity, or of one of Microsoft's own services.
type ServicePrincipal struct {
	TenantID  string
	ObjectID  string
	ClientID  string // Graph's appId
	Type      string
	CreatedBy string // object id of the caller
	CreatedAt time.Time
	DeletedAt *time.Time

	DisplayName               string
	AccountEnabled            bool
	AppRoleAssignmentRequired bool
	AppOwnerTenantID          string
	PasswordCredentials       []PasswordCredential // its own, beside its application's
	Owners                    []string             // object ids
	Tags                      []string

	// FirstParty marks Microsoft's own services (Graph, ARM, Storage), whose
	// application is not in the tenant: their roles and names are here.
	FirstParty            bool
	AppRoles              []AppRole
	ServicePrincipalNames []string

	// ManagedIdentityID is the ARM id of the managed identity, or of the
	// resource whose system-assigned identity this is.
	ManagedIdentityID string

	// Other holds the remaining properties, as Graph shows them, by name.
	Other map[string]any
}

// An AppRoleAssignment says that a principal holds an app role of a resource.
type AppRoleAssignment struct {
	TenantID    string
	ID          string
	AppRoleID   string
	PrincipalID string // service principal's object id
	ResourceID  string // service principal's object id
	CreatedBy   string
	CreatedAt   time.Time
}

// Collections of the directory. Keys are lower case: TENANT for Tenants,
// TENANT/KEY-ID for SigningKeys (key ids keep their case), else
// TENANT/OBJECT-ID; see [TenantKey].
var (
	Tenants            = collection[Tenant]("tenants")
	SigningKeys        = collection[SigningKey]("signingKeys")
	Applications       = collection[Application]("applications")
	ServicePrincipals  = collection[ServicePrincipal]("servicePrincipals")
	AppRoleAssignments = collection[AppRoleAssignment]("appRoleAssignments")
)

// TenantKey is the key of an object in a tenant; an empty id gives the prefix
// of all the tenant's objects.
func TenantKey(tenantID, id string) string {
	return strings.ToLower(tenantID) + "/" + strings.ToLower(id)
}

// ApplicationByClientID returns the live application with that client id.
func ApplicationByClientID(tx *Tx, tenantID, clientID string) (Application, bool) {
	for _, app := range Applications.Holding(tx, TenantKey(tenantID, ""), clientID) {
		if app.DeletedAt == nil && strings.EqualFold(app.ClientID, clientID) {
			return app, true
		}
	}
	return Application{}, false
}

// ServicePrincipalByClientID returns the live service principal with that
// client id.
func ServicePrincipalByClientID(tx *Tx, tenantID, clientID string) (ServicePrincipal, bool) {
	for _, sp := range ServicePrincipals.Holding(tx, TenantKey(tenantID, ""), clientID) {
		if sp.DeletedAt == nil && strings.EqualFold(sp.ClientID, clientID) {
			return sp, true
		}
	}
	return ServicePrincipal{}, false
}

// LiveServicePrincipal returns the service principal unless it is deleted.
func LiveServicePrincipal(tx *Tx, tenantID, objectID string) (ServicePrincipal, bool) {
	sp, ok := ServicePrincipals.Get(tx, TenantKey(tenantID, objectID))
	return sp, ok && sp.DeletedAt == nil
}

// RolesOf returns the app roles that a service principal defines: its
// application's, or its own when it is one of Microsoft's services.
func RolesOf(tx *Tx, sp ServicePrincipal) []AppRole {
	if sp.FirstParty {
		return sp.AppRoles
	}
	app, _ := ApplicationByClientID(tx, sp.TenantID, sp.ClientID)
	return app.AppRoles
}

// AddManagedIdentity stores the service principal of a new managed identity.
// Both ids are the caller's to choose and must differ.
func AddManagedIdentity(tx *Tx, sp ServicePrincipal) {
	sp.Type = ServicePrincipalManagedIdentity
	sp.AccountEnabled = true
	sp.AppOwnerTenantID = ""
	ServicePrincipals.Put(tx, TenantKey(sp.TenantID, sp.ObjectID), sp)
	Born(tx, sp.CreatedAt, sp.TenantID, sp.ObjectID)
}

// RemovePrincipal deletes a managed identity's service principal and its app role
// assignments. Unlike an application's, it does not go to the
// recycle bin.
func RemovePrincipal(tx *Tx, tenantID, objectID string) {
	RemoveAssignments(tx, tenantID, objectID)
	ServicePrincipals.Delete(tx, TenantKey(tenantID, objectID))
}

// RemoveAssignments deletes the app role assignments that a service principal
// holds and those that others hold on it.
func RemoveAssignments(tx *Tx, tenantID, objectID string) {
	var gone []string
	for key, a := range AppRoleAssignments.Holding(tx, TenantKey(tenantID, ""), objectID) {
		if strings.EqualFold(a.PrincipalID, objectID) || strings.EqualFold(a.ResourceID, objectID) {
			gone = append(gone, key)
		}
	}
	for _, key := range gone {
		AppRoleAssignments.Delete(tx, key)
	}
}
