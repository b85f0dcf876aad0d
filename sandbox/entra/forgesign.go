package entra

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512" // SHA-384 and SHA-512 of crypto.Hash
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// hashes are those in the names of algorithms (RFC 7518 section 3.1).
var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

// ForgeSignature signs exactly these bytes with a key of the tenant, or what
// key names instead. Algorithms are:
//
//   - "" and RS256, RS384, RS512, PS256, PS384, PS512 of RFC 7518
//   - "PKCS1 SHA256": as RS256, without the name of the hash in the padding
//   - ES256, with a new key on P-256
//   - HS256, HS384, HS512 with an empty secret; or with the public key as the
//     secret, encoded as a careless verifier may have it: "HS256 PEM" and "HS256 PKIX" (SubjectPublicKeyInfo as PEM and as DER), "HS256
//     PKCS1" (DER), "HS256 modulus"
//   - none: no signature
//   - zeros: as long as a real one
func (s *Service) ForgeSignature(tenantID string, key ForgeKey, algorithm string, content []byte) ([]byte, error) {
	private, err := s.forgeKey(tenantID, key)
	if err != nil {
		return nil, err
	}
	switch algorithm {
	case "none":
		return []byte{}, nil
	case "zeros":
		return make([]byte, private.Size()), nil
	case "":
		algorithm = "RS256"
	case "PKCS1 SHA256":
		return rsa.SignPKCS1v15(nil, private, 0, digest(crypto.SHA256, content))
	case "ES256":
		return signES256(content)
	}
	name, secret, _ := strings.Cut(algorithm, " ")
	if len(name) != 5 || hashes[name[2:]] == 0 {
		return nil, unknownAlgorithm(algorithm)
	}
	hash := hashes[name[2:]]
	switch {
	case name[:2] == "RS" && secret == "":
		return rsa.SignPKCS1v15(nil, private, hash, digest(hash, content))
	case name[:2] == "PS" && secret == "":
		// RFC 7518 section 3.5: the salt is as long as the hash.
		return rsa.SignPSS(rand.Reader, private, hash, digest(hash, content), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	case name[:2] == "HS":
		shared, err := sharedSecret(secret, &private.PublicKey)
		if err != nil {
			return nil, err
		}
		mac := hmac.New(hash.New, shared)
		mac.Write(content)
		return mac.Sum(nil), nil
	}
	return nil, unknownAlgorithm(algorithm)
}

func unknownAlgorithm(algorithm string) error {
	return fmt.Errorf("expected an algorithm that the forge knows, got %q; see ForgeSignature in sandbox/entra/forgesign.go", algorithm)
}

// ForeignKey is the public half of [Foreign], for tokens with their own key in
// the header.
func (s *Service) ForeignKey() (*rsa.PublicKey, error) {
	private, err := s.foreign()
	if err != nil {
		return nil, fmt.Errorf("make foreign key: %w", err)
	}
	return &private.PublicKey, nil
}

func (s *Service) forgeKey(tenantID string, key ForgeKey) (*rsa.PrivateKey, error) {
	switch key {
	case Foreign:
		return s.foreign()
	case "":
	default:
		tenantID = string(key)
	}
	known, err := s.signingKeyOf(tenantID)
	if err != nil {
		return nil, err
	}
	return s.privateKey(known)
}

func digest(hash crypto.Hash, content []byte) []byte {
	sum := hash.New()
	sum.Write(content)
	return sum.Sum(nil)
}

// signES256 returns both numbers one after the other (RFC 7518 section 3.4).
func signES256(content []byte) ([]byte, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	r, s, err := ecdsa.Sign(rand.Reader, private, digest(crypto.SHA256, content))
	if err != nil {
		return nil, err
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), nil
}

// sharedSecret encodes a public key as the secret of an HMAC.
func sharedSecret(spelling string, public *rsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	switch spelling {
	case "":
		return nil, nil
	case "PEM":
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
	case "PKIX":
		return der, nil
	case "PKCS1":
		return x509.MarshalPKCS1PublicKey(public), nil
	case "modulus":
		return public.N.Bytes(), nil
	}
	return nil, unknownAlgorithm("HS… " + spelling)
}
