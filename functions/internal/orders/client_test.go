package orders_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"app-to-app/functions/internal/apicall"
	"app-to-app/functions/internal/orders"
)

const token = "sentinel-token-4711"

type tokenFunc func(context.Context) (string, error)

func (f tokenFunc) AccessToken(ctx context.Context) (string, error) { return f(ctx) }

func goodToken(context.Context) (string, error) { return token, nil }

// newClient is a client of an API that answers with serve.
func newClient(t *testing.T, serve http.HandlerFunc) *orders.Client {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	return &orders.Client{URL: server.URL + "/api/orders", Tokens: tokenFunc(goodToken), HTTPClient: server.Client()}
}

func writeJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

func TestList(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer "+token {
			t.Errorf("got %d Authorization headers, want the token in one", len(got))
		}
		if r.Method != http.MethodGet || r.URL.String() != "/api/orders" {
			t.Errorf("got %s %s, want GET /api/orders", r.Method, r.URL)
		}
		writeJSON(w, `{"orders":[{"id":"1","units":2,"unitCost":1.50,"total":3.00,"new":"field"}],
			"caller":{"objectId":"o","clientId":"c","roles":["Orders.Read"]}}`)
	})
	answer, err := client.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Orders) != 1 || answer.Orders[0].Total != 300 || answer.Caller.ClientID != "c" || answer.Caller.Roles[0] != "Orders.Read" {
		t.Errorf("got %+v", answer)
	}
}

func TestListRefused(t *testing.T) {
	t.Parallel()
	challenged := func(status int, challenge string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "you sent "+r.Header.Get("Authorization"))
		}
	}
	tests := []struct {
		name   string
		serve  http.HandlerFunc
		status int
		want   string
	}{
		{"missing role", challenged(403, `Bearer error="insufficient_scope"`), 403, "insufficient_scope"},
		{"bad token", challenged(401, `Bearer error="invalid_token"`), 401, "invalid_token"},
		{"keys unavailable", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(503)
		}, 503, `Retry-After "5"`},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/orders" {
				t.Error("the redirect was followed")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, 302, "got 302"},
		{"HTML", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, 200, `"application/json"`},
		{"not JSON", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, "<html>") }, 200, "decode answer"},
		{"two documents", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, `{"orders":[]}{}`) }, 200, "decode answer"},
		{"no orders", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, `{"caller":{}}`) }, 200, "list of orders"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, `{"orders":[],"x":"`+strings.Repeat("x", 2<<20))
		}, 200, "1048576 bytes"},
		{"another scheme", challenged(401, `Negotiate abc`), 401, "another challenge"},
		{"unknown error", challenged(401, `Bearer error="`+strings.Repeat("x", 5000)+`"`), 401, "another challenge"},
		{"error after others", challenged(401, `Bearer realm="x", authorization_uri="https://x/?error=y", error="invalid_token", error_description="z"`), 401, `"invalid_token"`},
		{"date to retry at", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "Thu, 26 Nov 2026 10:00:00 GMT")
			w.WriteHeader(503)
		}, 503, "2026-11-26T10:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, test.serve).List(t.Context())
			var answer *apicall.AnswerError
			if !errors.As(err, &answer) || answer.Status != test.status {
				t.Fatalf("got %v, want an answer with status %d", err, test.status)
			}
			if text := err.Error(); !strings.Contains(text, test.want) || strings.Contains(text, token) || len(text) > 600 {
				t.Errorf("got %q, want a short text with %q and without the token", text, test.want)
			}
		})
	}
}

// TestErrorNamesItsRequest by the id that the client sent, whatever id the API says.
func TestErrorNamesItsRequest(t *testing.T) {
	t.Parallel()
	var sent []string
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("x-ms-client-request-id"))
		w.Header().Set("x-ms-request-id", "11111111-2222-4333-8444-555555555555")
		w.Header().Set("x-ms-client-request-id", "22222222-2222-4333-8444-555555555555")
		w.WriteHeader(http.StatusForbidden)
	})
	for range 2 {
		_, err := client.List(t.Context())
		var answer *apicall.AnswerError
		id := sent[len(sent)-1]
		if !errors.As(err, &answer) || answer.RequestID != id || len(id) != 36 || !strings.HasSuffix(err.Error(), ", request id "+id) {
			t.Errorf("got %v, want the id %q at its end", err, id)
		}
	}
	if sent[0] == sent[1] {
		t.Error("got one id for two requests")
	}
}

// TestTokenIsNotEchoed has an API that sends the token back, in every place and
// encoding.
func TestTokenIsNotEchoed(t *testing.T) {
	t.Parallel()
	half := len(token) / 2
	for encoding, text := range map[string]string{
		"plain": token, "base64": base64.StdEncoding.EncodeToString([]byte(token)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(token)),
		"hex": hex.EncodeToString([]byte(token)), "percent": "%" + strings.ToUpper(hex.EncodeToString([]byte(token[:1]))) + token[1:],
		"split": token[:half] + " " + token[half:], "upper case": strings.ToUpper(token), "underscores": strings.ReplaceAll(strings.ToLower(token), ".", "_"),
	} {
		for place, serve := range map[string]http.HandlerFunc{
			"error": func(w http.ResponseWriter, _ *http.Request) { unauthorized(w, `Bearer error="`+text+`"`) },
			"description": func(w http.ResponseWriter, _ *http.Request) {
				unauthorized(w, `Bearer error="invalid_token", error_description="`+text+`"`)
			},
			"scheme": func(w http.ResponseWriter, _ *http.Request) { unauthorized(w, text) },
			"Retry-After": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", text)
				w.WriteHeader(http.StatusServiceUnavailable)
			},
			"type": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/"+text) },
			"body": func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, `{"orders":[{"total":"`+text+`"}]}`) },
			"name": func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, `{"`+text+`":1}`) },
		} {
			t.Run(place+" "+encoding, func(t *testing.T) {
				t.Parallel()
				_, err := newClient(t, serve).List(t.Context())
				if err == nil {
					t.Fatal("got no error")
				}
				said := strings.ToLower(err.Error())
				for at := 0; at+8 <= len(text); at++ {
					if part := strings.ToLower(text[at : at+8]); strings.Contains(said, part) {
						t.Fatalf("got a part of the token, %q, in %q", part, said)
					}
				}
			})
		}
	}
}

func unauthorized(w http.ResponseWriter, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.WriteHeader(http.StatusUnauthorized)
}

func TestListWithoutToken(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("the API was asked without a token") })
	refused := errors.New("no such identity")
	client.Tokens = tokenFunc(func(context.Context) (string, error) { return "", refused })
	_, err := client.List(t.Context())
	var answer *apicall.AnswerError
	if !errors.Is(err, refused) || errors.As(err, &answer) {
		t.Errorf("got %v, want the token source's error and no answer", err)
	}
	if _, err := (&orders.Client{}).List(t.Context()); err == nil {
		t.Error("zero client: got no error")
	}
}

func TestListUnreachable(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := client.List(t.Context()); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("got %v, want an error without the token", err)
	}
}
