package diff

import (
	"cmp"
	"maps"
	"strings"
)

// A stack is all resources of a preview and what is known of principals.
type stack struct {
	Facts
	table         table
	before, after map[string]*Side  // by URN
	external      map[string]bool   // resources that the program only reads
	goes          map[string]bool   // those that a step deletes, be it for a new one
	ids           map[string]string // URN of the stack's own resource with an id, in lower case; "" if several claim it
	roles         map[roleKey][]string
	free          map[string]string // URN of what goes, by its place
}

// The type tokens that other kinds refer to.
const (
	apiType              = "app-to-app:components:API"
	clientType           = "app-to-app:components:Client"
	functionAppType      = "app-to-app:components:FunctionApp"
	applicationType      = "azuread:index/application:Application"
	servicePrincipalType = "azuread:index/servicePrincipal:ServicePrincipal"
	appRoleType          = "azuread:index/applicationAppRole:ApplicationAppRole"
	assignmentType       = "azuread:index/appRoleAssignment:AppRoleAssignment"
	userAssignedType     = "azure-native:managedidentity:UserAssignedIdentity"
	siteType             = "azure-native:web:WebApp" // without its version
)

func newStack(f Facts, t table) *stack {
	t = t.forAPIs(f.settingNames())
	s := &stack{Facts: f, table: t, before: make(map[string]*Side), after: make(map[string]*Side), external: make(map[string]bool), goes: make(map[string]bool), ids: make(map[string]string)}
	for _, step := range f.Steps {
		was, is := step.Old, step.New
		if !step.changes() {
			was = cmp.Or(was, is)
		}
		if was != nil {
			s.before[step.URN] = cmp.Or(s.before[step.URN], was)
		}
		if is != nil {
			s.after[step.URN] = cmp.Or(s.after[step.URN], is)
		}
		if step.Op == "delete" || step.Op == "delete-replaced" || step.Op == "replace" || step.Op == "remove-pending-replace" {
			s.goes[step.URN] = true
		}
		if step.Op == "read" {
			s.external[step.URN] = true
		}
	}
	for _, step := range f.Steps {
		k := t[unversioned(typeOf(step.URN))]
		for _, side := range []*Side{step.Old, step.New} {
			if side == nil || s.external[step.URN] {
				continue
			}
			for _, path := range k.outputs {
				s.own(side.Outputs[path], step.URN)
			}
			s.own(objectOf(side.ID), step.URN)
		}
	}
	maps.DeleteFunc(s.ids, func(_, urn string) bool { return urn != "" && s.foreign(urn) }) // the tenant names them
	s.roles, s.free = s.rolesOf(), s.freed()
	return s
}

// own notes whose id one is.
func (s *stack) own(value any, urn string) {
	id, _ := value.(string)
	if id = strings.ToLower(id); id == "" || id == unknownValue {
		return
	}
	if other, found := s.ids[id]; found && other != urn {
		urn = ""
	}
	s.ids[id] = urn
}

// objectOf is the object id in the id of a resource of Graph, such as
// /applications/OBJECT-ID, or else the id itself.
func objectOf(id string) string {
	if rest, found := strings.CutPrefix(id, "/applications/"); found && !strings.Contains(rest, "/") {
		return rest
	}
	return id
}

// side is a resource as it is after the preview, or was before.
func (s *stack) side(urn string) *Side { return cmp.Or(s.after[urn], s.before[urn]) }

// owner is the nearest component above a resource, or "".
func (s *stack) owner(urn string) string {
	for seen := 0; seen < 16; seen++ {
		side := s.side(urn)
		if side == nil || side.Parent == "" {
			return ""
		}
		urn = side.Parent
		if token := typeOf(urn); token == apiType || token == clientType {
			return urn
		}
	}
	return ""
}

// label is a resource in words: its noun, its logical name, and the component
// that it is in.
func (s *stack) label(urn string) string {
	token := unversioned(typeOf(urn))
	noun := cmp.Or(s.table[token].noun, code(token))
	text := noun + " " + code(nameOf(urn))
	if owner := s.owner(urn); owner != "" && nameOf(owner) != nameOf(urn) {
		component := ""
		if typeOf(owner) == clientType {
			component = "client "
		}
		text += " (" + component + code(nameOf(owner)) + ")"
	}
	return text
}
