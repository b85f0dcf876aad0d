package acquire_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cliScript replaces an Azure CLI that is signed in. It returns a token for any
// resource; in its name, signed-out makes the CLI fail and short makes the token
// short-lived. It logs each call in a file named after the resource's last part.
const cliScript = `#!/bin/sh
while [ $# -gt 0 ]; do
	case $1 in --resource) resource=$2; shift ;; --tenant) tenant=$2; shift ;; esac
	shift
done
name=${resource##*/}
echo "$tenant" >>"${0%/*}/calls-$name"
lifetime=3600
case $name in
*signed-out*) echo "ERROR: Please run 'az login' to setup account." >&2; exit 1 ;;
*short*) lifetime=240 ;;
esac
printf '{"accessToken":"%s","expires_on":%s}' "SECRET-TOKEN" $(($(date +%s) + lifetime))
`

// cliDir is where the Azure CLI of this test process is installed.
var cliDir string

func installCLI() (dir string, err error) {
	if cliDir, err = os.MkdirTemp("", "az"); err != nil {
		return "", err
	}
	script := strings.ReplaceAll(cliScript, "SECRET-TOKEN", secretToken)
	return cliDir, os.WriteFile(filepath.Join(cliDir, "az"), []byte(script), 0o700)
}

// cliCalls are the tenants of the CLI's calls for a resource.
func cliCalls(t *testing.T, resource string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(cliDir, "calls-"+resource[strings.LastIndex(resource, "/")+1:]))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(string(content))
}
