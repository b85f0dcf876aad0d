package functions_test

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// This file creates the resources of a function app through ARM, and publishes
// its package over SCM.

func (c *cloud) createIdentity(t testing.TB, name string) managedIdentity {
	t.Helper()
	var answer struct {
		ID         string
		Properties struct{ ClientID, PrincipalID string }
	}
	path := c.group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + name
	c.do(t, "PUT", path+"?api-version=2023-01-31", object{"location": location}, &answer)
	return managedIdentity{answer.ID, answer.Properties.ClientID, answer.Properties.PrincipalID}
}

// systemIdentity looks for the client ID in the directory: ARM does not tell it.
func (c *cloud) systemIdentity(t testing.TB, s site) managedIdentity {
	t.Helper()
	var answer struct {
		Identity struct{ PrincipalID string }
	}
	c.do(t, "GET", s.id+webVersion, nil, &answer)
	var principal struct{ AppID string }
	c.do(t, "GET", "/v1.0/servicePrincipals/"+answer.Identity.PrincipalID, nil, &principal)
	return managedIdentity{s.id, principal.AppID, answer.Identity.PrincipalID}
}

// createStorage creates an account without keys, and the container of packages,
// and gives the identity the roles that the Functions host needs.
func (c *cloud) createStorage(t testing.TB, name string, host managedIdentity) (packages string, settings map[string]string) {
	t.Helper()
	const version = "?api-version=2022-09-01"
	path := c.group + "/providers/Microsoft.Storage/storageAccounts/" + name
	c.do(t, "PUT", path+version, object{
		"location": location, "kind": "StorageV2", "sku": object{"name": "Standard_LRS"},
		"properties": object{"allowSharedKeyAccess": false, "allowBlobPublicAccess": false, "minimumTlsVersion": "TLS1_2"},
	}, nil)
	c.do(t, "PUT", path+"/blobServices/default/containers/packages"+version, object{}, nil)
	var account struct {
		Properties struct {
			PrimaryEndpoints struct{ Blob, Queue, Table string }
		}
	}
	c.do(t, "GET", path+version, nil, &account)
	for _, role := range []string{ // Storage Blob Data Owner, Queue Data Contributor, Table Data Contributor
		"b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "974c5e8b-45b9-4653-ba55-5f855dd0fb88", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
	} {
		c.allow(t, host, role, path)
	}
	endpoints := account.Properties.PrimaryEndpoints
	return endpoints.Blob + "packages", map[string]string{
		"AzureWebJobsStorage__blobServiceUri": endpoints.Blob, "AzureWebJobsStorage__queueServiceUri": endpoints.Queue,
		"AzureWebJobsStorage__tableServiceUri": endpoints.Table, "AzureWebJobsStorage__credential": "managedidentity",
		"AzureWebJobsStorage__clientId": host.clientID,
	}
}

// allow assigns a built-in role of Azure on a resource to an identity.
func (c *cloud) allow(t testing.TB, identity managedIdentity, role, on string) {
	t.Helper()
	c.do(t, "PUT", on+"/providers/Microsoft.Authorization/roleAssignments/"+uuid.NewString()+"?api-version=2022-04-01", object{"properties": object{
		"roleDefinitionId": "/subscriptions/" + c.tenant.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/" + role,
		"principalId":      identity.objectID, "principalType": "ServicePrincipal",
	}}, nil)
}

// createVault creates a key vault with these secrets, which the identity may
// read, and returns their identifiers by name.
func (c *cloud) createVault(t testing.TB, reader managedIdentity, secrets []object) (identifiers map[string]string) {
	t.Helper()
	const version = "?api-version=2023-02-01"
	path := c.group + "/providers/Microsoft.KeyVault/vaults/orders"
	c.do(t, "PUT", path+version, object{"location": location, "properties": object{
		"tenantId": c.tenant.ID, "sku": object{"family": "A", "name": "standard"}, "enableRbacAuthorization": true,
	}}, nil)
	c.allow(t, reader, "4633458b-17de-408a-b874-0445c86b69e6", path) // Key Vault Secrets User
	identifiers = map[string]string{}
	for _, secret := range secrets {
		name := secret["name"].(string)
		delete(secret, "name")
		var answer struct {
			Properties struct{ SecretURI string }
		}
		c.do(t, "PUT", path+"/secrets/"+name+version, object{"properties": secret}, &answer)
		identifiers[name] = answer.Properties.SecretURI
	}
	return identifiers
}

// createApp creates a function app on Flex Consumption. Attached are identities
// for its code; the system-assigned one it has as well.
func (c *cloud) createApp(t testing.TB, name string, attached object) site {
	t.Helper()
	host := c.createIdentity(t, name+"-host")
	packages, settings := c.createStorage(t, strings.ReplaceAll(name, "-", ""), host)
	plan := c.group + "/providers/Microsoft.Web/serverfarms/" + name + "-plan"
	c.do(t, "PUT", plan+webVersion, object{
		"location": location, "kind": "functionapp", "sku": object{"name": "FC1", "tier": "FlexConsumption"}, "properties": object{"reserved": true},
	}, nil)
	identities := maps.Clone(attached)
	identities[host.id] = object{}
	var answer struct {
		ID         string
		Properties struct {
			DefaultHostName   string
			HostNameSSLStates []struct{ Name, HostType string }
		}
	}
	c.do(t, "PUT", c.group+"/providers/Microsoft.Web/sites/"+name+webVersion, object{
		"location": location, "kind": "functionapp,linux",
		"identity": object{"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": identities},
		"properties": object{"serverFarmId": plan, "httpsOnly": true, "functionAppConfig": object{
			"deployment": object{"storage": object{"type": "blobContainer", "value": packages,
				"authentication": object{"type": "UserAssignedIdentity", "userAssignedIdentityResourceId": host.id}}},
			"runtime":             object{"name": "custom", "version": "1.0"},
			"scaleAndConcurrency": object{"instanceMemoryMB": 512, "maximumInstanceCount": 40},
		}},
	}, &answer)
	app := site{id: answer.ID, host: answer.Properties.DefaultHostName, settings: settings}
	for _, state := range answer.Properties.HostNameSSLStates {
		if state.HostType == "Repository" {
			app.scm = state.Name
		}
	}
	return app
}

// publish sends a package to the SCM site and waits until it runs, as
// cmd/publish does.
func (c *cloud) publish(t testing.TB, s site, content []byte) {
	t.Helper()
	send := func(method, path string, content []byte, into any) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, "https://"+s.scm+path, bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.token(t, "https://management.azure.com/.default"))
		if content != nil {
			request.Header.Set("Content-Type", "application/zip")
			request.Header.Set("If-Match", "*")
		}
		if err := c.azure.Send(request, into); err != nil {
			t.Fatal(err)
		}
	}
	var id string
	send("POST", "/api/publish?RemoteBuild=false&Deployer=app-to-app&isAsync=true", content, &id)
	var deployment struct {
		Status     int
		StatusText string `json:"status_text"`
	}
	for deadline := time.Now().Add(time.Minute); deployment.Status < 3; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("expected %s to be published in a minute, got status %d", s.id, deployment.Status)
		}
		send("GET", "/api/deployments/"+id, nil, &deployment)
	}
	if deployment.Status != 4 {
		t.Fatalf("publish to %s: got status %d %s, want success", s.id, deployment.Status, deployment.StatusText)
	}
}

// packageOf is the zip of a function app with a handler, such as TestMain built.
func packageOf(t testing.TB, name, handler string) []byte {
	t.Helper()
	var content bytes.Buffer
	archive := zip.NewWriter(&content)
	add := func(entry, file string, mode fs.FileMode) {
		t.Helper()
		header := &zip.FileHeader{Name: entry, Method: zip.Store}
		header.SetMode(mode)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w, err := archive.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	add("host.json", filepath.Join(name, "host.json"), 0o644)
	functions, err := filepath.Glob(filepath.Join(name, "*", "function.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, function := range functions {
		add(filepath.Base(filepath.Dir(function))+"/function.json", function, 0o644)
	}
	add("handler", handler, 0o755)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return content.Bytes()
}
