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
	c := newFakeCloud(t)
	c.responses["GET /v1.0/things"] = []response{{status: 200, body: map[string]any{"value": []named{{"a"}, {"b"}}, "@odata.nextLink": c.server.URL + "/v1.0/things?$skiptoken=2"}}}
	c.responses["GET /v1.0/things?$skiptoken=2"] = []response{{status: 200, body: map[string]any{"value": []named{{"c"}}}}}
	c.responses["GET /resources"] = []response{{status: 200, body: map[string]any{"value": []named{{"d"}}, "nextLink": "https://elsewhere.test/resources"}}}
	session := c.session()
	things, err := azurecloud.List[named](t.Context(), session.Graph, "/v1.0/things")
	if want := []named{{"a"}, {"b"}, {"c"}}; err != nil || !slices.Equal(things, want) {
		t.Errorf("got %v, %v, want %v", things, err, want)
	}
	// A next page on another host would get the token.
	_, err = azurecloud.List[named](t.Context(), session.ResourceManager, "/resources")
	if want := "expected a path, or an address of " + c.server.URL; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("next page elsewhere: got %v, want %q", err, want)
	}
	scopes := []string{}
	for _, form := range c.forms {
		scopes = append(scopes, strings.Fields(form.Get("scope"))[0])
	}
	if want := []string{c.server.URL + "/.default", audience + "/.default"}; !slices.Equal(scopes, want) {
		t.Errorf("got tokens for %q, want %q", scopes, want)
	}
}

func TestBusyServices(t *testing.T) {
	t.Parallel()
	done, busy := response{status: 201, body: named{"made"}}, response{status: 503}
	for _, tt := range []struct {
		name      string
		responses []response
		waits     []time.Duration
		status    int // of the error
	}{
		{"not busy", []response{done}, nil, 0},
		{"throttled", []response{{status: 429, retryAfter: "7"}, done}, []time.Duration{7 * time.Second}, 0},
		{"down and silent", []response{busy, busy, done}, []time.Duration{time.Second, 2 * time.Second}, 0},
		{"asks for an hour", []response{{status: 503, retryAfter: "3600"}, done}, []time.Duration{2 * time.Minute}, 0},
		{"stays down", []response{busy}, []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9}, 503},
		{"refused", []response{{status: 403}}, nil, 403},
		{"broken", []response{{status: 500}}, nil, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newFakeCloud(t)
			c.responses["POST /things"] = tt.responses
			var made named
			err := c.session().Graph.Post(t.Context(), "/things", named{"made"}, &made)
			if azurecloud.StatusOf(err) != tt.status || (err == nil) != (made.Name == "made") {
				t.Errorf("got %v, %v, want status %d", made, err, tt.status)
			}
			if !slices.Equal(c.waits, tt.waits) {
				t.Errorf("got waits %v, want %v", c.waits, tt.waits)
			}
			for _, body := range c.bodies {
				if body != `{"Name":"made"}` {
					t.Errorf("got the body %q", body)
				}
			}
		})
	}
}

func TestStatusErrors(t *testing.T) {
	t.Parallel()
	c := newFakeCloud(t)
	c.responses["DELETE /things/1?api-version=1"] = []response{{status: 404, body: map[string]any{"error": map[string]any{"code": "ResourceNotFound", "message": "no\nsuch  thing"}}}}
	c.responses["PATCH /things/1"] = []response{{status: 204}}
	c.responses["PUT /things/1"] = []response{{status: 502, body: "<html>"}}
	session := c.session()
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
	c := newFakeCloud(t)
	claims := `{"tid":"t","oid":"o","appid":"c","roles":["Application.Read.All"],"scp":"a b","wids":["w"]}`
	c.token = "x." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".x"
	got, err := c.session().Graph.Caller(t.Context())
	if err != nil || got.TenantID != "t" || got.ObjectID != "o" || got.ClientID != "c" ||
		!slices.Equal(got.Roles, []string{"Application.Read.All"}) || !slices.Equal(got.Scopes, []string{"a", "b"}) || !slices.Equal(got.DirectoryRoles, []string{"w"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, token := range map[string]string{
		"not a JWT":       "opaque-secret",
		"not base64":      "x.!secret!.x",
		"claims not JSON": "x." + base64.RawURLEncoding.EncodeToString([]byte("secret")) + ".x",
	} {
		t.Run(name, func(t *testing.T) {
			c := newFakeCloud(t)
			c.token = token
			if _, err := c.session().Graph.Caller(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error without the token", err)
			}
		})
	}
}

func TestCloudWithoutGraph(t *testing.T) {
	t.Parallel()
	c := newFakeCloud(t)
	c.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		writeJSON(rw, http.StatusOK, map[string]any{"authentication": map[string]any{"loginEndpoint": c.server.URL, "audiences": []string{audience}}})
	})
	if _, err := c.signIn(); err == nil || !strings.Contains(err.Error(), "expected resourceManager and microsoftGraphResourceId") {
		t.Errorf("got %v", err)
	}
}
