package verify

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxDocumentBytes caps what is read of a discovery document or key set; both
// have a few KiB.
const maxDocumentBytes = 1 << 20

// maxKeyBits keeps a huge modulus from making every verification slow.
const maxKeyBits = 8192

// fetch gets the tenant's keys by way of its discovery document (OpenID
// Connect Discovery 1.0 sections 3 and 4;
// https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc).
func (k *Keys) fetch(ctx context.Context) (map[string]Key, error) {
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := k.get(ctx, k.metadata, &document); err != nil {
		return nil, fmt.Errorf("get discovery document: %w", err)
	}
	if document.Issuer != k.issuer {
		return nil, fmt.Errorf("discovery document: issuer: expected %q, got %s", k.issuer, shown(document.Issuer))
	}
	if err := k.sameHost(document.Keys); err != nil {
		return nil, fmt.Errorf("discovery document: %w", err)
	}
	var published struct {
		Keys []json.RawMessage `json:"keys"` // read one by one: one that is odd costs itself alone
	}
	if err := k.get(ctx, document.Keys, &published); err != nil {
		return nil, fmt.Errorf("get signing keys: %w", err)
	}
	keys := map[string]Key{}
	for _, entry := range published.Keys {
		// If two keys have one id, the first is used: a later one must not
		// replace it.
		if key, ok := parseKey(entry, k.config.TenantID); ok && keys[key.ID].Public == nil {
			keys[key.ID] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("get signing keys: expected at least one RSA signing key, got none")
	}
	return keys, nil
}

// sameHost keeps the keys where the authority is: a discovery document may
// not send us elsewhere.
func (k *Keys) sameHost(address string) error {
	keys, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("jwks_uri: expected a URL, got %s", shown(address))
	}
	authority, err := url.Parse(k.config.AuthorityHost)
	if err != nil {
		return fmt.Errorf("authority host: %w", err)
	}
	if keys.Scheme != "https" || !strings.EqualFold(keys.Host, authority.Host) {
		return fmt.Errorf("jwks_uri: expected https on host %q, got %s", authority.Host, shown(address))
	}
	return nil
}

// get reads a JSON document.
func (k *Keys) get(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := k.config.HTTPClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // nothing to save
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: expected status 200, got %d", address, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocumentBytes+1))
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	if len(body) > maxDocumentBytes {
		return fmt.Errorf("%s: expected at most %d bytes, got more", address, maxDocumentBytes)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return nil
}

// A webKey is an entry of a JSON Web Key Set (RFC 7517 section 4) with the
// issuer that Entra ID adds.
type webKey struct {
	Type       string             `json:"kty"`
	Use        optional[string]   `json:"use"`
	Operations optional[[]string] `json:"key_ops"`
	Algorithm  optional[string]   `json:"alg"`
	ID         string             `json:"kid"`
	Modulus    string             `json:"n"`
	Exponent   string             `json:"e"`
	Issuer     string             `json:"issuer"`
}

// An optional member may be missing; if it is present, even as null, its value
// counts.
type optional[T any] struct {
	present bool
	value   T
}

func (o *optional[T]) UnmarshalJSON(content []byte) error {
	o.present = true
	return json.Unmarshal(content, &o.value)
}

// verifies reports whether the key is for verifying RS256: each of use, key_ops
// and alg may be missing, but what is said must allow it (RFC 7517 sections 4.2
// to 4.4).
func (w *webKey) verifies() bool {
	return w.Type == "RSA" &&
		(!w.Use.present || w.Use.value == "sig") &&
		(!w.Operations.present || slices.Contains(w.Operations.value, "verify")) &&
		(!w.Algorithm.present || w.Algorithm.value == "RS256")
}

// parseKey returns an entry as a signing key of the tenant. Other entries are
// skipped (RFC 7517 section 5), so that a new kind of key, whose members may have
// other types, does not make the tenant's keys unusable.
func parseKey(entry json.RawMessage, tenantID string) (Key, bool) {
	var w webKey
	if err := json.Unmarshal(entry, &w); err != nil {
		return Key{}, false
	}
	if !w.verifies() || w.ID == "" {
		return Key{}, false
	}
	modulus, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(w.Modulus, "="))
	if err != nil {
		return Key{}, false
	}
	exponent, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(w.Exponent, "="))
	if err != nil {
		return Key{}, false
	}
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	if n.BitLen() < minKeyBits || n.BitLen() > maxKeyBits || n.Bit(0) == 0 {
		return Key{}, false
	}
	// Exponents of 3 and below have a history of forged signatures; more than
	// 31 bits crypto/rsa does not take.
	if e.BitLen() < 3 || e.BitLen() > 31 || e.Bit(0) == 0 {
		return Key{}, false
	}
	return Key{
		ID:     w.ID,
		Public: &rsa.PublicKey{N: n, E: int(e.Int64())},
		Issuer: strings.ReplaceAll(w.Issuer, "{tenantid}", tenantID),
	}, true
}
