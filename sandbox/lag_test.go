package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox"
	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/sandboxtest"
)

// The tenant of a lag test: an API and a client.
type lagging struct {
	t     *testing.T
	s     *sandbox.Sandbox
	azure *deployer.Client

	api, client registered
	secret      string
}

type registered struct{ object, client, principal string }

const lagRole = "0d0e0f00-0000-4000-8000-000000000001"

func newLagging(t *testing.T, required bool) *lagging {
	t.Helper()
	l := &lagging{t: t, s: sandboxtest.Start(t, sandboxtest.Options{})}
	var err error
	if l.azure, err = deployer.New(l.t.Context(), l.s, l.s.Tenants()[0]); err != nil {
		t.Fatal(err)
	}
	l.api = l.register(map[string]any{"displayName": "api", "appRoles": []any{map[string]any{
		"id": lagRole, "value": "Orders.Read", "displayName": "Read", "description": "Read", "allowedMemberTypes": []string{"Application"}, "isEnabled": true,
	}}}, required)
	l.client = l.register(map[string]any{"displayName": "client"}, false)
	l.secret = l.newSecret()
	return l
}

func (l *lagging) do(method, path string, in, out any) {
	l.t.Helper()
	if err := l.azure.Do(l.t.Context(), method, path, in, out); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lagging) register(body map[string]any, required bool) registered {
	l.t.Helper()
	var app struct{ ID, AppID string }
	l.do("POST", "/v1.0/applications", body, &app)
	return registered{app.ID, app.AppID, l.principal(app.AppID, required)}
}

func (l *lagging) principal(clientID string, required bool) string {
	l.t.Helper()
	var sp struct{ ID string }
	l.do("POST", "/v1.0/servicePrincipals", map[string]any{"appId": clientID, "appRoleAssignmentRequired": required}, &sp)
	return sp.ID
}

func (l *lagging) newSecret() string {
	l.t.Helper()
	_, secret := l.addPassword("/v1.0/applications/" + l.client.object)
	return secret
}

func (l *lagging) addPassword(holder string) (keyID, secret string) {
	l.t.Helper()
	var credential struct{ KeyID, SecretText string }
	l.do("POST", holder+"/addPassword", map[string]any{}, &credential)
	return credential.KeyID, credential.SecretText
}

func (l *lagging) assign() {
	l.t.Helper()
	l.do("POST", "/v1.0/servicePrincipals/"+l.api.principal+"/appRoleAssignedTo",
		map[string]any{"appRoleId": lagRole, "principalId": l.client.principal, "resourceId": l.api.principal}, nil)
}

func (l *lagging) advance(d time.Duration) {
	l.t.Helper()
	if err := l.s.Advance(d); err != nil {
		l.t.Fatal(err)
	}
}

// lag sets the lag, over the control endpoint.
func (l *lagging) lag(body string) {
	l.t.Helper()
	if status, answer := controlled(l.t, l.s, "POST", "/lag", body, nil); status != 204 {
		l.t.Fatalf("set lag %s: got %d %s", body, status, answer)
	}
}

// want requests a token. It compares the AADSTS number, or the roles in the token
// if the number is 0.
func (l *lagging) want(number int, proof url.Values, roles ...any) {
	l.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {l.client.client}, "scope": {l.api.client + "/.default"}}
	for name, values := range proof {
		form[name] = values
	}
	resp, err := l.s.HTTPClient().PostForm(l.s.BaseURL+"/"+l.s.Tenants()[0].ID+"/oauth2/v2.0/token", form)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
		Codes []int  `json:"error_codes"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		l.t.Fatal(err)
	}
	if number != 0 {
		if !slices.Equal(answer.Codes, []int{number}) {
			l.t.Errorf("got %d with %v, want AADSTS%d", resp.StatusCode, answer.Codes, number)
		}
		return
	}
	_, claims, err := entra.Decode(answer.Token)
	if err != nil {
		l.t.Fatalf("got %d with %v, want a token", resp.StatusCode, answer.Codes)
	}
	if got, _ := claims["roles"].([]any); !slices.Equal(got, roles) {
		l.t.Errorf("got roles %v, want %v", got, roles)
	}
}

func (l *lagging) bySecret(secret string) url.Values { return url.Values{"client_secret": {secret}} }

func TestLagOfClientSecrets(t *testing.T) {
	t.Parallel()
	l := newLagging(t, false)
	l.advance(time.Minute)
	l.lag(`{"tokenSecret":"1m"}`)
	second := l.newSecret()
	l.want(7000215, l.bySecret(second))
	l.want(0, l.bySecret(l.secret))
	l.advance(time.Minute)
	l.want(0, l.bySecret(second))
}

// TestSecretsOfServicePrincipals signs in with a secret that the service
// principal has, and not its application.
func TestSecretsOfServicePrincipals(t *testing.T) {
	t.Parallel()
	l := newLagging(t, false)
	l.lag(`{"tokenSecret":"1m"}`)
	holder := "/v1.0/servicePrincipals/" + l.client.principal
	keyID, secret := l.addPassword(holder)
	l.want(7000215, l.bySecret(secret))
	l.advance(time.Minute)
	l.want(0, l.bySecret(secret))
	l.want(0, l.bySecret(l.secret))
	l.do("POST", holder+"/removePassword", map[string]any{"keyId": keyID}, nil)
	l.want(7000215, l.bySecret(secret))
	l.want(0, l.bySecret(l.secret))
}

func TestLagOfClients(t *testing.T) {
	t.Parallel()
	l := newLagging(t, false)
	l.lag(`{"tokenClient":"1m"}`)
	l.want(700016, l.bySecret(l.secret))
	l.advance(time.Minute)
	l.want(0, l.bySecret(l.secret))
	l.do("DELETE", "/v1.0/servicePrincipals/"+l.client.principal, nil, nil)
	l.client.principal = l.principal(l.client.client, false)
	l.want(7000229, l.bySecret(l.secret))
	l.advance(time.Minute)
	l.want(0, l.bySecret(l.secret))
}

func TestLagOfAssignments(t *testing.T) {
	t.Parallel()
	for _, required := range []bool{true, false} {
		l := newLagging(t, required)
		l.lag(`{"tokenAssignment":"90s"}`)
		l.assign()
		early := map[bool]int{true: 501051}[required]
		l.want(early, l.bySecret(l.secret))
		l.advance(89 * time.Second)
		l.want(early, l.bySecret(l.secret))
		l.advance(time.Second)
		l.want(0, l.bySecret(l.secret), "Orders.Read")
	}
}

func TestLagOfFederatedCredentials(t *testing.T) {
	t.Parallel()
	l := newLagging(t, false)
	tenant := l.s.Tenants()[0].ID
	var identity struct {
		Properties struct{ PrincipalID string }
	}
	group := "/subscriptions/" + l.s.Tenants()[0].SubscriptionID + "/resourceGroups/it"
	l.do("PUT", group+"?api-version=2022-09-01", map[string]any{"location": "westeurope"}, nil)
	l.do("PUT", group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/lagging?api-version=2023-01-31", map[string]any{"location": "westeurope"}, &identity)
	trust := func(name, subject string) {
		l.do("POST", "/v1.0/applications/"+l.client.object+"/federatedIdentityCredentials", map[string]any{
			"name": name, "issuer": l.s.BaseURL + "/" + tenant + "/v2.0", "subject": subject, "audiences": []string{"api://AzureADTokenExchange"},
		}, nil)
	}
	proof := func() url.Values {
		token, err := l.s.Entra().ManagedIdentityToken(tenant, identity.Properties.PrincipalID, "api://AzureADTokenExchange")
		if err != nil {
			t.Fatal(err)
		}
		return url.Values{"client_assertion": {token.AccessToken}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	}()
	l.lag(`{"tokenFederated":"30s"}`)
	trust("other", "0d0e0f00-0000-4000-8000-00000000000f")
	l.want(70021, proof) // the tenant has no credential yet
	l.advance(30 * time.Second)
	trust("lagging", identity.Properties.PrincipalID)
	l.want(700213, proof) // it has one for another subject
	l.advance(30 * time.Second)
	l.want(0, proof)
}

// The objects that a tenant starts with have no lag, so a deployer always works.
func TestLagDoesNotAffectDeployers(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	body := `{"tokenClient":"24h","tokenSecret":"24h","tokenAssignment":"24h","application":"24h","servicePrincipal":"24h","appRole":"24h","tokenFederated":"24h"}`
	if status, answer := controlled(t, s, "POST", "/lag", body, nil); status != 204 {
		t.Fatalf("got %d %s", status, answer)
	}
	azure, err := deployer.New(t.Context(), s, s.Tenants()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := azure.Do(t.Context(), "POST", "/v1.0/applications", map[string]any{"displayName": "it"}, nil); err != nil {
		t.Error(err)
	}
}

func TestThrottleOverTheControlEndpoint(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	// The order matters: only {} lifts the limit, and the requests below need it lifted.
	for _, row := range []struct {
		body string
		want int
	}{
		{`{"requests":1}`, 400}, {`{"window":"1h"}`, 400}, {`{"requests":-1,"window":"1h"}`, 400},
		{`{"requests":1,"window":"1h"}`, 204}, {`{}`, 204},
	} {
		t.Run(row.body, func(t *testing.T) {
			if status, answer := controlled(t, s, "POST", "/throttle", row.body, nil); status != row.want {
				t.Errorf("got %d %s, want %d", status, answer, row.want)
			}
		})
	}
	token, _ := issueSome(t, s)
	if status, answer := controlled(t, s, "POST", "/throttle", `{"requests":1,"window":"1h"}`, nil); status != 204 {
		t.Fatalf("got %d %s", status, answer)
	}
	for _, want := range []int{200, 429} {
		req, err := http.NewRequest("GET", s.GraphURL+"/v1.0/applications", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := s.HTTPClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("got status %d, want %d", resp.StatusCode, want)
		}
	}
}

func TestLagRefusesOtherNames(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	for _, body := range []string{`{"role":"1m"}`, `{"appRole":"soon"}`, `{"appRole":"-1s"}`, `{"appRole":60}`} {
		t.Run(body, func(t *testing.T) {
			if status, answer := controlled(t, s, "POST", "/lag", body, nil); status != 400 {
				t.Errorf("got %d %s, want 400", status, answer)
			}
		})
	}
}
