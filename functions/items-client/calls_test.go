package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"app-to-app/functions/internal/acquire"
)

// A fakeProvider has a token.
type fakeProvider string

func (fakeProvider) Name() string                       { return "fake" }
func (fakeProvider) Credential() acquire.CredentialKind { return acquire.SystemAssigned }

func (f fakeProvider) Acquire(context.Context) (acquire.Acquired, error) {
	return acquire.Acquired{Token: acquire.NewAccessToken(string(f)), Source: acquire.FromNetwork}, nil
}

func TestCallItems(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer good-token" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"list":[{"id":"1"}]}`))
	}))
	t.Cleanup(api.Close)
	for _, tt := range []struct {
		name           string
		token          fakeProvider
		status, called int
		text           string
	}{
		{"admitted", "good-token", 200, 200, `{"list":[{"id":"1"}]}`},
		{"without the app role", "bad-token", 502, 403, "the token lacks the app role"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			calls := &calls{providers: []acquire.TokenProvider{tt.token}, url: api.URL, httpClient: api.Client(), logger: slog.New(slog.NewJSONHandler(&log, nil))}
			w := httptest.NewRecorder()
			calls.serveHTTP(w, httptest.NewRequest(http.MethodGet, "/api/CallItems", nil))
			var got struct{ Results []result }
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if w.Code != tt.status || len(got.Results) != 1 || got.Results[0].Status != tt.called || !strings.Contains(w.Body.String(), tt.text) {
				t.Errorf("got %d %s, want %d, and %d with %q", w.Code, w.Body, tt.status, tt.called, tt.text)
			}
			if err := calls.tick(t.Context()); (err == nil) != (tt.status == 200) {
				t.Errorf("on schedule: got %v for status %d", err, tt.status)
			}
			if strings.Contains(log.String()+w.Body.String(), string(tt.token)) {
				t.Errorf("got the token in the log or the answer: %s%s", log.String(), w.Body)
			}
		})
	}
}
