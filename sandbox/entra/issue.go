package entra

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

// How a client authenticated, as in claims azpacr and appidacr
// (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
const (
	provedBySecret    = "1"
	provedByAssertion = "2" // also for managed identities
)

// issuedAgo is how far iat and nbf are in the past, for clients whose clock is
// slow.
const issuedAgo = 5 * time.Minute

// Lifetimes say how long new access tokens are valid. Zero means the default.
type Lifetimes struct {
	AccessToken     time.Duration // of app registrations; 60 minutes by default
	ManagedIdentity time.Duration // 24 hours by default; also in the platform's cache
}

// UnmarshalJSON reads {"accessToken":"65m","managedIdentity":"24h"}.
func (l *Lifetimes) UnmarshalJSON(data []byte) error {
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return fmt.Errorf("lifetimes: expected durations like \"10s\" by name: %w", err)
	}
	for name, text := range texts {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("lifetimes: %s: expected a positive duration like \"10s\", got %q", name, text)
		}
		switch name {
		case "accessToken":
			l.AccessToken = d
		case "managedIdentity":
			l.ManagedIdentity = d
		default:
			return fmt.Errorf("lifetimes: expected accessToken or managedIdentity, got %q", name)
		}
	}
	return nil
}

// SetLifetimes sets the lifetimes of tokens issued from now on.
func (s *Service) SetLifetimes(l Lifetimes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetimes = l
}

// currentLifetimes has the defaults filled in.
func (s *Service) currentLifetimes() Lifetimes {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lifetimes
	if l.AccessToken == 0 {
		l.AccessToken = time.Hour
	}
	if l.ManagedIdentity == 0 {
		l.ManagedIdentity = 24 * time.Hour
	}
	return l
}

// A grant is a token that may be issued.
type grant struct {
	tenantID string
	client   store.ServicePrincipal
	resource resource
	roles    []string
	proof    string // provedBySecret or provedByAssertion
	key      store.SigningKey

	requestID string // that got it; see tokenID
}

// grantTo decides whether the client gets a token for the resource of that
// name. The client is already authenticated.
func (s *Service) grantTo(tx *store.Tx, client store.ServicePrincipal, resourceName, proof string) (grant, error) {
	found, err := s.findResource(tx, client.TenantID, resourceName)
	if err != nil {
		return grant{}, err
	}
	roles, assigned := s.rolesOf(tx, client, found.principal)
	if found.principal.AppRoleAssignmentRequired && !assigned {
		// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
		return grant{}, refuse(501051, "application %q (%s) holds no app role of application %q (%s), which requires an assignment: assign one of its app roles to service principal %q",
			client.ClientID, client.DisplayName, found.principal.ClientID, found.principal.DisplayName, client.ObjectID)
	}
	key, err := activeKey(tx, client.TenantID)
	if err != nil {
		return grant{}, err
	}
	return grant{tenantID: client.TenantID, client: client, resource: found, roles: roles, proof: proof, key: key}, nil
}

// issue signs the token of a grant.
func (s *Service) issue(g grant, lifetime time.Duration) (string, error) {
	private, err := s.privateKey(g.key)
	if err != nil {
		return "", err
	}
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": g.key.KeyID}
	if g.resource.version == 1 {
		header["x5t"] = g.key.KeyID
	}
	token, err := signJWT(private, header, s.claims(g, lifetime))
	s.Store.Issue(store.AccessToken, token)
	return token, err
}

// claims are those of an app-only access token
// (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
func (s *Service) claims(g grant, lifetime time.Duration) map[string]any {
	now := s.Store.Wall()
	issued := now.Add(-issuedAgo).Unix()
	claims := map[string]any{
		"aud": g.resource.audience(),
		"iat": issued,
		"nbf": issued,
		"exp": now.Add(lifetime).Unix(),
		"oid": g.client.ObjectID,
		"sub": g.client.ObjectID, // an app-only token has no other subject
		"tid": g.tenantID,
		// Only Entra can read these.
		"aio": opaque(36),
		"rh":  "1." + opaque(24) + ".",
		"uti": tokenID(g.requestID),
	}
	if g.resource.version == 2 {
		claims["ver"] = "2.0"
		claims["iss"] = s.issuerV2(g.tenantID)
		claims["azp"] = g.client.ClientID
		claims["azpacr"] = g.proof
		claims["xms_ftd"] = opaque(32) // only Entra can read it
	} else {
		claims["ver"] = "1.0"
		claims["iss"] = s.issuerV1(g.tenantID)
		claims["idp"] = s.issuerV1(g.tenantID)
		claims["appid"] = g.client.ClientID
		claims["appidacr"] = g.proof
	}
	if len(g.roles) > 0 { // without a role the claim is absent, not empty
		claims["roles"] = g.roles
	}
	if g.resource.principal.ClientID == graphID {
		claims["app_displayname"] = g.client.DisplayName // clients of Graph read it
	}
	if g.resource.idtyp {
		claims["idtyp"] = "app"
	}
	if g.client.ManagedIdentityID != "" {
		claims["xms_mirid"] = g.client.ManagedIdentityID
	}
	return claims
}

func (s *Service) issuerV2(tenantID string) string { return s.BaseURL + "/" + tenantID + "/v2.0" }

// issuerV1 is https://sts.windows.net/TENANT/ in Azure. On purpose it is on the
// sandbox's own host.
func (s *Service) issuerV1(tenantID string) string { return s.BaseURL + "/" + tenantID + "/" }

func opaque(size int) string {
	data := make([]byte, size)
	rand.Read(data) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(data)
}

// ManagedIdentityToken returns a managed identity's access token for a
// resource, which is named without /.default. Like the platform it returns
// the same token until it expires, whatever is assigned or removed meanwhile
// (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq).
// A refusal is an [*Error].
func (s *Service) ManagedIdentityToken(tenantID, principalID, resource string) (store.CachedToken, error) {
	return s.ManagedIdentityTokenFor(uuid.NewString(), tenantID, principalID, resource)
}

// ManagedIdentityTokenFor is [Service.ManagedIdentityToken] with the correlation
// id for the sign-in log.
func (s *Service) ManagedIdentityTokenFor(correlationID, tenantID, principalID, resource string) (store.CachedToken, error) {
	key := store.TenantKey(tenantID, principalID+"/"+resource)
	var cached store.CachedToken
	var allowed grant
	var identity store.ServicePrincipal // that asks Entra, because nothing is cached
	err := s.Store.View(func(tx *store.Tx) error {
		found, ok := store.LiveServicePrincipal(tx, tenantID, principalID)
		if !ok || found.Type != store.ServicePrincipalManagedIdentity {
			return refuse(700016, "no managed identity with object id %q in tenant %q", principalID, tenantID)
		}
		if kept, ok := store.IdentityTokens.Get(tx, key); ok && s.Store.Now().Before(kept.ExpiresAt) {
			cached = kept
			return nil
		}
		identity = found
		if !identity.AccountEnabled {
			return refuse(7000112, "application %q is disabled", identity.ClientID)
		}
		var err error
		allowed, err = s.grantTo(tx, identity, resource, provedByAssertion)
		return err
	})
	if cached.AccessToken != "" || identity.ObjectID == "" {
		return cached, unwrapRefusal(err)
	}
	allowed.requestID = uuid.NewString()
	if lost := s.rememberIdentity(identity, allowed.requestID, correlationID, resource, err); err == nil {
		err = lost
	}
	if err != nil {
		return store.CachedToken{}, unwrapRefusal(err)
	}
	return s.cacheToken(key, allowed)
}

// cacheToken issues a managed identity's token and stores it, unless another
// request did so first.
func (s *Service) cacheToken(key string, allowed grant) (store.CachedToken, error) {
	lifetime := s.currentLifetimes().ManagedIdentity
	token, err := s.issue(allowed, lifetime)
	if err != nil {
		return store.CachedToken{}, err
	}
	now := s.Store.Now()
	fresh := store.CachedToken{AccessToken: token, IssuedAt: now, ExpiresAt: now.Add(lifetime)}
	err = s.Store.Update(func(tx *store.Tx) error {
		if kept, ok := store.IdentityTokens.Get(tx, key); ok && now.Before(kept.ExpiresAt) {
			fresh = kept
			return nil
		}
		store.IdentityTokens.Put(tx, key, fresh)
		return nil
	})
	return fresh, err
}

// unwrapRefusal unwraps the refusal in a transaction's error, for callers that
// use a type assertion.
func unwrapRefusal(err error) error {
	var refused *Error
	if errors.As(err, &refused) {
		return refused
	}
	return err
}
