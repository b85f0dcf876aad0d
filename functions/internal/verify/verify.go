// Package verify decides whom the API admits: exactly the callers whose access
// token the tenant issued for this API, to an application, with the app role
// that it requires.
//
// It follows Microsoft's rules for access tokens
// (https://learn.microsoft.com/entra/identity-platform/claims-validation) and
// the best practices for JWTs (RFC 8725). A [Verifier] trusts its configuration
// and the keys that its tenant publishes, and nothing that a token says about
// itself; its documentation lists the checks in order. [Keys] fetches those keys
// and refreshes them. [AnswerTo] turns an error into the status and challenge
// for the caller (RFC 6750).
//
// It is narrow on purpose. It accepts RS256, the only algorithm that Entra ID
// signs with, and v2.0 tokens of one tenant (v1.0 too, when configured): what
// cannot be chosen at run time, an attacker cannot choose. It does not ask Entra
// ID about a token, so a removed app role assignment takes effect when the
// token expires; Config.BlockedCallers takes effect at once. It uses the
// standard library alone.
//
// Nothing here logs, prints or wraps a token.
package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Skew is how far our clock may be from Entra ID's. Microsoft's own validators
// allow five minutes. A minute is enough for machines with synchronised clocks,
// and Entra ID backdates access tokens by five minutes.
const Skew = time.Minute

// A KeySource holds the signing keys of the tenant.
type KeySource interface {
	// Key returns the key with that ID. The error wraps [ErrSignature] when the
	// tenant has no such key, [ErrKeysUnavailable] when the keys could not be
	// fetched.
	Key(ctx context.Context, keyID string) (Key, error)
	// Generation changes whenever the set of keys does. 0 means that there is no
	// usable set, so nothing may be cached.
	Generation() uint64
}

// A Config says whom a [Verifier] admits. Its zero value admits nobody.
type Config struct {
	TenantID      string // required
	AuthorityHost string // required, as https://login.microsoftonline.com
	Audience      string // required: the API's client id, which is aud in v2.0 tokens
	Role          string // required: the app role's value
	Keys          KeySource

	// V1Issuer and V1Audience admit v1.0 access tokens as well, for an API whose
	// registration does not ask for version 2. The issuer is that of the same
	// tenant, https://sts.windows.net/TENANT/; the audience is the resource that
	// clients request, usually the identifier URI. When both are empty, v1.0
	// tokens are refused; setting only one is an error.
	V1Issuer, V1Audience string

	// AllowedClients are the client IDs to admit. Empty means that the app role
	// alone decides: its assignments in the tenant already list the clients.
	AllowedClients []string
	// BlockedCallers are client IDs or object IDs to refuse, whatever their token
	// says. Removing an app role assignment takes effect only when the tokens
	// issued before expire, up to 24 hours later; blocking takes effect at once.
	BlockedCallers []string

	Now func() time.Time // nil means [time.Now]
}

// A Verifier admits or refuses access tokens. Its zero value refuses all. It is
// safe for concurrent use.
//
// The checks, in the order in which they run:
//
//  1. size: at most 8 KiB
//  2. shape: three parts of base64url
//  3. header: one strict JSON object
//  4. algorithm: RS256
//  5. header trust: no key, key address, critical extension or other kind of
//     content in the header
//  6. key: kid is in the tenant's own key set, RSA of 2048 bits at least
//  7. signature: PKCS #1 v1.5 with SHA-256
//  8. payload: one strict JSON object, claims of their type
//  9. key issuer: if the key set names one, it is the tenant's
//  10. issuer: iss is the tenant's v2.0 issuer, or its v1.0 issuer if that is
//     configured
//  11. tenant: tid
//  12. audience: aud, of the version that iss says
//  13. time: exp, nbf and, if present, iat, within [Skew]
//  14. lifetime: nbf is before exp
//  15. binding: no cnf
//  16. application: an app-only token
//  17. role: roles contains the app role
//  18. allowed: azp (appid in v1.0) is an allowed client, if a list is
//     configured
//  19. blocked: neither azp, or appid, nor oid is blocked
//
// A token that passed them all is cached until the key set changes. Time, role,
// allowed and blocked are checked on every call, cached or not.
type Verifier struct {
	issuer, tenantID, audience, role string
	v1Issuer, v1Audience             string // empty: no v1.0 tokens

	keys             KeySource
	allowed, blocked map[string]bool
	now              func() time.Time
	checks           []check
	rechecks         []recheck // those that run for cached tokens too
	verified         *cache
}

// NewVerifier returns a verifier, or an error that names every required value
// that is missing.
func NewVerifier(config Config) (*Verifier, error) {
	var problems []error
	for _, required := range []struct{ name, value string }{
		{"tenant id", config.TenantID}, {"authority host", config.AuthorityHost},
		{"audience", config.Audience}, {"app role", config.Role},
	} {
		if required.value == "" {
			problems = append(problems, fmt.Errorf("missing %s", required.name))
		}
	}
	if config.Keys == nil {
		problems = append(problems, errors.New("missing key source"))
	}
	if err := config.checkV1(); err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("verifier: %w", errors.Join(problems...))
	}
	now := config.Now
	if now == nil {
		now = time.Now
	}
	v := &Verifier{
		issuer:   Issuer(config.AuthorityHost, config.TenantID),
		tenantID: config.TenantID,
		audience: config.Audience,
		role:     config.Role,

		v1Issuer:   config.V1Issuer,
		v1Audience: config.V1Audience,

		keys:    config.Keys,
		allowed: set(config.AllowedClients),
		blocked: set(config.BlockedCallers),
		now:     now,

		verified: new(cache),
	}
	v.use(checks)
	return v, nil
}

// ForRole returns a verifier that requires another app role, for an operation of
// its own. It shares all else, the cache of verified tokens included, since the
// role is checked on every call. Without a role it refuses all.
func (v *Verifier) ForRole(role string) *Verifier {
	if v == nil || role == "" {
		return nil
	}
	other := *v
	other.role = role
	return &other
}

// checkV1 refuses a v1.0 issuer of another tenant, whose callers would be
// admitted.
func (c Config) checkV1() error {
	if c.V1Issuer == "" && c.V1Audience == "" {
		return nil
	}
	if !strings.HasPrefix(c.V1Issuer, "https://") || !strings.HasSuffix(c.V1Issuer, "/"+c.TenantID+"/") || c.V1Audience == "" {
		return fmt.Errorf("expected a v1.0 audience and a v1.0 issuer as https://sts.windows.net/%s/, or neither, got %q and %q",
			c.TenantID, c.V1Audience, c.V1Issuer)
	}
	return nil
}

// isV1 reports whether the configured v1.0 issuer issued the candidate.
func (v *Verifier) isV1(c *candidate) bool { return v.v1Issuer != "" && c.issuer == v.v1Issuer }

// Issuer returns the iss of the v2.0 access tokens of a tenant
// (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
func Issuer(authorityHost, tenantID string) string {
	return strings.TrimRight(authorityHost, "/") + "/" + tenantID + "/v2.0"
}

// set holds ids in lower case, as Entra ID writes them.
func set(ids []string) map[string]bool {
	members := make(map[string]bool, len(ids))
	for _, id := range ids {
		members[strings.ToLower(id)] = true
	}
	return members
}

// Verify returns the claims of an access token that passes all checks. The error
// wraps the sentinel of the first check that fails. It names the caller only if
// the signature was good, and never contains the token.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	if v == nil || v.keys == nil || len(v.checks) == 0 {
		return Claims{}, errors.New("the verifier is not configured; make it with NewVerifier")
	}
	now := v.now()
	// Read the generation first: if the keys change during the checks, the token
	// is cached under the old generation, which is never used again.
	generation := v.keys.Generation()
	var sum digest
	if generation != 0 && len(token) <= maxTokenBytes {
		sum = digestOf(token)
		if known := v.verified.get(&sum, generation); known != nil {
			for _, recheck := range v.rechecks {
				if err := recheck(v, &known.claims, now); err != nil {
					return Claims{}, &refusedCaller{err, known.claims}
				}
			}
			return known.claims, nil
		}
	}
	claims, err := v.verify(ctx, token, now)
	if err != nil {
		return Claims{}, err
	}
	if generation != 0 {
		v.verified.put(&sum, generation, &claims, now)
	}
	return claims, nil
}

// verify runs all checks.
func (v *Verifier) verify(ctx context.Context, token string, now time.Time) (Claims, error) {
	c := &candidate{token: token}
	for i := range v.checks {
		var err error
		if check := &v.checks[i]; check.once != nil {
			err = check.once(ctx, v, c)
		} else {
			err = check.always(v, &c.claims, now)
		}
		if err != nil && c.claims.KeyID != "" { // the signature was good
			return Claims{}, &refusedCaller{err, c.claims}
		}
		if err != nil {
			return Claims{}, err
		}
	}
	return c.claims, nil
}

// use sets the verifier's checks.
func (v *Verifier) use(checks []check) {
	v.checks, v.rechecks = checks, nil
	for _, check := range checks {
		if check.always != nil {
			v.rechecks = append(v.rechecks, check.always)
		}
	}
}
