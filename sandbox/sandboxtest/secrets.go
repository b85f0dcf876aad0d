package sandboxtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/sandbox"
	"app-to-app/sandbox/store"
)

// Sandbox adds what a sandbox keeps secret now: the secrets of its deployers,
// the keys of its sites and the headers of their identity endpoint, what is in
// its vaults, and what opens the sandbox itself. Client secrets are not among
// them: as in Entra, only who made one knows it.
func (l *Leaks) Sandbox(t testing.TB, s *sandbox.Sandbox) {
	t.Helper()
	for _, tenant := range s.Tenants() {
		l.Secret("the secret of "+tenant.Name+"'s deployer", tenant.Deployer.Secret)
	}
	l.files(t, s.Dir)
	if err := s.Store().View(func(tx *store.Tx) error {
		for _, site := range store.Sites.All(tx, "") {
			l.site(site)
		}
		for _, secret := range store.VaultSecrets.All(tx, "") {
			for _, version := range secret.Versions {
				l.vaultSecret(secret.Vault+"/"+secret.Name, version.Value)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func (l *Leaks) site(site store.Site) {
	name := site.ResourceID[strings.LastIndex(site.ResourceID, "/")+1:]
	l.Secret("the identity header of "+name, site.IdentityHeader)
	l.Secret("the master key of "+name, site.MasterKey)
	for key, value := range site.HostKeys {
		l.Secret("the host key "+key+" of "+name, value)
	}
	for function, keys := range site.FunctionKeys {
		for key, value := range keys {
			l.Secret("the key "+key+" of "+name+"/"+function, value)
		}
	}
}

// vaultSecret adds a value of a vault. That of a test may be too short to look
// for.
func (l *Leaks) vaultSecret(name, value string) {
	if len(strings.TrimSpace(value)) >= shortest {
		l.Secret("the secret "+name, value)
	}
}

// files adds what the sandbox's directory guards.
func (l *Leaks) files(t testing.TB, dir string) {
	t.Helper()
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	l.Secret("the key of the sandbox's CA", string(read("ca-key.pem")))
	l.Secret("the passphrase of the sandbox's stacks", string(read("passphrase")))
	var control sandbox.ControlAddress
	if err := json.Unmarshal(read("control.json"), &control); err != nil {
		t.Fatal(err)
	}
	l.Secret("the token of the control endpoint", control.Token)
}
