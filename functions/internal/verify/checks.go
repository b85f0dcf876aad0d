package verify

import (
	"context"
	"crypto"
	"crypto/rsa"
	"fmt"
	"strings"
	"time"
)

// This file is the list of checks that [Verifier] documents. The rules are: each
// check tests one thing and cites its source; it refuses by wrapping one sentinel
// of refusal.go; a mismatch says what was expected and what it got; claims are not
// read before the signature is verified, so an error names only verified callers.

// A check refuses a candidate by returning an error. It has one of the two
// functions: always, if it depends on the time or on configuration, and then it
// runs for cached tokens too.
type check struct {
	name   string
	once   func(context.Context, *Verifier, *candidate) error
	always recheck
}

// A recheck sees the claims of a verified token and the time, and nothing else.
type recheck func(*Verifier, *Claims, time.Time) error

var checks = []check{
	{name: "size", once: checkSize},
	{name: "shape", once: func(_ context.Context, _ *Verifier, c *candidate) error { return c.split() }},
	{name: "header", once: func(_ context.Context, _ *Verifier, c *candidate) error { return c.decodeHeader() }},
	{name: "algorithm", once: checkAlgorithm},
	{name: "header trust", once: checkHeaderTrust},
	{name: "key", once: checkKey},
	{name: "signature", once: checkSignature},
	{name: "payload", once: checkPayload},
	{name: "key issuer", once: checkKeyIssuer},
	{name: "issuer", once: checkIssuer},
	{name: "tenant", once: checkTenant},
	{name: "audience", once: checkAudience},
	{name: "time", always: checkTime},
	{name: "lifetime", once: checkLifetime},
	{name: "binding", once: checkBinding},
	{name: "application", once: checkApplication},
	{name: "role", always: checkRole},
	{name: "allowed", always: checkAllowed},
	{name: "blocked", always: checkBlocked},
}

func checkSize(_ context.Context, _ *Verifier, c *candidate) error {
	if len(c.token) > maxTokenBytes {
		return fmt.Errorf("%w: expected at most %d bytes, got %d", ErrMalformed, maxTokenBytes, len(c.token))
	}
	return nil
}

// checkAlgorithm: we choose the algorithm, not the token (RFC 8725 section 3.1).
// It refuses "none" and the HMAC family, and also RS256 in other letter case (RFC
// 7515 section 4.1.1: case-sensitive).
func checkAlgorithm(_ context.Context, _ *Verifier, c *candidate) error {
	if c.header.algorithm != "RS256" {
		return fmt.Errorf("%w: header alg: expected %q, got %s", ErrSignature, "RS256", shown(c.header.algorithm))
	}
	return nil
}

// checkHeaderTrust: a token must not bring or name its own key (RFC 8725
// sections 3.10 and 2.1), and a critical extension that is not understood must
// be refused (RFC 7515 section 4.1.11). So must parameters that make the payload
// something other than base64url of the claims: b64 (RFC 7797 section 3), enc and
// zip (RFC 7516 section 4.1), cty (RFC 7519 section 5.2). Entra ID sends none of
// these, and its typ is JWT.
func checkHeaderTrust(_ context.Context, _ *Verifier, c *candidate) error {
	if c.header.forbidden != "" {
		return fmt.Errorf("%w: header %s: expected none", ErrMalformed, c.header.forbidden)
	}
	if c.header.kind != "" && !strings.EqualFold(c.header.kind, "JWT") {
		return fmt.Errorf("%w: header typ: expected %q, got %s", ErrMalformed, "JWT", shown(c.header.kind))
	}
	return nil
}

// minKeyBits is the smallest RSA key for RS256 (RFC 7518 section 3.3).
const minKeyBits = 2048

func checkKey(ctx context.Context, v *Verifier, c *candidate) error {
	if c.header.keyID == "" {
		return fmt.Errorf("%w: header kid: expected a key id, got none", ErrSignature)
	}
	key, err := v.keys.Key(ctx, c.header.keyID)
	if err != nil {
		return err
	}
	if key.Public == nil || key.Public.N.BitLen() < minKeyBits {
		return fmt.Errorf("%w: key %s: expected RSA of at least %d bits", ErrSignature, shown(key.ID), minKeyBits)
	}
	c.key = key
	return nil
}

// checkSignature: RS256 is RSASSA-PKCS1-v1_5 with SHA-256 over the encoded
// header and payload (RFC 7515 section 5.2, RFC 7518 section 3.3).
func checkSignature(_ context.Context, _ *Verifier, c *candidate) error {
	signature, err := decode64(c.parts[2])
	if err != nil {
		return err
	}
	signed := c.token[:len(c.token)-len(c.parts[2])-1]
	sum := digestOf(signed)
	if err := rsa.VerifyPKCS1v15(c.key.Public, crypto.SHA256, sum[:], signature); err != nil {
		return fmt.Errorf("%w: the signature does not match key %s", ErrSignature, shown(c.key.ID))
	}
	c.claims.KeyID = c.key.ID
	return nil
}

// checkPayload: a v1.0 token names its client in appid instead of azp
// (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
func checkPayload(_ context.Context, v *Verifier, c *candidate) error {
	if err := c.decodePayload(); err != nil {
		return err
	}
	if v.isV1(c) {
		c.claims.ClientID = c.v1ClientID
	}
	return nil
}

// checkKeyIssuer: a key that is published for one issuer is valid for that one only
// (https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer).
func checkKeyIssuer(_ context.Context, v *Verifier, c *candidate) error {
	if c.key.Issuer != "" && c.key.Issuer != v.issuer {
		return fmt.Errorf("%w: issuer of key %s: expected %q, got %s", ErrIssuer, shown(c.key.ID), v.issuer, shown(c.key.Issuer))
	}
	return nil
}

// checkIssuer: iss is exactly the issuer of the configured tenant, as in its
// discovery document (RFC 8725 section 3.8). It refuses v1.0 tokens, issued by
// sts.windows.net, unless they are configured: the API's registration asks for
// version 2.
func checkIssuer(_ context.Context, v *Verifier, c *candidate) error {
	if c.issuer != v.issuer && !v.isV1(c) {
		return fmt.Errorf("%w: claim iss: expected %q, got %s", ErrIssuer, v.issuer, shown(c.issuer))
	}
	return nil
}

// checkTenant: tid and iss must name the same tenant
// (https://learn.microsoft.com/entra/identity-platform/claims-validation).
func checkTenant(_ context.Context, v *Verifier, c *candidate) error {
	if c.claims.TenantID != v.tenantID {
		return fmt.Errorf("%w: claim tid: expected %q, got %s", ErrTenant, v.tenantID, shown(c.claims.TenantID))
	}
	return nil
}

// checkAudience: a token for another API must be refused (RFC 8725 section 3.9).
// In v2.0 tokens aud is always the API's client ID; in v1.0 tokens it is the
// resource as the client requested it.
func checkAudience(_ context.Context, v *Verifier, c *candidate) error {
	want := v.audience
	if v.isV1(c) {
		want = v.v1Audience
	}
	if c.audience != want {
		return fmt.Errorf("%w: claim aud: expected %q, got %s", ErrAudience, want, shown(c.audience))
	}
	return nil
}

// checkTime: not on or after exp and not before nbf (RFC 7519 sections 4.1.4
// and 4.1.5), both required here because Entra ID always sends them; and not
// issued in the future (section 4.1.6 leaves that open): if that clock is wrong,
// so is exp. A start of 0 counts as missing, as it does for libraries that keep
// the claim in a number.
func checkTime(_ *Verifier, claims *Claims, now time.Time) error {
	if !now.Before(claims.ExpiresAt.Add(Skew)) {
		return fmt.Errorf("%w: claim exp: expected after %s, got %s", ErrExpired, stamp(now), stamp(claims.ExpiresAt))
	}
	latest := now.Add(Skew)
	if claims.NotBefore.Unix() <= 0 || latest.Before(claims.NotBefore) {
		return fmt.Errorf("%w: claim nbf: expected at most %s, got %s", ErrNotYetValid, stamp(now), stamp(claims.NotBefore))
	}
	if latest.Before(claims.IssuedAt) {
		return fmt.Errorf("%w: claim iat: expected at most %s, got %s", ErrNotYetValid, stamp(now), stamp(claims.IssuedAt))
	}
	return nil
}

// checkLifetime: a token that ends before it starts is valid at no time (RFC 7519
// sections 4.1.4 and 4.1.5). Around now, the skew on both sides would admit it.
func checkLifetime(_ context.Context, _ *Verifier, c *candidate) error {
	if !c.claims.NotBefore.Before(c.claims.ExpiresAt) {
		return fmt.Errorf("%w: claim nbf: expected before exp, %s, got %s", ErrMalformed, stamp(c.claims.ExpiresAt), stamp(c.claims.NotBefore))
	}
	return nil
}

// checkBinding: cnf binds a token to a key whose possession its caller must prove
// (RFC 7800 section 3). This API asks for no proof, so whoever stole the token
// could use it. Any value counts, because all of them say that it is bound.
func checkBinding(_ context.Context, _ *Verifier, c *candidate) error {
	if c.isBound {
		return fmt.Errorf("%w: claim cnf: expected none (%s)", ErrBound, c.claims.caller())
	}
	return nil
}

// checkApplication: the token must be an application's own, not a user's. Such a
// token has no scp, has idtyp "app" when the API asks for that optional claim
// (https://learn.microsoft.com/entra/identity-platform/optional-claims-reference),
// and its sub equals its oid; a user's sub differs for each API.
func checkApplication(_ context.Context, _ *Verifier, c *candidate) error {
	switch {
	case c.hasScope:
		return fmt.Errorf("%w: claim scp: expected none (%s)", ErrNotAppOnly, c.claims.caller())
	case c.hasIDType && c.idType != "app":
		return fmt.Errorf("%w: claim idtyp: expected %q, got %s (%s)", ErrNotAppOnly, "app", shown(c.idType), c.claims.caller())
	case c.claims.ObjectID != c.subject:
		return fmt.Errorf("%w: claim sub: expected the oid, got %s (%s)", ErrNotAppOnly, shown(c.subject), c.claims.caller())
	}
	return nil
}

// checkRole: roles contains exactly the app role's value; case matters
// (https://learn.microsoft.com/entra/identity-platform/howto-add-app-roles-in-apps).
func checkRole(v *Verifier, claims *Claims, _ time.Time) error {
	if !claims.Roles.Has(v.role) {
		return fmt.Errorf("%w: claim roles: expected %q, got %s (%s)",
			ErrAppRole, v.role, shown(strings.Join(claims.Roles.values, " ")), claims.caller())
	}
	return nil
}

// checkAllowed: the token must name its caller, which must be on the list of
// allowed clients if there is one
// (https://learn.microsoft.com/entra/identity-platform/claims-validation).
func checkAllowed(v *Verifier, claims *Claims, _ time.Time) error {
	if claims.ClientID == "" || claims.ObjectID == "" {
		return fmt.Errorf("%w: claims azp and oid: expected both (%s)", ErrCaller, claims.caller())
	}
	if len(v.allowed) > 0 && !v.allowed[strings.ToLower(claims.ClientID)] {
		return fmt.Errorf("%w: claim azp: expected an allowed client (%s)", ErrCaller, claims.caller())
	}
	return nil
}

// checkBlocked refuses a revoked caller at once; see [Config].
func checkBlocked(v *Verifier, claims *Claims, _ time.Time) error {
	if len(v.blocked) == 0 {
		return nil
	}
	if v.blocked[strings.ToLower(claims.ClientID)] || v.blocked[strings.ToLower(claims.ObjectID)] {
		return fmt.Errorf("%w: expected a caller that is not blocked (%s)", ErrCaller, claims.caller())
	}
	return nil
}
