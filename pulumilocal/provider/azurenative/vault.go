package azurenative

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"app-to-app/pulumilocal/provider/cloud"
	"app-to-app/pulumilocal/provider/plugin"
)

// This file makes the one call that does not go to ARM. ARM cannot delete
// secrets, so the official provider deletes them at the vault
// (https://learn.microsoft.com/rest/api/keyvault/secrets/delete-secret), which
// needs a role there that Contributor does not include. Departures, on purpose:
// it takes the vault's address from the state instead of building it from the
// vault's name, and sends the token at once instead of waiting for a challenge.

const (
	vaultScope   = "https://vault.azure.net/.default"
	vaultVersion = "7.5"
)

// deleteSecret succeeds if the secret is already gone. A deleted secret stays
// recoverable, and its name taken, for the vault's retention period.
func (p *provider) deleteSecret(ctx context.Context, call plugin.Call) error {
	properties, _ := call.State["properties"].(plugin.Object)
	uri, _ := properties["secretUri"].(string)
	if uri == "" {
		return errors.New("delete secret: expected property secretUri in the state, got none")
	}
	// The sandbox's vaults have ports of their own.
	target, err := p.atHome(ctx, uri, (*url.URL).Hostname)
	if err != nil {
		return fmt.Errorf("delete secret: expected a vault at %w", err)
	}
	_, err = p.do(ctx, request{method: http.MethodDelete, path: target.Path, url: target.String() + "?api-version=" + vaultVersion, scope: vaultScope})
	if cloud.IsStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}
