package appservice_test

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/store"
)

// identityEndpoint is the identity endpoint and header of a world's site.
func identityEndpoint(w *world) string {
	w.t.Helper()
	w.run(standard(everything))
	return w.hear("/api/echo").variable("IDENTITY_ENDPOINT")
}

func portIn(endpoint string) int {
	u, err := url.Parse(endpoint)
	if err != nil {
		panic(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		panic(err)
	}
	return port
}

const (
	v1     = "api-version=2017-09-01&resource=r"
	v2     = "api-version=2019-08-01&resource=r"
	noSuch = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
	noOne  = "Unable to load the proper Managed Identity."
	failed = "An unexpected error occured while fetching the AAD Token."
)

func TestIdentityEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	endpoint := identityEndpoint(w)
	own := w.site.IdentityHeader
	userAssigned, system := tenantID+" "+hostPrinc+" r", tenantID+" "+systemPrinc+" r"
	for _, tt := range []struct {
		name, query    string
		secret         string // header Secret, else X-IDENTITY-HEADER
		header         string
		systemAssigned bool
		status         int
		message        string // of a refusal
		correlated     bool
		asked          string // for what a token was issued
	}{
		{name: "by client id", query: v2 + "&client_id=" + hostClient, header: own, status: 200, asked: userAssigned},
		{name: "by client id in upper case", query: v2 + "&client_id=" + strings.ToUpper(hostClient), header: own, status: 200, asked: userAssigned},
		{name: "by principal id", query: v2 + "&principal_id=" + hostPrinc, header: own, status: 200, asked: userAssigned},
		{name: "by object id", query: v2 + "&object_id=" + hostPrinc, header: own, status: 200, asked: userAssigned},
		{name: "by ARM id", query: v2 + "&mi_res_id=" + url.QueryEscape(strings.ToUpper(hostID)), header: own, status: 200, asked: userAssigned},
		{name: "system-assigned", query: v2, header: own, systemAssigned: true, status: 200, asked: system},
		{name: "system-assigned by its principal id", query: v2 + "&principal_id=" + systemPrinc, header: own, systemAssigned: true, status: 200, asked: system},
		{name: "old version", query: v1 + "&clientid=" + hostClient, secret: own, status: 200, asked: userAssigned},
		{name: "old version, system-assigned", query: v1, secret: own, systemAssigned: true, status: 200, asked: system},
		{name: "no system-assigned identity", query: v2, header: own, status: 400, message: noOne, correlated: true},
		{name: "another client id", query: v2 + "&client_id=" + publisher, header: own, status: 400, message: noSuch},
		{name: "another ARM id", query: v2 + "&mi_res_id=" + url.QueryEscape(hostID+"2"), header: own, status: 400, message: noSuch},
		{name: "a principal id as client id", query: v2 + "&client_id=" + hostPrinc, header: own, status: 400, message: noSuch},
		{name: "two ids", query: v2 + "&client_id=" + hostClient + "&principal_id=" + hostPrinc, header: own, status: 400, message: "mutually exclusive"},
		{name: "an id of the other version", query: v2 + "&clientid=" + hostClient, header: own, status: 400, message: "clientid"},
		{name: "an id twice", query: v2 + "&client_id=a&client_id=b", header: own, status: 400, message: "at most once"},
		{name: "no header", query: v2 + "&client_id=" + hostClient, status: 401, message: "identity header"},
		{name: "a wrong header", query: v2 + "&client_id=" + hostClient, header: own + "x", status: 401, message: "identity header"},
		{name: "the header of the other version", query: v2 + "&client_id=" + hostClient, secret: own, status: 401, message: "identity header"},
		{name: "the old version's header", query: v1 + "&clientid=" + hostClient, header: own, status: 401, message: "identity header"},
		{name: "no version", query: "resource=r", header: own, status: 400, message: "api-version"},
		{name: "an unknown version", query: "api-version=2018-02-01&resource=r", header: own, status: 400, message: "api-version"},
		{name: "no resource", query: "api-version=2019-08-01&client_id=" + hostClient, header: own, status: 400, message: "resource"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.update(func(tx *store.Tx) error {
				identity := map[string]any{"type": "UserAssigned", "userAssignedIdentities": map[string]any{hostID: map[string]string{"clientId": hostClient, "principalId": hostPrinc}}}
				if tt.systemAssigned {
					identity["type"], identity["principalId"] = "SystemAssigned, UserAssigned", systemPrinc
				}
				w.setIdentity(tx, identity)
				store.AddManagedIdentity(tx, store.ServicePrincipal{TenantID: tenantID, ObjectID: systemPrinc, ClientID: "system-client"})
				return nil
			})
			w.tokens.asked = nil
			w.tokens.token = store.CachedToken{AccessToken: "issued", IssuedAt: w.store.Now(), ExpiresAt: w.store.Now().Add(24 * time.Hour)}
			var headers []string
			if tt.header != "" {
				headers = append(headers, "X-IDENTITY-HEADER", tt.header)
			}
			if tt.secret != "" {
				headers = append(headers, "Secret", tt.secret)
			}
			r := w.send("GET", endpoint+"?"+tt.query, nil, headers...)
			var body map[string]any
			r.json(t, &body)
			if r.status != tt.status {
				t.Errorf("got %d %s, want %d", r.status, r.body, tt.status)
				return
			}
			if tt.status != 200 {
				message, _ := body["message"].(string)
				if !strings.Contains(message, tt.message) || body["statusCode"] != float64(tt.status) || (body["correlationId"] != nil) != tt.correlated {
					t.Errorf("got %s, want message %q, correlation %t", r.body, tt.message, tt.correlated)
				}
				if len(w.tokens.asked) != 0 {
					t.Error("a token was issued")
				}
				return
			}
			if len(w.tokens.asked) != 1 || w.tokens.asked[0] != tt.asked {
				t.Errorf("got a token for %q, want %q", w.tokens.asked, tt.asked)
			}
			clientID, expires := hostClient, "1767700830"
			if tt.asked == system {
				clientID = "system-client"
			}
			if strings.HasPrefix(tt.query, v1) {
				expires = "01/06/2026 12:00:30 +00:00"
			}
			for name, want := range map[string]string{"access_token": "issued", "resource": "r", "token_type": "Bearer", "client_id": clientID, "expires_on": expires} {
				if body[name] != want {
					t.Errorf("%s: got %v, want %q", name, body[name], want)
				}
			}
		})
	}
	for _, entry := range w.log.Entries() {
		if entry.Service == "identity" && strings.Contains(entry.URL, own) {
			t.Error("the history shows an identity header")
		}
	}
}

func TestIdentityTokenExpiresOnTheMachineClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	endpoint := identityEndpoint(w)
	if err := w.store.Advance(10 * time.Hour); err != nil {
		t.Fatal(err)
	}
	w.tokens.token = store.CachedToken{AccessToken: "issued", IssuedAt: w.store.Now().Add(-10 * time.Hour), ExpiresAt: w.store.Now().Add(14 * time.Hour)}
	var body struct {
		ExpiresOn string `json:"expires_on"`
	}
	w.send("GET", endpoint+"?"+v2+"&client_id="+hostClient, nil, "X-IDENTITY-HEADER", w.site.IdentityHeader).json(t, &body)
	if want := strconv.FormatInt(w.clock.Now().Add(14*time.Hour).Unix(), 10); body.ExpiresOn != want {
		t.Errorf("got expires_on %q, want %q: 14 hours from now on the client's clock", body.ExpiresOn, want)
	}
}

func TestIdentityFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	endpoint := identityEndpoint(w)
	for _, tt := range []struct {
		name    string
		err     error
		status  int
		message string
		code    string
	}{
		{"assignment required", &entra.Error{Status: 400, Code: "invalid_grant", AADSTS: 501051, Description: "AADSTS501051: not assigned"}, 400, "AADSTS501051: not assigned", "AADSTS501051"},
		{"unknown resource", &entra.Error{Status: 400, Code: "invalid_resource", AADSTS: 500011, Description: "AADSTS500011: unknown"}, 500, failed, "AADSTS500011"},
		{"trouble", &entra.Error{Status: 503, AADSTS: 90033, Description: "AADSTS90033: later"}, 500, failed, "AADSTS90033"},
		{"anything else", errors.New("internal detail"), 500, failed, "InternalError"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.tokens.err = tt.err
			r := w.send("GET", endpoint+"?"+v2+"&client_id="+hostClient, nil, "X-IDENTITY-HEADER", w.site.IdentityHeader)
			var body struct{ Message, CorrelationID string }
			r.json(t, &body)
			if r.status != tt.status || body.Message != tt.message || body.CorrelationID == "" {
				t.Errorf("got %d %s, want %d %q", r.status, r.body, tt.status, tt.message)
			}
			entries := w.log.Entries()
			if last := entries[len(entries)-1]; last.Service != "identity" || last.Code != tt.code || last.CallerID != hostPrinc || last.TenantID != tenantID {
				t.Errorf("got entry %+v, want code %q", last, tt.code)
			}
		})
	}
}

func TestIdentitySwitchedOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	endpoint := identityEndpoint(w)
	w.set("WEBSITE_DISABLE_MSI", "1")
	r := w.send("GET", endpoint+"?"+v2+"&client_id="+hostClient, nil, "X-IDENTITY-HEADER", w.site.IdentityHeader)
	if r.status != 400 || !strings.Contains(r.body, "WEBSITE_DISABLE_MSI") {
		t.Errorf("got %d %s, want 400", r.status, r.body)
	}
}

func TestUnemulatedOfTheIdentityEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.unemulated = true
	endpoint := identityEndpoint(w)
	for _, tt := range []struct{ method, url string }{
		{http.MethodPost, endpoint + "?" + v2},
		{http.MethodGet, endpoint + "?" + v2 + "&bypass_cache=true"},
		{http.MethodGet, endpoint + "/other"},
	} {
		t.Run(tt.method+" "+tt.url, func(t *testing.T) {
			if r := w.send(tt.method, tt.url, nil, "X-IDENTITY-HEADER", w.site.IdentityHeader); r.status != 501 || !strings.Contains(r.body, "sandbox/appservice/identity.go") {
				t.Errorf("%s %s: got %d %s, want 501", tt.method, tt.url, r.status, r.body)
			}
		})
	}
}
