// Package revoke takes a client's access away at once: it blocks its identities
// at the API, removes their app role assignments and their credentials, and looks
// whether it is so.
//
// The block comes first, because nothing else stops a token that is already
// issued: the API accepts it until it expires, and Azure hands out a managed
// identity's token from its cache for up to 24 hours.
//
// It changes the live tenant and not the settings, so it ends with what has to be
// set before the next update. Each step can be repeated, so a run that was
// interrupted is run again.
package revoke

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
)

// How long a token is valid at most
// (https://learn.microsoft.com/entra/identity-platform/access-tokens#token-lifetime:
// 60 to 90 minutes; of a managed identity,
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations:
// 24 hours).
const (
	applicationTokenAge = 90 * time.Minute
	identityTokenAge    = 24 * time.Hour
)

// A Plan is what a revocation would do now.
type Plan struct {
	Client     string
	APISiteID  string
	Setting    string // the API's app setting that blocks callers
	Principals []Principal
	// Blocked says whether the API's app settings name all principals already.
	Blocked  bool
	Removals []Removal
	// Notes say what is left alone, and why.
	Notes []string
}

// A Principal is one of the client's identities.
type Principal struct {
	ObjectID, ClientID, DisplayName string
	Managed                         bool // only Azure has its credential
	Gone                            bool // the tenant does not have it any more
}

// tokenAge is how long a token of it is valid at most.
func (p Principal) tokenAge() time.Duration {
	if p.Managed {
		return identityTokenAge
	}
	return applicationTokenAge
}

// A Removal is a thing that the client can get a token with.
type Removal struct {
	Target tenant.Target
	Text   string
}

// NothingToDo reports whether a run would change nothing.
func (p Plan) NothingToDo() bool { return p.Blocked && len(p.Removals) == 0 }

// String shows the steps.
func (p Plan) String() string {
	var text strings.Builder
	for _, principal := range p.Principals {
		kind := "service principal"
		if principal.Managed {
			kind = "managed identity"
		}
		if principal.Gone {
			kind = "deleted principal"
		}
		fmt.Fprintf(&text, "client %s: %s %s (%s)\n", p.Client, kind, principal.ObjectID, principal.DisplayName)
	}
	if p.Blocked {
		fmt.Fprintf(&text, "1. the API blocks it already\n")
	} else {
		fmt.Fprintf(&text, "1. block it at the API: %s of %s; the API restarts, calls wait for it\n", p.Setting, p.APISiteID)
	}
	if len(p.Removals) == 0 {
		fmt.Fprintf(&text, "2. nothing to remove in the tenant\n")
	} else {
		fmt.Fprintf(&text, "2. remove in the tenant:\n")
	}
	for _, r := range p.Removals {
		fmt.Fprintf(&text, "   %s\n", r.Text)
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&text, "note: %s\n", note)
	}
	return text.String()
}

// NewPlan reads what the client has now.
func NewPlan(ctx context.Context, session *azurecloud.Session, declared tenant.Declaration, client string) (Plan, error) {
	access, known := declared.Client(client)
	if !known {
		return Plan{}, fmt.Errorf("revoke: expected one of the stack's clients %s, got %q", strings.Join(declared.ClientNames(), ", "), client)
	}
	if declared.APISiteID == "" && declared.APIStack != "" {
		var commands []string
		for i, id := range declared.Principals(client) {
			place := "N"
			if i > 0 {
				place = fmt.Sprintf("N+%d", i)
			}
			commands = append(commands, fmt.Sprintf("pulumi config set --path 'app-to-app:blockedCallers[%s]' %s --stack %s", place, id, declared.APIStack))
		}
		return Plan{}, azurecloud.WithHint(fmt.Errorf("revoke: the API belongs to the stack %s, so this one cannot block anybody at it; nothing was changed", declared.APIStack),
			fmt.Sprintf("in the folder of that stack: %s; then pulumi up; N is how many callers are blocked already: pulumi config get app-to-app:blockedCallers", strings.Join(commands, "; ")))
	}
	if declared.APISiteID == "" {
		return Plan{}, errors.New("revoke: expected the output \"apiSiteId\", got none; is the stack deployed, by this version of the program?")
	}
	plan := Plan{Client: client, APISiteID: declared.APISiteID, Setting: declared.Setting(blockSetting)}
	ids := declared.Principals(client)
	if err := refuseShared(declared, client, ids); err != nil {
		return Plan{}, err
	}
	if !declared.HasState() {
		plan.Notes = append(plan.Notes, "only the stack's state knows an identity that the client is moving away from (-stack, or -state)")
	}
	if names := declared.Unfinished(); len(names) > 0 {
		plan.Notes = append(plan.Notes, "an update of the stack is running or was interrupted (unfinished: "+strings.Join(names, ", ")+"): it can undo this, so run revoke again when it has ended")
	}
	r := reader{session}
	own, err := r.clientIDs(ctx, declared.Applications(client))
	if err != nil {
		return Plan{}, fmt.Errorf("revoke: %w", err)
	}
	for _, id := range ids {
		if err := r.principal(ctx, &plan, declared, id, own); err != nil {
			return Plan{}, fmt.Errorf("revoke: %w", err)
		}
	}
	for _, id := range declared.Applications(client) {
		if err := r.credentials(ctx, &plan, "applications/"+id); err != nil {
			return Plan{}, fmt.Errorf("revoke: %w", err)
		}
	}
	if access.Identity == "existing" {
		plan.Notes = append(plan.Notes, "its credentials are left alone: somebody else made the identity, and may use it for more than this API")
	}
	settings, err := r.settings(ctx, plan.APISiteID)
	if err != nil {
		return Plan{}, fmt.Errorf("revoke: %w", err)
	}
	plan.Blocked = blocks(settings[plan.Setting], ids)
	return plan, nil
}

// refuseShared refuses a client whose identity another client has too.
func refuseShared(declared tenant.Declaration, client string, ids []string) error {
	for _, other := range declared.ClientNames() {
		if other == client {
			continue
		}
		for _, id := range declared.Principals(other) {
			if slices.Contains(ids, id) {
				return azurecloud.WithHint(fmt.Errorf("revoke: client %q has the same identity %s as %q, which would lose its access too; nothing was changed", other, id, client),
					"give one of them an identity of its own, or revoke both by app-to-app:blockedCallers and pulumi up")
			}
		}
	}
	return nil
}

// A reader reads what a client has.
type reader struct{ session *azurecloud.Session }

// clientIDs are those of app registrations, in lower case.
func (r reader) clientIDs(ctx context.Context, applications []string) (ids []string, err error) {
	for _, id := range applications {
		var app struct{ AppID string }
		err := r.session.Graph.Get(ctx, "/v1.0/applications/"+url.PathEscape(id), &app)
		if azurecloud.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, strings.ToLower(app.AppID))
	}
	return ids, nil
}

// principal adds a principal, its assignments on the API, and credentials of its
// own if it is one of the stack's: own are the client ids of the client's app
// registrations. A client that moves from or to an identity that somebody else made
// has both.
func (r reader) principal(ctx context.Context, plan *Plan, declared tenant.Declaration, id string, own []string) error {
	var found struct {
		AppID, DisplayName, ServicePrincipalType string
	}
	path := "/v1.0/servicePrincipals/" + url.PathEscape(id)
	err := r.session.Graph.Get(ctx, path, &found)
	if azurecloud.IsNotFound(err) { // its tokens outlive it
		plan.Principals = append(plan.Principals, Principal{ObjectID: id, DisplayName: "gone from the tenant", Gone: true, Managed: true})
		return nil
	}
	if err != nil {
		return err
	}
	plan.Principals = append(plan.Principals, Principal{id, found.AppID, tenant.InOneLine(found.DisplayName), found.ServicePrincipalType == "ManagedIdentity", false})
	held, err := azurecloud.List[struct {
		ID, AppRoleID, PrincipalID, ResourceID, ResourceDisplayName string
	}](ctx, r.session.Graph, path+"/appRoleAssignments")
	if err != nil {
		return err
	}
	api, err := r.apiPrincipal(ctx, declared.APIClientID)
	if err != nil {
		return err
	}
	for _, a := range held {
		if !strings.EqualFold(a.ResourceID, api) {
			plan.Notes = append(plan.Notes, fmt.Sprintf("it also holds an app role of %q, which is not this stack's: left alone", a.ResourceDisplayName))
			continue
		}
		plan.Removals = append(plan.Removals, Removal{tenant.Target{Type: tenant.TargetAssignment, Holder: "servicePrincipals/" + api, ID: a.ID, Seen: tenant.SeenAssignment(a.PrincipalID, a.AppRoleID)},
			fmt.Sprintf("app role assignment %s: %s holds %s", a.ID, tenant.InOneLine(found.DisplayName), roleName(declared, a.AppRoleID))})
	}
	if found.AppID != "" && slices.Contains(own, strings.ToLower(found.AppID)) {
		return r.credentials(ctx, plan, "servicePrincipals/"+id)
	}
	return nil
}

// apiPrincipal is the object id of the API's service principal, "" without one.
func (r reader) apiPrincipal(ctx context.Context, clientID string) (string, error) {
	found, err := azurecloud.List[struct{ ID string }](ctx, r.session.Graph, "/v1.0/servicePrincipals?$filter="+url.QueryEscape("appId eq '"+clientID+"'"))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].ID, nil
}

func roleName(declared tenant.Declaration, id string) string {
	for name, known := range declared.RoleIDs {
		if strings.EqualFold(known, id) {
			return name
		}
	}
	return "the app role " + id
}

// credentials adds all that can sign in as an application or service principal of
// the stack, declared or not.
func (r reader) credentials(ctx context.Context, plan *Plan, holder string) error {
	type key struct {
		KeyID, DisplayName string
		EndDateTime        time.Time
	}
	var found struct{ PasswordCredentials, KeyCredentials []key }
	collection, id, _ := strings.Cut(holder, "/")
	path := "/v1.0/" + collection + "/" + url.PathEscape(id)
	err := r.session.Graph.Get(ctx, path, &found)
	if azurecloud.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	add := func(kind, noun string, keys []key) {
		for _, k := range keys {
			plan.Removals = append(plan.Removals, Removal{tenant.Target{Type: kind, Holder: holder, ID: k.KeyID, Seen: tenant.SeenKey(k.DisplayName, k.EndDateTime)},
				fmt.Sprintf("%s %q (%s), valid until %s", noun, k.DisplayName, k.KeyID, k.EndDateTime.UTC().Format(time.DateOnly))})
		}
	}
	add(tenant.TargetSecret, "client secret", found.PasswordCredentials)
	add(tenant.TargetCertificate, "certificate", found.KeyCredentials)
	if collection != "applications" {
		return nil
	}
	federated, err := azurecloud.List[struct {
		ID, Name, Issuer, Subject string
		Audiences                 []string
	}](ctx, r.session.Graph, path+"/federatedIdentityCredentials")
	for _, f := range federated {
		plan.Removals = append(plan.Removals, Removal{tenant.Target{Type: tenant.TargetFederation, Holder: holder, ID: f.ID, Seen: tenant.SeenFederation(f.Issuer, f.Subject, f.Audiences)},
			fmt.Sprintf("federated identity credential %q (%s): issuer %s, subject %s", f.Name, f.ID, tenant.InOneLine(f.Issuer), tenant.InOneLine(f.Subject))})
	}
	return err
}
