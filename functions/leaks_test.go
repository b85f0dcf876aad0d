package functions_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"app-to-app/sandbox/sandboxtest"
)

// This file uses both function apps in every way, right and wrong, makes them
// crash, and then searches all output, answers and logs for secrets. It leaves out
// ARM's list of app settings, which is meant to show them.

// leaks are the secrets of a cloud so far.
func (c *clients) leaks(t testing.TB) *sandboxtest.Leaks {
	t.Helper()
	leaks := &sandboxtest.Leaks{}
	leaks.Secret("the client secret", c.secret)
	leaks.Secret("a wrong client secret", wrongSecret)
	leaks.Secret("the certificate's key", c.certificate.pem)
	leaks.Secret("the connection string", c.connectionOf(c.bySecret)+"AppKey="+c.secret)
	leaks.Sandbox(t, c.sandbox)
	return leaks
}

// look searches everything for the secrets.
func (c *clients) look(t testing.TB, leaks *sandboxtest.Leaks) (found []sandboxtest.Leak) {
	t.Helper()
	history, err := json.Marshal(c.sandbox.History())
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range map[string]string{
		"what the handlers printed": c.printed.String(), "the answers": c.answers.String(), "the history": string(history),
		"the API's log": c.logs(c.api), "the client's log": c.logs(c.client),
	} {
		if len(text) < 1000 {
			t.Errorf("got %d bytes of %s, want more to search", len(text), place)
		}
		found = append(found, leaks.Find(place, text)...)
	}
	return found
}

func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	c := startClients(t)
	for _, cell := range cells {
		for _, way := range cell.ways {
			settings, _ := way.configure(c)
			c.configure(t, cell.provider, settings)
			if status, answer := c.process(t); status != http.StatusOK {
				t.Errorf("%s with %s: got %d with %+v", cell.provider, cell.credential, status, answer)
			}
		}
		for _, refusal := range cell.refused {
			c.configure(t, cell.provider, refusal.configure(c))
			c.process(t)
		}
	}
	c.failInEveryWay(t)
	token := c.tokenForOrders(t)
	c.knockInEveryWay(t, token)
	right, _ := withSecret(c)
	c.configure(t, "adal,msal,azidentity", append(right, "GOTRACEBACK", "all"))
	c.crash(t, c.client)
	c.crash(t, c.api)

	issued, err := c.sandbox.Issued()
	if err != nil || len(issued.AccessTokens) < len(cells) {
		t.Errorf("got %d access tokens and %v, want at least one a credential", len(issued.AccessTokens), err)
	}
	leaks := c.leaks(t)
	for _, leak := range c.look(t, leaks) {
		t.Errorf("expected no secret, got %s", leak)
	}

	// The same search must find what a bad app prints and a bad caller sends.
	c.leak(t, token)
	found := c.look(t, leaks)
	for _, want := range []struct{ secret, place string }{
		{"the client secret", "what the handlers printed"}, {"the identity header of orders-client", "what the handlers printed"},
		{"the client secret", "the client's log"}, {"an access token", "the history"},
	} {
		if !slices.ContainsFunc(found, func(l sandboxtest.Leak) bool { return l.Secret == want.secret && l.Place == want.place }) {
			t.Errorf("got %v, want %s found in %s", found, want.secret, want.place)
		}
	}
}

// failInEveryWay makes all providers fail, over HTTP and on schedule.
func (c *clients) failInEveryWay(t testing.TB) {
	t.Helper()
	settings := []string{"ORDERS_CLIENT_ID", c.bySecret.clientID, "ORDERS_CLIENT_SECRET", wrongSecret,
		connection, c.connectionOf(c.bySecret) + "AppKey=" + wrongSecret, "ORDERS_SCHEDULE", "0 */10 * * * *"}
	c.configure(t, "adal,msal,appauth,azidentity", settings)
	if status, answer := c.process(t); status != http.StatusBadGateway {
		t.Errorf("wrong secret: got %d with %+v, want 502", status, answer)
	}
	if err := c.sandbox.Advance(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	c.await(t, c.client, "orders processed on schedule")
	// The client's secrets in the API's settings.
	c.changeSettings(t, &c.api, c.apiSettings("ORDERS_ROLE", "", "ORDERS_AUDIENCE", ""))
	c.getOrders(t, nil)
	c.changeSettings(t, &c.api, c.apiSettings())
	// Half of a key, and a client secret in the place of an id.
	half := c.certificate.pem[:len(c.certificate.pem)/2]
	for _, settings := range [][]string{
		{"ORDERS_CLIENT_ID", c.byCertificate.clientID, "ORDERS_CLIENT_CERTIFICATE", half},
		{"ORDERS_CLIENT_ID", c.byCertificate.clientID, "ORDERS_CLIENT_CERTIFICATE", c.secret},
		{connection, c.secret}, {connection, c.connectionOf(c.bySecret) + c.secret + "=AppKey"}, {connection, "RunAs=App;AppId=" + c.secret},
	} {
		c.configure(t, "appauth,azidentity", settings)
		if status, answer := c.process(t); status < 500 {
			t.Errorf("bad settings: got %d with %+v, want the function failing", status, answer)
		}
	}
}

// tokenForOrders is a token of a client that holds the role.
func (c *clients) tokenForOrders(t testing.TB) string {
	t.Helper()
	c.assign(t, c.tenant.Deployer.ObjectID)
	return c.token(t, c.registration.identifierURI+"/.default")
}

// knockInEveryWay calls both apps with secrets in right and wrong places.
func (c *clients) knockInEveryWay(t *testing.T, token string) {
	t.Helper()
	key, err := c.azure.HostKey(t.Context(), c.api.id)
	if err != nil {
		t.Fatal(err)
	}
	orders, process := c.api.url("/api/orders"), c.client.url("/api/ProcessOrders")
	for _, test := range []struct {
		name, url string
		header    http.Header
		status    int
	}{
		{"good", orders, bearer(token), 200},
		{"unknown query", orders + "?colour=red", bearer(token), 400},
		{"bad signature", orders, bearer(token[:len(token)-8] + "AAAAAAAA"), 401},
		{"two tokens in one", orders, bearer(token + "." + token), 401},
		{"another scheme", orders, http.Header{"Authorization": {"Basic " + token}}, 401},
		{"two headers", orders, http.Header{"Authorization": {"Bearer " + token, "Bearer " + token}}, 400},
		{"token in the query", orders + "?access_token=" + token, nil, 401},
		{"token in the query, upper case", orders + "?ACCESS_TOKEN=" + token, nil, 401},
		{"token as another query value", orders + "?colour=" + token, bearer(token), 400},
		{"token in the path", c.api.url("/api/" + token), nil, 404},
		{"token as the path", c.api.url("/" + token), bearer(token), 404},
		{"wrong key in the query", process + "?code=" + key, nil, 401},
		{"wrong key", process, http.Header{"X-Functions-Key": {key}}, 401},
		{"token for a key", process, bearer(token), 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			if response, body := c.get(t, test.url, test.header); response.StatusCode != test.status {
				t.Errorf("got %d %s, want %d", response.StatusCode, body, test.status)
			}
		})
	}
}

// crash makes a handler print all its stacks and exit, after tokens have passed
// through it, and waits until its host has started another.
func (c *clients) crash(t testing.TB, s site) {
	t.Helper()
	if status, answer := c.process(t); status != http.StatusOK {
		t.Fatalf("got %d with %+v, want the orders before the crash", status, answer)
	}
	if err := syscall.Kill(processOf(t, s), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	c.await(t, s, "SIGQUIT: quit")
	c.await(t, s, "the handler ended with exit code 2") // after all it had to print
	if status, answer := c.process(t); status != http.StatusOK {
		t.Errorf("got %d with %+v, want the orders after the crash", status, answer)
	}
}

// await waits for a line in a site's log.
func (c *cloud) await(t testing.TB, s site, text string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(c.logs(s), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("expected %q in the log of %s", text, s.id)
		}
	}
}

// processOf is the process of a site's handler: a child of this one, with the
// site's host name in its environment.
func processOf(t testing.TB, s site) (pid int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !slices.Contains(strings.Split(string(environ), "\x00"), "WEBSITE_HOSTNAME="+s.host) {
			continue // another's, or ended
		}
		status, err := os.ReadFile(filepath.Join(filepath.Dir(file), "status"))
		if err != nil || !strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", os.Getpid())) {
			continue
		}
		if _, err := fmt.Sscanf(filepath.Base(filepath.Dir(file)), "%d", &pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	t.Fatalf("expected a process of %s", s.id)
	return 0
}

// leak publishes a client that prints its environment in base64, and puts the
// token into a path.
func (c *clients) leak(t testing.TB, token string) {
	t.Helper()
	bad := filepath.Join(t.TempDir(), "handler")
	if err := os.WriteFile(bad, []byte("#!/bin/sh\nenv | base64 -w 0\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	right, _ := withSecret(c)
	c.configure(t, "azidentity", right)
	c.publish(t, c.client, packageOf(t, "orders-client", bad))
	c.process(t)
	c.get(t, c.api.url("/api/"+hex.EncodeToString([]byte(token))), nil)
}
