package entra

import (
	"fmt"
	"maps"

	"app-to-app/sandbox/store"
)

// Forge returns a token with exactly these claims, signed with the tenant's
// active key, for tests of whoever verifies tokens. The header is Entra's
// (typ, alg, kid) with the entries of header over it; nil removes one. Forged
// ways to fail are:
//
//   - expired, early, another issuer, audience, role: the claims, most easily
//     those of a real token ([Decode]) with one changed
//   - a key nobody knows: header kid
//   - the wrong key: sign as another tenant, with this tenant's kid
//   - no signature: header alg "none", and the third part is empty
//   - another algorithm: header alg; the signature is RS256 all the same
func (s *Service) Forge(tenantID string, header, claims map[string]any) (string, error) {
	var key store.SigningKey
	err := s.Store.View(func(tx *store.Tx) (err error) {
		key, err = activeKey(tx, tenantID)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("forge token: %w", err)
	}
	forged := map[string]any{"typ": "JWT", "alg": "RS256", "kid": key.KeyID}
	maps.Copy(forged, header)
	maps.DeleteFunc(forged, func(_ string, value any) bool { return value == nil })
	if forged["alg"] == "none" {
		unsigned, err := signingInput(forged, claims)
		return unsigned + ".", err
	}
	private, err := s.privateKey(key)
	if err != nil {
		return "", fmt.Errorf("forge token: %w", err)
	}
	return signJWT(private, forged, claims)
}

// Decode returns header and claims of a token without verifying it: what
// [Service.Forge] takes.
func Decode(token string) (header, claims map[string]any, err error) {
	parts, err := splitToken(token)
	if err != nil {
		return nil, nil, fmt.Errorf("decode token: %w", err)
	}
	if err := decodePart(parts[0], &header); err != nil {
		return nil, nil, fmt.Errorf("decode token: header: %w", err)
	}
	if err := decodePart(parts[1], &claims); err != nil {
		return nil, nil, fmt.Errorf("decode token: claims: %w", err)
	}
	return header, claims, nil
}
