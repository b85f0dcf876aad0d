package grant

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
	"app-to-app/components/requests"
)

// This file makes the app registrations that were shown. Each step leaves something
// that [Look] finds again, so that a run that was interrupted goes on.

// late are refusals of an object that Microsoft Graph does not know everywhere yet,
// seconds after it has made it. They leave nothing behind. The texts are those that
// the azuread provider waits for (terraform-provider-azuread v2.53.1,
// internal/services/serviceprincipals/service_principal_resource.go and
// internal/services/approleassignments/app_role_assignment_resource.go).
var late = []string{
	"does not reference a valid application object", "must in the local tenant", "Not a valid reference update",
	"does not exist or one of its queried reference-property objects are not present",
}

// patience is how long to wait for that.
const patience = 5 * time.Minute

// again repeats a request until Microsoft Graph knows what it names.
func (p *Plan) again(ctx context.Context, what string, send func() error) error {
	for waited, pause := time.Duration(0), time.Second; ; pause = min(2*pause, 15*time.Second) {
		err := send()
		if err == nil || waited >= patience || !slices.ContainsFunc(late, func(text string) bool { return strings.Contains(err.Error(), text) }) {
			return err
		}
		pause = min(pause, patience-waited)
		if p.Say != nil {
			p.Say(fmt.Sprintf("waiting for Microsoft Graph to know %s everywhere (%s of %s)", what, waited, patience))
		}
		if err := p.Wait(ctx, pause); err != nil {
			return err
		}
		waited += pause
	}
}

// register makes what is missing of an app registration, and changes what it trusts.
func (p *Plan) register(ctx context.Context, r *registration) error {
	for _, step := range []func(context.Context, *registration) error{p.makeApplication, p.makePrincipal, p.makeTrust, p.addOwners} {
		err := step(ctx, r)
		if hint := (*azurecloud.HintError)(nil); errors.As(err, &hint) {
			return fmt.Errorf("register %q: %w", r.asked.DisplayName, err)
		}
		if err != nil {
			return azurecloud.WithHint(fmt.Errorf("register %q: %w", r.asked.DisplayName, err), "run the same command again: it goes on with what is missing; to change a registration, Application.ReadWrite.OwnedBy is not enough")
		}
	}
	return nil
}

// object is the body of a request.
type object map[string]any

func (p *Plan) tags(r *registration) []string {
	return append(p.mark(r.client).Tags(), provenance.RequestedTag)
}

// bound are the owners of an object that is created.
func (p *Plan) bound(r *registration, body object) object {
	if owners := []string{}; len(r.asked.Owners) > 0 {
		for _, id := range r.asked.Owners {
			owners = append(owners, p.reference(id))
		}
		body["owners@odata.bind"] = owners
	}
	return body
}

func (p *Plan) reference(objectID string) string {
	return strings.TrimSuffix(p.session.Cloud.Graph, "/") + "/v1.0/directoryObjects/" + url.PathEscape(objectID)
}

// makeApplication makes the app registration, and looks whether it is the only one:
// somebody may have run the same command, and a service that is busy is asked again,
// though it may have made one already. Nothing is granted to either of two.
func (p *Plan) makeApplication(ctx context.Context, r *registration) error {
	if r.app != nil {
		return nil
	}
	made := new(application)
	body := p.bound(r, object{"displayName": r.asked.DisplayName, "signInAudience": singleTenant, "tags": p.tags(r)})
	if err := p.session.Graph.Post(ctx, "/v1.0/applications", body, made); err != nil {
		return err
	}
	if _, err := p.registered(ctx, r.client); err != nil {
		return err
	}
	r.app = made
	return nil
}

func (p *Plan) makePrincipal(ctx context.Context, r *registration) error {
	if r.principal != nil {
		return nil
	}
	made := new(principal)
	body := p.bound(r, object{"appId": r.app.ClientID, "tags": p.tags(r)})
	if err := p.again(ctx, "the new app registration", func() error { return p.session.Graph.Post(ctx, "/v1.0/servicePrincipals", body, made) }); err != nil {
		return err
	}
	r.principal = made
	return nil
}

// makeTrust makes the federated identity credential, or makes it trust what is asked
// for now.
func (p *Plan) makeTrust(ctx context.Context, r *registration) error {
	path := "/v1.0/applications/" + url.PathEscape(r.app.ID) + "/federatedIdentityCredentials"
	wanted := federation{Name: r.client, Issuer: r.asked.Issuer, Subject: r.asked.Subject, Audiences: []string{r.asked.Audience}}
	switch {
	case r.trusts == nil:
		mark := p.mark(r.client)
		mark.Name = provenance.FederationOf(r.client)
		wanted.Text = mark.Text()
		made := new(federation)
		if err := p.again(ctx, "the new app registration", func() error { return p.session.Graph.Post(ctx, path, wanted, made) }); err != nil {
			return err
		}
		r.trusts = made
	case r.changed():
		if err := p.session.Graph.Patch(ctx, path+"/"+url.PathEscape(r.trusts.ID), object{"issuer": wanted.Issuer, "subject": wanted.Subject, "audiences": wanted.Audiences}); err != nil {
			return err
		}
		wanted.ID = r.trusts.ID
		r.trusts = &wanted
	}
	return nil
}

// addOwners adds owners to what existed already; they are bound to what is created.
func (p *Plan) addOwners(ctx context.Context, r *registration) error {
	for _, id := range r.owners {
		for _, of := range r.places() {
			err := p.session.Graph.Post(ctx, of+"/owners/$ref", object{"@odata.id": p.reference(id)}, nil)
			if err != nil && !strings.Contains(err.Error(), "already exist") { // one of the two had it
				return fmt.Errorf("make %s an owner: %w", id, err)
			}
		}
	}
	r.owners = nil
	return nil
}

// shedOwner takes the caller from the owners, if Microsoft Graph made it one and
// nobody asked for that: it needs no right to the registration any more
// (https://learn.microsoft.com/graph/api/application-delete-owners).
func (p *Plan) shedOwner(ctx context.Context, r *registration) error {
	isCaller := func(id string) bool { return strings.EqualFold(id, p.caller.ObjectID) }
	if slices.ContainsFunc(r.asked.Owners, isCaller) {
		return nil
	}
	for _, of := range r.places() {
		owners, err := azurecloud.List[owner](ctx, p.session.Graph, of+"/owners")
		if err != nil {
			return fmt.Errorf("list the owners of %q: %w", r.asked.DisplayName, err)
		}
		for _, one := range owners {
			if !isCaller(one.ID) {
				continue
			}
			if err := p.session.Graph.Delete(ctx, of+"/owners/"+url.PathEscape(one.ID)+"/$ref"); err != nil {
				return azurecloud.WithHint(fmt.Errorf("end that the caller owns %q: %w", r.asked.DisplayName, err), "run the same command again: everything else is granted")
			}
		}
	}
	r.shed = false
	return nil
}

// registered is what the receipt says about it.
func (r *registration) registered() requests.Registered {
	return requests.Registered{
		Client: r.client, DisplayName: r.asked.DisplayName, ClientID: r.app.ClientID, ObjectID: r.app.ID, ServicePrincipalID: r.principal.ID, CredentialID: r.trusts.ID,
		Issuer: r.asked.Issuer, Subject: r.asked.Subject, Audience: r.asked.Audience,
	}
}
