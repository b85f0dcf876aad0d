package components_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
	"app-to-app/components/componentstest"
	"app-to-app/components/credentials"
)

// run runs a program with nobody signed in: components make no look-ups.
func run(program pulumi.RunFunc) error { return new(componentstest.Recorder).Run(nil, program) }

func place() components.Place {
	return components.Place{ResourceGroupName: pulumi.String("group"), Location: "westeurope", SubscriptionID: "subscription"}
}

func tenant() components.Tenant {
	return components.Tenant{ID: "tenant", AuthorityHost: "https://login.microsoftonline.com"}
}

func apiArgs() *components.APIArgs {
	return &components.APIArgs{
		Place: place(), Tenant: tenant(), DisplayName: "orders", Package: components.Package{Path: "a.zip", SHA256: "00"},
		Roles: []components.Role{{Value: "Orders.Read", DisplayName: "Read", Description: "Read"}},
	}
}

func TestAPIArguments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*components.APIArgs)
		want []string
	}{
		"nothing": {func(a *components.APIArgs) { *a = components.APIArgs{} }, []string{
			`API "orders": `, "argument place.resourceGroupName: missing", "argument place.location: missing", "argument place.subscriptionID: missing",
			"argument tenant.id: missing", "argument tenant.authorityHost: missing", "argument package.path: missing", "argument package.sha256: missing",
			"argument displayName: missing", "argument roles: missing"}},
		"no roles": {func(a *components.APIArgs) { a.Roles = nil }, []string{`API "orders": argument roles: missing`}},
	} {
		t.Run(name, func(t *testing.T) {
			args := apiArgs()
			tt.edit(args)
			err := run(func(ctx *pulumi.Context) error {
				_, err := components.NewAPI(ctx, "orders", args)
				return err
			})
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestClientArguments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*components.ClientArgs)
		want string
	}{
		"no API":              {func(a *components.ClientArgs) { a.API = nil }, `client "caller": argument api: missing`},
		"role of another API": {func(a *components.ClientArgs) { a.Roles = []string{"Bills.Read"} }, `argument roles: expected roles of the API, got "Bills.Read"`},
		"kind of identity":    {func(a *components.ClientArgs) { a.Identity.Kind = "password" }, `client "caller": argument identity.kind: expected one of managedIdentity, systemAssigned, federated, certificate, clientSecret, existing, got "password"`},
		"no audience for a federated identity": {func(a *components.ClientArgs) { a.Identity.Kind, a.DisplayName = components.Federated, "caller" },
			`client "caller": argument tenant.exchangeAudience: missing`},
		"a placeholder outside of a preview": {func(a *components.ClientArgs) {
			a.Identity, a.DisplayName = components.Identity{Kind: components.Certificate, Brought: []credentials.KeyPair{withoutKey(t)}}, "caller"
		}, "expected its private key, got a placeholder, which is good for a preview only"},
		"function app without its arguments": {func(a *components.ClientArgs) { a.FunctionApp = &components.ClientAppArgs{} },
			"argument functionApp.schedule: missing"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(func(ctx *pulumi.Context) error {
				api, err := components.NewAPI(ctx, "orders", apiArgs())
				if err != nil {
					return err
				}
				args := &components.ClientArgs{Place: place(), Tenant: tenant(), API: api, Identity: components.Identity{Kind: components.ManagedIdentity}, Roles: []string{"Orders.Read"}}
				tt.edit(args)
				_, err = components.NewClient(ctx, "caller", args)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

// withoutKey is a certificate with a placeholder of its key.
func withoutKey(t *testing.T) credentials.KeyPair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, public, private)
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, block := range []*pem.Block{{Type: "CERTIFICATE", Bytes: certificate}, {Type: credentials.PlaceholderType}} {
		text = append(text, pem.EncodeToMemory(block)...)
	}
	pair, err := credentials.ParseKeyPair(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// TestSiteWithoutAnSCMHost: the host is never guessed.
func TestSiteWithoutAnSCMHost(t *testing.T) {
	t.Parallel()
	m := componentstest.Recorder{Outputs: func(string, string) map[string]any { return nil }}
	err := m.Run(nil, func(ctx *pulumi.Context) error {
		_, err := components.NewFunctionApp(ctx, "app", &components.FunctionAppArgs{Place: place(), Package: components.Package{Path: "a.zip", SHA256: "00"}})
		return err
	})
	if want := "expected a host name of the type Repository in hostNameSslStates, got 0 of other types"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q in it", err, want)
	}
}

// TestDailyLogCap: a cap that Azure would refuse is refused before anything is
// registered.
func TestDailyLogCap(t *testing.T) {
	t.Parallel()
	for gb, want := range map[float64]bool{0: true, 0.023: true, 5: true, 0.01: false, -1: false} {
		m := componentstest.Recorder{}
		err := m.Run(nil, func(ctx *pulumi.Context) error {
			_, err := components.NewFunctionApp(ctx, "app", &components.FunctionAppArgs{Place: place(), Package: components.Package{Path: "a.zip", SHA256: "00"}, DailyLogCapGB: gb})
			return err
		})
		if refused := err != nil && strings.Contains(err.Error(), "argument dailyLogCapGB: expected 0 for the default or at least 0.023"); refused == want {
			t.Errorf("%v: got %v, want it taken: %v", gb, err, want)
		}
	}
}

// TestRoleID compares with what Python's uuid.uuid5 gives for the same name.
func TestRoleID(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"Orders.Read":  "b4a85f8e-886a-52f1-8b71-e267e90fdd93",
		"Orders.Write": "4860ddd5-9332-54a2-9933-cde47999de95",
	} {
		t.Run(value, func(t *testing.T) {
			if got := (components.Role{Value: value}).ID(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
