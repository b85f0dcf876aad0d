package tenant

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"app-to-app/azurecloud"
)

// This file lists who could change the stack: the identities of the workflows, and
// what each can reach. No stack declares them, so they are looked for where a
// deployer must be: among the owners, and the caller itself; others are named. The
// rules are:
//   - an answer that could not be read is a line in Unread, never an empty list
//   - directory roles, and roles in other subscriptions, are not read, and
//     [Identity.Unread] says so

// An Identity is one that can sign in outside of the stack, such as a workflow's.
type Identity struct {
	Name, ClientID, ObjectID string
	Because                  string   // why it is listed
	Undeclared               bool     // owns something, and is not declared as an owner
	Trusts                   []string // subjects of tokens that it can sign in with
	Keys                     int      // its client secrets and certificates
	Permissions              []Permission
	Roles                    []Permission
	Unread                   []string
}

// A Permission is an app role of an API, or a role in Azure.
type Permission struct {
	Name, On string
	// Becomes says what whoever has it can make of itself.
	Becomes string
}

// becomes are the permissions that give more than they say (docs/ci.md;
// https://learn.microsoft.com/graph/permissions-reference).
var becomes = map[string]string{
	"AppRoleAssignment.ReadWrite.All":         "can give itself any app role",
	"RoleManagement.ReadWrite.Directory":      "can give itself any directory role",
	"Application.ReadWrite.All":               "can add credentials to any application",
	"Owner":                                   "can assign any role in the scope",
	"User Access Administrator":               "can assign any role in the scope",
	"Role Based Access Control Administrator": "can assign any role in the scope, as far as a condition allows",
}

// Reach lists the identities and what they can reach. Others are client ids.
func Reach(ctx context.Context, session *azurecloud.Session, declared Declaration, seen Seen, others []string) ([]Identity, error) {
	r := &reacher{reader: reader{session}, names: make(map[string]principal)}
	for _, s := range declared.states() {
		if s != nil && s.subscription != "" && !containsID(r.subscriptions, s.subscription) {
			r.subscriptions = append(r.subscriptions, s.subscription)
		}
	}
	if len(r.subscriptions) == 0 && session.SubscriptionID != "" {
		r.subscriptions = []string{session.SubscriptionID}
	}
	caller, err := session.Graph.Caller(ctx)
	if err != nil {
		return nil, err
	}
	for _, owner := range seen.Owners {
		i := Identity{ObjectID: owner.ObjectID, Name: owner.Name, Because: "a declared owner", Undeclared: !owner.Declared}
		if i.Undeclared {
			i.Because = "an owner that is not declared"
		}
		r.add(i)
	}
	r.add(Identity{ObjectID: caller.ObjectID, ClientID: caller.ClientID, Because: "made this audit"})
	for _, clientID := range others {
		sp, found, err := r.reader.principalOf(ctx, clientID)
		if err != nil {
			return nil, fmt.Errorf("look at the identity %s: %w", clientID, err)
		}
		if !found {
			return nil, azurecloud.WithHint(fmt.Errorf("expected the client id of an application of this tenant, got %q", clientID), "az ad sp list --all --query \"[].{name:displayName, id:appId}\" --output table")
		}
		r.add(Identity{ObjectID: sp.ID, ClientID: clientID, Name: sp.DisplayName, Because: "named"})
	}
	for i := range r.all {
		if err := r.look(ctx, &r.all[i]); err != nil {
			return nil, fmt.Errorf("look at the identity %s: %w", cmp.Or(r.all[i].Name, r.all[i].ObjectID), err)
		}
	}
	slices.SortStableFunc(r.all, func(x, y Identity) int { return cmp.Compare(x.Name, y.Name) })
	return r.all, nil
}

// A reacher lists identities.
type reacher struct {
	reader        reader
	subscriptions []string
	names         map[string]principal // of APIs, by object id
	all           []Identity
}

// add adds an identity, or another reason for one.
func (r *reacher) add(i Identity) {
	for n := range r.all {
		if known := &r.all[n]; sameID(known.ObjectID, i.ObjectID) {
			known.Because += ", " + i.Because
			known.ClientID = cmp.Or(known.ClientID, i.ClientID)
			return
		}
	}
	r.all = append(r.all, i)
}

// readable keeps what may not be read as a line, and returns every other problem.
func (i *Identity) readable(err error, what string) error {
	if denied(err) || hidden(err) || azurecloud.StatusOf(err) == http.StatusUnauthorized {
		i.Unread = append(i.Unread, what+" could not be read")
		return nil
	}
	return err
}

func (r *reacher) look(ctx context.Context, i *Identity) error {
	sp, found, err := r.reader.principal(ctx, i.ObjectID)
	switch {
	case err != nil:
		err = i.readable(err, "the service principal, and so its permissions,")
	case !found:
		i.Unread = append(i.Unread, "no service principal: a person or a group, of which only Azure roles were looked at")
	default:
		i.Name, i.ClientID = InOneLine(sp.DisplayName), sp.AppID
		i.Keys = len(sp.Secrets) + len(sp.Certificates)
		if err = r.trusts(ctx, i); err == nil {
			err = r.permissions(ctx, i)
		}
	}
	if err != nil {
		return err
	}
	i.Unread = append(i.Unread, "directory roles are not looked at")
	if len(r.subscriptions) == 0 {
		i.Unread = append(i.Unread, "Azure roles were not looked at: neither the state nor ARM_SUBSCRIPTION_ID names a subscription")
	}
	for _, subscription := range r.subscriptions {
		if err := i.readable(r.azure(ctx, i, subscription), "Azure roles in the subscription "+subscription); err != nil {
			return err
		}
	}
	return nil
}

// trusts are the tokens that an identity can sign in with.
func (r *reacher) trusts(ctx context.Context, i *Identity) error {
	apps, err := azurecloud.List[application](ctx, r.reader.session.Graph, "/v1.0/applications?$filter="+url.QueryEscape("appId eq '"+i.ClientID+"'"))
	if err != nil {
		return i.readable(err, "what it signs in with")
	}
	if len(apps) == 0 {
		i.Unread = append(i.Unread, "no app registration in this tenant: a managed identity, or another tenant's application")
		return nil
	}
	i.Keys += len(apps[0].Secrets) + len(apps[0].Certificates)
	federations, err := r.reader.federations(ctx, apps[0].ID)
	for _, f := range federations {
		i.Trusts = append(i.Trusts, InOneLine(issuerName(f.Issuer)+": "+f.Subject))
	}
	slices.Sort(i.Trusts)
	return i.readable(err, "its federated identity credentials")
}

// issuerName is who issues the tokens: of the two services with workflows, by name
// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust).
func issuerName(issuer string) string {
	switch {
	case issuer == "https://token.actions.githubusercontent.com":
		return "GitHub"
	case strings.HasPrefix(issuer, "https://vstoken.dev.azure.com/"):
		return "Azure DevOps"
	}
	return issuer
}

// A heldRole is an app role that an identity holds
// (https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignments).
type heldRole struct {
	AppRoleID    string `json:"appRoleId"`
	ResourceID   string `json:"resourceId"`
	ResourceName string `json:"resourceDisplayName"`
}

// permissions are the app roles that an identity holds, of Microsoft Graph and of
// other APIs.
func (r *reacher) permissions(ctx context.Context, i *Identity) error {
	held, err := azurecloud.List[heldRole](ctx, r.reader.session.Graph, "/v1.0/servicePrincipals/"+url.PathEscape(i.ObjectID)+"/appRoleAssignments")
	for _, h := range held {
		api, known := r.names[h.ResourceID]
		if !known {
			var apiErr error
			if api, _, apiErr = r.reader.principal(ctx, h.ResourceID); apiErr != nil && !denied(apiErr) {
				return apiErr
			}
			r.names[h.ResourceID] = api
		}
		name := h.AppRoleID
		if role, ok := roleByID(api.AppRoles, h.AppRoleID); ok {
			name = role.Value
		}
		i.Permissions = append(i.Permissions, Permission{InOneLine(name), InOneLine(h.ResourceName), becomes[name]})
	}
	sortPermissions(i.Permissions)
	return i.readable(err, "its app roles, such as permissions of Microsoft Graph,")
}

// azure adds the Azure roles of an identity in a subscription: at it, above and below
// (https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-subscription).
func (r *reacher) azure(ctx context.Context, i *Identity, subscription string) error {
	type assigned struct {
		Properties struct {
			RoleDefinitionID, Scope, Condition string
		}
	}
	path := version("/subscriptions/"+subscription+"/providers/Microsoft.Authorization/roleAssignments", permissionVersion)
	held, err := azurecloud.List[assigned](ctx, r.reader.session.ResourceManager, path+"&$filter="+url.QueryEscape("assignedTo('"+i.ObjectID+"')"))
	if err != nil {
		return err
	}
	for _, h := range held {
		id := h.Properties.RoleDefinitionID
		var role struct{ Properties struct{ RoleName string } }
		if !strings.HasPrefix(id, "/subscriptions/") { // of a role assigned above a subscription
			id = "/subscriptions/" + subscription + id
		}
		if err := r.reader.session.ResourceManager.Get(ctx, version(id, permissionVersion), &role); err != nil && !azurecloud.IsNotFound(err) && !hidden(err) {
			return err
		}
		name := cmp.Or(role.Properties.RoleName, id[strings.LastIndex(id, "/")+1:])
		p := Permission{InOneLine(name), InOneLine(h.Properties.Scope), becomes[name]}
		if h.Properties.Condition != "" {
			p.Name += " (with a condition)"
		}
		i.Roles = append(i.Roles, p)
	}
	sortPermissions(i.Roles)
	return nil
}

func sortPermissions(all []Permission) {
	slices.SortFunc(all, func(x, y Permission) int { return cmp.Or(cmp.Compare(x.On, y.On), cmp.Compare(x.Name, y.Name)) })
}
