package route_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"app-to-app/sandbox/route"
)

func newTable(log *route.Log, weather *route.Weather) http.Handler {
	table := route.Table{
		Service: "test",
		Source:  "route_test.go",
		Routes: []route.Route{{
			Pattern: "GET /things/{id}", Query: []string{"code", "$filter"}, Permission: []string{"Things.Read"},
			Serve: func(w http.ResponseWriter, r *http.Request) {
				route.Note(r.Context()).Object = r.PathValue("id")
				w.WriteHeader(http.StatusNoContent)
			},
		}},
		Refuse: func(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(map[string]string{"code": code, "message": message})
		},
		Guard: func(w http.ResponseWriter, r *http.Request, known route.Route) (*http.Request, bool) {
			if r.Header.Get("Permission") != known.Permission[0] {
				w.WriteHeader(http.StatusForbidden)
				return nil, false
			}
			return route.WithCaller(r, route.Caller{TenantID: "t", ObjectID: "o"}), true
		},
	}
	return table.Handler(log, weather)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, url string
		permission        string
		status            int
		unemulated        string
		shown             string // URL in the history
	}{
		{name: "known", method: "GET", url: "/things/7", permission: "Things.Read", status: 204, shown: "/things/7"},
		{name: "a key in the query is masked", method: "GET", url: "/things/7?code=abc", permission: "Things.Read", status: 204, shown: "/things/7?code=%2A%2A%2A"},
		{name: "in any case", method: "GET", url: "/others?Code=abc", status: 501, unemulated: "route", shown: "/others?Code=%2A%2A%2A"},
		{name: "a token where none belongs", method: "GET", url: "/others/eyJhbGciOiJSUzI1NiJ9.eyJ9.AA/x?q=eyJhbGciOiJSUzI1NiJ9.e.A", status: 501, unemulated: "route", shown: "/others/%2A%2A%2A/x?q=%2A%2A%2A"},
		{name: "without the permission", method: "GET", url: "/things/7", status: 403, shown: "/things/7"},
		{name: "unknown path", method: "GET", url: "/others", status: 501, unemulated: "route", shown: "/others"},
		{name: "path that ServeMux would redirect from", method: "GET", url: "/things//7", status: 501, unemulated: "route", shown: "/things//7"},
		{name: "unknown method", method: "DELETE", url: "/things/7", status: 501, unemulated: "route", shown: "/things/7"},
		{name: "semicolon, at which URL.Query drops a parameter", method: "GET", url: "/things/7?$filter=a;b", permission: "Things.Read", status: 501, unemulated: "query that cannot be read", shown: "/things/7"},
		{name: "lone percent sign", method: "GET", url: "/things/7?$filter=100%", permission: "Things.Read", status: 501, unemulated: "query that cannot be read", shown: "/things/7"},
		{name: "unknown query parameter", method: "GET", url: "/things/7?$top=1", status: 501, unemulated: `query parameter "$top"`, shown: "/things/7?%24top=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log route.Log
			w := httptest.NewRecorder()
			r := httptest.NewRequest(tt.method, tt.url, nil)
			r.Header.Set("Permission", tt.permission)
			newTable(&log, &route.Weather{}).ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("got status %d, want %d", w.Code, tt.status)
			}
			entry := log.Entries()[0]
			if entry.Status != tt.status || entry.Unemulated != tt.unemulated || entry.URL != tt.shown {
				t.Errorf("got entry %+v, want status %d, unemulated %q, URL %q", entry, tt.status, tt.unemulated, tt.shown)
			}
			if got, want := len(log.Unemulated()) == 1, tt.unemulated != ""; got != want {
				t.Errorf("got unemulated %t, want %t", got, want)
			}
			if tt.status == 204 && (entry.CallerID != "o" || entry.Object != "7") {
				t.Errorf("got caller %q and object %q, want %q and %q", entry.CallerID, entry.Object, "o", "7")
			}
		})
	}
}

func TestFaultsAreSentInOrderAndOnce(t *testing.T) {
	t.Parallel()
	var log route.Log
	var weather route.Weather
	handler := newTable(&log, &weather)
	const pattern = "GET /things/{id}"
	weather.Queue(pattern, route.Fault{Status: 429, Code: "TooManyRequests", RetryAfter: 1500 * time.Millisecond}, route.Fault{Status: 503})
	if got := weather.Unused()[pattern]; got != 2 {
		t.Errorf("got %d unused faults, want 2", got)
	}
	for i, want := range []int{429, 503, 204} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/things/7", nil)
		r.Header.Set("Permission", "Things.Read")
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("request %d: got status %d, want %d", i, w.Code, want)
		}
		if got := w.Header().Get("Retry-After"); i == 0 && got != "2" {
			t.Errorf("got Retry-After %q, want %q: it is in whole seconds, never early", got, "2")
		}
	}
	if unused := weather.Unused(); len(unused) != 0 {
		t.Errorf("got unused faults %v, want none", unused)
	}
}

func TestADroppedConnection(t *testing.T) {
	t.Parallel()
	var weather route.Weather
	server := httptest.NewServer(newTable(&route.Log{}, &weather))
	defer server.Close()
	weather.Queue("GET /things/{id}", route.Fault{Drop: true})
	if resp, err := server.Client().Get(server.URL + "/things/7"); err == nil {
		resp.Body.Close()
		t.Errorf("got status %d, want a closed connection", resp.StatusCode)
	}
}

// TestWhenAFaultStrikes: the second request of the route takes effect, and its
// answer is lost after the strike. A held request whose client leaves has none.
func TestWhenAFaultStrikes(t *testing.T) {
	t.Parallel()
	var log route.Log
	var weather route.Weather
	server := httptest.NewServer(newTable(&log, &weather))
	defer server.Close()
	get := func() int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/things/7", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Permission", "Things.Read")
		resp, err := server.Client().Do(r)
		if err != nil {
			return 0
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	struck := 0
	weather.Queue("GET /things/{id}", route.Fault{Skip: 1, After: true, Status: 500, Strike: func() { struck++ }},
		route.Fault{Delay: time.Nanosecond, Strike: func() { struck += 10 }}, route.Fault{Status: 503})
	if got := []int{get(), get(), get()}; !slices.Equal(got, []int{204, 500, 204}) {
		t.Errorf("got statuses %v, want 204, then 500 of the fault, then 204 of the slow answer", got)
	}
	if struck != 11 || log.Entries()[1].Object != "7" || log.Entries()[1].Status != 500 {
		t.Errorf("got %d strikes and entry %+v, want each fault to strike once, and an effect behind the answer", struck, log.Entries()[1])
	}
	weather.Clear("GET /things/{id}")
	if unused := weather.Unused(); len(unused) > 0 || get() != 204 {
		t.Errorf("got the faults %v left and their answer, want none once they were cleared", unused)
	}
	weather.Queue("GET /things/{id}", route.Fault{Delay: time.Hour})
	gone, leave := context.WithCancel(t.Context())
	leave()
	newTable(&log, &weather).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/things/7", nil).WithContext(gone))
	if got := log.Entries()[4]; got.Status != 0 || got.Object != "" {
		t.Errorf("got %+v for a held request whose client left, want no effect", got)
	}
}
