package verify

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// maxTokenBytes caps an access token before anything is decoded. One of Entra
// ID with a few app roles has about 1.5 KiB; App Service caps all headers
// together at 16 KiB.
const maxTokenBytes = 8 << 10

// A candidate is an access token that is being checked, with what has been read
// from it so far.
type candidate struct {
	token  string
	parts  [3]string // header, payload and signature, still encoded
	header header
	key    Key

	issuer, audience, subject string
	hasScope, hasIDType       bool
	isBound                   bool // has cnf
	idType                    string
	claims                    Claims
	v1ClientID                string // appid
}

// header is the JOSE header (RFC 7515 section 4).
type header struct {
	algorithm, keyID, kind string
	forbidden              string // a parameter that must be absent
}

// tokenBytes are the bytes that a token may have: base64url and dots.
var tokenBytes = func() (set [256]bool) {
	for _, b := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") {
		set[b] = true
	}
	return set
}()

// split separates the three parts. It accepts only the base64url alphabet:
// encoding/base64 skips line breaks, so one token could be written in many ways.
func (c *candidate) split() error {
	for i := range len(c.token) {
		if !tokenBytes[c.token[i]] {
			return fmt.Errorf("%w: expected base64url and dots, got another byte at %d", ErrMalformed, i)
		}
	}
	if dots := strings.Count(c.token, "."); dots != 2 {
		return fmt.Errorf("%w: expected 2 dots, got %d", ErrMalformed, dots)
	}
	for i, part := range strings.SplitN(c.token, ".", 3) {
		if part == "" {
			return fmt.Errorf("%w: expected three parts, got an empty one", ErrMalformed)
		}
		c.parts[i] = part
	}
	return nil
}

// decode64 reads base64url without padding (RFC 7515 section 2). Strict refuses
// stray bits at the end, so there is only one way to write each value.
func decode64(part string) ([]byte, error) {
	content, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, fmt.Errorf("%w: expected base64url: %w", ErrMalformed, err)
	}
	return content, nil
}

func (c *candidate) decodeHeader() error {
	content, err := decode64(c.parts[0])
	if err != nil {
		return err
	}
	s := scanner{data: content}
	err = s.document(func(name []byte) error {
		var target *string
		switch string(name) {
		case "alg":
			target = &c.header.algorithm
		case "kid":
			target = &c.header.keyID
		case "typ":
			target = &c.header.kind
		case "nonce", "x5t", "x5t#S256": // must be strings if present
		case "jku", "jwk", "x5u", "x5c", "crit", "b64", "enc", "zip", "cty":
			c.header.forbidden = string(name)
			return s.skip()
		default:
			return s.skip()
		}
		return s.named(name, target)
	})
	if err != nil {
		return fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	return nil
}

func (c *candidate) decodePayload() error {
	content, err := decode64(c.parts[1])
	if err != nil {
		return err
	}
	s := scanner{data: content}
	err = s.document(func(name []byte) error { return c.claim(&s, name) })
	if err != nil {
		return fmt.Errorf("%w: payload: %w", ErrMalformed, err)
	}
	return nil
}

// claim reads one claim of an access token
// (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
func (c *candidate) claim(s *scanner, name []byte) error {
	var target *string
	switch string(name) {
	case "iss":
		target = &c.issuer
	case "aud":
		// RFC 7519 section 4.1.3 also allows a list; Entra ID writes one.
		target = &c.audience
	case "sub":
		target = &c.subject
	case "tid":
		target = &c.claims.TenantID
	case "oid":
		target = &c.claims.ObjectID
	case "azp":
		target = &c.claims.ClientID
	case "jti":
		// RFC 7519 section 4.1.7: a string; Entra ID has uti
	case "appid":
		target = &c.v1ClientID
	case "uti":
		target = &c.claims.UniqueID
	case "idtyp":
		c.hasIDType = true
		target = &c.idType
	case "exp":
		return s.time(name, &c.claims.ExpiresAt)
	case "nbf":
		return s.time(name, &c.claims.NotBefore)
	case "iat":
		return s.time(name, &c.claims.IssuedAt)
	case "roles":
		roles, err := s.texts()
		c.claims.Roles = Roles{roles}
		return inMember(name, err)
	case "scp":
		c.hasScope = true // any value counts: an application's token has no scp
		return s.skip()
	case "cnf":
		c.isBound = true
		return s.skip()
	default:
		return s.skip()
	}
	return s.named(name, target)
}

// named reads the string that belongs to name. A nil target drops it: it is read
// for its type only.
func (s *scanner) named(name []byte, target *string) error {
	text, err := s.text()
	if target != nil {
		*target = string(text)
	}
	return inMember(name, err)
}

func (s *scanner) time(name []byte, target *time.Time) error {
	seconds, err := s.seconds()
	*target = time.Unix(seconds, 0).UTC()
	return inMember(name, err)
}

func inMember(name []byte, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%q: %w", name, err)
}

// caller names the client of a verified token, for the log.
func (c *Claims) caller() string {
	return fmt.Sprintf("client ID %s, object ID %s", shown(c.ClientID), shown(c.ObjectID))
}

// stamp formats a time; zero means that the claim is missing.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format(time.RFC3339)
}
