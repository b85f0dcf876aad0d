package sandboxtest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"app-to-app/sandbox/sandboxtest"
)

const (
	secret = `s3cret+with/everything~"&<ü`
	token  = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJvcmRlcnMifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
	key    = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQ==\n-----END PRIVATE KEY-----\n" +
		"-----BEGIN CERTIFICATE-----\nMIIBpublicpublicpublic\n-----END CERTIFICATE-----\n"
)

func newLeaks() *sandboxtest.Leaks {
	leaks := &sandboxtest.Leaks{}
	leaks.Secret("the client secret", secret)
	leaks.Secret("the private key", key)
	leaks.Secret("a setting that is not set", "")
	leaks.Token("the token", token)
	return leaks
}

func TestLeaksAreFound(t *testing.T) {
	t.Parallel()
	inJSON, err := json.Marshal(map[string]string{"secret": secret})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ text, secret, encoding string }{
		"as it is":             {"x=" + secret + ";", "the client secret", "as it is"},
		"at the end":           {secret, "the client secret", "as it is"},
		"in JSON":              {string(inJSON), "the client secret", "in JSON"},
		"quoted as Go":         {fmt.Sprintf("got %q", secret), "the client secret", "in JSON"},
		"in a form":            {url.Values{"client_secret": {secret}}.Encode(), "the client secret", "URL-encoded"},
		"in a form, lower":     {"client_secret=s3cret%2bwith%2feverything~%22%26%3c%c3%bc", "the client secret", "URL-encoded"},
		"in a path":            {"https://host/" + url.PathEscape(secret), "the client secret", "URL-encoded"},
		"in hexadecimal":       {hex.EncodeToString([]byte(secret)), "the client secret", "in hexadecimal"},
		"in HEXADECIMAL":       {strings.ToUpper(hex.EncodeToString([]byte(secret))), "the client secret", "in hexadecimal"},
		"in base64":            {base64.StdEncoding.EncodeToString([]byte(secret)), "the client secret", "in base64"},
		"in base64url":         {base64.RawURLEncoding.EncodeToString([]byte(secret)), "the client secret", "in base64"},
		"in base64, second":    {base64.StdEncoding.EncodeToString([]byte("a" + secret + "bc")), "the client secret", "in base64"},
		"in base64, third":     {base64.URLEncoding.EncodeToString([]byte("ab" + secret)), "the client secret", "in base64"},
		"Basic authentication": {"Basic " + base64.StdEncoding.EncodeToString([]byte("client:"+secret)), "the client secret", "in base64"},
		"base64 in a form":     {url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("i" + secret))), "the client secret", "URL-encoded"},
		"token":                {"Bearer " + token, "the token", "as it is"},
		"its signature":        {token[strings.LastIndex(token, ".")+1:], "the token", "as it is"},
		"its claims":           {strings.Split(token, ".")[1], "the token", "as it is"},
		"token in base64":      {base64.StdEncoding.EncodeToString([]byte("Bearer " + token)), "the token", "in base64"},
		"another token":        {"got eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "what looks like a token", "as it is"},
		"key":                  {key, "the private key", "as it is"},
		"key in JSON":          {strings.ReplaceAll(key, "\n", `\n`), "the private key", "as it is"},
		"second line of a key": {"EFAASCBKcwggSjAgEAAoIBAQ==", "the private key", "as it is"},
		"a certificate":        {"MIIBpublicpublicpublic", "", ""},
		"nothing":              {"level=INFO msg=\"orders fetched\" -----BEGIN PRIVATE KEY----- eyJhbGciOiJub25lIn0 s3cret+with", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := newLeaks().Find("the log", test.text)
			if test.secret == "" {
				if len(found) != 0 {
					t.Errorf("got %v, want nothing", found)
				}
				return
			}
			if len(found) != 1 || found[0].Secret != test.secret || found[0].Encoding != test.encoding {
				t.Fatalf("got %v, want %s %s", found, test.secret, test.encoding)
			}
			text := found[0].String()
			if len(newLeaks().Find("a find", text)) != 0 || !strings.Contains(text, "of the log") {
				t.Errorf("got %q, want the place and no secret", text)
			}
		})
	}
}

func TestLookFailsTheTest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text   string
		errors int
	}{
		"no secret":            {"a log", 0},
		"a secret":             {"a log of " + secret, 1},
		"a secret and a token": {"two: " + secret + token, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := &recorder{TB: t}
			newLeaks().Look(recorder, "the log", test.text)
			if len(recorder.errors) != test.errors {
				t.Errorf("got %d errors, want %d", len(recorder.errors), test.errors)
			}
			for _, message := range recorder.errors {
				if len(newLeaks().Find("a message", message)) != 0 {
					t.Error("got a secret in the failure")
				}
			}
		})
	}
}

// A recorder records errors instead of failing the test.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func TestShortSecretsAreRefused(t *testing.T) {
	t.Parallel()
	defer func() {
		if cause := recover(); cause == nil || strings.Contains(fmt.Sprint(cause), "1234567") {
			t.Errorf("got %v, want a refusal without the secret", cause)
		}
	}()
	(&sandboxtest.Leaks{}).Secret("a short one", "1234567")
}

// TestSecretsOfASandbox: a deployer's environment has the deployer's secret and no
// other secret of the sandbox.
func TestSecretsOfASandbox(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	leaks := &sandboxtest.Leaks{}
	leaks.Sandbox(t, s)
	for name, want := range map[string][]string{
		"env": {"the secret of contoso's deployer"}, "control.json": {"the token of the control endpoint"},
		"passphrase": {"the passphrase of the sandbox's stacks"}, "ca-key.pem": {"the key of the sandbox's CA"}, "trust.pem": nil, "ca.pem": nil,
	} {
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join(s.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, leak := range leaks.Find(name, string(content)) {
				found = append(found, leak.Secret)
			}
			if !slices.Equal(found, want) {
				t.Errorf("got %q, want %q", found, want)
			}
		})
	}
}

// TestPublicPartsOfKeys: a private key starts with its public key, which may be
// anywhere; the rest is secret.
func TestPublicPartsOfKeys(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	leaks := &sandboxtest.Leaks{}
	leaks.Secret("the key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})))
	for before := range 3 { // base64 of the modulus, however it is aligned
		if found := leaks.Find("a public key", base64.StdEncoding.EncodeToString(append(make([]byte, before), private.N.Bytes()...))); len(found) > 0 {
			t.Errorf("got %v, want nothing in a public key", found)
		}
	}
	text := base64.StdEncoding.EncodeToString(encoded)
	if found := leaks.Find("the log", text[len(text)-600:]); len(found) == 0 {
		t.Error("expected the end of a private key to be found, got nothing")
	}
}
