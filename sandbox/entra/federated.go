package entra

import (
	"context"
	"crypto/rsa"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// This file checks federated assertions: tokens of another issuer with which a
// client authenticates
// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
// The rules are: issuer, subject and audience must match one federated identity
// credential exactly, including case, before the issuer's keys are fetched; of
// the sandbox's own tokens, only those of a user-assigned managed identity in
// the same tenant are accepted.

func (s *Service) checkFederated(ctx context.Context, known registeredClient, assertion parsedJWT, used *store.Credential) error {
	own := assertion.claims.Issuer == s.issuerV2(known.tenant.ID)
	if !own && strings.HasPrefix(assertion.claims.Issuer, s.BaseURL+"/") {
		return refuse(700236, "tokens issued by %s cannot be federated assertions in tenant %q: expected a managed identity of the same tenant", shown(assertion.claims.Issuer), known.tenant.ID)
	}
	matched, err := matchFederated(known.app, assertion.claims, own)
	if err != nil {
		return err
	}
	*used = store.Credential{Kind: store.FederatedCredentialKind, ID: matched.ID}
	public, err := s.federatedKey(ctx, known.tenant.ID, assertion, own)
	if err != nil {
		return err
	}
	if err := assertion.verify(public, "RS256"); err != nil {
		return refuse(700027, "the federated assertion failed signature validation: %v", err)
	}
	if err := assertion.claims.validAt(s.Store.Wall()); err != nil {
		return refuse(700024, "the federated assertion is not within its valid time range: %v", err)
	}
	if !own {
		return nil
	}
	claims := assertion.claims
	if claims.DelegatedScope != nil || claims.ObjectID != claims.Subject {
		return refuse(700229, "expected an app-only token as federated assertion, got a user's")
	}
	if !strings.Contains(strings.ToLower(claims.ManagedIdentityID), "/userassignedidentities/") {
		return refuse(700226, "expected the token of a user-assigned managed identity as federated assertion, got that of application %s", shown(claims.ClientV2))
	}
	return nil
}

// matchFederated returns the client's federated identity credential that matches
// the assertion, or an error for the first claim that none of them matches.
func matchFederated(app store.Application, claims jwtClaims, own bool) (store.FederatedIdentityCredential, error) {
	type credential = store.FederatedIdentityCredential
	left := slices.Clone(app.FederatedCredentials)
	if len(left) == 0 {
		return credential{}, refuse(70021, "application %s has no federated identity credential for an assertion of issuer %s and subject %s", shown(app.ClientID), shown(claims.Issuer), shown(claims.Subject))
	}
	left = slices.DeleteFunc(left, func(c credential) bool { return c.Issuer != claims.Issuer })
	if len(left) == 0 {
		return credential{}, refuse(700211, "no federated identity credential of application %s has the assertion's issuer %s", shown(app.ClientID), shown(claims.Issuer))
	}
	left = slices.DeleteFunc(left, func(c credential) bool { return c.Subject != claims.Subject })
	if len(left) == 0 {
		return credential{}, refuse(700213, "no federated identity credential of application %s has the assertion's subject %s", shown(app.ClientID), shown(claims.Subject))
	}
	audiences := slices.Clone(claims.Audience)
	if own && slices.Contains(audiences, exchangeID) {
		// The credential has the URI of the exchange resource, the token its
		// client id.
		audiences = append(audiences, exchangeURI)
	}
	for _, c := range left {
		for _, wanted := range c.Audiences {
			if slices.Contains(audiences, wanted) {
				return c, nil
			}
		}
	}
	return credential{}, refuse(700212, "no federated identity credential of application %s has the assertion's audience %s", shown(app.ClientID), shown(strings.Join(claims.Audience, " ")))
}

// federatedKey returns the key that the assertion says it was signed with.
func (s *Service) federatedKey(ctx context.Context, tenantID string, assertion parsedJWT, own bool) (*rsa.PublicKey, error) {
	if !own {
		return s.outsideKey(ctx, assertion.claims.Issuer, assertion.header.KeyID)
	}
	var public *rsa.PublicKey
	err := s.Store.View(func(tx *store.Tx) (err error) {
		public, err = s.publicKey(tx, tenantID, assertion.header.KeyID)
		return err
	})
	if err != nil {
		return nil, refuse(700027, "the federated assertion failed signature validation: %v", err)
	}
	return public, nil
}
