package azurecloud

import (
	"context"
	"net/http"
)

// OutsideToken is the token that a login by OIDC proves itself with: the issuer's
// own, for clients that take it from a file, as Pulumi's state backend does
// (AZURE_FEDERATED_TOKEN_FILE). It comes from the same variables as the
// sign-in's. It is a credential for as long as it lives, minutes at GitHub.
func OutsideToken(ctx context.Context, httpClient *http.Client, getenv func(string) string) (string, error) {
	get, err := login{getenv: getenv, httpClient: httpClient}.assertion()
	if err != nil {
		return "", err
	}
	return get(ctx)
}
