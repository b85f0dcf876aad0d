package auth_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"app-to-app/functions/internal/auth"
	"app-to-app/functions/internal/auth/authtest"
)

// keyTests are about algorithm, key and signature.
var keyTests = []verifyTest{
	{"algorithm none", unsigned("none"), auth.ErrSignature},
	{"algorithm None", unsigned("None"), auth.ErrSignature},
	{"algorithm missing", func(a *attempt) { delete(a.header, "alg") }, auth.ErrSignature},
	{"algorithm in another case", header("alg", "rs256"), auth.ErrSignature},
	{"algorithm PS256", signedPSS, auth.ErrSignature},
	{"RS256 said, PSS done", signedPSSAsRS256, auth.ErrSignature},
	{"HMAC with the public key", signedHMAC, auth.ErrSignature},
	{"key embedded in the header", func(a *attempt) {
		a.key = authtest.Key(a.t, "key-foreign", 2048)
		a.header["jwk"] = a.tenant.Entry(a.key)
	}, auth.ErrMalformed},
	{"foreign key under a known id", func(a *attempt) { a.key = authtest.Key(a.t, "key-foreign", 2048) }, auth.ErrSignature},
	{"key id unknown", header("kid", "key-unknown"), auth.ErrSignature},
	{"key id missing", func(a *attempt) { delete(a.header, "kid") }, auth.ErrSignature},
	{"key id empty", header("kid", ""), auth.ErrSignature},
	{"key id a path", header("kid", "../../key-1"), auth.ErrSignature},
	{"signature of another token", func(a *attempt) {
		other := a.signed()
		a.claims["uti"] = "another"
		a.token = func(token string) string {
			return token[:strings.LastIndex(token, ".")] + other[strings.LastIndex(other, "."):]
		}
	}, auth.ErrSignature},
	{"payload changed after signing", parts(func(p []string) {
		payload, _ := base64.RawURLEncoding.DecodeString(p[1])
		p[1] = encode(strings.Replace(string(payload), authtest.ObjectID, authtest.ClientID, 1))
	}), auth.ErrSignature},
	{"signature cut short", parts(func(p []string) { p[2] = p[2][:len(p[2])-2] }), auth.ErrSignature},
	{"signature of zeros", parts(func(p []string) { p[2] = strings.Repeat("A", len(p[2])) }), auth.ErrSignature},
	{"RSA key of 1024 bits", func(a *attempt) {
		a.key = authtest.Key(a.t, "key-small", 1024)
		a.header["kid"] = a.key.ID
		a.tenant.Publish(a.tenant.Signing, a.key)
	}, auth.ErrSignature},
	{"key for encryption", func(a *attempt) {
		a.key = authtest.Key(a.t, "key-2", 2048)
		a.header["kid"] = a.key.ID
		entry := a.tenant.Entry(a.key)
		entry["use"] = "enc"
		a.tenant.PublishEntries(a.tenant.Entry(a.tenant.Signing), entry)
	}, auth.ErrSignature},
	{"key published for another issuer", func(a *attempt) {
		entry := a.tenant.Entry(a.key)
		entry["issuer"] = a.tenant.AuthorityHost() + "/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
		a.tenant.PublishEntries(entry)
	}, auth.ErrIssuer},
	{"key published without an issuer", func(a *attempt) {
		entry := a.tenant.Entry(a.key)
		delete(entry, "issuer")
		a.tenant.PublishEntries(entry)
	}, nil},
	{"key not to be had", func(a *attempt) { a.tenant.Break(500) }, auth.ErrKeysUnavailable},
}

// resign replaces the signature.
func resign(a *attempt, sign func(signed string) []byte) {
	a.token = func(token string) string {
		signed := token[:strings.LastIndex(token, ".")]
		return signed + "." + base64.RawURLEncoding.EncodeToString(sign(signed))
	}
}

func unsigned(algorithm string) func(*attempt) {
	return func(a *attempt) { a.header["alg"] = algorithm }
}

func signedPSS(a *attempt) {
	a.header["alg"] = "PS256"
	resign(a, pss(a))
}

func signedPSSAsRS256(a *attempt) { resign(a, pss(a)) }

func pss(a *attempt) func(string) []byte {
	return func(signed string) []byte {
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPSS(rand.Reader, a.key.Private, crypto.SHA256, sum[:], nil)
		if err != nil {
			a.t.Fatal(err)
		}
		return signature
	}
}

func signedHMAC(a *attempt) {
	a.header["alg"] = "HS256"
	resign(a, func(signed string) []byte {
		mac := hmac.New(sha256.New, x509.MarshalPKCS1PublicKey(&a.key.Private.PublicKey))
		mac.Write([]byte(signed))
		return mac.Sum(nil)
	})
}

// TestKeyIDMissingFromAnySource: a token without a key id is refused, whatever a
// KeySource would make of the empty one.
func TestKeyIDMissingFromAnySource(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	delete(a.header, "kid")
	a.config.Keys = fixedKey{ID: a.key.ID, Public: &a.key.Private.PublicKey}
	if _, err := a.verifier().Verify(t.Context(), a.signed()); !isRefusal(err, auth.ErrSignature) {
		t.Errorf("got %v, want %v", err, auth.ErrSignature)
	}
}

// TestKeyTooSmallFromAnySource: the size is checked where the key is used too,
// because a KeySource may be another than Keys.
func TestKeyTooSmallFromAnySource(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	a.key = authtest.Key(t, "key-small", 1024)
	a.config.Keys = fixedKey{ID: a.key.ID, Public: &a.key.Private.PublicKey}
	if _, err := a.verifier().Verify(t.Context(), a.signed()); !isRefusal(err, auth.ErrSignature) {
		t.Errorf("got %v, want %v", err, auth.ErrSignature)
	}
}
