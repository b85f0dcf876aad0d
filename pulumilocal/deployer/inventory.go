package deployer

import (
	"context"
	"fmt"
	"strings"
)

// An Inventory counts what a tenant and a subscription hold, or the difference
// between two counts.
type Inventory struct {
	Resources          int `json:"resources"`
	ResourceGroups     int `json:"resourceGroups"`
	RoleAssignments    int `json:"roleAssignments"`
	Applications       int `json:"applications"`
	ServicePrincipals  int `json:"servicePrincipals"`
	AppRoleAssignments int `json:"appRoleAssignments"`
}

// kinds are the counts with their names, in the order of a report.
func (i *Inventory) kinds() (names []string, counts []*int) {
	return []string{"resources", "resource groups", "role assignments", "app registrations", "service principals", "app role assignments"},
		[]*int{&i.Resources, &i.ResourceGroups, &i.RoleAssignments, &i.Applications, &i.ServicePrincipals, &i.AppRoleAssignments}
}

// Minus is what i has more than before.
func (i Inventory) Minus(before Inventory) Inventory {
	_, counts := i.kinds()
	_, old := before.kinds()
	for n := range counts {
		*counts[n] -= *old[n]
	}
	return i
}

// String has a line for each kind.
func (i Inventory) String() string {
	var text strings.Builder
	names, counts := i.kinds()
	for n, name := range names {
		fmt.Fprintf(&text, "  %-21s %d\n", name, *counts[n])
	}
	return text.String()
}

// Inventory lists and counts the objects through Graph and ARM.
func (c *Client) Inventory(ctx context.Context) (i Inventory, err error) {
	subscription := "/subscriptions/" + c.session.SubscriptionID
	principals := c.list(ctx, "/v1.0/servicePrincipals", &i.ServicePrincipals, &err)
	c.list(ctx, subscription+"/resources?api-version=2021-04-01", &i.Resources, &err)
	c.list(ctx, subscription+"/resourcegroups?api-version=2022-09-01", &i.ResourceGroups, &err)
	c.list(ctx, subscription+"/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01", &i.RoleAssignments, &err)
	c.list(ctx, "/v1.0/applications", &i.Applications, &err)
	for _, sp := range principals {
		c.list(ctx, fmt.Sprintf("/v1.0/servicePrincipals/%v/appRoleAssignedTo", sp["id"]), &i.AppRoleAssignments, &err)
	}
	return i, err
}

// list returns a collection and adds its length to count, unless an earlier list
// failed.
func (c *Client) list(ctx context.Context, path string, count *int, err *error) []map[string]any {
	if *err != nil {
		return nil
	}
	items, failed := c.List(ctx, path)
	if failed != nil {
		*err = fmt.Errorf("count %s: %w", path, failed)
	}
	*count += len(items)
	return items
}

// A Bin counts deleted objects that Entra and Key Vault still keep.
type Bin struct {
	Applications      int `json:"applications"`
	ServicePrincipals int `json:"servicePrincipals"`
	Vaults            int `json:"vaults"`
}

// RecycleBin counts the deleted objects that can still be restored.
func (c *Client) RecycleBin(ctx context.Context) (b Bin, err error) {
	c.list(ctx, "/v1.0/directory/deletedItems/microsoft.graph.application", &b.Applications, &err)
	c.list(ctx, "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal", &b.ServicePrincipals, &err)
	c.list(ctx, "/subscriptions/"+c.session.SubscriptionID+"/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-02-01", &b.Vaults, &err)
	return b, err
}
