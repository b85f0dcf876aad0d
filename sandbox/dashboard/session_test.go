package dashboard_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// visitor is a browser that keeps cookies and follows no redirects.
func visitor(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ask sends a request that edit may change, and returns status and body.
func ask(t *testing.T, client *http.Client, method, address, form string, edit func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if edit != nil {
		edit(r)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestSession(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	home := s.ControlURL() + "/dashboard"
	if response, body := ask(t, visitor(t), "GET", home, "", nil); response.StatusCode != 401 || !strings.Contains(body, "link that the sandbox printed") {
		t.Errorf("got %d %s without the link, want 401", response.StatusCode, body)
	}
	if response, _ := ask(t, visitor(t), "GET", home+"?token=guess", "", nil); response.StatusCode != 401 || response.Header.Get("Set-Cookie") != "" {
		t.Errorf("got %d and cookie %q for a guess, want 401 and none", response.StatusCode, response.Header.Get("Set-Cookie"))
	}
	in := visitor(t)
	response, _ := ask(t, in, "GET", s.DashboardLink()+"&tenant=fabrikam", "", nil)
	if got := response.Header.Get("Location"); response.StatusCode != 303 || got != "/dashboard?tenant=fabrikam" {
		t.Errorf("got %d to %q, want a redirect to the page without the token", response.StatusCode, got)
	}
	cookie := response.Header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || !strings.Contains(cookie, "Path=/dashboard") {
		t.Errorf("got the cookie's attributes %q", cookie[strings.Index(cookie, ";")+1:])
	}
	token, _ := url.Parse(s.DashboardLink())
	if strings.Contains(cookie, token.Query().Get("token")) {
		t.Error("the cookie has the control endpoint's token")
	}
	origin := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Origin", value) }
	}
	for _, tt := range []struct {
		name, method, path, form string
		edit                     func(*http.Request)
		status                   int
	}{
		{"the page", "GET", "", "", nil, 200},
		{"its parts", "GET", "/parts?tenant=fabrikam", "", nil, 200},
		{"its style", "GET", "/page.css", "", nil, 200},
		{"a tenant that there is not", "GET", "?tenant=adatum", "", nil, 404},
		{"another host, as after DNS rebinding", "GET", "", "", func(r *http.Request) { r.Host = "example.com" }, 403},
		{"from another page", "GET", "/parts", "", origin("https://example.com"), 403},
		{"a button of another page", "POST", "/do", "tenant=contoso&what=advance&value=1h", origin("http://127.0.0.1:1"), 403},
		{"a button without an origin", "POST", "/do", "tenant=contoso&what=advance&value=1h", nil, 403},
		{"a button", "POST", "/do", "tenant=contoso&what=advance&value=1h", origin(s.ControlURL()), 303},
		{"the clock back", "POST", "/do", "tenant=contoso&what=advance&value=-1h", origin(s.ControlURL()), 400},
		{"no duration", "POST", "/do", "tenant=contoso&what=advance&value=long", origin(s.ControlURL()), 400},
		{"an unknown button", "POST", "/do", "tenant=contoso&what=drop", origin(s.ControlURL()), 400},
		{"an assignment that there is not", "POST", "/do", "tenant=contoso&what=revoke&value=x", origin(s.ControlURL()), 400},
		{"a button of an unknown tenant", "POST", "/do", "tenant=adatum&what=keys", origin(s.ControlURL()), 404},
		{"a route that there is not", "GET", "/x", "", nil, 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			response, body := ask(t, in, tt.method, home+tt.path, tt.form, tt.edit)
			if response.StatusCode != tt.status {
				t.Errorf("got %d %s, want %d", response.StatusCode, body, tt.status)
			}
			if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
				t.Errorf("got the policy %q", policy)
			}
		})
	}
	// The cookie is of no use for the control endpoint.
	if response, _ := ask(t, in, "GET", s.ControlURL()+"/clock", "", nil); response.StatusCode != 401 {
		t.Errorf("got %d from the control endpoint with the page's cookie, want 401", response.StatusCode)
	}
}

// TestSessionOfAnotherSandbox: its link is of no use here.
func TestSessionOfAnotherSandbox(t *testing.T) {
	t.Parallel()
	one, other := sandboxtest.Start(t, sandboxtest.Options{}), sandboxtest.Start(t, sandboxtest.Options{})
	address := func(s *sandbox.Sandbox) *url.URL {
		parsed, err := url.Parse(s.DashboardLink())
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	mixed := address(one)
	mixed.RawQuery = address(other).RawQuery
	if response, _ := ask(t, visitor(t), "GET", mixed.String(), "", nil); response.StatusCode != 401 {
		t.Errorf("got %d with the link of another sandbox, want 401", response.StatusCode)
	}
}
