package entra

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

var _ route.Authenticator = (*Service)(nil)

// Authenticate implements [route.Authenticator] for Microsoft's own services:
// one Authorization header (RFC 6750 section 2.1) with a token that a tenant of
// this sandbox signed with a key it still publishes, from that tenant's issuer,
// for one of the audiences, valid now, app-only. A token stays valid when its
// caller is removed, as in Azure.
func (s *Service) Authenticate(r *http.Request, audiences ...string) (route.Caller, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return route.Caller{}, fmt.Errorf("expected one Authorization header, got %d", len(values))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if token = strings.Trim(token, " "); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return route.Caller{}, errors.New("expected an access token of the Bearer scheme in the Authorization header")
	}
	parsed, err := parseJWT(token)
	if err != nil {
		return route.Caller{}, fmt.Errorf("access token: %w", err)
	}
	claims := parsed.claims
	err = s.Store.View(func(tx *store.Tx) error {
		tenant, ok := store.Tenants.Get(tx, tenantKey(claims.TenantID))
		if !ok || uuid.Validate(claims.TenantID) != nil {
			return fmt.Errorf("access token: expected a tenant of this sandbox (claim \"tid\"), got %s", shown(claims.TenantID))
		}
		public, err := s.publicKey(tx, tenant.ID, parsed.header.KeyID)
		if err != nil {
			return fmt.Errorf("access token: %w", err)
		}
		if err := parsed.verify(public, "RS256"); err != nil {
			return fmt.Errorf("access token: %w", err)
		}
		return s.checkClaims(tenant, claims, audiences)
	})
	if err != nil {
		return route.Caller{}, err
	}
	return route.Caller{TenantID: claims.TenantID, ObjectID: claims.ObjectID, ClientID: claims.clientID(), Roles: claims.Roles}, nil
}

// checkClaims checks what a well-signed token says.
func (s *Service) checkClaims(tenant store.Tenant, claims jwtClaims, audiences []string) error {
	issuer := s.issuerV1(tenant.ID)
	if claims.Version == "2.0" {
		issuer = s.issuerV2(tenant.ID)
	}
	switch {
	case claims.Issuer != issuer:
		return fmt.Errorf("access token: issuer: expected %q, got %s", issuer, shown(claims.Issuer))
	case len(claims.Audience) != 1 || !slices.Contains(audiences, claims.Audience[0]):
		return fmt.Errorf("access token: audience: expected one of %q, got %s", audiences, shown(strings.Join(claims.Audience, " ")))
	case claims.DelegatedScope != nil || claims.ObjectID == "" || claims.ObjectID != claims.Subject || claims.clientID() == "":
		return errors.New("access token: expected an app-only token, got another kind")
	}
	if err := claims.validAt(s.Store.Wall()); err != nil {
		return fmt.Errorf("access token: %w", err)
	}
	return nil
}

// clientID is the caller's: claim azp in v2 tokens, appid in v1.
func (c jwtClaims) clientID() string {
	if c.Version == "2.0" {
		return c.ClientV2
	}
	return c.ClientV1
}
