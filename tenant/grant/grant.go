// Package grant makes the app role assignments that another team asks for, the app
// registrations of clients that need one, and those only.
//
// The file with the requests was written by somebody who may not do this. So its
// ids say what is meant, its names are compared with what the tenant calls those
// ids, and nothing is assigned unless all of it fits: [Look] only reads, and
// [Plan.Apply] makes what it showed. Both can be repeated: what is held already
// is not made again.
package grant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/components/requests"
)

// A principal is a service principal
// (https://learn.microsoft.com/graph/api/resources/serviceprincipal).
type principal struct {
	ID               string   `json:"id"`
	ClientID         string   `json:"appId"`
	DisplayName      string   `json:"displayName"`
	Type             string   `json:"servicePrincipalType"`
	Enabled          bool     `json:"accountEnabled"`
	OwnerTenantID    string   `json:"appOwnerOrganizationId"`
	AlternativeNames []string `json:"alternativeNames"`
	Roles            []role   `json:"appRoles"`

	Secrets      []key `json:"passwordCredentials"`
	Certificates []key `json:"keyCredentials"`
}

type role struct {
	ID          string   `json:"id"`
	Value       string   `json:"value"`
	DisplayName string   `json:"displayName"`
	Enabled     bool     `json:"isEnabled"`
	MemberTypes []string `json:"allowedMemberTypes"`
}

// An assignment is an app role that a principal holds.
type assignment struct {
	ID          string    `json:"id"`
	RoleID      string    `json:"appRoleId"`
	PrincipalID string    `json:"principalId"`
	ResourceID  string    `json:"resourceId"`
	Created     time.Time `json:"createdDateTime"`

	ResourceName string `json:"resourceDisplayName"`
}

// A Plan is what a file asks for, as the tenant sees it.
type Plan struct {
	file    requests.File
	api     principal
	caller  azurecloud.Caller
	session *azurecloud.Session
	lines   []line

	registrations []*registration

	// Wait pauses while Microsoft Graph does not know everywhere what was just made,
	// and Say shows that; nil shows nothing.
	Wait func(context.Context, time.Duration) error
	Say  func(text string)
}

// A line is one app role for one client.
type line struct {
	request      requests.Request
	principal    principal
	registration *registration // whose service principal it is; nil for one that exists without
	role         requests.Role
	held         *assignment // nil: to be made
}

// Look compares a file with the tenant and changes nothing. api, if it is not
// "", is the only API that may be asked for: the client id or the object id of its
// service principal. The error names all that does not fit.
func Look(ctx context.Context, session *azurecloud.Session, file requests.File, api string) (*Plan, error) {
	caller, err := session.Graph.Caller(ctx)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(caller.TenantID, file.TenantID) {
		return nil, azurecloud.WithHint(fmt.Errorf("expected requests for tenant %s, got some for %s", caller.TenantID, file.TenantID),
			"sign in to the tenant of the file, ARM_TENANT_ID="+file.TenantID)
	}
	p := &Plan{file: file, caller: caller, session: session, Wait: azurecloud.Sleep}
	if err := p.findAPI(ctx, api); err != nil {
		return nil, err
	}
	held, err := azurecloud.List[assignment](ctx, session.Graph, "/v1.0/servicePrincipals/"+url.PathEscape(p.api.ID)+"/appRoleAssignedTo")
	if err != nil {
		return nil, fmt.Errorf("list who holds an app role of the API: %w", err)
	}
	var problems []error
	for _, r := range file.Requests {
		found, registration, err := p.who(ctx, r)
		if err != nil {
			problems = append(problems, fmt.Errorf("client %q: %w", r.Client, err))
		}
		for _, asked := range r.Roles {
			if err := p.checkRole(asked); err != nil {
				problems = append(problems, fmt.Errorf("client %q: %w", r.Client, err))
			}
			line := line{request: r, principal: found, registration: registration, role: asked}
			if i := slices.IndexFunc(held, line.is); found.ID != "" && i >= 0 {
				line.held = &held[i]
			}
			p.lines = append(p.lines, line)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, azurecloud.WithHint(fmt.Errorf("%w: nothing was granted\n%w", ErrRefused, err), fixes(problems, "ask the team for a new file: tenant request -stack "+file.Stack))
	}
	return p, nil
}

// fixes are what ends the problems: their own hints, and newFile for those that have
// none.
func fixes(problems []error, newFile string) string {
	var all []string
	for _, problem := range problems {
		fix := newFile
		if hint := (*azurecloud.HintError)(nil); errors.As(problem, &hint) {
			fix = hint.Hint
		}
		if !slices.Contains(all, fix) {
			all = append(all, fix)
		}
	}
	return strings.Join(all, "; ")
}

// ErrRefused is the refusal of a file that does not fit the tenant.
var ErrRefused = errors.New("the requests do not fit the tenant")

// findAPI finds the API that the file asks for. One that is not registered in
// this tenant, such as Microsoft Graph, is refused: with its app roles goes the
// whole directory.
func (p *Plan) findAPI(ctx context.Context, pinned string) error {
	asked := p.file.API
	found, err := p.principal(ctx, asked.ServicePrincipalID)
	if err != nil {
		return fmt.Errorf("API %q: %w", asked.Name, err)
	}
	var problem error
	switch {
	case !strings.EqualFold(found.ClientID, asked.ClientID):
		problem = fmt.Errorf("expected the client id %s, got %s", asked.ClientID, found.ClientID)
	case !strings.EqualFold(found.OwnerTenantID, p.file.TenantID):
		problem = fmt.Errorf("expected an API that is registered in this tenant, got %q of the tenant %q", found.DisplayName, found.OwnerTenantID)
	case pinned != "" && !strings.EqualFold(pinned, found.ClientID) && !strings.EqualFold(pinned, found.ID):
		problem = fmt.Errorf("expected requests for the API %s, got some for %q (%s)", pinned, found.DisplayName, found.ID)
	case !found.Enabled:
		problem = fmt.Errorf("its service principal %q (%s) is disabled: nobody gets a token for it", found.DisplayName, found.ID)
	}
	if problem != nil {
		return fmt.Errorf("%w: API %q: %w", ErrRefused, asked.Name, problem)
	}
	p.api = found
	return nil
}

// principal reads a service principal by its object id.
func (p *Plan) principal(ctx context.Context, objectID string) (found principal, err error) {
	err = p.session.Graph.Get(ctx, "/v1.0/servicePrincipals/"+url.PathEscape(objectID), &found)
	if azurecloud.IsNotFound(err) {
		return found, fmt.Errorf("the tenant has no service principal %s (that of an app registration is another object id than the registration's)", objectID)
	}
	return found, err
}

// who is the service principal that gets the roles of a request. It is empty while
// its app registration is to be made.
func (p *Plan) who(ctx context.Context, r requests.Request) (found principal, made *registration, err error) {
	if r.Registration == nil {
		found, err = p.findPrincipal(ctx, r)
		return found, nil, err
	}
	if made, err = p.lookRegistration(ctx, r); err != nil {
		return principal{}, nil, err
	}
	p.registrations = append(p.registrations, made)
	if made.principal != nil {
		found = *made.principal
	}
	return found, made, nil
}

const managedIdentityType = "ManagedIdentity"

// findPrincipal finds who asks, and refuses a namesake: somebody read the file by
// its names.
func (p *Plan) findPrincipal(ctx context.Context, r requests.Request) (principal, error) {
	found, err := p.principal(ctx, r.PrincipalID)
	if err != nil {
		return found, err
	}
	managed := r.Identity == "managedIdentity" || r.Identity == "systemAssigned"
	switch {
	case r.PrincipalName != "" && r.PrincipalName != found.DisplayName:
		return found, fmt.Errorf("expected %s to be %q, got %q", r.PrincipalID, r.PrincipalName, found.DisplayName)
	case managed && found.Type != managedIdentityType:
		return found, fmt.Errorf("expected %q (%s) to be a managed identity, got one of the type %q", found.DisplayName, r.PrincipalID, found.Type)
	case !managed && r.Identity != "existing" && found.Type == managedIdentityType:
		return found, fmt.Errorf("expected %q (%s) to belong to an app registration, got a managed identity", found.DisplayName, r.PrincipalID)
	case !found.Enabled:
		return found, fmt.Errorf("%q (%s) is disabled", found.DisplayName, r.PrincipalID)
	case strings.EqualFold(found.ID, p.api.ID):
		return found, fmt.Errorf("expected a client, got the API itself, %s", r.PrincipalID)
	}
	return found, nil
}

// checkRole refuses a role that the API does not have under that name, or that an
// application cannot hold. Graph refuses to assign a disabled one
// (https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto).
func (p *Plan) checkRole(asked requests.Role) error {
	i := slices.IndexFunc(p.api.Roles, func(r role) bool { return strings.EqualFold(r.ID, asked.ID) })
	if i < 0 {
		return fmt.Errorf("expected an app role of %q, got %s (%q), which it does not have", p.api.DisplayName, asked.ID, asked.Value)
	}
	switch found := p.api.Roles[i]; {
	case found.Value != asked.Value:
		return fmt.Errorf("expected the app role %s to be %q, got %q", asked.ID, asked.Value, found.Value)
	case !found.Enabled:
		return fmt.Errorf("the app role %q is disabled", found.Value)
	case !slices.Contains(found.MemberTypes, "Application"):
		return fmt.Errorf("expected an app role for applications, got %q for %s", found.Value, strings.Join(found.MemberTypes, ", "))
	}
	return nil
}

func (l line) is(a assignment) bool {
	return strings.EqualFold(a.PrincipalID, l.principal.ID) && strings.EqualFold(a.RoleID, l.role.ID)
}

// Missing counts the assignments that Apply would make.
func (p *Plan) Missing() (n int) {
	for _, l := range p.lines {
		if l.held == nil {
			n++
		}
	}
	return n
}

// Registrations counts the app registrations that Apply would make, finish or change.
func (p *Plan) Registrations() (n int) {
	for _, r := range p.registrations {
		if r.unmade() || r.changed() {
			n++
		}
	}
	return n
}

// Apply makes the missing app registrations and assignments, one after the other, and
// says what is held then. An error can come after some were made; run again, it goes
// on.
func (p *Plan) Apply(ctx context.Context) (requests.Receipt, error) {
	for _, r := range p.registrations {
		if err := p.register(ctx, r); err != nil {
			return requests.Receipt{}, err
		}
	}
	if err := p.assignAll(ctx); err != nil {
		return requests.Receipt{}, err
	}
	// Last, because then the caller may not change it any more.
	for _, r := range p.registrations {
		if err := p.shedOwner(ctx, r); err != nil {
			return requests.Receipt{}, err
		}
	}
	return p.receipt(), nil
}

// assignAll makes the missing assignments.
func (p *Plan) assignAll(ctx context.Context) error {
	made := 0
	for i := range p.lines {
		l := &p.lines[i]
		if l.registration != nil {
			l.principal = *l.registration.principal
		}
		if l.held != nil {
			continue
		}
		if err := p.assign(ctx, l); err != nil {
			return azurecloud.WithHint(fmt.Errorf("give %s to %q (%s), after %d of %d: %w", l.role.Value, l.principal.DisplayName, l.principal.ID, made, made+p.Missing(), err),
				"run the same command again: it goes on with what is missing")
		}
		made++
	}
	return nil
}

// receipt says what is held.
func (p *Plan) receipt() requests.Receipt {
	receipt := requests.Receipt{
		Schema: requests.ReceiptSchema, Project: p.file.Project, Stack: p.file.Stack, TenantID: p.file.TenantID, API: p.file.API,
		GrantedBy: p.caller.ObjectID, Assignments: []requests.Assignment{},
	}
	for _, r := range p.registrations {
		receipt.Registrations = append(receipt.Registrations, r.registered())
	}
	for _, l := range p.lines {
		receipt.Assignments = append(receipt.Assignments, requests.Assignment{
			ID: l.held.ID, Client: l.request.Client, PrincipalID: l.principal.ID, Role: l.role, CreatedOn: l.held.Created.UTC().Format(time.RFC3339),
		})
	}
	return receipt
}

// assign makes one assignment. If somebody else was faster, theirs counts.
func (p *Plan) assign(ctx context.Context, l *line) error {
	path := "/v1.0/servicePrincipals/" + url.PathEscape(p.api.ID) + "/appRoleAssignedTo"
	made := new(assignment)
	send := func() error {
		return p.session.Graph.Post(ctx, path, object{"principalId": l.principal.ID, "resourceId": p.api.ID, "appRoleId": l.role.ID}, made)
	}
	var err error
	if l.registration == nil {
		err = send()
	} else {
		err = p.again(ctx, "the new service principal", send)
	}
	if azurecloud.StatusOf(err) == http.StatusBadRequest {
		held, listed := azurecloud.List[assignment](ctx, p.session.Graph, path)
		if i := slices.IndexFunc(held, l.is); listed == nil && i >= 0 {
			made, err = &held[i], nil
		}
	}
	if err != nil {
		return err
	}
	l.held = made
	return nil
}

// String says who gets what, and who has it.
func (p *Plan) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "API %q: service principal %s, client id %s\n", p.api.DisplayName, p.api.ID, p.api.ClientID)
	for _, r := range p.registrations {
		text.WriteString(r.shown(p.file.Project, p.file.Stack))
	}
	for _, l := range p.lines {
		what := "gets " + l.role.Value
		if l.held != nil {
			what = fmt.Sprintf("holds %s since %s", l.role.Value, l.held.Created.UTC().Format(time.RFC3339))
		}
		as := fmt.Sprintf("%q (%s), %s", l.principal.DisplayName, l.principal.ID, l.principal.where())
		if l.principal.ID == "" {
			as = fmt.Sprintf("the app registration %q", l.request.Registration.DisplayName)
		}
		fmt.Fprintf(&text, "  client %q of stack %q %s\n    as %s\n", l.request.Client, p.file.Stack, what, as)
	}
	if len(p.registrations) > 0 {
		fmt.Fprintf(&text, "%d to register or change, %d registered already\n", p.Registrations(), len(p.registrations)-p.Registrations())
	}
	fmt.Fprintf(&text, "%d to assign, %d held already\n", p.Missing(), len(p.lines)-p.Missing())
	return text.String()
}

// where is the resource of a managed identity, which its service principal names
// (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-view-managed-identity-service-principal),
// else its client id.
func (s principal) where() string {
	if s.Type != managedIdentityType {
		return "client id " + s.ClientID
	}
	i := slices.IndexFunc(s.AlternativeNames, func(name string) bool { return strings.HasPrefix(name, "/subscriptions/") })
	if i < 0 {
		return "a managed identity"
	}
	return fmt.Sprintf("the managed identity %q", s.AlternativeNames[i])
}
