package appservice_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"app-to-app/sandbox/store"
)

func TestRestartKeepsPortsKeysAndPackage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	before := w.hear("/api/echo")
	keys, err := w.service.HostKeys(siteID)
	if err != nil {
		t.Fatal(err)
	}
	w.restart()
	after := w.hear("/api/echo")
	if after.PID == before.PID || after.variable("IDENTITY_ENDPOINT") != before.variable("IDENTITY_ENDPOINT") || after.variable("IDENTITY_HEADER") != before.variable("IDENTITY_HEADER") {
		t.Error("expected another process with the same identity endpoint and header")
	}
	again, err := w.service.HostKeys(siteID)
	if err != nil || again.MasterKey != keys.MasterKey || again.FunctionKeys["default"] != keys.FunctionKeys["default"] {
		t.Errorf("the keys changed: %v", err)
	}
}

func TestTakenPorts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	endpoint := identityEndpoint(w)
	for what, port := range map[string]int{"app": w.site.AppPort, "SCM": w.site.SCMPort, "managed identity endpoint": portIn(endpoint)} {
		t.Run(what, func(t *testing.T) {
			w.stop()
			taken, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				t.Fatal(err)
			}
			err = w.tryStart()
			taken.Close()
			w.stop()
			if err == nil {
				t.Errorf("%s: started although its port is taken", what)
				return
			}
			for _, want := range []string{what, fmt.Sprint(port), "stop the process"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
			if what != "managed identity endpoint" && !strings.Contains(err.Error(), `site "orders"`) {
				t.Errorf("got %q, want the site's name in it", err)
			}
		})
	}
	w.start()
	if r := w.get("/"); r.status != 200 {
		t.Errorf("got %d, want 200: the ports are free again", r.status)
	}
}

func TestRolledBackSiteIsNotStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	other := siteID + "2"
	var first, second store.Site
	undone := errors.New("undone")
	if err := w.store.Update(func(tx *store.Tx) (err error) {
		if first, err = w.service.Create(tx, other, tenantID); err != nil {
			return err
		}
		return undone
	}); !errors.Is(err, undone) {
		t.Fatal(err)
	}
	w.service.Changed(other)
	if _, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", first.AppPort)); err == nil {
		t.Error("a site that was never committed still listens")
	}
	w.update(func(tx *store.Tx) (err error) {
		if second, err = w.service.Create(tx, other, tenantID); err != nil {
			return err
		}
		third, err := w.service.Create(tx, strings.ToUpper(other), tenantID)
		if third.AppPort != second.AppPort || third.MasterKey != second.MasterKey {
			t.Error("creating a known site gave it other ports or keys")
		}
		return err
	})
	if second.MasterKey == first.MasterKey || second.IdentityHeader == w.site.IdentityHeader {
		t.Error("two sites share a secret")
	}
}

func TestDeletedSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	pid := w.hear("/api/echo").PID
	w.update(func(tx *store.Tx) error {
		w.service.Delete(tx, siteID)
		store.Resources.Delete(tx, store.ResourceKey(siteID))
		return nil
	})
	w.service.Changed(siteID)
	gone(t, pid)
	if _, err := w.service.HostKeys(siteID); err == nil {
		t.Error("got keys of a deleted site")
	}
	if w.service.Logs(siteID) != nil {
		t.Error("got logs of a deleted site")
	}
	old := w.site
	w.create()
	if w.site.MasterKey == old.MasterKey {
		t.Error("a new site has the keys of the deleted one")
	}
	if r := w.get("/api/echo"); r.status != 404 {
		t.Errorf("got %d from a new site, want 404: nothing is published", r.status)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if r := w.get("/"); r.status != 200 || !strings.Contains(r.body, "up and running") {
		t.Errorf("before the first package: got %d %q, want the default page", r.status, r.body)
	}
	if r := w.get("/api/echo"); r.status != 404 || r.body != "" {
		t.Errorf("before the first package: got %d, want 404", r.status)
	}
	w.run(standard(everything))
	pid := w.hear("/api/echo").PID
	for name, state := range map[string]map[string]any{"stopped": {"state": "Stopped", "enabled": true}, "disabled": {"state": "Running", "enabled": false}} {
		t.Run(name, func(t *testing.T) {
			w.change(func(p map[string]any) { p["state"], p["enabled"] = state["state"], state["enabled"] })
			for _, path := range []string{"/api/echo", "/", "/admin/host/ping"} {
				if r := w.get(path); r.status != 403 || !strings.Contains(r.body, "This web app is stopped") {
					t.Errorf("%s: got %d %q, want 403", path, r.status, r.body)
				}
			}
			gone(t, pid)
			if _, err := w.service.HostKeys(siteID); err == nil || !strings.Contains(err.Error(), "stopped") {
				t.Errorf("got keys, %v; want an error", err)
			}
			if r := w.send("GET", w.scm("/api/deployments"), nil, "Authorization", "Bearer "+publisher); r.status != 200 {
				t.Errorf("got %d from SCM, want 200", r.status)
			}
			w.change(func(p map[string]any) { p["state"], p["enabled"] = "Running", true })
			pid = w.hear("/api/echo").PID
		})
	}
}

func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, port := range []int{w.site.AppPort, w.site.SCMPort} {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 400 {
			t.Errorf("got %d for plain http, want 400", resp.StatusCode)
		}
	}
}

// hostStorage are cases in which a host cannot store its keys.
func TestHostStorage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		settings []string
		want     string
	}{
		{"no account", []string{"AzureWebJobsStorage__blobServiceUri", ""}, "AzureWebJobsStorage__blobServiceUri: expected the account's primaryEndpoints.blob, got \"\""},
		{"an account of the public cloud", []string{"AzureWebJobsStorage__blobServiceUri", "https://acct.blob.core.windows.net"}, "AzureWebJobsStorage__blobServiceUri"},
		{"a connection string", []string{"AzureWebJobsStorage", "AccountKey=x"}, "does not emulate app setting AzureWebJobsStorage"},
		{"another kind of credential", []string{"AzureWebJobsStorage__credential", "clientsecret"}, "AzureWebJobsStorage__credential"},
		{"a client id without a credential", []string{"AzureWebJobsStorage__credential", ""}, "AzureWebJobsStorage__credential: expected \"managedidentity\""},
		{"an identity that is not the site's", []string{"AzureWebJobsStorage__clientId", publisher}, "AzureWebJobsStorage__clientId: expected the client id of an identity of the site"},
		{"no system-assigned identity", []string{"AzureWebJobsStorage__clientId", "", "AzureWebJobsStorage__credential", ""}, "no system-assigned identity"},
		{"another site's identity", []string{"AzureWebJobsStorage__clientId", "", "AzureWebJobsStorage__managedIdentityResourceId", hostID + "2"}, "AzureWebJobsStorage__managedIdentityResourceId"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.set(tt.settings...)
			_, err := w.service.HostKeys(siteID)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "AccountKey") {
				t.Error("the error shows a connection string")
			}
			if r := w.get("/api/echo"); r.status != 503 || !strings.Contains(r.body, "Function host is not running.") {
				t.Errorf("got %d %q, want 503", r.status, r.body)
			}
			var status struct {
				State  string
				Errors []string
			}
			w.get("/admin/host/status", "x-functions-key", w.site.MasterKey).json(t, &status)
			if status.State != "Error" || len(status.Errors) != 1 {
				t.Errorf("got status %+v, want an error", status)
			}
		})
	}
	t.Run("by the identity's ARM id", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.set("AzureWebJobsStorage__clientId", "", "AzureWebJobsStorage__managedIdentityResourceId", hostID)
		if _, err := w.service.HostKeys(siteID); err != nil {
			t.Error(err)
		}
	})
	t.Run("no role, until it is granted", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.packages.allow(hostPrinc, false)
		w.service.Restart(siteID)
		if _, err := w.service.HostKeys(siteID); err == nil || !strings.Contains(err.Error(), "Storage Blob Data Owner") || !strings.Contains(err.Error(), "403") {
			t.Errorf("got %v, want the role named", err)
		}
		w.packages.allow(hostPrinc, true)
		if _, err := w.service.HostKeys(siteID); err != nil {
			t.Errorf("got %v, want keys: the role is granted", err)
		}
	})
	t.Run("no role for the package any more", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.run(standard(everything))
		w.hear("/api/echo")
		w.packages.allow(hostPrinc, false)
		w.hear("/api/echo") // it runs already
		w.service.Restart(siteID)
		if r := w.get("/api/echo"); r.status != 503 {
			t.Errorf("got %d, want 503: the host cannot read its package", r.status)
		}
	})
}

func TestFunctionKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if keys, err := w.service.HostKeys(siteID); err != nil || keys.FunctionKeys["default"] == "" || keys.MasterKey == "" {
		t.Errorf("before the first package: got %d host keys, %v", len(keys.FunctionKeys), err)
	}
	w.run(standard(httpFunction("One", ""), httpFunction("Two", "")))
	one, err := w.service.FunctionKeys(siteID, "One")
	two, err2 := w.service.FunctionKeys(siteID, "Two")
	if err = errors.Join(err, err2); err != nil || one["default"] == "" || one["default"] == two["default"] {
		t.Errorf("expected two different keys, got %v", err)
	}
	if _, err := w.service.FunctionKeys(siteID, "Three"); err == nil || !strings.Contains(err.Error(), `"Three"`) {
		t.Errorf("got %v, want an error that names the function", err)
	}
	w.run(standard(httpFunction("One", "")))
	if again, err := w.service.FunctionKeys(siteID, "One"); err != nil || again["default"] != one["default"] {
		t.Errorf("publishing again changed a key: %v", err)
	}
	if _, err := w.service.FunctionKeys(siteID, "Two"); err == nil {
		t.Error("got keys of a function that is not in the package any more")
	}
}
