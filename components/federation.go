package components

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// This file has what a federated identity trusts, and the app registration for it
// that somebody else makes.

// A Trust names the tokens that an app registration accepts as its credential.
type Trust struct{ Issuer, Subject, Audience pulumi.StringOutput }

// trusts are the tokens of an outside issuer, or of the client's user-assigned
// identity, whose subject is its object id
// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
func (b *identityBuilder) trusts(outside *Federation) Trust {
	output := func(text string) pulumi.StringOutput { return pulumi.String(text).ToStringOutput() }
	if outside != nil {
		return Trust{output(outside.Issuer), output(outside.Subject), output(outside.Audience)}
	}
	return Trust{output(b.args.Tenant.AuthorityHost + "/" + b.args.Tenant.ID + "/v2.0"), b.assigned.PrincipalId, output(b.args.Tenant.ExchangeAudience)}
}

// federationProof describes a federated identity credential.
func federationProof(id pulumi.StringInput, t Trust) pulumi.Array {
	return pulumi.Array{pulumi.Map{"kind": pulumi.String(Federated), "id": id, "expiresOn": pulumi.String(""),
		"issuer": t.Issuer, "subject": t.Subject, "audience": t.Audience}}
}

// A ClientRegistration is an app registration that somebody made because a client
// asked for it. All fields are required.
type ClientRegistration struct {
	ClientID           string
	ObjectID           string // of the app registration
	ServicePrincipalID string // object id
	CredentialID       string // of its federated identity credential
}

// asksFor reports whether somebody else makes an identity's app registration.
func (a *ClientArgs) asksFor(identity Identity) bool {
	return a.RequestAssignments && identity.Kind == Federated
}

func (a *ClientArgs) checkRequested() error {
	var problems []error
	if a.RequestAssignments && (a.Identity.secretive() || a.Previous != nil && a.Previous.registered()) {
		problems = append(problems, fmt.Errorf("argument identity.kind: expected no app registration but one with the kind %q while somebody else makes it: another credential would have to be handed over", Federated))
	}
	if r := a.Registration; r != nil {
		problems = append(problems, required("registration.clientID", r.ClientID != ""), required("registration.objectID", r.ObjectID != ""),
			required("registration.servicePrincipalID", r.ServicePrincipalID != ""), required("registration.credentialID", r.CredentialID != ""))
		if !a.asksFor(a.Identity) {
			problems = append(problems, errors.New("argument registration: expected none for an app registration that nobody was asked for"))
		}
	}
	return errors.Join(problems...)
}

// requested is the credential of an app registration that somebody else makes. Its
// ids are known once that is done; until then the client cannot sign in.
func (b *identityBuilder) requested(outside *Federation) credential {
	trusts := b.trusts(outside)
	c := credential{asked: &trusts, appSettings: pulumi.StringMap{}}
	if r := b.args.Registration; r != nil {
		c.clientID, c.objectID, c.applicationObjectID = pulumi.String(r.ClientID), pulumi.String(r.ServicePrincipalID), pulumi.String(r.ObjectID)
		c.appSettings[b.args.API.setting("CLIENT_ID")] = pulumi.String(r.ClientID)
		c.proofs = federationProof(pulumi.String(r.CredentialID), trusts)
	}
	return c
}
