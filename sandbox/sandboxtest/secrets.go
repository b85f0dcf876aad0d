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

// Sandbox adds every secret that a sandbox has or has issued since it started,
// including the key of its certificate authority. Where a secret has an owner, it
// is named after it.
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
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	l.Issued(t, s)
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

// files adds the secrets in the files of the sandbox's directory.
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
