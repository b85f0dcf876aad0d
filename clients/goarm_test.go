package clients_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/msi/armmsi"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources/v3"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage/v2"
)

// This file runs the clients of Azure Resource Manager for Go that the module
// proxy serves; that of App Service is not among them.

const armModules = "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/"

var (
	here = to.Ptr("westeurope")
	dev  = map[string]*string{"stack": to.Ptr("dev")}
)

// done waits for an operation without the pauses between its polls.
func done[T any](ctx context.Context, poller *runtime.Poller[T], err error) (T, error) {
	if err != nil {
		return *new(T), err
	}
	return poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Second})
}

// tagged expects the tags that an update sent.
func tagged(tags map[string]*string, err error) error {
	if err == nil && (len(tags) != 1 || tags["stack"] == nil || *tags["stack"] != "dev") {
		err = fmt.Errorf("expected tag stack=dev, got %d tags", len(tags))
	}
	return err
}

func TestGoResources(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	c := newClient(t, e, "armresources", moduleVersion(t, armModules+"resources/armresources/v3"))
	factory, err := armresources.NewClientFactory(e.operator.SubscriptionID, e.credential(), e.armOptions())
	groups, ctx := must(e, factory, err).NewResourceGroupsClient(), t.Context()
	resources := factory.NewClient()
	list := func(filter *string) error {
		got, err := all(ctx, resources.NewListPager(&armresources.ClientListOptions{Filter: filter}), func(page armresources.ClientListResponse) []string {
			var names []string
			for _, resource := range page.Value {
				names = append(names, *resource.Name)
			}
			return names
		})
		return same(got, err, "app")
	}
	c.does("ResourceGroupsClient.CreateOrUpdate", func() error {
		made, err := groups.CreateOrUpdate(ctx, "rg", armresources.ResourceGroup{Location: here}, nil)
		if err == nil && *made.Properties.ProvisioningState != "Succeeded" {
			err = fmt.Errorf("expected Succeeded, got %s", *made.Properties.ProvisioningState)
		}
		return err
	})
	c.does("ResourceGroupsClient.Update", func() error {
		made, err := groups.Update(ctx, "rg", armresources.ResourceGroupPatchable{Tags: dev}, nil)
		return tagged(made.Tags, err)
	})
	c.does("ResourceGroupsClient.CheckExistence", func() error {
		there, err := groups.CheckExistence(ctx, "rg", nil)
		return same([]bool{there.Success}, err, true)
	})
	e.identity("rg", "app")
	c.does("Client.NewListPager", func() error { return list(nil) })
	c.does("Client.NewListPager, by type", func() error {
		return list(to.Ptr("resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities'"))
	})
	c.does("ProvidersClient.Register", func() error {
		_, err := factory.NewProvidersClient().Register(ctx, "Microsoft.Web", nil)
		return err
	})
	c.does("ResourceGroupsClient.BeginDelete", func() error {
		poller, err := groups.BeginDelete(ctx, "rg", nil)
		if _, err := done(ctx, poller, err); err != nil {
			return err
		}
		there, err := groups.CheckExistence(ctx, "rg", nil)
		return same([]bool{there.Success}, err, false)
	})
}

func TestGoKeyVault(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.group("rg")
	c := newClient(t, e, "armkeyvault", moduleVersion(t, armModules+"keyvault/armkeyvault"))
	vaults, err := armkeyvault.NewVaultsClient(e.operator.SubscriptionID, e.credential(), e.armOptions())
	vaults, ctx := must(e, vaults, err), t.Context()
	properties := &armkeyvault.VaultProperties{
		TenantID: &e.operator.ID, EnableRbacAuthorization: to.Ptr(true),
		SKU: &armkeyvault.SKU{Family: to.Ptr(armkeyvault.SKUFamilyA), Name: to.Ptr(armkeyvault.SKUNameStandard)},
	}
	c.does("VaultsClient.BeginCreateOrUpdate", func() error {
		poller, err := vaults.BeginCreateOrUpdate(ctx, "rg", "it-vault", armkeyvault.VaultCreateOrUpdateParameters{Location: here, Properties: properties}, nil)
		made, err := done(ctx, poller, err)
		if err == nil && made.Properties.VaultURI == nil {
			err = fmt.Errorf("expected the vault's address, got none")
		}
		return err
	})
	c.does("VaultsClient.Update", func() error {
		made, err := vaults.Update(ctx, "rg", "it-vault", armkeyvault.VaultPatchParameters{Tags: dev}, nil)
		return tagged(made.Tags, err)
	})
	c.does("VaultsClient.NewListPager", func() error {
		got, err := all(ctx, vaults.NewListPager(nil), func(page armkeyvault.VaultsClientListResponse) []string {
			var names []string
			for _, vault := range page.Value {
				names = append(names, *vault.Name)
			}
			return names
		})
		return same(got, err, "it-vault")
	})
	c.does("VaultsClient.Delete", func() error { _, err := vaults.Delete(ctx, "rg", "it-vault", nil); return err })
	c.does("VaultsClient.NewListDeletedPager", func() error {
		got, err := all(ctx, vaults.NewListDeletedPager(nil), func(page armkeyvault.VaultsClientListDeletedResponse) []string {
			var names []string
			for _, vault := range page.Value {
				names = append(names, *vault.Name)
			}
			return names
		})
		return same(got, err, "it-vault")
	})
	c.does("VaultsClient.BeginPurgeDeleted", func() error {
		poller, err := vaults.BeginPurgeDeleted(ctx, "it-vault", *here, nil)
		_, err = done(ctx, poller, err)
		return err
	})
}

func TestGoStorage(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.group("rg")
	c := newClient(t, e, "armstorage", moduleVersion(t, armModules+"storage/armstorage/v2"))
	factory, err := armstorage.NewClientFactory(e.operator.SubscriptionID, e.credential(), e.armOptions())
	accounts, ctx := must(e, factory, err).NewAccountsClient(), t.Context()
	c.does("AccountsClient.BeginCreate", func() error {
		poller, err := accounts.BeginCreate(ctx, "rg", "itaccount", armstorage.AccountCreateParameters{
			Location: here, Kind: to.Ptr(armstorage.KindStorageV2), SKU: &armstorage.SKU{Name: to.Ptr(armstorage.SKUNameStandardLRS)},
			Properties: &armstorage.AccountPropertiesCreateParameters{AllowSharedKeyAccess: to.Ptr(false)},
		}, nil)
		made, err := done(ctx, poller, err)
		if err == nil && (made.Properties.AllowSharedKeyAccess == nil || *made.Properties.AllowSharedKeyAccess) {
			err = fmt.Errorf("expected an account without keys")
		}
		return err
	})
	c.does("AccountsClient.Update", func() error {
		made, err := accounts.Update(ctx, "rg", "itaccount", armstorage.AccountUpdateParameters{Tags: dev}, nil)
		return tagged(made.Tags, err)
	})
	c.does("AccountsClient.NewListPager", func() error {
		got, err := all(ctx, accounts.NewListPager(nil), func(page armstorage.AccountsClientListResponse) []string {
			var names []string
			for _, account := range page.Value {
				names = append(names, *account.Name)
			}
			return names
		})
		return same(got, err, "itaccount")
	})
	c.does("BlobContainersClient.Create", func() error {
		made, err := factory.NewBlobContainersClient().Create(ctx, "rg", "itaccount", "packages", armstorage.BlobContainer{}, nil)
		if err == nil && (made.Name == nil || *made.Name != "packages") {
			err = fmt.Errorf("expected container packages, got another")
		}
		return err
	})
	c.does("AccountsClient.Delete", func() error { _, err := accounts.Delete(ctx, "rg", "itaccount", nil); return err })
}

func TestGoIdentities(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	group := e.group("rg")
	c := newClient(t, e, "armmsi", moduleVersion(t, armModules+"msi/armmsi"))
	factory, err := armmsi.NewClientFactory(e.operator.SubscriptionID, e.credential(), e.armOptions())
	identities, ctx := must(e, factory, err).NewUserAssignedIdentitiesClient(), t.Context()
	var principal string
	c.does("UserAssignedIdentitiesClient.CreateOrUpdate", func() error {
		made, err := identities.CreateOrUpdate(ctx, "rg", "app", armmsi.Identity{Location: here}, nil)
		if err == nil {
			principal = *made.Properties.PrincipalID
		}
		return err
	})
	c.does("UserAssignedIdentitiesClient.Update", func() error {
		made, err := identities.Update(ctx, "rg", "app", armmsi.IdentityUpdate{Tags: dev}, nil)
		return tagged(made.Tags, err)
	})
	c.does("FederatedIdentityCredentialsClient.CreateOrUpdate", func() error {
		made, err := factory.NewFederatedIdentityCredentialsClient().CreateOrUpdate(ctx, "rg", "app", "github", armmsi.FederatedIdentityCredential{
			Properties: &armmsi.FederatedIdentityCredentialProperties{
				Issuer: to.Ptr("https://a.test"), Subject: to.Ptr("s"), Audiences: []*string{to.Ptr(exchange)},
			},
		}, nil)
		if err == nil && *made.Properties.Subject != "s" {
			err = fmt.Errorf("expected subject s, got %q", *made.Properties.Subject)
		}
		return err
	})

	assignments, err := armauthorization.NewRoleAssignmentsClient(e.operator.SubscriptionID, e.credential(), e.armOptions())
	assignments = must(e, assignments, err)
	a := newClient(t, e, "armauthorization", moduleVersion(t, armModules+"authorization/armauthorization/v2"))
	const name = "99999999-0000-4000-8000-000000000001"
	reader := "/subscriptions/" + e.operator.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
	create := func() error {
		made, err := assignments.Create(ctx, group, name, armauthorization.RoleAssignmentCreateParameters{Properties: &armauthorization.RoleAssignmentProperties{
			PrincipalID: &principal, RoleDefinitionID: &reader, PrincipalType: to.Ptr(armauthorization.PrincipalTypeServicePrincipal),
		}}, nil)
		if err == nil && *made.Properties.PrincipalID != principal {
			err = fmt.Errorf("expected principal %s, got %s", principal, *made.Properties.PrincipalID)
		}
		return err
	}
	a.does("RoleAssignmentsClient.Create", create)
	a.does("RoleAssignmentsClient.NewListForScopePager, by principal", func() error {
		filter := "principalId eq '" + principal + "'"
		got, err := all(ctx, assignments.NewListForScopePager(group, &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: &filter}),
			func(page armauthorization.RoleAssignmentsClientListForScopeResponse) []string {
				var names []string
				for _, assignment := range page.Value {
					names = append(names, *assignment.Name)
				}
				return names
			})
		return same(got, err, name)
	})
	a.does("RoleAssignmentsClient.Delete", func() error { _, err := assignments.Delete(ctx, group, name, nil); return err })
	c.does("UserAssignedIdentitiesClient.Delete", func() error { _, err := identities.Delete(ctx, "rg", "app", nil); return err })
}
