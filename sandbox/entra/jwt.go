package entra

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// This file writes and reads JSON Web Tokens (RFC 7519) in the compact form
// (RFC 7515 section 3.1). Only RSA signatures over SHA-256 exist here: RS256,
// which Entra signs with, and PS256, which it also takes in client assertions.

// maxTokenBytes is more than any token or assertion of the sandbox needs.
const maxTokenBytes = 64 << 10

// clockSkew is how far clocks may differ, as in Microsoft's own validation.
const clockSkew = 5 * time.Minute

// signJWT signs with RS256, which the header must say.
func signJWT(private *rsa.PrivateKey, header, claims any) (string, error) {
	signed, err := signingInput(header, claims)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func signingInput(header, claims any) (string, error) {
	first, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("encode token header: %w", err)
	}
	second, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode token claims: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(first) + "." + base64.RawURLEncoding.EncodeToString(second), nil
}

type jwtHeader struct {
	Algorithm        string          `json:"alg"`
	KeyID            string          `json:"kid"`
	ThumbprintSHA1   string          `json:"x5t"`
	ThumbprintSHA256 string          `json:"x5t#S256"`
	Critical         json.RawMessage `json:"crit"`
}

// jwtClaims are the claims that the sandbox reads.
type jwtClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	NotBefore *float64 `json:"nbf"`
	Expires   *float64 `json:"exp"`

	Version           string   `json:"ver"`
	TenantID          string   `json:"tid"`
	ObjectID          string   `json:"oid"`
	ClientV1          string   `json:"appid"`
	ClientV2          string   `json:"azp"`
	Roles             []string `json:"roles"`
	DelegatedScope    *string  `json:"scp"`
	ManagedIdentityID string   `json:"xms_mirid"`
}

// An audience is one value or a list of them (RFC 7519 section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]string)(a))
	}
	*a = make([]string, 1)
	return json.Unmarshal(data, &(*a)[0])
}

// A parsedJWT was read but not yet verified.
type parsedJWT struct {
	header    jwtHeader
	claims    jwtClaims
	signed    string
	signature []byte
}

// parseJWT reads a token. Its errors never quote it.
func parseJWT(token string) (parsedJWT, error) {
	var p parsedJWT
	if len(token) > maxTokenBytes {
		return p, fmt.Errorf("expected at most %d bytes, got %d", maxTokenBytes, len(token))
	}
	parts, err := splitToken(token)
	if err != nil {
		return p, err
	}
	if err := decodePart(parts[0], &p.header); err != nil {
		return p, fmt.Errorf("header: %w", err)
	}
	if err := decodePart(parts[1], &p.claims); err != nil {
		return p, fmt.Errorf("claims: %w", err)
	}
	if p.signature, err = base64.RawURLEncoding.DecodeString(parts[2]); err != nil {
		return p, errors.New("signature: expected base64url without padding")
	}
	// The sandbox knows none of the extensions that "crit" can require
	// (RFC 7515 section 4.1.11).
	if p.header.Critical != nil {
		return p, errors.New(`header: expected no "crit"`)
	}
	p.signed = parts[0] + "." + parts[1]
	return p, nil
}

// decodePart reads one part, which must be a JSON object. It does not return the
// decoder's own errors, which could quote the token.
func decodePart(part string, into any) error {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return errors.New("expected base64url without padding")
	}
	var mistyped *json.UnmarshalTypeError
	switch err := json.Unmarshal(data, into); {
	case errors.As(err, &mistyped):
		return fmt.Errorf("%q: got a JSON %s of the wrong type", mistyped.Field, mistyped.Value)
	case err != nil || !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		return errors.New("expected a JSON object")
	}
	return nil
}

// verify checks the signature with one of the algorithms allowed.
func (p parsedJWT) verify(public *rsa.PublicKey, algorithms ...string) error {
	digest := sha256.Sum256([]byte(p.signed))
	for _, algorithm := range algorithms {
		if p.header.Algorithm != algorithm {
			continue
		}
		var err error
		switch algorithm {
		case "RS256":
			err = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], p.signature)
		case "PS256":
			// RFC 7518 section 3.5: the salt is as long as the hash.
			err = rsa.VerifyPSS(public, crypto.SHA256, digest[:], p.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		if err != nil {
			return errors.New("the signature does not fit the key")
		}
		return nil
	}
	return fmt.Errorf("expected algorithm %s, got %s", strings.Join(algorithms, " or "), shown(p.header.Algorithm))
}

// validAt checks the times of the token. An expiry is required.
func (c jwtClaims) validAt(now time.Time) error {
	switch {
	case c.Expires == nil:
		return errors.New("expected an expiry (claim \"exp\"), got none")
	case !now.Before(seconds(*c.Expires).Add(clockSkew)):
		return fmt.Errorf("expired at %s, and now is %s", seconds(*c.Expires).Format(time.RFC3339), now.Format(time.RFC3339))
	case c.NotBefore != nil && now.Before(seconds(*c.NotBefore).Add(-clockSkew)):
		return fmt.Errorf("not valid before %s, and now is %s", seconds(*c.NotBefore).Format(time.RFC3339), now.Format(time.RFC3339))
	}
	return nil
}

// seconds converts a NumericDate (RFC 7519 section 2).
func seconds(date float64) time.Time { return time.Unix(int64(date), 0).UTC() }

func splitToken(token string) ([]string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("expected three parts divided by dots, got %d", len(parts))
	}
	return parts, nil
}
