package azurecloud_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/azurecloud"
)

type named struct{ Name string }

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers["GET /v1.0/things"] = []answer{{status: 200, body: map[string]any{"value": []named{{"a"}, {"b"}}, "@odata.nextLink": w.server.URL + "/v1.0/things?$skiptoken=2"}}}
	w.answers["GET /v1.0/things?$skiptoken=2"] = []answer{{status: 200, body: map[string]any{"value": []named{{"c"}}}}}
	w.answers["GET /resources"] = []answer{{status: 200, body: map[string]any{"value": []named{{"d"}}, "nextLink": "https://elsewhere.test/resources"}}}
	session := w.session()
	things, err := azurecloud.List[named](t.Context(), session.Graph, "/v1.0/things")
	if want := []named{{"a"}, {"b"}, {"c"}}; err != nil || !slices.Equal(things, want) {
		t.Errorf("got %v, %v, want %v", things, err, want)
	}
	// A next page elsewhere would get the token.
	_, err = azurecloud.List[named](t.Context(), session.ResourceManager, "/resources")
	if want := "expected a path, or an address of " + w.server.URL; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("next page elsewhere: got %v, want %q", err, want)
	}
	scopes := []string{}
	for _, form := range w.forms {
		scopes = append(scopes, strings.Fields(form.Get("scope"))[0])
	}
	if want := []string{w.server.URL + "/.default", audience + "/.default"}; !slices.Equal(scopes, want) {
		t.Errorf("got tokens for %q, want %q", scopes, want)
	}
}

func TestBusyServices(t *testing.T) {
	t.Parallel()
	done, busy := answer{status: 201, body: named{"made"}}, answer{status: 503}
	for _, tt := range []struct {
		name    string
		answers []answer
		waits   []time.Duration
		status  int // of the error
	}{
		{"not busy", []answer{done}, nil, 0},
		{"throttled", []answer{{status: 429, retryAfter: "7"}, done}, []time.Duration{7 * time.Second}, 0},
		{"down and silent", []answer{busy, busy, done}, []time.Duration{time.Second, 2 * time.Second}, 0},
		{"asks for an hour", []answer{{status: 503, retryAfter: "3600"}, done}, []time.Duration{2 * time.Minute}, 0},
		{"down for good", []answer{busy}, []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9}, 503},
		{"refused", []answer{{status: 403}}, nil, 403},
		{"broken", []answer{{status: 500}}, nil, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answers["POST /things"] = tt.answers
			var made named
			err := w.session().Graph.Post(t.Context(), "/things", named{"made"}, &made)
			if azurecloud.StatusOf(err) != tt.status || (err == nil) != (made.Name == "made") {
				t.Errorf("got %v, %v, want status %d", made, err, tt.status)
			}
			if !slices.Equal(w.waits, tt.waits) {
				t.Errorf("got waits %v, want %v", w.waits, tt.waits)
			}
			for _, body := range w.bodies {
				if body != `{"Name":"made"}` {
					t.Errorf("got the body %q", body)
				}
			}
		})
	}
}

func TestStatusErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers["DELETE /things/1?api-version=1"] = []answer{{status: 404, body: map[string]any{"error": map[string]any{"code": "ResourceNotFound", "message": "no\nsuch  thing"}}}}
	w.answers["PATCH /things/1"] = []answer{{status: 204}}
	w.answers["PUT /things/1"] = []answer{{status: 502, body: "<html>"}}
	session := w.session()
	err := session.ResourceManager.Delete(t.Context(), "/things/1?api-version=1")
	if want := "DELETE /things/1?api-version=1: 404 Not Found: ResourceNotFound: no such thing"; err == nil || err.Error() != want || !azurecloud.IsNotFound(err) {
		t.Errorf("got %v, want %q", err, want)
	}
	if err := session.Graph.Patch(t.Context(), "/things/1", named{"x"}); err != nil {
		t.Error(err)
	}
	err = session.Graph.Put(t.Context(), "/things/1", named{"x"}, nil)
	if want := "PUT /things/1: 502 Bad Gateway"; err == nil || err.Error() != want || azurecloud.IsNotFound(err) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	claims := `{"tid":"t","oid":"o","appid":"c","roles":["Application.Read.All"],"scp":"a b","wids":["w"]}`
	w.token = "x." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".x"
	got, err := w.session().Graph.Caller(t.Context())
	if err != nil || got.TenantID != "t" || got.ObjectID != "o" || got.ClientID != "c" ||
		!slices.Equal(got.Roles, []string{"Application.Read.All"}) || !slices.Equal(got.Scopes, []string{"a", "b"}) || !slices.Equal(got.DirectoryRoles, []string{"w"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, token := range []string{"opaque-secret", "x.!secret!.x", "x." + base64.RawURLEncoding.EncodeToString([]byte("secret")) + ".x"} {
		w := newWorld(t)
		w.token = token
		if _, err := w.session().Graph.Caller(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want an error without the token", err)
		}
	}
}

func TestCloudWithoutGraph(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		writeJSON(rw, http.StatusOK, map[string]any{"authentication": map[string]any{"loginEndpoint": w.server.URL, "audiences": []string{audience}}})
	})
	if _, err := w.signIn(); err == nil || !strings.Contains(err.Error(), "expected resourceManager and microsoftGraphResourceId") {
		t.Errorf("got %v", err)
	}
}
