package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"strings"

	"app-to-app/sandbox"
)

// checkTrust fails if this machine does not trust the sandbox's certificate
// authority. On macOS, Go asks the system and ignores SSL_CERT_FILE
// (https://pkg.go.dev/crypto/x509#SystemCertPool), so that no program and no handler
// could call the sandbox. A nil config is the machine's own trust.
func checkTrust(ctx context.Context, s *sandbox.Sandbox, config *tls.Config) error {
	dialer := tls.Dialer{Config: config}
	conn, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(s.BaseURL, "https://"))
	if err != nil {
		return withHint(fmt.Errorf("expected this machine to trust the sandbox's certificate authority, which can sign for localhost alone: %w", err),
			"security add-trusted-cert -r trustRoot -p ssl -k ~/Library/Keychains/login.keychain-db "+quoted(filepath.Join(s.Dir, "ca.pem"))+", then start again; use serve, because demo makes a new authority each time")
	}
	return conn.Close()
}

// quoted is a path as one word of a shell.
func quoted(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }
