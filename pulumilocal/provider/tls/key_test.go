package tls_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"app-to-app/pulumilocal/provider/enginetest"
)

// decode returns the bytes of the one PEM block in a text.
func decode(t *testing.T, text, kind string) []byte {
	t.Helper()
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != kind || len(rest) != 0 {
		t.Fatalf("expected one PEM block %q", kind)
	}
	return block.Bytes
}

// parseOwn parses the form that privateKeyPem has for an algorithm.
func parseOwn(t *testing.T, algorithm, text string) (crypto.PrivateKey, error) {
	t.Helper()
	switch algorithm {
	case "RSA":
		return x509.ParsePKCS1PrivateKey(decode(t, text, "RSA PRIVATE KEY"))
	case "ECDSA":
		return x509.ParseECPrivateKey(decode(t, text, "EC PRIVATE KEY"))
	}
	return x509.ParsePKCS8PrivateKey(decode(t, text, "PRIVATE KEY"))
}

func TestPrivateKeys(t *testing.T) {
	t.Parallel()
	engine, _ := newTLS(t)
	for _, test := range []struct {
		name   string
		inputs map[string]any
		is     func(crypto.PrivateKey) bool
	}{
		{"RSA by default", map[string]any{"algorithm": "RSA"}, isRSA(2048)},
		{"RSA of 3072 bits", map[string]any{"algorithm": "RSA", "rsaBits": 3072}, isRSA(3072)},
		{"ECDSA by default", map[string]any{"algorithm": "ECDSA"}, isECDSA("P-224")},
		{"ECDSA P256", map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P256"}, isECDSA("P-256")},
		{"ECDSA P521", map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P521"}, isECDSA("P-521")},
		{"Ed25519", map[string]any{"algorithm": "ED25519"}, func(k crypto.PrivateKey) bool { _, ok := k.(ed25519.PrivateKey); return ok }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			state := engine.MustCreate(keyToken, "key", enginetest.Of(test.inputs))
			key, err := x509.ParsePKCS8PrivateKey(decode(t, state.Text("privateKeyPemPkcs8"), "PRIVATE KEY"))
			if err != nil || !test.is(key) {
				t.Fatalf("got %T, %v, want another key", key, err)
			}
			own, err := parseOwn(t, state.Text("algorithm"), state.Text("privateKeyPem"))
			if err != nil || !own.(interface{ Equal(crypto.PrivateKey) bool }).Equal(key) {
				t.Errorf("privateKeyPem: got %T, %v, want the key of privateKeyPemPkcs8", own, err)
			}
			public, err := x509.ParsePKIXPublicKey(decode(t, state.Text("publicKeyPem"), "PUBLIC KEY"))
			if err != nil || !public.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.(crypto.Signer).Public()) {
				t.Errorf("publicKeyPem: got %T, %v, want the public half", public, err)
			}
			if len(state.ID) != 40 {
				t.Errorf("got id %q, want a SHA-1", state.ID)
			}
			checkSSH(t, state, key)
		})
	}
}

func isRSA(bits int) func(crypto.PrivateKey) bool {
	return func(key crypto.PrivateKey) bool {
		k, ok := key.(*rsa.PrivateKey)
		return ok && k.N.BitLen() == bits
	}
}

func isECDSA(curve string) func(crypto.PrivateKey) bool {
	return func(key crypto.PrivateKey) bool {
		k, ok := key.(*ecdsa.PrivateKey)
		return ok && k.Curve.Params().Name == curve
	}
}

// checkSSH checks that OpenSSH's forms have the same key, or are empty for P224.
func checkSSH(t *testing.T, state enginetest.State, key crypto.PrivateKey) {
	t.Helper()
	if isECDSA("P-224")(key) {
		for _, name := range []resource.PropertyKey{"privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"} {
			if state.Text(name) != "" {
				t.Errorf("%s: got a value, want none for P224", name)
			}
		}
		return
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ssh.ParsePrivateKey([]byte(state.Text("privateKeyOpenssh")))
	if err != nil || ssh.FingerprintSHA256(parsed.PublicKey()) != ssh.FingerprintSHA256(signer.PublicKey()) {
		t.Errorf("privateKeyOpenssh: %v, want the same key", err)
	}
	if got, want := state.Text("publicKeyFingerprintSha256"), ssh.FingerprintSHA256(signer.PublicKey()); got != want {
		t.Errorf("got fingerprint %q, want %q", got, want)
	}
	if got, want := state.Text("publicKeyFingerprintMd5"), ssh.FingerprintLegacyMD5(signer.PublicKey()); got != want {
		t.Errorf("got fingerprint %q, want %q", got, want)
	}
	if got, want := state.Text("publicKeyOpenssh"), string(ssh.MarshalAuthorizedKey(signer.PublicKey())); got != want {
		t.Errorf("got public key %q, want %q", got, want)
	}
}

func TestPrivateKeyIsSecretAndStays(t *testing.T) {
	t.Parallel()
	engine, _ := newTLS(t)
	inputs := enginetest.Of(map[string]any{"algorithm": "ED25519"})
	state := engine.MustCreate(keyToken, "key", inputs)
	for _, name := range []resource.PropertyKey{"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"} {
		if !state.Outputs[name].IsSecret() {
			t.Errorf("%s: got a plain value, want a secret", name)
		}
	}
	if state.Outputs["publicKeyPem"].IsSecret() {
		t.Error("publicKeyPem: got a secret, want it plain")
	}
	refreshed, err := engine.Refresh(state)
	if err != nil || refreshed.Text("privateKeyPem") != state.Text("privateKeyPem") || !refreshed.Outputs["privateKeyPem"].IsSecret() {
		t.Errorf("refresh: got another key, or a plain one (%v)", err)
	}
	if got := engine.DiffState(refreshed, inputs); len(got.GetDetailedDiff()) != 0 {
		t.Errorf("got %v, want no change", got)
	}
	if err := engine.Delete(state); err != nil {
		t.Errorf("Delete: %v", err)
	}
	other := engine.MustCreate(keyToken, "key", inputs)
	if other.Text("publicKeyPem") == state.Text("publicKeyPem") {
		t.Error("got the same key twice, want a fresh one")
	}
}

func TestPreviewMakesNoKey(t *testing.T) {
	t.Parallel()
	engine, _ := newTLS(t)
	outputs := engine.Preview(keyToken, nil, enginetest.Of(map[string]any{"algorithm": "RSA"}))
	for _, name := range []resource.PropertyKey{"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"} {
		if value := outputs[name]; !value.IsSecret() || !value.SecretValue().Element.IsComputed() {
			t.Errorf("%s: got %v, want an unknown secret", name, value)
		}
	}
	if !outputs["publicKeyPem"].IsComputed() || outputs["algorithm"].StringValue() != "RSA" {
		t.Errorf("got %v, want the algorithm known and the public key unknown", outputs)
	}
}
