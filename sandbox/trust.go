package sandbox

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// This file creates the sandbox's certificate authority. The rules are: its key
// stays in the sandbox's directory, readable by the owner only; it can sign only
// for localhost and 127.0.0.1 (RFC 5280 section 4.2.1.10), so trusting it is
// safe; the bundle for SSL_CERT_FILE includes all certificates that were trusted
// before, because the variable replaces the system's list.

// systemBundles are the files in which Linux distributions keep trusted
// certificates, the same as in crypto/x509.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// bundlePath is the file that clients of the sandbox in dir must trust.
func bundlePath(dir string) string { return filepath.Join(dir, "trust.pem") }

// openTrust loads or creates the authority of dir, writes the bundle, and
// returns a certificate for the sandbox's listeners.
func openTrust(dir string, now time.Time) (tls.Certificate, *x509.CertPool, error) {
	ca, key, err := loadAuthority(dir)
	if errors.Is(err, fs.ErrNotExist) {
		ca, key, err = createAuthority(dir, now)
	}
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("open certificate authority: %w", err)
	}
	if err := writeBundle(dir, ca); err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("write trust bundle: %w", err)
	}
	leaf, err := issue(ca, key, now)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("issue certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return leaf, pool, nil
}

func loadAuthority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certificate, err := readPEM(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return nil, nil, err
	}
	private, err := readPEM(filepath.Join(dir, "ca-key.pem"))
	if err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, nil, err
	}
	key, err := x509.ParseECPrivateKey(private)
	return ca, key, err
}

func readPEM(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("read %q: expected a PEM block, got none; fix: remove the file, so that the next start creates a new one", path)
	}
	return block.Bytes, nil
}

func createAuthority(dir string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:                big.NewInt(now.UnixNano()),
		Subject:                     pkix.Name{CommonName: "app-to-app sandbox, not for production"},
		NotBefore:                   now.Add(-time.Hour),
		NotAfter:                    now.AddDate(10, 0, 0),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{"localhost"},
		PermittedIPRanges:           []*net.IPNet{{IP: net.IPv4(127, 0, 0, 1).To4(), Mask: net.CIDRMask(32, 32)}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	if err := writePEM(filepath.Join(dir, "ca-key.pem"), "EC PRIVATE KEY", private, 0o600); err != nil {
		return nil, nil, err
	}
	if err := writePEM(filepath.Join(dir, "ca.pem"), "CERTIFICATE", der, 0o644); err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	return ca, key, err
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

// issue signs a certificate for the loopback listeners. Its key is only in
// memory.
func issue(ca *x509.Certificate, caKey *ecdsa.PrivateKey, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "app-to-app sandbox"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der, ca.Raw}, PrivateKey: key}, nil
}

// writeBundle writes the certificates that were trusted before and the
// authority's.
func writeBundle(dir string, ca *x509.Certificate) error {
	ours := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	if os.Getenv("SSL_CERT_FILE") == bundlePath(dir) {
		// The shell sourced this sandbox's env file. Only the bundle still has
		// the certificates that SSL_CERT_FILE named before.
		if written, err := os.ReadFile(bundlePath(dir)); err == nil && bytes.Contains(written, ours) {
			return nil
		}
	}
	bundle, err := trustedBefore(dir)
	if err != nil {
		return err
	}
	if len(bundle) > 0 && bundle[len(bundle)-1] != '\n' {
		bundle = append(bundle, '\n')
	}
	bundle = addFolders(bundle, os.Getenv("SSL_CERT_DIR"))
	bundle = append(bundle, ours...)
	return os.WriteFile(bundlePath(dir), bundle, 0o644)
}

// trustedBefore is the bundle in SSL_CERT_FILE, or the system's bundle if the
// variable is not set or names a sandbox's (the shell sourced an env file).
func trustedBefore(dir string) ([]byte, error) {
	if named := os.Getenv("SSL_CERT_FILE"); named != "" {
		if _, err := os.Stat(filepath.Join(filepath.Dir(named), "ca-key.pem")); errors.Is(err, fs.ErrNotExist) {
			data, err := os.ReadFile(named)
			if err != nil {
				return nil, fmt.Errorf("read the bundle in SSL_CERT_FILE: %w; fix: unset SSL_CERT_FILE if it belonged to a removed sandbox", err)
			}
			return data, nil
		}
	}
	for _, path := range systemBundles {
		if data, err := os.ReadFile(path); err == nil {
			return data, nil
		}
	}
	return nil, nil
}

// addFolders adds the certificates of the folders in list, as SSL_CERT_DIR has
// them, that bundle lacks. The env files unset that variable. What is not a
// certificate is passed over, as by those who read the variable.
func addFolders(bundle []byte, list string) []byte {
	known := make(map[string]bool)
	certificates(bundle, func(block *pem.Block) { known[string(block.Bytes)] = true })
	for _, folder := range filepath.SplitList(list) {
		entries, _ := os.ReadDir(folder)
		for _, entry := range entries {
			data, _ := os.ReadFile(filepath.Join(folder, entry.Name()))
			certificates(data, func(block *pem.Block) {
				if !known[string(block.Bytes)] {
					known[string(block.Bytes)] = true
					bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})...)
				}
			})
		}
	}
	return bundle
}

// certificates calls found for each certificate in PEM data.
func certificates(data []byte, found func(*pem.Block)) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			found(block)
		}
	}
}
