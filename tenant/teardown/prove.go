package teardown

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
	"app-to-app/tenant/marked"
)

// This file counts what is left of a stack. The rules are:
//   - the counts come from the live tenant and subscription, never from a state
//   - everything is looked for by the ids that the state recorded, and by the
//     mark that the program puts on what it makes, so that what a state has lost
//     is counted too; [LookedFor] says what that does not cover
//   - what only a mark names is counted and named, and never deleted: another
//     backend can have a stack of the same name, and a mark is a claim
//   - what somebody else made because the stack asked for it is named, and not counted
//   - a deleted object may still be listed for a while, so the proof looks
//     several times

// LookedFor says what a teardown counts. It is printed with the counts, so that
// zero is not read as covering more than that.
const LookedFor = "looked for: resource groups and what is in them, app registrations, service principals, managed identities, role assignments and vaults, " +
	"by the ids that the stack's state recorded and by the mark on what the program makes; " +
	"not for what has no mark and is in no state, such as what an older version of the program made and a state has lost"

// Left counts what is left of a stack, of what [LookedFor] names.
type Left struct {
	ResourceGroups           int `json:"resourceGroups"`
	Resources                int `json:"resources"`
	RoleAssignments          int `json:"roleAssignments"`
	Applications             int `json:"applications"`
	ServicePrincipals        int `json:"servicePrincipals"`
	AppRoleAssignments       int `json:"appRoleAssignments"`
	DeletedApplications      int `json:"deletedApplications"`
	DeletedServicePrincipals int `json:"deletedServicePrincipals"`
	Vaults                   int `json:"vaults"`
	DeletedVaults            int `json:"deletedVaults"`
}

func (l Left) rows() []row {
	return []row{
		{"resource groups", l.ResourceGroups}, {"resources", l.Resources}, {"role assignments", l.RoleAssignments},
		{"app registrations", l.Applications}, {"service principals", l.ServicePrincipals}, {"app role assignments", l.AppRoleAssignments},
		{"deleted app registrations", l.DeletedApplications}, {"deleted service principals", l.DeletedServicePrincipals},
		{"vaults", l.Vaults}, {"deleted vaults", l.DeletedVaults},
	}
}

type row struct {
	name string
	n    int
}

// Total is zero when nothing that was looked for is left.
func (l Left) Total() (n int) {
	for _, row := range l.rows() {
		n += row.n
	}
	return n
}

// String is a line for each kind.
func (l Left) String() string {
	var text strings.Builder
	for _, row := range l.rows() {
		fmt.Fprintf(&text, "  %-26s %d\n", row.name, row.n)
	}
	return text.String()
}

const (
	groupVersion      = "2022-09-01"
	resourceVersion   = "2021-04-01"
	assignmentVersion = "2022-04-01"
)

// looks is how often the proof looks before it counts something as left.
const looks = 6

func (o *Options) prove(ctx context.Context, made *Remains) (left Left, err error) {
	for look := range looks {
		if look > 0 {
			if err := o.Wait(ctx, 10*time.Second); err != nil {
				return Left{}, err
			}
		}
		left, o.unrecorded = Left{}, nil
		for _, count := range []func(context.Context, *Remains, *Left) error{o.countGroups, o.countAssignments, o.countDirectory, o.countVaults, o.countMarked} {
			if err := count(ctx, made, &left); err != nil {
				o.nameOthers(ctx, made) // the state knows them, whatever the login may read
				return Left{}, err
			}
		}
		if left.Total() == 0 {
			break
		}
	}
	o.nameOthers(ctx, made)
	for _, t := range o.unrecorded {
		o.logf("left, and not in the stack's state: %s; if it is this stack's: %s", t, t.Remove)
	}
	return left, nil
}

// countMarked counts what carries the stack's mark and the state did not record.
func (o *Options) countMarked(ctx context.Context, made *Remains, left *Left) error {
	found, err := marked.Find(ctx, o.Session, o.Project, o.Name, marked.Searches)
	if err != nil {
		return err
	}
	principals := func(all []Principal) (ids []string) {
		for _, p := range all {
			ids = append(ids, p.ObjectID)
		}
		return ids
	}
	applications, servicePrincipals := principals(made.Applications), principals(made.ServicePrincipals)
	var vaults []string
	for _, v := range made.Vaults {
		vaults = append(vaults, v.ID)
	}
	for _, t := range found {
		if t.Requested && t.Kind == marked.Application {
			client := strings.TrimSuffix(t.Name, provenance.ApplicationOf(""))
			if !slices.ContainsFunc(made.Requested, func(r Requested) bool { return strings.EqualFold(r.ObjectID, t.ID) }) {
				made.Requested = append(made.Requested, Requested{Client: client, ObjectID: t.ID})
			}
		}
	}
	for _, kind := range []struct {
		name  string
		known []string // counted by their ids already
		n     *int
	}{
		{marked.Application, applications, &left.Applications}, {marked.DeletedApplication, applications, &left.DeletedApplications},
		{marked.ServicePrincipal, servicePrincipals, &left.ServicePrincipals}, {marked.DeletedServicePrincipal, servicePrincipals, &left.DeletedServicePrincipals},
		{marked.DeletedVault, vaults, &left.DeletedVaults}, {marked.ResourceGroup, nil, nil}, // by countGroups
		{marked.Resource, nil, &left.Resources}, {marked.RoleAssignment, nil, &left.RoleAssignments},
	} {
		for _, t := range found {
			inGroup := slices.ContainsFunc(made.ResourceGroups, func(group string) bool {
				return len(t.ID) > len(group) && strings.EqualFold(t.ID[:len(group)+1], group+"/")
			})
			if t.Kind == kind.name && kind.n != nil && !t.Requested && !contains(kind.known, t.ID) && !inGroup {
				*kind.n++
				o.unrecorded = append(o.unrecorded, t)
			}
		}
	}
	return nil
}

// A group is a resource group.
type group struct {
	ID   string            `json:"id"`
	Tags map[string]string `json:"tags"`
}

func (g group) of(project, stack string) bool {
	return g.Tags["project"] == project && g.Tags["stack"] == stack
}

func groups(ctx context.Context, session *azurecloud.Session) ([]group, error) {
	return azurecloud.List[group](ctx, session.ResourceManager, "/subscriptions/"+session.SubscriptionID+"/resourcegroups?api-version="+groupVersion)
}

func (o Options) countGroups(ctx context.Context, made *Remains, left *Left) error {
	all, err := groups(ctx, o.Session)
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.of(o.Project, o.Name) || contains(made.ResourceGroups, g.ID) {
			left.ResourceGroups++
		}
	}
	resources, err := azurecloud.List[struct{ ID string }](ctx, o.Session.ResourceManager,
		"/subscriptions/"+o.Session.SubscriptionID+"/resources?api-version="+resourceVersion)
	if err != nil {
		return err
	}
	for _, r := range resources {
		for _, id := range made.ResourceGroups {
			if len(r.ID) > len(id) && strings.EqualFold(r.ID[:len(id)+1], id+"/") {
				left.Resources++
			}
		}
	}
	return nil
}

// countAssignments counts the role assignments that the stack's principals
// still have in the subscription: an assignment outlives its principal.
func (o Options) countAssignments(ctx context.Context, made *Remains, left *Left) error {
	var principals []string
	principals = append(principals, made.ManagedIdentities...)
	for _, p := range made.ServicePrincipals {
		principals = append(principals, p.ObjectID)
	}
	assignments, err := azurecloud.List[struct {
		Properties struct {
			PrincipalID string `json:"principalId"`
		} `json:"properties"`
	}](ctx, o.Session.ResourceManager, "/subscriptions/"+o.Session.SubscriptionID+"/providers/Microsoft.Authorization/roleAssignments?api-version="+assignmentVersion)
	if err != nil {
		return err
	}
	for _, a := range assignments {
		if contains(principals, a.Properties.PrincipalID) {
			left.RoleAssignments++
		}
	}
	return nil
}

func (o Options) countDirectory(ctx context.Context, made *Remains, left *Left) error {
	for _, p := range made.Applications {
		for path, n := range map[string]*int{"/v1.0/applications/" + p.ObjectID: &left.Applications, deletedItem(p): &left.DeletedApplications} {
			if err := o.count(ctx, path, n); err != nil {
				return err
			}
		}
	}
	for _, p := range made.ServicePrincipals {
		if err := o.count(ctx, deletedItem(p), &left.DeletedServicePrincipals); err != nil {
			return err
		}
	}
	// A managed identity's service principal is deleted with it, and is in no
	// recycle bin.
	ids := slices.Clone(made.ManagedIdentities)
	for _, p := range made.ServicePrincipals {
		ids = append(ids, p.ObjectID)
	}
	for _, id := range ids {
		before := left.ServicePrincipals
		if err := o.count(ctx, "/v1.0/servicePrincipals/"+id, &left.ServicePrincipals); err != nil {
			return err
		}
		if left.ServicePrincipals == before {
			continue // and so are its assignments
		}
		for _, list := range []string{"appRoleAssignments", "appRoleAssignedTo"} {
			found, err := azurecloud.List[struct{}](ctx, o.Session.Graph, "/v1.0/servicePrincipals/"+id+"/"+list)
			if err != nil && !azurecloud.IsNotFound(err) {
				return err
			}
			left.AppRoleAssignments += len(found)
		}
	}
	return nil
}

// count adds one to n if there is something at path.
func (o Options) count(ctx context.Context, path string, n *int) error {
	err := o.Session.Graph.Get(ctx, path, nil)
	if azurecloud.IsNotFound(err) {
		return nil
	}
	if err == nil {
		*n++
	}
	return err
}

func (o Options) countVaults(ctx context.Context, made *Remains, left *Left) error {
	for _, v := range made.Vaults {
		deleted, err := o.deletedVault(ctx, made, v)
		if err != nil {
			return err
		}
		if deleted != nil {
			left.DeletedVaults++
		}
		err = o.Session.ResourceManager.Get(ctx, v.ID+"?api-version="+vaultVersion, nil)
		switch {
		case err == nil:
			left.Vaults++
		case !azurecloud.IsNotFound(err):
			return err
		}
	}
	return nil
}

// contains ignores the case of ids, as Azure does.
func contains(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(other string) bool { return strings.EqualFold(id, other) })
}
