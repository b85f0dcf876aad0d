package customhandler_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"app-to-app/functions/internal/customhandler"
)

const (
	clientID     = "0a1b2c3d-1111-4222-8333-444455556666"
	invocationID = "99999999-1111-4222-8333-444455556666"
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// TestEveryAnswerHasAnID, whatever becomes of the request, and the log has the same.
func TestEveryAnswerHasAnID(t *testing.T) {
	t.Parallel()
	app, log := newApp()
	app.HTTP("GET /api/x", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "panic" {
			panic("no")
		}
		customhandler.WriteJSON(w, 200, "yes")
	}))
	for _, tt := range []struct {
		name, method, target, invocation, client string
		status                                   int
		own, echoed, logged                      string // own "" is a new one
	}{
		{name: "under a host", target: "/api/x", invocation: invocationID, client: clientID, status: 200, own: invocationID, echoed: clientID, logged: `"invocationId":"` + invocationID + `","clientRequestId":"` + clientID + `"`},
		{name: "without a client's", target: "/api/x", invocation: invocationID, status: 200, own: invocationID, logged: `"invocationId":"` + invocationID + `"}`},
		{name: "without a host", target: "/api/x", client: strings.ToUpper(clientID), status: 200, echoed: clientID, logged: `"clientRequestId":"` + clientID + `"`},
		{name: "not a GUID", target: "/api/x", invocation: invocationID, client: clientID + " and more", status: 200, own: invocationID, logged: invocationID},
		{name: "unknown path", target: "/api/y", invocation: invocationID, client: clientID, status: 404, own: invocationID, echoed: clientID, logged: clientID},
		{name: "unknown method", method: "PUT", target: "/api/x", invocation: invocationID, client: clientID, status: 405, own: invocationID, echoed: clientID, logged: clientID},
		{name: "panic", target: "/api/x?panic", invocation: invocationID, client: clientID, status: 500, own: invocationID, echoed: clientID, logged: clientID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(log.String())
			r := httptest.NewRequest(tt.method, tt.target, nil)
			r.Header.Set("X-Azure-Functions-InvocationId", tt.invocation)
			r.Header.Set("x-ms-client-request-id", tt.client)
			got := do(app, r)
			own := got.Header().Get("x-ms-request-id")
			if tt.own == "" && guid.MatchString(own) {
				tt.own = own
			}
			if got.Code != tt.status || own != tt.own || got.Header().Get("x-ms-client-request-id") != tt.echoed {
				t.Errorf("got %d with ids %q and %q, want %d, %q and %q", got.Code, own, got.Header().Get("x-ms-client-request-id"), tt.status, tt.own, tt.echoed)
			}
			if log := log.String()[before:]; !strings.Contains(log, tt.logged) || !strings.Contains(log, own) || strings.Contains(log, "and more") {
				t.Errorf("got log %s, want %s and %s in it", log, tt.logged, own)
			}
		})
	}
}

// TestSamplerNamesWhatItLeavesOut: by the id that the caller knows, up to a hundred
// a minute, and only for lines that ask for it.
func TestSamplerNamesWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	app, log := newApp()
	app.HTTP("GET /api/x", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		app.Sampler.Log(r.Context(), customhandler.Line{Kind: "caller refused: x", Level: slog.LevelWarn, KeepIDs: true}, "caller refused")
		customhandler.WriteJSON(w, 200, "")
	}))
	ask := func(n int, client bool) {
		r := httptest.NewRequest("GET", "/api/x", nil)
		r.Header.Set("X-Azure-Functions-InvocationId", fmt.Sprintf("99999999-0000-4000-8000-%012d", n))
		if client {
			r.Header.Set("x-ms-client-request-id", fmt.Sprintf("11111111-0000-4000-8000-%012d", n))
		}
		do(app, r)
	}
	for n := range 103 {
		ask(n, n != 1)
	}
	app.Sampler.Flush()
	for n := range 2 {
		ask(n+200, true) // the first is the line of this minute, which Flush took
	}
	app.Sampler.Flush()
	var ids [][]string
	for line := range strings.Lines(log.String()) {
		var entry struct {
			Kind  string
			Count int
			IDs   []string
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Count > 0 {
			ids = append(ids, entry.IDs)
		}
	}
	if len(ids) != 2 || len(ids[0]) != 100 || ids[0][0] != "99999999-0000-4000-8000-000000000001" || ids[0][1] != "11111111-0000-4000-8000-000000000002" || len(ids[1]) != 2 {
		t.Errorf("got ids %v, want a hundred of 102, the first without a client's, and then two", ids)
	}
}
