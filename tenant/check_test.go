package tenant_test

import (
	"slices"
	"strings"
	"testing"

	"app-to-app/sandbox"
	"app-to-app/tenant"
)

var (
	allPermissions = []string{"Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All"}
	allRoles       = []string{"Contributor", "Role Based Access Control Administrator"}
)

// without is a list without one of its elements.
func without(all []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == one })
}

// subjects are the gaps as "kind subject", sorted.
func subjects(report tenant.CheckReport) []string {
	got := []string{}
	for _, gap := range report.Gaps {
		got = append(got, gap.Kind+" "+gap.Subject)
	}
	slices.Sort(got)
	return got
}

func TestCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	contoso, fabrikam := w.tenant, w.sandbox.Tenants()[1]
	deployer := func(permissions, roles []string) sandbox.Tenant {
		d, err := w.sandbox.AddDeployer(contoso, "limited", permissions, roles)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	here := tenant.Requirements{Location: "westeurope", KeyVault: true}
	pinned := func(tenantID, subscriptionID string) tenant.Requirements {
		r := here
		r.TenantID, r.SubscriptionID = tenantID, subscriptionID
		return r
	}
	contributor := func(actions ...string) (gaps []string) {
		for _, action := range actions {
			gaps = append(gaps, "armPermission "+action)
		}
		return gaps
	}
	for _, tt := range []struct {
		name string
		as   sandbox.Tenant
		want tenant.Requirements
		gaps []string
		fix  string // of the first gap, or what is next
	}{
		{"nothing missing", contoso, here, nil, ""},
		{"as pinned", contoso, pinned(strings.ToUpper(contoso.ID), strings.ToUpper(contoso.SubscriptionID)), nil, ""},
		{"region in its display form", contoso, tenant.Requirements{Location: "West Europe"}, nil, ""},
		{"fresh subscription", fabrikam, here, []string{
			"resourceProvider Microsoft.App", "resourceProvider Microsoft.Insights", "resourceProvider Microsoft.KeyVault", "resourceProvider Microsoft.ManagedIdentity",
			"resourceProvider Microsoft.OperationalInsights", "resourceProvider Microsoft.Storage", "resourceProvider Microsoft.Web",
		}, "az provider register --namespace Microsoft.Web --subscription " + fabrikam.SubscriptionID},
		{"fresh subscription, no vault", fabrikam, tenant.Requirements{Location: "westeurope"}, []string{
			"resourceProvider Microsoft.App", "resourceProvider Microsoft.Insights", "resourceProvider Microsoft.ManagedIdentity",
			"resourceProvider Microsoft.OperationalInsights", "resourceProvider Microsoft.Storage", "resourceProvider Microsoft.Web",
		}, "az provider register"},
		{"region without Flex", contoso, tenant.Requirements{Location: "westcentralus"}, []string{"region westcentralus"}, "pass -location REGION, one of those"},
		{"region with a slip", contoso, tenant.Requirements{Location: "westeurop"}, []string{"region westeurop"}, "pass -location westeurope"},
		{"region of nowhere", contoso, tenant.Requirements{Location: "atlantis", LocationStack: "dev"}, []string{"region atlantis"}, "pulumi config set azure-native:location REGION --stack dev, one of those"},
		{"wrong tenant", contoso, pinned(fabrikam.ID, ""), []string{"tenant " + fabrikam.ID}, "az login --tenant " + fabrikam.ID},
		{"subscription of another tenant", contoso, pinned("", fabrikam.SubscriptionID), []string{"subscription " + fabrikam.SubscriptionID, "subscription " + fabrikam.SubscriptionID}, "export ARM_SUBSCRIPTION_ID="},
		{"no such subscription", contoso, pinned("", "00000000-0000-4000-8000-000000000000"), []string{"subscription 00000000-0000-4000-8000-000000000000", "subscription 00000000-0000-4000-8000-000000000000"}, "export ARM_SUBSCRIPTION_ID="},
		{"without OwnedBy", deployer(without(allPermissions, "Application.ReadWrite.OwnedBy"), allRoles), here, []string{"graphPermission Application.ReadWrite.OwnedBy"}, "18a4783c-866b-4cc7-a460-3d5e5662c884=Role"},
		{"without Application.Read.All", deployer(without(allPermissions, "Application.Read.All"), allRoles), here, []string{"graphPermission Application.Read.All"}, "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30=Role"},
		{"without AppRoleAssignment.ReadWrite.All", deployer(without(allPermissions, "AppRoleAssignment.ReadWrite.All"), allRoles), here, []string{"graphPermission AppRoleAssignment.ReadWrite.All"}, "limited to the API's service principal"},
		{"a directory role for it", deployer(without(allPermissions, "AppRoleAssignment.ReadWrite.All"), allRoles), tenant.Requirements{Location: "westeurope", DirectoryRole: true}, nil, ""},
		{"a directory role for nothing else", deployer(nil, allRoles), tenant.Requirements{Location: "westeurope", DirectoryRole: true}, []string{"graphPermission Application.Read.All", "graphPermission Application.ReadWrite.OwnedBy"}, ""},
		{"the wider permission", deployer([]string{"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}, allRoles), here, nil, ""},
		{"without Contributor", deployer(allPermissions, without(allRoles, "Contributor")), tenant.Requirements{Location: "westeurope"}, contributor(
			"Microsoft.Insights/components/write", "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", "Microsoft.ManagedIdentity/userAssignedIdentities/write",
			"Microsoft.OperationalInsights/workspaces/write", "Microsoft.Resources/subscriptions/resourceGroups/delete", "Microsoft.Resources/subscriptions/resourceGroups/write",
			"Microsoft.Storage/storageAccounts/write", "Microsoft.Web/serverfarms/write", "Microsoft.Web/sites/publish/action", "Microsoft.Web/sites/write",
		), `--role "Contributor" --scope /subscriptions/` + contoso.SubscriptionID},
		{"without the right to assign roles", deployer(allPermissions, without(allRoles, "Role Based Access Control Administrator")), here, contributor(
			"Microsoft.Authorization/roleAssignments/delete", "Microsoft.Authorization/roleAssignments/write",
		), `--role "Role Based Access Control Administrator"`},
		{"Owner alone", deployer(allPermissions, []string{"Owner"}), here, nil, ""},
		{"no role at all", deployer(allPermissions, nil), here, []string{"armPermission Reader"}, "az role assignment create --assignee-object-id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report, err := tenant.Check(t.Context(), w.signIn(tt.as, nil), tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := subjects(report); !slices.Equal(got, slices.Sorted(slices.Values(tt.gaps))) {
				t.Errorf("got gaps:\n%s\nwant %q", report, tt.gaps)
			}
			if tt.fix != "" && (len(report.Gaps) == 0 || !strings.Contains(report.Gaps[0].Fix+report.Gaps[0].Next, tt.fix)) {
				t.Errorf("got:\n%s\nwant the fix %q", report, tt.fix)
			}
			for _, gap := range report.Gaps {
				if (gap.Fix == "") == (gap.Next == "") || gap.Text == "" || !strings.Contains(report.String(), gap.Fix+gap.Next) {
					t.Errorf("got %+v, want it to say what and how to fix it", gap)
				}
			}
		})
	}
}

// TestCheckFails: a check that cannot be made is an error, not a gap.
func TestCheckFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.signIn(w.tenant, map[string]string{"ARM_SUBSCRIPTION_ID": ""})
	if _, err := tenant.Check(t.Context(), session, tenant.Requirements{Location: "westeurope"}); err == nil || !strings.Contains(err.Error(), "expected a pinned one or ARM_SUBSCRIPTION_ID") {
		t.Errorf("no subscription: got %v", err)
	}
	session = w.signIn(w.tenant, map[string]string{"ARM_CLIENT_SECRET": "wrong-secret"})
	if _, err := tenant.Check(t.Context(), session, tenant.Requirements{Location: "westeurope"}); err == nil || !strings.Contains(err.Error(), "sign in: AADSTS7000215") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("wrong secret: got %v", err)
	}
}
