package entra

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

// A registeredClient is a client as the tenant knows it.
type registeredClient struct {
	tenant    store.Tenant
	app       store.Application // empty for a managed identity, which has no credentials
	principal store.ServicePrincipal
}

// findClient returns the client with that id in the tenant named, as the token
// endpoint's copy of the directory has it ([route.Lag]).
func (s *Service) findClient(tx *store.Tx, tenantNamed, clientID string) (registeredClient, error) {
	tenant, err := tenantOf(tx, tenantNamed)
	if err != nil {
		return registeredClient{}, err
	}
	known := registeredClient{tenant: tenant}
	var registered, present bool
	known.app, registered = store.ApplicationByClientID(tx, tenant.ID, clientID)
	known.principal, present = store.ServicePrincipalByClientID(tx, tenant.ID, clientID)
	lag, now := s.Weather.Lag(), s.Store.Now()
	if registered && store.Fresh(tx, now, lag.TokenClient, tenant.ID, known.app.ObjectID) {
		registered, present = false, false
	}
	present = present && !store.Fresh(tx, now, lag.TokenClient, tenant.ID, known.principal.ObjectID)
	fresh := func(lag time.Duration, holder, id string) bool {
		return store.Fresh(tx, now, lag, tenant.ID, holder+"/"+id)
	}
	known.app.PasswordCredentials = slices.DeleteFunc(known.app.PasswordCredentials, func(c store.PasswordCredential) bool {
		return fresh(lag.TokenSecret, known.app.ObjectID, c.KeyID)
	})
	known.principal.PasswordCredentials = slices.DeleteFunc(known.principal.PasswordCredentials, func(c store.PasswordCredential) bool {
		return fresh(lag.TokenSecret, known.principal.ObjectID, c.KeyID)
	})
	known.app.FederatedCredentials = slices.DeleteFunc(known.app.FederatedCredentials, func(c store.FederatedIdentityCredential) bool {
		return fresh(lag.TokenFederated, known.app.ObjectID, c.ID)
	})
	switch {
	case clientID == uuid.Nil.String(): // captured for this id; other ids get 700016
		return known, refuse(700038, "%s is not an application identifier: expected the client id of an app registration", clientID)
	case !registered && !present:
		return known, refuse(700016, "application %s not found in tenant %q: expected the client id of an app registration there", shown(clientID), tenant.ID)
	case !present:
		return known, refuse(7000229, "application %s has no service principal in tenant %q: create one", shown(clientID), tenant.ID)
	}
	return known, nil
}

// checkProof checks the secret or the assertion of a request. It returns the value
// of claim azpacr for it.
func (s *Service) checkProof(ctx context.Context, known registeredClient, request *tokenRequest) (string, error) {
	if request.assertion == "" {
		return provedBySecret, s.checkSecret(known, request)
	}
	assertion, err := parseJWT(request.assertion)
	if err != nil {
		return "", refuse(50027, "the client assertion is not a JWT: %v", err)
	}
	// The issuer of a certificate's assertion is the client's own id, that of a
	// federated one is a URL.
	if strings.Contains(assertion.claims.Issuer, "://") {
		return provedByAssertion, s.checkFederated(ctx, known, assertion, &request.used)
	}
	return provedByAssertion, s.checkCertificate(known, request, assertion)
}

// checkSecret admits the secrets of the application and those of its service
// principal.
func (s *Service) checkSecret(known registeredClient, request *tokenRequest) error {
	hash := sha256.Sum256([]byte(request.secret))
	now := s.Store.Now()
	for i, secret := range slices.Concat(known.app.PasswordCredentials, known.principal.PasswordCredentials) {
		if subtle.ConstantTimeCompare(secret.SecretHash, hash[:]) != 1 {
			continue
		}
		request.used = store.Credential{Kind: store.SecretCredentialKind, ID: secret.KeyID, Principal: i >= len(known.app.PasswordCredentials)}
		if !now.Before(secret.End) {
			return refuse(7000222, "the client secret %q of application %s expired at %s: add a new one", secret.KeyID, shown(request.clientID), secret.End.Format(time.RFC3339))
		}
		if !now.Before(secret.Start) {
			return nil
		}
	}
	return refuse(7000215, "invalid client secret for application %s: expected the secret's value, which is not its id", shown(request.clientID))
}

// checkCertificate checks an assertion that the client signed itself
// (https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
func (s *Service) checkCertificate(known registeredClient, request *tokenRequest, assertion parsedJWT) error {
	claims, clientID := assertion.claims, request.clientID
	if !strings.EqualFold(claims.Issuer, clientID) || !strings.EqualFold(claims.Subject, clientID) {
		return refuse(700021, "expected the client id %s as issuer and subject of the client assertion, got %s and %s", shown(clientID), shown(claims.Issuer), shown(claims.Subject))
	}
	credential, err := s.keyCredential(known.app, assertion.header)
	if err != nil {
		return err
	}
	request.used = store.Credential{Kind: store.CertificateKind, ID: credential.KeyID, Thumbprint: thumbprintOf(credential)}
	certificate, err := x509.ParseCertificate(credential.Certificate)
	if err != nil {
		return refuse(700027, "the certificate of key %q cannot be read: %v", credential.KeyID, err)
	}
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return refuse(700027, "expected an RSA key in the certificate of key %q, got %T", credential.KeyID, certificate.PublicKey)
	}
	if err := assertion.verify(public, "RS256", "PS256"); err != nil {
		return refuse(700027, "the client assertion failed signature validation with key %q: %v", credential.KeyID, err)
	}
	if err := claims.validAt(s.Store.Wall()); err != nil {
		return refuse(700024, "the client assertion is not within its valid time range: %v", err)
	}
	return s.checkAssertionAudience(known.tenant, claims.Audience)
}

// thumbprintOf is a certificate's thumbprint as the log shows it.
func thumbprintOf(c store.KeyCredential) string {
	sum := sha1.Sum(c.Certificate)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// keyCredential finds the certificate that an assertion's header names by
// thumbprint. The RFC wants base64url (RFC 7515 section 4.1.7); MSAL for Go
// sends standard base64, which Entra takes as well.
func (s *Service) keyCredential(app store.Application, header jwtHeader) (store.KeyCredential, error) {
	named, sum := header.ThumbprintSHA256, func(der []byte) []byte { h := sha256.Sum256(der); return h[:] }
	if named == "" {
		named, sum = header.ThumbprintSHA1, func(der []byte) []byte { h := sha1.Sum(der); return h[:] }
	}
	thumbprint, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(named))
	if err != nil || named == "" {
		return store.KeyCredential{}, refuse(700027, "expected a certificate's thumbprint as \"x5t#S256\" or \"x5t\" in the header of the client assertion, got %s", shown(named))
	}
	now := s.Store.Now()
	for _, credential := range app.KeyCredentials {
		if !bytes.Equal(sum(credential.Certificate), thumbprint) {
			continue
		}
		if now.Before(credential.Start) || !now.Before(credential.End) {
			return store.KeyCredential{}, refuse(700027, "the certificate of key %q is valid from %s to %s only", credential.KeyID, credential.Start.Format(time.RFC3339), credential.End.Format(time.RFC3339))
		}
		return credential, nil
	}
	return store.KeyCredential{}, refuse(700027, "no certificate with thumbprint %s is registered on application %s", shown(named), shown(app.ClientID))
}

// checkAssertionAudience admits the tenant's token endpoints and issuers. Entra
// accepts a few more forms, which are not documented.
func (s *Service) checkAssertionAudience(tenant store.Tenant, got audience) error {
	var accepted []string
	for _, authority := range []string{s.BaseURL, s.AuthorityAlias} {
		if authority == "" {
			continue
		}
		for _, name := range []string{tenant.ID, tenant.Domain} {
			base := authority + "/" + strings.ToLower(name)
			accepted = append(accepted, base+"/oauth2/v2.0/token", base+"/oauth2/token", base+"/v2.0", base+"/")
		}
	}
	for _, value := range got {
		if slices.Contains(accepted, strings.ToLower(value)) {
			return nil
		}
	}
	return refuse(700023, "expected the token endpoint %q as audience of the client assertion, got %s", accepted[0], shown(strings.Join(got, " ")))
}
