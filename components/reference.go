package components

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// An APIReference describes an [API] that another process makes in the same
// update, by what it puts out. All fields are required.
type APIReference struct {
	Prefix             string                // of the app settings of its clients' code, such as ORDERS
	URL                pulumi.StringInput    // of its route
	ServicePrincipalID pulumi.StringInput    // object id, which assignments name
	IdentifierURI      pulumi.StringInput    // what clients ask a token for
	RoleIDs            pulumi.StringMapInput // by value
}

// ReferTo is the API of a reference, for [ClientArgs]. It registers nothing. An
// API whose outputs are known already is an [OtherAPI].
func ReferTo(r APIReference) (*API, error) {
	if err := errors.Join(required("prefix", r.Prefix != ""), required("api.url", r.URL != nil), required("api.servicePrincipalID", r.ServicePrincipalID != nil),
		required("api.identifierURI", r.IdentifierURI != nil), required("api.roleIDs", r.RoleIDs != nil)); err != nil {
		return nil, err
	}
	return &API{
		prefix: r.Prefix, URL: r.URL.ToStringOutput(), ServicePrincipalID: r.ServicePrincipalID.ToStringOutput(),
		IdentifierURI: r.IdentifierURI.ToStringOutput(), laterIDs: r.RoleIDs, other: true,
	}, nil
}

// RoleIDs are the ids of the app roles, by value; empty for a reference.
func (api *API) RoleIDs() pulumi.StringMap {
	ids := make(pulumi.StringMap)
	for value, role := range api.roles {
		ids[value] = role.id
	}
	return ids
}

// has reports whether a role can be assigned. What roles a reference has is known
// later, in [API.role].
func (api *API) has(value string) bool { return api.laterIDs != nil || api.roles[value].id != nil }

// role is the role with a value.
func (api *API) role(value string) apiRole {
	if api.laterIDs == nil {
		return api.roles[value]
	}
	return apiRole{id: api.laterIDs.ToStringMapOutput().ApplyT(func(ids map[string]string) (string, error) {
		if id := ids[value]; id != "" {
			return id, nil
		}
		return "", fmt.Errorf("argument roles: expected roles of the API, which has %s, got %q", strings.Join(slices.Sorted(maps.Keys(ids)), ", "), value)
	}).(pulumi.StringOutput)}
}
