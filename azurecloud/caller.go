package azurecloud

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// A Caller is who signed in, according to the claims of the service's token.
type Caller struct {
	TenantID, ObjectID, ClientID string
	Roles                        []string // application permissions of the service
	Scopes                       []string // delegated permissions, of a person
	DirectoryRoles               []string // template ids (claim wids)
}

// Caller says who signed in. An access token is meant for its service, and its
// claims may change
// (https://learn.microsoft.com/entra/identity-platform/access-tokens), so use
// the result in messages, but never to decide anything.
func (c *Client) Caller(ctx context.Context) (Caller, error) {
	token, err := c.token(ctx)
	if err != nil {
		return Caller{}, err
	}
	unreadable := errors.New("look at the access token: expected a JWT with claims, got something else")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Caller{}, unreadable
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Caller{}, unreadable
	}
	var claims struct {
		TenantID  string   `json:"tid"`
		ObjectID  string   `json:"oid"`
		ClientID1 string   `json:"appid"` // of v1.0 tokens, which Graph and ARM take
		ClientID2 string   `json:"azp"`
		Roles     []string `json:"roles"`
		Scopes    string   `json:"scp"`
		Directory []string `json:"wids"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return Caller{}, unreadable
	}
	return Caller{TenantID: claims.TenantID, ObjectID: claims.ObjectID, ClientID: first(claims.ClientID1, claims.ClientID2),
		Roles: claims.Roles, Scopes: strings.Fields(claims.Scopes), DirectoryRoles: claims.Directory}, nil
}
