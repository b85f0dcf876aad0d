package diff

import (
	"maps"
	"slices"
	"strings"
)

// This file finds out who has access before and after. The rules are:
//   - a client is one of our components, and holds the resources below it
//   - names come from URNs and logical names; ids are compared where a preview
//     knows them already, otherwise it says which resource they come from
//   - the kind of a client's credential follows from the principals of its
//     assignments and the credentials of its app registration; a client that is
//     moving between kinds has two

// The type tokens that access depends on.
const (
	apiType              = "app-to-app:components:API"
	clientType           = "app-to-app:components:Client"
	functionAppType      = "app-to-app:components:FunctionApp"
	applicationType      = "azuread:index/application:Application"
	servicePrincipalType = "azuread:index/servicePrincipal:ServicePrincipal"
	appRoleType          = "azuread:index/applicationAppRole:ApplicationAppRole"
	assignmentType       = "azuread:index/appRoleAssignment:AppRoleAssignment"
	passwordType         = "azuread:index/applicationPassword:ApplicationPassword"
	certificateType      = "azuread:index/applicationCertificate:ApplicationCertificate"
	federatedType        = "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential"
	userAssignedType     = "azure-native:managedidentity:UserAssignedIdentity"
	siteType             = "azure-native:web:WebApp" // without its version
)

// A resource is one side of a step.
type resource struct {
	urn string
	*State
}

// A side is all resources before or after, by URN.
type side map[string]resource

// sides splits a preview into the resources before and those after.
func sides(p Preview) (before, after side) {
	before, after = make(side), make(side)
	for _, s := range p.Steps {
		if s.Old != nil {
			before[s.URN] = resource{s.URN, s.Old}
		}
		if s.New != nil && !s.removes() {
			after[s.URN] = resource{s.URN, s.New}
		}
	}
	return before, after
}

// owner is the nearest component of a type above a resource, or "".
func (s side) owner(r resource, component string) string {
	for seen := 0; seen < 16 && r.State != nil && r.Parent != ""; seen++ {
		if typeOf(r.Parent) == component {
			return r.Parent
		}
		r = s[r.Parent]
	}
	return ""
}

// A client is what one client holds.
type client struct {
	kind        string            // of its credential
	roles       map[string]string // value of the role and name of the API, by URN
	credentials map[string]string // what each one is, by URN
	principals  map[string]string // whom an assignment of a known role is for, by its URN: ownPrincipal, an object id, or "" if that is open
}

// The words for kinds of credentials.
const (
	kindManagedIdentity = "managed identity"
	kindSecret          = "secret"
	kindCertificate     = "certificate"
	kindFederated       = "federated credential"
	kindSystemAssigned  = "system-assigned managed identity"
	kindExisting        = "existing identity"
)

// clients are the clients of a side, by name.
func (s side) clients() map[string]client {
	all := make(map[string]client)
	for urn := range s {
		if typeOf(urn) == clientType {
			c := client{roles: make(map[string]string), credentials: make(map[string]string), principals: make(map[string]string)}
			s.fill(urn, &c)
			all[nameOf(urn)] = c
		}
	}
	return all
}

func (s side) fill(urn string, c *client) {
	kinds := make(map[string]bool)
	var registered, existing bool
	for _, r := range s {
		if s.owner(r, clientType) != urn {
			continue
		}
		switch typeOf(r.urn) {
		case assignmentType:
			text, known := s.role(r)
			c.roles[r.urn] = text
			if known {
				c.principals[r.urn] = s.principalOf(r)
			}
			switch principal := r.principal(); {
			case principal == userAssignedType:
				kinds[kindManagedIdentity] = true
			case principal == servicePrincipalType:
				registered = true
			case principal == "":
				existing = true
			default: // the site itself
				kinds[kindSystemAssigned] = true
			}
		case applicationType:
			registered = true
		case passwordType:
			c.credentials[r.urn] = "client secret"
		case certificateType:
			c.credentials[r.urn] = kindCertificate
		case federatedType:
			c.credentials[r.urn] = kindFederated
		}
	}
	for _, credential := range c.credentials {
		kinds[strings.TrimPrefix(credential, "client ")] = true
	}
	switch {
	case len(kinds) > 0:
		c.kind = strings.Join(slices.Sorted(maps.Keys(kinds)), " and ")
	case registered:
		c.kind = "app registration without a credential"
	case existing:
		c.kind = kindExisting
	default:
		c.kind = "unknown, it has no role"
	}
}

// principal is the type of the resource that an assignment is for, or "" when
// that is not in the stack.
func (r resource) principal() string {
	for _, dependency := range r.PropertyDependencies["principalObjectId"] {
		return typeOf(dependency)
	}
	return ""
}

// managed reports whether tokens of a kind are cached by Azure.
func managed(kind string) bool {
	return strings.Contains(kind, kindManagedIdentity) || kind == kindExisting
}

// An api is the part of an API that decides who may call it.
type api struct {
	open    bool              // reachable without an assignment
	roles   map[string]string // by URN
	blocked string
	owners  string
	from    map[string]string // URN of the resource that has a property, by property
}

// The properties that an api is read from.
const (
	requiredProperty = "appRoleAssignmentRequired"
	ownersProperty   = "owners"
	blockedProperty  = "properties.ORDERS_BLOCKED_CALLERS"
)

func (s side) apis() map[string]api {
	all := make(map[string]api)
	for urn := range s {
		if typeOf(urn) != apiType {
			continue
		}
		a := api{roles: make(map[string]string), from: make(map[string]string)}
		for _, r := range s {
			if s.owner(r, apiType) != urn {
				continue
			}
			switch typeOf(r.urn) {
			case servicePrincipalType:
				required, _ := r.Inputs[requiredProperty].(bool)
				a.open, a.from[requiredProperty] = !required, r.urn
			case appRoleType:
				value, _ := r.Inputs["value"].(string)
				a.roles[r.urn] = code(value)
			case applicationType:
				a.owners, a.from[ownersProperty] = list(r.Inputs[ownersProperty]), r.urn
			default:
				if settings, ok := r.Inputs["properties"].(map[string]any); ok {
					if callers, ok := settings["ORDERS_BLOCKED_CALLERS"].(string); ok {
						a.blocked, a.from[blockedProperty] = callers, r.urn
					}
				}
			}
		}
		all[nameOf(urn)] = a
	}
	return all
}

// list joins a list of ids into one text for comparing.
func list(value any) string {
	items, _ := value.([]any)
	var texts []string
	for _, item := range items {
		text, _ := item.(string)
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return strings.Join(texts, ",")
}
