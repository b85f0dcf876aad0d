package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"app-to-app/azurecloud"
)

// azScript is an Azure CLI that knows one account, and has tokens once somebody has
// logged in. A token is in a file that is named after its audience.
const azScript = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
case "$1 $2" in
"login ") touch logged-in ;;
"account list") cat accounts ;;
"account get-access-token")
	[ -e logged-in ] || { echo "ERROR: Please run 'az login' to setup account." >&2; exit 1; }
	for word; do
		case "$word" in https:*) exec cat "token-$(printf %s "${word%/.default}" | tr -c a-zA-Z0-9 _)" ;; esac
	done
	exit 1 ;;
*) echo "expected az login, account list or account get-access-token, got $*" >&2; exit 2 ;;
esac
`

// installCLI puts an Azure CLI on PATH whose account is the sandbox's deployer.
func installCLI(t *testing.T, h *harness) {
	t.Helper()
	folder := t.TempDir()
	write := func(name, content string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("az", azScript, 0o700)
	write("accounts", fmt.Sprintf("Name  CloudName  SubscriptionId  TenantId  State  IsDefault\n----  ---------  --------------  --------  -----  ---------\nmain  sandbox  %s  %s  Enabled  True\n",
		h.environ["ARM_SUBSCRIPTION_ID"], h.environ["ARM_TENANT_ID"]), 0o600)
	getenv := func(name string) string { return h.environ[name] }
	cloud, err := azurecloud.Find(t.Context(), h.sandbox.HTTPClient(), getenv)
	if err != nil {
		t.Fatal(err)
	}
	credential, err := azurecloud.NewCredential(cloud, h.sandbox.HTTPClient(), getenv)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []string{cloud.GraphScope(), cloud.ResourceManagerScope()} {
		token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return '_'
		}, strings.TrimSuffix(scope, "/.default"))
		write("token-"+name, fmt.Sprintf(`{"accessToken":%q,"expires_on":%d}`, token.Token, token.ExpiresOn.Unix()), 0o600)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// runCLI runs a command line of the Azure CLI in a shell.
func runCLI(t *testing.T, line string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", line, err, out)
	}
	return string(out), nil
}

// pickAccount lists the accounts, and reads a column of the first one.
func (f *follower) pickAccount(line, column string) (string, error) {
	out, err := runCLI(f.t, line)
	if err != nil {
		return "", err
	}
	lines := strings.Split(out, "\n")
	values := strings.Fields(lines[2]) // under the rule
	for i, name := range strings.Fields(lines[0]) {
		if name == column {
			return values[i], nil
		}
	}
	return "", fmt.Errorf("expected the column %q in:\n%s", column, out)
}
