package settings_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/components/credentials"
	"app-to-app/settings"
	"app-to-app/settings/settingstest"
)

func keyPair(t *testing.T, p settingstest.Pair) credentials.KeyPair {
	t.Helper()
	parsed, err := credentials.ParseKeyPair(p.PEM())
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestIdentitySettings(t *testing.T) {
	t.Parallel()
	legacySecret := settings.Identity{Kind: settings.ClientSecret, Rotation: rotationOf(90)}
	for _, tt := range []struct {
		name   string
		client string // the fields except the name
		edits  map[string]string
		want   settings.Client // without its name, roles and schedule
	}{
		{name: "system-assigned", client: `"identity":"systemAssigned"`,
			want: settings.Client{Identity: settings.Identity{Kind: "systemAssigned"}, FunctionApp: true, TokenProviders: []string{"azidentity"}}},
		{name: "a secret with a token provider that needs one", client: `"identity":"clientSecret","tokenProviders":["adal"]`,
			want: settings.Client{Identity: legacySecret, FunctionApp: true, TokenProviders: []string{"adal"}}},
		{name: "a secret of an outside client", client: `"identity":"clientSecret","functionApp":false`,
			want: settings.Client{Identity: legacySecret, TokenProviders: []string{"azidentity"}}},
		{name: "another period", client: `"identity":"clientSecret"`, edits: map[string]string{"app-to-app:rotationDays": "8"},
			want: settings.Client{Identity: settings.Identity{Kind: settings.ClientSecret, Rotation: rotationOf(8)}, FunctionApp: true, TokenProviders: []string{"azidentity"}}},
		{name: "a rehearsal", client: `"identity":"clientSecret"`, edits: map[string]string{"app-to-app:asOf": today.Format(time.DateOnly)},
			want: settings.Client{Identity: legacySecret, FunctionApp: true, TokenProviders: []string{"azidentity"}}},
		{name: "a generated certificate", client: `"identity":"certificate"`,
			want: settings.Client{Identity: settings.Identity{Kind: settings.Certificate, Rotation: rotationOf(90)}, FunctionApp: true, TokenProviders: []string{"azidentity"}}},
		{name: "a certificate that was brought", client: `"identity":"certificate"`,
			edits: map[string]string{"app-to-app:certificates": settingstest.Certificates(t, settingstest.Pairs()[0].PEM())},
			want: settings.Client{Identity: settings.Identity{Kind: settings.Certificate, Rotation: rotationOf(90), Brought: []credentials.KeyPair{keyPair(t, settingstest.Pairs()[0])}},
				FunctionApp: true, TokenProviders: []string{"azidentity"}}},
		{name: "two certificates, the second one waiting", client: `"identity":"certificate"`,
			edits: map[string]string{"app-to-app:certificates": settingstest.Certificates(t, []string{settingstest.Pairs()[1].PEM(), settingstest.Pairs()[0].Certificate + settingstest.Pairs()[0].Key})},
			want: settings.Client{Identity: settings.Identity{Kind: settings.Certificate, Rotation: rotationOf(90),
				Brought: []credentials.KeyPair{keyPair(t, settingstest.Pairs()[1]), keyPair(t, settingstest.Pairs()[0])}}, FunctionApp: true, TokenProviders: []string{"azidentity"}}},
		{name: "federated with its own identity", client: `"identity":"federated","tokenProviders":["msal","azidentity"]`,
			want: settings.Client{Identity: settings.Identity{Kind: "federated"}, FunctionApp: true, TokenProviders: []string{"msal", "azidentity"}}},
		{name: "federated with a CI system", client: `"identity":"federated","issuer":"https://token.actions.githubusercontent.com","subject":"repo:o/r:environment:dev"`,
			want: settings.Client{Identity: settings.Identity{Kind: "federated", Federation: &settings.Federation{
				Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:o/r:environment:dev", Audience: "api://AzureADTokenExchange"}},
				TokenProviders: []string{"azidentity"}}},
		{name: "existing by its object id", client: `"identity":"existing","objectId":"` + strings.ToUpper(partnerID) + `"`,
			want: settings.Client{Identity: settings.Identity{Kind: "existing", ObjectID: partnerID, ClientID: partnerID[:35] + "9"}, TokenProviders: []string{"azidentity"}}},
		{name: "existing by its name", client: `"identity":"existing","displayName":"Partner"`,
			want: settings.Client{Identity: settings.Identity{Kind: "existing", DisplayName: "Partner", ObjectID: partnerID, ClientID: partnerID[:35] + "9"}, TokenProviders: []string{"azidentity"}}},
		{name: "between two kinds", client: `"identity":"managedIdentity","previousIdentity":"clientSecret"`,
			want: settings.Client{Identity: settings.Identity{Kind: "managedIdentity"}, Previous: &legacySecret, FunctionApp: true, TokenProviders: []string{"azidentity"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			edits := map[string]string{"app-to-app:clients": settingstest.Clients(tt.client)}
			for key, value := range tt.edits {
				edits[key] = value
			}
			got, problems := load(t, "dev", edits)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			want := defaults()
			tt.want.Name, tt.want.Code, tt.want.Roles, tt.want.Schedule = "orders-client", "orders-client", []string{"Orders.Read"}, "0 */10 * * * *"
			want.Clients = []settings.Client{tt.want}
			if tt.edits["app-to-app:asOf"] != "" { // the start of the day is in the same quarter
				got.Clients[0].Identity.Rotation = rotationOf(90)
			}
			got.BlockedCallers = nil
			if !equalSettings(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// identityRefusals are wrong inputs of identities, one problem each.
var identityRefusals = []struct {
	name, stack, client string // the fields except the name
	edits               map[string]string
	want                []string
}{
	{name: "adal with a managed identity", client: `"tokenProviders":["adal"]`, want: []string{`works with the identity managedIdentity (azidentity, msal, appauth), got "adal"`}},
	{name: "adal with a federated identity", client: `"identity":"federated","tokenProviders":["adal"]`, want: []string{`works with the identity federated (azidentity, msal), got "adal"`}},
	{name: "appauth with a federated identity", client: `"identity":"federated","tokenProviders":["appauth"]`, want: []string{`works with the identity federated (azidentity, msal), got "appauth"`}},
	{name: "unknown token provider", client: `"identity":"clientSecret","tokenProviders":["oidc"]`, want: []string{`(azidentity, msal, appauth, adal), got "oidc"`}},
	{name: "identity that is no text", client: `"identity":7`, want: []string{"clients[0].identity: expected a text, got 7"}},
	{name: "system-assigned without an app", client: `"identity":"systemAssigned","functionApp":false`,
		want: []string{"clients[0].functionApp: expected a function app, because a systemAssigned identity belongs to one", "set --path 'app-to-app:clients[0].functionApp' true"}},
	{name: "existing with an app", client: `"identity":"existing","displayName":"Partner","functionApp":true`,
		want: []string{"expected no function app for an identity that signs in elsewhere (existing)", "functionApp' false"}},
	{name: "outside issuer with an app", client: `"identity":"federated","issuer":"https://ci.test","subject":"s","functionApp":true`,
		want: []string{"signs in elsewhere (federated with an outside issuer)"}},
	{name: "existing without a name", client: `"identity":"existing"`, want: []string{"clients[0].objectId: expected the object id of the service principal, or its displayName, got neither"}},
	{name: "existing with both", client: `"identity":"existing","displayName":"Partner","objectId":"` + partnerID + `"`, want: []string{"and not both"}},
	{name: "existing with a bad object id", client: `"identity":"existing","objectId":"Partner"`, want: []string{`clients[0].objectId: expected a GUID, got "partner"`}},
	{name: "existing service principal that does not exist", client: `"identity":"existing","objectId":"` + callerID + `"`, want: []string{"clients[0].objectId: expected exactly one service principal: ", "az ad sp list"}},
	{name: "existing by an ambiguous name", client: `"identity":"existing","displayName":"Twin"`, want: []string{"clients[0].displayName: expected exactly one service principal: ", "got 2", "objectId' OBJECT-ID"}},
	{name: "existing by a name in other letters", client: `"identity":"existing","displayName":"partner"`, want: []string{`expected the exact display name, got "partner" for "Partner"`}},
	{name: "existing by the start of a name", client: `"identity":"existing","displayName":"Part"`, want: []string{"expected exactly one service principal: ", "got 0"}},
	{name: "object id of another kind", client: `"objectId":"` + partnerID + `"`, want: []string{"clients[0].objectId: expected none with the identity managedIdentity, only with existing", "config rm --path"}},
	{name: "issuer of another kind", client: `"identity":"clientSecret","issuer":"https://ci.test"`, want: []string{"clients[0].issuer: expected none with the identity clientSecret, only with federated"}},
	{name: "issuer without TLS", client: `"identity":"federated","issuer":"http://ci.test","subject":"s"`, want: []string{`clients[0].issuer: expected the https URL of the issuer whose tokens are trusted, got "http://ci.test"`}},
	{name: "wildcard subject", client: `"identity":"federated","issuer":"https://ci.test","subject":"repo:o/r:*"`, want: []string{`clients[0].subject: expected the exact subject of the tokens that are trusted, without *, got "repo:o/r:*"`}},
	{name: "no subject", client: `"identity":"federated","issuer":"https://ci.test"`, want: []string{"clients[0].subject: expected the exact subject"}},
	{name: "empty audience", client: `"identity":"federated","issuer":"https://ci.test","subject":"s","audience":""`, want: []string{"clients[0].audience: expected an audience, got none"}},
	{name: "previous identity is the same", client: `"previousIdentity":"managedIdentity"`, want: []string{`clients[0].previousIdentity: expected another identity than the one in use, got "managedIdentity"`}},
	{name: "previous identity is not known", client: `"previousIdentity":"password"`, want: []string{"clients[0].previousIdentity: expected one of", `got "password"`}},
	{name: "previous identity of an outside client", client: `"identity":"existing","displayName":"Partner","previousIdentity":"clientSecret"`, want: []string{"clients[0].previousIdentity: expected none with an identity that signs in elsewhere"}},
	{name: "period shorter than the caches", client: `"identity":"clientSecret"`, edits: map[string]string{"app-to-app:rotationDays": "7"}, want: []string{`app-to-app:rotationDays: expected a number of days from 8 to 365, got "7"`}},
	{name: "period that is no number", client: `"identity":"clientSecret"`, edits: map[string]string{"app-to-app:rotationDays": "monthly"}, want: []string{`from 8 to 365, got "monthly"`}},
	{name: "as of a day that does not exist", client: `"identity":"clientSecret"`, edits: map[string]string{"app-to-app:asOf": "2026-02-30"}, want: []string{`app-to-app:asOf: expected a date of RFC 3339`, `"2026-02-30"`}},
	{name: "certificates that are no map", client: `"identity":"certificate"`, edits: map[string]string{"app-to-app:certificates": "pem"}, want: []string{"app-to-app:certificates: expected PEM by the names of clients"}},
	{name: "certificate of a client that uses none", client: `"identity":"clientSecret"`, edits: map[string]string{"app-to-app:certificates": "PAIR"}, want: []string{"app-to-app:certificates.orders-client: expected the name of a client with the identity certificate"}},
	{name: "certificate without its key", client: `"identity":"certificate"`, edits: map[string]string{"app-to-app:certificates": "NO KEY"}, want: []string{"app-to-app:certificates.orders-client[0]: expected PEM with a certificate and its private key, got at most one of them", "pulumi config set --secret --path"}},
	{name: "certificate with another's key", client: `"identity":"certificate"`, edits: map[string]string{"app-to-app:certificates": "MIXED"}, want: []string{"expected the certificate of the private key, got another one"}},
	{name: "certificate twice", client: `"identity":"certificate"`, edits: map[string]string{"app-to-app:certificates": "TWICE"}, want: []string{"certificates.orders-client[1]: expected each certificate once"}},
	{name: "certificate with a small key", client: `"identity":"certificate"`, edits: map[string]string{"app-to-app:certificates": "SMALL"}, want: []string{"expected an RSA key of at least 2048 bits, got 1024"}},
	{name: "certificate with an elliptic key", client: `"identity":"certificate"`, edits: map[string]string{"app-to-app:certificates": "ELLIPTIC"}, want: []string{"expected one RSA private key that can be read"}},
	{name: "empty list of certificates", client: `"identity":"certificate"`, edits: map[string]string{"app-to-app:certificates": "NONE"}, want: []string{"expected at least one certificate, got none"}},
	{name: "secret in prod", stack: "prod", client: `"identity":"clientSecret"`, want: []string{`app-to-app:clients[0].identity: expected no secret anywhere in prod, so managedIdentity, systemAssigned or federated, got "clientSecret"`, "identity' managedIdentity"}},
	{name: "certificate in prod", stack: "prod", client: `"identity":"certificate"`, want: []string{"expected no secret anywhere in prod", `got "certificate"`}},
	{name: "secret of a previous identity in prod", stack: "prod", client: `"previousIdentity":"clientSecret"`, want: []string{"app-to-app:clients[0].previousIdentity: expected no secret anywhere in prod", "pulumi config rm --path 'app-to-app:clients[0].previousIdentity'"}},
	{name: "prod without protection", stack: "prod", client: `"identity":"managedIdentity"`, edits: map[string]string{"app-to-app:protect": "false"}, want: []string{"app-to-app:protect: expected a prod stack to be protected", "pulumi state unprotect --all"}},
	{name: "protection neither true nor false", client: `"identity":"managedIdentity"`, edits: map[string]string{"app-to-app:protect": "yes"}, want: []string{`app-to-app:protect: expected true or false, got "yes"`}},
}

func TestRefusedIdentities(t *testing.T) {
	t.Parallel()
	small := settingstest.NewPair(1024)
	elliptic := ellipticKey(t)
	secrets := map[string]any{
		"PAIR": settingstest.Pairs()[0].PEM(), "NO KEY": settingstest.Pairs()[0].Certificate, "MIXED": settingstest.Pairs()[0].Certificate + settingstest.Pairs()[1].Key,
		"TWICE": []string{settingstest.Pairs()[0].PEM(), settingstest.Pairs()[0].PEM()}, "SMALL": small.PEM(), "ELLIPTIC": settingstest.Pairs()[0].Certificate + elliptic, "NONE": []string{},
	}
	for _, tt := range identityRefusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			edits := map[string]string{"app-to-app:clients": settingstest.Clients(tt.client)}
			for key, value := range tt.edits {
				if known, ok := secrets[value]; ok {
					value = settingstest.Certificates(t, known)
				}
				edits[key] = value
			}
			stack := "dev"
			if tt.stack != "" {
				stack = tt.stack
			}
			_, problems := load(t, stack, edits)
			if len(problems) != 1 {
				t.Fatalf("got problems %v, want one", problems)
			}
			text := problems[0].Error()
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("got:\n%s\nwant %q in it", text, want)
				}
			}
			if strings.Contains(text, "PRIVATE KEY") || strings.Contains(text, strings.Split(settingstest.Pairs()[0].Key, "\n")[2]) {
				t.Errorf("got a private key in:\n%s", text)
			}
		})
	}
}

func ellipticKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return settingstest.EncodePEM("PRIVATE KEY", der)
}

// TestKeyPairIsNotPrinted: a failing test or a panic may print settings.
func TestKeyPairIsNotPrinted(t *testing.T) {
	t.Parallel()
	s := settings.Settings{Clients: []settings.Client{{Identity: settings.Identity{Kind: settings.Certificate, Brought: []credentials.KeyPair{keyPair(t, settingstest.Pairs()[0])}}}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		t.Run(verb, func(t *testing.T) {
			if got := fmt.Sprintf(verb, s); strings.Contains(got, "PRIVATE") || !strings.Contains(got, "certificate "+keyPair(t, settingstest.Pairs()[0]).Label()) {
				t.Errorf("got %s, want the certificate's label alone", got)
			}
		})
	}
}

// TestClearCertificates: a private key is a secret of the engine, or refused. A
// placeholder, as in the copy of a stack that is only previewed, is no key.
func TestClearCertificates(t *testing.T) {
	t.Parallel()
	pair := settingstest.Pairs()[0]
	placeholder := pair.Certificate + settingstest.EncodePEM(credentials.PlaceholderType, []byte("1"))
	const key = "app-to-app:certificates"
	for _, tt := range []struct {
		name    string
		value   string
		secrets []string
		want    []string // keys
	}{
		{"none", `{}`, nil, nil},
		{"no certificates at all", `pem`, nil, nil},
		{"secret", settingstest.Certificates(t, pair.PEM()), []string{"other:key", key}, nil},
		{"in clear", settingstest.Certificates(t, pair.PEM()), []string{"other:key"}, []string{key + ".orders-client"}},
		{"a list in clear", settingstest.Certificates(t, []string{pair.PEM(), pair.PEM()}), nil, []string{key + ".orders-client[0]", key + ".orders-client[1]"}},
		{"a key that cannot be read", settingstest.Certificates(t, strings.Replace(pair.PEM(), "A", "", 1)), nil, []string{key + ".orders-client"}},
		{"a placeholder", settingstest.Certificates(t, placeholder), nil, nil},
		{"a placeholder and a key", settingstest.Certificates(t, []string{placeholder, pair.PEM()}), nil, []string{key + ".orders-client[1]"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, problem := range settings.ClearCertificates(map[string]string{key: tt.value}, tt.secrets) {
				got = append(got, problem.Key)
				if strings.Contains(problem.Error(), "BEGIN") {
					t.Errorf("got PEM in %v", problem)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got problems of %q, want of %q", got, tt.want)
			}
		})
	}
}
