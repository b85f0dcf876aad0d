package store

import "time"

// An AppManagementPolicy limits the credentials that applications and service
// principals may be given. Each tenant has a default one; another one can be
// assigned to an object.
type AppManagementPolicy struct {
	TenantID    string
	ID          string // [DefaultPolicyID] for the tenant's default
	DisplayName string
	Description string
	IsEnabled   bool
	// Restrictions of applications, and of service principals. Only the default
	// policy has different ones.
	Application, ServicePrincipal []CredentialRestriction
	AppliesTo                     []string // object ids; of the default policy, none: it applies to all
}

// DefaultPolicyID is the id of every tenant's default policy.
const DefaultPolicyID = "00000000-0000-0000-0000-000000000000"

// A CredentialRestriction is one rule of a policy.
type CredentialRestriction struct {
	Type        string // passwordAddition, asymmetricKeyLifetime, …
	Enabled     bool
	MaxLifetime string     // ISO 8601, "" for none
	AppsAfter   *time.Time // applies to objects created at or after it; nil: to all
	Authorities []string   // ids of trusted certificate authorities
}

// AppManagementPolicies are keyed TENANT/ID.
var AppManagementPolicies = collection[AppManagementPolicy]("appManagementPolicies")
