package tls_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"app-to-app/pulumilocal/provider/enginetest"
	"app-to-app/pulumilocal/provider/tls"
)

const (
	keyToken         = "tls:index/privateKey:PrivateKey"
	certificateToken = "tls:index/selfSignedCert:SelfSignedCert"
)

// A clock is a time that tests can change.
type clock struct{ now time.Time }

func newTLS(t *testing.T) (*enginetest.Engine, *clock) {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return enginetest.New(t, tls.New(tls.Options{Now: func() time.Time { return c.now }})), c
}

// newKey makes a key and returns it as the SDK passes it on.
func newKey(t *testing.T, engine *enginetest.Engine, inputs map[string]any) resource.PropertyValue {
	t.Helper()
	return enginetest.Secret(engine.MustCreate(keyToken, "key", enginetest.Of(inputs)).Text("privateKeyPem"))
}

func newCertificate(t *testing.T, engine *enginetest.Engine, more map[string]any) enginetest.State {
	t.Helper()
	inputs := map[string]any{
		"privateKeyPem": newKey(t, engine, map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P256"}),
		"allowedUses":   []any{"digital_signature", "client_auth"}, "validityPeriodHours": 240,
		"subject": map[string]any{"commonName": "orders-client"},
	}
	for name, value := range more {
		inputs[name] = value
	}
	return engine.MustCreate(certificateToken, "it", enginetest.Of(inputs))
}

// replaceOnChange are the inputs whose change makes a new key or certificate.
var replaceOnChange = map[string][]string{
	keyToken: {"algorithm", "ecdsaCurve", "rsaBits"},
	certificateToken: {
		"allowedUses", "dnsNames", "ipAddresses", "isCaCertificate", "privateKeyPem", "setAuthorityKeyId", "setSubjectKeyId",
		"subject", "uris", "validityPeriodHours",
	},
}

func TestReplaceOnChange(t *testing.T) {
	t.Parallel()
	engine, _ := newTLS(t)
	engine.CheckReplacements(tls.New(tls.Options{}), replaceOnChange)
}

func TestCheckRefusals(t *testing.T) {
	t.Parallel()
	engine, _ := newTLS(t)
	certificate := func(name string, value any) map[string]any {
		inputs := map[string]any{"privateKeyPem": enginetest.Unknown, "allowedUses": []any{}, "validityPeriodHours": 1}
		inputs[name] = value
		return inputs
	}
	for _, test := range []struct {
		name, token string
		inputs      map[string]any
		want        string
	}{
		{"no algorithm", keyToken, map[string]any{}, `missing required property "algorithm"`},
		{"algorithm", keyToken, map[string]any{"algorithm": "DSA"}, `got "DSA"`},
		{"curve", keyToken, map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P-256"}, `got "P-256"`},
		{"short key", keyToken, map[string]any{"algorithm": "RSA", "rsaBits": 512}, "got 512"},
		{"misspelt", keyToken, map[string]any{"algorithm": "RSA", "rsaBit": 2048}, `did you mean "rsaBits"?`},
		{"no uses", certificateToken, map[string]any{"privateKeyPem": enginetest.Unknown, "validityPeriodHours": 1}, `missing required property "allowedUses"`},
		{"use", certificateToken, certificate("allowedUses", []any{"clientAuth"}), `got "clientAuth"`},
		{"validity", certificateToken, certificate("validityPeriodHours", -1), "at least 0"},
		{"early renewal", certificateToken, certificate("earlyRenewalHours", -1), "at least 0"},
		{"address", certificateToken, certificate("ipAddresses", []any{"localhost"}), `got "localhost"`},
		{"key", certificateToken, certificate("privateKeyPem", "hunter2"), "expected a private key in PEM"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, failures := engine.Check(test.token, "it", nil, enginetest.Of(test.inputs))
			if len(failures) != 1 || !strings.Contains(failures[0], test.want) || strings.Contains(failures[0], "hunter2") {
				t.Errorf("got %q, want one failure with %q", failures, test.want)
			}
		})
	}
}

func TestOtherTypesAreNotEmulated(t *testing.T) {
	t.Parallel()
	engine, _ := newTLS(t)
	for _, token := range []string{"tls:index/certRequest:CertRequest", "tls:index/locallySignedCert:LocallySignedCert"} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			_, err := engine.Server().Check(t.Context(), &pulumirpc.CheckRequest{Urn: enginetest.URN(token, "it")})
			if err == nil || !strings.Contains(err.Error(), "is not emulated by the stand-in for tls") || !strings.Contains(err.Error(), token) {
				t.Errorf("got %v, want it named as not emulated", err)
			}
		})
	}
	for _, token := range []string{"tls:index/getCertificate:getCertificate", "tls:index/getPublicKey:getPublicKey"} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			if _, err := engine.Invoke(token, nil); err == nil || !strings.Contains(err.Error(), "is not emulated by the stand-in for tls") {
				t.Errorf("got %v, want it named as not emulated", err)
			}
		})
	}
}
