package grant

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
	"app-to-app/components/requests"
)

// This file compares the app registrations that a file asks for with those that the
// tenant has. The rules are:
//   - one that exists is found by the mark of its stack and client, and by the tag of
//     those that were made here; a file cannot name another
//   - it is taken only if nothing else can sign in as it: whoever has a secret of it,
//     or owns it, would get the app roles too
//   - what it trusts can be changed, after it was shown; everything else is refused

// An application is an app registration
// (https://learn.microsoft.com/graph/api/resources/application).
type application struct {
	ID           string   `json:"id"`
	ClientID     string   `json:"appId"`
	DisplayName  string   `json:"displayName"`
	Audience     string   `json:"signInAudience"`
	Tags         []string `json:"tags"`
	Secrets      []key    `json:"passwordCredentials"`
	Certificates []key    `json:"keyCredentials"`
}

// A key is a client secret or a certificate, without what is secret of it.
type key struct {
	ID string `json:"keyId"`
}

// A federation is a federated identity credential
// (https://learn.microsoft.com/graph/api/resources/federatedidentitycredential).
type federation struct {
	ID        string   `json:"id,omitempty"`
	Name      string   `json:"name"`
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	Audiences []string `json:"audiences"`
	Text      string   `json:"description,omitempty"`
}

// An owner can change an app registration.
type owner struct {
	ID   string `json:"id"`
	Name string `json:"displayName"`
}

// A registration is an app registration that the file asks for, and what the tenant
// has of it.
type registration struct {
	client    string
	asked     requests.Registration
	identity  *principal   // the managed identity of this tenant that it is to trust; nil for others
	app       *application // nil: to be made, as are the other two
	principal *principal
	trusts    *federation
	owners    []string     // that are asked for and are none yet
	shed      bool         // the caller owns it, and nobody asked for that
	holds     []assignment // that the file does not ask for: whoever is trusted gets them too
	names     []string     // of the owners that are asked for, quoted
}

// unmade reports whether it is to be made, or finished.
func (r *registration) unmade() bool {
	return r.app == nil || r.principal == nil || r.trusts == nil || len(r.owners) > 0 || r.shed
}

// changed reports whether it trusts something else than is asked for.
func (r *registration) changed() bool {
	return r.trusts != nil && (r.trusts.Issuer != r.asked.Issuer || r.trusts.Subject != r.asked.Subject || !slices.Equal(r.trusts.Audiences, []string{r.asked.Audience}))
}

func (p *Plan) mark(client string) provenance.Mark {
	return provenance.Mark{Project: p.file.Project, Stack: p.file.Stack, Name: provenance.ApplicationOf(client)}
}

// lookRegistration finds the app registration of a request, and refuses one that is
// more than what is asked for.
func (p *Plan) lookRegistration(ctx context.Context, request requests.Request) (*registration, error) {
	r := &registration{client: request.Client, asked: *request.Registration}
	if err := p.mark(request.Client).Check(); err != nil {
		return nil, err
	}
	found, err := p.registered(ctx, request.Client)
	if err == nil && found == nil {
		err = p.refuseNamesake(ctx, r.asked.DisplayName)
	}
	if err == nil && found != nil {
		r.app = found
		err = p.lookParts(ctx, r)
	}
	if err == nil && r.principal != nil {
		err = p.lookHeld(ctx, r, request.Roles)
	}
	if err == nil {
		r.identity, err = p.trusted(ctx, r.asked)
	}
	if err == nil {
		err = p.nameOwners(ctx, r)
	}
	return r, err
}

// registered finds the app registration that was made for a client; nil is none.
func (p *Plan) registered(ctx context.Context, client string) (*application, error) {
	tag := provenance.StackTag(p.file.Project, p.file.Stack)
	all, err := azurecloud.List[application](ctx, p.session.Graph, "/v1.0/applications"+filter("tags/any(t:t eq '"+tag+"')"))
	if err != nil {
		return nil, fmt.Errorf("look for its app registration: %w", err)
	}
	all = slices.DeleteFunc(all, func(app application) bool {
		mark, ok := provenance.ParseTags(app.Tags)
		return !ok || mark != p.mark(client)
	})
	switch {
	case len(all) == 0:
		return nil, nil
	case len(all) > 1:
		return nil, azurecloud.WithHint(fmt.Errorf("expected one app registration with its mark, got the client ids %s and %s", all[0].ClientID, all[1].ClientID),
			"delete the one that nobody uses: az ad app delete --id "+all[1].ClientID+", or --id "+all[0].ClientID)
	case !slices.Contains(all[0].Tags, provenance.RequestedTag):
		return nil, azurecloud.WithHint(fmt.Errorf("expected an app registration that was made on request, got %s, which has its mark and was made by the stack itself or by somebody else", all[0].ClientID),
			"ask the team for a client of another name; if nobody uses that registration: az ad app delete --id "+all[0].ClientID)
	}
	return &all[0], nil
}

// refuseNamesake refuses a name that another app registration has: people would take
// one for the other.
func (p *Plan) refuseNamesake(ctx context.Context, name string) error {
	all, err := azurecloud.List[application](ctx, p.session.Graph, "/v1.0/applications"+filter("displayName eq '"+strings.ReplaceAll(name, "'", "''")+"'"))
	if err != nil {
		return fmt.Errorf("look for another app registration of its name: %w", err)
	}
	if len(all) > 0 {
		return azurecloud.WithHint(fmt.Errorf("expected no other app registration named %q, got one that somebody else made: client id %s", name, all[0].ClientID),
			"ask the team for a client of another name; if nobody uses that registration: az ad app delete --id "+all[0].ClientID)
	}
	return nil
}

// lookParts reads what belongs to an app registration, and refuses what nobody asked
// for.
func (p *Plan) lookParts(ctx context.Context, r *registration) error {
	app, whose := r.app, fmt.Sprintf("its app registration %s ", r.app.ClientID)
	switch {
	case app.DisplayName != r.asked.DisplayName:
		return azurecloud.WithHint(fmt.Errorf("%sis named %q, expected %q", whose, app.DisplayName, r.asked.DisplayName), "give it that name: az ad app update --id "+app.ClientID+" --display-name NAME")
	case app.Audience != singleTenant:
		return azurecloud.WithHint(fmt.Errorf("%sis for %q, expected %q", whose, app.Audience, singleTenant), "az ad app update --id "+app.ClientID+" --sign-in-audience "+singleTenant)
	case len(app.Secrets)+len(app.Certificates) > 0:
		return azurecloud.WithHint(fmt.Errorf("%shas a client secret or a certificate that nobody asked for: whoever has that would get the app roles", whose), app.removeKey())
	}
	found, err := azurecloud.List[principal](ctx, p.session.Graph, "/v1.0/servicePrincipals"+filter("appId eq '"+app.ClientID+"'"))
	if err != nil {
		return fmt.Errorf("find its service principal: %w", err)
	}
	if len(found) > 0 {
		r.principal = &found[0]
		if len(found[0].Secrets)+len(found[0].Certificates) > 0 {
			return azurecloud.WithHint(fmt.Errorf("%shas a service principal with a client secret or a certificate that nobody asked for", whose), found[0].removeKey())
		}
		if !found[0].Enabled {
			return azurecloud.WithHint(fmt.Errorf("%shas a service principal %s that is disabled", whose, found[0].ID), "if it is to be used again: az ad sp update --id "+found[0].ID+" --set accountEnabled=true")
		}
	}
	all, err := azurecloud.List[federation](ctx, p.session.Graph, "/v1.0/applications/"+url.PathEscape(app.ID)+"/federatedIdentityCredentials")
	if err != nil {
		return fmt.Errorf("list what it trusts: %w", err)
	}
	for i, f := range all {
		if f.Name != r.client {
			return azurecloud.WithHint(fmt.Errorf("%strusts more than is asked for: %q with the issuer %q and the subject %q", whose, f.Name, f.Issuer, f.Subject),
				"az ad app federated-credential delete --id "+app.ClientID+" --federated-credential-id "+f.ID)
		}
		r.trusts = &all[i]
	}
	return p.lookOwners(ctx, r, whose)
}

// removeKey is the command that removes its first client secret or else certificate.
func (a application) removeKey() string {
	if len(a.Secrets) > 0 {
		return "az ad app credential delete --id " + a.ClientID + " --key-id " + a.Secrets[0].ID
	}
	return "az ad app credential delete --id " + a.ClientID + " --cert --key-id " + a.Certificates[0].ID
}

// removeKey is the same for a service principal's own.
func (s principal) removeKey() string {
	if len(s.Secrets) > 0 {
		return "az ad sp credential delete --id " + s.ID + " --key-id " + s.Secrets[0].ID
	}
	return "az ad sp credential delete --id " + s.ID + " --cert --key-id " + s.Certificates[0].ID
}

// lookHeld reads which app roles it holds besides those that are asked for, of any API.
func (p *Plan) lookHeld(ctx context.Context, r *registration, asked []requests.Role) error {
	all, err := azurecloud.List[assignment](ctx, p.session.Graph, "/v1.0/servicePrincipals/"+url.PathEscape(r.principal.ID)+"/appRoleAssignments")
	if err != nil {
		return fmt.Errorf("list the app roles that it holds: %w", err)
	}
	r.holds = slices.DeleteFunc(all, func(a assignment) bool {
		return strings.EqualFold(a.ResourceID, p.api.ID) && slices.ContainsFunc(asked, func(role requests.Role) bool { return strings.EqualFold(role.ID, a.RoleID) })
	})
	// Microsoft Graph promises no order, and two looks are compared.
	slices.SortFunc(r.holds, func(a, b assignment) int {
		return strings.Compare(a.ResourceID+a.RoleID, b.ResourceID+b.RoleID)
	})
	return nil
}

// nameOwners finds what the tenant calls the owners that are asked for. The rights that
// are needed here allow no look at people
// (https://learn.microsoft.com/graph/api/directoryobject-get).
func (p *Plan) nameOwners(ctx context.Context, r *registration) error {
	for _, id := range r.asked.Owners {
		var found owner
		err := p.session.Graph.Get(ctx, "/v1.0/directoryObjects/"+url.PathEscape(id), &found)
		switch {
		case err == nil && found.Name != "":
			r.names = append(r.names, fmt.Sprintf("%q", found.Name))
		case err == nil, azurecloud.StatusOf(err) == http.StatusForbidden:
			r.names = append(r.names, "somebody whose name this login may not read")
		case azurecloud.IsNotFound(err):
			return fmt.Errorf("expected an owner of this tenant, got %s, which it does not have", id)
		default:
			return fmt.Errorf("find the owner %s: %w", id, err)
		}
	}
	return nil
}

// lookOwners refuses owners that nobody asked for: each can add a credential. The
// caller can be one, because Microsoft Graph makes who has OwnedBy alone the owner of
// what it creates; that ends with [Plan.Apply].
func (p *Plan) lookOwners(ctx context.Context, r *registration, whose string) error {
	for _, of := range r.places() {
		owners, err := azurecloud.List[owner](ctx, p.session.Graph, of+"/owners")
		if err != nil {
			return fmt.Errorf("list its owners: %w", err)
		}
		for _, one := range owners {
			isOwner := func(id string) bool { return strings.EqualFold(id, one.ID) }
			switch {
			case slices.ContainsFunc(r.asked.Owners, isOwner):
			case isOwner(p.caller.ObjectID):
				r.shed = true
			default:
				return azurecloud.WithHint(fmt.Errorf("%sis owned by %q (%s), which nobody asked for: an owner can give it credentials", whose, one.Name, one.ID),
					"if tenant grant made it: az rest --method delete --url '"+strings.TrimSuffix(p.session.Cloud.Graph, "/")+of+"/owners/"+one.ID+"/$ref', and if that owner did: az ad app delete --id "+r.app.ClientID)
			}
		}
		for _, id := range r.asked.Owners {
			owns := func(o owner) bool { return strings.EqualFold(o.ID, id) }
			if !slices.ContainsFunc(owners, owns) && !slices.Contains(r.owners, id) {
				r.owners = append(r.owners, id)
			}
		}
	}
	return nil
}

// places are the paths of what there is: the app registration and its service
// principal.
func (r *registration) places() (paths []string) {
	if r.principal != nil {
		paths = append(paths, "/v1.0/servicePrincipals/"+url.PathEscape(r.principal.ID))
	}
	if r.app != nil {
		paths = append(paths, "/v1.0/applications/"+url.PathEscape(r.app.ID))
	}
	return paths
}

// trusted is the managed identity that is to be trusted, if the issuer is this tenant;
// nil for an outside issuer. Only a managed identity can be, with the audience of its
// cloud
// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
// Entra compares all three letter by letter.
func (p *Plan) trusted(ctx context.Context, asked requests.Registration) (*principal, error) {
	cloud := p.session.Cloud
	if !cloud.Issues(asked.Issuer) {
		return nil, nil
	}
	if wanted := cloud.AuthorityHost + "/" + strings.ToLower(p.file.TenantID) + "/v2.0"; asked.Issuer != wanted {
		return nil, fmt.Errorf("expected the issuer of this tenant, %q, or one outside of Microsoft Entra ID, got %q", wanted, asked.Issuer)
	}
	if !isGUID.MatchString(asked.Subject) {
		return nil, fmt.Errorf("expected the object id of a managed identity as the subject of this tenant's tokens, got %q", asked.Subject)
	}
	found, err := p.principal(ctx, asked.Subject)
	switch {
	case err != nil:
		return nil, fmt.Errorf("find what it is to trust: %w", err)
	case found.Type != managedIdentityType:
		return nil, fmt.Errorf("expected a managed identity to trust, got %q (%s) of the type %q", found.DisplayName, found.ID, found.Type)
	case found.ID != asked.Subject:
		return nil, fmt.Errorf("expected the subject %q, as tokens have it, got %q", found.ID, asked.Subject)
	case asked.Audience != cloud.ExchangeAudience:
		return nil, fmt.Errorf("expected the audience %q: a token with another one is for another service, which could sign in with it, got %q", cloud.ExchangeAudience, asked.Audience)
	case !found.Enabled:
		return nil, fmt.Errorf("the managed identity to trust, %q (%s), is disabled", found.DisplayName, found.ID)
	}
	return &found, nil
}

var isGUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// todo are the steps that finish an app registration that exists.
func (r *registration) todo() (steps []string) {
	if r.app == nil {
		return nil
	}
	if r.principal == nil {
		steps = append(steps, "make its service principal")
	}
	if r.trusts == nil {
		steps = append(steps, "make it trust what is asked for")
	}
	for _, id := range r.owners {
		steps = append(steps, "make "+id+" an owner")
	}
	if r.shed {
		steps = append(steps, "end that the caller owns it")
	}
	return steps
}

// shown says what is to be done about it, and what it trusts.
func (r *registration) shown(project, stack string) string {
	var text strings.Builder
	what := "gets the app registration"
	switch {
	case r.changed():
		what = "gets another trust for the app registration"
	case !r.unmade():
		what = "has the app registration"
	case r.app != nil:
		what = "gets what is missing of the app registration"
	}
	fmt.Fprintf(&text, "  client %q of stack %q %s %q", r.client, stack, what, r.asked.DisplayName)
	if r.app != nil {
		fmt.Fprintf(&text, " (client id %s)", r.app.ClientID)
	}
	fmt.Fprintf(&text, "\n    with the mark of the stack %s/%s", project, stack)
	if todo := r.todo(); len(todo) > 0 {
		fmt.Fprintf(&text, "\n    to do: %s", strings.Join(todo, ", "))
	}
	for _, a := range r.holds {
		fmt.Fprintf(&text, "\n    which holds the app role %s of %q already: whoever it trusts or is owned by gets that too", a.RoleID, a.ResourceName)
	}
	if r.changed() {
		fmt.Fprintf(&text, "\n    trusted so far: tokens of %q with the subject %+q and the audience %+q", r.trusts.Issuer, r.trusts.Subject, strings.Join(r.trusts.Audiences, " "))
	}
	fmt.Fprintf(&text, "\n    which trusts tokens of %q with the subject %+q and the audience %+q", r.asked.Issuer, r.asked.Subject, r.asked.Audience)
	if r.identity != nil {
		fmt.Fprintf(&text, ", that is %s", r.identity.where())
	} else {
		text.WriteString(", an issuer other than this tenant")
	}
	for i, id := range r.asked.Owners {
		fmt.Fprintf(&text, "\n    owned by %s (%s), who can give it credentials", r.names[i], id)
	}
	return text.String() + "\n"
}

func filter(text string) string { return "?$filter=" + url.QueryEscape(text) }

const singleTenant = "AzureADMyOrg"
