// Package clients runs clients that nobody here wrote against the sandbox,
// unmodified: they are the reason to believe that its answers are the real
// services'. What each of them can do is in docs/clients.md, which the tests
// compare and -update writes.
//
// It is a module of its own, so that none of the clients reaches the program's
// go.mod. The clients from npm are installed by npm, into the user's cache
// folder; after that, no test reaches a host that is not loopback.
package clients_test

import (
	"strings"
	"testing"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// An estate is a sandbox in which somebody may do everything that the clients
// are tested with, and an API with a client of its own.
type estate struct {
	t        testing.TB
	sandbox  *sandbox.Sandbox
	operator sandbox.Tenant // signs in as the operator, and not as the deployer
	azure    *deployer.Client

	api    registration // has the role ordersRead
	caller registration // holds nothing
}

// A registration is an application and its service principal.
type registration struct{ objectID, clientID, principalID string }

const ordersRead = "0d0e0f00-0000-4000-8000-000000000001"

// graphRights are what the operator may do in Graph.
var graphRights = []string{"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Directory.Read.All"}

func newEstate(t testing.TB) *estate {
	t.Helper()
	// What a client asks that is not emulated is a row of the table, and no
	// failure of the sandbox's.
	e := &estate{t: t, sandbox: sandboxtest.Start(t, sandboxtest.Options{
		Unemulated: true, Options: sandbox.Options{AuthorityAlias: "https://login.microsoftonline.com"},
	})}
	var err error
	e.operator, err = e.sandbox.AddDeployer(e.sandbox.Tenants()[0], "operator", graphRights,
		[]string{"Contributor", "Role Based Access Control Administrator", "Storage Blob Data Contributor", "Key Vault Secrets Officer"})
	if err == nil {
		e.azure, err = deployer.New(t.Context(), e.sandbox, e.operator)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.api = e.register("orders-api", map[string]any{"id": ordersRead, "value": "Orders.Read", "displayName": "Read", "description": "Read orders",
		"allowedMemberTypes": []string{"Application"}, "isEnabled": true})
	e.caller = e.register("orders-client")
	return e
}

// do sends a request to Graph or ARM as the operator.
func (e *estate) do(method, path string, in, out any) {
	e.t.Helper()
	if err := e.azure.Do(e.t.Context(), method, path, in, out); err != nil {
		e.t.Fatal(err)
	}
}

// register makes an application with these roles and its service principal.
func (e *estate) register(name string, roles ...any) registration {
	e.t.Helper()
	var app, sp struct{ ID, AppID string }
	e.do("POST", "/v1.0/applications", map[string]any{"displayName": name, "appRoles": append([]any{}, roles...)}, &app)
	e.do("POST", "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID}, &sp)
	return registration{app.ID, app.AppID, sp.ID}
}

// holders are the principals that hold a role of a service principal.
func (e *estate) holders(resource registration) []string {
	e.t.Helper()
	list, err := e.azure.List(e.t.Context(), "/v1.0/servicePrincipals/"+resource.principalID+"/appRoleAssignedTo")
	if err != nil {
		e.t.Fatal(err)
	}
	var ids []string
	for _, assignment := range list {
		ids = append(ids, assignment["principalId"].(string))
	}
	return ids
}

// host is the host and port of an address of the sandbox.
func host(address string) string {
	return strings.TrimSuffix(strings.TrimPrefix(address, "https://"), "/")
}
