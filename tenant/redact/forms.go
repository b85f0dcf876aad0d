package redact

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"app-to-app/components/credentials"
)

// This file says what of a secret text is secret. The rules are:
//   - all of it, unless it has one of the forms below
//   - a form keeps what the program builds around the secret from other things,
//     and the program must accept the placeholder: otherwise the preview of the
//     copy would differ from that of the stack
//   - placeholders are numbered and say nothing of the secret: a hash could be
//     compared with guesses

// A redactor numbers the secrets in the order in which it meets them.
type redactor struct {
	numbers map[string]int
	keys    map[string]string // the PEM in the place of a private key, by what it is
	secrets []secretText
	inState bool // the settings are done
}

// A secretText is a text that was replaced.
type secretText struct{ path, text string }

const guid = `[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`

var (
	// emptySlot is what an unused slot of a vault holds (components/vault.go).
	emptySlot = "unused"
	// connection is a connection string of App Authentication
	// (components/secret.go).
	connection = regexp.MustCompile(`^RunAs=App;AppId=` + guid + `;TenantId=` + guid + `;AppKey=([^;]+)$`)
	// certificateConnection has an address in a vault and no secret.
	certificateConnection = regexp.MustCompile(`^RunAs=App;AppId=` + guid + `;TenantId=` + guid +
		`;KeyVaultCertificateSecretIdentifier=https://[\w.:/-]+/secrets/(?:credential|connection)-[ab](?:/[0-9a-f]{32})?$`)
	pemBlock = regexp.MustCompile(`-----BEGIN [^-]+-----[^-]*-----END [^-]+-----\n?`)
)

// text replaces what is secret in a text.
func (r *redactor) text(path, text string) (string, error) {
	if text == "" || text == emptySlot || certificateConnection.MatchString(text) {
		return text, nil
	}
	if parts := connection.FindStringSubmatch(text); parts != nil {
		return strings.TrimSuffix(text, parts[1]) + r.placeholder(path, parts[1]), nil
	}
	if blocks := pemBlock.FindAllString(text, -1); blocks != nil && strings.TrimSpace(pemBlock.ReplaceAllString(text, "")) == "" {
		return r.pem(path, blocks)
	}
	return r.placeholder(path, text), nil
}

// placeholder is a text's placeholder.
func (r *redactor) placeholder(path, text string) string {
	r.secrets = append(r.secrets, secretText{path, text})
	return fmt.Sprintf("placeholder-%d", r.number(text))
}

func (r *redactor) number(identity string) int {
	if r.numbers == nil {
		r.numbers = make(map[string]int)
	}
	if r.numbers[identity] == 0 {
		r.numbers[identity] = len(r.numbers) + 1
	}
	return r.numbers[identity]
}

// pem replaces all blocks but certificates, which are public. Two spellings of
// one private key have one placeholder, because the program spells it anew.
func (r *redactor) pem(path string, blocks []string) (string, error) {
	var out strings.Builder
	for _, text := range blocks {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return r.placeholder(path, strings.Join(blocks, "")), nil
		}
		if isCertificate(block) {
			out.Write(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
			continue
		}
		r.secrets = append(r.secrets, secretText{path, text})
		key, err := r.key(string(keyIdentity(block)))
		if err != nil {
			return "", err
		}
		out.WriteString(key)
	}
	return out.String(), nil
}

// key is the placeholder of a private key. A key of the settings must belong to
// its certificate, so it becomes something that is no key at all, which the
// program accepts in a preview. One that is in the state alone goes to
// the tls provider, which may read it, so it becomes a new key that nobody uses.
func (r *redactor) key(identity string) (string, error) {
	if found, ok := r.keys[identity]; ok {
		return found, nil
	}
	block := &pem.Block{Type: credentials.PlaceholderType, Bytes: fmt.Append(nil, "placeholder-", r.number(identity))}
	if r.inState {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return "", err
		}
		encoded, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return "", err
		}
		block = &pem.Block{Type: "PRIVATE KEY", Bytes: encoded}
	}
	if r.keys == nil {
		r.keys = make(map[string]string)
	}
	r.keys[identity] = string(pem.EncodeToMemory(block))
	return r.keys[identity], nil
}

// isCertificate reports whether a block is a certificate, and not something else
// that is called so.
func isCertificate(block *pem.Block) bool {
	if block.Type != "CERTIFICATE" {
		return false
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	return err == nil && bytes.Equal(parsed.Raw, block.Bytes)
}

// keyIdentity is the same for PKCS #1 and PKCS #8.
func keyIdentity(block *pem.Block) []byte {
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		if encoded, err := x509.MarshalPKCS8PrivateKey(key); err == nil {
			return encoded
		}
	}
	return slices.Clone(block.Bytes)
}
