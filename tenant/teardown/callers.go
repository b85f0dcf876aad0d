package teardown

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"app-to-app/azurecloud"
)

// This file finds who would lose access with a stack: clients of other stacks, and
// those to whom somebody gave an app role of the stack's API by hand. No state
// lists them, so the tenant is asked.

// ErrCalled is the refusal of a stack whose API others call.
var ErrCalled = errors.New("clients that are not this stack's would lose access")

// A caller holds an app role of something that the stack made.
type caller struct {
	PrincipalID string `json:"principalId"`
	Name        string `json:"principalDisplayName"`
	Kind        string `json:"principalType"`
	RoleID      string `json:"appRoleId"`
	API         string `json:"resourceDisplayName"`
}

// refuseCallers refuses a stack on which others depend, by name, unless Force says
// that they may lose access.
func (o Options) refuseCallers(ctx context.Context, state []byte, made *Remains) error {
	declared, err := declaredAssignments(state)
	if err != nil {
		return err
	}
	var lines []string
	for _, sp := range made.ServicePrincipals {
		held, err := azurecloud.List[caller](ctx, o.Session.Graph, "/v1.0/servicePrincipals/"+url.PathEscape(sp.ObjectID)+"/appRoleAssignedTo")
		switch {
		case azurecloud.IsNotFound(err): // an earlier teardown has deleted it
			continue
		case azurecloud.StatusOf(err) == http.StatusForbidden && o.Force:
			o.logf("who else holds an app role of %s is not known: %v", sp.ObjectID, err)
			continue
		case err != nil:
			return azurecloud.WithHint(fmt.Errorf("list who would lose access: %w", err), "ask for Application.Read.All, or pass -force to delete without knowing")
		}
		for _, c := range held {
			if !made.has(c.PrincipalID) && !declared[strings.ToLower(c.PrincipalID+" "+c.RoleID)] {
				lines = append(lines, fmt.Sprintf("\n  %s %q (%s) holds the app role %s of %q", c.Kind, c.Name, c.PrincipalID, c.RoleID, c.API))
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	slices.Sort(lines)
	if o.Force {
		o.logf("losing access:%s", strings.Join(lines, ""))
		return nil
	}
	return azurecloud.WithHint(fmt.Errorf("%w: nothing was deleted%s", ErrCalled, strings.Join(lines, "")),
		"tear down the stacks of these clients first, or pass -force")
}

// has reports whether a service principal is the stack's own, or was made for one of
// its clients.
func (m *Remains) has(objectID string) bool {
	return slices.ContainsFunc(m.Requested, func(r Requested) bool { return strings.EqualFold(r.ServicePrincipalID, objectID) }) ||
		slices.ContainsFunc(m.ServicePrincipals, func(p Principal) bool { return strings.EqualFold(p.ObjectID, objectID) }) ||
		slices.ContainsFunc(m.ManagedIdentities, func(id string) bool { return strings.EqualFold(id, objectID) })
}

// declaredAssignments are the app role assignments in a state, as principal and
// role: the stack itself gave them, and its owner knows that they end with it.
func declaredAssignments(state []byte) (map[string]bool, error) {
	var exported struct {
		Deployment struct{ Resources []stateResource }
	}
	if err := json.Unmarshal(state, &exported); err != nil {
		return nil, err
	}
	declared := make(map[string]bool)
	for _, r := range exported.Deployment.Resources {
		if r.Type == "azuread:index/appRoleAssignment:AppRoleAssignment" {
			declared[strings.ToLower(r.text("principalObjectId")+" "+r.text("appRoleId"))] = true
		}
	}
	return declared, nil
}
