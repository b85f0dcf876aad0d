package stateshape_test

import (
	"encoding/json"
	"strings"
	"testing"

	"app-to-app/pulumilocal/provider/azuread/stateshape"
)

const (
	assignment = "azuread:index/appRoleAssignment:AppRoleAssignment"
	one        = "11111111-0000-4000-8000-000000000001"
	secret     = `{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","ciphertext":"x"}`
)

// right is an assignment as the official plugin leaves it.
const right = `{"inputs":{"__defaults":[],"appRoleId":"` + one + `","principalObjectId":"` + one + `","resourceObjectId":"` + one + `"},
"outputs":{"__meta":"{\"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0\":{\"create\":300000000000,\"delete\":300000000000,\"read\":300000000000}}",
"appRoleId":"` + one + `","id":"` + one + `/appRoleAssignment/any","principalDisplayName":"client","principalObjectId":"` + one + `",
"principalType":"ServicePrincipal","resourceDisplayName":"API","resourceObjectId":"` + one + `"}}`

func differences(t *testing.T, kind, resource string) []string {
	t.Helper()
	var got stateshape.Shape
	if err := json.Unmarshal([]byte(resource), &got); err != nil {
		t.Fatal(err)
	}
	return stateshape.Differences(kind, got)
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	if found := differences(t, assignment, right); found != nil {
		t.Errorf("got %q, want none", found)
	}
	for _, test := range []struct {
		name, old, new string
		want           string
	}{
		{"a member too many", `"__defaults":[]`, `"__defaults":[],"more":1`, "inputs.more: expected no such member, got 1"},
		{"a member missing", `"resourceDisplayName":"API",`, ``, "outputs.resourceDisplayName: expected \"<text>\", got no such member"},
		{"null for a text", `"resourceDisplayName":"API"`, `"resourceDisplayName":null`, "outputs.resourceDisplayName: expected \"<text>\", got null"},
		{"an empty text", `"resourceDisplayName":"API"`, `"resourceDisplayName":""`, "outputs.resourceDisplayName"},
		{"another text", `"principalType":"ServicePrincipal"`, `"principalType":"User"`, `outputs.principalType: expected "ServicePrincipal", got "User"`},
		{"no GUID", `"inputs":{"__defaults":[],"appRoleId":"` + one, `"inputs":{"__defaults":[],"appRoleId":"x`, "inputs.appRoleId"},
		{"a default too many", `"__defaults":[]`, `"__defaults":["x"]`, "inputs.__defaults: expected [], got"},
		{"another id", "/appRoleAssignment/", "/assignment/", "outputs.id"},
		{"null for a list", `"__defaults":[]`, `"__defaults":null`, "inputs.__defaults"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(right, test.old) {
				t.Fatalf("expected %q in the right one", test.old)
			}
			found := differences(t, assignment, strings.Replace(right, test.old, test.new, 1))
			if len(found) != 1 || !strings.Contains(found[0], test.want) {
				t.Errorf("got %q, want one with %q", found, test.want)
			}
		})
	}
	if found := differences(t, "azuread:index/user:User", right); len(found) != 1 || !strings.Contains(found[0], "expected one of the kinds") {
		t.Errorf("unknown kind: got %q", found)
	}
}

// TestSecretsAreNotShown: a value that is not secret must be found, and not be
// printed.
func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	const password = "azuread:index/applicationPassword:ApplicationPassword"
	for value, problem := range map[string]bool{`"open"`: true, `null`: true, secret: false} {
		found := strings.Join(differences(t, password, `{"inputs":{},"outputs":{"value":`+value+`}}`), "\n")
		if got := strings.Contains(found, "outputs.value: expected a secret"); got != problem || strings.Contains(found, "open") {
			t.Errorf("%s: got\n%s\nwant the problem: %t", value, found, problem)
		}
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	const application = "azuread:index/application:Application"
	for name, want := range map[string]string{"orders-api-application": application + " of an API", "orders-client-application": application + " of a client"} {
		if got := stateshape.Kind(application, name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := stateshape.Kind(assignment, "orders-api-x"); got != assignment {
		t.Errorf("got %q, want the type alone", got)
	}
	if got := len(stateshape.Kinds()); got != 10 {
		t.Errorf("got %d kinds, want 10", got)
	}
}
