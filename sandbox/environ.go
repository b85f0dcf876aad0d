package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"app-to-app/sandbox/layout"
)

// This file builds the environment of clients. The rules are: exactly what a
// process needs to reach this sandbox, and no variable that only our own programs
// read.

// foreign are variables that a shell may have for a real cloud. They would make a
// client bypass the sandbox or use another identity.
var foreign = []string{
	"ARM_ENVIRONMENT", "ARM_USE_CLI", "ARM_USE_MSI", "ARM_MSI_ENDPOINT", "ARM_USE_OIDC", "ARM_USE_AKS_WORKLOAD_IDENTITY",
	"ARM_OIDC_TOKEN", "ARM_OIDC_TOKEN_FILE_PATH", "ARM_OIDC_REQUEST_TOKEN", "ARM_OIDC_REQUEST_URL",
	"ARM_CLIENT_CERTIFICATE", "ARM_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_CERTIFICATE_PASSWORD",
	"ARM_CLIENT_ID_FILE_PATH", "ARM_CLIENT_SECRET_FILE_PATH", "ARM_AUXILIARY_TENANT_IDS",
	"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL",
	"AZURE_ENVIRONMENT", "AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET",
	"CURL_CA_BUNDLE", "SSL_CERT_DIR", // curl prefers them to SSL_CERT_FILE
	"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET",
	"PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN", "PULUMI_STACK", "PULUMI_DEBUG_PROVIDERS",
}

// Environ is the environment, as NAME=value, for a process that deploys to the
// tenant's subscription: Azure's ARM_* variables, the sandbox's certificate
// authority, and Pulumi with its state in the sandbox's directory. It does not
// include PATH.
func (s *Sandbox) Environ(t Tenant) []string {
	return []string{
		"ARM_METADATA_HOSTNAME=" + strings.TrimPrefix(s.ResourceManagerURL, "https://"),
		"ARM_TENANT_ID=" + t.ID,
		"ARM_SUBSCRIPTION_ID=" + t.SubscriptionID,
		"ARM_CLIENT_ID=" + t.Deployer.ClientID,
		"ARM_CLIENT_SECRET=" + t.Deployer.Secret,
		"SSL_CERT_FILE=" + bundlePath(s.Dir),
		"PULUMI_HOME=" + layout.PulumiHome(s.Dir),
		// Without metadata=skip the backend writes a file NAME.json.attrs beside
		// each state; a process that is killed leaves it empty, and then no command
		// reads the state: "failed to load checkpoint: EOF" (docs/state.md).
		"PULUMI_BACKEND_URL=file://" + layout.State(s.Dir) + "?metadata=skip",
		"PULUMI_CONFIG_PASSPHRASE_FILE=" + filepath.Join(s.Dir, passphraseFilename),
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
	}
}

// EnvFile is the file that a shell sources to work in the tenant: DIR/env for
// the first, DIR/env-NAME for the others.
func (s *Sandbox) EnvFile(t Tenant) string {
	if t.ID == s.tenants[0].ID {
		return filepath.Join(s.Dir, "env")
	}
	return filepath.Join(s.Dir, "env-"+t.Name)
}

// writeEnviron writes the env files and the folders that they name.
func (s *Sandbox) writeEnviron() error {
	if err := os.MkdirAll(layout.State(s.Dir), 0o700); err != nil {
		return fmt.Errorf("write environment: %w", err)
	}
	passphrase := filepath.Join(s.Dir, passphraseFilename)
	if _, err := os.Stat(passphrase); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(passphrase, []byte(newSecret()), 0o600); err != nil {
			return fmt.Errorf("write environment: %w", err)
		}
	}
	for _, t := range s.tenants {
		var text strings.Builder
		fmt.Fprintf(&text, "# Source this file to deploy to the sandbox's tenant %s.\n", t.Name)
		fmt.Fprintf(&text, "unset %s\n", strings.Join(foreign, " "))
		for _, pair := range s.Environ(t) {
			name, value, _ := strings.Cut(pair, "=")
			fmt.Fprintf(&text, "export %s=%s\n", name, shellQuote(value))
		}
		fmt.Fprintf(&text, "case \":$PATH:\" in *:%[1]s:*) ;; *) export PATH=%[1]s:\"$PATH\" ;; esac\n", shellQuote(layout.Bin(s.Dir)))
		if err := os.WriteFile(s.EnvFile(t), []byte(text.String()), 0o600); err != nil {
			return fmt.Errorf("write environment: %w", err)
		}
	}
	return nil
}

// shellQuote writes a value as one word of a POSIX shell.
func shellQuote(value string) string {
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// Overlay returns the environment of a command that runs in the sandbox: base
// with the variables of over replaced or added, without those that would bypass
// the sandbox, and with the sandbox's folder first on PATH.
func (s *Sandbox) Overlay(base []string, over ...string) []string {
	named := make(map[string]bool, len(over)+len(foreign))
	for _, name := range foreign {
		named[name] = true
	}
	for _, pair := range over {
		name, _, _ := strings.Cut(pair, "=")
		named[name] = true
	}
	environ := slices.DeleteFunc(slices.Clone(base), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return named[name] || name == "PATH"
	})
	path := layout.Bin(s.Dir)
	for _, pair := range base {
		if rest, ok := strings.CutPrefix(pair, "PATH="); ok {
			path += string(os.PathListSeparator) + rest
		}
	}
	return append(append(environ, over...), "PATH="+path)
}

// hostEnviron is what a function app's process inherits from the machine: as in
// Azure a home, a search path and a temporary folder, and nothing else from the
// shell that started the sandbox.
func hostEnviron() []string {
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"HOME=" + os.TempDir(),
		"TMPDIR=" + os.TempDir(),
		"LANG=C.UTF-8",
	}
}
