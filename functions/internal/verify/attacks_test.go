package verify_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
	"app-to-app/functions/internal/verify/verifytest/attacks"
)

func readAttacks(t testing.TB) []attacks.Row {
	t.Helper()
	return attacks.Read(t, "testdata/attacks.json")
}

// TestAttackCorpus sends every row of testdata/attacks.json to a verifier
// twice, because the second could come from the cache.
func TestAttackCorpus(t *testing.T) {
	t.Parallel()
	rows := readAttacks(t)
	if len(rows) < 60 {
		t.Errorf("got %d rows, want at least 60", len(rows))
	}
	tenant := verifytest.NewTenant(t)
	verifier, later := newPatientVerifier(t, tenant)
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			request, token := attacks.OfTenant(t, tenant, now).Request(t, row)
			for range 2 {
				later()
				_, err := verifier.Authenticate(request)
				checkAttack(t, row, err)
				if unknown := err != nil && strings.Contains(err.Error(), "expected a key id of the tenant"); unknown != row.UnknownKey {
					t.Errorf("got %v, and the row says of the key that it is unknown: %v", err, row.UnknownKey)
				}
				if err != nil && len(token) > 20 && strings.Contains(err.Error(), token[len(token)-20:]) {
					t.Error("the error holds the token")
				}
			}
		})
	}
}

// newPatientVerifier is a verifier that may look for an unknown key after each
// call of later, which moves the time for its keys and not for tokens.
func newPatientVerifier(t testing.TB, tenant *verifytest.Tenant) (verifier *verify.Verifier, later func()) {
	t.Helper()
	clock := newClock()
	verifier, err := verify.NewVerifier(verify.Config{
		TenantID: verifytest.TenantID, AuthorityHost: tenant.AuthorityHost(), Audience: verifytest.Audience,
		Role: verifytest.Role, Keys: newKeys(t, tenant, clock.Now), Now: newClock().Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return verifier, func() { clock.advance(30 * time.Second) }
}

// newTenantVerifier is the verifier of an API in the tenant.
func newTenantVerifier(t testing.TB, tenant *verifytest.Tenant, clock *clock) *verify.Verifier {
	t.Helper()
	verifier, err := verify.NewVerifier(verify.Config{
		TenantID: verifytest.TenantID, AuthorityHost: tenant.AuthorityHost(), Audience: verifytest.Audience,
		Role: verifytest.Role, Keys: newKeys(t, tenant, clock.Now), Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

// checkAttack compares reason and answer with what the row states.
func checkAttack(t *testing.T, row attacks.Row, err error) {
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
	answer := verify.AnswerTo(err)
	header := http.Header{}
	answer.SetHeader(header)
	row.CheckAnswer(t, answer.Status, header)
}

// TestAttackCorpusOverHTTP sends every row through a server, byte by byte: a
// client library would not send some of them.
func TestAttackCorpusOverHTTP(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	verifier, later := newPatientVerifier(t, tenant)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := verifier.Authenticate(r); err != nil {
			answer := verify.AnswerTo(err)
			answer.SetHeader(w.Header())
			w.WriteHeader(answer.Status)
		}
	}))
	t.Cleanup(server.Close)
	for _, row := range readAttacks(t) {
		t.Run(row.Name, func(t *testing.T) {
			later()
			request, _ := attacks.OfTenant(t, tenant, now).Request(t, row)
			connection, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			row.CheckServed(t, attacks.Send(t, connection, request))
		})
	}
}
