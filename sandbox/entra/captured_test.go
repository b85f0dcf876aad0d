package entra_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"app-to-app/sandbox/entra"
)

// This file holds the token service to shapes captured from a real tenant on
// 2026-08-13, in fixtures that another project has published: which members
// there are, not their values.

func names(m map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

func TestCapturedToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.post(t, "oauth2/v2.0/token", w.secretForm())
	if got, want := names(a.body), "access_token expires_in ext_expires_in token_type"; got != want {
		t.Errorf("answer: got %s, want %s", got, want)
	}
	header, claims, err := entra.Decode(a.token(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(header), "alg kid typ"; got != want {
		t.Errorf("header: got %s, want %s", got, want)
	}
	// The captured API neither asks for idtyp nor assigns roles; orders does.
	delete(claims, "idtyp")
	delete(claims, "roles")
	if got, want := names(claims), "aio aud azp azpacr exp iat iss nbf oid rh sub tid uti ver xms_ftd"; got != want {
		t.Errorf("claims: got %s, want %s", got, want)
	}
}

func TestCapturedRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const withURI = "correlation_id error error_codes error_description error_uri timestamp trace_id"
	const bare = "correlation_id error error_codes error_description timestamp trace_id"
	for _, tt := range []struct {
		name, parameter, value string
		status, number         int
		code, members          string
	}{
		{"wrong secret", "client_secret", "wrong", 401, 7000215, "invalid_client", withURI},
		{"resource not registered", "scope", "api://nobody/.default", 400, 500011, "invalid_resource", withURI},
		{"client id of zeros", "client_id", uuid.Nil.String(), 400, 700038, "unauthorized_client", bare},
		{"unknown grant type", "grant_type", "nothing", 400, 70003, "unsupported_grant_type", bare},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			form := w.secretForm()
			form.Set(tt.parameter, tt.value)
			a := w.post(t, "oauth2/v2.0/token", form)
			codes, _ := json.Marshal(a.body["error_codes"])
			var got []int
			if err := json.Unmarshal(codes, &got); err != nil || !slices.Equal(got, []int{tt.number}) {
				t.Errorf("got error_codes %s, want [%d]", codes, tt.number)
			}
			if a.status != tt.status || a.body["error"] != tt.code || names(a.body) != tt.members {
				t.Errorf("got %d %v with %s, want %d %s with %s", a.status, a.body["error"], names(a.body), tt.status, tt.code, tt.members)
			}
		})
	}
}

// CLI for Microsoft 365 refuses a Graph token without the client's name.
func TestGraphTokenNamesItsClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for scope, want := range map[string]any{"https://graph.microsoft.com/.default": w.client.DisplayName, legacyURI + "/.default": nil} {
		form := w.secretForm()
		form.Set("scope", scope)
		if got := w.post(t, "oauth2/v2.0/token", form).claims(t, w)["app_displayname"]; got != want {
			t.Errorf("%s: got app_displayname %v, want %v", scope, got, want)
		}
	}
}

func TestTokenPathWithSlash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.post(t, "oauth2/v2.0/token/", w.secretForm())
	if got := a.claims(t, w)["azp"]; a.status != http.StatusOK || got != w.client.ClientID {
		t.Errorf("got %d and azp %v, want 200 and %q", a.status, got, w.client.ClientID)
	}
}
