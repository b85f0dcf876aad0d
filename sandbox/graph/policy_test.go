package graph_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// The clock of a world is 2026-11-23T12:00:00Z.
const (
	notAllowed = "CredentialTypeNotAllowedAsPerAppPolicy"
	tooLong    = "CredentialInvalidLifetimeAsPerAppPolicy"
)

// secretUntil is the body of addPassword for a secret that starts now.
func secretUntil(end string) map[string]any {
	return map[string]any{"passwordCredential": map[string]any{"endDateTime": end}}
}

// TestAppManagementPolicies sets a default policy and one that is assigned to the
// application, and adds a client secret that is valid for 30 days.
func TestAppManagementPolicies(t *testing.T) {
	t.Parallel()
	const (
		forbidden = `{"restrictionType":"passwordAddition","state":"enabled"}`
		month     = `{"restrictionType":"passwordLifetime","state":"enabled","maxLifetime":"P30D"}`
		short     = `{"restrictionType":"passwordLifetime","state":"enabled","maxLifetime":"P29DT23H59M59S"}`
		allowed   = `{"restrictionType":"passwordAddition","state":"disabled"}`
	)
	passwords := func(restrictions ...string) string {
		return `{"passwordCredentials":[` + strings.Join(restrictions, ",") + `]}`
	}
	on := func(application string) string {
		return `{"isEnabled":true,"applicationRestrictions":` + application + `}`
	}
	for _, tt := range []struct {
		name           string
		policy, second string // bodies: the default, and the one that is assigned
		code           string // "" admits
	}{
		{"nothing set", ``, ``, ""},
		{"a default that is not enabled", `{"applicationRestrictions":` + passwords(forbidden) + `}`, ``, ""},
		{"secrets are forbidden", on(passwords(forbidden)), ``, notAllowed},
		{"secrets are forbidden, in a state that is disabled", on(passwords(allowed)), ``, ""},
		{"exactly the longest lifetime", on(passwords(month)), ``, ""},
		{"a second more", on(passwords(short)), ``, tooLong},
		{"forbidden, and too long", on(passwords(short, forbidden)), ``, notAllowed},
		{"for service principals only", `{"isEnabled":true,"servicePrincipalRestrictions":` + passwords(forbidden) + `}`, ``, ""},
		{"for applications created later", on(passwords(strings.Replace(forbidden, "}", `,"restrictForAppsCreatedAfterDateTime":"2026-11-23T12:00:01Z"}`, 1))), ``, ""},
		{"for applications created since this moment", on(passwords(strings.Replace(forbidden, "}", `,"restrictForAppsCreatedAfterDateTime":"2026-11-23T12:00:00Z"}`, 1))), ``, notAllowed},
		{"custom secrets only", on(passwords(`{"restrictionType":"customPasswordAddition","state":"enabled"}`)), ``, ""},
		{"an assigned policy that forbids", ``, `{"displayName":"d","description":"d","isEnabled":true,"restrictions":` + passwords(forbidden) + `}`, notAllowed},
		{"an assigned policy that is not enabled", ``, `{"displayName":"d","description":"d","isEnabled":false,"restrictions":` + passwords(forbidden) + `}`, ""},
		{"an assigned policy that allows what the default forbids", on(passwords(forbidden)), `{"displayName":"d","description":"d","isEnabled":true,"restrictions":` + passwords(allowed) + `}`, ""},
		{"an assigned policy says nothing about it, so the default's holds", on(passwords(short)), `{"displayName":"d","description":"d","isEnabled":true,"restrictions":` + passwords(allowed) + `}`, tooLong},
		{"an assigned policy allows longer", on(passwords(short)), `{"displayName":"d","description":"d","isEnabled":true,"restrictions":` + passwords(month) + `}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			app := w.want(201, "admin", "POST", "/v1.0/applications", `{"displayName":"a"}`).property("id")
			before := w.want(200, "admin", "POST", "/v1.0/applications/"+app+"/addPassword", secretUntil("2030-01-01T00:00:00Z")).property("keyId")
			if tt.policy != "" {
				w.want(204, "admin", "PATCH", "/v1.0/policies/defaultAppManagementPolicy", tt.policy)
			}
			if tt.second != "" {
				id := w.want(201, "admin", "POST", "/v1.0/policies/appManagementPolicies", tt.second).property("id")
				w.want(204, "admin", "POST", "/v1.0/applications/"+app+"/appManagementPolicies/$ref", map[string]any{"@odata.id": w.base + "/v1.0/policies/appManagementPolicies/" + id})
			}
			got := w.send("admin", "POST", "/v1.0/applications/"+app+"/addPassword", secretUntil("2026-12-23T12:00:00Z"))
			if tt.code == "" && got.status != http.StatusOK || tt.code != "" && (got.status != http.StatusBadRequest || !strings.Contains(got.text, tt.code)) {
				t.Errorf("got %d %s, want %q", got.status, got.text, tt.code)
			}
			if shown := w.get("/v1.0/applications/" + app).text; !strings.Contains(shown, before) {
				t.Error("expected the secret from before the policy to stay")
			}
		})
	}
}

// TestPoliciesForCertificates: only a new certificate is looked at.
func TestPoliciesForCertificates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, restriction, code string }{
		{"long enough", `{"restrictionType":"asymmetricKeyLifetime","state":"enabled","maxLifetime":"P365D"}`, ""},
		{"too short", `{"restrictionType":"asymmetricKeyLifetime","state":"enabled","maxLifetime":"P10D"}`, tooLong},
		{"not enabled", `{"restrictionType":"asymmetricKeyLifetime","state":"disabled","maxLifetime":"P10D"}`, ""},
		{"another issuer", `{"restrictionType":"trustedCertificateAuthority","state":"enabled","certificateBasedApplicationConfigurationIds":["` + contoso + `"]}`, "not issued by a certificate authority"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			app := "/v1.0/applications/" + w.want(201, "admin", "POST", "/v1.0/applications", `{"displayName":"a"}`).property("id")
			key := func() map[string]any {
				_, der := newCertificate(t)
				return map[string]any{"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.StdEncoding.EncodeToString(der)}
			}
			w.want(204, "admin", "PATCH", app, map[string]any{"keyCredentials": []any{key()}})
			w.want(204, "admin", "PATCH", "/v1.0/policies/defaultAppManagementPolicy", `{"isEnabled":true,"applicationRestrictions":{"keyCredentials":[`+tt.restriction+`]}}`)
			kept := w.get(app).body["keyCredentials"].([]any)[0].(map[string]any)["keyId"]
			got := w.send("admin", "PATCH", app, map[string]any{"keyCredentials": []any{map[string]any{"keyId": kept, "type": "AsymmetricX509Cert", "usage": "Verify"}, key()}})
			if tt.code == "" && got.status != http.StatusNoContent || tt.code != "" && (got.status != http.StatusBadRequest || !strings.Contains(got.text, tt.code)) {
				t.Errorf("got %d %s, want %q", got.status, got.text, tt.code)
			}
			w.want(204, "admin", "PATCH", app, map[string]any{"displayName": "b", "keyCredentials": []any{map[string]any{"keyId": kept, "type": "AsymmetricX509Cert", "usage": "Verify"}}})
			for version, want := range map[string]string{"/v1.0": "unknownFutureValue", "/beta": "trustedCertificateAuthority"} {
				shown := w.want(200, "admin", "GET", version+"/policies/defaultAppManagementPolicy", nil).text
				if strings.Contains(tt.restriction, "trusted") != strings.Contains(shown, want) {
					t.Errorf("%s: got %s", version, shown)
				}
			}
		})
	}
}

// TestRefusedPolicies: what a policy cannot be.
func TestRefusedPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/v1.0/policies/defaultAppManagementPolicy"
	for name, restriction := range map[string]string{
		"a lifetime that is none":     `{"restrictionType":"passwordLifetime","maxLifetime":"30"}`,
		"a lifetime of a year":        `{"restrictionType":"passwordLifetime","maxLifetime":"P1Y"}`,
		"no lifetime":                 `{"restrictionType":"passwordLifetime"}`,
		"a lifetime of what has none": `{"restrictionType":"passwordAddition","maxLifetime":"P1D"}`,
		"a date that is none":         `{"restrictionType":"passwordAddition","restrictForAppsCreatedAfterDateTime":"yesterday"}`,
		"one type twice":              `{"restrictionType":"passwordAddition"},{"restrictionType":"passwordAddition"}`,
		"a type of certificates":      `{"restrictionType":"asymmetricKeyLifetime","maxLifetime":"P1D"}`,
	} {
		t.Run(name, func(t *testing.T) {
			w.want(400, "admin", "PATCH", path, `{"applicationRestrictions":{"passwordCredentials":[`+restriction+`]}}`)
		})
	}
	app := w.want(201, "admin", "POST", "/v1.0/applications", `{"displayName":"a"}`).property("id")
	for _, want := range []int{204, 400} { // one policy at most
		id := w.want(201, "admin", "POST", "/v1.0/policies/appManagementPolicies", `{"displayName":"d","description":"d"}`).property("id")
		w.want(want, "admin", "POST", "/v1.0/applications/"+app+"/appManagementPolicies/$ref", map[string]any{"@odata.id": w.base + "/v1.0/policies/appManagementPolicies/" + id})
	}
	w.want(404, "admin", "POST", "/v1.0/applications/"+app+"/appManagementPolicies/$ref", map[string]any{"@odata.id": w.base + "/v1.0/policies/appManagementPolicies/" + contoso})
	w.want(400, "admin", "POST", "/v1.0/applications/"+app+"/appManagementPolicies/$ref", map[string]any{"@odata.id": w.base + "/v1.0/applications/" + app})
	w.want(400, "admin", "POST", "/v1.0/policies/appManagementPolicies", `{"displayName":"d"}`)
	for _, caller := range []string{"deployer", "reader", "nobody"} {
		w.want(403, caller, "GET", path, nil)
		w.want(403, caller, "PATCH", path, `{"isEnabled":true}`)
	}
}
