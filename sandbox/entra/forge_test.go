package entra_test

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"hash"
	"math/big"
	"strings"
	"testing"

	"app-to-app/sandbox/entra"
)

// publicKey is the newest key that a tenant publishes.
func (w *world) publicKey(t *testing.T, tenantID string) *rsa.PublicKey {
	t.Helper()
	entry := w.keySet(t, tenantID, "discovery/v2.0/keys")[0]
	number := func(name string) *big.Int {
		text, _ := entry[name].(string)
		content, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(content)
	}
	return &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
}

func sum(of func() hash.Hash, content []byte) []byte {
	h := of()
	h.Write(content)
	return h.Sum(nil)
}

func macOf(of func() hash.Hash, secret, content []byte) []byte {
	h := hmac.New(of, secret)
	h.Write(content)
	return h.Sum(nil)
}

func TestForgeSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	public := w.publicKey(t, w.contoso.ID)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	content := []byte("exactly these bytes \xff")
	signedWith := func(h crypto.Hash, of func() hash.Hash) func([]byte) bool {
		return func(s []byte) bool { return rsa.VerifyPKCS1v15(public, h, sum(of, content), s) == nil }
	}
	pss := func(h crypto.Hash, of func() hash.Hash) func([]byte) bool {
		return func(s []byte) bool {
			return rsa.VerifyPSS(public, h, sum(of, content), s, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	}
	shared := func(of func() hash.Hash, secret []byte) func([]byte) bool {
		return func(s []byte) bool { return hmac.Equal(s, macOf(of, secret, content)) }
	}
	for algorithm, right := range map[string]func([]byte) bool{
		"": signedWith(crypto.SHA256, sha256.New), "RS256": signedWith(crypto.SHA256, sha256.New),
		"RS384": signedWith(crypto.SHA384, sha512.New384), "RS512": signedWith(crypto.SHA512, sha512.New),
		"PS256": pss(crypto.SHA256, sha256.New), "PS384": pss(crypto.SHA384, sha512.New384), "PS512": pss(crypto.SHA512, sha512.New),
		"PKCS1 SHA256": signedWith(0, sha256.New),
		"HS256":        shared(sha256.New, nil), "HS384": shared(sha512.New384, nil), "HS512": shared(sha512.New, nil),
		"HS256 PKIX": shared(sha256.New, der), "HS256 PKCS1": shared(sha256.New, x509.MarshalPKCS1PublicKey(public)),
		"HS512 PEM":     shared(sha512.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"HS384 modulus": shared(sha512.New384, public.N.Bytes()),
		"ES256":         func(s []byte) bool { return len(s) == 64 },
		"none":          func(s []byte) bool { return s != nil && len(s) == 0 },
		"zeros":         func(s []byte) bool { return bytes.Equal(s, make([]byte, 256)) },
	} {
		t.Run(algorithm, func(t *testing.T) {
			signature, err := w.service.ForgeSignature(w.contoso.ID, "", algorithm, content)
			if err != nil || !right(signature) {
				t.Errorf("got %d bytes, %v, want a signature that fits", len(signature), err)
			}
		})
	}
	for _, algorithm := range []string{"RS1", "HS257", "EdDSA", "RS256 PEM", "PS256 PEM", "HS256 JWK", "XX256", "HS"} {
		t.Run(algorithm, func(t *testing.T) {
			if _, err := w.service.ForgeSignature(w.contoso.ID, "", algorithm, content); err == nil || !strings.Contains(err.Error(), "expected an algorithm") {
				t.Errorf("got %v, want a refusal", err)
			}
		})
	}
}

func TestForgeKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := []byte("x")
	foreign, err := w.service.ForeignKey()
	if err != nil {
		t.Fatal(err)
	}
	for key, public := range map[entra.ForgeKey]*rsa.PublicKey{
		"": w.publicKey(t, w.contoso.ID), entra.Foreign: foreign, entra.ForgeKey(w.fabrikam.ID): w.publicKey(t, w.fabrikam.ID),
	} {
		t.Run(string(key), func(t *testing.T) {
			signature, err := w.service.ForgeSignature(w.contoso.ID, key, "", content)
			if err != nil || rsa.VerifyPKCS1v15(public, crypto.SHA256, sum(sha256.New, content), signature) != nil {
				t.Errorf("key %q: got %v, want a signature that fits", key, err)
			}
		})
	}
	for _, tenant := range []string{w.contoso.ID, w.fabrikam.ID} {
		for _, entry := range w.keySet(t, tenant, "discovery/v2.0/keys") {
			if entry["n"] == base64.RawURLEncoding.EncodeToString(foreign.N.Bytes()) {
				t.Error("the foreign key is published")
			}
		}
	}
	if _, err := w.service.ForgeSignature(w.contoso.ID, "nobody", "", content); err == nil {
		t.Error("got no error for the key of a tenant that does not exist")
	}
}

func TestForgeToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	encode := base64.RawURLEncoding.EncodeToString
	kid := w.keySet(t, w.contoso.ID, "discovery/v2.0/keys")[0]["kid"].(string)
	for _, test := range []struct {
		name    string
		forgery entra.Forgery
		want    string // the parts before the signature, or all when there is none
	}{
		{"nothing said", entra.Forgery{}, encode([]byte(`{"alg":"RS256","kid":"`+kid+`","typ":"JWT"}`)) + "." + encode([]byte(`{}`)) + "."},
		{"members", entra.Forgery{Header: map[string]any{"typ": nil, "kid": "x"}, Claims: map[string]any{"a": 1}},
			encode([]byte(`{"alg":"RS256","kid":"x"}`)) + "." + encode([]byte(`{"a":1}`)) + "."},
		{"any bytes", entra.Forgery{HeaderText: []byte("\xff"), ClaimsText: []byte{}}, encode([]byte("\xff")) + ".."},
		{"a signature of one's own", entra.Forgery{HeaderText: []byte("h"), ClaimsText: []byte("c"), Signature: []byte("s")},
			encode([]byte("h")) + "." + encode([]byte("c")) + "." + encode([]byte("s"))},
		{"a shape", entra.Forgery{HeaderText: []byte("h"), ClaimsText: []byte("c"), Signature: []byte("s"), Shape: "${claims}!${header}=${signature}${signature}"},
			encode([]byte("c")) + "!" + encode([]byte("h")) + "=" + strings.Repeat(encode([]byte("s")), 2)},
		{"no signature", entra.Forgery{HeaderText: []byte("h"), ClaimsText: []byte("c"), Algorithm: "none"}, encode([]byte("h")) + "." + encode([]byte("c")) + "."},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.forgery.TenantID = w.contoso.ID
			token, err := w.service.ForgeToken(test.forgery)
			if err != nil || !strings.HasPrefix(token, test.want) {
				t.Fatalf("got %q, %v, want it to begin with %q", token, err, test.want)
			}
			if test.forgery.Signature == nil && test.forgery.Algorithm == "" {
				signature, err := base64.RawURLEncoding.DecodeString(token[len(test.want):])
				if signed := strings.TrimSuffix(test.want, "."); err != nil || rsa.VerifyPKCS1v15(w.publicKey(t, w.contoso.ID), crypto.SHA256, sum(sha256.New, []byte(signed)), signature) != nil {
					t.Errorf("got a signature that does not fit (%v)", err)
				}
			} else if token != test.want {
				t.Errorf("got %q, want %q", token, test.want)
			}
		})
	}
}
