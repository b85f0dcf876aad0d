package customhandler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"app-to-app/functions/internal/customhandler"
)

// A captured log can be read while it is written.
type captured struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (c *captured) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(b)
}

func (c *captured) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

func newApp() (*customhandler.App, *captured) {
	log := &captured{}
	settings := customhandler.NewAppSettings(func(string) string { return "" })
	return customhandler.NewApp(settings, customhandler.NewLogger(log)), log
}

func do(app http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	return w
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	app, log := newApp()
	if got := do(app, httptest.NewRequest("GET", "/", nil)); got.Code != 200 {
		t.Errorf("got %d, want 200", got.Code)
	}
	if log.String() != "" {
		t.Errorf("got %q in the log, want nothing for the host's question", log.String())
	}
}

func TestHTTPFunction(t *testing.T) {
	t.Parallel()
	app, log := newApp()
	app.HTTP("GET /api/Things", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		app.Logger.InfoContext(r.Context(), "inside")
		customhandler.WriteJSON(w, 200, map[string]string{"q": r.URL.Query().Get("q"), "id": customhandler.InvocationID(r.Context())})
	}))
	r := httptest.NewRequest("GET", "/api/thinGS?q=Secret&code=function-key", nil)
	r.Header.Set("Authorization", "Bearer secret-token")
	r.Header.Set("X-Azure-Functions-InvocationId", "0a1b-2c")
	got := do(app, r)
	if want := `{"id":"0a1b-2c","q":"Secret"}`; got.Code != 200 || strings.TrimSpace(got.Body.String()) != want {
		t.Errorf("got %d %s, want 200 %s", got.Code, got.Body, want)
	}
	if kind := got.Header().Get("Content-Type"); kind != "application/json; charset=utf-8" {
		t.Errorf("got content type %q", kind)
	}
	for line := range strings.Lines(log.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry["invocationId"] != "0a1b-2c" {
			t.Errorf("got log line %q, want JSON with the invocation id", line)
		}
	}
	for _, want := range []string{`"msg":"inside"`, `"method":"GET"`, `"route":"GET /api/things"`, `"status":200`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got log %s, want %s in it", log, want)
		}
	}
	for _, secret := range []string{"Secret", "function-key", "secret-token"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("got %q in the log", secret)
		}
	}
}

func TestUnknownRequestsAreRefusedInJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, path string
		status             int
		code, allow        string
	}{
		{"unknown path", "GET", "/api/eyJhbGciOi", 404, "not_found", ""},
		{"unknown method", "DELETE", "/api/things", 405, "method_not_allowed", "GET, HEAD"},
		{"made-up method", "EYJHBGCIOI", "/api/things", 405, "method_not_allowed", "GET, HEAD"},
		{"below a function", "GET", "/api/things/1", 404, "not_found", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			app, log := newApp()
			app.HTTP("GET /api/Things", http.NotFoundHandler())
			got := do(app, httptest.NewRequest(test.method, test.path, nil))
			var body struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil || body.Error.Message == "" {
				t.Errorf("got %q, want an error in JSON", got.Body)
			}
			if got.Code != test.status || body.Error.Code != test.code || got.Header().Get("Allow") != test.allow {
				t.Errorf("got %d %q allowing %q, want %d %q allowing %q",
					got.Code, body.Error.Code, got.Header().Get("Allow"), test.status, test.code, test.allow)
			}
			if strings.Contains(strings.ToLower(log.String()), "eyjhb") {
				t.Errorf("got what the caller made up in the log: %s", log)
			}
		})
	}
}

func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	app, log := newApp()
	app.HTTP("GET /api/things", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("lost eyJhbGciOiJSUzI1NiJ9.e30.AA")
	}))
	got := do(app, httptest.NewRequest("GET", "/api/things", nil))
	if got.Code != 500 || strings.Contains(got.Body.String(), "lost") {
		t.Errorf("got %d %s, want 500 without the cause", got.Code, got.Body)
	}
	for _, want := range []string{"lost [redacted]", "customhandler_test.go", `"status":500`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got log %s, want %q in it", log, want)
		}
	}
}

func TestPanicAfterTheAnswerBeganDropsTheConnection(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	app.HTTP("GET /api/things", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("lost")
	}))
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	response, err := server.Client().Get(server.URL + "/api/things")
	if err == nil {
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	if err == nil {
		t.Error("got a whole answer")
	}
}

func TestRequestBodyIsCapped(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	app.HTTP("POST /api/things", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		var tooLarge *http.MaxBytesError
		if !errors.As(err, &tooLarge) {
			t.Errorf("got %v, want the body cut off", err)
		}
		customhandler.WriteError(w, 413, "x", "x")
	}))
	big := strings.Repeat("x", 1<<20+1)
	if got := do(app, httptest.NewRequest("POST", "/api/things", strings.NewReader(big))); got.Code != 413 {
		t.Errorf("declared: got %d, want 413", got.Code)
	}
	chunked := httptest.NewRequest("POST", "/api/things", io.MultiReader(strings.NewReader(big)))
	if got := do(app, chunked); got.Code != 413 {
		t.Errorf("chunked: got %d, want 413", got.Code)
	}
}

func TestInvocationIDIsCheckedBeforeItIsLogged(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{
		"empty": "", "space": "with space", "quote": "quote\"", "too long": strings.Repeat("a", 65), "like a token": "eyJ.e30",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, log := newApp()
			r := httptest.NewRequest("GET", "/x", nil)
			r.Header.Set("X-Azure-Functions-InvocationId", id)
			do(app, r)
			if strings.Contains(log.String(), "invocationId") {
				t.Errorf("got %q in the log", id)
			}
		})
	}
}

func TestLoggerCutsOutTokens(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln"
	log := &captured{}
	logger := customhandler.NewLogger(log)
	logger.With("with", token).WithGroup("group").Info("said "+token, "string", token, "error", fmt.Errorf("wrapped: %w", errors.New(token)),
		slog.Group("inner", "deep", token))
	if strings.Contains(log.String(), "eyJ") || strings.Contains(log.String(), "c2ln") || strings.Count(log.String(), "[redacted]") != 5 {
		t.Errorf("got %s, want five tokens cut out", log)
	}
}

func TestTimerFunction(t *testing.T) {
	t.Parallel()
	const status = `"ScheduleStatus":{"Last":"0001-01-01T00:00:00","Next":"2026-06-01T12:10:00+00:00","LastUpdated":"0001-01-01T00:00:00"}`
	tests := []struct {
		name, body string
		fail       error
		status     int
		pastDue    bool
	}{
		{"object", `{"Data":{"timer":{"Schedule":{"AdjustForDST":true},` + status + `,"IsPastDue":true}},"Metadata":{"sys":{"MethodName":"Tick"}}}`, nil, 200, true},
		{"string", `{"Data":{"timer":"{\"Schedule\":{},\"ScheduleStatus\":null,\"IsPastDue\":true}"},"Metadata":{}}`, nil, 200, true},
		{"not past due", `{"Data":{"timer":{"IsPastDue":false}}}`, nil, 200, false},
		{"the function fails", `{"Data":{"timer":{}}}`, errors.New("no orders"), 500, false},
		{"another binding", `{"Data":{"clock":{}}}`, nil, 400, false},
		{"a number", `{"Data":{"timer":7}}`, nil, 400, false},
		{"null", `{"Data":{"timer":null}}`, nil, 400, false},
		{"a string that is not an object", `{"Data":{"timer":"[]"}}`, nil, 400, false},
		{"not JSON", `timer`, nil, 400, false},
		{"empty", ``, nil, 400, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			app, _ := newApp()
			ran := 0
			app.Timer("Tick", "timer", func(_ context.Context, timer customhandler.Timer) error {
				ran++
				if timer.IsPastDue != test.pastDue {
					t.Errorf("got past due %t, want %t", timer.IsPastDue, test.pastDue)
				}
				return test.fail
			})
			got := do(app, httptest.NewRequest("POST", "/Tick", strings.NewReader(test.body)))
			if got.Code != test.status || (ran == 1) != (test.status != 400) {
				t.Errorf("got %d after %d runs, want %d", got.Code, ran, test.status)
			}
			var answer map[string]json.RawMessage
			if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil {
				t.Fatalf("got %q, want a JSON object", got.Body)
			}
			if string(answer["Outputs"]) != "{}" || string(answer["ReturnValue"]) != "null" || answer["Logs"] == nil {
				t.Errorf("got %s, want Outputs, Logs and ReturnValue", got.Body)
			}
			if test.status == 200 && string(answer["Logs"]) != "[]" {
				t.Errorf("got Logs %s, want none", answer["Logs"])
			}
		})
	}
}
