package auth_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"app-to-app/functions/internal/auth"
	"app-to-app/functions/internal/auth/authtest"
)

func readAttacks(t testing.TB) []attack {
	t.Helper()
	content, err := os.ReadFile("testdata/attacks.json")
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var rows []attack
	if err := decoder.Decode(&rows); err != nil {
		t.Fatalf("testdata/attacks.json: %v", err)
	}
	return rows
}

// TestAttackCorpus sends every row of testdata/attacks.json to a verifier
// twice, because the second could be answered from memory.
func TestAttackCorpus(t *testing.T) {
	t.Parallel()
	rows := readAttacks(t)
	if len(rows) < 60 {
		t.Errorf("got %d rows, want at least 60", len(rows))
	}
	tenant := authtest.NewTenant(t)
	verifier := newTenantVerifier(t, tenant, newClock())
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row.Name] {
			t.Errorf("two rows are named %q", row.Name)
		}
		seen[row.Name] = true
		t.Run(row.Name, func(t *testing.T) {
			request, token := newForge(t, tenant).request(row)
			for range 2 {
				_, err := verifier.Authenticate(request)
				checkAttack(t, row, err)
				if err != nil && len(token) > 20 && strings.Contains(err.Error(), token[len(token)-20:]) {
					t.Error("the error holds the token")
				}
			}
		})
	}
}

// newTenantVerifier is the verifier of an API in the tenant.
func newTenantVerifier(t testing.TB, tenant *authtest.Tenant, clock *clock) *auth.Verifier {
	t.Helper()
	keys, err := auth.NewKeys(auth.KeysConfig{
		TenantID: authtest.TenantID, AuthorityHost: tenant.AuthorityHost(), HTTPClient: tenant.Client(), Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(auth.Config{
		TenantID: authtest.TenantID, AuthorityHost: tenant.AuthorityHost(), Audience: authtest.Audience,
		Role: authtest.Role, Keys: keys, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

// checkAttack compares reason and answer with what the row states.
func checkAttack(t *testing.T, row attack, err error) {
	t.Helper()
	if row.Want == "" {
		if err != nil || row.Status != http.StatusOK {
			t.Errorf("got %v, want it admitted with 200; the row says %d", err, row.Status)
		}
		return
	}
	want, ok := sentinels[row.Want]
	if !ok {
		t.Fatalf("the row wants %q, which is no reason", row.Want)
	}
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	answer := auth.AnswerTo(err)
	header := http.Header{}
	answer.SetHeader(header)
	checkAnswer(t, row, answer.Status, header)
}

func checkAnswer(t *testing.T, row attack, status int, header http.Header) {
	t.Helper()
	want := ""
	switch {
	case row.Want != "" && row.Error == "":
		want = "Bearer"
	case row.Error != "":
		want = `Bearer error="` + row.Error + `"`
	}
	if got := header.Get("WWW-Authenticate"); status != row.Status || got != want {
		t.Errorf("got status %d and challenge %q, want %d and %q", status, got, row.Status, want)
	}
}

// TestAttackCorpusOverHTTP sends every row through a server, byte by byte: a
// client library would not send some of them.
func TestAttackCorpusOverHTTP(t *testing.T) {
	t.Parallel()
	tenant := authtest.NewTenant(t)
	verifier := newTenantVerifier(t, tenant, newClock())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := verifier.Authenticate(r); err != nil {
			answer := auth.AnswerTo(err)
			answer.SetHeader(w.Header())
			w.WriteHeader(answer.Status)
		}
	}))
	t.Cleanup(server.Close)
	for _, row := range readAttacks(t) {
		t.Run(row.Name, func(t *testing.T) {
			request, _ := newForge(t, tenant).request(row)
			response := sendRaw(t, server.Listener.Addr().String(), request)
			if row.Unsendable {
				if response.StatusCode != http.StatusBadRequest || response.Header.Get("WWW-Authenticate") != "" {
					t.Errorf("got status %d by the handler, want 400 by the server", response.StatusCode)
				}
				return
			}
			checkAnswer(t, row, response.StatusCode, response.Header)
		})
	}
}

// sendRaw sends the request's header fields as they are.
func sendRaw(t *testing.T, address string, request *http.Request) *http.Response {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }() // nothing to save
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n",
		request.Method, request.URL.RequestURI(), address, len(body))
	for name, values := range request.Header {
		for _, value := range values {
			fmt.Fprintf(&text, "%s: %s\r\n", name, value)
		}
	}
	if _, err := io.WriteString(connection, text.String()+"\r\n"+string(body)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // only the head counts
	return response
}
