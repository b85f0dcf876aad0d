package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/verify"
)

func TestGetItems(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	getItems(slog.New(slog.DiscardHandler))(w, httptest.NewRequest(http.MethodGet, "/api/items", nil), verify.Claims{ObjectID: "o", ClientID: "c"})
	var got answer
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusOK || len(got.List) != 2 || got.Caller.ObjectID != "o" || got.Caller.ClientID != "c" {
		t.Errorf("got %d %+v, want two items and the caller", w.Code, got)
	}
}

// TestGate: without a token no operation answers, and without its app settings the
// handler does not start.
func TestGate(t *testing.T) {
	t.Parallel()
	settings := map[string]string{
		prefix + "_TENANT_ID":      "aaaaaaaa-0000-4000-8000-000000000001",
		prefix + "_AUTHORITY_HOST": "https://127.0.0.1:1", // never asked
		prefix + "_AUDIENCE":       "aaaaaaaa-0000-4000-8000-000000000002",
		prefix + "_ROLE":           "Items.Read",
	}
	app := customhandler.NewApp(customhandler.NewAppSettings(func(name string) string { return settings[name] }), nil)
	if err := start(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]int{"/api/items": http.StatusUnauthorized, "/api/other": http.StatusNotFound} {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		if w.Code != want {
			t.Errorf("%s: got status %d, want %d", target, w.Code, want)
		}
	}
	empty := customhandler.NewApp(customhandler.NewAppSettings(func(string) string { return "" }), nil)
	if err := start(t.Context(), empty); err == nil {
		t.Error("no app settings: expected an error")
	}
}
