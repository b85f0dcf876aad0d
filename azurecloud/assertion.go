package azurecloud

import (
	"context"
	"net/http"
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
