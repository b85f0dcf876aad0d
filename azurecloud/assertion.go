package azurecloud

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// OutsideToken is the OIDC issuer's token that a sign-in with OIDC uses, for
// programs that read it from a file, as Pulumi's state backend does
// (AZURE_FEDERATED_TOKEN_FILE). It comes from the same variables as for the
// sign-in, and is a credential until it expires (minutes at GitHub).
func OutsideToken(ctx context.Context, httpClient *http.Client, getenv func(string) string) (string, error) {
	get, err := login{getenv: getenv, httpClient: httpClient}.assertion()
	if err != nil {
		return "", err
	}
	return get(ctx)
}

// runsOut reports whether a token is of no use in a minute, by its claim exp, which
// nobody has to believe: at worst the issuer is asked once more. A token that cannot
// be read is for Entra to judge.
func runsOut(token string, now time.Time) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Expiry float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Expiry == 0 {
		return false
	}
	return claims.Expiry <= float64(now.Add(time.Minute).Unix())
}
