package keyvault_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/keyvault"
	"app-to-app/sandbox/store"
)

func TestSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.must(user, "GET rbac/secrets/it/", "")
	id, _ := first["id"].(string)
	if first["value"] != "hunter2" || !strings.HasPrefix(id, baseURL+"/keyvault/rbac/secrets/it/") {
		t.Errorf("got %v, want the value and an id with a version", first["id"])
	}
	if level := first["attributes"].(map[string]any)["recoveryLevel"]; level != "CustomizedRecoverable+Purgeable" {
		t.Errorf("got recovery level %v, want that of a short retention", level)
	}
	second := w.must(officer, "PUT RBAC/secrets/IT", `{"value":"hunter3","contentType":"text/plain","tags":{"a":"b"},"attributes":{"exp":5}}`)
	if got := w.must(user, "GET rbac/secrets/it", ""); got["value"] != "hunter3" || got["id"] != second["id"] || got["contentType"] != "text/plain" {
		t.Errorf("got %v, want the newest version, expired or not", got["id"])
	}
	if got := w.must(user, "GET "+strings.TrimPrefix(id, baseURL+"/keyvault/"), ""); got["value"] != "hunter2" {
		t.Errorf("got %v, want the version asked for", got["id"])
	}
	if got := w.must(user, "GET rbac/secrets/it/versions", "")["value"].([]any); len(got) != 2 {
		t.Errorf("got %d versions, want 2", len(got))
	}
	w.must(one, "GET rbac/secrets/it", "")
	w.must(reader, "GET policies/secrets/it", "")
	list := w.ask(tenant+" "+user, "GET rbac/secrets", "")
	if list.Code != 200 || strings.Contains(list.Body.String(), "hunter") || !strings.Contains(list.Body.String(), baseURL+"/keyvault/rbac/secrets/it\"") {
		t.Errorf("got list %d, want names without values and versions", list.Code)
	}
	if history := fmt.Sprint(w.log.Entries()); strings.Contains(history, "hunter") {
		t.Error("got a value in the history of requests, want none")
	}
}

func TestDeletedSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource := store.ResourceKey(vaultID("rbac") + "/secrets/it")
	exists := func() (ok bool) {
		w.update(func(tx *store.Tx) { _, ok = store.Resources.Get(tx, resource) })
		return ok
	}
	if !exists() {
		t.Error("got no resource of the secret, want one")
	}
	deleted := w.must(officer, "DELETE rbac/secrets/it", "")
	if deleted["recoveryId"] != baseURL+"/keyvault/rbac/deletedsecrets/it" || deleted["scheduledPurgeDate"].(float64)-deleted["deletedDate"].(float64) != 7*24*3600 {
		t.Errorf("got %v, want the retention of the vault", deleted)
	}
	if exists() {
		t.Error("got a resource of a deleted secret, want none")
	}
	if got := w.ask(tenant+" "+one, "GET rbac/secrets/it", ""); got.Code != 403 {
		t.Errorf("got %d, want the role at the secret deleted with it", got.Code)
	}
	if got := w.must(officer, "GET rbac/deletedsecrets", "")["value"].([]any); len(got) != 1 {
		t.Errorf("got %d deleted secrets, want 1", len(got))
	}
	w.must(officer, "POST rbac/deletedsecrets/it/recover", "")
	if got := w.must(user, "GET rbac/secrets/it", ""); got["value"] != "hunter2" || !exists() {
		t.Error("got another secret, want it recovered")
	}
	w.must(officer, "DELETE rbac/secrets/it", "")
	w.must(officer, "DELETE rbac/deletedsecrets/it", "")
	w.must(officer, "PUT rbac/secrets/it", `{"value":"new"}`)
	w.must(officer, "DELETE rbac/secrets/it", "")
	w.advance(7 * 24 * time.Hour)
	if got := w.ask(tenant+" "+officer, "GET rbac/deletedsecrets/it", ""); got.Code != 404 {
		t.Errorf("got %d, want it gone after its retention", got.Code)
	}
	w.must(officer, "PUT rbac/secrets/it", `{"value":"newer"}`)
	if got := w.must(officer, "GET rbac/secrets/it/versions", "")["value"].([]any); len(got) != 1 {
		t.Errorf("got %d versions, want those of the new secret only", len(got))
	}
}

func TestVersionsOfTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.must(user, "GET rbac/secrets/it", "")
	for _, version := range []string{"7.3", "7.5", "7.6", "2025-07-01", "2026-04-01"} {
		if got := w.must(user, "GET rbac/secrets/it?api-version="+version, ""); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", version, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	long := `{"value":"` + strings.Repeat("x", 25<<10+1) + `"}`
	for _, tt := range []struct {
		name, caller, call, body string
		status                   int
		code, inner, says        string
	}{
		{name: "no token", call: "GET rbac/secrets/it", status: 401, code: "Unauthorized", says: "AKV10000"},
		{name: "bad token", caller: "x", call: "GET rbac/secrets/it", status: 401, code: "Unauthorized"},
		{name: "token of another tenant", caller: other + " " + user, call: "GET rbac/secrets/it", status: 401, code: "Unauthorized", says: "AKV10032"},
		{name: "no vault", caller: tenant + " " + user, call: "GET nothing/secrets/it", status: 404, code: "VaultNotFound"},
		{name: "no api-version", caller: tenant + " " + user, call: "GET rbac/secrets/it?", status: 400, code: "BadParameter", says: "api-version"},
		{name: "owner reads nothing", caller: tenant + " " + owner, call: "GET rbac/secrets/it", status: 403, code: "Forbidden", inner: "ForbiddenByRbac", says: "getSecret/action"},
		{name: "no role, and no such secret", caller: tenant + " " + owner, call: "GET rbac/secrets/nothing", status: 403, code: "Forbidden", inner: "ForbiddenByRbac"},
		{name: "role at another secret", caller: tenant + " " + one, call: "GET rbac/secrets/other", status: 403, code: "Forbidden", inner: "ForbiddenByRbac"},
		{name: "role at a secret lists", caller: tenant + " " + one, call: "GET rbac/secrets", status: 403, code: "Forbidden", inner: "ForbiddenByRbac", says: "readMetadata"},
		{name: "user sets", caller: tenant + " " + user, call: "PUT rbac/secrets/it", body: `{"value":"x"}`, status: 403, code: "Forbidden", inner: "ForbiddenByRbac", says: "setSecret/action"},
		{name: "user deletes", caller: tenant + " " + user, call: "DELETE rbac/secrets/it", status: 403, code: "Forbidden", inner: "ForbiddenByRbac", says: "secrets/delete"},
		{name: "user purges", caller: tenant + " " + user, call: "DELETE rbac/deletedsecrets/gone", status: 403, code: "Forbidden", inner: "ForbiddenByRbac", says: "purge/action"},
		{name: "role in a vault with access policies", caller: tenant + " " + officer, call: "GET policies/secrets/it", status: 403, code: "Forbidden", inner: "AccessDenied", says: "secrets get permission"},
		{name: "policy without the permission", caller: tenant + " " + reader, call: "GET policies/secrets", status: 403, code: "Forbidden", inner: "AccessDenied", says: "secrets list permission"},
		{name: "access policy in a vault with RBAC", caller: tenant + " " + reader, call: "GET rbac/secrets/it", status: 403, code: "Forbidden", inner: "ForbiddenByRbac"},
		{name: "public access disabled", caller: tenant + " " + user, call: "GET private/secrets/it", status: 403, code: "Forbidden", inner: "ForbiddenByConnection"},
		{name: "firewall", caller: tenant + " " + user, call: "GET fenced/secrets/it", status: 403, code: "Forbidden", inner: "ForbiddenByFirewall"},
		{name: "no secret", caller: tenant + " " + user, call: "GET rbac/secrets/nothing", status: 404, code: "SecretNotFound"},
		{name: "no version", caller: tenant + " " + user, call: "GET rbac/secrets/it/" + strings.Repeat("0", 32), status: 404, code: "SecretNotFound"},
		{name: "no secret to list versions of", caller: tenant + " " + user, call: "GET rbac/secrets/nothing/versions", status: 404, code: "SecretNotFound"},
		{name: "deleted secret", caller: tenant + " " + user, call: "GET rbac/secrets/gone", status: 404, code: "SecretNotFound"},
		{name: "deleted twice", caller: tenant + " " + officer, call: "DELETE rbac/secrets/gone", status: 404, code: "SecretNotFound"},
		{name: "recover what is not deleted", caller: tenant + " " + officer, call: "POST rbac/deletedsecrets/it/recover", status: 404, code: "SecretNotFound"},
		{name: "name of a deleted secret", caller: tenant + " " + officer, call: "PUT rbac/secrets/gone", body: `{"value":"x"}`, status: 409, code: "Conflict", inner: "ObjectIsDeletedButRecoverable"},
		{name: "purge with purge protection", caller: tenant + " " + officer, call: "DELETE protected/deletedsecrets/gone", status: 403, code: "Forbidden", inner: "PurgeProtectionEnabled"},
		{name: "disabled secret", caller: tenant + " " + user, call: "GET rbac/secrets/off", status: 403, code: "Forbidden", inner: "SecretDisabled"},
		{name: "bad name", caller: tenant + " " + officer, call: "PUT rbac/secrets/a_b", body: `{"value":"x"}`, status: 400, code: "BadParameter"},
		{name: "no value", caller: tenant + " " + officer, call: "PUT rbac/secrets/it", body: `{}`, status: 400, code: "BadParameter", says: "value"},
		{name: "value too long", caller: tenant + " " + officer, call: "PUT rbac/secrets/it", body: long, status: 400, code: "BadParameter", says: "25 KB"},
		{name: "body that is not a secret", caller: tenant + " " + officer, call: "PUT rbac/secrets/it", body: `{"value":7}`, status: 400, code: "BadParameter"},
		{name: "two bodies", caller: tenant + " " + officer, call: "PUT rbac/secrets/it", body: `{"value":"x"}{"value":"y"}`, status: 400, code: "BadParameter"},
		{name: "attribute the sandbox does not know", caller: tenant + " " + officer, call: "PUT rbac/secrets/it", body: `{"value":"x","attributes":{"exportable":true}}`, status: 501, code: "NotEmulated", says: "attributes.exportable"},
		{name: "property the sandbox does not know", caller: tenant + " " + officer, call: "PUT rbac/secrets/it", body: `{"value":"x","kid":"y"}`, status: 501, code: "NotEmulated", says: "kid"},
		{name: "version of the API that it does not know", caller: tenant + " " + officer, call: "GET rbac/secrets/it?api-version=2016-10-01", status: 501, code: "NotEmulated"},
		{name: "content type to convert to", caller: tenant + " " + user, call: "GET rbac/secrets/it?api-version=2026-04-01&outContentType=application/x-pem-file", status: 501, code: "NotEmulated", says: "outContentType"},
		{name: "keys", caller: tenant + " " + officer, call: "GET rbac/keys", status: 501, code: "NotEmulated"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.must(officer, "PUT rbac/secrets/off", `{"value":"x","attributes":{"enabled":false}}`)
			for _, vault := range []string{"rbac", "protected"} {
				w.must(officer, "PUT "+vault+"/secrets/gone", `{"value":"x"}`)
				w.must(officer, "DELETE "+vault+"/secrets/gone", "")
			}
			answer := w.ask(tt.caller, tt.call, tt.body)
			var body struct {
				Error struct {
					Code, Message string
					InnerError    struct{ Code string }
				}
			}
			if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			got := body.Error
			if answer.Code != tt.status || got.Code != tt.code || got.InnerError.Code != tt.inner || !strings.Contains(got.Message, tt.says) {
				t.Errorf("got %d %s, want %d %s %s with %q", answer.Code, answer.Body, tt.status, tt.code, tt.inner, tt.says)
			}
			challenge := fmt.Sprintf(`Bearer authorization="%s/%s", resource="https://vault.azure.net"`, baseURL, tenant)
			if got := answer.Header().Get("WWW-Authenticate"); (got == challenge) != (tt.status == 401) {
				t.Errorf("got challenge %q", got)
			}
		})
	}
}

// TestReadForAppService reads secrets as App Service does for an identity.
func TestReadForAppService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(officer, "PUT rbac/secrets/off", `{"value":"x","attributes":{"enabled":false}}`)
	if value, err := w.service.Read(tenant, one, "rbac", "it", ""); err != nil || value != "hunter2" {
		t.Errorf("got error %v, want the value", err)
	}
	for _, tt := range []struct {
		name, tenant, principal, vault, secret, version string
		want                                            error
		inner                                           string
	}{
		{name: "no vault", vault: "nothing", secret: "it", want: keyvault.ErrVaultNotFound},
		{name: "vault of another tenant", tenant: other, vault: "rbac", secret: "it", want: keyvault.ErrVaultNotFound},
		{name: "no role", principal: owner, vault: "rbac", secret: "it", inner: "ForbiddenByRbac"},
		{name: "network", vault: "private", secret: "it", inner: "ForbiddenByConnection"},
		{name: "no secret", vault: "rbac", secret: "nothing", want: keyvault.ErrSecretNotFound},
		{name: "no version", vault: "rbac", secret: "it", version: strings.Repeat("0", 32), want: keyvault.ErrVersionNotFound},
		{name: "disabled", vault: "rbac", secret: "off", inner: "SecretDisabled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			value, err := w.service.Read(cmp.Or(tt.tenant, tenant), cmp.Or(tt.principal, user), tt.vault, tt.secret, tt.version)
			var refusal *keyvault.Error
			if value != "" || !errors.As(err, &refusal) || tt.want != nil && !errors.Is(err, tt.want) || refusal.Inner != tt.inner {
				t.Errorf("got %v, want %v %s", err, tt.want, tt.inner)
			}
		})
	}
}
