package acquire

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"
)

// This file chooses the client's credential. The rules are: the settings decide,
// never what happens to work; settings that contradict each other are refused;
// every problem is reported at once; no error contains any part of a secret.

// A credential is how the client proves who it is, in a form that every library
// can use.
type credential struct {
	kind        CredentialKind
	tenantID    string
	clientID    string // of the app registration
	secret      Secret
	certificate keyPair
	vaultSecret string // URL of the certificate in Key Vault, instead of certificate
	identity    string // client ID of the user-assigned identity; empty means the system-assigned one
}

// A keyPair is a certificate with its private key and what is known of its chain.
type keyPair struct {
	leaf  *x509.Certificate
	chain []*x509.Certificate // leaf first
	key   *rsa.PrivateKey
}

// credential returns the credential that the app settings call for.
func (c ProviderConfig) credential() (credential, error) {
	found := credential{tenantID: c.TenantID, clientID: c.ClientID, secret: c.ClientSecret, identity: c.ManagedIdentityClientID}
	var problems []error
	if c.ClientSecret.IsSet() && c.ClientCertificate.IsSet() {
		problems = append(problems, errors.New("ORDERS_CLIENT_SECRET and ORDERS_CLIENT_CERTIFICATE: expected one of them, got both"))
	}
	if (c.ClientSecret.IsSet() || c.ClientCertificate.IsSet()) && c.ClientID == "" {
		problems = append(problems, errors.New("ORDERS_CLIENT_ID: missing; it must hold the client ID of the app registration that the client secret or certificate belongs to"))
	}
	switch {
	case c.ClientCertificate.IsSet():
		found.kind = Certificate
		var err error
		if found.certificate, err = parseKeyPair([]byte(c.ClientCertificate.Reveal())); err != nil {
			problems = append(problems, fmt.Errorf("ORDERS_CLIENT_CERTIFICATE: %w", err))
		}
	case c.ClientSecret.IsSet():
		found.kind = ClientSecret
	case c.ClientID != "" && c.Local:
		problems = append(problems, errors.New("ORDERS_CLIENT_ID: expected ORDERS_CLIENT_SECRET or ORDERS_CLIENT_CERTIFICATE with it, got neither; "+
			"a federated credential needs a managed identity, which this machine does not have"))
	case c.ClientID != "":
		found.kind = Federated
	default:
		found.kind = managedIdentityKind(c.ManagedIdentityClientID, c.Local)
	}
	return found, errors.Join(problems...)
}

// managedIdentityKind is the kind of credential for a client without an app
// registration.
func managedIdentityKind(clientID string, local bool) CredentialKind {
	switch {
	case clientID != "":
		return UserAssigned
	case local:
		return AzureCLI
	}
	return SystemAssigned
}

// minAssertionKeyBits is the smallest RSA key that a client assertion may be signed
// with (NIST SP 800-131A: smaller ones are disallowed).
const minAssertionKeyBits = 2048

// parseKeyPair reads PEM, or PFX without a password, with one RSA private key
// and its certificate. The parsers' own errors are left out: some quote their
// input.
func parseKeyPair(content []byte) (keyPair, error) {
	parse := parsePFX
	if bytes.Contains(content, []byte("-----BEGIN ")) {
		parse = func(content []byte) ([]*x509.Certificate, crypto.PrivateKey, error) {
			return azidentity.ParseCertificates(content, nil)
		}
	}
	chain, private, err := parse(content)
	if err != nil {
		return keyPair{}, errors.New("expected one certificate and its private key without a password, as PEM or PFX; the content could not be parsed")
	}
	key, ok := private.(*rsa.PrivateKey)
	if !ok {
		return keyPair{}, fmt.Errorf("expected an RSA private key, got %T", private)
	}
	if bits := key.N.BitLen(); bits < minAssertionKeyBits {
		return keyPair{}, fmt.Errorf("expected an RSA key of at least %d bits, got %d", minAssertionKeyBits, bits)
	}
	pair := keyPair{key: key}
	for _, certificate := range chain {
		if pair.leaf == nil && key.PublicKey.Equal(certificate.PublicKey) {
			pair.leaf = certificate
			pair.chain = append([]*x509.Certificate{certificate}, pair.chain...)
		} else {
			pair.chain = append(pair.chain, certificate)
		}
	}
	if pair.leaf == nil {
		return keyPair{}, errors.New("expected the certificate of the private key, got another one")
	}
	return pair, nil
}

// parsePFX reads PFX encrypted with any current algorithm; azidentity's parser
// does not support OpenSSL 3's defaults.
func parsePFX(content []byte) ([]*x509.Certificate, crypto.PrivateKey, error) {
	private, leaf, others, err := pkcs12.DecodeChain(content, "")
	return append([]*x509.Certificate{leaf}, others...), private, err
}
