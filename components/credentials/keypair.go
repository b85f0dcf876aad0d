package credentials

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// A KeyPair is a certificate with its private key, as [ParseKeyPair] reads it.
// Printing it never shows the private key.
type KeyPair struct {
	ValidFrom, ExpiresOn time.Time

	certificate string // PEM
	key         string // PEM, PKCS #8
	thumbprint  [sha256.Size]byte
	placeholder bool
}

// PlaceholderType is the type of a PEM block in the place of a private key, for
// a preview that must not have the key. Its content does not matter.
const PlaceholderType = "PRIVATE KEY PLACEHOLDER"

// IsPlaceholder reports whether there is no private key, only a placeholder of
// one. It is good for a preview and for nothing else.
func (p KeyPair) IsPlaceholder() bool { return p.placeholder }

// Label identifies the certificate: the start of its SHA-256 thumbprint.
func (p KeyPair) Label() string { return hex.EncodeToString(p.thumbprint[:4]) }

// Certificate is the certificate in PEM.
func (p KeyPair) Certificate() string { return p.certificate }

// PrivateKey is the private key in PEM, PKCS #8, or its placeholder. It is a
// secret.
func (p KeyPair) PrivateKey() string { return p.key }

// String hides the key from fmt.
func (p KeyPair) String() string { return "certificate " + p.Label() }

// GoString hides the key from fmt's %#v.
func (p KeyPair) GoString() string { return p.String() }

// minKeyBits is the smallest RSA key that may sign (NIST SP 800-131A).
const minKeyBits = 2048

// ParseKeyPair reads PEM with one certificate and its RSA private key (PKCS #8
// or PKCS #1), in either order. Errors never quote the content.
func ParseKeyPair(content string) (KeyPair, error) {
	var certificate *x509.Certificate
	var key *rsa.PrivateKey
	var placeholder *pem.Block
	for rest := []byte(content); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
			parsed, err := x509.ParseCertificate(block.Bytes)
			if err != nil || certificate != nil {
				return KeyPair{}, errors.New("expected one certificate that can be read, got several or an unreadable one")
			}
			certificate = parsed
		case "PRIVATE KEY", "RSA PRIVATE KEY":
			parsed, err := parseKey(block)
			if err != nil || key != nil {
				return KeyPair{}, errors.New("expected one RSA private key that can be read, got several or an unreadable one")
			}
			key = parsed
		case PlaceholderType:
			placeholder = block
		default:
			return KeyPair{}, fmt.Errorf("expected the PEM blocks CERTIFICATE and PRIVATE KEY, got %q", block.Type)
		}
	}
	if certificate != nil && key == nil && placeholder != nil {
		return newKeyPair(certificate, placeholder), nil
	}
	switch {
	case certificate == nil || key == nil:
		return KeyPair{}, errors.New("expected PEM with a certificate and its private key, got at most one of them")
	case !key.PublicKey.Equal(certificate.PublicKey):
		return KeyPair{}, errors.New("expected the certificate of the private key, got another one")
	case key.N.BitLen() < minKeyBits:
		return KeyPair{}, fmt.Errorf("expected an RSA key of at least %d bits, got %d", minKeyBits, key.N.BitLen())
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return KeyPair{}, errors.New("expected an RSA private key that can be written as PKCS #8")
	}
	return newKeyPair(certificate, &pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
}

func newKeyPair(certificate *x509.Certificate, key *pem.Block) KeyPair {
	return KeyPair{
		ValidFrom:   certificate.NotBefore,
		ExpiresOn:   certificate.NotAfter,
		certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})),
		key:         string(pem.EncodeToMemory(key)),
		thumbprint:  sha256.Sum256(certificate.Raw),
		placeholder: key.Type == PlaceholderType,
	}
}

func parseKey(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "RSA PRIVATE KEY" {
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("expected an RSA key")
	}
	return key, nil
}
