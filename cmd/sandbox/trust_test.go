package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/sandbox"
)

func TestCheckTrust(t *testing.T) {
	t.Parallel()
	s, err := sandbox.Start(t.Context(), sandbox.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	authority, err := os.ReadFile(filepath.Join(s.Dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	trusting := x509.NewCertPool()
	trusting.AppendCertsFromPEM(authority)
	if err := checkTrust(t.Context(), s, &tls.Config{RootCAs: trusting}); err != nil {
		t.Errorf("with the authority: got %v, want nil", err)
	}
	err = checkTrust(t.Context(), s, &tls.Config{RootCAs: x509.NewCertPool()})
	if err == nil || !strings.Contains(err.Error(), "expected this machine to trust the sandbox's certificate authority") {
		t.Errorf("without the authority: got %v, want a refusal", err)
	}
	var hinted *hintError
	if !errors.As(err, &hinted) || !strings.Contains(hinted.hint, "security add-trusted-cert ") || !strings.Contains(hinted.hint, "'"+filepath.Join(s.Dir, "ca.pem")+"'") {
		t.Errorf("got %#v, want the command that trusts the authority as its hint", err)
	}
}
