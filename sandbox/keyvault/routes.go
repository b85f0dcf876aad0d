package keyvault

import (
	"net/http"
	"strings"

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

const docs = "https://learn.microsoft.com/rest/api/keyvault/secrets/"

// versions of the API that answer alike, as far as the sandbox goes. Those with
// a date, from the changes of azsecrets, add what is of certificates alone.
var versions = []string{"7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"}

func (s *Service) routes() []route.Route {
	const secrets, deleted = " /keyvault/{vault}/secrets", " /keyvault/{vault}/deletedsecrets"
	rows := []struct {
		pattern, action, policy string
		serve                   func(*call) (reply, error)
		page, checked, witness  string
	}{
		{"GET" + secrets, readMetadata, "list", (*call).list, "get-secrets", "2026-11-25", "list"},
		{"GET" + secrets + "/{name}", readSecret, "get", (*call).get, "get-secret", "2026-11-25", "get"},
		// Microsoft's clients ask like this for the newest version.
		{"GET" + secrets + "/{name}/{$}", readSecret, "get", (*call).get, "get-secret", "2026-11-25", "get the newest version"},
		{"GET" + secrets + "/{name}/{version}", readSecret, "get", (*call).get, "get-secret", "2026-11-25", "get a version"},
		{"GET" + secrets + "/{name}/versions", readMetadata, "list", (*call).listVersions, "get-secret-versions", "2026-11-25", "list versions"},
		{"PUT" + secrets + "/{name}", setSecret, "set", (*call).set, "set-secret", "2026-11-25", "set"},
		{"DELETE" + secrets + "/{name}", eraseSecret, "delete", (*call).erase, "delete-secret", "2026-11-25", "delete"},
		{"GET" + deleted, readMetadata, "list", (*call).listDeleted, "get-deleted-secrets", "2026-11-25", "list deleted"},
		{"GET" + deleted + "/{name}", readMetadata, "get", (*call).getDeleted, "get-deleted-secret", "2026-11-25", "get deleted"},
		{"DELETE" + deleted + "/{name}", purgeSecret, "purge", (*call).purge, "purge-deleted-secret", "2026-11-25", "purge"},
		{"POST" + deleted + "/{name}/recover", bringBack, "recover", (*call).bringBack, "recover-deleted-secret", "2026-11-25", "recover"},
	}
	routes := make([]route.Route, len(rows))
	for i, r := range rows {
		write := !strings.HasPrefix(r.pattern, http.MethodGet)
		routes[i] = route.Route{
			Pattern: r.pattern, Permission: []string{r.action, policyPrefix + r.policy}, Query: []string{"api-version"},
			Serve: s.do(write, r.serve), Doc: docs + r.page + "/" + r.page, Checked: r.checked, Witness: "TestWitness/" + r.witness,
		}
	}
	return routes
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
			vault, err := VaultByName(tx, r.PathValue("vault"))
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
