package functions_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app-to-app/sandbox/entra"
)

// This file sends many requests at once to both deployed function apps, and counts
// the resulting requests to the tenant in the sandbox's history.

const crowd = 200

// asked counts the requests so far to a route of Entra.
func (c *cloud) asked(method, path string) (count int) {
	for _, entry := range c.sandbox.History() {
		if entry.Service == "entra" && entry.Method == method && entry.URL == "/"+c.tenant.ID+path {
			count++
		}
	}
	return count
}

// together runs the calls at once and waits for all.
func together(n int, call func(i int)) {
	var callers sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		callers.Go(func() { <-start; call(i) })
	}
	close(start)
	callers.Wait()
}

const (
	tokenPath = "/oauth2/v2.0/token"
	keysPath  = "/discovery/v2.0/keys"
)

// TestCrowdAtColdCaches: both apps have just started.
func TestCrowdAtColdCaches(t *testing.T) {
	if testing.Short() {
		t.Skip("puts load on the handlers")
	}
	t.Parallel()
	c := startClients(t)
	settings, objectID := withSecret(c)
	c.configure(t, "azidentity", settings)
	key, err := c.azure.HostKey(t.Context(), c.client.id)
	if err != nil {
		t.Fatal(err)
	}
	c.do(t, "POST", c.api.id+"/restart"+webVersion, nil, nil)
	tokens, keys := c.asked("POST", tokenPath), c.asked("GET", keysPath)
	together(crowd, func(int) {
		response, body := c.get(t, c.client.url("/api/ProcessOrders"), http.Header{"X-Functions-Key": {key}})
		if response.StatusCode != http.StatusOK || !strings.Contains(body, objectID) {
			t.Errorf("got %d %s, want the orders as %s", response.StatusCode, body, objectID)
		}
	})
	if got := c.asked("POST", tokenPath) - tokens; got != 1 {
		t.Errorf("got %d token requests for %d callers, want 1", got, crowd)
	}
	if got := c.asked("GET", keysPath) - keys; got != 1 {
		t.Errorf("got %d key fetches for %d callers, want 1", got, crowd)
	}
}

// TestRotationAmongCallers changes the tenant's signing key while callers send good
// tokens, new and old ones, and strangers send made-up key IDs.
func TestRotationAmongCallers(t *testing.T) {
	if testing.Short() {
		t.Skip("puts load on the handlers")
	}
	t.Parallel()
	c := startClients(t)
	tokens := []string{c.tokenForOrders(t)}
	if response, body := c.getOrders(t, bearer(tokens[0])); response.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, want 200", response.StatusCode, body)
	}
	header, _, err := entra.Decode(tokens[0])
	if err != nil {
		t.Fatal(err)
	}
	keys, started := c.asked("GET", keysPath), time.Now()
	const rounds = 3
	for round := range rounds {
		if err := c.sandbox.Entra().RotateKeys(c.tenant.ID); err != nil {
			t.Fatal(err)
		}
		token := c.token(t, c.registration.identifierURI+"/.default")
		if newest, _, err := entra.Decode(token); err != nil || newest["kid"] == header["kid"] {
			t.Fatalf("expected a token of another key than %v, got %v, %v", header["kid"], newest, err)
		}
		tokens = append(tokens, token)
		together(40, func(i int) {
			good := tokens[i%len(tokens)]
			if response, body := c.getOrders(t, bearer(good)); response.StatusCode != http.StatusOK {
				t.Errorf("round %d, good token %d: got %d %s, want 200", round, i%len(tokens), response.StatusCode, body)
			}
		})
	}
	if got := c.asked("GET", keysPath) - keys; got > rounds {
		t.Errorf("got %d key fetches for %d rotations, want at most one each", got, rounds)
	}

	// A flood may use up the rest of the budget, but must not affect others.
	var refused, later atomic.Int64
	together(crowd, func(i int) {
		if i%4 == 0 {
			if response, body := c.getOrders(t, bearer(tokens[i/4%len(tokens)])); response.StatusCode != http.StatusOK {
				t.Errorf("good token in the flood: got %d %s, want 200", response.StatusCode, body)
			}
			return
		}
		signed := strings.Join(strings.Split(tokens[0], ".")[1:], ".")
		made := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":"RS256","typ":"JWT","kid":"flood-%d"}`, i)) + "." + signed
		switch response, _ := c.getOrders(t, bearer(made)); {
		case response.StatusCode == http.StatusUnauthorized:
			refused.Add(1)
		case response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "":
			later.Add(1) // without budget nobody knows whether there is such a key by now
		}
	})
	// Unknown key ids may cause four fetches, and one more each half a minute.
	if got, most := c.asked("GET", keysPath)-keys, 4+int(time.Since(started)/(30*time.Second)); got > most {
		t.Errorf("got %d key fetches for rotations and flood, want at most %d", got, most)
	}
	if got := refused.Load() + later.Load(); got != crowd*3/4 || refused.Load() == 0 {
		t.Errorf("got %d made-up key ids refused with 401 and %d with 503, want %d in all", refused.Load(), later.Load(), crowd*3/4)
	}
}
