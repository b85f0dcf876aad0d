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
	"strconv"
	"strings"
	"testing"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox"
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
	if err == nil || !strings.Contains(err.Error(), "the address that this sandbox's stacks and function apps use") {
		t.Errorf("got error %v for another address, want a refusal", err)
	}
	second := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	if got := second.Environ(second.Tenants()[0]); !slices.Equal(got, environ) {
		t.Errorf("got a different environment after a restart")
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
		{"a taken address", sandbox.Options{Dir: t.TempDir(), Addr: taken}, taken + ": bind: address already in use; fix: leave out the address"},
		{"the taken address of this directory", sandbox.Options{Dir: moved(t, taken)}, "listen on " + taken + ", the address of this sandbox: "},
		{"an address on all interfaces", sandbox.Options{Dir: t.TempDir(), Addr: "0.0.0.0:0"}, "expected the loopback address"},
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

// moved is the directory of a sandbox whose address is taken by another process.
func moved(t *testing.T, taken string) string {
	t.Helper()
	dir := t.TempDir()
	state, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	if err := state.Update(func(tx *store.Tx) error {
		store.Settings.Put(tx, "addr", json.RawMessage(strconv.Quote(taken)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return dir
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

// TestEnvFile sources the file in a shell whose environment is set up for a real
// cloud.
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
		azure, err := deployer.New(t.Context(), s, tenant)
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

func TestUnemulatedRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{Unemulated: true})
	addresses := []string{
		s.GraphURL + "/v1.0/groups", s.ResourceManagerURL + "/subscriptions/x/unknown/thing", s.BaseURL + "/blob/a", s.BaseURL + "/nowhere/at/all",
		s.BaseURL + "/v1.0/applications", s.GraphURL + "/subscriptions", s.ResourceManagerURL + "/v1.0/applications", // another service's
	}
	for _, address := range addresses {
		t.Run(address, func(t *testing.T) {
			resp, err := s.HTTPClient().Get(address)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusNotImplemented {
				t.Errorf("got status %d, want 501", resp.StatusCode)
			}
		})
	}
	if got := len(s.Unemulated()); got != len(addresses) {
		t.Errorf("got %d unemulated requests recorded, want %d", got, len(addresses))
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

// TestAnotherSubscriptionOfATenant: two teams of one tenant have a subscription
// each. The one's deployer may do nothing in the other's.
func TestAnotherSubscriptionOfATenant(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	first := s.Tenants()[0]
	added, err := s.AddSubscription(first, "team two")
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.AddDeployer(added, "team two's deployer", nil, []string{"Contributor"})
	if err != nil {
		t.Fatal(err)
	}
	if second.ID != first.ID || second.SubscriptionID == first.SubscriptionID {
		t.Errorf("got %v, want another subscription of %v", second, first)
	}
	for _, tt := range []struct {
		name         string
		by           sandbox.Tenant
		subscription string
		allowed      bool
	}{
		{"the first team in its own", first, first.SubscriptionID, true},
		{"the first team in the second's", first, second.SubscriptionID, false},
		{"the second team in its own", second, second.SubscriptionID, true},
		{"the second team in the first's", second, first.SubscriptionID, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			azure, err := deployer.New(t.Context(), s, tt.by)
			if err != nil {
				t.Fatal(err)
			}
			err = azure.Do(t.Context(), http.MethodPut, "/subscriptions/"+tt.subscription+"/resourcegroups/teams?api-version=2022-09-01", map[string]any{"location": "westeurope"}, nil)
			if (err == nil) != tt.allowed {
				t.Errorf("got %v, want it allowed: %t", err, tt.allowed)
			}
		})
	}
}
