package components

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"app-to-app/components/credentials"
)

// The kinds of identity of a client.
const (
	ManagedIdentity = "managedIdentity" // user-assigned; its credential never leaves Azure
	SystemAssigned  = "systemAssigned"  // managed identity of the function app itself, deleted with it
	ClientSecret    = "clientSecret"    // app registration with client secrets
	Certificate     = "certificate"     // app registration with certificates
	Federated       = "federated"       // app registration that trusts a user-assigned identity, or an outside issuer
	Existing        = "existing"        // service principal made elsewhere
)

// IdentityKinds are all kinds, in order of preference.
var IdentityKinds = []string{ManagedIdentity, SystemAssigned, Federated, Certificate, ClientSecret, Existing}

// An Identity is what a client signs in with. The fields except Kind belong to
// some kinds only.
type Identity struct {
	Kind     string
	Rotation credentials.Rotation // of ClientSecret, and of Certificate unless some are brought

	// Brought are certificates from elsewhere, instead of generated ones. All
	// may sign in; the app uses the first.
	Brought []credentials.KeyPair

	Federation *Federation // of Federated; nil trusts a user-assigned identity
	ObjectID   string      // of Existing: its service principal's
	ClientID   string      // of Existing
}

// A Federation names the tokens of an outside issuer that an app registration
// accepts as its credential: those with exactly this issuer, subject and
// audience
// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation).
type Federation struct{ Issuer, Subject, Audience string }

func (i Identity) check(hasApp bool) error {
	var problems []error
	switch i.Kind {
	case ClientSecret:
		problems = append(problems, required("identity.rotation", i.Rotation.Period != 0))
	case Certificate:
		if len(i.Brought) == 0 {
			problems = append(problems, required("identity.rotation", i.Rotation.Period != 0))
		}
	case Existing:
		problems = append(problems, required("identity.objectID", i.ObjectID != ""))
	}
	switch {
	case !slices.Contains(IdentityKinds, i.Kind):
		problems = append(problems, fmt.Errorf("argument identity.kind: expected one of %s, got %q", strings.Join(IdentityKinds, ", "), i.Kind))
	case hasApp && (i.Kind == Existing || i.Federation != nil):
		problems = append(problems, fmt.Errorf("argument functionApp: expected none, since an identity of the kind %q signs in elsewhere", i.Kind))
	case !hasApp && i.Kind == SystemAssigned:
		problems = append(problems, fmt.Errorf("argument functionApp: missing; an identity of the kind %q is the function app's own", i.Kind))
	}
	return errors.Join(problems...)
}

// registered reports whether the identity is an app registration of ours.
func (i Identity) registered() bool {
	return i.Kind == ClientSecret || i.Kind == Certificate || i.Kind == Federated
}

// secretive reports whether the app needs a secret to sign in.
func (i Identity) secretive() bool { return i.Kind == ClientSecret || i.Kind == Certificate }

// assignsIdentity reports whether the client has a user-assigned identity: to
// call with, to be trusted, or to open the vault with.
func (i Identity) assignsIdentity(hasApp bool) bool {
	switch i.Kind {
	case ManagedIdentity:
		return true
	case Federated:
		return i.Federation == nil
	}
	return i.secretive() && hasApp
}
