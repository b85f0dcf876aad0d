package lookup_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"app-to-app/components/requests"
	"app-to-app/settings/lookup"
)

// TestRegistered asks a Graph of the test's own for what somebody made on request.
func TestRegistered(t *testing.T) {
	t.Parallel()
	app := func(id string, tags ...string) string {
		return `{"id":"` + id + `","appId":"c-` + id + `","displayName":"returns (dev)","tags":["` + strings.Join(tags, `","`) + `"]}`
	}
	stack, client, requested := "pulumi-stack:app-to-app/dev", "pulumi-name:returns-application", "pulumi-requested"
	const trust = `{"id":"f","name":"returns","issuer":"https://i","subject":"s","audiences":["a"]}`
	const path, principals, trusts = "/v1.0/applications", "/v1.0/servicePrincipals", "/v1.0/applications/one/federatedIdentityCredentials"
	list := func(items ...string) string { return `{"value":[` + strings.Join(items, ",") + `]}` }
	whole := map[string]string{path: list(app("one", stack, client, requested)), principals: list(`{"id":"p"}`), trusts: list(`{"id":"x","name":"other"}`, trust)}
	but := func(path, answer string) map[string]string {
		changed := map[string]string{path: answer}
		for key, value := range whole {
			if key != path {
				changed[key] = value
			}
		}
		return changed
	}
	one := map[string]requests.Registered{"returns": {Client: "returns", DisplayName: "returns (dev)", ClientID: "c-one", ObjectID: "one", ServicePrincipalID: "p", CredentialID: "f", Issuer: "https://i", Subject: "s", Audience: "a"}}
	for _, tt := range []struct {
		name    string
		answers map[string]string
		status  int
		want    map[string]requests.Registered
		problem string
	}{
		{"made", whole, 200, one, ""},
		{"none", but(path, list()), 200, nil, ""},
		{"the program's own", but(path, list(app("one", stack, client))), 200, nil, ""},
		{"another client's", but(path, list(app("one", stack, "pulumi-name:other-application", requested))), 200, nil, ""},
		{"another stack's", but(path, list(app("one", "pulumi-stack:app-to-app/prod", client, requested))), 200, nil, ""},
		{"without a service principal yet", but(principals, list()), 200, nil, ""},
		{"without its trust yet", but(trusts, list(`{"id":"x","name":"other"}`)), 200, nil, ""},
		{"two", but(path, list(app("one", stack, client, requested), app("two", stack, client, requested))), 200, nil, `client "returns": expected one app registration that was made for it, got the client ids c-one and c-two`},
		{"not allowed", nil, 403, nil, lookup.ErrNotAllowed.Error()},
		{"out of order", nil, 503, nil, "list the app registrations that were made for the stack: expected status 200, got 503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer, known := tt.answers[r.URL.Path]
				if tt.status == http.StatusOK && !known || r.Method != http.MethodGet {
					t.Errorf("got %s %s", r.Method, r.URL)
				}
				if got := r.URL.Query().Get("$filter"); r.URL.Path == path && got != "tags/any(t:t eq 'pulumi-stack:app-to-app/dev')" || r.URL.Path == principals && got != "appId eq 'c-one'" {
					t.Errorf("got %s asked with %q", r.URL.Path, got)
				}
				w.WriteHeader(tt.status)
				w.Write([]byte(answer))
			}))
			defer server.Close()
			e := &engine{outputs: map[string]map[string]any{graphToken: {"token": "eyJ0b2tlbg.e30.c2ln"}}}
			with(t, e, func(p lookup.Providers) {
				got, err := p.Registered(server.Client(), server.URL, "app-to-app", "dev", []string{"returns"})
				if tt.problem == "" && err != nil || tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)) {
					t.Errorf("got %v, want %q", err, tt.problem)
				}
				if len(got) != len(tt.want) || len(got) > 0 && !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
			})
		})
	}
	with(t, &engine{}, func(p lookup.Providers) {
		if got, err := p.Registered(nil, "https://graph.test", "app-to-app", "dev", nil); err != nil || len(got) > 0 {
			t.Errorf("nobody asks: got %v, %v", got, err)
		}
	})
}
