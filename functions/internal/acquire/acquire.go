// Package acquire gets the client's access token for the API from Microsoft
// Entra ID.
//
// A [TokenProvider] is one library with one kind of credential. It follows the
// client credentials grant
// (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow)
// and, for managed identities, the identity endpoint of App Service
// (https://learn.microsoft.com/azure/app-service/overview-managed-identity).
// It caches tokens in the process, sends one request at a time and waits as
// long as Retry-After says.
//
// The app settings decide the credential; see [CheckTokenProviders]. It never
// tries another one when that fails, so that a client does not call as somebody
// else by accident. It does not read the tokens, which are for the API alone,
// and does not call the API.
//
// Nothing here logs, prints or wraps a token or a secret.
package acquire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// This file defines token providers; each library has a file of its own. The
// rules are: a provider is one library, under its name in
// ORDERS_TOKEN_PROVIDERS; it has one kind of credential, chosen when it is made;
// its tokens cannot be printed by accident; its errors say what to do and never
// contain a token or a secret.

// A CredentialKind is how the client proves who it is.
type CredentialKind string

// The kinds of credential, as the stack settings name them.
const (
	UserAssigned   CredentialKind = "userAssigned"   // managed identity attached to the function app by the deployer
	SystemAssigned CredentialKind = "systemAssigned" // managed identity of the function app itself
	ClientSecret   CredentialKind = "clientSecret"   // client secret of an app registration
	Certificate    CredentialKind = "certificate"    // client assertion signed with a certificate's key
	Federated      CredentialKind = "federated"      // managed identity's token as the client assertion of an app registration
	AzureCLI       CredentialKind = "azureCli"       // the developer's login with the Azure CLI
)

// A TokenSource is where an access token came from.
type TokenSource string

// The sources of a token.
const (
	FromCache   TokenSource = "cache"   // from an earlier request of this process
	FromNetwork TokenSource = "network" // this call requested it
)

// An AccessToken is a bearer token. However it is printed, logged or encoded,
// only [AccessToken.Reveal] shows it.
type AccessToken struct{ value string }

// NewAccessToken wraps a token as early as it is known.
func NewAccessToken(value string) AccessToken { return AccessToken{value} }

// Reveal returns the token, for the Authorization header.
func (t AccessToken) Reveal() string { return t.value }

const hidden = "[access token]"

// Format keeps fmt from printing the token, whatever the verb.
func (AccessToken) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(hidden)) }

// LogValue keeps slog from logging the token.
func (AccessToken) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText keeps encoders from writing the token.
func (AccessToken) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// An Acquired is an access token, with where it came from and how long it took.
type Acquired struct {
	Token     AccessToken
	ExpiresOn time.Time
	Source    TokenSource
	Elapsed   time.Duration
}

// A TokenProvider gets access tokens for the orders API. It caches them in the
// process and is safe for concurrent use.
type TokenProvider interface {
	Name() string
	Credential() CredentialKind
	Acquire(ctx context.Context) (Acquired, error)
}

// A ProviderConfig configures token providers. Which fields are set decides the
// client's credential; see [CheckTokenProviders].
type ProviderConfig struct {
	Prefix                  string       // of the app settings that errors name; "" means ORDERS
	Scope                   string       // required; see [CheckScope]
	TenantID                string       // required unless the credential is a managed identity
	AuthorityHost           string       // likewise, such as https://login.microsoftonline.com
	ClientID                string       // of the app registration; empty means a managed identity
	ClientSecret            Secret       // of the app registration
	ClientCertificate       Secret       // PEM: a certificate of the app registration and its RSA private key
	ManagedIdentityClientID string       // of the user-assigned identity; empty means the system-assigned one
	ConnectionString        Secret       // of App Authentication, for the provider appauth
	CertificateDir          string       // where appauth looks up certificates
	Local                   bool         // a developer's machine: the Azure CLI's login replaces the system-assigned identity
	HTTPClient              *http.Client // nil means [http.DefaultClient]
	Logger                  *slog.Logger // for warnings; nil means none
}

// resource is the scope without /.default, which is what v1.0 endpoints and
// managed identities take.
func (c ProviderConfig) resource() string { return strings.TrimSuffix(c.Scope, "/.default") }

// A maker makes token providers with one library.
type maker struct {
	// takes are the kinds of credential that the library supports here.
	takes []CredentialKind
	// instead says which settings or providers to use for the other kinds.
	instead string
	// credential replaces the client's common credential; nil keeps it.
	credential func(ProviderConfig) (credential, error)
	ask        func(ProviderConfig, credential) (asker, error)
}

var managedIdentities = []CredentialKind{UserAssigned, SystemAssigned}

// makers are the token providers that are built in.
var makers = map[string]maker{
	"adal": {
		takes:   []CredentialKind{ClientSecret, Certificate},
		instead: "set ORDERS_CLIENT_SECRET or ORDERS_CLIENT_CERTIFICATE, or use msal or azidentity",
		ask:     askADAL,
	},
	"appauth": {
		takes:      append([]CredentialKind{ClientSecret, Certificate, AzureCLI}, managedIdentities...),
		instead:    "connection strings have no form for it; use azidentity or msal",
		credential: connectionCredential,
		ask:        askAppauth,
	},
	"azidentity": {
		takes: append([]CredentialKind{ClientSecret, Certificate, Federated, AzureCLI}, managedIdentities...),
		ask:   askAzidentity,
	},
	"msal": {
		takes:   append([]CredentialKind{ClientSecret, Certificate, Federated}, managedIdentities...),
		instead: "set ORDERS_CLIENT_SECRET or ORDERS_CLIENT_CERTIFICATE, or use azidentity or appauth",
		ask:     askMSAL,
	},
}

// CheckScope returns an error unless the scope is one that the client
// credentials grant takes: a resource and then /.default
// (https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope).
func CheckScope(scope string) error {
	if resource, ok := strings.CutSuffix(scope, "/.default"); !ok || resource == "" || strings.ContainsAny(scope, " \t") {
		return fmt.Errorf("expected an identifier URI or client ID and then %q, got %q", "/.default", scope)
	}
	return nil
}

// A plan is a provider that can be made, and its credential.
type plan struct {
	name       string
	credential credential
}

// CheckTokenProviders returns an error that lists every reason why
// [NewTokenProviders] cannot make these providers, with the app setting to
// change: unknown or repeated names, settings that contradict each other or have
// a bad value, and a library that does not support the client's credential. The
// credential is
//   - the client secret or the certificate, when one is set
//   - federated, when only the client ID is set: the managed identity's token
//     is the client assertion
//   - otherwise the managed identity; on a developer's machine the Azure CLI's
//     login, unless a user-assigned identity is named
//
// The provider appauth takes its credential from the connection string. Without
// one, and without a client ID, it uses the managed identity or the Azure CLI's
// login.
func CheckTokenProviders(names []string, config ProviderConfig) error {
	_, err := planProviders(names, config)
	return prefixed(err, config.Prefix)
}

// NewTokenProviders returns the named providers in this order. The error is that
// of [CheckTokenProviders] or of a library.
func NewTokenProviders(names []string, config ProviderConfig) ([]TokenProvider, error) {
	plans, err := planProviders(names, config)
	if err != nil {
		return nil, prefixed(err, config.Prefix)
	}
	var providers []TokenProvider
	var problems []error
	for _, plan := range plans {
		ask, err := makers[plan.name].ask(config, plan.credential)
		if err != nil {
			problems = append(problems, fmt.Errorf("token provider %q: %w", plan.name, acquireError(err, plan.credential.secret)))
			continue
		}
		providers = append(providers, newProvider(plan, ask, config.Prefix))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, prefixed(err, config.Prefix)
	}
	return providers, nil
}

func planProviders(names []string, config ProviderConfig) ([]plan, error) {
	if len(names) == 0 {
		return nil, fmt.Errorf("expected at least one token provider; there are: %s", known())
	}
	var plans []plan
	var problems []error
	common, commonErr := config.credential()
	if commonErr != nil {
		problems = append(problems, commonErr)
	}
	for i, name := range names {
		maker, ok := makers[name]
		if !ok {
			problems = append(problems, fmt.Errorf("token provider %q is not built in; there are: %s", name, known()))
			continue
		}
		if slices.Contains(names[:i], name) {
			problems = append(problems, fmt.Errorf("token provider %q: expected once", name))
			continue
		}
		used := common
		if maker.credential != nil {
			var err error
			if used, err = maker.credential(config); err != nil {
				problems = append(problems, fmt.Errorf("token provider %q: %w", name, err))
				continue
			}
		} else if commonErr != nil {
			continue // reported above
		}
		if !slices.Contains(maker.takes, used.kind) {
			problems = append(problems, fmt.Errorf("token provider %q cannot use the credential %s; %s", name, used.kind, maker.instead))
			continue
		}
		plans = append(plans, plan{name, used})
	}
	return plans, errors.Join(problems...)
}

func known() string {
	return strings.Join(slices.Sorted(maps.Keys(makers)), ", ")
}
