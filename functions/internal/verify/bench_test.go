package verify_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// BenchmarkVerify compares our verifier, with and without the cache, with the RSA
// operation alone, with one SHA-256 of the token and with three libraries, on a
// token of realistic size. Each library is set up once, has the same key in memory
// and checks algorithm, issuer, audience and expiry, but no more.
func BenchmarkVerify(b *testing.B) {
	key := verifytest.Key(b, "key-1", 2048)
	filler := fmt.Sprintf(`{"aio":%q,`, strings.Repeat("k", 300))
	token := verifytest.Sign(b, key, []byte(goodHeader), []byte(strings.Replace(goodPayload, "{", filler, 1)))
	keys := fixedGeneration{fixedKey: fixedKey{ID: key.ID, Public: &key.Private.PublicKey}, generation: new(uint64)}
	verifier, err := verify.NewVerifier(verify.Config{
		TenantID: verifytest.TenantID, AuthorityHost: fuzzAuthority, Audience: verifytest.Audience, Role: verifytest.Role,
		Keys: keys, Now: func() time.Time { return now },
	})
	if err != nil {
		b.Fatal(err)
	}
	verify := func(ctx context.Context) error {
		_, err := verifier.Verify(ctx, token)
		return err
	}
	for _, subject := range []struct {
		name       string
		generation uint64 // 0: nothing is cached
		verify     func(context.Context) error
	}{
		{"sha256", 0, hashAlone(token)},
		{"rsa", 0, rawRSA(b, key, token)},
		{"cold", 0, verify},
		{"hit", 1, verify},
		{"hit-clock", 1, withRealKeys(b)},
		{"go-oidc", 0, goOIDC(b, key, token)},
		{"keyfunc", 0, keyfuncAndJWT(b, key, token)},
		{"jwx", 0, jwx(b, key, token)},
	} {
		b.Run(subject.name, func(b *testing.B) {
			b.ReportAllocs()
			*keys.generation = subject.generation
			for b.Loop() {
				if err := subject.verify(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// hashAlone is the least that a cache can cost that is keyed by a digest.
func hashAlone(token string) func(context.Context) error {
	text := []byte(token)
	return func(context.Context) error {
		hashed = sha256.Sum256(text)
		return nil
	}
}

// withRealKeys is a cache hit with the keys and the clock of the API, which asks
// it twice.
func withRealKeys(b testing.TB) func(context.Context) error {
	tenant := verifytest.NewTenant(b)
	verifier, err := verify.NewVerifier(verify.Config{
		TenantID: verifytest.TenantID, AuthorityHost: tenant.AuthorityHost(), Audience: verifytest.Audience, Role: verifytest.Role,
		Keys: newKeys(b, tenant, nil),
	})
	if err != nil {
		b.Fatal(err)
	}
	token := tenant.Token(time.Now(), func(_, claims map[string]any) { claims["aio"] = strings.Repeat("k", 300) })
	return func(ctx context.Context) error {
		_, err := verifier.Verify(ctx, token)
		return err
	}
}

var hashed [sha256.Size]byte // so that hashing is not optimised away

const benchIssuer = fuzzAuthority + "/" + verifytest.TenantID + "/v2.0"

// rawRSA is the least that verification can cost: the hash, and the check of a
// decoded signature.
func rawRSA(b testing.TB, key *verifytest.SigningKey, token string) func(context.Context) error {
	dot := strings.LastIndex(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		b.Fatal(err)
	}
	return func(context.Context) error {
		sum := sha256.Sum256([]byte(token[:dot]))
		return rsa.VerifyPKCS1v15(&key.Private.PublicKey, crypto.SHA256, sum[:], signature)
	}
}

func goOIDC(_ testing.TB, key *verifytest.SigningKey, token string) func(context.Context) error {
	verifier := oidc.NewVerifier(benchIssuer,
		&oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{&key.Private.PublicKey}},
		&oidc.Config{ClientID: verifytest.Audience, SupportedSigningAlgs: []string{"RS256"}, Now: func() time.Time { return now }})
	return func(ctx context.Context) error {
		_, err := verifier.Verify(ctx, token)
		return err
	}
}

// publishedKeys is the key set as a tenant publishes it.
func publishedKeys(b testing.TB, key *verifytest.SigningKey) []byte {
	entry := verifytest.NewTenant(b).Entry(key)
	entry["alg"] = "RS256" // without it jwx does not take the key
	content, err := json.Marshal(map[string]any{"keys": []any{entry}})
	if err != nil {
		b.Fatal(err)
	}
	return content
}

func keyfuncAndJWT(b testing.TB, key *verifytest.SigningKey, token string) func(context.Context) error {
	keys, err := keyfunc.NewJWKSetJSON(publishedKeys(b, key))
	if err != nil {
		b.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(benchIssuer), jwt.WithAudience(verifytest.Audience),
		jwt.WithExpirationRequired(), jwt.WithLeeway(verify.Skew), jwt.WithTimeFunc(func() time.Time { return now }))
	return func(context.Context) error {
		_, err := parser.Parse(token, keys.Keyfunc)
		return err
	}
}

func jwx(b testing.TB, key *verifytest.SigningKey, token string) func(context.Context) error {
	keys, err := jwk.Parse(publishedKeys(b, key))
	if err != nil {
		b.Fatal(err)
	}
	text := []byte(token)
	return func(context.Context) error {
		_, err := jwxjwt.Parse(text, jwxjwt.WithKeySet(keys), jwxjwt.WithIssuer(benchIssuer), jwxjwt.WithAudience(verifytest.Audience),
			jwxjwt.WithAcceptableSkew(verify.Skew), jwxjwt.WithClock(jwxjwt.ClockFunc(func() time.Time { return now })))
		return err
	}
}

// TestPeersVerify keeps the benchmark honest: each library admits the token and
// refuses it with a wrong signature, audience, issuer or expiry.
func TestPeersVerify(t *testing.T) {
	t.Parallel()
	key := verifytest.Key(t, "key-1", 2048)
	sign := func(old, new string) string {
		return verifytest.Sign(t, key, []byte(goodHeader), []byte(strings.Replace(goodPayload, old, new, 1)))
	}
	good := sign("", "")
	tokens := map[string]string{
		"signature": good[:strings.LastIndex(good, ".")] + sign("{", "{ ")[strings.LastIndex(good, "."):],
		"audience":  sign(verifytest.Audience, verifytest.ClientID),
		"issuer":    sign("/v2.0", "/v3.0"),
		"expiry":    sign("1780320000", "1780310000"),
	}
	for name, peer := range map[string]func(testing.TB, *verifytest.SigningKey, string) func(context.Context) error{
		"go-oidc": goOIDC, "keyfunc": keyfuncAndJWT, "jwx": jwx,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := peer(t, key, good)(t.Context()); err != nil {
				t.Errorf("good token: got %v, want none", err)
			}
			for wrong, token := range tokens {
				if err := peer(t, key, token)(t.Context()); err == nil {
					t.Errorf("admits a token with a wrong %s", wrong)
				}
			}
		})
	}
}

// A fixedGeneration is a fixed key whose generation can be set.
type fixedGeneration struct {
	fixedKey
	generation *uint64
}

func (f fixedGeneration) Generation() uint64 { return *f.generation }
