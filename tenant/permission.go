package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"app-to-app/azurecloud"
)

// This file lists what a deployer must be allowed to do. The rules are: each
// need names the call of `pulumi up` that fails without it; any one of a need's
// alternatives is enough; the fix names the least powerful one.

// Directory roles, by template id
// (https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
const (
	globalAdministrator           = "62e90394-69f5-4237-9190-012177145e10"
	applicationAdministrator      = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
	cloudApplicationAdministrator = "158c047a-c907-4556-b7ef-446551a6b5f7"
)

var applicationAdministrators = []string{globalAdministrator, applicationAdministrator, cloudApplicationAdministrator}

// assignRoles is the permission to assign any app role of any API, including
// Microsoft Graph's.
const assignRoles = "AppRoleAssignment.ReadWrite.All"

// A graphNeed is what the deployer does in Microsoft Graph.
type graphNeed struct {
	purpose      string
	permissions  []string // any one is enough; the least powerful first
	withoutThese string   // the call that fails
}

var graphNeeds = []graphNeed{
	{"creating app registrations and service principals",
		[]string{"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.ReadWrite.All"}, "POST /applications"},
	{"reading service principals that are not the deployer's own",
		[]string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}, "POST /servicePrincipals/{id}/appRoleAssignedTo"},
	{"assigning app roles to clients",
		[]string{assignRoles}, "POST /servicePrincipals/{id}/appRoleAssignedTo"},
}

// checkGraph looks for the permissions in the caller's token. A service
// principal has what its app roles and directory roles give; a person has no
// more than directory roles give, whatever the scopes of the login.
func checkGraph(report *CheckReport, caller azurecloud.Caller, want Requirements) {
	for _, role := range applicationAdministrators {
		if slices.Contains(caller.DirectoryRoles, role) {
			return
		}
	}
	for _, need := range graphNeeds {
		if want.spares(need.permissions[0]) {
			continue
		}
		if slices.ContainsFunc(need.permissions, func(p string) bool { return slices.Contains(caller.Roles, p) }) {
			continue
		}
		permission := need.permissions[0]
		fix := fmt.Sprintf("az ad app permission add --id %s --api 00000003-0000-0000-c000-000000000000 --api-permissions %s=Role, then az ad app permission admin-consent --id %[1]s",
			caller.ClientID, graphRoleIDs[permission])
		if len(caller.Scopes) > 0 {
			fix = "ask for the directory role Cloud Application Administrator"
		}
		if permission == assignRoles {
			fix += "; better, ask for a custom directory role with microsoft.directory/servicePrincipals/appRoleAssignedTo/update limited to the API's service principal, which no token shows (-directory-role says that it is there), or for Cloud Application Administrator"
		}
		report.add(GapGraph, permission, fix, "needed for %s; without it %s is refused. Any of these will do: %s",
			need.purpose, need.withoutThese, strings.Join(need.permissions, ", "))
	}
}

// spares reports whether the stack does without a permission.
func (r Requirements) spares(permission string) bool {
	switch permission {
	case assignRoles:
		return r.NoAssignments || r.DirectoryRole
	case "Application.ReadWrite.OwnedBy":
		return r.NoRegistrations
	}
	return r.NoReading
}

// graphRoleIDs are the ids of Graph's app roles
// (https://learn.microsoft.com/graph/permissions-reference).
var graphRoleIDs = map[string]string{
	"Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
	"Application.Read.All":          "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
	assignRoles:                     "06b708a9-e830-4db3-a914-8e69da51d44f",
}

// A managementNeed is what the deployer does in Azure Resource Manager.
type managementNeed struct{ action, role string }

var managementNeeds = []managementNeed{
	{"Microsoft.Resources/subscriptions/resourceGroups/write", "Contributor"},
	{"Microsoft.Resources/subscriptions/resourceGroups/delete", "Contributor"},
	{"Microsoft.ManagedIdentity/userAssignedIdentities/write", "Contributor"},
	{"Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", "Contributor"},
	{"Microsoft.Storage/storageAccounts/write", "Contributor"},
	{"Microsoft.Web/serverfarms/write", "Contributor"},
	{"Microsoft.Web/sites/write", "Contributor"},
	{"Microsoft.Web/sites/publish/action", "Contributor"},
	{"Microsoft.OperationalInsights/workspaces/write", "Contributor"},
	{"Microsoft.Insights/components/write", "Contributor"},
	{"Microsoft.Authorization/roleAssignments/write", "Role Based Access Control Administrator"},
	{"Microsoft.Authorization/roleAssignments/delete", "Role Based Access Control Administrator"},
}

// A permission is what one of a caller's roles allows.
type permission struct{ Actions, NotActions []string }

// permissions checks what the caller may do in the subscription. Only the list
// for a resource group is documented
// (https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource-group);
// but the group of a new stack does not exist yet, so the list is read one
// scope up.
func (c *checker) permissions(ctx context.Context) error {
	held, err := azurecloud.List[permission](ctx, c.session.ResourceManager, version(c.subscription+"/providers/Microsoft.Authorization/permissions", permissionVersion))
	if err != nil {
		return fmt.Errorf("list the caller's permissions: %w", err)
	}
	needs := managementNeeds
	if c.want.KeyVault {
		needs = append(needs[:len(needs):len(needs)], managementNeed{"Microsoft.KeyVault/vaults/write", "Contributor"}, managementNeed{"Microsoft.KeyVault/vaults/secrets/write", "Contributor"})
	}
	for _, need := range needs {
		if !slices.ContainsFunc(held, func(p permission) bool { return p.allows(need.action) }) {
			c.report.add(GapManagement, need.action, c.assign(need.role), "no role of this caller on the subscription allows it; %s does", need.role)
		}
	}
	return nil
}

// allows says whether the role alone allows an action: its actions without its
// notActions (https://learn.microsoft.com/azure/role-based-access-control/role-definitions).
func (p permission) allows(action string) bool {
	matches := func(pattern string) bool { return matchesAction(strings.ToLower(pattern), strings.ToLower(action)) }
	return slices.ContainsFunc(p.Actions, matches) && !slices.ContainsFunc(p.NotActions, matches)
}

// matchesAction compares with a pattern whose "*" stands for any text.
func matchesAction(pattern, action string) bool {
	head, tail, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == action
	}
	rest, ok := strings.CutPrefix(action, head)
	for i := 0; ok && i <= len(rest); i++ {
		if matchesAction(tail, rest[i:]) {
			return true
		}
	}
	return false
}
