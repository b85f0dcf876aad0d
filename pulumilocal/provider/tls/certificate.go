package tls

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/url"
	"time"

	"app-to-app/pulumilocal/provider/plugin"
)

// This file makes certificates that sign themselves. The rules are:
//   - the validity starts now and is in the state, so that nothing changes from
//     one run to the next
//   - within earlyRenewalHours of its end a certificate is replaced although no
//     input changed; a refresh shows it as readyForRenewal before that
//   - only an authority needs a subject (RFC 5280 section 4.1.2.6)

// uses and extendedUses are the names as the provider has them: with
// underscores, although the generated SDK's text shows them in camel case
// (https://registry.terraform.io/providers/hashicorp/tls/latest/docs/resources/self_signed_cert).
var uses = map[string]x509.KeyUsage{
	"digital_signature":  x509.KeyUsageDigitalSignature,
	"content_commitment": x509.KeyUsageContentCommitment,
	"key_encipherment":   x509.KeyUsageKeyEncipherment,
	"data_encipherment":  x509.KeyUsageDataEncipherment,
	"key_agreement":      x509.KeyUsageKeyAgreement,
	"cert_signing":       x509.KeyUsageCertSign,
	"crl_signing":        x509.KeyUsageCRLSign,
	"encipher_only":      x509.KeyUsageEncipherOnly,
	"decipher_only":      x509.KeyUsageDecipherOnly,
}

var extendedUses = map[string]x509.ExtKeyUsage{
	"any_extended":                      x509.ExtKeyUsageAny,
	"server_auth":                       x509.ExtKeyUsageServerAuth,
	"client_auth":                       x509.ExtKeyUsageClientAuth,
	"code_signing":                      x509.ExtKeyUsageCodeSigning,
	"email_protection":                  x509.ExtKeyUsageEmailProtection,
	"ipsec_end_system":                  x509.ExtKeyUsageIPSECEndSystem,
	"ipsec_tunnel":                      x509.ExtKeyUsageIPSECTunnel,
	"ipsec_user":                        x509.ExtKeyUsageIPSECUser,
	"timestamping":                      x509.ExtKeyUsageTimeStamping,
	"ocsp_signing":                      x509.ExtKeyUsageOCSPSigning,
	"microsoft_server_gated_crypto":     x509.ExtKeyUsageMicrosoftServerGatedCrypto,
	"netscape_server_gated_crypto":      x509.ExtKeyUsageNetscapeServerGatedCrypto,
	"microsoft_commercial_code_signing": x509.ExtKeyUsageMicrosoftCommercialCodeSigning,
	"microsoft_kernel_code_signing":     x509.ExtKeyUsageMicrosoftKernelCodeSigning,
}

func knownUse(name string) bool {
	_, usage := uses[name]
	_, extended := extendedUses[name]
	return usage || extended
}

func validateCertificate(_ context.Context, c *plugin.Check) {
	inputs := c.Plain()
	for i, use := range texts(inputs["allowedUses"]) {
		if use != "" && !knownUse(use) {
			c.Fail(fmt.Sprintf("allowedUses[%d]", i), "property %q: expected names such as %q and %q, got %q", "allowedUses", "digital_signature", "client_auth", use)
		}
	}
	for i, address := range texts(inputs["ipAddresses"]) {
		if address != "" && net.ParseIP(address) == nil {
			c.Fail(fmt.Sprintf("ipAddresses[%d]", i), "property %q: expected an IP address, got %q", "ipAddresses", address)
		}
	}
	for _, name := range []string{"validityPeriodHours", "earlyRenewalHours"} {
		if hours, ok := inputs[name].(float64); ok && hours < 0 {
			c.Fail(name, "property %q: expected at least 0, got %v", name, hours)
		}
	}
	if key, ok := c.Known("privateKeyPem"); ok {
		if _, _, err := parseKey(key); err != nil {
			c.Fail("privateKeyPem", "property %q: %v", "privateKeyPem", err)
		}
	}
}

// texts are the strings of a list; unknown ones are empty.
func texts(list any) []string {
	elements, _ := list.([]any)
	result := make([]string, len(elements))
	for i, element := range elements {
		result[i], _ = element.(string)
	}
	return result
}

func hours(o plugin.Object, name string) time.Duration {
	n, _ := o[name].(float64)
	return time.Duration(n) * time.Hour
}

type certificateMaker struct {
	kept
	now func() time.Time
}

// isDue reports whether it is time to renew a certificate.
func (m certificateMaker) isDue(state plugin.Object, early time.Duration) bool {
	text, _ := state["validityEndTime"].(string)
	end, err := time.Parse(time.RFC3339, text)
	return err == nil && !m.now().Before(end.Add(-early))
}

func (m certificateMaker) renewalDue(state, inputs plugin.Object) []string {
	if m.isDue(state, hours(inputs, "earlyRenewalHours")) {
		return []string{"readyForRenewal"}
	}
	return nil
}

func (m certificateMaker) Create(_ context.Context, call plugin.Call) (plugin.Result, error) {
	text, _ := call.Inputs["privateKeyPem"].(string)
	key, algorithm, err := parseKey(text)
	if err != nil {
		return plugin.Result{}, fmt.Errorf("make certificate: property %q: %w", "privateKeyPem", err)
	}
	template, err := m.template(call.Inputs, key.Public())
	if err != nil {
		return plugin.Result{}, fmt.Errorf("make certificate: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return plugin.Result{}, fmt.Errorf("make certificate: %w", err)
	}
	state := plugin.Object{"earlyRenewalHours": 0.0, "isCaCertificate": false, "setAuthorityKeyId": false, "setSubjectKeyId": false}
	maps.Copy(state, call.Inputs)
	maps.Copy(state, plugin.Object{
		"certPem":           string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"keyAlgorithm":      algorithm,
		"readyForRenewal":   false,
		"validityStartTime": template.NotBefore.Format(time.RFC3339Nano),
		"validityEndTime":   template.NotAfter.Format(time.RFC3339Nano),
	})
	return plugin.Result{ID: template.SerialNumber.String(), State: state}, nil
}

// Read only finds out whether it is time to renew the certificate.
func (m certificateMaker) Read(_ context.Context, call plugin.Call) (plugin.Result, error) {
	state := maps.Clone(call.State)
	if m.isDue(state, hours(state, "earlyRenewalHours")) {
		state["readyForRenewal"] = true
	}
	return plugin.Result{ID: call.ID, State: state}, nil
}

// Update changes earlyRenewalHours and keeps the certificate.
func (m certificateMaker) Update(_ context.Context, call plugin.Call) (plugin.Result, error) {
	state := maps.Clone(call.State)
	state["earlyRenewalHours"] = 0.0
	maps.Copy(state, call.Inputs)
	state["readyForRenewal"] = false
	return plugin.Result{ID: call.ID, State: state}, nil
}

func (m certificateMaker) template(inputs plugin.Object, public crypto.PublicKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, err
	}
	start := m.now()
	template := &x509.Certificate{
		SerialNumber: serial, BasicConstraintsValid: true, Subject: subject(inputs["subject"]), DNSNames: texts(inputs["dnsNames"]),
		NotBefore: start, NotAfter: start.Add(hours(inputs, "validityPeriodHours")),
	}
	for _, address := range texts(inputs["ipAddresses"]) {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(address))
	}
	for _, text := range texts(inputs["uris"]) {
		uri, err := url.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("property %q: expected a URI, got %q", "uris", text)
		}
		template.URIs = append(template.URIs, uri)
	}
	for _, use := range texts(inputs["allowedUses"]) {
		template.KeyUsage |= uses[use]
		if extended, ok := extendedUses[use]; ok {
			template.ExtKeyUsage = append(template.ExtKeyUsage, extended)
		}
	}
	return template, identify(template, inputs, public)
}

// identify sets the key identifiers of RFC 5280 sections 4.2.1.1 and 4.2.1.2.
func identify(template *x509.Certificate, inputs plugin.Object, public crypto.PublicKey) error {
	authority, _ := inputs["isCaCertificate"].(bool)
	if authority && len(template.Subject.ToRDNSequence()) == 0 {
		return fmt.Errorf("property %q: an authority needs at least one name", "subject")
	}
	template.IsCA = authority
	if set, _ := inputs["setSubjectKeyId"].(bool); set || authority {
		id, err := keyID(public)
		if err != nil {
			return err
		}
		template.SubjectKeyId = id
	}
	if set, _ := inputs["setAuthorityKeyId"].(bool); set {
		if template.SubjectKeyId == nil {
			return fmt.Errorf("property %q: needs %q", "setAuthorityKeyId", "setSubjectKeyId")
		}
		template.AuthorityKeyId = template.SubjectKeyId
	}
	return nil
}

// keyID is the SHA-1 of the bits of the public key (RFC 5280 section 4.2.1.2,
// method 1).
func keyID(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.RightAlign())
	return sum[:], nil
}

func subject(value any) pkix.Name {
	given, _ := value.(plugin.Object)
	text := func(name string) string {
		s, _ := given[name].(string)
		return s
	}
	list := func(name string) []string {
		if s := text(name); s != "" {
			return []string{s}
		}
		return nil
	}
	name := pkix.Name{
		CommonName: text("commonName"), SerialNumber: text("serialNumber"), Organization: list("organization"),
		OrganizationalUnit: list("organizationalUnit"), StreetAddress: texts(given["streetAddresses"]), Locality: list("locality"),
		Province: list("province"), Country: list("country"), PostalCode: list("postalCode"),
	}
	if email := text("emailAddress"); email != "" {
		// PKCS #9: https://datatracker.ietf.org/doc/html/rfc2985#section-5.2.1
		name.ExtraNames = append(name.ExtraNames, pkix.AttributeTypeAndValue{
			Type:  asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1},
			Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(email)},
		})
	}
	return name
}
