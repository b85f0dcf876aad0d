package tls

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/crypto/ssh"

	"app-to-app/pulumilocal/provider/plugin"
)

var curves = map[string]elliptic.Curve{
	"P224": elliptic.P224(), "P256": elliptic.P256(), "P384": elliptic.P384(), "P521": elliptic.P521(),
}

// The defaults are in the state for every algorithm.
const (
	defaultCurve = "P224"
	defaultBits  = 2048
)

// smallestBits is the smallest key that Go's crypto/rsa makes.
const smallestBits = 1024

func validateKey(_ context.Context, c *plugin.Check) {
	if algorithm, ok := c.Known("algorithm"); ok && !slices.Contains([]string{"RSA", "ECDSA", "ED25519"}, algorithm) {
		c.Fail("algorithm", "property %q: expected RSA, ECDSA or ED25519, got %q", "algorithm", algorithm)
	}
	if curve, ok := c.Known("ecdsaCurve"); ok && curves[curve] == nil {
		c.Fail("ecdsaCurve", "property %q: expected one of %q, got %q", "ecdsaCurve", slices.Sorted(maps.Keys(curves)), curve)
	}
	if bits, ok := c.Plain()["rsaBits"].(float64); ok && (bits < smallestBits || bits > 16384) {
		c.Fail("rsaBits", "property %q: expected %d to 16384, got %v", "rsaBits", smallestBits, bits)
	}
}

// A keyMaker makes private keys.
type keyMaker struct {
	kept
	plugin.ReplaceOnly
}

func (keyMaker) Create(_ context.Context, call plugin.Call) (plugin.Result, error) {
	algorithm, _ := call.Inputs["algorithm"].(string)
	curve, ok := call.Inputs["ecdsaCurve"].(string)
	if !ok {
		curve = defaultCurve
	}
	bits, ok := call.Inputs["rsaBits"].(float64)
	if !ok {
		bits = defaultBits
	}
	key, err := generate(algorithm, curve, int(bits))
	if err != nil {
		return plugin.Result{}, fmt.Errorf("make %s key: %w", algorithm, err)
	}
	state := plugin.Object{"algorithm": algorithm, "ecdsaCurve": curve, "rsaBits": bits}
	id, err := describe(key, state)
	if err != nil {
		return plugin.Result{}, fmt.Errorf("encode %s key: %w", algorithm, err)
	}
	return plugin.Result{ID: id, State: state}, nil
}

func generate(algorithm, curve string, bits int) (crypto.Signer, error) {
	switch algorithm {
	case "RSA":
		return rsa.GenerateKey(rand.Reader, bits)
	case "ECDSA":
		return ecdsa.GenerateKey(curves[curve], rand.Reader)
	case "ED25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("expected RSA, ECDSA or ED25519, got %q", algorithm)
}

// describe writes every form of a key to the state, and returns the resource's
// id: the SHA-1 of the public key.
func describe(key crypto.Signer, state plugin.Object) (string, error) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	private := &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}
	state["privateKeyPemPkcs8"] = string(pem.EncodeToMemory(private))
	switch key := key.(type) {
	case *rsa.PrivateKey:
		private = &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return "", err
		}
		private = &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}
	}
	state["privateKeyPem"] = string(pem.EncodeToMemory(private))
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", err
	}
	state["publicKeyPem"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	sum := sha1.Sum(public)
	return hex.EncodeToString(sum[:]), describeSSH(key, state)
}

// describeSSH adds OpenSSH's forms. They are empty for P224, which OpenSSH does
// not have (https://datatracker.ietf.org/doc/html/rfc5656#section-10.1).
func describeSSH(key crypto.Signer, state plugin.Object) error {
	for _, name := range []string{"privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"} {
		state[name] = ""
	}
	if key, ok := key.(*ecdsa.PrivateKey); ok && key.Curve == elliptic.P224() {
		return nil
	}
	private, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return err
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		return err
	}
	state["privateKeyOpenssh"] = string(pem.EncodeToMemory(private))
	state["publicKeyOpenssh"] = string(ssh.MarshalAuthorizedKey(public))
	state["publicKeyFingerprintMd5"] = ssh.FingerprintLegacyMD5(public)
	state["publicKeyFingerprintSha256"] = ssh.FingerprintSHA256(public)
	return nil
}

// parseKey reads a private key in any of the forms that describe makes. The
// error does not show the text.
func parseKey(text string) (key crypto.Signer, algorithm string, err error) {
	parsed, err := ssh.ParseRawPrivateKey([]byte(text))
	if err != nil {
		return nil, "", errors.New("expected a private key in PEM")
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		return key, "RSA", nil
	case *ecdsa.PrivateKey:
		return key, "ECDSA", nil
	case ed25519.PrivateKey:
		return key, "ED25519", nil
	case *ed25519.PrivateKey:
		return *key, "ED25519", nil
	}
	return nil, "", fmt.Errorf("expected an RSA, ECDSA or ED25519 key, got %T", parsed)
}
