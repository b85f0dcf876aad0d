package components

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A Registration is an app registration of an API that was made elsewhere, with
// its service principal. All fields are required.
type Registration struct {
	ClientID           string
	ObjectID           string // of the app registration
	ServicePrincipalID string // object id
	Resource           string // what the clients ask a token for: an identifier URI, or the client id
	RoleIDs            map[string]string
}

func (r *Registration) check(roles []Role) error {
	if r == nil {
		return nil
	}
	problems := []error{required("registration.clientID", r.ClientID != ""), required("registration.objectID", r.ObjectID != ""),
		required("registration.servicePrincipalID", r.ServicePrincipalID != ""), required("registration.resource", r.Resource != "")}
	for _, role := range roles {
		if r.RoleIDs[role.Value] == "" {
			problems = append(problems, fmt.Errorf("argument registration.roleIDs: expected the id of the role %q, got none", role.Value))
		}
	}
	return errors.Join(problems...)
}

// An apiRole is an app role that clients can be assigned.
type apiRole struct {
	id       pulumi.StringInput
	resource pulumi.Resource // nil if it was made elsewhere
}

// use takes the ids of a registration that exists.
func (api *API) use(r Registration, roles []Role) {
	output := func(text string) pulumi.StringOutput { return pulumi.String(text).ToStringOutput() }
	api.ClientID, api.ObjectID, api.ServicePrincipalID = output(r.ClientID), output(r.ObjectID), output(r.ServicePrincipalID)
	// The audience of a version 2 token is the client id (access-token-claims-reference
	// of Microsoft's documentation of the identity platform).
	api.IdentifierURI, api.Audience = output(r.Resource), output(r.ClientID)
	for _, role := range roles {
		api.roles[role.Value] = apiRole{id: pulumi.String(r.RoleIDs[role.Value])}
	}
}

// after are what an assignment of a role depends on.
func (api *API) after(role apiRole, principal pulumi.Resource) (resources []pulumi.Resource) {
	for _, resource := range []pulumi.Resource{role.resource, api.servicePrincipal, principal} {
		if resource != nil {
			resources = append(resources, resource)
		}
	}
	return resources
}
