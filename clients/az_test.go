package clients_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// This file runs Azure CLI of Debian, which starts slowly and so has a flag.

var runAz = flag.Bool("az", false, "run Azure CLI, and install Debian's package azure-cli if it is missing")

// An az is one user of the CLI, with a configuration folder of its own.
type az struct {
	*client
	t       *testing.T
	environ []string
}

// needAz installs the CLI, or skips the test.
func needAz(t *testing.T) {
	if !*runAz {
		t.Skip("-az runs Azure CLI, in some minutes")
	}
	if err := installAz(); err != nil {
		t.Fatalf("install azure-cli: %v", err)
	}
}

// installAz installs it once: apt-get does not wait for another one.
var installAz = sync.OnceValue(func() error {
	if _, err := exec.LookPath("az"); err == nil {
		return nil
	}
	if out, err := exec.Command("apt-get", "install", "-y", "-qq", "--no-install-recommends", "azure-cli").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

// azEnviron is the environment of a CLI that nobody has used.
func azEnviron(t *testing.T) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AZURE_CONFIG_DIR=" + t.TempDir(), "AZURE_CORE_COLLECT_TELEMETRY=no", "LANG=C.UTF-8"}
}

func newAz(t *testing.T) *az {
	needAz(t)
	e := newEstate(t)
	a := &az{client: nil, t: t, environ: append(azEnviron(t),
		"SSL_CERT_FILE="+filepath.Join(e.sandbox.Dir, "trust.pem"), "REQUESTS_CA_BUNDLE="+filepath.Join(e.sandbox.Dir, "trust.pem"),
		"ARM_CLOUD_METADATA_URL="+e.sandbox.ResourceManagerURL+"/metadata/endpoints?api-version=2019-05-01",
	)}
	var versions map[string]any
	if err := a.run(&versions, "version"); err != nil {
		t.Fatal(err)
	}
	a.client = newClient(t, e, "Azure CLI", versions["azure-cli"].(string))
	return a
}

// run runs a command and decodes what it wrote.
func (a *az) run(out any, args ...string) error {
	cmd := exec.CommandContext(a.t.Context(), "/usr/bin/python3", append([]string{"az/az.py"}, append(args, "--output", "json", "--only-show-errors")...)...)
	cmd.Env = a.environ
	text, err := output(cmd)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal([]byte(text), out)
}

// shows compares what a command writes with --query.
func (a *az) shows(want, query string, args ...string) error {
	var got json.RawMessage
	if err := a.run(&got, append(args, "--query", query)...); err != nil {
		return err
	}
	if compact := strings.Join(strings.Fields(string(got)), ""); compact != want {
		return fmt.Errorf("expected %s, got %s", want, compact)
	}
	return nil
}

func (a *az) login(secret string) error {
	return a.run(nil, "login", "--service-principal", "-u", a.operator.Deployer.ClientID, "-p", secret, "--tenant", a.operator.ID)
}

func TestAz(t *testing.T) {
	t.Parallel()
	a := newAz(t)
	a.does("cloud set", func() error { return a.run(nil, "cloud", "set", "-n", "Sandbox") })
	a.does("login --service-principal, wrong secret", func() error { return refusedWith(a.login("wrong"), "AADSTS7000215") })
	a.does("login --service-principal", func() error { return a.login(a.operator.Deployer.Secret) })
	a.does("account show", func() error { return a.shows(`"`+a.operator.SubscriptionID+`"`, "id", "account", "show") })
	a.does("group create", func() error {
		return a.shows(`"Succeeded"`, "properties.provisioningState", "group", "create", "-n", "rg", "-l", "westeurope")
	})
	a.does("group update", func() error {
		return a.shows(`"dev"`, "tags.stack", "group", "update", "-n", "rg", "--set", "tags.stack=dev")
	})
	a.does("group list", func() error { return a.shows(`["rg"]`, "[].name", "group", "list") })
	a.does("tag update", func() error {
		return a.run(nil, "tag", "update", "--resource-id", a.group("rg"), "--operation", "merge", "--tags", "stack=dev")
	})
	a.does("identity create", func() error { return a.shows(`"app"`, "name", "identity", "create", "-g", "rg", "-n", "app") })
	a.does("resource list", func() error { return a.shows(`["app"]`, "[].name", "resource", "list", "-g", "rg") })
	a.does("storage account create", func() error {
		return a.shows(`"itaccount"`, "name", "storage", "account", "create", "-g", "rg", "-n", "itaccount", "--allow-shared-key-access", "false")
	})
	a.does("storage account update", func() error {
		return a.shows(`"dev"`, "tags.stack", "storage", "account", "update", "-g", "rg", "-n", "itaccount", "--set", "tags.stack=dev")
	})
	a.does("keyvault create", func() error {
		return a.run(nil, "keyvault", "create", "-g", "rg", "-n", "it-vault", "--enable-rbac-authorization", "true")
	})
	a.do("PUT", a.group("rg")+"/providers/Microsoft.KeyVault/vaults/other-vault?api-version=2023-07-01", map[string]any{"location": "westeurope", "properties": map[string]any{
		"tenantId": a.operator.ID, "sku": map[string]any{"family": "A", "name": "standard"}, "enableRbacAuthorization": true,
	}}, nil)
	a.does("keyvault list", func() error { return a.shows(`true`, "contains([].name, 'other-vault')", "keyvault", "list") })
	a.does("functionapp list", func() error { return a.shows(`[]`, "[]", "functionapp", "list") })

	var app struct{ AppID, ID string }
	a.does("ad app create", func() error { return a.run(&app, "ad", "app", "create", "--display-name", "made-by-az") })
	a.does("ad app update", func() error {
		return a.run(nil, "ad", "app", "update", "--id", app.AppID, "--set", "notes=changed")
	})
	var sp struct{ ID string }
	a.does("ad sp create", func() error { return a.run(&sp, "ad", "sp", "create", "--id", app.AppID) })
	a.does("ad sp list, by name", func() error {
		return a.shows(`["made-by-az"]`, "[].displayName", "ad", "sp", "list", "--display-name", "made-by")
	})
	a.does("ad app credential reset", func() error { return a.run(nil, "ad", "app", "credential", "reset", "--id", app.AppID) })
	a.does("ad sp credential reset", func() error { return a.run(nil, "ad", "sp", "credential", "reset", "--id", app.AppID) })
	a.does("ad sp credential list", func() error { return a.shows("1", "length(@)", "ad", "sp", "credential", "list", "--id", app.AppID) })
	a.does("ad app permission list-grants", func() error { return a.shows(`[]`, "[]", "ad", "app", "permission", "list-grants", "--id", app.AppID) })
	a.does("ad app owner list", func() error { return a.shows(`[]`, "[]", "ad", "app", "owner", "list", "--id", app.AppID) })
	a.does("rest, create appRoleAssignedTo", func() error {
		body := fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":%q}`, sp.ID, a.api.principalID, ordersRead)
		url := a.sandbox.GraphURL + "/v1.0/servicePrincipals/" + a.api.principalID + "/appRoleAssignedTo"
		if err := a.run(nil, "rest", "--method", "post", "--url", url, "--body", body); err != nil {
			return err
		}
		return a.expect(a.api, sp.ID)
	})
	a.does("role assignment create", func() error {
		err := a.run(nil, "role", "assignment", "create", "--assignee-object-id", sp.ID, "--assignee-principal-type", "ServicePrincipal",
			"--role", "Reader", "--scope", a.group("rg"))
		// Debian's azure-mgmt-authorization lacks what Debian's azure-cli reads.
		if err != nil && strings.Contains(err.Error(), "object has no attribute 'config'") {
			err = outcome("fails in the client: no attribute 'config'")
		}
		return err
	})
	a.does("ad signed-in-user show", func() error {
		return refusedWith(a.run(nil, "ad", "signed-in-user", "show"), "delegated authentication flow")
	})
	a.does("ad app delete", func() error { return a.run(nil, "ad", "app", "delete", "--id", app.AppID) })
	a.does("group delete", func() error {
		if err := a.run(nil, "group", "delete", "-n", "rg", "--yes"); err != nil {
			return err
		}
		return a.shows(`false`, "@", "group", "exists", "-n", "rg")
	})
	a.does("logout", func() error { return a.run(nil, "logout") })
}
