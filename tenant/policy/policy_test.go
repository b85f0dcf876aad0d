package policy_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/tenant/policy"
	"app-to-app/tenant/tenanttest"
)

const day = 24 * time.Hour

// A tenantWorld is a tenant whose policies a test sets.
type tenantWorld struct {
	*testing.T
	sandbox *sandbox.Sandbox
	session *azurecloud.Session
}

func newTenant(t *testing.T) *tenantWorld {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	login, err := s.AddDeployer(s.Tenants()[0], "administrator", []string{"Application.ReadWrite.All", "Application.Read.All", "Policy.ReadWrite.ApplicationConfiguration"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &tenantWorld{t, s, tenanttest.SignIn(t, s, login, nil)}
}

func (w *tenantWorld) now() time.Time { return w.sandbox.Store().Now() }

// must fails the test over an error.
func (w *tenantWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

// set replaces the default policy's restrictions of applications.
func (w *tenantWorld) set(enabled bool, passwords, keys string) {
	w.Helper()
	w.must(w.session.Graph.Patch(w.Context(), "/v1.0/policies/defaultAppManagementPolicy", map[string]any{"displayName": "strict", "isEnabled": enabled,
		"applicationRestrictions": map[string]any{"passwordCredentials": raw("[" + passwords + "]"), "keyCredentials": raw("[" + keys + "]")}}))
}

// register makes an application, to which a policy with these restrictions is
// assigned unless there are none.
func (w *tenantWorld) register(assigned string) (objectID string) {
	w.Helper()
	var app, made struct{ ID string }
	w.must(w.session.Graph.Post(w.Context(), "/v1.0/applications", map[string]any{"displayName": "client"}, &app))
	if assigned != "" {
		w.must(w.session.Graph.Post(w.Context(), "/v1.0/policies/appManagementPolicies", map[string]any{"displayName": "own", "description": "own", "isEnabled": true, "restrictions": raw(assigned)}, &made))
		w.must(w.session.Graph.Post(w.Context(), "/v1.0/applications/"+app.ID+"/appManagementPolicies/$ref",
			map[string]any{"@odata.id": w.session.Cloud.Graph + "/v1.0/policies/appManagementPolicies/" + made.ID}, nil))
	}
	return app.ID
}

// add gives an application the credential, as an update would, and returns what
// Graph refuses it with.
func (w *tenantWorld) add(objectID string, c policy.Credential) (code string) {
	w.Helper()
	now := w.now().Truncate(time.Second).UTC()
	path := "/v1.0/applications/" + objectID
	var err error
	if c.Kind == policy.ClientSecret {
		err = w.session.Graph.Post(w.Context(), path+"/addPassword", map[string]any{"passwordCredential": map[string]any{
			"startDateTime": now.Format(time.RFC3339), "endDateTime": now.Add(c.Lifetime).Format(time.RFC3339)}}, nil)
	} else {
		err = w.session.Graph.Patch(w.Context(), path, map[string]any{"keyCredentials": []any{map[string]any{
			"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.StdEncoding.EncodeToString(w.certificate(now, now.Add(c.Lifetime)))}}})
	}
	var refused *azurecloud.StatusError
	if err != nil && !errors.As(err, &refused) {
		w.Fatal(err)
	}
	if refused != nil {
		return refused.Code
	}
	return ""
}

func (w *tenantWorld) certificate(from, until time.Time) []byte {
	w.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotBefore: from, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	w.must(err)
	return der
}

// The codes that Graph refuses a credential with.
const (
	notAllowed = "CredentialTypeNotAllowedAsPerAppPolicy"
	tooLong    = "CredentialInvalidLifetimeAsPerAppPolicy"
	untrusted  = "Request_BadRequest" // not known
)

// TestPoliciesAndClients judges a credential by a tenant's policies, and then does
// what an update would do without the preflight: Graph must refuse exactly what was
// found, with the code of that restriction.
func TestPoliciesAndClients(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	const (
		forbidden = `{"restrictionType":"passwordAddition","state":"enabled"}`
		off       = `{"restrictionType":"passwordAddition","state":"disabled"}`
		keys30    = `{"restrictionType":"asymmetricKeyLifetime","state":"enabled","maxLifetime":"P30D"}`
		issuers   = `{"restrictionType":"trustedCertificateAuthority","state":"enabled"}`
	)
	secrets := func(most string) string {
		return `{"restrictionType":"passwordLifetime","state":"enabled","maxLifetime":"` + most + `"}`
	}
	since := func(restriction string, at time.Time) string {
		return strings.TrimSuffix(restriction, "}") + `,"restrictForAppsCreatedAfterDateTime":"` + at.UTC().Format(time.RFC3339) + `"}`
	}
	own := func(passwords string) string { return `{"passwordCredentials":[` + passwords + `]}` }
	secret := policy.Credential{Client: "legacy", Key: "k", Kind: policy.ClientSecret, Lifetime: 180 * day}
	certificate := policy.Credential{Client: "partner", Key: "k", Kind: policy.Certificate, Lifetime: 180 * day}
	brought := policy.Credential{Client: "partner", Key: "k", Kind: policy.Certificate, Lifetime: 400 * day, Brought: true}
	shortest := policy.Credential{Client: "legacy", Key: "k", Kind: policy.ClientSecret, Lifetime: 16 * day}
	const strict = `policy "strict" (00000000-0000-0000-0000-000000000000)`
	tomorrow, yesterday := w.now().Add(day), w.now().Add(-day)
	for _, tt := range []struct {
		name            string
		disabled        bool
		passwords, keys string
		assigned        string // restrictions of a policy that is assigned to the client's app
		exists          bool   // the client's app, since now
		credential      policy.Credential
		code            string // that Graph answers with; "" admits
		text            string // of the finding, or a part of it
		rotation        int
	}{
		{name: "no restriction, a secret", credential: secret},
		{name: "no restriction, a certificate", credential: certificate},
		{name: "a policy that is not enabled", disabled: true, passwords: forbidden, keys: keys30, credential: secret},
		{name: "secrets forbidden, a new client", passwords: forbidden, credential: secret, code: notAllowed,
			text: `client "legacy": ` + strict + ` forbids a new client secret (passwordAddition)`},
		{name: "secrets forbidden, an existing client", passwords: forbidden, exists: true, credential: secret, code: notAllowed, text: `forbids a new client secret (passwordAddition)`},
		{name: "secrets forbidden, a certificate", passwords: forbidden, credential: certificate},
		{name: "the rule switched off", passwords: off, credential: secret},
		{name: "forbidden for apps from tomorrow", passwords: since(forbidden, tomorrow), credential: secret},
		{name: "forbidden for apps since yesterday, a new client", passwords: since(forbidden, yesterday), credential: secret, code: notAllowed,
			text: `(passwordAddition, for apps created since ` + yesterday.UTC().Format(time.DateOnly) + `)`},
		{name: "forbidden for apps from tomorrow, an existing client", passwords: since(forbidden, tomorrow), exists: true, credential: secret},
		{name: "exactly the longest lifetime", passwords: secrets("P180D"), credential: secret},
		{name: "a day too long", passwords: secrets("P179D"), credential: secret, code: tooLong, rotation: 89,
			text: `client "legacy": its client secret is valid for up to 180 days, ` + strict + ` allows 179 days: 1 day too long (passwordLifetime)`},
		{name: "a second too long", passwords: secrets("P179DT23H59M59S"), credential: secret, code: tooLong, rotation: 89, text: `allows 179 days and 23h59m59s: 1 day too long`},
		{name: "half a year too long", passwords: secrets("P30D"), credential: secret, code: tooLong, rotation: 15, text: `150 days too long`},
		{name: "shorter than any rotation", passwords: secrets("P15D"), credential: secret, code: tooLong, text: `165 days too long`},
		{name: "the shortest rotation", passwords: secrets("P16D"), credential: shortest},
		{name: "forbidden and too long: one message", passwords: forbidden + "," + secrets("P30D"), credential: secret, code: notAllowed, text: "forbids a new client secret"},
		{name: "a certificate too long", keys: keys30, credential: certificate, code: tooLong, rotation: 15,
			text: `client "partner": its certificate is valid for up to 180 days, ` + strict + ` allows 30 days: 150 days too long (asymmetricKeyLifetime)`},
		{name: "a certificate from elsewhere too long", keys: keys30, credential: brought, code: tooLong, text: `valid for up to 400 days`},
		{name: "certificates of certain issuers", keys: issuers, credential: certificate, code: untrusted, text: `wants certificates of certain authorities, and the program's is self-signed (trustedCertificateAuthority)`},
		{name: "certificates limited, a secret", keys: keys30 + "," + issuers, credential: secret},
		{name: "the app's own policy forbids", assigned: own(forbidden), exists: true, credential: secret, code: notAllowed, text: `policy "own" (`},
		{name: "the app's own policy allows what the default forbids", passwords: forbidden, assigned: own(off), exists: true, credential: secret},
		{name: "the app's own policy allows longer", passwords: secrets("P30D"), assigned: own(secrets("P365D")), exists: true, credential: secret},
		{name: "the app's own policy says nothing of lifetimes", passwords: secrets("P30D"), assigned: own(off), exists: true, credential: secret, code: tooLong, rotation: 15, text: strict + ` allows 30 days`},
		{name: "what a client never has", passwords: `{"restrictionType":"symmetricKeyAddition","state":"enabled"},{"restrictionType":"customPasswordAddition","state":"enabled"},` +
			`{"restrictionType":"symmetricKeyLifetime","state":"enabled","maxLifetime":"P1D"}`, credential: secret},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &tenantWorld{t, w.sandbox, w.session}
			w.set(!tt.disabled, tt.passwords, tt.keys)
			c := tt.credential
			if tt.exists {
				c.ApplicationID, c.Created = w.register(tt.assigned), w.now().Truncate(time.Second)
			}
			policies, note, ok, err := policy.Read(t.Context(), w.session)
			if err != nil || !ok || note != "" {
				t.Fatalf("read the policies: got %q, %t, %v", note, ok, err)
			}
			findings, notes := policy.Judge(policies, []policy.Credential{c}, w.now())
			if len(notes) > 0 || len(findings) > 1 || (len(findings) == 1) != (tt.code != "") {
				t.Fatalf("got %+v and notes %q, want a finding: %t", findings, notes, tt.code != "")
			}
			if len(findings) == 1 && (!strings.Contains(findings[0].Text, tt.text) || findings[0].RotationDays != tt.rotation) {
				t.Errorf("got %q with rotationDays %d, want %q with %d", findings[0].Text, findings[0].RotationDays, tt.text, tt.rotation)
			}
			if !tt.exists {
				c.ApplicationID = w.register("")
			}
			if got := w.add(c.ApplicationID, c); got != tt.code {
				t.Errorf("without the preflight: Graph answers %q, want %q", got, tt.code)
			}
		})
	}
}

// TestOneRotationForAll: rotationDays is one setting for all clients, so its fix
// must not help one and break another.
func TestOneRotationForAll(t *testing.T) {
	t.Parallel()
	policies := policy.Policies{Default: policy.Policy{ID: "p", Name: "n", Enabled: true, Restrictions: []policy.Restriction{
		{Type: policy.PasswordLifetime, Most: "P60D"}, {Type: policy.CertificateLifetime, Most: "P20D"}}}}
	findings, _ := policy.Judge(policies, []policy.Credential{
		{Client: "a", Kind: policy.ClientSecret, Lifetime: 180 * day}, {Client: "b", Kind: policy.Certificate, Lifetime: 180 * day}, {Client: "c", Kind: policy.Certificate, Lifetime: 90 * day, Brought: true}}, time.Now())
	if len(findings) != 3 || findings[0].RotationDays != 10 || findings[1].RotationDays != 10 || findings[2].RotationDays != 0 {
		t.Errorf("got %+v, want 10 for both that rotate", findings)
	}
}

// TestSinceAMoment: a restriction is for apps that were created on its date or after
// it, to the second.
func TestSinceAMoment(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	policies := policy.Policies{Default: policy.Policy{Enabled: true, Restrictions: []policy.Restriction{{Type: policy.PasswordAddition, Since: &at}}}}
	for created, want := range map[time.Time]int{at: 1, at.Add(-time.Second): 0} {
		if findings, _ := policy.Judge(policies, []policy.Credential{{Kind: policy.ClientSecret, Created: created}}, at.Add(day)); len(findings) != want {
			t.Errorf("created at %v: got %d findings, want %d", created, len(findings), want)
		}
	}
}

// TestNotJudged: what cannot be told is a note, and no finding.
func TestNotJudged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		restriction policy.Restriction
		credential  policy.Credential
		want        string
	}{
		"an exempted actor": {policy.Restriction{Type: policy.PasswordAddition, Exempts: map[string]any{}}, policy.Credential{Client: "a", Kind: policy.ClientSecret}, "unless this login is one of the actors that it exempts"},
		"an exempted actor, of a lifetime": {policy.Restriction{Type: policy.PasswordLifetime, Most: "P1D", Exempts: map[string]any{}}, policy.Credential{Client: "a", Kind: policy.ClientSecret, Lifetime: 2 * day},
			"unless this login is one of the actors that it exempts"},
		"a certificate of an unknown issuer": {policy.Restriction{Type: policy.CertificateAuthority}, policy.Credential{Client: "a", Kind: policy.Certificate, Brought: true}, "was not looked at"},
		"a duration of years":                {policy.Restriction{Type: policy.PasswordLifetime, Most: "P1Y"}, policy.Credential{Client: "a", Kind: policy.ClientSecret}, `expected a duration in maxLifetime of passwordLifetime, got "P1Y"`},
		"no duration":                        {policy.Restriction{Type: policy.PasswordLifetime, Most: "PT"}, policy.Credential{Client: "a", Kind: policy.ClientSecret}, `got "PT": not judged`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policies := policy.Policies{Default: policy.Policy{ID: "p", Name: "n", Enabled: true, Restrictions: []policy.Restriction{tt.restriction}}}
			findings, notes := policy.Judge(policies, []policy.Credential{tt.credential}, time.Now())
			if len(findings) > 0 || len(notes) != 1 || !strings.Contains(notes[0], tt.want) {
				t.Errorf("got %+v and %q, want a note with %q", findings, notes, tt.want)
			}
		})
	}
}

// TestReadWithoutPermission: a login that may not read policies gets a note, and
// one that cannot sign in an error.
func TestReadWithoutPermission(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	session := tenanttest.SignIn(t, s, s.Tenants()[0], nil)
	if _, note, ok, err := policy.Read(t.Context(), session); ok || err != nil || !strings.Contains(note, "this login lacks Policy.Read.All") {
		t.Errorf("got %q, %t, %v", note, ok, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, ok, err := policy.Read(ended, session); ok || err == nil {
		t.Errorf("with a context that ended: got %t, %v", ok, err)
	}
}
