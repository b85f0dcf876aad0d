package redact_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/components/credentials"
	"app-to-app/tenant/redact"
)

const (
	secret = "s3cret/Of+the~client"
	app    = "11111111-2222-3333-4444-555555555555"
	tenant = "aaaaaaaa-2222-3333-4444-555555555555"
)

// pair is a certificate and its key in both spellings, in PEM.
var pair = sync.OnceValue(func() (p struct {
	key                     *rsa.PrivateKey
	certificate, one, eight string
}) {
	var err error
	if p.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		panic(err)
	}
	made, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}, &x509.Certificate{}, &p.key.PublicKey, p.key)
	if err != nil {
		panic(err)
	}
	eight, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		panic(err)
	}
	text := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	p.certificate, p.one, p.eight = text("CERTIFICATE", made), text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(p.key)), text("PRIVATE KEY", eight)
	return p
})

// envelope is a secret as the engine exports it.
func envelope(value any) map[string]any {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": string(text)}
}

// source is a stack whose one resource has these outputs.
func source(outputs map[string]any, settings map[string]any) redact.Source {
	state, err := json.Marshal(map[string]any{"version": 3, "deployment": map[string]any{
		"secrets_providers": map[string]any{"type": "passphrase", "state": map[string]any{"salt": "v1:the-salt"}},
		"resources":         []any{map[string]any{"urn": "urn:pulumi:dev::app-to-app::t::it", "outputs": outputs}},
	}})
	if err != nil {
		panic(err)
	}
	config, err := json.Marshal(settings)
	if err != nil {
		panic(err)
	}
	return redact.Source{Stack: "dev", Commit: "abc", Taken: time.Unix(1_700_000_000, 5), State: state, Config: config}
}

// outputs are those of the one resource in a copy, the secrets decoded.
func outputs(t *testing.T, c redact.Copy) map[string]string {
	t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct {
				Outputs map[string]struct{ Plaintext string }
			}
		}
	}
	if err := json.Unmarshal(c.State, &state); err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]string)
	for name, output := range state.Deployment.Resources[0].Outputs {
		texts[name] = output.Plaintext
		var text string
		if json.Unmarshal([]byte(output.Plaintext), &text) == nil {
			texts[name] = text
		}
	}
	return texts
}

func TestMake(t *testing.T) {
	t.Parallel()
	p := pair()
	connection := "RunAs=App;AppId=" + app + ";TenantId=" + tenant + ";"
	inVault := connection + "KeyVaultCertificateSecretIdentifier=https://v.vault.azure.net/secrets/credential-a/" + strings.Repeat("0a", 16)
	made, err := redact.Make(source(map[string]any{
		"password": envelope(secret), "again": envelope(secret), "another": envelope(secret + "2"),
		"connection": envelope(connection + "AppKey=" + secret), "inVault": envelope(inVault), "slot": envelope("unused"),
		"notQuite":  envelope(connection + "AppKey=" + secret + ";More=" + secret),
		"brought":   envelope(p.eight + p.certificate),
		"structure": envelope(map[string]any{"a": secret, "b": true, "c": 7, "d": nil, "e": []string{secret}}),
	}, map[string]any{
		"app-to-app:certificates": map[string]any{"value": `{"c":` + quote(p.certificate+p.one) + `,"d":["` + secret + `"]}`, "secret": true},
		"app-to-app:password":     map[string]any{"value": secret, "secret": true},
		"app-to-app:environment":  map[string]any{"value": "dev", "secret": false},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if made.Stack != "dev" || made.Commit != "abc" || made.Taken.Format(time.RFC3339Nano) != "2023-11-14T22:13:20Z" {
		t.Errorf("got %q, %q, %v", made.Stack, made.Commit, made.Taken)
	}
	got := outputs(t, made)
	const number = "placeholder-2" // the key of the settings is the first
	placeholder := string(pem.EncodeToMemory(&pem.Block{Type: credentials.PlaceholderType, Bytes: []byte("placeholder-1")}))
	for name, want := range map[string]string{
		"password": number, "again": number, "connection": connection + "AppKey=" + number, "inVault": inVault, "slot": "unused",
		"another": "placeholder-3", "notQuite": "placeholder-4",
		"brought":   placeholder + p.certificate,
		"structure": `{"a":"` + number + `","b":false,"c":0,"d":null,"e":["` + number + `"]}`,
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	if got, want := made.Settings, map[string]string{
		"app-to-app:certificates": `{"c":` + quote(p.certificate+placeholder) + `,"d":["` + number + `"]}`, "app-to-app:password": number,
	}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got settings %v, want %v", got, want)
	}
	if strings.Contains(string(made.State), "the-salt") {
		t.Error("expected no salt of the passphrase, with which it could be guessed offline, got it")
	}
	accepted, err := credentials.ParseKeyPair(p.certificate + placeholder)
	real, err2 := credentials.ParseKeyPair(p.certificate + p.one)
	if err != nil || err2 != nil || accepted.PrivateKey()+accepted.Certificate() != got["brought"] || accepted.Label() != real.Label() || !accepted.IsPlaceholder() || real.IsPlaceholder() {
		t.Errorf("got %v, %v, %v: want the program to make of the placeholder what is in the copied state", accepted, err, err2)
	}
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

// TestKeyOfTheState has a generated key in both spellings: both become one new
// key, which can be read.
func TestKeyOfTheState(t *testing.T) {
	t.Parallel()
	p := pair()
	made, err := redact.Make(source(map[string]any{"one": envelope(p.one), "eight": envelope(p.eight)}, nil))
	if err != nil {
		t.Fatal(err)
	}
	got := outputs(t, made)
	block, _ := pem.Decode([]byte(got["one"]))
	if block == nil || got["one"] != got["eight"] {
		t.Fatalf("got %q and %q, want one key", got["one"], got["eight"])
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil || p.key.Equal(key) {
		t.Errorf("got %T, %v, want another key", key, err)
	}
}

// TestProof has a secret once more in the state, where no placeholder takes its
// place.
func TestProof(t *testing.T) {
	t.Parallel()
	p := pair()
	block, _ := pem.Decode([]byte(p.eight))
	for _, test := range []struct {
		name   string
		secret string
		plain  any
		want   string
	}{
		{"nowhere", secret, "another text", ""},
		{"as it is", secret, "x" + secret + "y", "also in plain text"},
		{"as a name", secret, map[string]any{secret: 1}, "also in plain text"},
		{"base64", secret, base64.StdEncoding.EncodeToString([]byte(secret)), "also in plain text"},
		{"base64 in something longer", secret, base64.StdEncoding.EncodeToString([]byte("ab" + secret + "cde")), "also in plain text"},
		{"base64 in something longer, one further", secret, base64.StdEncoding.EncodeToString([]byte("a" + secret + "c")), "also in plain text"},
		{"base64 for URLs", secret, base64.RawURLEncoding.EncodeToString([]byte(secret)), "also in plain text"},
		{"hexadecimal", secret, hex.EncodeToString([]byte(secret)), "also in plain text"},
		{"a part of a URL", secret, "https://x/?a=" + url.QueryEscape(secret), "also in plain text"},
		{"a part of a URL in lower case", secret + "/+=", "https://x/?a=" + strings.ToLower(url.QueryEscape("/+=")) + secret + strings.ToLower(url.QueryEscape("/+=")), "also in plain text"},
		{"a URL with letters escaped", secret, "https://x/?a=%" + hex.EncodeToString([]byte(secret[:1])) + secret[1:], "also in plain text"},
		{"a form in lower case", "s3cret of+the/client", "a=s3cret+of%2bthe%2fclient", "also in plain text"},
		{"a URL in a URL", secret, "https://x/?u=https:%2f%2fy/%3fa=" + strings.NewReplacer("%2F", "%252f", "%2B", "%252b", "~", "%257e").Replace(url.QueryEscape(secret)), "also in plain text"},
		{"an escaped key", p.eight, strings.ReplaceAll(url.QueryEscape(p.eight), "%0A", "%0a"), "also in plain text"},
		{"below a name", secret, map[string]any{secret: map[string]any{"a": secret}}, "in a place whose name has a secret in it"},
		{"JSON in a text", `with "quotes" and \`, `{"a":"with \"quotes\" and \\"}`, "also in plain text"},
		{"one line of several", "first line of it\nsecond line of it", "the second line of it", "also in plain text"},
		{"a certificate", p.certificate + p.eight, p.certificate, ""},
		{"a key", p.eight, p.eight, "also in plain text"},
		{"a key on one line", p.eight, base64.StdEncoding.EncodeToString(block.Bytes), "also in plain text"},
		{"a key in another spelling", p.eight, p.one, "also in plain text"},
		{"a prime of a key", p.eight, hex.EncodeToString(p.key.Primes[0].Bytes()), "also in plain text"},
		{"the public part of a key", p.eight, hex.EncodeToString(p.key.N.Bytes()), ""},
		{"too short", "1234567 ", "", "at least 8 characters, got one of 7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := redact.Make(source(map[string]any{"secret": envelope(test.secret), "plain": test.plain}, nil))
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), test.secret) {
				t.Errorf("expected no secret in the error, got %v", err)
			}
		})
	}
}

func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	encrypted := envelope("x")
	delete(encrypted, "plaintext")
	encrypted["ciphertext"] = "v1:abc"
	for name, test := range map[string]struct {
		source redact.Source
		want   string
	}{
		"an encrypted state":    {source(map[string]any{"a": encrypted}, nil), "fix: pulumi stack export --show-secrets"},
		"an encrypted setting":  {source(nil, map[string]any{"a": map[string]any{"secret": true}}), "fix: pulumi config --json --show-secrets"},
		"no state":              {redact.Source{State: []byte("no"), Config: []byte("{}")}, "expected the output of pulumi stack export"},
		"a state of nothing":    {redact.Source{State: []byte("[]"), Config: []byte("{}")}, "expected a deployment"},
		"a secret for a name":   {source(map[string]any{"a": envelope(map[string]any{"b": map[string]any{"s3cret+/==": 1}})}, nil), "expected names of properties in a secret object"},
		"a long name":           {source(map[string]any{"a": envelope(map[string]any{strings.Repeat("a", 65): 1})}, nil), "another one of 65 characters"},
		"settings of something": {redact.Source{State: []byte(`{"deployment":{}}`), Config: []byte("no")}, "expected the output of pulumi config"},
	} {
		if _, err := redact.Make(test.source); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestUnder(t *testing.T) {
	t.Parallel()
	made, err := redact.Make(source(map[string]any{"a": "b"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	got, err := made.Under([]byte(`{"version":3,"deployment":{"secrets_providers":{"type":"new"}}}`))
	if err != nil || !strings.Contains(string(got), `"secrets_providers":{"type":"new"}`) || !strings.Contains(string(got), `"a":"b"`) {
		t.Errorf("got %s, %v", got, err)
	}
	for _, into := range []string{`{"deployment":{}}`, `{"deployment":{"secrets_providers":{},"resources":[{}]}}`, ``} {
		if _, err := made.Under([]byte(into)); err == nil {
			t.Errorf("expected %q to be refused, got none", into)
		}
	}
}
