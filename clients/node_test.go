package clients_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"app-to-app/sandbox/entra"
)

// This file runs Microsoft's libraries for JavaScript, by the scripts in npm/.

// identityOf decodes a token and compares whose it is. It is not verified: this
// is about what a client got, and not whether to trust it.
func identityOf(token, clientID string) error {
	_, claims, err := entra.Decode(token)
	if err != nil {
		return err
	}
	if claims["appid"] != clientID && claims["azp"] != clientID {
		return fmt.Errorf("expected a token of client %s, got one of %v", clientID, claims["appid"])
	}
	return nil
}

// token runs an operation that returns a token of the client.
func (s *script) token(clientID, operation string, args ...string) error {
	var token string
	if err := s.run(&token, operation, args...); err != nil {
		return err
	}
	return identityOf(token, clientID)
}

// refuses expects an operation to fail with this in the client's message.
func (s *script) refuses(message, operation string, args ...string) error {
	err := s.run(nil, operation, args...)
	if err == nil || !strings.Contains(err.Error(), message) {
		return fmt.Errorf("expected %q, got %v", message, err)
	}
	return refused(message)
}

func TestAzureIdentity(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	s := newScript(t, e, "@azure/identity", "identity.cjs")
	operator := e.operator.Deployer.ClientID
	s.does("ClientSecretCredential", func() error { return s.token(operator, "secret") })
	s.does("ClientSecretCredential, wrong secret", func() error { return s.refuses("AADSTS7000215", "wrong-secret") })
	s.does("ClientSecretCredential, for an API without a role", func() error { return s.token(operator, "api", e.api.clientID+"/.default") })
	s.does("ClientCertificateCredential", func() error { return s.token(operator, "certificate", e.certificate(operator)) })
	s.assertion = e.federate(e.caller)
	s.does("ClientAssertionCredential, token of a managed identity", func() error { return s.token(e.caller.clientID, "assertion", e.caller.clientID) })
}

func TestMSALNode(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	s := newScript(t, e, "@azure/msal-node", "msal.cjs")
	operator := e.operator.Deployer.ClientID
	s.does("acquireTokenByClientCredential, secret", func() error { return s.token(operator, "secret") })
	s.does("acquireTokenByClientCredential, wrong secret", func() error { return s.refuses("AADSTS7000215", "wrong-secret") })
	s.does("acquireTokenByClientCredential, azureRegion", func() error {
		before := len(e.sandbox.History())
		if err := s.token(operator, "region"); err != nil {
			return err
		}
		for _, request := range e.sandbox.History()[before:] {
			if strings.HasPrefix(request.URL, "/"+e.operator.ID+"/oauth2/v2.0/token/") && request.Status == 200 {
				return nil
			}
		}
		return fmt.Errorf("expected a token from the path with a slash at the end, which regions have, got %v", e.sandbox.History()[before:])
	})
	s.assertion = e.federate(e.caller)
	s.does("acquireTokenByClientCredential, assertion", func() error { return s.token(e.caller.clientID, "assertion", e.caller.clientID) })
	s.does("acquireTokenByClientCredential twice, from the cache", func() error { return s.result("true", "twice") })
}

func TestGraphClient(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	s := newScript(t, e, "@microsoft/microsoft-graph-client", "graph.cjs")
	var made struct{ App, SP string }
	s.does("create application and service principal", func() error { return s.run(&made, "create", "made-by-graph-client") })
	s.does("$filter with or", func() error { return s.result(`[{"id":"`+made.SP+`"}]`, "find", "made-by-graph-client") })
	s.does("key (appId='…')", func() error { return s.result(`"`+e.api.principalID+`"`, "find-by-client-id", e.api.clientID) })
	s.does("$count", func() error { return s.result(`"1"`, "count", "made-by-graph-client") })
	s.does("pages", func() error {
		var got []string
		if err := s.run(&got, "pages"); err != nil {
			return err
		}
		list, err := e.azure.List(t.Context(), "/v1.0/servicePrincipals")
		if slices.Sort(got); err == nil && len(slices.Compact(got)) != len(list) {
			err = fmt.Errorf("expected %d service principals, got %q", len(list), got)
		}
		return err
	})
	s.does("update application", func() error { return s.run(nil, "update", made.App, "changed") })
	s.does("update with the control information of an answer", func() error {
		var app struct{ Notes string }
		if err := s.run(nil, "send-back", made.App); err != nil {
			return err
		}
		e.do("GET", "/v1.0/applications/"+made.App, nil, &app)
		if app.Notes != "changed, again" {
			return fmt.Errorf("expected changed notes, got %q", app.Notes)
		}
		return nil
	})
	var assigned struct{ ID string }
	s.does("create appRoleAssignedTo", func() error {
		if err := s.run(&assigned, "assign", made.SP, e.api.principalID, ordersRead); err != nil {
			return err
		}
		return e.expect(e.api, made.SP)
	})
	s.does("create appRoleAssignedTo, again", func() error {
		return s.refuses("Permission being assigned already exists on the object", "assign", made.SP, e.api.principalID, ordersRead)
	})
	s.does("$expand=appRoleAssignments", func() error {
		var list []struct{ ID string }
		if err := s.run(&list, "expand", made.SP); err != nil || len(list) != 1 || list[0] != assigned {
			return fmt.Errorf("expected assignment %v, got %v, %w", assigned, list, err)
		}
		return nil
	})
	s.does("delete appRoleAssignedTo", func() error {
		if err := s.run(nil, "unassign", e.api.principalID, assigned.ID); err != nil {
			return err
		}
		return e.expect(e.api)
	})
	s.does("addPassword of a service principal", func() error { return s.run(nil, "add-password", made.SP) })
	s.does("getByIds", func() error { return s.result(`["`+made.App+`","`+made.SP+`"]`, "get-by-ids", made.App, made.SP) })
	s.does("$batch", func() error { return s.result("[200,404]", "batch", made.SP, made.App) })
	s.does("delete application", func() error { return s.run(nil, "delete", made.App) })
	s.does("get what is deleted", func() error { return s.refuses("Request_ResourceNotFound", "missing", made.App) })
}

func TestARMResources(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	s := newScript(t, e, "@azure/arm-resources", "resources.cjs")
	s.does("resourceGroups.createOrUpdate", func() error { return s.result(`"Succeeded"`, "create", "rg") })
	s.does("resourceGroups.update", func() error { return s.result(`{"stack":"dev"}`, "update", "rg") })
	s.does("resourceGroups.list", func() error { return s.result(`["rg"]`, "list") })
	s.does("resourceGroups.checkExistence", func() error { return s.result("true", "exists", "rg") })
	e.identity("rg", "app")
	s.does("resources.list", func() error { return s.result(`["app"]`, "resources") })
	s.does("resources.list, by type", func() error {
		return s.result(`["app"]`, "resources", "resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities'")
	})
	s.does("providers.register", func() error { return s.result(`"Registered"`, "register", "Microsoft.Web") })
	s.does("resourceGroups.delete", func() error {
		if err := s.run(nil, "delete", "rg"); err != nil {
			return err
		}
		return s.result("[]", "list")
	})
}

func TestARMKeyVault(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.group("rg")
	s := newScript(t, e, "@azure/arm-keyvault", "keyvault.cjs")
	s.does("vaults.createOrUpdate", func() error { return s.run(nil, "create", "rg", "it-vault") })
	s.does("vaults.get", func() error { return s.result(`"it-vault"`, "get", "rg", "it-vault") })
	s.does("vaults.update", func() error { return s.result(`{"stack":"dev"}`, "update", "rg", "it-vault") })
	s.does("vaults.list", func() error { return s.result(`["it-vault"]`, "list") })
	s.does("vaults.listBySubscription", func() error { return s.result(`["it-vault"]`, "list-subscription") })
	s.does("vaults.checkNameAvailability", func() error { return s.result("false", "check", "it-vault") })
	s.does("vaults.delete", func() error { return s.run(nil, "delete", "rg", "it-vault") })
	s.does("vaults.listDeleted", func() error { return s.result(`["it-vault"]`, "deleted") })
	s.does("vaults.purgeDeleted", func() error {
		if err := s.run(nil, "purge", "it-vault"); err != nil {
			return err
		}
		return s.result("[]", "deleted")
	})
}

func TestARMStorage(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.group("rg")
	s := newScript(t, e, "@azure/arm-storage", "storage.cjs")
	s.does("storageAccounts.create", func() error { return s.result(`"itaccount"`, "create", "rg", "itaccount") })
	s.does("storageAccounts.getProperties", func() error { return s.result(`"itaccount"`, "get", "rg", "itaccount") })
	s.does("storageAccounts.update", func() error { return s.result(`{"stack":"dev"}`, "update", "rg", "itaccount") })
	s.does("storageAccounts.list", func() error { return s.result(`["itaccount"]`, "list") })
	s.does("storageAccounts.checkNameAvailability", func() error { return s.result("false", "check", "itaccount") })
	s.does("blobContainers.create", func() error { return s.result(`"packages"`, "container", "rg", "itaccount") })
	s.does("blobContainers.list", func() error { return s.result(`["packages"]`, "containers", "rg", "itaccount") })
	s.does("blobServices.setServiceProperties", func() error { return s.result(`"default"`, "soft-delete", "rg", "itaccount") })
	s.does("storageAccounts.listKeys", func() error { return s.run(nil, "keys", "rg", "itaccount") })
	s.does("storageAccounts.delete", func() error {
		if err := s.run(nil, "delete", "rg", "itaccount"); err != nil {
			return err
		}
		return s.result("[]", "list")
	})
}

func TestARMAppService(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	group := e.group("rg")
	identity := e.identity("rg", "app")
	storage := e.container(group, "itaccount")
	s := newScript(t, e, "@azure/arm-appservice", "appservice.cjs")
	s.does("appServicePlans.createOrUpdate", func() error { return s.result(`"it-plan"`, "plan", "rg", "it-plan") })
	s.does("webApps.createOrUpdate", func() error {
		return s.run(new(json.RawMessage), "site", "rg", "it-app", group+"/providers/Microsoft.Web/serverfarms/it-plan", storage, identity)
	})
	s.does("webApps.get", func() error { return s.result(`"functionapp,linux"`, "get", "rg", "it-app") })
	s.does("webApps.update", func() error { return s.result("false", "update", "rg", "it-app") })
	s.does("webApps.list", func() error { return s.result(`["it-app"]`, "list") })
	s.does("webApps.updateApplicationSettings", func() error { return s.result(`{"ORDERS_URL":"https://a.test"}`, "settings", "rg", "it-app") })
	s.does("webApps.getConfiguration", func() error { return s.result(`"1.2"`, "config", "rg", "it-app") })
	s.does("webApps.getAuthSettingsV2", func() error { return s.result("false", "auth", "rg", "it-app") })
	s.does("webApps.restart", func() error { return s.run(nil, "restart", "rg", "it-app") })
	s.does("webApps.delete", func() error {
		if err := s.run(nil, "delete", "rg", "it-app"); err != nil {
			return err
		}
		return s.result("[]", "list")
	})
}
