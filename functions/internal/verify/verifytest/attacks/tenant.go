package attacks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest"
)

// otherTenant is the ID of a tenant that does not exist.
const otherTenant = "9f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a99"

// OfTenant is the world of a [verifytest.Tenant] at one time.
func OfTenant(t testing.TB, tenant *verifytest.Tenant, now time.Time) *World {
	t.Helper()
	jwk, err := json.Marshal(tenant.Entry(verifytest.Key(t, "key-foreign", 2048)))
	if err != nil {
		t.Fatal(err)
	}
	host := tenant.AuthorityHost()
	return NewWorld(World{
		Now: now, Header: tenant.Header, Claims: func() map[string]any { return tenant.Claims(now) },
		Values: map[string]string{
			"host": host, "issuer": host + "/" + verifytest.TenantID + "/v2.0", "tenant": verifytest.TenantID,
			"otherTenant": otherTenant, "audience": verifytest.Audience, "client": verifytest.ClientID,
			"object": verifytest.ObjectID, "role": verifytest.Role, "kid": tenant.Signing.ID, "jwk": string(jwk),
		},
		Sign: func(name, way string, content []byte) ([]byte, error) {
			key := tenant.Signing
			if name != "" {
				key = verifytest.Key(t, "key-"+name, 2048)
			}
			return Signature(way, key.Private, content)
		},
	})
}

// Signature signs in one of the ways that rows name.
func Signature(how string, key *rsa.PrivateKey, signed []byte) ([]byte, error) {
	sum256, sum384, sum512 := sha256.Sum256(signed), sha512.Sum384(signed), sha512.Sum512(signed)
	switch how {
	case "":
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum256[:])
	case "none":
		return nil, nil
	case "zeros":
		return make([]byte, key.Size()), nil
	case "RS384":
		return rsa.SignPKCS1v15(nil, key, crypto.SHA384, sum384[:])
	case "RS512":
		return rsa.SignPKCS1v15(nil, key, crypto.SHA512, sum512[:])
	case "raw": // PKCS #1 padding around the digest, without the name of its hash
		return rsa.SignPKCS1v15(nil, key, 0, sum256[:])
	case "PS256":
		return rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum256[:], nil)
	case "ES256":
		other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		r, s, err := ecdsa.Sign(rand.Reader, other, sum256[:])
		if err != nil {
			return nil, err
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), nil
	}
	secret, err := hmacSecret(how, &key.PublicKey)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(signed)
	return mac.Sum(nil), nil
}

// hmacSecret is the public key in each encoding that a careless verifier might use
// as an HMAC secret.
func hmacSecret(how string, key *rsa.PublicKey) ([]byte, error) {
	switch how {
	case "HS256 empty":
		return nil, nil
	case "HS256 modulus":
		return key.N.Bytes(), nil
	case "HS256 PKCS1":
		return x509.MarshalPKCS1PublicKey(key), nil
	case "HS256 PEM":
		der, err := x509.MarshalPKIXPublicKey(key)
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
	}
	return nil, fmt.Errorf("expected a way to sign, got %q", how)
}
