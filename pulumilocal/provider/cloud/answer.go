package cloud

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// A RefusedError is an answer of Graph or ARM that is not a success.
type RefusedError struct {
	Method  string `json:"-"`
	Path    string `json:"-"`
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s %s: status %d: %s: %s", e.Method, e.Path, e.Status, e.Code, e.Message)
}

// WithBody adds code and message from an answer's body: {"error":{…}}, or
// without the outer name, as Microsoft.Web answers.
func (e RefusedError) WithBody(body []byte) error {
	envelope := struct{ Error *RefusedError }{&e}
	if json.Unmarshal(body, &envelope) != nil || e.Code == "" {
		if json.Unmarshal(body, &e) != nil || e.Code == "" {
			e.Code = http.StatusText(e.Status)
		}
	}
	return &e
}

// IsStatus reports whether an error is an answer with the status.
func IsStatus(err error, status int) bool {
	var refused *RefusedError
	return errors.As(err, &refused) && refused.Status == status
}

// Claims are what a provider reads from its own access token, without verifying
// it: it is not the token's audience.
type Claims struct {
	ObjectID string `json:"oid"`
	TenantID string `json:"tid"`
	ClientID string `json:"appid"`
	Scopes   string `json:"scp"`
}

// ReadClaims reads an access token. Its errors do not show the token.
func ReadClaims(accessToken string) (Claims, error) {
	parts := strings.Split(accessToken, ".")
	if len(parts) != 3 {
		return Claims{}, fmt.Errorf("read access token: expected 3 parts, got %d", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, errors.New("read access token: expected base64url without padding")
	}
	var claims Claims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return Claims{}, errors.New("read access token: expected a JSON object of claims")
	}
	return claims, nil
}
