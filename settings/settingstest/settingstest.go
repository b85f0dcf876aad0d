// Package settingstest makes configurations for tests: those of the committed
// stacks with edits, and key pairs for clients with certificates.
package settingstest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// Configuration is what the engine hands to the program for a committed stack:
// the defaults of Pulumi.yaml in the project's folder, the values of the
// stack's file, and edits, in which "" removes a key.
func Configuration(t *testing.T, folder, stack string, edits map[string]string) map[string]string {
	t.Helper()
	configuration := Defaults(t, folder)
	var file struct{ Config map[string]any }
	readYAML(t, filepath.Join(folder, "Pulumi."+stack+".yaml"), &file)
	maps.Copy(configuration, asTexts(t, file.Config))
	for key, value := range edits {
		configuration[key] = value
		if value == "" {
			delete(configuration, key)
		}
	}
	return configuration
}

// Defaults are those of Pulumi.yaml in the project's folder.
func Defaults(t *testing.T, folder string) map[string]string {
	t.Helper()
	var project struct {
		Config map[string]struct{ Default any }
	}
	readYAML(t, filepath.Join(folder, "Pulumi.yaml"), &project)
	values := make(map[string]any)
	for key, setting := range project.Config {
		values[key] = setting.Default
	}
	return asTexts(t, values)
}

// asTexts are values as the engine hands them to the program: a text as it is,
// anything else as JSON.
func asTexts(t *testing.T, values map[string]any) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	for key, value := range values {
		if text, isText := value.(string); isText {
			texts[key] = text
			continue
		}
		texts[key] = encode(t, value)
	}
	return texts
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func encode(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// Clients is the setting clients with one client, orders-client, whose other
// fields are as given.
func Clients(fields string) string { return `[{"name":"orders-client",` + fields + `}]` }

// Certificates is the setting certificates with those of orders-client: a text,
// or a list of texts.
func Certificates(t *testing.T, value any) string {
	t.Helper()
	return encode(t, map[string]any{"orders-client": value})
}

// A Pair is a certificate and its private key, in PEM.
type Pair struct{ Certificate, Key string }

// PEM is both.
func (p Pair) PEM() string { return p.Key + p.Certificate }

// Pairs are two pairs, made once in a process.
var Pairs = sync.OnceValue(func() [2]Pair { return [2]Pair{NewPair(2048), NewPair(2048)} })

// NewPair is a pair with an RSA key of some bits.
func NewPair(bits int) Pair {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	from := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotBefore: from, NotAfter: from.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return Pair{EncodePEM("CERTIFICATE", der), EncodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))}
}

// EncodePEM is one PEM block.
func EncodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
