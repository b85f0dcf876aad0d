package appservice_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"app-to-app/sandbox/store"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	content := standard(everything)
	r := w.post("RemoteBuild=false&Deployer=orders-publish", content, "Content-Type", "application/zip", "If-Match", "*")
	var id string
	r.json(t, &id)
	if r.status != 200 || id == "" {
		t.Fatalf("got %d %s, want 200 and an id", r.status, r.body)
	}
	sum := sha256.Sum256(content)
	d := w.latest()
	if want := (deployment{ID: id, Message: "Deployment successful", Deployer: "orders-publish", Author: publisher, Status: 4, Complete: true, Active: true,
		PackageSHA256: hex.EncodeToString(sum[:]), LogURL: w.scm("/api/deployments/" + id + "/log")}); d != want {
		t.Errorf("got %+v, want %+v", d, want)
	}
	if w.packages.blobs["acct/packages/released-package.zip"] == "" {
		t.Errorf("got blobs %v, want the package in the deployment container", w.packages.blobs)
	}
	auth := []string{"Authorization", "Bearer " + publisher}
	var log []struct{ Message string }
	w.send("GET", d.LogURL, nil, auth...).json(t, &log)
	if len(log) < 3 || log[len(log)-1].Message != "Deployment successful" {
		t.Errorf("got log %+v", log)
	}
	w.run(standard(everything, httpFunction("More", open)))
	var all []deployment
	w.send("GET", w.scm("/api/deployments"), nil, auth...).json(t, &all)
	if len(all) != 2 || all[1].ID != id || all[1].Active || !all[0].Active {
		t.Errorf("got %+v, want two, the newest first and active", all)
	}
	if r := w.send("GET", w.scm("/api/deployments/none"), nil, auth...); r.status != 404 {
		t.Errorf("got %d for an unknown deployment, want 404", r.status)
	}
	entries := w.log.Entries()
	first := entries[0]
	if first.Service != "scm" || first.Route != "POST /api/publish" || first.CallerID != publisher || first.Object != siteID {
		t.Errorf("got entry %+v", first)
	}
}

func TestPublishAsynchronously(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r := w.post("RemoteBuild=false&isAsync=true", standard(everything))
	var id string
	r.json(t, &id)
	if r.status != 202 || id == "" {
		t.Fatalf("got %d %s, want 202 and an id", r.status, r.body)
	}
	w.said.wait("deployment "+id+": Deployment successful", 1)
	if d := w.latest(); d.Status != 4 {
		t.Errorf("got %+v, want success", d)
	}
	w.hear("/api/echo")
	// The answer for a package that fails is 200, too.
	if r := w.post("isAsync=true", []byte("no zip")); r.status != 202 {
		t.Errorf("got %d, want 202", r.status)
	}
	w.said.wait("expected a zip archive", 1)
	if r := w.send("GET", w.scm("/api/deployments/latest"), nil, "Authorization", "Bearer "+publisher); r.status != 200 || !strings.Contains(r.body, `"status":3`) {
		t.Errorf("got %d %s, want 200 and status 3", r.status, r.body)
	}
}

func TestWhoMayPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, tt := range []struct {
		name, authorization string
		status              int
		want                string
	}{
		{"nobody", "", 401, "bearer token"},
		{"an expired token", "Bearer expired", 401, "bearer token"},
		{"a name and password", "Basic eDp5", 401, "the sandbox has none"},
		{"a token of another tenant", "Bearer foreign", 401, "tenant"},
		{"somebody without the right", "Bearer " + systemPrinc, 403, "Microsoft.Web/sites/publish/Action"},
		{"who may", "Bearer " + publisher, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, request := range []struct{ method, path string }{{"POST", "/api/publish"}, {"GET", "/api/deployments"}} {
				r := w.send(request.method, w.scm(request.path), strings.NewReader("x"), "Authorization", tt.authorization)
				if r.status != tt.status || !strings.Contains(r.body, tt.want) {
					t.Errorf("%s: got %d %s, want %d %q", request.path, r.status, r.body, tt.status, tt.want)
				}
				if (r.header.Get("WWW-Authenticate") != "") != (tt.status == 401) {
					t.Errorf("%s: got challenge %q", request.path, r.header.Get("WWW-Authenticate"))
				}
			}
		})
	}
	w.update(func(tx *store.Tx) error {
		w.put(tx, siteID+"/basicPublishingCredentialsPolicies/scm", "Microsoft.Web/sites/basicPublishingCredentialsPolicies", map[string]bool{"allow": false})
		return nil
	})
	if r := w.send("POST", w.scm("/api/publish"), nil, "Authorization", "Basic eDp5"); r.status != 401 || !strings.Contains(r.body, "basic authentication is disabled") {
		t.Errorf("got %d %s, want 401: the policy forbids it", r.status, r.body)
	}
}

func TestStorageRefusesThePackage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.packages.allow(hostPrinc, false)
	for _, query := range []string{"", "isAsync=true"} {
		r := w.post(query, standard(everything))
		for _, want := range []string{"InaccessibleStorageException", "BlobUploadFailedException", "403 (This request is not authorized to perform this operation using this permission.)"} {
			if r.status != 400 || !strings.Contains(r.body, want) {
				t.Errorf("got %d %s, want 400 with %q", r.status, r.body, want)
			}
		}
		if d := w.latest(); d.Status != 3 || d.Active {
			t.Errorf("got %+v, want a failed deployment", d)
		}
	}
	w.packages.allow(hostPrinc, true)
	w.run(standard(everything))
	w.hear("/api/echo")
}

func TestDeploymentStorage(t *testing.T) {
	t.Parallel()
	storage := func(kind, value, auth, id string) func(map[string]any) {
		return func(p map[string]any) {
			p["functionAppConfig"] = map[string]any{"runtime": map[string]string{"name": "custom"}, "deployment": map[string]any{"storage": map[string]any{
				"type": kind, "value": value, "authentication": map[string]string{"type": auth, "userAssignedIdentityResourceId": id}}}}
		}
	}
	for _, tt := range []struct {
		name string
		edit func(map[string]any)
		want string
	}{
		{"not Flex", func(p map[string]any) { delete(p, "functionAppConfig") }, "Flex Consumption apps only"},
		{"no container", storage("blobContainer", account, "UserAssignedIdentity", hostID), "storage.value"},
		{"the public cloud", storage("blobContainer", "https://acct.blob.core.windows.net/packages", "UserAssignedIdentity", hostID), "storage.value"},
		{"unknown container", storage("blobContainer", account+"/other", "UserAssignedIdentity", hostID), "404 (The specified container does not exist.)"},
		{"another identity", storage("blobContainer", account+"/packages", "UserAssignedIdentity", hostID+"2"), "expected a user-assigned identity of the site"},
		{"no system-assigned identity", storage("blobContainer", account+"/packages", "SystemAssignedIdentity", ""), "expected the site to have a system-assigned identity"},
		{"a connection string", storage("blobContainer", account+"/packages", "StorageAccountConnectionString", ""), "does not emulate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.change(tt.edit)
			if r := w.post("", standard(everything)); r.status != 400 || !strings.Contains(r.body, "BlobUploadFailedException") || !strings.Contains(r.body, tt.want) {
				t.Errorf("got %d %s, want 400 with %q", r.status, r.body, tt.want)
			}
		})
	}
	t.Run("as the system-assigned identity", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.packages.allow(systemPrinc, true)
		w.update(func(tx *store.Tx) error {
			w.setIdentity(tx, map[string]any{"type": "SystemAssigned", "principalId": systemPrinc})
			return nil
		})
		w.set("AzureWebJobsStorage__clientId", "", "AzureWebJobsStorage__credential", "")
		w.packages.allow(hostPrinc, false)
		w.change(storage("blobContainer", account+"/packages", "SystemAssignedIdentity", ""))
		w.run(standard(everything))
		w.hear("/api/echo")
	})
	t.Run("a package that came another way", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.run(standard(everything))
		if err := w.packages.Write(tenantID, hostPrinc, "acct", "packages", "released-package.zip", "", strings.NewReader("other")); err != nil {
			t.Fatal(err)
		}
		w.service.Restart(siteID)
		if _, err := w.service.HostKeys(siteID); err == nil || !strings.Contains(err.Error(), "past OneDeploy") {
			t.Errorf("got %v, want an error", err)
		}
	})
}

func TestHostThatCannotRunFailsTheDeployment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.set("AzureWebJobsStorage__clientId", publisher)
	if d := w.publish(standard(everything)); d.Status != 3 || !strings.Contains(d.Message, "SyncTriggers") || !strings.Contains(d.Message, "AzureWebJobsStorage__clientId") {
		t.Errorf("got %+v, want a failure that names the setting", d)
	}
}

// TestFailedDeploymentChangesNothing: once the setting that kept the new package
// from starting is right again, the app runs the package before.
func TestFailedDeploymentChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	first := w.publish(standard(everything))
	if first.Status != 4 {
		t.Fatalf("got %+v, want a deployment that succeeds", first)
	}
	w.set("AzureWebJobsStorage__clientId", publisher)
	if d := w.publish(standard(everything, entry{"note.txt", "new", 0o644})); d.Status != 3 || d.Active {
		t.Fatalf("got %+v, want a deployment that fails", d)
	}
	var runs string
	err := w.store.View(func(tx *store.Tx) error {
		site, _ := store.Sites.Get(tx, store.ResourceKey(siteID))
		runs = site.Package
		return nil
	})
	if err != nil || runs != first.PackageSHA256 {
		t.Errorf("got package %s, %v, want %s", runs, err, first.PackageSHA256)
	}
}

func TestTwoAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	arrived, release := w.packages.hold()
	type outcome struct {
		reply
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := w.try("POST", w.scm("/api/publish"), bytes.NewReader(standard(everything)), "Authorization", "Bearer "+publisher)
		done <- outcome{r, err}
	}()
	<-arrived
	r := w.post("", []byte("x"))
	if r.status != 409 || !strings.Contains(r.body, "There is a deployment currently in progress") {
		t.Errorf("got %d %s, want 409", r.status, r.body)
	}
	if d := w.latest(); d.Status != 5 || !d.Complete || d.Active {
		t.Errorf("got %+v, want status 5", d)
	}
	release()
	if r := <-done; r.err != nil || r.status != 200 {
		t.Errorf("got %d %s, %v for the first, want 200", r.status, r.body, r.err)
	}
	w.hear("/api/echo")
}

func TestInterruptedDeployment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	w.update(func(tx *store.Tx) error {
		site, _ := store.Sites.Get(tx, store.ResourceKey(siteID))
		site.Deployments = append(site.Deployments, store.Deployment{ID: "cut", Status: 2, ReceivedAt: w.store.Now()})
		store.Sites.Put(tx, store.ResourceKey(siteID), site)
		return nil
	})
	w.restart()
	if d := w.latest(); d.ID != "cut" || d.Status != 3 || !d.Complete || !strings.Contains(d.Message, "publish again") {
		t.Errorf("got %+v, want a failure", d)
	}
	w.hear("/api/echo") // what was there before still runs
}

func TestUnemulatedPublishing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.unemulated = true
	for _, tt := range []struct{ name, query, contentType, want string }{
		{"remote build", "RemoteBuild=true", "application/zip", "RemoteBuild=true"},
		{"another content type", "", "multipart/form-data; boundary=x", "multipart/form-data"},
		{"another parameter", "type=zip", "application/zip", `query parameter "type"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := w.post(tt.query, standard(everything), "Content-Type", tt.contentType); r.status != 501 || !strings.Contains(r.body, strings.ReplaceAll(tt.want, `"`, `\"`)) {
				t.Errorf("got %d %s, want 501", r.status, r.body)
			}
		})
	}
	if r := w.send("GET", w.scm("/api/settings"), nil, "Authorization", "Bearer "+publisher); r.status != 501 {
		t.Errorf("got %d for another API, want 501", r.status)
	}
}

func TestPackages(t *testing.T) {
	t.Parallel()
	// Only the package is checked, so the handler can be any file.
	script := entry{"handler", "#!/bin/sh\n", 0o755}
	good := []entry{{"host.json", proxyHost, 0o644}, script, everything}
	host := func(text string) []byte { return zipOf(entry{"host.json", text, 0o644}, script, everything) }
	custom := func(section string) []byte { return host(`{"version":"2.0","customHandler":` + section + `}`) }
	described := `"description":{"defaultExecutablePath":"handler"}`
	with := func(extra ...entry) []byte { return zipOf(append(slices.Clone(good), extra...)...) }
	for _, tt := range []struct {
		name       string
		content    []byte
		want       string // in the message; empty means that it is accepted
		unemulated bool
	}{
		{name: "as it should be", content: with()},
		{name: "nothing", content: nil, want: "got nothing"},
		{name: "no zip", content: []byte("hello"), want: "expected a zip archive"},
		{name: "half a zip", content: with()[:200], want: "expected a zip archive"},
		{name: "no host.json", content: zipOf(everything), want: "cannot find required host.json file"},
		{name: "host.json in a folder", content: zipOf(entry{"app/host.json", proxyHost, 0o644}), want: "cannot find required host.json file"},
		{name: "host.json that is not JSON", content: host("{"), want: "read host.json"},
		{name: "host.json of version 1", content: host(`{"customHandler":{` + described + `}}`), want: `version: expected "2.0"`},
		{name: "no custom handler", content: host(`{"version":"2.0"}`), want: "expected a section customHandler"},
		{name: "no description", content: custom(`{}`), want: "description: expected"},
		{name: "no executable", content: custom(`{"description":{}}`), want: "defaultExecutablePath"},
		{name: "an executable that is not there", content: custom(`{"description":{"defaultExecutablePath":"other"}}`), want: `got "other", which is neither there nor on PATH`},
		{name: "an executable in a folder that is not there", content: custom(`{"description":{"defaultExecutablePath":"bin/handler"}}`), want: `got "bin/handler"`},
		{name: "an executable outside", content: custom(`{"description":{"defaultExecutablePath":"../handler"}}`), want: "inside the package"},
		{name: "a working directory outside", content: custom(`{"description":{"defaultExecutablePath":"handler","workingDirectory":".."}}`), want: "inside the package"},
		{name: "an unknown key", content: custom(`{` + described + `,"enableProxy":true}`), want: `the key "enableProxy"`, unemulated: true},
		{name: "an unknown key of the description", content: custom(`{"description":{"defaultExecutablePath":"handler","env":{}}}`), want: `the key "env"`, unemulated: true},
		{name: "an unknown section", content: host(`{"version":"2.0","customHandler":{` + described + `},"queues":{}}`), want: `the key "queues"`, unemulated: true},
		{name: "the section before customHandler", content: host(`{"version":"2.0","httpWorker":{` + described + `}}`), want: `the key "httpWorker"`, unemulated: true},
		{name: "a fixed port", content: custom(`{` + described + `,"port":8080}`), want: "port", unemulated: true},
		{name: "routes of the handler", content: custom(`{` + described + `,"http":{"routes":[]}}`), want: "http", unemulated: true},
		{name: "a bad time span", content: custom(`{` + described + `,"initializationTimeout":"30"}`), want: "initializationTimeout: expected a time span"},
		{name: "a bad function timeout", content: host(`{"version":"2.0","functionTimeout":"00:99:00","customHandler":{` + described + `}}`), want: "functionTimeout"},
		{name: "what has no effect here", content: host(`{"version":"2.0","functionTimeout":"-1","logging":{},"extensionBundle":{},"customHandler":{` + described + `,"initializationTimeout":"0.00:00:20"}}`)},
		{name: "keys in another case", content: host(`{"Version":"2.0","CustomHandler":{"Description":{"DefaultExecutablePath":"handler"}}}`)},
		{name: "no execute bit", content: zipOf(entry{"host.json", proxyHost, 0o644}, entry{"handler", "x", 0o644}, everything), want: `expected entry "handler" to have the owner's execute bit`},
		{name: "another binding", content: with(entry{"Q/function.json", `{"bindings":[{"type":"queueTrigger","direction":"in","name":"q"}]}`, 0o644}), want: `the binding type "queueTrigger" of function "Q"`, unemulated: true},
		{name: "an unknown property of a binding", content: with(httpFunction("F", `,"webHookType":"x"`)), want: `"webHookType"`, unemulated: true},
		{name: "a route constraint", content: with(httpFunction("F", `,"route":"{id:int}"`)), want: `"{id:int}"`, unemulated: true},
		{name: "a path outside", content: with(entry{"../evil", "x", 0o644}), want: `entry "../evil": expected a relative path inside the package`},
		{name: "an absolute path", content: with(entry{"/evil", "x", 0o644}), want: `entry "/evil"`},
		{name: "a path that goes in circles", content: with(entry{"a/../b", "x", 0o644}), want: `entry "a/../b"`},
		{name: "a backslash", content: with(entry{`a\b`, "x", 0o644}), want: "inside the package"},
		{name: "a link", content: with(entry{"link", "/etc/passwd", 0o777 | fs.ModeSymlink}), want: `entry "link": expected a file or a folder`},
		{name: "a device", content: with(entry{"null", "", 0o666 | fs.ModeDevice}), want: `entry "null"`},
		{name: "a name twice", content: with(entry{"twice", "a", 0o644}, entry{"twice", "b", 0o644}), want: `entry "twice": expected every name once`},
		{name: "folders as entries", content: with(entry{"data/", "", 0o755 | fs.ModeDir}, entry{"data/x", "x", 0o644})},
		{name: "too many entries", content: zipOf(many(20_001)...), want: "at most 20000 entries"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.unemulated = tt.unemulated
			d := w.publish(tt.content)
			if tt.want == "" {
				if d.Status != 4 {
					t.Errorf("got %+v, want success", d)
				}
				return
			}
			if d.Status != 3 || !d.Complete || !strings.Contains(d.Message, tt.want) {
				t.Errorf("got status %d, message %q; want 3 and %q", d.Status, d.Message, tt.want)
			}
			if len(w.packages.blobs) != 0 {
				t.Error("a bad package was stored")
			}
		})
	}
}

func many(n int) (entries []entry) {
	for i := range n {
		entries = append(entries, entry{fmt.Sprint("f", i), "", 0o644})
	}
	return entries
}

func TestAFailedPackageLeavesTheOldOneRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	pid := w.hear("/api/echo").PID
	if d := w.publish(zipOf(everything)); d.Status != 3 {
		t.Errorf("got %+v, want a failure", d)
	}
	if got := w.hear("/api/echo").PID; got != pid {
		t.Error("the handler was restarted")
	}
	var all []json.RawMessage
	w.send("GET", w.scm("/api/deployments"), nil, "Authorization", "Bearer "+publisher).json(t, &all)
	if len(all) != 2 || !strings.Contains(string(all[1]), `"active":true`) {
		t.Errorf("got %s, want the first still active", all)
	}
}

func TestAnotherRuntime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.unemulated = true
	w.change(func(p map[string]any) {
		p["functionAppConfig"].(map[string]any)["runtime"] = map[string]string{"name": "node"}
	})
	if d := w.publish(standard(everything)); d.Status != 3 || !strings.Contains(d.Message, `functionAppConfig.runtime.name "node"`) {
		t.Errorf("got %+v, want a failure", d)
	}
}
