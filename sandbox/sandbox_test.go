package sandbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox"
	"app-to-app/sandbox/azureclient"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/sandbox/store"
)

func TestARestartedSandboxKeepsItsAddressesAndIDs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	environ, control := first.Environ(first.Tenants()[0]), first.ControlURL()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	moved, err := sandbox.Start(t.Context(), sandbox.Options{Dir: dir, Addr: "127.0.0.1:1"})
	if err == nil {
		moved.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "expected the address of this sandbox") {
		t.Errorf("got error %v for another address, want a refusal", err)
	}
	second := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	if got := second.Environ(second.Tenants()[0]); !slices.Equal(got, environ) {
		t.Errorf("got another environment after a restart")
	}
	if got := second.ControlURL(); got != control {
		t.Errorf("got control endpoint %q, want %q", got, control)
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	running := sandboxtest.Start(t, sandboxtest.Options{})
	taken := strings.TrimPrefix(running.BaseURL, "https://")
	for _, tt := range []struct {
		name    string
		options sandbox.Options
		want    string
	}{
		{"no directory", sandbox.Options{}, "expected a directory"},
		{"a directory in use", sandbox.Options{Dir: running.Dir}, store.ErrInUse.Error()},
		{"a taken address", sandbox.Options{Dir: t.TempDir(), Addr: taken}, taken},
		{"an address for everybody", sandbox.Options{Dir: t.TempDir(), Addr: "0.0.0.0:0"}, "expected the loopback address"},
		{"an address without a port", sandbox.Options{Dir: t.TempDir(), Addr: "127.0.0.1"}, "expected an address like"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := sandbox.Start(context.Background(), tt.options)
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestTheAuthoritySignsForLoopbackOnly(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	data, err := os.ReadFile(filepath.Join(s.Dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !ca.PermittedDNSDomainsCritical || !slices.Equal(ca.PermittedDNSDomains, []string{"localhost"}) ||
		len(ca.PermittedIPRanges) != 1 || ca.PermittedIPRanges[0].String() != "127.0.0.1/32" {
		t.Errorf("got constraints %v %v (critical %t), want localhost and 127.0.0.1/32, critical",
			ca.PermittedDNSDomains, ca.PermittedIPRanges, ca.PermittedDNSDomainsCritical)
	}
	info, err := os.Stat(filepath.Join(s.Dir, "ca-key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v for the authority's key; want 0600", info.Mode(), err)
	}
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(s.BaseURL, "https://"))
	conn, err := tls.Dial("tcp", net.JoinHostPort("localhost", port), &tls.Config{RootCAs: s.Roots()})
	if err != nil {
		t.Errorf("expected the listener's certificate to be good for localhost and %s: %v", host, err)
	} else {
		conn.Close()
	}
}

// TestEnvFile sources the file as a shell does, in an environment that is set
// up for a real cloud.
func TestEnvFile(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	for _, tenant := range s.Tenants() {
		file := s.EnvFile(tenant)
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v for %s; want mode 0600", info, err, file)
		}
		cmd := exec.Command("sh", "-c", `. "$0"; . "$0"; printf '%s\n' "$ARM_TENANT_ID" "$ARM_SUBSCRIPTION_ID" "[$ARM_USE_OIDC$PULUMI_ACCESS_TOKEN]" "$PATH"`, file)
		cmd.Env = []string{"PATH=/usr/bin:/bin", "ARM_USE_OIDC=true", "PULUMI_ACCESS_TOKEN=real"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		want := []string{tenant.ID, tenant.SubscriptionID, "[]", filepath.Join(s.Dir, "bin") + ":/usr/bin:/bin", ""}
		if got := strings.Split(string(out), "\n"); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDeployersOfTwoTenantsSeeTheirOwn(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	if len(s.Tenants()) < 2 {
		t.Fatalf("got %d tenants, want at least two", len(s.Tenants()))
	}
	for i, tenant := range s.Tenants() {
		azure, err := azureclient.New(s, tenant)
		if err != nil {
			t.Fatal(err)
		}
		subscriptions, err := azure.List(t.Context(), "/subscriptions?api-version=2022-12-01")
		if err != nil {
			t.Fatal(err)
		}
		if len(subscriptions) != 1 || subscriptions[0]["subscriptionId"] != tenant.SubscriptionID {
			t.Errorf("tenant %d: got subscriptions %v, want its own", i, subscriptions)
		}
		foreign := s.Tenants()[1-i].SubscriptionID
		if err := azure.Do(t.Context(), "GET", "/subscriptions/"+foreign+"/resourcegroups?api-version=2022-09-01", nil, nil); err == nil {
			t.Errorf("tenant %d: got the other tenant's resource groups, want a refusal", i)
		}
	}
}

func TestControlEndpoint(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	data, err := os.ReadFile(filepath.Join(s.Dir, "control.json"))
	if err != nil {
		t.Fatal(err)
	}
	var address sandbox.ControlAddress
	if err := json.Unmarshal(data, &address); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, method, path, body string
		edit                     func(*http.Request)
		status                   int
	}{
		{name: "the clock", method: "GET", path: "/clock", status: 200},
		{name: "advance", method: "POST", path: "/clock", body: `{"by":"24h"}`, status: 200},
		{name: "advance back", method: "POST", path: "/clock", body: `{"by":"-1h"}`, status: 400},
		{name: "advance by something else", method: "POST", path: "/clock", body: `{"by":"a day"}`, status: 400},
		{name: "unknown property", method: "POST", path: "/clock", body: `{"to":"24h"}`, status: 400},
		{name: "history", method: "GET", path: "/history", status: 200},
		{name: "faults without any", method: "POST", path: "/faults", body: `{"route":"GET /x"}`, status: 400},
		{name: "faults of an unknown route", method: "POST", path: "/faults", body: `{"route":"GET /x","faults":[{"status":503}]}`, status: 400},
		{name: "a fault without a status", method: "POST", path: "/faults", body: `{"route":"GET /metadata/endpoints","faults":[{}]}`, status: 400},
		{name: "keys of an unknown tenant", method: "POST", path: "/keys", body: `{"tenant":"adatum"}`, status: 404},
		{name: "keys", method: "POST", path: "/keys", body: `{"tenant":"contoso"}`, status: 204},
		{name: "without the token", method: "GET", path: "/clock", edit: func(r *http.Request) { r.Header.Del("Authorization") }, status: 401},
		{name: "from a page", method: "GET", path: "/clock", edit: func(r *http.Request) { r.Header.Set("Origin", "https://example.com") }, status: 403},
		{name: "for another host", method: "GET", path: "/clock", edit: func(r *http.Request) { r.Host = "example.com" }, status: 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, address.URL+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+address.Token)
			if tt.edit != nil {
				tt.edit(req)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != tt.status {
				t.Errorf("got status %d, want %d", resp.StatusCode, tt.status)
			}
		})
	}
	if got := s.Store().Now().Sub(s.Store().Wall()).Round(time.Minute); got != 24*time.Hour {
		t.Errorf("got clock offset %s, want 24h", got)
	}
}

func TestWhatIsNotEmulatedIsRecorded(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{Unemulated: true})
	for _, path := range []string{"/v1.0/groups", "/subscriptions/x/unknown/thing", "/blob/a", "/nowhere/at/all"} {
		resp, err := s.HTTPClient().Get(s.BaseURL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s: got status %d, want 501", path, resp.StatusCode)
		}
	}
	if got := len(s.Unemulated()); got != 4 {
		t.Errorf("got %d unemulated requests recorded, want 4", got)
	}
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	s, err := sandbox.Start(context.Background(), sandbox.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}
