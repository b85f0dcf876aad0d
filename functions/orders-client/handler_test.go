package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"app-to-app/functions/internal/acquire"
)

// This test is in package main because no configuration gives a token provider
// that panics.

// A fakeProvider gets its token, fails or panics.
type fakeProvider struct {
	name  string
	token string
	err   error
	panic string
}

func (f fakeProvider) Name() string                       { return f.name }
func (f fakeProvider) Credential() acquire.CredentialKind { return acquire.SystemAssigned }

func (f fakeProvider) Acquire(context.Context) (acquire.Acquired, error) {
	if f.panic != "" {
		panic(f.panic)
	}
	return acquire.Acquired{Token: acquire.NewAccessToken(f.token), Source: acquire.FromNetwork}, f.err
}

var (
	works   = fakeProvider{name: "works", token: "good"}
	refused = fakeProvider{name: "refused", token: "bad"}
	fails   = fakeProvider{name: "fails", err: errors.New("no such identity")}
	panics  = fakeProvider{name: "panics", panic: "in a library"}
)

// newTestProcessor calls an API that admits one token.
func newTestProcessor(t *testing.T, providers ...acquire.TokenProvider) (*processor, *bytes.Buffer) {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer good" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"orders":[{"id":"1"}],"caller":{"objectId":"o","clientId":"c","roles":["r"]}}`))
	}))
	t.Cleanup(api.Close)
	log := &bytes.Buffer{}
	return newProcessor(providers, api.URL, api.Client(), slog.New(slog.NewJSONHandler(log, nil))), log
}

func TestOneFailureDoesNotHideOtherResults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		providers []acquire.TokenProvider
		status    int
		succeeded int
	}{
		{"all work", []acquire.TokenProvider{works, works}, 200, 2},
		{"one works", []acquire.TokenProvider{fails, panics, works, refused}, 200, 1},
		{"none works", []acquire.TokenProvider{fails, panics, refused}, 502, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			processor, log := newTestProcessor(t, test.providers...)
			w := httptest.NewRecorder()
			processor.serveHTTP(w, httptest.NewRequest("GET", "/api/ProcessOrders", nil))
			var answer struct{ Results []result }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			if w.Code != test.status || len(answer.Results) != len(test.providers) || succeeded(answer.Results) != test.succeeded {
				t.Errorf("got %d %s, want %d with %d of %d succeeded", w.Code, w.Body, test.status, test.succeeded, len(test.providers))
			}
			for i, result := range answer.Results {
				if want := test.providers[i].Name(); result.TokenProvider != want {
					t.Errorf("result %d: got provider %q, want %q", i, result.TokenProvider, want)
				}
				if (result.Error == "") != (len(result.Orders) == 1) {
					t.Errorf("result %d: got %d orders with error %q", i, len(result.Orders), result.Error)
				}
			}
			if err := processor.tick(t.Context(), false); (err == nil) != (test.status == 200) {
				t.Errorf("on schedule: got %v for status %d", err, test.status)
			}
			if strings.Contains(log.String(), "Bearer") {
				t.Errorf("got an Authorization header in the log: %s", log)
			}
		})
	}
}

func TestResultsSayWhatWentWrong(t *testing.T) {
	t.Parallel()
	processor, _ := newTestProcessor(t, fails, panics, refused)
	results := processor.process(t.Context())
	for i, want := range []struct {
		status int
		text   string
	}{{0, "no such identity"}, {0, "unexpectedly"}, {403, "the token lacks the app role"}} {
		got := results[i]
		t.Run(got.TokenProvider, func(t *testing.T) {
			t.Parallel()
			if got.Status != want.status || !strings.Contains(got.Error, want.text) || strings.Contains(got.Error, "in a library") {
				t.Errorf("got %d %q, want %d with %q", got.Status, got.Error, want.status, want.text)
			}
		})
	}
}
