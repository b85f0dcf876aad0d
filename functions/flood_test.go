package functions_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest"
)

// TestFloodOfStrangersIsCounted: the API's log has one line for each reason, and
// says at the end how many it left out. Callers whose token is good, but whose role
// is wrong, have a line each.
func TestFloodOfStrangersIsCounted(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	api := startHandler(t, "orders-api", apiSettings(tenant))
	roleless := tenant.Token(time.Now(), func(_, claims map[string]any) { delete(claims, "roles") })
	const strangers, known = 200, 5
	for i := range strangers {
		call(t, "GET", api.url+"/api/orders", nil, "")
		call(t, "GET", api.url+"/api/orders", bearer(fmt.Sprintf("made-up-%d", i)), "")
	}
	for range known {
		call(t, "GET", api.url+"/api/orders", bearer(roleless), "")
	}
	api.stop()
	refused, counted, total := map[string]int{}, map[string]int{}, 0
	for text := range strings.Lines(api.stdout.String()) {
		var line struct {
			Msg, Code, Kind string
			Status, Count   int
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("got line %q, want JSON", text)
		}
		total++
		switch line.Msg {
		case "caller refused":
			refused[line.Code]++
		case "lines left out":
			counted[line.Kind] += line.Count
		}
	}
	for code, want := range map[string]int{"token_required": 1, "invalid_token": 1, "insufficient_scope": known} {
		if refused[code] != want {
			t.Errorf("got %d lines for %s, want %d", refused[code], code, want)
		}
	}
	for kind, want := range map[string]int{
		"caller refused: no access token": strangers - 1, "caller refused: malformed access token": strangers - 1,
		fmt.Sprint("request GET /api/orders ", http.StatusUnauthorized): 2*strangers - 1,
		fmt.Sprint("request GET /api/orders ", http.StatusForbidden):    known - 1,
	} {
		if counted[kind] != want {
			t.Errorf("got %d lines left out for %q, want %d", counted[kind], kind, want)
		}
	}
	if total > 30 {
		t.Errorf("got %d lines for %d requests, want few:\n%s", total, 2*strangers+known, api.stdout.String())
	}
}
