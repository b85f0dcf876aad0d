package route

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Token is what a bearer token says, as it was sent: not checked, because it is
// the service that decides about it. It never has the token itself or a part of
// its signature.
type Token struct {
	TenantID string    `json:"tenantId,omitempty"` // claim tid
	Issuer   string    `json:"issuer,omitempty"`
	Audience string    `json:"audience,omitempty"`
	ObjectID string    `json:"objectId,omitempty"` // claim oid
	ClientID string    `json:"clientId,omitempty"` // claim azp, in version 1 appid
	Roles    []string  `json:"roles,omitempty"`
	Kind     string    `json:"kind,omitempty"` // claim idtyp
	ID       string    `json:"id,omitempty"`   // claim uti
	Expires  time.Time `json:"expires,omitzero"`
}

// maxTokenSize is above any token that Entra issues; more is not decoded.
const maxTokenSize = 64 << 10

// readToken decodes the claims of a request's bearer token. Nil means that it has
// none that can be read.
func readToken(header http.Header) *Token {
	text, ok := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
	if !ok || len(text) > maxTokenSize || strings.Count(text, ".") != 2 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	if err != nil {
		return nil
	}
	var claims struct {
		TID, ISS, OID, AZP, AppID, IDTyp, UTI string
		Aud                                   any
		Roles                                 []string
		Exp                                   int64
	}
	if json.Unmarshal(payload, &claims) != nil {
		return nil
	}
	audience, _ := claims.Aud.(string)
	token := &Token{
		TenantID: claims.TID, Issuer: claims.ISS, Audience: audience, ObjectID: claims.OID, ClientID: claims.AZP,
		Roles: claims.Roles, Kind: claims.IDTyp, ID: claims.UTI,
	}
	if token.ClientID == "" {
		token.ClientID = claims.AppID
	}
	if claims.Exp > 0 {
		token.Expires = time.Unix(claims.Exp, 0).UTC()
	}
	return token
}

// A tokenCache shares what was read of the newest tokens, since a client sends the
// same one with each request. Its zero value is ready to use.
type tokenCache struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*Token
}

const tokenCacheSize = 1000

func (c *tokenCache) read(header http.Header) *Token {
	key := sha256.Sum256([]byte(header.Get("Authorization")))
	c.mu.Lock()
	defer c.mu.Unlock()
	if token, ok := c.known[key]; ok {
		return token
	}
	token := readToken(header)
	if token == nil {
		return nil
	}
	if c.known == nil || len(c.known) >= tokenCacheSize {
		c.known = make(map[[sha256.Size]byte]*Token)
	}
	c.known[key] = token
	return token
}
