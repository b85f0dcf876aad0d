package functions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
	"app-to-app/tenant/revoke"
	"app-to-app/tenant/tenanttest"
)

// TestRevokeUnderLoad cuts off one of two clients that call the API all the time
// with tokens that are good for an hour. The other one must not notice.
func TestRevokeUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("puts load on the handlers")
	}
	t.Parallel()
	c := startCloud(t)
	cutOff, other := c.register(t, "cut-off"), c.register(t, "other")
	for _, r := range []registration{cutOff, other} {
		c.assign(t, r.objectID)
	}
	secret := c.addSecret(t, cutOff)
	token := c.tokenOf(t, cutOff.clientID, secret, c.registration.identifierURI+"/.default")
	otherToken := c.tokenOf(t, other.clientID, c.addSecret(t, other), c.registration.identifierURI+"/.default")

	declared := c.declares(t, map[string]registration{"cut-off": cutOff, "other": other})
	session := tenanttest.SignIn(t, c.sandbox, c.tenant, nil)
	plan, err := revoke.NewPlan(t.Context(), session, declared, "cut-off")
	if err != nil {
		t.Fatal(err)
	}

	var refused atomic.Pointer[time.Time] // when the load first saw a refusal
	var before, after, calls atomic.Int64
	var load sync.WaitGroup
	ended := make(chan struct{})
	run := func(call func()) {
		load.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
					call()
				}
			}
		})
	}
	for range 3 {
		run(func() {
			if response, body := c.getOrders(t, bearer(otherToken)); response.StatusCode != http.StatusOK {
				t.Errorf("the other client: got %d %s, want its orders", response.StatusCode, body)
			}
			calls.Add(1)
		})
	}
	run(func() {
		wasRefused := refused.Load() != nil
		switch response, body := c.getOrders(t, bearer(token)); {
		case response.StatusCode == http.StatusForbidden:
			now := time.Now()
			refused.CompareAndSwap(nil, &now)
			after.Add(1)
		case response.StatusCode != http.StatusOK || wasRefused:
			t.Errorf("the client that is cut off: got %d %s (refused before: %v)", response.StatusCode, body, wasRefused)
		default:
			before.Add(1)
		}
	})
	await := func(counter *atomic.Int64, n int64) {
		t.Helper()
		from := counter.Load()
		for deadline := time.Now().Add(time.Minute); counter.Load() < from+n; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("expected %d more calls in a minute", n)
			}
		}
	}
	await(&before, 10)
	await(&calls, 30)
	began, atBegin := time.Now(), calls.Load()
	done, err := revoke.Run(t.Context(), plan, revoke.Options{
		Session: session, Declared: declared, Now: time.Now, Wait: azurecloud.Sleep, Log: t.Output(),
		Call: func(context.Context) (revoke.Answer, error) {
			response, _ := c.getOrders(t, bearer(token))
			return revoke.Answer{Refused: response.StatusCode == http.StatusForbidden, Text: response.Status}, nil
		},
	})
	during := calls.Load() - atBegin
	await(&after, 10)
	await(&calls, 30)
	close(ended)
	load.Wait()
	if err != nil || !done.Proven() || done.RefusedAt.IsZero() {
		t.Errorf("got %+v, %v", done, err)
	}
	t.Logf("from the command to the first refusal %v, to its end %v; %d calls of the other client meanwhile, %d in all, none failed; the one cut off got orders %d times, then was refused %d times",
		refused.Load().Sub(began).Round(time.Millisecond), time.Since(began).Round(time.Millisecond), during, calls.Load(), before.Load(), after.Load())
	if during == 0 {
		t.Error("expected calls of the other client during the command, got none: nothing is shown")
	}
	answer, err := c.sandbox.HTTPClient().PostForm(c.sandbox.BaseURL+"/"+c.tenant.ID+tokenPath, url.Values{
		"grant_type": {"client_credentials"}, "scope": {c.registration.identifierURI + "/.default"}, "client_id": {cutOff.clientID}, "client_secret": {secret}})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a new token: got %d, want 401", answer.StatusCode)
	}
}

// declares are the exports of a stack with these clients.
func (c *cloud) declares(t testing.TB, clients map[string]registration) tenant.Declaration {
	t.Helper()
	var access []object
	for name, r := range clients {
		access = append(access, object{"client": name, "identity": "clientSecret", "clientId": r.clientID, "objectId": r.objectID,
			"applicationObjectId": r.applicationID, "roles": []string{ordersRole}})
	}
	exported, err := json.Marshal(object{"apiClientId": c.registration.clientID, "apiObjectId": c.registration.applicationID, "apiSiteId": c.api.id,
		"roleIds": object{ordersRole: c.registration.roleID}, "access": access})
	if err != nil {
		t.Fatal(err)
	}
	declared, err := tenant.ReadOutputs(exported)
	if err != nil {
		t.Fatal(fmt.Errorf("declare the clients: %w", err))
	}
	return declared
}
