package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// controlled sends a request to the control endpoint; edit may be nil.
func controlled(t *testing.T, s *sandbox.Sandbox, method, path, body string, edit func(*http.Request)) (status int, answer string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.Dir, "control.json"))
	if err != nil {
		t.Fatal(err)
	}
	var address sandbox.ControlAddress
	if err := json.Unmarshal(data, &address); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, address.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+address.Token)
	if edit != nil {
		edit(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(content)
}

func TestControlEndpoint(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	for _, tt := range []struct {
		name, method, path, body string
		edit                     func(*http.Request)
		status                   int
	}{
		{name: "read the clock", method: "GET", path: "/clock", status: 200},
		{name: "advance the clock", method: "POST", path: "/clock", body: `{"by":"24h"}`, status: 200},
		{name: "move the clock back", method: "POST", path: "/clock", body: `{"by":"-1h"}`, status: 400},
		{name: "advance by a text that is not a duration", method: "POST", path: "/clock", body: `{"by":"a day"}`, status: 400},
		{name: "unknown property", method: "POST", path: "/clock", body: `{"to":"24h"}`, status: 400},
		{name: "history", method: "GET", path: "/history", status: 200},
		{name: "no faults to queue", method: "POST", path: "/faults", body: `{"route":"GET /x"}`, status: 400},
		{name: "faults of an unknown route", method: "POST", path: "/faults", body: `{"route":"GET /x","faults":[{"status":503}]}`, status: 400},
		{name: "a fault without a status", method: "POST", path: "/faults", body: `{"route":"GET /metadata/endpoints","faults":[{}]}`, status: 400},
		{name: "a lost answer after nothing", method: "POST", path: "/faults", body: `{"route":"GET /metadata/endpoints","faults":[{"after":true,"delay":1}]}`, status: 400},
		{name: "a fault of a request before the next", method: "POST", path: "/faults", body: `{"route":"GET /metadata/endpoints","faults":[{"skip":-1,"drop":true}]}`, status: 400},
		{name: "rotate keys of an unknown tenant", method: "POST", path: "/keys", body: `{"tenant":"adatum"}`, status: 404},
		{name: "rotate keys", method: "POST", path: "/keys", body: `{"tenant":"contoso"}`, status: 204},
		{name: "forge for an unknown tenant", method: "POST", path: "/forge", body: `{"tenant":"adatum"}`, status: 404},
		{name: "forge with an unknown property", method: "POST", path: "/forge", body: `{"tenant":"contoso","payload":{}}`, status: 400},
		{name: "forge with an unknown algorithm", method: "POST", path: "/forge", body: `{"tenant":"contoso","algorithm":"RS1"}`, status: 400},
		{name: "no licence", method: "POST", path: "/licence", body: `{"tenant":"fabrikam","premium":false}`, status: 204},
		{name: "a licence that is neither there nor not", method: "POST", path: "/licence", body: `{"tenant":"fabrikam"}`, status: 400},
		{name: "licence of an unknown tenant", method: "POST", path: "/licence", body: `{"tenant":"adatum","premium":true}`, status: 404},
		{name: "without the token", method: "GET", path: "/clock", edit: func(r *http.Request) { r.Header.Del("Authorization") }, status: 401},
		{name: "from a web page", method: "GET", path: "/clock", edit: func(r *http.Request) { r.Header.Set("Origin", "https://example.com") }, status: 403},
		{name: "for another host", method: "GET", path: "/clock", edit: func(r *http.Request) { r.Host = "example.com" }, status: 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, body := controlled(t, s, tt.method, tt.path, tt.body, tt.edit); status != tt.status {
				t.Errorf("got status %d %s, want %d", status, body, tt.status)
			}
		})
	}
	if got := s.Store().Now().Sub(s.Store().Wall()).Round(time.Minute); got != 24*time.Hour {
		t.Errorf("got clock offset %s, want 24h", got)
	}
}

func TestForgeOverTheControlEndpoint(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	contoso, fabrikam := s.Tenants()[0], s.Tenants()[1]
	for _, tt := range []struct{ name, body, want string }{
		{"parts and shape", `{"tenant":"contoso","headerText":"aA==","claimsText":"Yw==","signature":"cw==","shape":"${header}!${claims}!${signature}"}`, "aA!Yw!cw"},
		{"by id, not signed", `{"tenant":"` + contoso.ID + `","headerText":"aA==","claimsText":"Yw==","algorithm":"none"}`, "aA.Yw."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := controlled(t, s, "POST", "/forge", tt.body, nil)
			if want := `{"token":"` + tt.want + `"}` + "\n"; status != 200 || answer != want {
				t.Errorf("got %d %s, want %s", status, answer, want)
			}
		})
	}
	_, named := controlled(t, s, "POST", "/forge", `{"tenant":"contoso","claims":{"a":1},"key":"fabrikam"}`, nil)
	_, byID := controlled(t, s, "POST", "/forge", `{"tenant":"contoso","claims":{"a":1},"key":"`+fabrikam.ID+`"}`, nil)
	_, own := controlled(t, s, "POST", "/forge", `{"tenant":"contoso","claims":{"a":1}}`, nil)
	if named != byID || named == own || !strings.Contains(named, "eyJ") {
		t.Error("got the same token for another tenant's key, or another one for its id")
	}
	for _, entry := range s.History() {
		if strings.Contains(entry.URL, "forge") {
			t.Errorf("got %s in the history, want no requests to the control endpoint", entry.URL)
		}
	}
}
