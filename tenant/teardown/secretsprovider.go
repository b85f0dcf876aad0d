package teardown

import (
	"encoding/json"
	"fmt"
	"regexp"

	"app-to-app/azurecloud"
)

// This file says who may be asked for the key to a state's secrets. The state names
// it, and the engine signs in there with the teardown's login, before it deletes
// anything. The rule is: only what docs/state.md has, which is a passphrase and a
// key of Azure Key Vault in the public cloud. Whoever made the stack may have chosen
// a vault of their own, but the token for it goes to no one but Microsoft.

// vaultKey is the address of such a key.
var vaultKey = regexp.MustCompile(`^azurekeyvault://[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]\.vault\.azure\.net/keys/[A-Za-z0-9-]{1,127}$`)

// refuseSecretsProvider refuses a state whose secrets somebody else would have to
// decrypt. A state without secrets may have no provider.
func (o Options) refuseSecretsProvider(state []byte) error {
	var exported struct {
		Deployment struct {
			Provider struct {
				Type  string `json:"type"`
				State struct {
					URL string `json:"url"`
				} `json:"state"`
			} `json:"secrets_providers"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(state, &exported); err != nil {
		return err
	}
	provider := exported.Deployment.Provider
	switch {
	case provider.Type == "" || provider.Type == "passphrase":
		return nil
	case provider.Type == "cloud" && vaultKey.MatchString(provider.State.URL):
		return nil
	}
	got := fmt.Sprintf("type %q", provider.Type)
	if provider.Type == "cloud" {
		got = "another key" // its address may have a password
	}
	return azurecloud.WithHint(fmt.Errorf("%w: secrets provider: expected a passphrase or azurekeyvault://VAULT.vault.azure.net/keys/KEY, got %s, where the engine would sign in: nothing was deleted", ErrForeign, got),
		"look at deployment.secrets_providers in the output of: pulumi stack export --stack "+o.Name)
}
