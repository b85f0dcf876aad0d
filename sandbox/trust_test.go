package sandbox_test

import (
	"bytes"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// TestTrustOfAShellWithOtherCertificates has a shell whose variables name the
// certificates of somebody else: those in SSL_CERT_DIR stay trusted, and none of
// the variables keeps a client from the sandbox. It sets the environment, so it
// cannot run beside others.
func TestTrustOfAShellWithOtherCertificates(t *testing.T) {
	other := sandboxtest.Start(t, sandboxtest.Options{})
	authority, err := os.ReadFile(filepath.Join(other.Dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, name := range []string{"authority.pem", "0123abcd.0"} { // as c_rehash does, each has two names
		if err := os.WriteFile(filepath.Join(folder, name), authority, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "README"), []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_DIR", filepath.Join(folder, "absent")+":"+folder)
	t.Setenv("CURL_CA_BUNDLE", filepath.Join(folder, "authority.pem"))
	dir := t.TempDir()
	s := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	bundle, err := os.ReadFile(filepath.Join(dir, "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(authority)
	if got := bytes.Count(bundle, pem.EncodeToMemory(block)); got != 1 {
		t.Errorf("got the certificate of SSL_CERT_DIR %d times in the bundle, want once", got)
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl")
	}
	const metadata = "/metadata/endpoints?api-version=2022-09-01"
	script := `. "$0"; curl --silent --show-error --fail --output /dev/null "$1"`
	for _, url := range []string{s.ResourceManagerURL, other.ResourceManagerURL} {
		out, err := exec.Command("sh", "-c", script, s.EnvFile(s.Tenants()[0]), url+metadata).CombinedOutput()
		if err != nil {
			t.Errorf("curl %s%s: %v\n%s", url, metadata, err, out)
		}
	}
}
