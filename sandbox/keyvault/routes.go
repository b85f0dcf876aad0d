package keyvault

import (
	"net/http"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// The data actions of secrets, and what access policies call them.
// https://learn.microsoft.com/azure/role-based-access-control/permissions/security#microsoftkeyvault
const (
	actions      = "Microsoft.KeyVault/vaults/secrets/"
	readSecret   = actions + "getSecret/action"
	readMetadata = actions + "readMetadata/action"
	setSecret    = actions + "setSecret/action"
	eraseSecret  = actions + "delete"
	bringBack    = actions + "recover/action"
	purgeSecret  = actions + "purge/action"

	policyPrefix = "access policy: secrets "
)

const (
	docs    = "https://learn.microsoft.com/rest/api/keyvault/secrets/"
	checked = "2026-11-25"
)

// versions of the API that answer alike, as far as the sandbox goes.
var versions = []string{"7.3", "7.4", "7.5", "7.6"}

func (s *Service) routes() []route.Route {
	const secrets, deleted = " /keyvault/{vault}/secrets", " /keyvault/{vault}/deletedsecrets"
	one := func(pattern, action, policy, doc string, write bool, serve func(*call) (reply, error)) route.Route {
		return route.Route{
			Pattern: pattern, Permission: []string{action, policyPrefix + policy}, Query: []string{"api-version"},
			Serve: s.do(write, serve), Doc: docs + doc + "/" + doc, Checked: checked,
		}
	}
	return []route.Route{
		one("GET"+secrets, readMetadata, "list", "get-secrets", false, (*call).list),
		one("GET"+secrets+"/{name}", readSecret, "get", "get-secret", false, (*call).get),
		// Microsoft's clients ask like this for the newest version.
		one("GET"+secrets+"/{name}/{$}", readSecret, "get", "get-secret", false, (*call).get),
		one("GET"+secrets+"/{name}/{version}", readSecret, "get", "get-secret", false, (*call).get),
		one("GET"+secrets+"/{name}/versions", readMetadata, "list", "get-secret-versions", false, (*call).listVersions),
		one("PUT"+secrets+"/{name}", setSecret, "set", "set-secret", true, (*call).set),
		one("DELETE"+secrets+"/{name}", eraseSecret, "delete", "delete-secret", true, (*call).erase),
		one("GET"+deleted, readMetadata, "list", "get-deleted-secrets", false, (*call).listDeleted),
		one("GET"+deleted+"/{name}", readMetadata, "get", "get-deleted-secret", false, (*call).getDeleted),
		one("DELETE"+deleted+"/{name}", purgeSecret, "purge", "purge-deleted-secret", true, (*call).purge),
		one("POST"+deleted+"/{name}/recover", bringBack, "recover", "recover-deleted-secret", true, (*call).bringBack),
	}
}

// A call is one request being answered in one transaction.
type call struct {
	service *Service
	tx      *store.Tx
	r       *http.Request
	vault   Vault
}

// A reply is a call's answer. A nil body sends none.
type reply struct {
	status int
	body   any
}

func ok(body any) (reply, error) { return reply{http.StatusOK, body}, nil }

// do makes a handler of what runs in one transaction. When answer fails,
// nothing is stored.
func (s *Service) do(write bool, answer func(*call) (reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var out reply
		transaction := s.store.View
		if write {
			transaction = s.store.Update
		}
		err := transaction(func(tx *store.Tx) error {
			vault, found, err := VaultByName(tx, r.PathValue("vault"))
			if err == nil && !found {
				err = ErrVaultNotFound
			}
			if err != nil {
				return err
			}
			out, err = answer(&call{service: s, tx: tx, r: r, vault: vault})
			return err
		})
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.writeJSON(w, out.status, out.body)
	}
}
