package diff_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"app-to-app/tenant/diff"
)

// publisher is the inputs of the command that publishes the API's code, with
// edits.
func publisher(sha256 string, edits object) object {
	inputs := object{"create": "go run ./cmd/publish", "triggers": []string{sha256}, "environment": object{
		"PUBLISH_APP": "orders-api", "PUBLISH_SCM_HOST": "orders-api.scm.azurewebsites.net", "PUBLISH_PACKAGE": "p.zip", "PUBLISH_SHA256": sha256,
	}}
	maps.Copy(inputs, edits)
	return inputs
}

// publish is a step of that command.
func publish(op string, old, new object, differs ...string) object {
	return step(op, inAPIApp, "command:local:Command", "orders-api-publish", old, new, differs...)
}

// TestNewCodeBesideAList: the list cannot name what new code does.
func TestNewCodeBesideAList(t *testing.T) {
	t.Parallel()
	const want = "**Access changes**, as listed; the new code of `orders-api` may change more.\n"
	owners := step("update", inAPI, "azuread:index/application:Application", "orders-api-application", object{"owners": []string{"a"}}, object{"owners": []string{"b"}}, "owners[0]")
	comment := previewWith(t, owners, publish("update", publisher("a", nil), publisher("b", nil), "triggers[0]")).Markdown("dev", diff.Names{})
	if !strings.Contains(comment, "**gets the owner**") || !strings.Contains(comment, want) {
		t.Errorf("want a list and %q, got:\n%s", want, comment)
	}
}

// TestNewCodeOfMany: GitHub takes 65,536 characters, however many function apps
// get other code and whatever they are called.
func TestNewCodeOfMany(t *testing.T) {
	t.Parallel()
	var steps []object
	const apps = 200
	for i := range apps {
		name := fmt.Sprintf("%d%s", i, strings.Repeat("\U0010ffff", 199))
		app := "::app-to-app:components:API$app-to-app:components:FunctionApp::" + name
		steps = append(steps, step("same", inAPI, "app-to-app:components:FunctionApp", name, object{}, object{}),
			step("update", app, "command:local:Command", name, publisher("a", nil), publisher("b", nil), "triggers[0]"))
	}
	comment := handedOver(t, previewWith(t, steps...)).Comment()
	if len(comment) > 65536 {
		t.Errorf("got %d bytes, want a comment that GitHub takes", len(comment))
	}
	got := firstLine(t, comment)
	if want := fmt.Sprintf(" and %d more function apps.", apps-1); !strings.HasPrefix(got, "Nobody's access changes, unless by the new code of `") || !strings.HasSuffix(got, want) {
		t.Errorf("want the rest counted as %q, got %q", want, got)
	}
}

// TestNewCode: a command that does anything but publish the API's code may
// change access.
func TestNewCode(t *testing.T) {
	t.Parallel()
	before := publisher("a", nil)
	elsewhere := publisher("b", nil)
	elsewhere["environment"].(object)["PUBLISH_SCM_HOST"] = "elsewhere.test"
	hidden := publisher("b", nil)
	hidden["environment"].(object)["PUBLISH_SCM_HOST"] = "[secret]"
	path := publisher("b", nil)
	path["environment"].(object)["PATH"] = "theirs"
	assign := object{"create": "az role assignment create"}
	for _, test := range []struct {
		name string
		step object
		want string
	}{
		{"code", publish("update", before, publisher("b", nil), "triggers[0]", "environment.PUBLISH_SHA256", "environment.PUBLISH_PACKAGE"), newCode},
		{"code, by properties that are not told apart", publish("update", before, publisher("b", nil), "triggers", "environment"), newCode},
		{"code, by a replacement", publish("create-replacement", before, publisher("b", nil), "triggers[0]"), newCode},
		{"the old code of a replacement", publish("delete-replaced", before, nil), allClear},
		{"a publisher deleted", publish("delete", before, nil), allClear},
		{"a publisher deleted that runs a command then", publish("delete", publisher("a", object{"delete": "az"}), nil), mayChange},
		{"another command line", publish("update", before, publisher("a", assign), "create"), mayChange},
		{"another command line that the diff does not name", publish("update", before, publisher("b", assign), "triggers[0]"), mayChange},
		{"another command line by a replacement", publish("replace", before, publisher("b", assign), "triggers[0]"), mayChange},
		{"a command line for updates", publish("update", before, publisher("b", object{"update": "az"}), "triggers[0]", "update"), mayChange},
		{"another folder", publish("update", before, publisher("b", object{"dir": "theirs"}), "triggers[0]"), mayChange},
		{"another interpreter", publish("update", before, publisher("b", object{"interpreter": []string{"x"}}), "triggers[0]"), mayChange},
		{"another variable", publish("update", before, path, "triggers[0]", "environment"), mayChange},
		{"another variable by its path", publish("update", before, publisher("b", nil), "environment.PATH"), mayChange},
		{"another host, which gets a token of the deployer's", publish("update", before, elsewhere, "triggers[0]", "environment"), mayChange},
		{"a host that is not shown", publish("update", hidden, hidden, "environment"), mayChange},
		{"an update that names nothing, and differs in code", publish("update", before, publisher("b", nil)), newCode},
		{"an update that names nothing and differs in nothing", publish("update", before, before), mayChange},
		{"a new command", publish("create", nil, publisher("a", assign)), mayChange},
		{"a new publisher, for whichever host", publish("create", nil, publisher("a", nil)), mayChange},
		{"a publisher of no function app", step("update", inStack, "command:local:Command", "x", before, publisher("b", nil), "triggers[0]"), mayChange},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			comment := previewWith(t, test.step).Markdown("dev", diff.Names{})
			wantVerdict(t, comment, test.want)
		})
	}
}
