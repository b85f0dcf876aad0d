package auth_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/auth"
	"app-to-app/functions/internal/auth/authtest"
)

// BenchmarkVerify compares a token that is verified and one that is remembered
// with the bare RSA operation on the same token.
func BenchmarkVerify(b *testing.B) {
	key := authtest.Key(b, "key-1", 2048)
	keys := fixedGeneration{fixedKey: fixedKey{ID: key.ID, Public: &key.Private.PublicKey}, generation: new(uint64)}
	verifier, err := auth.NewVerifier(auth.Config{
		TenantID: authtest.TenantID, AuthorityHost: fuzzAuthority, Audience: authtest.Audience, Role: authtest.Role,
		Keys: keys, Now: func() time.Time { return now },
	})
	if err != nil {
		b.Fatal(err)
	}
	filler := fmt.Sprintf(`{"aio":%q,`, strings.Repeat("k", 300)) // the size of a real one
	token := authtest.Sign(b, key, []byte(`{"typ":"JWT","alg":"RS256","kid":"key-1"}`), []byte(strings.Replace(goodPayload, "{", filler, 1)))

	b.Run("raw-rsa", func(b *testing.B) {
		b.ReportAllocs()
		dot := strings.LastIndex(token, ".")
		signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			sum := sha256.Sum256([]byte(token[:dot]))
			if err := rsa.VerifyPKCS1v15(&key.Private.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		*keys.generation = 0 // nothing is remembered
		for b.Loop() {
			if _, err := verifier.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		*keys.generation = 1
		for b.Loop() {
			if _, err := verifier.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A fixedGeneration is a fixed key whose generation can be set.
type fixedGeneration struct {
	fixedKey
	generation *uint64
}

func (f fixedGeneration) Generation() uint64 { return *f.generation }
