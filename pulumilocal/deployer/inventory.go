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

// Minus is the difference to an earlier count.
func (i Inventory) Minus(before Inventory) Inventory {
	return Inventory{
		Resources:          i.Resources - before.Resources,
		ResourceGroups:     i.ResourceGroups - before.ResourceGroups,
		RoleAssignments:    i.RoleAssignments - before.RoleAssignments,
		Applications:       i.Applications - before.Applications,
		ServicePrincipals:  i.ServicePrincipals - before.ServicePrincipals,
		AppRoleAssignments: i.AppRoleAssignments - before.AppRoleAssignments,
	}
}

// String has one line for each kind.
func (i Inventory) String() string {
	var text strings.Builder
	for _, row := range []struct {
		name string
		n    int
	}{
		{"resources", i.Resources},
		{"resource groups", i.ResourceGroups},
		{"role assignments", i.RoleAssignments},
		{"app registrations", i.Applications},
		{"service principals", i.ServicePrincipals},
		{"app role assignments", i.AppRoleAssignments},
	} {
		fmt.Fprintf(&text, "  %-21s %d\n", row.name, row.n)
	}
	return text.String()
}

// Inventory lists and counts the objects through Graph and ARM.
func (c *Client) Inventory(ctx context.Context) (Inventory, error) {
	var i Inventory
	subscription := "/subscriptions/" + c.session.SubscriptionID
	for _, list := range []struct {
		url string
		n   *int
	}{
		{subscription + "/resources?api-version=2021-04-01", &i.Resources},
		{subscription + "/resourcegroups?api-version=2022-09-01", &i.ResourceGroups},
		{subscription + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01", &i.RoleAssignments},
		{"/v1.0/applications", &i.Applications},
	} {
		items, err := c.List(ctx, list.url)
		if err != nil {
			return Inventory{}, fmt.Errorf("count resources: %w", err)
		}
		*list.n = len(items)
	}
	principals, err := c.List(ctx, "/v1.0/servicePrincipals")
	if err != nil {
		return Inventory{}, fmt.Errorf("count resources: %w", err)
	}
	i.ServicePrincipals = len(principals)
	for _, sp := range principals {
		id, _ := sp["id"].(string)
		assignments, err := c.List(ctx, "/v1.0/servicePrincipals/"+id+"/appRoleAssignedTo")
		if err != nil {
			return Inventory{}, fmt.Errorf("count resources: %w", err)
		}
		i.AppRoleAssignments += len(assignments)
	}
	return i, nil
}

// A Bin counts deleted objects that Entra and Key Vault still keep.
type Bin struct {
	Applications      int `json:"applications"`
	ServicePrincipals int `json:"servicePrincipals"`
	Vaults            int `json:"vaults"`
}

// RecycleBin counts the deleted objects that can still be restored.
func (c *Client) RecycleBin(ctx context.Context) (Bin, error) {
	applications, err := c.List(ctx, "/v1.0/directory/deletedItems/microsoft.graph.application")
	if err != nil {
		return Bin{}, err
	}
	principals, err := c.List(ctx, "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal")
	if err != nil {
		return Bin{}, err
	}
	vaults, err := c.List(ctx, "/subscriptions/"+c.session.SubscriptionID+"/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-02-01")
	return Bin{Applications: len(applications), ServicePrincipals: len(principals), Vaults: len(vaults)}, err
}
