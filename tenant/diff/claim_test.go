package diff_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"app-to-app/tenant/diff"
)

const (
	mayChange = "" // anything but an all-clear
	beyond    = "#### Changes that may affect access, not understood"
	allClear  = "Nobody's access changes."
	newCode   = "Nobody's access changes, unless by the new code of `orders-api`."
)

// Where resources are: the path of types in a URN, and the parent.
const (
	inStack      = "::pulumi:pulumi:Stack::app-to-app-dev"
	inAPI        = "::app-to-app:components:API::orders-api"
	inAPIApp     = "::app-to-app:components:API$app-to-app:components:FunctionApp::orders-api"
	inClient     = "::app-to-app:components:Client::orders-client"
	urnPrefix    = "urn:pulumi:dev::app-to-app"
	apiPrincipal = urnPrefix + "::app-to-app:components:API$azuread:index/servicePrincipal:ServicePrincipal::orders-api-service-principal"
	itsIdentity  = urnPrefix + "::app-to-app:components:Client$azure-native:managedidentity:UserAssignedIdentity::orders-client-identity"
	itsRegister  = urnPrefix + "::app-to-app:components:Client$azuread:index/application:Application::orders-client-application"
	otherObject  = "11111111-2222-3333-4444-555555555555"
)

type object = map[string]any

// step is one step as `pulumi preview --json` prints it. differs are the paths
// of its detailed diff.
func step(op, parent, token, name string, old, new object, differs ...string) object {
	path := parent[2:strings.LastIndex(parent, "::")] + "$"
	if parent == inStack {
		path = ""
	}
	urn := urnPrefix + "::" + path + token + "::" + name
	state := func(inputs object) object {
		s := object{"urn": urn, "custom": true, "type": token, "parent": urnPrefix + parent}
		if inputs["-dependencies"] != nil {
			s["propertyDependencies"] = inputs["-dependencies"]
		}
		inputs = maps.Clone(inputs)
		delete(inputs, "-dependencies")
		s["inputs"] = inputs
		return s
	}
	s := object{"op": op, "urn": urn, "provider": urnPrefix + "::pulumi:providers:p::default::id"}
	if old != nil {
		s["oldState"] = state(old)
	}
	if new != nil {
		s["newState"] = state(new)
	}
	if differs != nil {
		detailed := object{}
		for _, path := range differs {
			detailed[path] = object{"kind": "update", "inputDiff": true}
		}
		s["detailedDiff"], s["diffReasons"] = detailed, differs
	}
	return s
}

// previewWith is the preview without a change, with some of its steps replaced
// and others added.
func previewWith(t *testing.T, steps ...object) diff.Preview {
	t.Helper()
	fixture, err := os.ReadFile("testdata/no-change.json")
	if err != nil {
		t.Fatal(err)
	}
	var preview struct {
		Steps []object `json:"steps"`
	}
	if err := json.Unmarshal(fixture, &preview); err != nil {
		t.Fatal(err)
	}
	changed := make(map[any]bool)
	for _, s := range steps {
		changed[s["urn"]] = true
	}
	for _, s := range preview.Steps {
		if !changed[s["urn"]] {
			steps = append(steps, s)
		}
	}
	text, err := json.Marshal(object{"steps": steps})
	if err != nil {
		t.Fatal(err)
	}
	p, err := diff.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wantVerdict compares the first sentence of a comment.
func wantVerdict(t *testing.T, comment, want string) {
	t.Helper()
	got := firstLine(t, comment)
	if want != mayChange && got != want || want == mayChange && (strings.HasPrefix(got, "Nobody's access changes") || !strings.Contains(got, "ccess")) {
		t.Errorf("got %q, want %q, in:\n%s", got, cmp.Or(want, "no all-clear"), comment)
	}
}

// firstLine is the first line of a comment below its heading.
func firstLine(t *testing.T, comment string) string {
	t.Helper()
	_, rest, found := strings.Cut(comment, "### Access in `dev`\n\n")
	if !found {
		t.Fatalf("expected a heading, got:\n%s", comment)
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// assignment is the inputs of an app role assignment of the API's.
func assignment(principal string) object {
	return object{"appRoleId": "r", "principalObjectId": principal, "-dependencies": object{
		"principalObjectId": []string{}, "resourceObjectId": []string{apiPrincipal},
	}}
}

func appSettings(role, tenant string) object {
	return object{"properties": object{"ORDERS_ROLE": role, "ORDERS_TENANT_ID": tenant}}
}

// TestAccessBeyondTheList: each preview gives a stranger access in a way that
// no line about clients shows. The comment must not claim that nobody's access
// changes.
func TestAccessBeyondTheList(t *testing.T) {
	t.Parallel()
	const (
		application = "azuread:index/application:Application"
		federated   = "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential"
		assigned    = "azuread:index/appRoleAssignment:AppRoleAssignment"
		settings    = "azure-native:web/v20240401:WebAppApplicationSettings"
	)
	for _, test := range []struct {
		name  string
		steps []object
		want  string
	}{
		{"an app role assignment outside of a client", []object{
			step("create", inStack, assigned, "stranger", nil, assignment(otherObject)),
		}, mayChange},
		{"a secret of the API's registration outside of a client", []object{
			step("create", inStack, "azuread:index/applicationPassword:ApplicationPassword", "extra", nil, object{"displayName": "extra"}),
		}, mayChange},
		{"a federated credential's subject", []object{
			step("update", inClient, federated, "orders-client-federation", object{"subject": "repo:o/r:ref:refs/heads/main"}, object{"subject": "repo:o/r:pull_request"}, "subject"),
		}, mayChange},
		{"an existing client's object id", []object{
			step("create-replacement", inClient, assigned, "orders-client-assignment-Orders.Read", assignment("a"), assignment(otherObject), "principalObjectId"),
			step("replace", inClient, assigned, "orders-client-assignment-Orders.Read", assignment("a"), assignment(otherObject), "principalObjectId"),
			step("delete-replaced", inClient, assigned, "orders-client-assignment-Orders.Read", assignment("a"), nil),
			step("same", inClient, assigned, "orders-client-assignment-Orders.Write", assignment("a"), assignment("a")),
		}, mayChange},
		{"the owners of a client's registration", []object{
			step("update", inClient, application, "orders-client-application", object{"owners": []string{"a"}}, object{"owners": []string{"a", otherObject}}, "owners[1]"),
		}, mayChange},
		{"the audience of sign-ins, to every tenant", []object{
			step("update", inAPI, application, "orders-api-application", object{"signInAudience": "AzureADMyOrg"}, object{"signInAudience": "AzureADMultipleOrgs"}, "signInAudience"),
		}, mayChange},
		{"Owner of the subscription", []object{
			step("create", inStack, "azure-native:authorization:RoleAssignment", "break-glass", nil, object{"scope": "/subscriptions/s", "roleDefinitionId": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"}),
		}, mayChange},
		{"who can hold an app role, to people too", []object{
			step("update", inAPI, "azuread:index/applicationAppRole:ApplicationAppRole", "orders-api-role-Orders.Read",
				object{"value": "Orders.Read", "allowedMemberTypes": []string{"Application"}}, object{"value": "Orders.Read", "allowedMemberTypes": []string{"Application", "User"}}, "allowedMemberTypes[1]"),
		}, mayChange},
		{"the role and the tenant that the API asks for", []object{
			step("update", inAPIApp, settings, "orders-api-settings", appSettings("Orders.Read", "a"), appSettings("Anything", "b"), "properties.ORDERS_ROLE", "properties.ORDERS_TENANT_ID"),
		}, mayChange},
		{"basic authentication of the SCM site", []object{
			step("update", inAPIApp, "azure-native:web/v20240401:WebAppScmAllowed", "orders-api-scm", object{"allow": false}, object{"allow": true}, "allow"),
		}, mayChange},

		{"code alone", []object{
			publish("update", publisher("a", nil), publisher("b", nil), "triggers[0]", "environment.PUBLISH_SHA256"),
		}, newCode},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			comment := previewWith(t, test.steps...).Markdown("dev", diff.Names{})
			wantVerdict(t, comment, test.want)
		})
	}
}

// TestListAndClaim: the list names the whole change, or only a part of it.
func TestListAndClaim(t *testing.T) {
	t.Parallel()
	const (
		application = "azuread:index/application:Application"
		appRole     = "azuread:index/applicationAppRole:ApplicationAppRole"
		assigned    = "azuread:index/appRoleAssignment:AppRoleAssignment"
		password    = "azuread:index/applicationPassword:ApplicationPassword"
	)
	held := assignmentOf(deleteRole, nil)
	gains := step("create", inClient, assigned, "orders-client-assignment-Orders.Delete", nil, held)
	registered := step("same", inClient, application, "orders-client-application", object{}, object{})
	secretOf := func(application string) object {
		return object{"applicationId": notYet, "-dependencies": object{"applicationId": []string{application}}}
	}
	owners := func(differs ...string) object {
		return step("update", inAPI, application, "orders-api-application", object{"owners": []string{"a"}}, object{"owners": []string{"b"}}, differs...)
	}
	offers := func(types ...string) object {
		return step("create", inAPI, appRole, "orders-api-role-Orders.Create", nil, object{"value": "Orders.Create", "allowedMemberTypes": types})
	}
	for _, test := range []struct {
		name   string
		steps  []object
		line   string
		beyond bool
	}{
		{"a role gained", []object{gains}, "**gains** `Orders.Delete`", false},
		{"a role gained, and Owner of the subscription", []object{
			gains, step("create", inStack, "azure-native:authorization:RoleAssignment", "break-glass", nil, object{}),
		}, "**gains** `Orders.Delete`", true},
		{"a role gained, and the API's role", []object{
			gains, step("update", inAPIApp, "azure-native:web/v20240401:WebAppApplicationSettings", "orders-api-settings", appSettings("a", "b"), appSettings("c", "b"), "properties.ORDERS_ROLE"),
		}, "changes the app role that callers need (`ORDERS_ROLE`) from `a` to `c`", false},
		{"an assignment imported", []object{step("import", inClient, assigned, "orders-client-assignment-Orders.Delete", nil, held)}, "`import`", true},
		{"a client's secret", []object{registered, step("create", inClient, password, "orders-client-secret-1", nil, secretOf(itsRegister))}, "**gets** the client secret `orders-client-secret-1`", false},
		{"a client's secret, for the API's registration", []object{
			registered, step("create", inClient, password, "orders-client-secret-1", nil, secretOf(urnPrefix+"::app-to-app:components:API$azuread:index/application:Application::orders-api-application")),
		}, "app registration `orders-api-application` (`orders-api`) (id not known yet) **gets** the client secret `orders-client-secret-1`", false},
		{"a client's secret, for an unknown registration", []object{registered, step("create", inClient, password, "orders-client-secret-1", nil, object{})}, "**gets** the client secret", true},
		{"the API's owners", []object{owners("owners[0]")}, "**gets the owner** object id `b`", false},
		{"the API's owners and audience", []object{owners("owners[0]", "signInAudience")}, "changes who can sign in to it", false},
		{"the API's owners, which are not named", []object{owners()}, "**gets the owner** object id `b`", false},
		{"the API's owners, and what the table does not know", []object{owners("owners[0]", "somethingNew")}, "**gets the owner**", true},
		{"a role for applications", []object{offers("Application")}, "**offers** the app role `Orders.Create`", false},
		{"a role for people too", []object{offers("Application", "User")}, "**people can hold it too**", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			comment := previewWith(t, append(test.steps, offeredRole(deleteRole, deleteID))...).Markdown("dev", diff.Names{})
			if !strings.Contains(comment, test.line) {
				t.Errorf("want a list with %q, got:\n%s", test.line, comment)
			}
			if strings.Contains(comment, beyond) != test.beyond || strings.Contains(comment, "Nobody's access") {
				t.Errorf("want more than the list: %v, got:\n%s", test.beyond, comment)
			}
		})
	}
}
