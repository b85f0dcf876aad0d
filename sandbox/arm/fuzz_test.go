package arm_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzID asks for any path. The answer is a refusal, or says that it is not
// emulated; it is found only if the path names what is there.
func FuzzID(f *testing.F) {
	w := newWorld(f)
	w.deploy()
	for _, path := range []string{sub, group, site, account + "/blobServices/default/containers/packages", sub + "/resources",
		site + "/providers/Microsoft.Authorization/roleAssignments/x", "/subscriptions//resourceGroups/%2f..", "/providers", sub + "/resourceGroups/rg/providers/a/b/c/d/e/f"} {
		f.Add("GET", path, "api-version", "2022-09-01", "")
		f.Add("PUT", path+"/x", "api-version", "2023-01-31", `{"location":"westeurope","properties":{}}`)
	}
	f.Fuzz(func(t *testing.T, method, path, parameter, value, body string) {
		if method != "GET" && method != "PUT" && method != "POST" && method != "HEAD" && method != "PATCH" {
			t.Skip("deletes the world, or is no method")
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL = &url.URL{Path: "/" + strings.TrimPrefix(path, "/"), RawQuery: url.Values{parameter: {value}}.Encode()}
		r.Header.Set("Authorization", "Bearer "+w.caller)
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if rec.Code == http.StatusInternalServerError {
			t.Fatalf("%s %q: got %d %s", method, path, rec.Code, rec.Body)
		}
		if rec.Code >= 400 && method != "HEAD" && !json.Valid(rec.Body.Bytes()) {
			t.Fatalf("%s %q: got %d %q, want ARM's error", method, path, rec.Code, rec.Body)
		}
	})
}
