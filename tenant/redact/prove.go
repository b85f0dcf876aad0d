package redact

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// This file proves that no secret is left in a copy. The rules are:
//   - it searches all of the copy, names of properties included, for each secret
//     as it is, and as base64, hexadecimal, JSON in a text and part of a URL, in
//     which any character may be escaped
//   - a secret of several lines is also searched for by its lines; a private key
//     by its secret numbers, since its lines have the public ones too
//   - a secret that is too short to be searched for is refused, not passed over
//   - numbers and booleans were replaced; they are not searched for

// shortest is the length below which a secret is found in places that have
// nothing to do with it.
const shortest = 8

// inOneLine undoes what PEM does to base64.
var inOneLine = strings.NewReplacer("\n", "", "\r", "", `\n`, "", `\r`, "")

func (r *redactor) prove(c Copy) error {
	encoded, err := json.Marshal(c)
	if err != nil {
		return err
	}
	copied, err := decode(encoded)
	if err != nil {
		return err
	}
	var texts []secretText
	collect("the copy", copied, &texts)
	var problems []error
	wanted := make(needles)
	for _, secret := range r.secrets {
		if len(strings.TrimSpace(secret.text)) >= shortest {
			wanted.add(secret)
		}
	}
	for _, secret := range r.secrets {
		if n := len(strings.TrimSpace(secret.text)); n < shortest {
			problems = append(problems, fmt.Errorf("%s: expected a secret of at least %d characters, got one of %d, which cannot be searched for", wanted.place(secret.path), shortest, n))
		}
	}
	for _, t := range texts {
		if path, found := wanted.read(t.text); found {
			problems = append(problems, fmt.Errorf("%s: the secret is also in plain text, in %s", wanted.place(path), wanted.place(t.path)))
		}
	}
	return errors.Join(problems...)
}

var percentEscape = regexp.MustCompile(`%[0-9a-fA-F]{2}`)

// unescape undoes the escapes of URLs once, whatever their case and whichever
// characters they are of.
func unescape(text string) string {
	return percentEscape.ReplaceAllStringFunc(text, func(escape string) string {
		b, _ := hex.DecodeString(escape[1:])
		return string(b)
	})
}

// needles are what is searched for, by how it starts, so that one pass over the
// copy is enough for any number of secrets.
type needles map[[shortest]byte][]secretText

func (n needles) add(secret secretText) {
	for _, spelling := range spellings(secret.text) {
		if len(spelling) < shortest {
			continue // a shortened one; the secret itself is long enough
		}
		start := [shortest]byte([]byte(spelling))
		if !slices.ContainsFunc(n[start], func(t secretText) bool { return t.text == spelling }) {
			n[start] = append(n[start], secretText{secret.path, spelling})
		}
	}
}

// read finds a secret in a text as it is, in one line, and without its escapes: a
// URL that is part of another is escaped twice. It returns the secret's path.
func (n needles) read(text string) (path string, found bool) {
	for {
		for _, reading := range []string{text, inOneLine.Replace(text)} {
			if path, found := n.in(reading); found {
				return path, true
			}
		}
		if !percentEscape.MatchString(text) {
			return "", false
		}
		text = unescape(text) // which is shorter
	}
}

// place is a path as an error may quote it: a name in it can be a secret.
func (n needles) place(path string) string {
	if _, found := n.read(path); found {
		return "a place whose name has a secret in it"
	}
	return path
}

// in is the path of a secret that is in a text.
func (n needles) in(text string) (path string, found bool) {
	for i := 0; i+shortest <= len(text); i++ {
		for _, needle := range n[[shortest]byte([]byte(text[i:i+shortest]))] {
			if strings.HasPrefix(text[i:], needle.text) {
				return needle.path, true
			}
		}
	}
	return "", false
}

// collect lists the texts in a value, also those in the JSON of a secret.
func collect(path string, value any, into *[]secretText) {
	switch value := value.(type) {
	case string:
		*into = append(*into, secretText{path, value})
	case map[string]any:
		if plain, ok := value["plaintext"].(string); ok && value[signatureKey] == secretSignature {
			if inner, err := decode([]byte(plain)); err == nil {
				collect(path, inner, into)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			*into = append(*into, secretText{path, key})
			collect(path+"."+key, value[key], into)
		}
	case []any:
		for i := range value {
			at := fmt.Sprintf("%s[%d]", path, i)
			if named, ok := value[i].(map[string]any); ok && named["urn"] != nil {
				at = fmt.Sprint(named["urn"])
			}
			collect(at, value[i], into)
		}
	}
}

// spellings are the ways in which a secret may be written.
func spellings(secret string) []string {
	parts := []string{strings.TrimSpace(secret)}
	block, _ := pem.Decode([]byte(secret))
	switch {
	case block != nil:
		parts = append(parts, string(block.Bytes))
		parts = append(parts, secretNumbers(block)...)
	default:
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= 2*shortest {
				parts = append(parts, line)
			}
		}
	}
	var all []string
	for _, part := range parts {
		all = append(all, part, hex.EncodeToString([]byte(part)), strings.ToUpper(hex.EncodeToString([]byte(part))), url.QueryEscape(part), url.PathEscape(part))
		all = append(all, strings.ReplaceAll(part, " ", "+")) // of a form, once its escapes are undone
		all = append(all, inBase64(part)...)
		for range 2 {
			if quoted, err := encode(part); err == nil {
				part = strings.Trim(string(quoted), `"`)
				all = append(all, part)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// secretNumbers are those of a private key.
func secretNumbers(block *pem.Block) (all []string) {
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if err != nil {
		key, err = x509.ParseECPrivateKey(block.Bytes)
	}
	if err != nil {
		return nil // OpenSSH's own format: the block as a whole is searched for
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		all = append(all, string(key.D.Bytes()))
		for _, prime := range key.Primes {
			all = append(all, string(prime.Bytes()))
		}
	case *ecdsa.PrivateKey:
		if d, err := key.Bytes(); err == nil {
			all = append(all, string(d))
		}
	case ed25519.PrivateKey:
		all = append(all, string(key.Seed()))
	}
	return all
}

// inBase64 are the texts that base64 has for a secret wherever it starts in
// something longer: the characters that depend on the secret alone.
func inBase64(secret string) (all []string) {
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := encoding.EncodeToString(append(make([]byte, before), secret...))
			start := (before*8 + 5) / 6           // what comes before has no part in these
			end := (before + len(secret)) * 8 / 6 // nor what comes after
			all = append(all, text[start:end])
		}
	}
	return all
}
