package acquire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/functions/internal/acquire"
)

// identities is the App Service identity endpoint of this test process: the
// library reads its address from the environment, so there is one for all
// tests, which share it by client id.
var identities sync.Map // client id, or client id and resource → http.HandlerFunc

const identityHeader = "b7f1c0"

func TestMain(m *testing.M) {
	os.Exit(func() int {
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			serve, ok := identities.Load(query.Get("client_id") + " " + query.Get("resource"))
			if !ok {
				serve, ok = identities.Load(query.Get("client_id"))
			}
			if !ok || r.Header.Get("X-IDENTITY-HEADER") != identityHeader || query.Get("api-version") != "2019-08-01" {
				http.Error(w, "not a request of these tests", http.StatusTeapot)
				return
			}
			serve.(http.HandlerFunc)(w, r)
		}))
		defer endpoint.Close()
		cli, err := installCLI()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(cli) }() // the system's temporary folder; nothing depends on it
		for name, value := range map[string]string{
			"IDENTITY_ENDPOINT": endpoint.URL + "/msi/token", "IDENTITY_HEADER": identityHeader,
			"PATH": cli + string(os.PathListSeparator) + os.Getenv("PATH"),
		} {
			if err := os.Setenv(name, value); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		return m.Run()
	}())
}

// An identity is a managed identity that the endpoint knows.
type identity struct {
	clientID string // empty for the system-assigned one
	mu       sync.Mutex
	asked    int
	resource string
	refusal  func(w http.ResponseWriter) // nil gives a token
}

const secretToken = "eyJhbGciOiJSUzI1NiJ9.eyJzZWNyZXQiOiJ5ZXMifQ.c2lnbmF0dXJl"

func newIdentity(t *testing.T, clientID string) *identity {
	t.Helper()
	id := &identity{clientID: clientID}
	identities.Store(clientID, http.HandlerFunc(id.serve))
	t.Cleanup(func() { identities.Delete(clientID) })
	return id
}

func (i *identity) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	i.resource = r.URL.Query().Get("resource")
	w.Header().Set("Content-Type", "application/json")
	if i.refusal != nil {
		i.refusal(w)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{
		"access_token": secretToken, "token_type": "Bearer", "resource": i.resource, "client_id": i.clientID,
		"expires_on": strconv.FormatInt(time.Now().Add(24*time.Hour).Unix(), 10),
	})
}

// answer refuses with a status and the endpoint's own shape of error.
func answer(status int, message string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"statusCode": status, "message": message})
	}
}

func newProvider(t *testing.T, clientID, scope string) acquire.TokenProvider {
	t.Helper()
	providers, err := acquire.NewTokenProviders([]string{"azidentity"}, acquire.ProviderConfig{Scope: scope, ManagedIdentityClientID: clientID})
	if err != nil {
		t.Fatal(err)
	}
	return providers[0]
}

func TestManagedIdentity(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		clientID string
		kind     acquire.CredentialKind
	}{
		{"11111111-0000-4000-8000-000000000001", acquire.UserAssigned},
		{"", acquire.SystemAssigned},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			t.Parallel()
			id := newIdentity(t, test.clientID)
			provider := newProvider(t, test.clientID, "api://orders-"+string(test.kind)+"/.default")
			if provider.Name() != "azidentity" || provider.Credential() != test.kind {
				t.Errorf("got %s with %s, want azidentity with %s", provider.Name(), provider.Credential(), test.kind)
			}
			for _, source := range []acquire.TokenSource{acquire.FromNetwork, acquire.FromCache, acquire.FromCache} {
				acquired, err := provider.Acquire(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if acquired.Token.Reveal() != secretToken || acquired.Source != source {
					t.Errorf("got a token from %s, want the identity's from %s", acquired.Source, source)
				}
				if left := time.Until(acquired.ExpiresOn); left < 23*time.Hour || left > 25*time.Hour {
					t.Errorf("got an expiry in %s, want in a day", left)
				}
			}
			if id.asked != 1 || id.resource != "api://orders-"+string(test.kind) {
				t.Errorf("got asked %d times for %q, want once for the scope's resource", id.asked, id.resource)
			}
		})
	}
}

func TestCrowdAtAColdCacheAsksOnce(t *testing.T) {
	t.Parallel()
	const clientID = "11111111-0000-4000-8000-000000000002"
	id := newIdentity(t, clientID)
	provider := newProvider(t, clientID, "api://orders/.default")
	errs := make(chan error, 200)
	for range cap(errs) {
		go func() {
			_, err := provider.Acquire(t.Context())
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if id.asked != 1 {
		t.Errorf("got asked %d times, want once", id.asked)
	}
}

func TestRefusalSaysWhatToDo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		refusal func(http.ResponseWriter)
		want    []string
	}{
		{"not assigned", answer(400, "AADSTS501051: Application is not assigned to a role."),
			[]string{"status 400", "AADSTS501051", "assign the app role"}},
		{"no such identity", answer(400, "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."),
			[]string{"status 400", "ORDERS_MANAGED_IDENTITY_CLIENT_ID"}},
		{"unknown scope", answer(400, "AADSTS500011: The resource principal was not found."), []string{"ORDERS_SCOPE"}},
		{"OAuth error", func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"AADSTS501051: not\r\nassigned"}`)
		}, []string{"invalid_grant: AADSTS501051: not assigned", "assign the app role"}},
		{"not JSON", func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "<html>")
		},
			[]string{"status 401", "not JSON"}},
		{"a token in the error", answer(400, "refused "+secretToken), []string{"refused [redacted]"}},
		{"a book in the error", answer(400, strings.Repeat("long ", 1000)), []string{"…"}},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			clientID := fmt.Sprintf("11111111-0000-4000-8000-%012d", 100+i)
			newIdentity(t, clientID).refusal = test.refusal
			_, err := newProvider(t, clientID, "api://orders/.default").Acquire(t.Context())
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
			if text := err.Error(); strings.Contains(text, "eyJ") || strings.Contains(text, "\n") || len(text) > 1000 || strings.Contains(text, identityHeader) {
				t.Errorf("got %q, want one short line without a token or the identity header", text)
			}
		})
	}
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	t.Parallel()
	const clientID = "11111111-0000-4000-8000-000000000003"
	newIdentity(t, clientID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newProvider(t, clientID, "api://orders/.default").Acquire(ctx); err == nil {
		t.Error("got no error")
	}
}

func TestTokenProvidersAreNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		names []string
		want  []string
	}{
		{"none", nil, []string{"at least one", "azidentity"}},
		{"not built in", []string{"azidentity", "kerberos", "Azidentity"}, []string{`"kerberos"`, `"Azidentity"`, "there are: adal, appauth, azidentity, msal"}},
		{"twice", []string{"azidentity", "azidentity"}, []string{`"azidentity"`, "expected once"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := acquire.NewTokenProviders(test.names, acquire.ProviderConfig{Scope: "api://orders/.default"})
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want an error with %q", err, want)
				}
			}
		})
	}
}

func TestCheckScope(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scope string
		ok    bool
	}{
		"identifier URI":     {"api://orders/.default", true},
		"client ID":          {"6f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a01/.default", true},
		"empty":              {"", false},
		"no resource":        {"/.default", false},
		"without .default":   {"api://orders", false},
		"a named permission": {"api://orders/Orders.Read", false},
		"two scopes":         {"api://orders/.default openid/.default", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := acquire.CheckScope(test.scope); (err == nil) != test.ok {
				t.Errorf("got %v, want accepted %t", err, test.ok)
			}
		})
	}
}

// TestAccessTokenIsNotPrinted tries the ways by which a value usually reaches
// a log.
func TestAccessTokenIsNotPrinted(t *testing.T) {
	t.Parallel()
	acquired := acquire.Acquired{Token: acquire.NewAccessToken(secretToken), Source: acquire.FromCache}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", acquired.Token, "acquired", acquired)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", acquired.Token, "acquired", acquired)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&log, verb+"\n", acquired)
		fmt.Fprintf(&log, verb+"\n", acquired.Token)
		fmt.Fprintf(&log, verb+"\n", &acquired)
	}
	encoded, err := json.Marshal(acquired)
	if err != nil {
		t.Fatal(err)
	}
	log.Write(encoded)
	if !strings.Contains(log.String(), "[access token]") {
		t.Error("nothing was printed")
	}
	for _, part := range []string{"eyJ", "c2lnbmF0dXJl", fmt.Sprintf("%x", secretToken)} {
		if strings.Contains(log.String(), part) {
			t.Errorf("got %q printed in %s", part, log.String())
		}
	}
}
