package componentstest_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/componentstest"
)

// A part is a resource for tests: any inputs, any secret output.
type part struct {
	pulumi.CustomResourceState
	Value pulumi.StringOutput `pulumi:"value"`
}

// program registers resources with every kind of value and option that the
// text has a form for.
func program(ctx *pulumi.Context) error {
	var group struct{ pulumi.ResourceState }
	if err := ctx.RegisterComponentResource("test:index:Group", "group", &group); err != nil {
		return err
	}
	var first, second part
	if err := ctx.RegisterResource("test:index:Part", "first", pulumi.Map{"value": pulumi.ToSecret("s")}, &first); err != nil {
		return err
	}
	return ctx.RegisterResource("test:index/v2:Part", "second", pulumi.Map{
		"of":     first.Value,
		"pem":    pulumi.ToSecret("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"),
		"nested": pulumi.Map{"a.b": pulumi.Array{pulumi.Int(1), pulumi.Bool(true)}, "empty": pulumi.Map{}},
	}, &second, pulumi.Parent(&group), pulumi.DependsOn([]pulumi.Resource{&first}), pulumi.Protect(true), pulumi.DeleteBeforeReplace(true),
		pulumi.IgnoreChanges([]string{"of"}), pulumi.ReplaceOnChanges([]string{"nested"}), pulumi.AdditionalSecretOutputs([]string{"key"}),
		pulumi.DeletedWith(&first), pulumi.Version("1.2.3"), pulumi.RetainOnDelete(true), pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "5m"}),
		pulumi.Aliases([]pulumi.Alias{{Type: pulumi.String("test:index:Part")}, {Type: pulumi.String("test:index/v1:Part")},
			{Name: pulumi.String("older")}, {Type: pulumi.String("test:index:Piece")}}))
}

const programText = `test:index/v2:Part second
  additionalSecretOutputs[0] "key"
  aliases test:{index,index/v1}:Part {"Spec":{"name":"older","Parent":{"NoParent":false}}} test:index:Piece
  customTimeouts.create "5m"
  deleteBeforeReplace true
  deleteBeforeReplaceDefined true
  deletedWith test:index:Part::first
  ignoreChanges[0] "of"
  parent test:index:Group::group
  protect true
  replaceOnChanges[0] "nested"
  retainOnDelete true
  version "1.2.3"
  dependsOn test:index:Part::first (of)
  inputs.nested["a.b"][0] 1
  inputs.nested["a.b"][1] true
  inputs.nested.empty {}
  inputs.of secret "s"
  inputs.pem secret "<PRIVATE KEY>\n"

test:index:Group group

test:index:Part first
  inputs.value secret "s"
`

func TestText(t *testing.T) {
	t.Parallel()
	m := componentstest.Recorder{}
	if err := m.Run(nil, program); err != nil {
		t.Fatal(err)
	}
	if got := m.Text(); got != programText {
		t.Errorf("got\n%s\nwant\n%s", got, programText)
	}
}

func TestTextOfUnknownValues(t *testing.T) {
	t.Parallel()
	r := componentstest.Resource{TypeToken: "test:index:Part", Name: "part", Inputs: resource.PropertyMap{
		"computed": resource.MakeComputed(resource.NewProperty("")),
		"secret":   resource.MakeSecret(resource.MakeComputed(resource.NewProperty(""))),
		"output":   resource.NewProperty(resource.Output{Element: resource.NewProperty("x"), Known: true, Secret: true}),
	}}
	want := "test:index:Part part\n  inputs.computed unknown\n  inputs.output secret \"x\"\n  inputs.secret secret unknown\n"
	if got := r.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestUnknownCalls: nobody is signed in to the zero Recorder, and calls that a
// Recorder does not know are refused.
func TestUnknownCalls(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		m    *componentstest.Recorder
		args pulumi.MockCallArgs
		want string // in the refusal; none if empty
	}{
		{"nobody signed in", &componentstest.Recorder{}, pulumi.MockCallArgs{Token: "azuread:index/getClientConfig:getClientConfig"}, "nobody is signed in"},
		{"who is signed in", &componentstest.Recorder{Caller: componentstest.CallerID}, pulumi.MockCallArgs{Token: "azuread:index/getClientConfig:getClientConfig"}, ""},
		{"another function", &componentstest.Recorder{Caller: componentstest.CallerID}, pulumi.MockCallArgs{Token: "azuread:index/getUsers:getUsers"}, "expected no call of azuread:index/getUsers:getUsers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.m.Call(tt.args)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			if got := tt.m.Calls(); len(got) != 1 || got[0].Token != tt.args.Token {
				t.Errorf("got calls %v, want the one", got)
			}
		})
	}
	if _, _, err := new(componentstest.Recorder).NewResource(pulumi.MockResourceArgs{TypeToken: "test:index:Part", Name: "part"}); err == nil {
		t.Error("read of a resource: expected a refusal, got none")
	}
}
