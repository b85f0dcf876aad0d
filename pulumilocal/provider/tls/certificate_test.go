package tls_test

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"app-to-app/pulumilocal/provider/enginetest"
)

func parse(t *testing.T, state enginetest.State) *x509.Certificate {
	t.Helper()
	certificate, err := x509.ParseCertificate(decode(t, state.Text("certPem"), "CERTIFICATE"))
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestSelfSignedCertificate(t *testing.T) {
	t.Parallel()
	engine, clock := newTLS(t)
	state := newCertificate(t, engine, map[string]any{
		"subject":  map[string]any{"commonName": "orders-client", "organization": "Orders", "streetAddresses": []any{"1 Main St"}, "emailAddress": "a@b.example"},
		"dnsNames": []any{"orders.example"}, "ipAddresses": []any{"127.0.0.1"}, "uris": []any{"https://orders.example/x"}, "setSubjectKeyId": true, "setAuthorityKeyId": true,
	})
	certificate := parse(t, state)
	if err := certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature); err != nil {
		t.Errorf("signature: %v", err)
	}
	name := certificate.Subject
	if name.CommonName != "orders-client" || !slices.Equal(name.Organization, []string{"Orders"}) || !slices.Equal(name.StreetAddress, []string{"1 Main St"}) ||
		!strings.Contains(name.String(), "1.2.840.113549.1.9.1=") || certificate.Issuer.String() != name.String() {
		t.Errorf("got subject %q and issuer %q", name, certificate.Issuer)
	}
	if certificate.KeyUsage != x509.KeyUsageDigitalSignature || !slices.Equal(certificate.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}) {
		t.Errorf("got usage %v, %v", certificate.KeyUsage, certificate.ExtKeyUsage)
	}
	if !certificate.NotBefore.Equal(clock.now) || !certificate.NotAfter.Equal(clock.now.Add(240*time.Hour)) {
		t.Errorf("got validity %v to %v", certificate.NotBefore, certificate.NotAfter)
	}
	if state.Text("validityStartTime") != "2026-03-01T12:00:00Z" || state.Text("validityEndTime") != "2026-03-11T12:00:00Z" {
		t.Errorf("got times %q and %q", state.Text("validityStartTime"), state.Text("validityEndTime"))
	}
	if !slices.Equal(certificate.DNSNames, []string{"orders.example"}) || len(certificate.IPAddresses) != 1 || len(certificate.URIs) != 1 {
		t.Errorf("got names %v, %v, %v", certificate.DNSNames, certificate.IPAddresses, certificate.URIs)
	}
	if certificate.IsCA || len(certificate.SubjectKeyId) != 20 || !slices.Equal(certificate.AuthorityKeyId, certificate.SubjectKeyId) {
		t.Errorf("got authority %v, key identifiers %x and %x", certificate.IsCA, certificate.SubjectKeyId, certificate.AuthorityKeyId)
	}
	if state.ID != certificate.SerialNumber.String() || state.Text("keyAlgorithm") != "ECDSA" {
		t.Errorf("got id %q and algorithm %q", state.ID, state.Text("keyAlgorithm"))
	}
	if !state.Outputs["privateKeyPem"].IsSecret() || state.Outputs["certPem"].IsSecret() {
		t.Error("got a plain private key or a secret certificate")
	}
}

func TestCertificateOfEveryKey(t *testing.T) {
	t.Parallel()
	engine, _ := newTLS(t)
	for _, algorithm := range []string{"RSA", "ECDSA", "ED25519"} {
		for _, form := range []string{"privateKeyPem", "privateKeyPemPkcs8"} {
			t.Run(algorithm+" "+form, func(t *testing.T) {
				t.Parallel()
				key := engine.MustCreate(keyToken, "key", enginetest.Of(map[string]any{"algorithm": algorithm}))
				state := newCertificate(t, engine, map[string]any{"privateKeyPem": key.Outputs[resource.PropertyKey(form)]})
				if parse(t, state); state.Text("keyAlgorithm") != algorithm {
					t.Errorf("got algorithm %q, want %q", state.Text("keyAlgorithm"), algorithm)
				}
			})
		}
	}
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	engine, _ := newTLS(t)
	certificate := parse(t, newCertificate(t, engine, map[string]any{"isCaCertificate": true}))
	if !certificate.IsCA || len(certificate.SubjectKeyId) == 0 {
		t.Errorf("got %v, want an authority with a key identifier", certificate.IsCA)
	}
	inputs := map[string]any{"privateKeyPem": newKey(t, engine, map[string]any{"algorithm": "ED25519"}), "allowedUses": []any{}, "validityPeriodHours": 1}
	for property, want := range map[string]string{"isCaCertificate": "at least one name", "setAuthorityKeyId": `needs "setSubjectKeyId"`} {
		t.Run(property, func(t *testing.T) {
			t.Parallel()
			inputs := enginetest.Of(inputs)
			inputs[resource.PropertyKey(property)] = resource.NewProperty(true)
			if _, err := engine.Create(certificateToken, "it", inputs); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// TestRenewal checks that a certificate stays the same until its renewal is due.
func TestRenewal(t *testing.T) {
	t.Parallel()
	engine, clock := newTLS(t)
	state := newCertificate(t, engine, map[string]any{"earlyRenewalHours": 48})
	certificate := state.Text("certPem")
	start := clock.now

	clock.now = start.Add(192*time.Hour - time.Second)
	if got := engine.DiffState(state, state.Inputs); got.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("before its renewal: got %v, want no change", got)
	}
	clock.now = start.Add(192 * time.Hour)
	if got := engine.DiffState(state, state.Inputs); !slices.Equal(got.GetReplaces(), []string{"readyForRenewal"}) {
		t.Errorf("at its renewal: got %v, want a replacement", got)
	}
	refreshed, err := engine.Refresh(state)
	if err != nil || !refreshed.Outputs["readyForRenewal"].BoolValue() || refreshed.Text("certPem") != certificate {
		t.Errorf("refresh: got %v, %v, want the same certificate, ready", refreshed.Outputs["readyForRenewal"], err)
	}

	// A shorter time updates the resource and keeps the certificate.
	later := state.Inputs.Copy()
	later["earlyRenewalHours"] = resource.NewProperty(24.0)
	if got := engine.DiffState(refreshed, later); len(got.GetReplaces()) != 0 || got.GetChanges() != pulumirpc.DiffResponse_DIFF_SOME {
		t.Errorf("got %v, want an update", got)
	}
	updated, err := engine.Update(refreshed, later)
	if err != nil || updated.Text("certPem") != certificate || updated.Outputs["readyForRenewal"].BoolValue() || !updated.Outputs["privateKeyPem"].IsSecret() {
		t.Errorf("update: got another certificate, or one still ready (%v)", err)
	}
}

func TestPreviewMakesNoCertificate(t *testing.T) {
	t.Parallel()
	engine, _ := newTLS(t)
	outputs := engine.Preview(certificateToken, nil, enginetest.Of(map[string]any{
		"privateKeyPem": enginetest.Unknown, "allowedUses": []any{"client_auth"}, "validityPeriodHours": 24,
	}))
	if !outputs["certPem"].IsComputed() || !outputs["validityEndTime"].IsComputed() || !outputs["privateKeyPem"].IsSecret() {
		t.Errorf("got %v, want certificate and times unknown", outputs)
	}
}
