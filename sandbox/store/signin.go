package store

import (
	"fmt"
	"math"
	"time"
)

// This file has what Entra remembers of token requests: the sign-in log, and the
// last use of clients and credentials. Names are those of Graph's beta signIn
// (https://learn.microsoft.com/graph/api/resources/signin).

// SignInRetention is how long the sign-in log is kept with a licence of P1 or P2
// (https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention).
const SignInRetention = 30 * 24 * time.Hour

// The kinds of sign-ins here: there are no users.
const (
	SignInServicePrincipal = "servicePrincipal"
	SignInManagedIdentity  = "managedIdentity"
)

// A SignIn is one request for a token, whether it was answered or refused.
type SignIn struct {
	TenantID      string
	ID            string // of the request: x-ms-request-id, and trace_id of a refusal
	At            time.Time
	Kind          string // SignInServicePrincipal or SignInManagedIdentity
	CorrelationID string // the client's, if it sent one
	TokenID       string // claim uti of the token

	ClientID           string // as the request named it; the others are empty when there is no such client
	ServicePrincipalID string
	ServicePrincipal   string // its display name
	ManagedIdentityID  string // ARM id of the identity, or of the resource whose own identity it is

	ResourceID          string // client id of what the token is for; empty when there is none of that name
	ResourcePrincipalID string
	Resource            string // its display name

	Credential Credential
	Code       int    // of AADSTS; 0 for a token
	Reason     string // of a refusal
	IPAddress  string
	UserAgent  string
}

// A Credential is what a client signed in with.
type Credential struct {
	Kind       string // clientSecret, certificate, federatedIdentityCredential, managedIdentity; empty when it has not proved anything
	ID         string // key id, or the id of the federated identity credential
	Thumbprint string // of a certificate
	Principal  bool   // it belongs to the service principal, not to the application
}

// SignIns have the newest first: their keys are TENANT/TIME/ID, with a time that
// counts down.
var SignIns = collection[SignIn]("signIns")

// A LastUse is when a client was last given a token, when one was last given for a
// resource, or when a credential last proved its client. It outlives the log.
type LastUse struct {
	TenantID     string
	ClientID     string
	ResourceID   string // of a credential: what the last token was for
	CredentialID string // "" for a client
	RequestID    string
	At           time.Time
}

// LastUses are keyed TENANT/CLIENT/client, TENANT/CLIENT/resource and
// TENANT/CLIENT/key/KEY-ID.
var LastUses = collection[LastUse]("lastUses")

// KeepSignIn adds to the log, and removes what is too old from it.
func KeepSignIn(tx *Tx, s SignIn) {
	SignIns.Put(tx, signInKey(s.TenantID, s.At, s.ID), s)
	SignIns.deleteFrom(tx, TenantKey(s.TenantID, ""), signInKey(s.TenantID, s.At.Add(-SignInRetention), ""))
	// Whether the real report also has managed identities is not documented. Here
	// it has none: their sign-ins are in the log alone.
	if s.Code != 0 || s.Kind == SignInManagedIdentity {
		return
	}
	used := LastUse{TenantID: s.TenantID, ClientID: s.ClientID, ResourceID: s.ResourceID, RequestID: s.ID, At: s.At}
	LastUses.Put(tx, TenantKey(s.TenantID, s.ClientID)+"/client", used)
	if s.Credential.ID != "" && s.Credential.Kind != FederatedCredentialKind {
		used.CredentialID = s.Credential.ID
		LastUses.Put(tx, TenantKey(s.TenantID, s.ClientID+"/key/"+s.Credential.ID), used)
	}
	used = LastUse{TenantID: s.TenantID, ClientID: s.ResourceID, RequestID: s.ID, At: s.At}
	LastUses.Put(tx, TenantKey(s.TenantID, s.ResourceID)+"/resource", used)
}

// The kinds of credentials, as clientCredentialType names them.
const (
	SecretCredentialKind    = "clientSecret"
	CertificateKind         = "certificate"
	FederatedCredentialKind = "federatedIdentityCredential"
	ManagedIdentityKind     = "managedIdentity"
)

func signInKey(tenantID string, at time.Time, id string) string {
	return TenantKey(tenantID, fmt.Sprintf("%019d/%s", math.MaxInt64-at.UnixNano(), id))
}
