package verify_test

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

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// keyTests are about algorithm, key and signature.
var keyTests = []verifyTest{
	{"algorithm none", unsigned("none"), verify.ErrSignature},
	{"algorithm None", unsigned("None"), verify.ErrSignature},
	{"algorithm missing", func(a *attempt) { delete(a.header, "alg") }, verify.ErrSignature},
	{"algorithm in another case", header("alg", "rs256"), verify.ErrSignature},
	{"algorithm PS256", signedPSS, verify.ErrSignature},
	{"alg RS256, signed with PSS", signedPSSAsRS256, verify.ErrSignature},
	{"HMAC with the public key", signedHMAC, verify.ErrSignature},
	{"key embedded in the header", func(a *attempt) {
		a.key = verifytest.Key(a.t, "key-foreign", 2048)
		a.header["jwk"] = a.tenant.Entry(a.key)
	}, verify.ErrMalformed},
	{"foreign key under a known id", func(a *attempt) { a.key = verifytest.Key(a.t, "key-foreign", 2048) }, verify.ErrSignature},
	{"key id unknown", header("kid", "key-unknown"), verify.ErrSignature},
	{"key id missing", func(a *attempt) { delete(a.header, "kid") }, verify.ErrSignature},
	{"key id empty", header("kid", ""), verify.ErrSignature},
	{"key id a path", header("kid", "../../key-1"), verify.ErrSignature},
	{"signature of another token", func(a *attempt) {
		other := a.signed()
		a.claims["uti"] = "another"
		a.token = func(token string) string {
			return token[:strings.LastIndex(token, ".")] + other[strings.LastIndex(other, "."):]
		}
	}, verify.ErrSignature},
	{"payload changed after signing", parts(func(p []string) {
		payload, _ := base64.RawURLEncoding.DecodeString(p[1])
		p[1] = encode(strings.Replace(string(payload), verifytest.ObjectID, verifytest.ClientID, 1))
	}), verify.ErrSignature},
	{"signature cut short", parts(func(p []string) { p[2] = p[2][:len(p[2])-2] }), verify.ErrSignature},
	{"signature of zeros", parts(func(p []string) { p[2] = strings.Repeat("A", len(p[2])) }), verify.ErrSignature},
	{"RSA key of 1024 bits", func(a *attempt) {
		a.key = verifytest.Key(a.t, "key-small", 1024)
		a.header["kid"] = a.key.ID
		a.tenant.Publish(a.tenant.Signing, a.key)
	}, verify.ErrSignature},
	{"key for encryption", func(a *attempt) {
		a.key = verifytest.Key(a.t, "key-2", 2048)
		a.header["kid"] = a.key.ID
		entry := a.tenant.Entry(a.key)
		entry["use"] = "enc"
		a.tenant.PublishEntries(a.tenant.Entry(a.tenant.Signing), entry)
	}, verify.ErrSignature},
	{"key published for another issuer", func(a *attempt) {
		entry := a.tenant.Entry(a.key)
		entry["issuer"] = a.tenant.AuthorityHost() + "/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
		a.tenant.PublishEntries(entry)
	}, verify.ErrIssuer},
	{"key published without an issuer", func(a *attempt) {
		entry := a.tenant.Entry(a.key)
		delete(entry, "issuer")
		a.tenant.PublishEntries(entry)
	}, nil},
	{"keys unavailable", func(a *attempt) { a.tenant.Break(500) }, verify.ErrKeysUnavailable},
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

// TestKeyIDMissingFromAnySource: a token without a key id is refused, even if the
// KeySource has a key with an empty id.
func TestKeyIDMissingFromAnySource(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	delete(a.header, "kid")
	a.config.Keys = fixedKey{ID: a.key.ID, Public: &a.key.Private.PublicKey}
	refuse(t, a.verifier(), a.signed(), verify.ErrSignature)
}

// TestKeyTooSmallFromAnySource: the size is checked where the key is used too,
// because a KeySource may be another than Keys.
func TestKeyTooSmallFromAnySource(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	a.key = verifytest.Key(t, "key-small", 1024)
	a.config.Keys = fixedKey{ID: a.key.ID, Public: &a.key.Private.PublicKey}
	refuse(t, a.verifier(), a.signed(), verify.ErrSignature)
}
