package acquire_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/acquire"
)

// This file looks for secrets in errors, in the log and in printed configuration.

// badAnswers are a service's answers without a usable token, with secrets in them
// that must not get into an error.
var badAnswers = []struct {
	name string
	give func(http.ResponseWriter, *http.Request)
	want string
}{
	{"wrong secret", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":%q}`,
			"AADSTS7000215: Invalid client secret provided. "+strings.Join(r.PostForm["client_secret"], "")+" "+r.PostForm.Encode()+" "+secretToken)
	}, "AADSTS7000215"},
	{"no JSON", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "access_token=", opaqueToken) }, ""},
	{"half a token", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":{}}`, opaqueToken)
	}, ""},
	{"no token", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"token":%q,"expires_in":3600,"expires_on":"%d"}`, opaqueToken, time.Now().Add(time.Hour).Unix())
	}, ""},
}

const opaqueToken = "0paque-access-t0ken"

func TestRefusalsKeepSecrets(t *testing.T) {
	eachCell(t, func(t *testing.T, c cell) {
		if c.kind == acquire.AzureCLI {
			return // its refusal is in TestSignedOutCLI
		}
		for _, bad := range badAnswers {
			t.Run(bad.name, func(t *testing.T) {
				w := newWorld(t, c, "")
				w.secret = append(w.secret, opaqueToken)
				w.answers = append(w.answers, bad.give)
				_, err := w.provider(t, c).Acquire(t.Context())
				if err == nil {
					t.Fatal("got no error")
				}
				if !strings.Contains(err.Error(), bad.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %q, want one line with %q", err, bad.want)
				}
				w.keepsSecrets(t, err.Error())
				if errors.Unwrap(err) != nil {
					t.Error("got a library's error wrapped: it holds the response")
				}
			})
		}
	})
}

// TestLongRefusalCutsNoSecretInHalf: the service repeats the secret just where a
// long text is cut.
func TestLongRefusalCutsNoSecretInHalf(t *testing.T) {
	eachCell(t, func(t *testing.T, c cell) {
		if c.kind != acquire.ClientSecret {
			return
		}
		w := newWorld(t, c, "")
		w.answers = append(w.answers, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":%q}`, strings.Repeat("x", 570)+" "+r.PostForm.Get("client_secret"))
		})
		_, err := w.provider(t, c).Acquire(t.Context())
		if err == nil || !strings.Contains(err.Error(), "xxx") || strings.Contains(err.Error(), clientSecret[:8]) {
			t.Errorf("got %v, want the refusal without the beginning of the secret", err)
		}
	})
}

// TestRefusalNamesItsCorrelationID, which the sign-in log has: Entra says it at the
// end of a text that may be cut, the identity endpoint in a member of its own.
func TestRefusalNamesItsCorrelationID(t *testing.T) {
	const id = "0a1b2c3d-1111-4222-8333-444455556666"
	eachCell(t, func(t *testing.T, c cell) {
		if c.kind == acquire.AzureCLI {
			return // it prints its own text
		}
		for name, body := range map[string]string{
			"Entra":             `{"error":"invalid_client","error_description":"AADSTS7000215: no. Trace ID: x Correlation ID: ` + id + ` Timestamp: 2026"}`,
			"Entra, at length":  `{"error":"invalid_client","error_description":"AADSTS7000215: ` + strings.Repeat("no ", 300) + `Trace ID: x Correlation ID: ` + id + ` Timestamp: 2026"}`,
			"identity endpoint": `{"statusCode":400,"message":"An unexpected error occured while fetching the AAD Token.","correlationId":"` + id + `"}`,
		} {
			w := newWorld(t, c, "")
			w.answers = append(w.answers, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, body)
			})
			if _, err := w.provider(t, c).Acquire(t.Context()); err == nil || strings.Count(err.Error(), "Correlation ID: "+id) != 1 {
				t.Errorf("%s: got %v, want the correlation id once", name, err)
			}
		}
	})
}

// TestRedirectsAreNotFollowed: 307 would repeat the form, secret included.
func TestRedirectsAreNotFollowed(t *testing.T) {
	eachCell(t, func(t *testing.T, c cell) {
		if c.kind == acquire.AzureCLI {
			return // it makes its own requests
		}
		stranger := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			t.Errorf("a stranger was sent %s %s", r.Method, r.URL.Path)
		}))
		t.Cleanup(stranger.Close)
		w := newWorld(t, c, "")
		w.answers = append(w.answers, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, stranger.URL, http.StatusTemporaryRedirect)
		})
		if _, err := w.provider(t, c).Acquire(t.Context()); err == nil || !strings.Contains(err.Error(), "status 307") {
			t.Errorf("got %v, want the redirect refused", err)
		}
	})
}

// keepsSecrets fails if a text or the log has a secret, in any encoding in which
// they are sent.
func (w *world) keepsSecrets(t *testing.T, text string) {
	t.Helper()
	text += w.log.String()
	for _, secret := range w.secret {
		encodings := []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
			base64.RawURLEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%x", secret)}
		if slices.ContainsFunc(encodings, func(e string) bool { return strings.Contains(text, e) }) {
			t.Errorf("got a secret in %s", text)
		}
	}
	if strings.Contains(text, "eyJ") || strings.Contains(text, "PRIVATE KEY") {
		t.Errorf("got a token or key in %s", text)
	}
}

func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	for name, leak := range map[string]string{
		"as it is": "x=" + clientSecret, "in a form": url.QueryEscape(clientSecret),
		"in base64": base64.StdEncoding.EncodeToString([]byte(clientSecret)), "a token": "eyJhbGciOiJSUzI1NiJ9",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := &testing.T{}
			(&world{secret: []string{clientSecret}}).keepsSecrets(recorder, leak)
			if !recorder.Failed() {
				t.Errorf("%q was not found", leak)
			}
		})
	}
}
