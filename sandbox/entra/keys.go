package entra

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"

	"app-to-app/sandbox/store"
)

// This file keeps the signing keys of tenants. The rules are: a tenant has one
// active key; a key that was replaced stays published for keyOverlap on the
// sandbox's clock and is then deleted; a key's id is the thumbprint of its
// certificate, as in Entra, so no other key ever has it.

// keyOverlap is twice the longest lifetime of a token, which is a managed
// identity's 24 hours. Entra's is longer, but not documented
// (https://learn.microsoft.com/entra/identity-platform/signing-key-rollover).
const keyOverlap = 48 * time.Hour

// errNoTenant is for callers in the sandbox's own code.
var errNoTenant = errors.New("no such tenant")

func generateKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// newSigningKey makes a key with its self-signed certificate.
func (s *Service) newSigningKey(tenantID string) (store.SigningKey, error) {
	private, err := s.NewKey()
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	wall := s.Store.Wall()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "sandbox token signing"},
		NotBefore:    wall.Add(-time.Hour),
		NotAfter:     wall.AddDate(5, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("certify signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("encode signing key: %w", err)
	}
	thumbprint := sha1.Sum(certificate)
	id := base64.RawURLEncoding.EncodeToString(thumbprint[:])
	s.private.Store(id, private)
	return store.SigningKey{
		TenantID: tenantID, KeyID: id, PKCS8: der, Certificate: certificate,
		Active: true, CreatedAt: s.Store.Now(),
	}, nil
}

// signingKeyKey is the store's key; ids of keys keep their case.
func signingKeyKey(tenantID, keyID string) string {
	return store.TenantKey(tenantID, "") + keyID
}

// RotateKeys gives the tenant a new signing key at once. The previous one stays
// published for a while, so that the tokens it signed stay valid.
func (s *Service) RotateKeys(tenantID string) error {
	key, err := s.newSigningKey(tenantID)
	if err != nil {
		return err
	}
	return s.Store.Update(func(tx *store.Tx) error {
		if _, ok := store.Tenants.Get(tx, tenantKey(tenantID)); !ok {
			return fmt.Errorf("rotate keys of %q: %w", tenantID, errNoTenant)
		}
		now := s.Store.Now()
		kept := map[string]store.SigningKey{}
		for id, old := range store.SigningKeys.All(tx, store.TenantKey(tenantID, "")) {
			kept[id] = old
		}
		for id, old := range kept {
			switch {
			case old.Active:
				old.Active, old.RetiredAt = false, now
				store.SigningKeys.Put(tx, id, old)
			case !isPublished(old, now):
				store.SigningKeys.Delete(tx, id)
			}
		}
		store.SigningKeys.Put(tx, signingKeyKey(tenantID, key.KeyID), key)
		return nil
	})
}

func isPublished(key store.SigningKey, now time.Time) bool {
	return key.Active || now.Before(key.RetiredAt.Add(keyOverlap))
}

// publishedKeys are those of a tenant, or of all tenants for an empty id, the
// active ones first.
func (s *Service) publishedKeys(tx *store.Tx, tenantID string) []store.SigningKey {
	prefix := ""
	if tenantID != "" {
		prefix = store.TenantKey(tenantID, "")
	}
	var active, retired []store.SigningKey
	for _, key := range store.SigningKeys.All(tx, prefix) {
		switch {
		case key.Active:
			active = append(active, key)
		case isPublished(key, s.Store.Now()):
			retired = append(retired, key)
		}
	}
	return append(active, retired...)
}

// activeKey is the key that signs the tenant's tokens.
func activeKey(tx *store.Tx, tenantID string) (store.SigningKey, error) {
	for _, key := range store.SigningKeys.All(tx, store.TenantKey(tenantID, "")) {
		if key.Active {
			return key, nil
		}
	}
	return store.SigningKey{}, fmt.Errorf("signing key of %q: %w", tenantID, errNoTenant)
}

// privateKey parses a stored key, once per service.
func (s *Service) privateKey(key store.SigningKey) (*rsa.PrivateKey, error) {
	if known, ok := s.private.Load(key.KeyID); ok {
		return known.(*rsa.PrivateKey), nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(key.PKCS8)
	if err != nil {
		return nil, fmt.Errorf("read signing key %q: %w", key.KeyID, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read signing key %q: expected an RSA key, got %T", key.KeyID, parsed)
	}
	s.private.Store(key.KeyID, private)
	return private, nil
}

// publicKey returns a key that the tenant publishes now, by its id.
func (s *Service) publicKey(tx *store.Tx, tenantID, keyID string) (*rsa.PublicKey, error) {
	key, ok := store.SigningKeys.Get(tx, signingKeyKey(tenantID, keyID))
	if !ok || !isPublished(key, s.Store.Now()) {
		return nil, fmt.Errorf("expected a signing key that tenant %q publishes, got key id %s", tenantID, shown(keyID))
	}
	private, err := s.privateKey(key)
	if err != nil {
		return nil, err
	}
	return &private.PublicKey, nil
}
