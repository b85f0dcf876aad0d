package arm

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements Azure role assignments at every scope:
// learn.microsoft.com/rest/api/authorization/role-assignments and
// learn.microsoft.com/azure/role-based-access-control/troubleshooting. As in
// Azure, they stay when their principal is deleted.

const (
	assignmentType  = "Microsoft.Authorization/roleAssignments"
	assignmentPath  = "/providers/microsoft.authorization/roleassignments"
	assignmentRead  = assignmentType + "/read"
	assignmentWrite = assignmentType + "/write"
	assignmentErase = assignmentType + "/delete"
)

var authorizationVersions = []string{"2015-07-01", "2018-01-01-preview", "2020-04-01-preview", "2022-04-01", "2022-05-01-preview"}

var assignmentBody = schema.Fields{
	"properties": schema.Object(schema.Fields{
		"roleDefinitionId": schema.Text().Required(),
		"principalId":      schema.Text().Required(),
		"principalType":    schema.Text("User", "Group", "ServicePrincipal", "ForeignGroup", "Device"),
		"description":      schema.Text(),
		"condition":        schema.Text().Only(""),
		"conditionVersion": schema.Text().Only(""),
	}.With(schema.Outputs("createdBy", "createdOn", "delegatedManagedIdentityResourceId", "scope", "updatedBy", "updatedOn"))).Required(),
}.With(schema.Outputs("id", "name", "type"))

// scope returns the scope of an authorization path.
func (c *call) scope() (string, error) { return c.scopeBefore("/providers/microsoft.authorization/") }

// scopeBefore returns the scope before an extension in a path, in the case it was
// created with. The scope must exist.
func (c *call) scopeBefore(extension string) (string, error) {
	path := c.r.URL.Path
	path = path[:strings.Index(path, extension)]
	if c.r.PathValue("group") == "" {
		return c.subscriptionID(), nil
	}
	group, err := c.group()
	if err != nil || c.r.PathValue("namespace") == "" {
		return group.ID, err
	}
	resource, ok := store.ResourceByID(c.tx, path)
	if !ok {
		return "", notFound(c.r.PathValue("namespace")+"/"+c.r.PathValue("type1"), c.r.PathValue("name1"), group.Name)
	}
	return resource.ID, nil
}

func (c *call) putAssignment() (reply, error) {
	scope, err := c.scope()
	if err != nil {
		return reply{}, err
	}
	name := c.r.PathValue("assignment")
	if uuid.Validate(name) != nil || len(name) != 36 {
		return reply{}, refuse(http.StatusBadRequest, "InvalidRoleAssignmentId", "The role assignment ID '%s' is not valid. The role assignment ID must be a GUID.", name)
	}
	body, err := c.read(assignmentBody)
	if err != nil {
		return reply{}, err
	}
	wanted, err := c.wantedAssignment(scope, name, body["properties"].(map[string]any))
	if err != nil {
		return reply{}, err
	}
	old, exists := store.RoleAssignments.Get(c.tx, store.ResourceKey(wanted.ID))
	if exists {
		if !strings.EqualFold(old.PrincipalID, wanted.PrincipalID) || !strings.EqualFold(old.RoleID, wanted.RoleID) {
			return reply{}, refuse(http.StatusBadRequest, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
		}
		wanted.CreatedAt, wanted.CreatedBy, wanted.PrincipalType = old.CreatedAt, old.CreatedBy, old.PrincipalType
	} else if twin, ok := c.sameAssignment(wanted); ok {
		return reply{}, refuse(http.StatusConflict, "RoleAssignmentExists", "The role assignment already exists. The ID of the conflicting role assignment is %s.", strings.ReplaceAll(twin.Name, "-", ""))
	}
	rbac.Assign(c.tx, wanted)
	c.note(wanted.ID)
	status := http.StatusCreated
	if exists {
		status = http.StatusOK
	}
	return reply{status: status, body: c.showAssignment(wanted)}, nil
}

// wantedAssignment checks the role and the principal of a request.
func (c *call) wantedAssignment(scope, name string, properties map[string]any) (store.RoleAssignment, error) {
	now := c.service.store.Now()
	a := store.RoleAssignment{
		ID: rbac.AssignmentID(scope, name), TenantID: c.subscription.TenantID, Name: name, Scope: scope,
		PrincipalID: textAt(properties, "principalId"), PrincipalType: textAt(properties, "principalType"), Description: textAt(properties, "description"),
		CreatedBy: c.caller.ObjectID, CreatedAt: now, UpdatedAt: now,
	}
	roleID := textAt(properties, "roleDefinitionId")
	at, id, found := cutFold(roleID, "/providers/Microsoft.Authorization/roleDefinitions/")
	if !found || at != "" && !strings.EqualFold(at, c.subscriptionID()) {
		return a, refuse(http.StatusBadRequest, "InvalidRoleDefinitionId", "The role definition ID '%s' is not valid.", roleID)
	}
	role, ok := rbac.RoleByID(id)
	if !ok {
		return a, refuse(http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", strings.ReplaceAll(id, "-", ""))
	}
	a.RoleID = role.ID
	if uuid.Validate(a.PrincipalID) != nil {
		return a, refuse(http.StatusBadRequest, "InvalidPrincipalId", "The Principal ID '%s' is not valid. Principal ID must be a GUID.", a.PrincipalID)
	}
	_, exists := store.LiveServicePrincipal(c.tx, a.TenantID, a.PrincipalID)
	switch {
	case exists && a.PrincipalType != "" && a.PrincipalType != "ServicePrincipal":
		return a, refuse(http.StatusBadRequest, "UnmatchedPrincipalType", "The PrincipalId '%s' has type 'ServicePrincipal' , which is different from specified PrinciaplType '%s'.", a.PrincipalID, a.PrincipalType)
	case exists:
		a.PrincipalType = "ServicePrincipal"
	case a.PrincipalType == "":
		// With a type, Azure does not look the principal up, so that one that
		// is not replicated yet can be given its role.
		return a, refuse(http.StatusBadRequest, "PrincipalNotFound",
			"Principal %s does not exist in the directory %s. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
			strings.ReplaceAll(a.PrincipalID, "-", ""), a.TenantID)
	}
	return a, nil
}

// sameAssignment returns an assignment with another name, and the same role,
// principal and scope.
func (c *call) sameAssignment(a store.RoleAssignment) (store.RoleAssignment, bool) {
	for _, other := range store.RoleAssignments.All(c.tx, strings.ToLower(rbac.AssignmentID(a.Scope, ""))) {
		if strings.EqualFold(other.PrincipalID, a.PrincipalID) && strings.EqualFold(other.RoleID, a.RoleID) {
			return other, true
		}
	}
	return store.RoleAssignment{}, false
}

func (c *call) showAssignment(a store.RoleAssignment) map[string]any {
	return map[string]any{"id": a.ID, "name": a.Name, "type": assignmentType, "properties": map[string]any{
		"roleDefinitionId": c.subscriptionID() + "/providers/Microsoft.Authorization/roleDefinitions/" + a.RoleID,
		"principalId":      a.PrincipalID, "principalType": a.PrincipalType, "scope": a.Scope,
		"condition": nil, "conditionVersion": nil, "delegatedManagedIdentityResourceId": nil, "description": orNull(a.Description),
		"createdOn": a.CreatedAt.Format(time.RFC3339Nano), "updatedOn": a.UpdatedAt.Format(time.RFC3339Nano), "createdBy": a.CreatedBy, "updatedBy": a.CreatedBy,
	}}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// assignment returns the assignment of the request.
func (c *call) assignment() (store.RoleAssignment, bool, error) {
	scope, err := c.scope()
	if err != nil {
		return store.RoleAssignment{}, false, err
	}
	a, ok := store.RoleAssignments.Get(c.tx, store.ResourceKey(rbac.AssignmentID(scope, c.r.PathValue("assignment"))))
	return a, ok, nil
}

func (c *call) getAssignment() (reply, error) {
	a, found, err := c.assignment()
	if err == nil && !found {
		err = refuse(http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment '%s' is not found.", c.r.PathValue("assignment"))
	}
	if err != nil {
		return reply{}, err
	}
	return ok(c.showAssignment(a))
}

func (c *call) deleteAssignment() (reply, error) {
	a, found, err := c.assignment()
	if err != nil {
		return reply{}, err
	}
	if !found {
		return reply{status: http.StatusNoContent}, nil
	}
	store.RoleAssignments.Delete(c.tx, store.ResourceKey(a.ID))
	c.note(a.ID)
	return ok(c.showAssignment(a))
}

// listAssignments shows the assignments at, above and below the scope that
// match $filter.
func (c *call) listAssignments() (reply, error) {
	scope, err := c.scope()
	if err != nil {
		return reply{}, err
	}
	principal, below := "", true
	if filter := c.r.URL.Query().Get("$filter"); filter != "" {
		for term := range strings.SplitSeq(filter, " and ") {
			term = strings.TrimSpace(term)
			if strings.EqualFold(term, "atScope()") {
				below = false
				continue
			}
			value, known := equals(term, "principalId")
			if inner, assigned := strings.CutPrefix(term, "assignedTo('"); assigned {
				value, known = strings.CutSuffix(inner, "')")
			}
			if !known {
				return reply{}, unemulated("$filter=%s", filter)
			}
			principal = value
		}
	}
	var items []map[string]any
	add := func(a store.RoleAssignment) {
		if strings.EqualFold(a.TenantID, c.subscription.TenantID) && (principal == "" || strings.EqualFold(a.PrincipalID, principal)) {
			items = append(items, c.showAssignment(a))
		}
	}
	for _, at := range rbac.Chain(scope) {
		for _, a := range store.RoleAssignments.All(c.tx, strings.ToLower(rbac.AssignmentID(at, ""))) {
			add(a)
		}
	}
	for _, a := range store.RoleAssignments.All(c.tx, store.ResourceKey(scope)+"/") {
		if below && !strings.EqualFold(a.Scope, scope) {
			add(a)
		}
	}
	return ok(values(items))
}

// cutFold is strings.Cut ignoring case.
func cutFold(s, separator string) (before, after string, found bool) {
	i := strings.Index(strings.ToLower(s), strings.ToLower(separator))
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}
