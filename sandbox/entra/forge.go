package entra

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"app-to-app/sandbox/store"
)

// This file forges access tokens, to test code that verifies them. The rules
// are: only Go code and the control endpoint can forge, none of the services;
// every byte of the token can be set, and what is not set is as in Entra's own
// tokens; nothing is stored.

// A Forgery describes a token. With nothing but a tenant it is a token without
// claims, signed with the tenant's active key.
type Forgery struct {
	// TenantID is the tenant whose token it pretends to be.
	TenantID string `json:"tenant"`

	// Header has the entries over Entra's own (typ, alg, kid); null removes one.
	Header map[string]any `json:"header"`
	// Claims are all claims.
	Claims map[string]any `json:"claims"`
	// HeaderText and ClaimsText replace Header and Claims: any bytes, JSON or
	// not. In JSON they are base64.
	HeaderText []byte `json:"headerText"`
	ClaimsText []byte `json:"claimsText"`

	// Key is the key that signs.
	Key ForgeKey `json:"key"`
	// Algorithm is how it signs, whatever the header says: see
	// [Service.ForgeSignature]. Empty means RS256.
	Algorithm string `json:"algorithm"`
	// Signature replaces the key's signature. In JSON it is base64.
	Signature []byte `json:"signature"`

	// Shape is how the encoded parts are put together; empty means
	// "${header}.${claims}.${signature}".
	Shape string `json:"shape"`
}

// A ForgeKey names a key: "" is the tenant's active key, "foreign" one that no
// tenant publishes, and the id of another tenant that tenant's active key.
type ForgeKey string

// Foreign is a key that no tenant has. It is the same for as long as the
// sandbox runs.
const Foreign ForgeKey = "foreign"

// Forge returns a token with exactly these claims, signed with the tenant's
// active key. The header is Entra's (typ, alg, kid) with the entries of header
// over it; nil removes one. With alg "none" there is no signature; any other alg
// is put into the header, but the token is signed with RS256. For everything
// else there is [Service.ForgeToken].
func (s *Service) Forge(tenantID string, header, claims map[string]any) (string, error) {
	f := Forgery{TenantID: tenantID, Header: header, Claims: claims}
	if header["alg"] == "none" {
		f.Algorithm = "none"
	}
	return s.ForgeToken(f)
}

// ForgeToken returns the token that f describes.
func (s *Service) ForgeToken(f Forgery) (string, error) {
	token, err := s.forge(f)
	if err != nil {
		return "", fmt.Errorf("forge token: %w", err)
	}
	return token, nil
}

func (s *Service) forge(f Forgery) (string, error) {
	header, err := s.forgedHeader(f)
	if err != nil {
		return "", err
	}
	claims, err := forgedText(f.ClaimsText, f.Claims)
	if err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	first, second := encode(header), encode(claims)
	signature := f.Signature
	if signature == nil {
		if signature, err = s.ForgeSignature(f.TenantID, f.Key, f.Algorithm, []byte(first+"."+second)); err != nil {
			return "", err
		}
	}
	shape := f.Shape
	if shape == "" {
		shape = "${header}.${claims}.${signature}"
	}
	return strings.NewReplacer("${header}", first, "${claims}", second, "${signature}", encode(signature)).Replace(shape), nil
}

func (s *Service) forgedHeader(f Forgery) ([]byte, error) {
	key, err := s.signingKeyOf(f.TenantID)
	if err != nil {
		return nil, err
	}
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": key.KeyID}
	maps.Copy(header, f.Header)
	maps.DeleteFunc(header, func(_ string, value any) bool { return value == nil })
	text, err := forgedText(f.HeaderText, header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	return text, nil
}

func forgedText(text []byte, members map[string]any) ([]byte, error) {
	if text != nil {
		return text, nil
	}
	if members == nil {
		members = map[string]any{}
	}
	return json.Marshal(members)
}

// signingKeyOf is the active key of a tenant.
func (s *Service) signingKeyOf(tenantID string) (key store.SigningKey, err error) {
	err = s.Store.View(func(tx *store.Tx) (err error) {
		key, err = activeKey(tx, tenantID)
		return err
	})
	return key, err
}

// Decode returns header and claims of a token without verifying it: what
// [Service.Forge] takes.
func Decode(token string) (header, claims map[string]any, err error) {
	parts, err := splitToken(token)
	if err == nil {
		err = errors.Join(decodePart(parts[0], &header), decodePart(parts[1], &claims))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("decode token: %w", err)
	}
	return header, claims, nil
}
