package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/componentstest"
	"app-to-app/settings/settingstest"
)

// The ids of the mocked Azure and of its caller.
const (
	tenantID       = componentstest.TenantID
	subscriptionID = componentstest.SubscriptionID
	callerID       = componentstest.CallerID
	partnerID      = componentstest.PartnerID
)

// today is in the third quarter of a 90-day rotation period.
var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// signedIn is a mocked engine and Azure, with the caller signed in.
func signedIn() *componentstest.Recorder { return &componentstest.Recorder{Caller: callerID} }

// configuration is the configuration of a committed stack, with a test's edits.
func configuration(t *testing.T, stack string, edits map[string]string) map[string]string {
	t.Helper()
	return settingstest.Configuration(t, ".", stack, edits)
}

// programOf is the program with only a configuration in its environment, as the
// engine sets it.
func programOf(t *testing.T, config map[string]string, folder string) program {
	t.Helper()
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return program{folder: folder, httpClient: http.DefaultClient, now: func() time.Time { return today }, getenv: func(name string) string {
		if name == pulumi.EnvConfig {
			return string(encoded)
		}
		return ""
	}}
}

// deployed runs the program with a configuration and returns what it registers.
func deployed(t *testing.T, m *componentstest.Recorder, config map[string]string, folder string) *componentstest.Recorder {
	t.Helper()
	if err := m.Run(config, programOf(t, config, folder).deploy); err != nil {
		t.Fatal(err)
	}
	return m
}

// newProject writes a project whose function apps are a few lines, so that they
// build quickly.
func newProject(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	files := map[string]string{"go.mod": "module app-to-app\n\ngo 1.26\n\ntoolchain " + strings.Fields(runtime.Version())[0] + "\n"}
	for _, name := range []string{apiName, clientCode} {
		app := "functions/" + name + "/"
		files[app+"main.go"] = fmt.Sprintf("package main\n\nfunc main() { println(%q) }\n", name)
		files[app+"host.json"] = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`
		files[app+"Run/function.json"] = `{"bindings":[]}`
	}
	for name, content := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestRefusedSettingsRegisterNothing: problems are reported before anything is
// registered.
func TestRefusedSettingsRegisterNothing(t *testing.T) {
	t.Parallel()
	m := signedIn()
	config := configuration(t, "dev", map[string]string{"app-to-app:tenent": "x", "azure-native:location": ""})
	err := m.Run(config, programOf(t, config, ".").deploy)
	for _, want := range []string{`settings of stack "dev": 2 problems, nothing was changed`, "app-to-app:tenent: ", "azure-native:location: missing; every resource is created there; fix: pulumi config set azure-native:location westeurope"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if got := m.Resources(); len(got) > 0 {
		t.Errorf("expected nothing to be registered, got %v", got)
	}
}
