package acquire

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// This file finds the certificate that a connection string names. Where
// Windows has certificate stores, App Service for Linux has a folder of files,
// /var/ssl/private
// (https://learn.microsoft.com/azure/app-service/configure-ssl-certificate-in-code).

// certificateFiles are the extensions of the files that are read.
var certificateFiles = []string{".pem", ".pfx", ".p12"}

// findCertificate finds a certificate by thumbprint or subject in a directory. The
// store's name has no meaning on Linux, but is checked, as the library does.
func (v connection) findCertificate(dir string) (keyPair, error) {
	if location := strings.ToLower(v[partStoreLocation]); location != "currentuser" && location != "localmachine" {
		return keyPair{}, fmt.Errorf("%s: expected CurrentUser or LocalMachine, got something else", partStoreLocation)
	}
	if dir == "" {
		return keyPair{}, errors.New("ORDERS_CERTIFICATE_DIR: missing; it must hold the directory of the PEM and PFX files to look for the certificate in, such as /var/ssl/private")
	}
	name, matches := partSubjectName, func(c *x509.Certificate) bool { return hasSubject(c, v[partSubjectName]) }
	if v.has(partThumbprint) {
		sum, err := hex.DecodeString(v[partThumbprint])
		if err != nil || len(sum) != sha1.Size {
			return keyPair{}, fmt.Errorf("%s: expected the %d hexadecimal digits of a SHA-1 sum, got something else", partThumbprint, 2*sha1.Size)
		}
		// SHA-1 only finds the certificate, as on Windows; nothing is trusted for it.
		name, matches = partThumbprint, func(c *x509.Certificate) bool { got := sha1.Sum(c.Raw); return slices.Equal(got[:], sum) }
	}
	found, unread, err := keyPairsIn(dir)
	if err != nil {
		return keyPair{}, fmt.Errorf("ORDERS_CERTIFICATE_DIR: %w", err)
	}
	found = slices.DeleteFunc(found, func(p keyPair) bool { return !matches(p.leaf) })
	if len(found) == 0 {
		text := fmt.Sprintf("%s: no file with such a certificate and its private key is in ORDERS_CERTIFICATE_DIR", name)
		if len(unread) > 0 {
			text += "; not readable as PEM, or PFX without a password: " + strings.Join(unread, ", ")
		}
		return keyPair{}, errors.New(text)
	}
	return newestValid(name, found, time.Now())
}

// newestValid picks the valid certificate that expires last: while one replaces
// another, both are in the directory.
func newestValid(name string, found []keyPair, now time.Time) (keyPair, error) {
	var best keyPair
	for _, pair := range found {
		if now.Before(pair.leaf.NotBefore) || now.After(pair.leaf.NotAfter) {
			continue
		}
		if best.leaf == nil || pair.leaf.NotAfter.After(best.leaf.NotAfter) {
			best = pair
		}
	}
	if best.leaf == nil {
		return keyPair{}, fmt.Errorf("%s: expected a certificate that is valid now, got one that is valid from %s to %s", name,
			found[0].leaf.NotBefore.UTC().Format(time.RFC3339), found[0].leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return best, nil
}

// keyPairsIn reads a directory. unread are the files that it could not parse.
func keyPairsIn(dir string) (found []keyPair, unread []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, entry := range entries {
		if !slices.Contains(certificateFiles, strings.ToLower(filepath.Ext(entry.Name()))) {
			continue
		}
		var pair keyPair
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err == nil {
			pair, err = parseKeyPair(content)
		}
		if err != nil {
			unread = append(unread, entry.Name())
			continue
		}
		found = append(found, pair)
	}
	return found, unread, nil
}

// hasSubject compares a certificate's subject with a common name, or with a
// distinguished name in either order: Windows and OpenSSL differ.
func hasSubject(certificate *x509.Certificate, want string) bool {
	if want == certificate.Subject.CommonName {
		return true
	}
	got, wanted := subjectParts(certificate.Subject.String()), subjectParts(want)
	if slices.Equal(got, wanted) {
		return true
	}
	slices.Reverse(got)
	return slices.Equal(got, wanted)
}

func subjectParts(name string) []string {
	parts := strings.Split(name, ",")
	for i, part := range parts {
		key, value, _ := strings.Cut(part, "=")
		parts[i] = strings.ToUpper(strings.TrimSpace(key)) + "=" + strings.TrimSpace(value)
	}
	return parts
}
