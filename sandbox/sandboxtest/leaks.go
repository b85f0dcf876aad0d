package sandboxtest

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file searches texts for secrets that must not be in them. The rules are:
// a secret is found in plain text and in the usual encodings, also as part of a
// longer encoded text; anything that looks like a token counts as one; a leak is
// reported with the secret's name and place, never with its value.

// shortest is the fewest bytes of a secret: shorter ones are found by chance.
const shortest = 8

// Leaks are secrets to look for. The zero value knows none and finds only what
// looks like a token. It is not safe for concurrent use.
type Leaks struct {
	// by is every encoded secret by its first bytes: one pass over a text finds
	// them all.
	by map[[shortest]byte][]encoded
	// known are the texts in by. Looking for one in by itself would be slow,
	// because tokens of one issuer all begin alike.
	known map[string]bool
}

// encoded is a secret as a text may hold it.
type encoded struct{ secret, how, text string }

// A Leak is a secret in a place where it must not be.
type Leak struct {
	Secret   string // its name
	Encoding string
	Place    string
	Offset   int // in bytes
}

func (l Leak) String() string {
	return fmt.Sprintf("%s, %s, at byte %d of %s", l.Secret, l.Encoding, l.Offset, l.Place)
}

// Secret adds a secret. An empty value is ignored; one of less than eight bytes
// is refused, because it would be found by chance. In text of several lines,
// such as PEM, each line is a secret, except public ones: certificates, and the
// public key that an RSA private key begins with.
func (l *Leaks) Secret(name, value string) {
	if value = strings.TrimSpace(value); !strings.Contains(value, "\n") {
		l.add(name, value)
		return
	}
	certificate, public := false, 0 // lines of the key that are still public
	for rest := value; rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "-----"):
			certificate, public = line == "-----BEGIN CERTIFICATE-----", publicLines(rest)
		case public > 0:
			public--
		case len(line) >= shortest && !certificate:
			l.add(name, line)
		}
		rest = after
	}
}

// publicLines is how many lines of the private key at the start of text belong
// to its public key.
func publicLines(text string) int {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return 0
	}
	const bytesInLine = 48 // RFC 7468 section 2: 64 characters
	var key *rsa.PrivateKey
	if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		key, _ = parsed.(*rsa.PrivateKey)
	} else {
		key, _ = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if key == nil {
		return 0
	}
	modulus := key.N.Bytes()
	end := bytes.Index(block.Bytes, modulus) + len(modulus) // the secret exponent comes later
	return end/bytesInLine + 1
}

// Token adds an access token. Its signature and its claims are found on their
// own, too.
func (l *Leaks) Token(name, token string) {
	l.add(name, token)
	for i, part := range strings.Split(token, ".") {
		if i > 0 && len(part) >= shortest { // the header is no secret
			l.add(name, part)
		}
	}
}

func (l *Leaks) add(name, value string) {
	if value == "" {
		return
	}
	if len(value) < shortest {
		panic(fmt.Sprintf("look for %s: expected a secret of at least %d bytes, got %d", name, shortest, len(value)))
	}
	if l.by == nil {
		l.by, l.known = map[[shortest]byte][]encoded{}, map[string]bool{}
	}
	for _, e := range encodings(value) {
		if l.known[e.text] {
			continue
		}
		l.known[e.text] = true
		e.secret = name
		key := [shortest]byte([]byte(e.text))
		l.by[key] = append(l.by[key], e)
	}
}

// encodings are the forms in which a value is searched for, itself first.
func encodings(value string) []encoded {
	quoted := func(escape bool) string {
		var text strings.Builder
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(escape)
		_ = encoder.Encode(value) // cannot fail for a string
		return strings.Trim(strings.TrimSpace(text.String()), `"`)
	}
	all := []encoded{
		{how: "as it is", text: value},
		{how: "in JSON", text: quoted(false)}, {how: "in JSON", text: quoted(true)}, {how: "quoted", text: strings.Trim(fmt.Sprintf("%q", value), `"`)},
		{how: "in hexadecimal", text: hex.EncodeToString([]byte(value))}, {how: "in hexadecimal", text: strings.ToUpper(hex.EncodeToString([]byte(value)))},
	}
	all = append(all, escaped(value)...)
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := within(encoding, value, before)
			all = append(all, encoded{how: "in base64", text: text})
			all = append(all, escaped(text)...)
		}
	}
	return all
}

// escaped are the forms in a URL, with hexadecimal digits of either case.
func escaped(value string) []encoded {
	var all []encoded
	for _, text := range []string{url.QueryEscape(value), url.PathEscape(value)} {
		all = append(all, encoded{how: "URL-encoded", text: text}, encoded{how: "URL-encoded", text: percent.ReplaceAllStringFunc(text, strings.ToLower)})
	}
	return all
}

var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// within is the part of a longer base64 text that depends on the value alone,
// given the number of bytes before it modulo three.
func within(encoding *base64.Encoding, value string, before int) string {
	text := encoding.EncodeToString(append(make([]byte, before), value...))
	return text[(before*8+5)/6 : (before+len(value))*8/6]
}

// tokenShaped matches a JSON Web Token: two JSON objects in base64url. A single
// one may occur by chance in a long base64 text.
var tokenShaped = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}`)

// Find returns each secret in the text of a place, where it occurs first.
func (l *Leaks) Find(place, text string) []Leak {
	var found []Leak
	note := func(leak Leak) {
		if !slices.ContainsFunc(found, func(f Leak) bool { return f.Secret == leak.Secret }) {
			found = append(found, leak)
		}
	}
	for i := 0; i+shortest <= len(text); i++ {
		for _, e := range l.by[[shortest]byte([]byte(text[i:i+shortest]))] {
			if strings.HasPrefix(text[i:], e.text) {
				note(Leak{e.secret, e.how, place, i})
			}
		}
	}
	if at := tokenShaped.FindStringIndex(text); at != nil && len(found) == 0 {
		note(Leak{"what looks like a token", "as it is", place, at[0]})
	}
	return found
}

// Look fails the test for each secret in the text of a place.
func (l *Leaks) Look(t testing.TB, place, text string) {
	t.Helper()
	for _, leak := range l.Find(place, text) {
		t.Errorf("expected no secret, got %s", leak)
	}
}
