// Package tls stands in for Pulumi's tls provider 5.2.2: its resources
// PrivateKey and SelfSignedCert. Keys and certificates are real, made with
// crypto/rand on this machine, without any call.
//
// Like the official provider it keeps a private key in the state, as a secret,
// and makes none in a preview. Certificate requests, certificates signed by
// another key, and the provider's functions are not emulated.
//
// Not for production.
package tls

import (
	"context"
	"time"

	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"

	"app-to-app/pulumilocal/provider/plugin"
)

// Version is the version of the provider that this stands in for.
const Version = "5.2.2"

// Options are what a provider takes from its process.
type Options struct {
	Now func() time.Time // nil: time.Now
}

// New defines the provider.
func New(options Options) plugin.Definition {
	if options.Now == nil {
		options.Now = time.Now
	}
	certificates := certificateMaker{now: options.Now}
	return plugin.Definition{
		Name:    "tls",
		Version: Version,
		Config:  []string{"proxy"}, // only for the function getCertificate
		Resources: map[string]plugin.Resource{
			"tls:index/privateKey:PrivateKey": {
				Args: plugin.TypeOf(tls.PrivateKeyArgs{}), State: plugin.TypeOf(tls.PrivateKey{}),
				Replace:  []string{"algorithm", "ecdsaCurve", "rsaBits"},
				Secret:   []string{"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"},
				Validate: validateKey, Lifecycle: keyMaker{},
			},
			"tls:index/selfSignedCert:SelfSignedCert": {
				Args: plugin.TypeOf(tls.SelfSignedCertArgs{}), State: plugin.TypeOf(tls.SelfSignedCert{}),
				Required: []string{"allowedUses"},
				// All but earlyRenewalHours, which says when to replace.
				Replace: []string{
					"allowedUses", "dnsNames", "ipAddresses", "isCaCertificate", "privateKeyPem", "setAuthorityKeyId",
					"setSubjectKeyId", "subject", "uris", "validityPeriodHours",
				},
				Secret:   []string{"privateKeyPem"},
				Validate: validateCertificate, RenewalDue: certificates.renewalDue, Lifecycle: certificates,
			},
		},
	}
}

// kept is the lifecycle of objects that exist only in the state.
type kept struct{}

func (kept) Read(_ context.Context, call plugin.Call) (plugin.Result, error) {
	return plugin.Result{ID: call.ID, State: call.State}, nil
}

func (kept) Delete(context.Context, plugin.Call) error { return nil }
