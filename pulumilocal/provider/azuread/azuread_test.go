package azuread_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/pulumilocal/provider/azuread"
	"app-to-app/pulumilocal/provider/enginetest"
)

const (
	applicationToken = "azuread:index/application:Application"
	roleToken        = "azuread:index/applicationAppRole:ApplicationAppRole"
	uriToken         = "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri"
	passwordToken    = "azuread:index/applicationPassword:ApplicationPassword"
	certificateToken = "azuread:index/applicationCertificate:ApplicationCertificate"
	federatedToken   = "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential"
	principalToken   = "azuread:index/servicePrincipal:ServicePrincipal"
	assignmentToken  = "azuread:index/appRoleAssignment:AppRoleAssignment"

	roleID    = "22222222-0000-4000-8000-000000000001"
	firstID   = "a0000000-0000-4000-8000-000000000001"
	secondID  = "a0000000-0000-4000-8000-000000000002"
	betaApp   = "/beta/applications/" + firstID
	v1App     = "/v1.0/applications/" + firstID
	v1SP      = "/v1.0/servicePrincipals/" + firstID
	selectRef = "?$select=id,url"
)

func TestConfigure(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	engine.MustConfigure(graph.config())
	graph.expect("configure", "GET /metadata/endpoints?api-version=2022-09-01", "POST /"+tenantID+"/oauth2/v2.0/token")
	for name, want := range map[string]string{"client_id": clientID, "client_secret": secret, "grant_type": "client_credentials", "scope": graph.server.URL + "/.default"} {
		if got := graph.form.Get(name); got != want {
			t.Errorf("token form: %s: got %q, want %q", name, got, want)
		}
	}
	config, err := engine.Invoke("azuread:index/getClientConfig:getClientConfig", nil)
	if err != nil || config["objectId"].StringValue() != callerID || config["tenantId"].StringValue() != tenantID || config["clientId"].StringValue() != clientID {
		t.Errorf("getClientConfig: got %v, %v, want the caller", config, err)
	}
	graph.expect("getClientConfig")
}

func TestConfigureFindsTheCallerWithoutClaim(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	delete(graph.claims, "oid")
	graph.objects["/servicePrincipals/"+callerID] = object{"id": callerID, "appId": clientID}
	engine.MustConfigure(graph.config())
	graph.expect("configure", "GET /metadata/endpoints?api-version=2022-09-01", "POST /"+tenantID+"/oauth2/v2.0/token",
		"GET /v1.0/servicePrincipals?$filter=appId eq '"+clientID+"'")
}

func TestConfigureRetriesTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.queue("POST /"+tenantID+"/oauth2/v2.0/token", fault{status: 503}, fault{status: 429}, fault{dropped: true})
	engine.MustConfigure(graph.config())
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}; !slices.Equal(graph.waits, want) {
		t.Errorf("got waits %v, want %v", graph.waits, want)
	}
}

func TestConfigureRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		edit func(map[string]any)
		want string
	}{
		{"no metadata host", func(c map[string]any) { delete(c, "metadataHost") }, "only works against a sandbox"},
		{"another cloud's name", func(c map[string]any) { c["environment"] = "moon" }, `got "moon"`},
		{"no way to sign in", func(c map[string]any) { delete(c, "clientSecret"); c["useCli"] = false }, "expected a way to sign in"},
		{"OpenID Connect without token", func(c map[string]any) { delete(c, "clientSecret"); c["useOidc"] = true }, "ARM_OIDC_TOKEN"},
		{"not a boolean", func(c map[string]any) { c["useOidc"] = "perhaps" }, "ARM_USE_OIDC: expected true or false"},
		{"AKS", func(c map[string]any) { c["useAksWorkloadIdentity"] = true }, "not emulated"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			graph, engine := newGraph(t)
			config := graph.config()
			test.edit(config)
			if err := engine.Configure(config); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v, want one with %q and no secret", err, test.want)
			}
			graph.expect("configure")
		})
	}
}

func TestNoMicrosoftHostIsContacted(t *testing.T) {
	t.Parallel()
	engine := enginetest.New(t, azuread.New(azuread.Options{})) // its own client
	err := engine.Configure(map[string]any{"metadataHost": "192.0.2.1", "tenantId": tenantID, "clientId": clientID, "clientSecret": secret})
	if err == nil || !strings.Contains(err.Error(), "only works against a sandbox") {
		t.Errorf("got %v, want a refusal to leave this machine", err)
	}
}

func TestApplicationCallSequence(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	inputs := map[string]any{"displayName": "orders", "api": map[string]any{"requestedAccessTokenVersion": 2},
		"optionalClaims": map[string]any{"accessTokens": []any{map[string]any{"name": "idtyp"}}}}
	state := engine.MustCreate(applicationToken, "api", enginetest.Of(inputs))
	read := []string{"GET " + betaApp, "GET " + betaApp + "/owners?$select=id"}
	graph.expect("create", append([]string{
		"GET /v1.0/directoryObjects/" + callerID, "POST /beta/applications", "PATCH " + betaApp, "PATCH " + betaApp,
		"GET " + betaApp + "/owners/" + callerID + "/$ref" + selectRef, "DELETE " + betaApp + "/owners/" + callerID + "/$ref",
	}, read...)...)
	post := graph.bodies["POST"][0]
	if want := graph.server.URL + "/v1.0/" + tenantID + "/directoryObjects/" + callerID; len(list(post["owners@odata.bind"])) != 1 || list(post["owners@odata.bind"])[0] != want {
		t.Errorf("POST body: got owners %v, want the caller as %s", post["owners@odata.bind"], want)
	}
	if post["signInAudience"] != "AzureADMyOrg" || post["description"] != nil || post["api"].(object)["requestedAccessTokenVersion"] != 2.0 {
		t.Errorf("POST body: got %v", post)
	}
	if probe := graph.bodies["PATCH"][0]; !strings.HasPrefix(probe["displayName"].(string), "TERRAFORM_UPDATE_") || probe["id"] != firstID {
		t.Errorf("first PATCH: got %v, want a probe", probe)
	}
	if state.ID != "/applications/"+firstID || state.Outputs["objectId"].StringValue() != firstID || state.Outputs["clientId"].StringValue() == firstID {
		t.Errorf("got id %q, outputs %v", state.ID, state.Outputs)
	}

	inputs["notes"] = "changed"
	state, err := engine.Update(state, enginetest.Of(inputs))
	if err != nil {
		t.Fatal(err)
	}
	graph.expect("update", append([]string{"PATCH " + betaApp}, read...)...)
	patch := graph.bodies["PATCH"][2]
	for _, unsent := range []string{"appRoles", "identifierUris", "optionalClaims", "requiredResourceAccess"} {
		if _, ok := patch[unsent]; ok {
			t.Errorf("update: got unchanged %s in the body, want it left out", unsent)
		}
	}
	if patch["notes"] != "changed" || patch["api"] == nil {
		t.Errorf("update: got %v", patch)
	}

	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	gone := slices.Repeat([]string{"GET " + betaApp}, 5)
	graph.expect("delete", append([]string{"GET " + betaApp, "DELETE " + betaApp}, gone...)...)
}

func TestApplicationKeepsTheCallerWhoIsListed(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	state := engine.MustCreate(applicationToken, "api", enginetest.Of(map[string]any{"displayName": "orders", "owners": []any{owner2ID, callerID}}))
	graph.expect("create", "GET /v1.0/directoryObjects/"+callerID, "POST /beta/applications", "PATCH "+betaApp, "PATCH "+betaApp,
		"GET "+betaApp, "GET "+betaApp+"/owners?$select=id")
	if owners := state.Outputs["owners"].ArrayValue(); len(owners) != 2 {
		t.Errorf("got owners %v, want both", owners)
	}
	_, err := engine.Update(state, enginetest.Of(map[string]any{"displayName": "orders", "owners": []any{callerID}}))
	if err != nil {
		t.Fatal(err)
	}
	graph.expect("update", "PATCH "+betaApp, "GET "+betaApp+"/owners?$select=id", "GET "+betaApp+"/owners/"+owner2ID+"/$ref"+selectRef,
		"DELETE "+betaApp+"/owners/"+owner2ID+"/$ref", "GET "+betaApp, "GET "+betaApp+"/owners?$select=id")
}

func TestApplicationFailureAfterCreationKeepsIt(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.queue("PATCH "+betaApp, fault{status: http.StatusForbidden, code: "Authorization_RequestDenied", message: "Insufficient privileges to complete the operation."})
	state, err := engine.Create(applicationToken, "api", enginetest.Of(map[string]any{"displayName": "orders"}))
	if err == nil || !strings.Contains(err.Error(), "Insufficient privileges") || !strings.Contains(err.Error(), "PATCH /beta/applications") {
		t.Errorf("got %v, want the refusal and the call", err)
	}
	if state.ID != "/applications/"+firstID {
		t.Errorf("got id %q, want the application kept in the state", state.ID)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	lag := fault{status: http.StatusNotFound, code: "Request_ResourceNotFound", message: "not replicated"}
	graph.queue("PATCH "+betaApp, lag, lag, fault{status: 500}, fault{status: 424}, fault{status: 503})
	state := engine.MustCreate(applicationToken, "api", enginetest.Of(map[string]any{"displayName": "orders"}))
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}
	if !slices.Equal(graph.waits, want) {
		t.Errorf("got waits %v, want %v", graph.waits, want)
	}
	graph.waits = nil
	delete(graph.objects, "/applications/"+firstID)
	gone, err := engine.Refresh(state)
	if err != nil || gone.ID != "" {
		t.Errorf("refresh: got id %q, error %v, want it gone", gone.ID, err)
	}
	want = append(want, slices.Repeat([]time.Duration{30 * time.Second}, 4)...)
	if !slices.Equal(graph.waits, want) {
		t.Errorf("refresh: got waits %v, want all nine, %v", graph.waits, want)
	}
}

// TestBusyGraphIsAskedAgain: a resource that switched retries off does not wait
// for replication, but it does for Graph itself, as hamilton's
// Client.DisableRetries says.
func TestBusyGraphIsAskedAgain(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.objects["/applications/"+firstID] = object{"id": firstID, "appRoles": []any{}}
	role := enginetest.Of(map[string]any{"applicationId": "/applications/" + firstID, "roleId": roleID,
		"allowedMemberTypes": []any{"Application"}, "value": "Orders.Read", "displayName": "Read", "description": "Read orders"})
	graph.queue("GET "+v1App, fault{status: http.StatusTooManyRequests}, fault{status: http.StatusInternalServerError})
	graph.queue("PATCH "+v1App, fault{status: http.StatusServiceUnavailable}, fault{dropped: true})
	engine.MustCreate(roleToken, "role", role)
	want := []time.Duration{time.Second, 2 * time.Second, time.Second, 2 * time.Second}
	if !slices.Equal(graph.waits, want) {
		t.Errorf("got waits %v, want %v", graph.waits, want)
	}
	for _, status := range []int{http.StatusNotFound, http.StatusFailedDependency, http.StatusNotImplemented} {
		graph.objects["/applications/"+firstID], graph.waits = object{"id": firstID, "appRoles": []any{}}, nil
		graph.queue("GET "+v1App, fault{status: status})
		if _, err := engine.Create(roleToken, "role", role); err == nil || len(graph.waits) > 0 {
			t.Errorf("%d: got %v after waits %v, want an error at once", status, err, graph.waits)
		}
	}
}

func TestAppRoleCallSequence(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.objects["/applications/"+firstID] = object{"id": firstID, "appRoles": []any{object{"id": owner2ID, "value": "Other", "isEnabled": true}}}
	inputs := map[string]any{"applicationId": "/applications/" + firstID, "roleId": roleID, "allowedMemberTypes": []any{"Application"},
		"displayName": "Read", "description": "Read orders", "value": "Orders.Read"}
	state := engine.MustCreate(roleToken, "role", enginetest.Of(inputs))
	graph.expect("create", "GET "+v1App, "PATCH "+v1App, "GET "+v1App)
	if sent := graph.bodies["PATCH"][0]["appRoles"].([]any); len(sent) != 2 || sent[1].(object)["isEnabled"] != true {
		t.Errorf("create: got roles %v, want both, enabled", sent)
	}
	if state.ID != "/applications/"+firstID+"/appRoles/"+roleID {
		t.Errorf("got id %q", state.ID)
	}
	inputs["displayName"] = "Read all"
	state, err := engine.Update(state, enginetest.Of(inputs))
	if err != nil {
		t.Fatal(err)
	}
	graph.expect("update", "GET "+v1App, "GET "+v1App, "PATCH "+v1App, "GET "+v1App, "PATCH "+v1App, "GET "+v1App)
	if disabled := graph.bodies["PATCH"][1]["appRoles"].([]any)[1].(object); disabled["isEnabled"] != false || disabled["displayName"] != "Read" {
		t.Errorf("update: got %v first, want the old role disabled", disabled)
	}
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	graph.expect("delete", "GET "+v1App, "GET "+v1App, "PATCH "+v1App, "GET "+v1App, "PATCH "+v1App)
	if left := graph.objects["/applications/"+firstID]["appRoles"].([]any); len(left) != 1 {
		t.Errorf("delete: got %v, want the other role left", left)
	}
	graph.taken()
	if err := engine.Delete(state); err == nil || !strings.Contains(err.Error(), "could not identify existing app role") || !strings.Contains(err.Error(), roleID) {
		t.Errorf("delete again: got %v, want an error naming the role", err)
	}
	graph.expect("delete again", "GET "+v1App)
	delete(graph.objects, "/applications/"+firstID)
	if err := engine.Delete(state); err == nil || !strings.Contains(err.Error(), "GET "+v1App) {
		t.Errorf("delete without application: got %v, want an error with the call", err)
	}
}

// TestDeletionOfWhatIsGone: the official provider fails, because it cannot tell
// a deleted object from one that is not replicated yet.
func TestDeletionOfWhatIsGone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, token string
		inputs      map[string]any
		path        string
	}{
		{"application", applicationToken, map[string]any{"displayName": "orders"}, betaApp},
		{"service principal", principalToken, map[string]any{"clientId": owner2ID}, v1SP},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			graph, engine := newGraph(t)
			graph.start(engine)
			state := engine.MustCreate(test.token, "it", enginetest.Of(test.inputs))
			graph.queue("DELETE "+test.path, slices.Repeat([]fault{{status: http.StatusNotFound, code: "Request_ResourceNotFound", message: "deleted meanwhile"}}, 10)...)
			if err := engine.Delete(state); err == nil || !strings.Contains(err.Error(), "deleted meanwhile") {
				t.Errorf("gone after the look: got %v, want the refusal", err)
			}
			_, path, _ := strings.Cut(strings.TrimPrefix(test.path, "/"), "/")
			delete(graph.objects, "/"+path)
			if err := engine.Delete(state); err == nil || !strings.Contains(err.Error(), "GET "+test.path) {
				t.Errorf("gone before: got %v, want an error with the call", err)
			}
		})
	}
}

func TestAppRoleDoesNotRetryItsCreation(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	_, err := engine.Create(roleToken, "role", enginetest.Of(map[string]any{"applicationId": "/applications/" + firstID, "roleId": roleID,
		"allowedMemberTypes": []any{"Application"}, "displayName": "Read", "description": "Read orders"}))
	if err == nil || len(graph.waits) != 0 {
		t.Errorf("got error %v after waits %v, want one at once", err, graph.waits)
	}
}

func TestIdentifierURICallSequence(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.objects["/applications/"+firstID] = object{"id": firstID, "identifierUris": []any{"api://other"}}
	state := engine.MustCreate(uriToken, "uri", enginetest.Of(map[string]any{"applicationId": "/applications/" + firstID, "identifierUri": "api://orders"}))
	graph.expect("create", "GET "+v1App, "PATCH "+v1App, "GET "+v1App)
	if want := "/applications/" + firstID + "/identifierUris/" + base64.StdEncoding.EncodeToString([]byte("api://orders")); state.ID != want {
		t.Errorf("got id %q, want %q", state.ID, want)
	}
	if imported, err := engine.Refresh(enginetest.State{Token: uriToken, ID: state.ID}); err != nil || !imported.Inputs.DeepEquals(state.Inputs) {
		t.Errorf("import: got %v, %v, want %v", imported.Inputs, err, state.Inputs)
	}
	graph.taken()
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	graph.expect("delete", "GET "+v1App, "PATCH "+v1App)
	if err := engine.Delete(state); err == nil || !strings.Contains(err.Error(), "api://orders") {
		t.Errorf("delete again: got %v, want an error naming the URI", err)
	}
}

func TestServicePrincipalCallSequence(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.queue("POST /v1.0/servicePrincipals", fault{status: http.StatusBadRequest, code: "Request_BadRequest", message: "The appId 'x' of the service principal does not reference a valid application object."})
	inputs := map[string]any{"clientId": owner2ID, "appRoleAssignmentRequired": true, "description": "the API", "owners": []any{callerID}}
	state := engine.MustCreate(principalToken, "sp", enginetest.Of(inputs))
	find := "GET /v1.0/servicePrincipals?$filter=appId eq '" + owner2ID + "'"
	read := []string{"GET " + v1SP, "GET " + v1SP + "/owners?$select=id"}
	graph.expect("create", append([]string{find, "GET /v1.0/directoryObjects/" + callerID, "POST /v1.0/servicePrincipals", "POST /v1.0/servicePrincipals", "PATCH " + v1SP}, read...)...)
	post := graph.bodies["POST"][0]
	if !strings.HasPrefix(post["description"].(string), "TERRAFORM_UPDATE_") || post["accountEnabled"] != true || post["appRoleAssignmentRequired"] != true {
		t.Errorf("POST body: got %v", post)
	}
	if state.ID != firstID || state.Outputs["objectId"].StringValue() != firstID || state.Outputs["description"].StringValue() != "the API" {
		t.Errorf("got id %q, outputs %v", state.ID, state.Outputs)
	}
	if _, err := engine.Create(principalToken, "again", enginetest.Of(inputs)); err == nil || !strings.Contains(err.Error(), firstID) {
		t.Errorf("second one: got %v, want a refusal naming the first", err)
	}
	graph.expect("second one", find)
	adopted := engine.MustCreate(principalToken, "again", enginetest.Of(map[string]any{"clientId": owner2ID, "useExisting": true}))
	graph.expect("adoption", append([]string{find, "PATCH " + v1SP}, read...)...)
	inputs["notes"] = "n"
	if _, err := engine.Update(state, enginetest.Of(inputs)); err != nil {
		t.Fatal(err)
	}
	graph.expect("update", append([]string{"PATCH " + v1SP}, read...)...)
	if err := engine.Delete(adopted); err != nil {
		t.Fatal(err)
	}
	graph.expect("delete of the adopted one", "DELETE "+v1SP)
}

func TestAppRoleAssignmentCallSequence(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	graph.objects["/servicePrincipals/"+firstID] = object{"id": firstID}
	graph.next = 1
	all := v1SP + "/appRoleAssignedTo"
	graph.queue("POST "+all, fault{status: http.StatusNotFound, code: "Request_ResourceNotFound", message: "Resource 'x' does not exist"},
		fault{status: http.StatusBadRequest, code: "Request_BadRequest", message: "Not a valid reference update."})
	inputs := enginetest.Of(map[string]any{"appRoleId": roleID, "principalObjectId": owner2ID, "resourceObjectId": firstID})
	state := engine.MustCreate(assignmentToken, "assignment", inputs)
	read := "GET " + all + "?$filter=id eq '" + secondID + "'"
	graph.expect("create", "GET "+v1SP, "POST "+all, "POST "+all, "POST "+all, read)
	if state.ID != firstID+"/appRoleAssignment/"+secondID {
		t.Errorf("got id %q", state.ID)
	}
	if imported, err := engine.Refresh(enginetest.State{Token: assignmentToken, ID: state.ID}); err != nil || !imported.Inputs.DeepEquals(state.Inputs) {
		t.Errorf("import: got %v, %v, want %v", imported.Inputs, err, state.Inputs)
	}
	graph.taken()
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	graph.expect("delete", "DELETE "+all+"/"+secondID)
	graph.waits = nil
	if gone, err := engine.Refresh(state); err != nil || gone.ID != "" || len(graph.waits) != 0 {
		t.Errorf("refresh: got id %q, error %v, waits %v, want it gone at once", gone.ID, err, graph.waits)
	}
	graph.taken()
	graph.queue("POST "+all, fault{status: http.StatusBadRequest, code: "Request_BadRequest", message: "Permission being assigned was not found on application 'x'."})
	if _, err := engine.Create(assignmentToken, "early", inputs); err == nil {
		t.Error("role that is not replicated: got no error, want no second try")
	}
	graph.expect("role that is not replicated", "GET "+v1SP, "POST "+all)
}

func TestPreviewCallsNothing(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	outputs := engine.Preview(applicationToken, nil, enginetest.Of(map[string]any{"displayName": "orders"}))
	if !outputs["clientId"].IsComputed() || outputs["displayName"].StringValue() != "orders" {
		t.Errorf("got %v, want clientId unknown and displayName known", outputs)
	}
	outputs = engine.Preview(passwordToken, nil, enginetest.Of(map[string]any{"applicationId": enginetest.Unknown}))
	if !outputs["value"].IsSecret() {
		t.Errorf("password: got value %v, want a secret", outputs["value"])
	}
	graph.expect("preview")
}
