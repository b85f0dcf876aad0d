package azuread_test

import (
	"context"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/pulumilocal/provider/azuread"
	"app-to-app/pulumilocal/provider/azuread/stateshape"
	"app-to-app/pulumilocal/provider/enginetest"
	"app-to-app/pulumilocal/provider/plugin"
	"app-to-app/sandbox/sandboxtest"
)

// A made resource is one of the program's, in the sandbox itself.
type made struct {
	name   string
	ignore []string // as the program has it
	enginetest.State
}

// ignoredOfAPI are the changes that the program ignores of the API's app
// registration.
var ignoredOfAPI = []string{"appRoles", "appRoleIds", "identifierUris", "owners"}

// newProgram makes one resource of each kind that the program has, with the
// inputs that it gives.
func newProgram(t *testing.T) (*enginetest.Engine, []made) {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	tenant := s.Tenants()[0]
	engine := enginetest.New(t, azuread.New(azuread.Options{HTTPClient: s.HTTPClient(), Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}))
	engine.MustConfigure(map[string]any{"metadataHost": strings.TrimPrefix(s.ResourceManagerURL, "https://"), "tenantId": tenant.ID,
		"clientId": tenant.Deployer.ClientID, "clientSecret": enginetest.Secret(tenant.Deployer.Secret)})
	var all []made
	create := func(token, name string, inputs map[string]any, ignore ...string) enginetest.State {
		t.Helper()
		all = append(all, made{name, ignore, engine.MustCreate(token, name, enginetest.Of(inputs))})
		return all[len(all)-1].State
	}
	owners, marks := []any{tenant.Deployer.ObjectID}, []any{"the stack", "the name"}
	api := create(applicationToken, "orders-api-application", map[string]any{"displayName": "Orders", "signInAudience": "AzureADMyOrg", "owners": owners, "tags": marks,
		"api":            map[string]any{"requestedAccessTokenVersion": 2},
		"optionalClaims": map[string]any{"accessTokens": []any{map[string]any{"name": "idtyp"}}}}, ignoredOfAPI...)
	role := create(roleToken, "orders-api-role", map[string]any{"applicationId": api.ID, "roleId": roleID, "allowedMemberTypes": []any{"Application"},
		"value": "Orders.Read", "displayName": "Read orders", "description": "Read all orders"})
	create(uriToken, "orders-api-identifier-uri", map[string]any{"applicationId": api.ID, "identifierUri": "api://" + api.Text("clientId")})
	resource := create(principalToken, "orders-api-service-principal", map[string]any{"clientId": api.Text("clientId"), "appRoleAssignmentRequired": true, "owners": owners, "tags": marks}, "owners")
	client := create(applicationToken, "client-application", map[string]any{"displayName": "Client", "signInAudience": "AzureADMyOrg", "owners": owners, "tags": marks}, "owners")
	principal := create(principalToken, "client-service-principal", map[string]any{"clientId": client.Text("clientId"), "owners": owners, "tags": marks}, "owners")
	create(passwordToken, "client-secret", map[string]any{"applicationId": client.ID, "displayName": "client-secret-1",
		"endDate": time.Now().AddDate(0, 6, 0).UTC().Format(time.RFC3339)})
	_, certificate := selfSigned(t)
	create(certificateToken, "client-certificate", map[string]any{"applicationId": client.ID, "type": "AsymmetricX509Cert",
		"value": enginetest.Secret(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})))})
	create(federatedToken, "client-federation", map[string]any{"applicationId": client.ID, "displayName": "client", "description": "the stack's mark", "issuer": s.BaseURL + "/" + tenant.ID + "/v2.0",
		"subject": principal.Text("objectId"), "audiences": []any{"api://AzureADTokenExchange"}})
	create(assignmentToken, "client-assignment", map[string]any{"appRoleId": role.Text("roleId"), "principalObjectId": principal.Text("objectId"), "resourceObjectId": resource.Text("objectId")})
	return engine, all
}

// TestStatesAreTheOfficialOnes compares every member.
func TestStatesAreTheOfficialOnes(t *testing.T) {
	t.Parallel()
	_, all := newProgram(t)
	for _, one := range all {
		t.Run(one.name, func(t *testing.T) {
			got := stateshape.Shape{Inputs: enginetest.Plain(one.Inputs), Outputs: enginetest.Plain(one.Outputs)}
			for _, difference := range stateshape.Differences(stateshape.Kind(one.Token, one.name), got) {
				t.Error(difference)
			}
		})
	}
}

// TestRefreshThenPreview: a refresh leaves the inputs as they were, and the next
// preview finds nothing to do.
func TestRefreshThenPreview(t *testing.T) {
	t.Parallel()
	engine, all := newProgram(t)
	for _, one := range all {
		t.Run(one.name, func(t *testing.T) {
			refreshed, err := engine.Refresh(one.State)
			if err != nil {
				t.Fatal(err)
			}
			if !refreshed.Inputs.DeepEquals(one.Inputs) {
				t.Errorf("got inputs %v, want those before, %v", refreshed.Inputs, one.Inputs)
			}
			if diffs := engine.DiffState(refreshed, one.Inputs, one.ignore...).GetDiffs(); len(diffs) != 0 {
				t.Errorf("got changes of %q, want none", diffs)
			}
		})
	}
}

// TestIgnoredRolesStillCount: the official provider counts appRoleIds as unknown
// while the state has roles that the inputs do not, even if changes of appRoles
// are ignored. So the program has to ignore appRoleIds too.
func TestIgnoredRolesStillCount(t *testing.T) {
	t.Parallel()
	engine, all := newProgram(t)
	api, err := engine.Refresh(all[0].State)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		ignore []string
		want   []string
	}{
		{"all that the program ignores", ignoredOfAPI, nil},
		{"without appRoleIds", []string{"appRoles", "identifierUris", "owners"}, []string{"appRoleIds"}},
		{"without appRoles", []string{"appRoleIds", "identifierUris"}, []string{"appRoles"}},
		{"without identifierUris", []string{"appRoles", "appRoleIds"}, []string{"identifierUris"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := engine.DiffState(api, all[0].Inputs, test.ignore...).GetDiffs(); !slices.Equal(got, test.want) {
				t.Errorf("got changes of %q, want of %q", got, test.want)
			}
		})
	}
	updated, err := engine.Update(api, withInput(all[0].Inputs, "notes", "changed"), ignoredOfAPI...)
	if err != nil {
		t.Fatal(err)
	}
	ignoresNotes := append(slices.Clone(ignoredOfAPI), "notes")
	if kept, err := engine.Update(updated, withInput(withInput(all[0].Inputs, "notes", "ignored"), "supportUrl", "https://help.example"), ignoresNotes...); err != nil || kept.Text("notes") != "changed" {
		t.Errorf("update that ignores notes: got %q, %v, want those of the state", kept.Text("notes"), err)
	}
	if roles, uris := updated.Outputs["appRoles"].ArrayValue(), updated.Outputs["identifierUris"].ArrayValue(); len(roles) != 1 || len(uris) != 1 || updated.Text("notes") != "changed" {
		t.Errorf("update of another property: got roles %v, URIs %v, notes %q, want both kept", roles, uris, updated.Text("notes"))
	}
}

// withInput is inputs with one more.
func withInput(inputs enginetest.Properties, name string, value any) enginetest.Properties {
	changed := inputs.Copy()
	changed[resource.PropertyKey(name)] = resource.NewPropertyValue(value)
	return changed
}

// TestChangesByHandAreFound: after a refresh the next preview finds what differs
// from the program, given by it or not.
func TestChangesByHandAreFound(t *testing.T) {
	t.Parallel()
	engine, all := newProgram(t)
	client, principal := all[4].State, all[5].State
	changedApplication, err := engine.Update(client, withInput(withInput(client.Inputs, "displayName", "by hand"), "notes", "by hand"))
	if err != nil {
		t.Fatal(err)
	}
	changedPrincipal, err := engine.Update(principal, withInput(withInput(principal.Inputs, "accountEnabled", false), "tags", []any{"HideApp"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		before enginetest.State
		now    enginetest.State
		want   []string
	}{
		{"application", client, changedApplication, []string{"displayName", "notes"}},
		{"service principal", principal, changedPrincipal, []string{"accountEnabled", "tags"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			refreshed, err := engine.Refresh(test.before)
			if err != nil {
				t.Fatal(err)
			}
			diffs := engine.DiffState(refreshed, test.before.Inputs).GetDiffs()
			slices.Sort(diffs)
			if !slices.Equal(diffs, test.want) {
				t.Errorf("got changes of %q, want of %q", diffs, test.want)
			}
			again, err := engine.Update(refreshed, test.before.Inputs)
			if err != nil {
				t.Fatal(err)
			}
			if diffs := engine.DiffState(again, test.before.Inputs).GetDiffs(); len(diffs) != 0 {
				t.Errorf("after an update: got changes of %q, want none", diffs)
			}
		})
	}
	// Without tags in the program, those set by hand are kept: they are computed.
	untagged := principal.Inputs.Copy()
	delete(untagged, "tags")
	byHand, err := engine.Update(principal, withInput(principal.Inputs, "tags", []any{"HideApp"}))
	if err != nil {
		t.Fatal(err)
	}
	if diffs := engine.DiffState(byHand, untagged).GetDiffs(); len(diffs) != 0 {
		t.Errorf("without tags: got changes of %q, want none", diffs)
	}
}

// TestImports imports each kind and expects inputs that the provider accepts and
// that change nothing.
func TestImports(t *testing.T) {
	t.Parallel()
	engine, all := newProgram(t)
	for _, one := range all {
		if one.Token == certificateToken {
			continue // its value, which is required, cannot be read
		}
		t.Run(one.name, func(t *testing.T) {
			imported, err := engine.Refresh(enginetest.State{Token: one.Token, ID: one.ID})
			if err != nil {
				t.Fatal(err)
			}
			checked, failures := engine.Check(one.Token, one.name, imported.Inputs, imported.Inputs)
			if len(failures) != 0 {
				t.Errorf("got failures %q, want none", failures)
			}
			if diffs := engine.DiffState(imported, checked).GetDiffs(); len(diffs) != 0 {
				t.Errorf("got changes of %q, want none", diffs)
			}
			for name, value := range one.Inputs {
				if got, ok := checked[name]; name != "__defaults" && (!ok || !got.IsObject() && !got.DeepEquals(value)) {
					t.Errorf("%s: got %v, want %v as it was made", name, got, value)
				}
			}
			if len(one.ID) > 36 {
				if _, err := engine.Refresh(enginetest.State{Token: one.Token, ID: strings.TrimPrefix(one.ID, "/applications/")[:36]}); err == nil || !strings.Contains(err.Error(), "expected an id like ") {
					t.Errorf("bare GUID: got %v, want a refusal with the right form", err)
				}
			}
		})
	}
}

// TestImportsWithTags: tags, featureTags and features stand for one list, and
// only one of them may be given.
func TestImportsWithTags(t *testing.T) {
	t.Parallel()
	engine, all := newProgram(t)
	for _, one := range all[4:6] { // the client's app registration and service principal
		t.Run(one.name, func(t *testing.T) {
			if _, err := engine.Update(one.State, withInput(one.Inputs, "tags", []any{"HideApp"})); err != nil {
				t.Fatal(err)
			}
			imported, err := engine.Refresh(enginetest.State{Token: one.Token, ID: one.ID})
			if err != nil {
				t.Fatal(err)
			}
			checked, failures := engine.Check(one.Token, one.name, imported.Inputs, imported.Inputs)
			if len(failures) != 0 || len(checked["tags"].ArrayValue()) != 1 {
				t.Errorf("got failures %q, tags %v, want the tag alone", failures, checked["tags"])
			}
			if diffs := engine.DiffState(imported, checked).GetDiffs(); len(diffs) != 0 {
				t.Errorf("got changes of %q, want none", diffs)
			}
		})
	}
}

func TestImportsOfWrongIDs(t *testing.T) {
	t.Parallel()
	graph, engine := newGraph(t)
	graph.start(engine)
	const app = "/applications/" + firstID
	for _, test := range []struct{ token, id, want string }{
		{applicationToken, firstID, "/applications/OBJECTID"},
		{applicationToken, "applications/" + firstID, "/applications/OBJECTID"},
		{applicationToken, app + "/appRoles/" + roleID, "/applications/OBJECTID"},
		{roleToken, firstID + "/appRoles/" + roleID, "/applications/OBJECTID/appRoles/ROLEID"},
		{roleToken, app + "/appRoles/Orders.Read", "/applications/OBJECTID/appRoles/ROLEID"},
		{uriToken, app + "/identifierUris/", "/applications/OBJECTID/identifierUris/BASE64"},
		{uriToken, app + "/identifierUris/api:||orders", "base64"},
		{principalToken, "/servicePrincipals/" + firstID, "object id of a service principal"},
		{passwordToken, app + "/password/" + roleID, "OBJECTID/password/KEYID"},
		{certificateToken, firstID + "/password/" + roleID, "OBJECTID/certificate/KEYID"},
		{federatedToken, firstID + "/federatedIdentityCredential/x", "OBJECTID/federatedIdentityCredential/CREDENTIALID"},
		{assignmentToken, roleID, "RESOURCEID/appRoleAssignment/ASSIGNMENT"},
	} {
		t.Run(test.token+" "+test.id, func(t *testing.T) {
			if _, err := engine.Refresh(enginetest.State{Token: test.token, ID: test.id}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want a refusal with %q", err, test.want)
			}
		})
	}
	graph.expect("refused imports")
}

// TestFunctionsReturnWhatTheSDKReads compares every member of the results.
func TestFunctionsReturnWhatTheSDKReads(t *testing.T) {
	t.Parallel()
	engine, all := newProgram(t)
	app, principal := all[0].Text("objectId"), all[3].Text("objectId")
	for _, test := range []struct {
		function string
		args     map[string]any
		result   any
	}{
		{"getApplication", map[string]any{"objectId": app}, sdk.LookupApplicationResult{}},
		{"getServicePrincipal", map[string]any{"objectId": principal}, sdk.LookupServicePrincipalResult{}},
		{"getServicePrincipals", map[string]any{"objectIds": []any{principal}}, sdk.GetServicePrincipalsResult{}},
	} {
		t.Run(test.function, func(t *testing.T) {
			got, err := engine.Invoke("azuread:index/"+test.function+":"+test.function, test.args)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range members("", plugin.TypeOf(test.result), resource.NewProperty(got)) {
				t.Error(problem)
			}
		})
	}
}

// members compares the members of a value with its type.
func members(path string, t *plugin.Type, value resource.PropertyValue) (problems []string) {
	switch {
	case t.Kind == plugin.Record && value.IsObject():
		for name, field := range t.Fields {
			if member, ok := value.ObjectValue()[resource.PropertyKey(name)]; ok {
				problems = append(problems, members(path+"."+name, field.Type, member)...)
			} else {
				problems = append(problems, path+"."+name+": missing")
			}
		}
		for name := range value.ObjectValue() {
			if !t.Has(string(name)) {
				problems = append(problems, path+"."+string(name)+": not in the SDK")
			}
		}
	case t.Kind == plugin.List && value.IsArray():
		for _, element := range value.ArrayValue() {
			problems = append(problems, members(path+"[]", t.Element, element)...)
		}
	case t.Kind == plugin.Record || t.Kind == plugin.List:
		problems = append(problems, path+": expected "+t.Kind.String()+", got "+value.TypeString())
	}
	return problems
}
