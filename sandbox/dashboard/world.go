package dashboard

import (
	"encoding/json"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// A world is what a tenant has, as it is stored.
type world struct {
	tenantID     string
	applications map[string]store.Application      // by client id; live
	principals   map[string]store.ServicePrincipal // by object id; live
	assignments  []store.AppRoleAssignment
	byAudience   map[string]string // client id or identifier URI → object id of the service principal
	sites        []site
	usedBy       map[string][]string // object id of a principal → names of function apps
}

// A site is a function app.
type site struct {
	id, name string
	stored   store.Site
}

func read(tx *store.Tx, tenantID string) *world {
	w := &world{
		tenantID: tenantID, applications: map[string]store.Application{}, principals: map[string]store.ServicePrincipal{},
		byAudience: map[string]string{}, usedBy: map[string][]string{},
	}
	below := store.TenantKey(tenantID, "")
	for _, app := range store.Applications.All(tx, below) {
		if app.DeletedAt == nil {
			w.applications[app.ClientID] = app
		}
	}
	for _, sp := range store.ServicePrincipals.All(tx, below) {
		if sp.DeletedAt != nil {
			continue
		}
		w.principals[sp.ObjectID] = sp
		for _, name := range append([]string{sp.ClientID}, w.applications[sp.ClientID].IdentifierURIs...) {
			w.byAudience[name] = sp.ObjectID
		}
	}
	for _, a := range store.AppRoleAssignments.All(tx, below) {
		w.assignments = append(w.assignments, a)
	}
	for _, stored := range store.Sites.All(tx, "") {
		if stored.TenantID == tenantID {
			w.addSite(tx, stored)
		}
	}
	return w
}

// addSite adds a function app, and finds out whose identity it uses: those
// attached to it, and app registrations whose client id is among its settings.
func (w *world) addSite(tx *store.Tx, stored store.Site) {
	name := stored.ResourceID[strings.LastIndex(stored.ResourceID, "/")+1:]
	w.sites = append(w.sites, site{id: stored.ResourceID, name: name, stored: stored})
	var attached struct {
		PrincipalID  string `json:"principalId"`
		UserAssigned map[string]struct {
			PrincipalID string `json:"principalId"`
		} `json:"userAssignedIdentities"`
	}
	if resource, ok := store.ResourceByID(tx, stored.ResourceID); ok && len(resource.Identity) > 0 && json.Unmarshal(resource.Identity, &attached) == nil {
		w.use(attached.PrincipalID, name)
		for _, identity := range attached.UserAssigned {
			w.use(identity.PrincipalID, name)
		}
	}
	var settings map[string]string
	if stored, ok := store.ResourceByID(tx, stored.ResourceID+"/config/appsettings"); ok && json.Unmarshal(stored.Properties, &settings) == nil {
		for _, value := range settings {
			if app, ok := w.applications[value]; ok {
				w.use(w.byAudience[app.ClientID], name)
			}
		}
	}
}

func (w *world) use(principalID, site string) {
	if principalID != "" && !slices.Contains(w.usedBy[principalID], site) {
		w.usedBy[principalID] = append(w.usedBy[principalID], site)
		slices.Sort(w.usedBy[principalID])
	}
}

// siteName is the name of one of this tenant's function apps, or "".
func (w *world) siteName(id string) string {
	for _, s := range w.sites {
		if strings.EqualFold(s.id, id) {
			return s.name
		}
	}
	return ""
}

// timers are those of monitored timer functions; the host keeps no schedule of the
// others.
func (w *world) timers() (found []timer) {
	for _, s := range w.sites {
		for name, status := range s.stored.Timers {
			found = append(found, timer{Site: s.name, Function: name, Schedule: status.Schedule, Last: status.Last, Next: status.Next})
		}
	}
	slices.SortFunc(found, func(a, b timer) int { return a.Next.Compare(b.Next) })
	return found
}

// stackTag begins the tag that a Pulumi stack puts on its app registrations and
// service principals.
const stackTag = "pulumi-stack:"

// markOf is the stack that an object says it is of, PROJECT/STACK, or "".
func markOf(tags []string) string {
	for _, tag := range tags {
		if stack, ok := strings.CutPrefix(tag, stackTag); ok {
			return stack
		}
	}
	return ""
}
