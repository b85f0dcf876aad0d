package program_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"app-to-app/tenant/program"
)

const urnStart = "urn:pulumi:pr-7::app-to-app::"

// publisher is a publish command as the engine keeps it.
const publisher = `{
	"urn": "` + urnStart + `app-to-app:components:API$app-to-app:components:FunctionApp$command:local:Command::orders-api-publish",
	"type": "command:local:Command", "provider": "` + urnStart + `pulumi:providers:command::default_1_1_0::id",
	"inputs": {"addPreviousOutputInEnv": true, "create": "go run ./cmd/publish", "environment": {"PUBLISH_APP": "a"}, "triggers": ["x"]},
	"outputs": {"addPreviousOutputInEnv": true, "create": "go run ./cmd/publish", "stdout": "done", "stderr": "", "environment": {"PUBLISH_APP": "a"}, "triggers": ["x"]}
}`

// azuread is the program's provider of that name.
const azuread = `{
	"urn": "` + urnStart + `pulumi:providers:azuread::default_5_53_5", "type": "pulumi:providers:azuread",
	"inputs": {"__internal": {}, "version": "5.53.5"}, "outputs": {"version": "5.53.5"}
}`

func TestForeign(t *testing.T) {
	t.Parallel()
	const group = `{"urn": "` + urnStart + `azure-native:resources:ResourceGroup::g", "type": "azure-native:resources:ResourceGroup", "provider": "` + urnStart + `pulumi:providers:azure-native::default::id"}`
	for _, test := range []struct {
		name     string
		resource string
		old, new string // what is replaced in it
		want     string // part of the reason, "" for none
	}{
		{"the publish command", publisher, "", "", ""},
		{"before its outputs exist", publisher, `"outputs"`, `"later"`, ""},
		{"a provider", azuread, "", "", ""},
		{"a resource group", group, "", "", ""},
		{"a command that deletes", publisher, `"inputs": {`, `"inputs": {"delete": "touch FILE", `, "another command"},
		{"a command that deletes, by its outputs", publisher, `"outputs": {`, `"outputs": {"delete": "touch FILE", `, "another command"},
		{"a command that updates", publisher, `"inputs": {`, `"inputs": {"update": "touch FILE", `, "another command"},
		{"another interpreter", publisher, `"inputs": {`, `"inputs": {"interpreter": ["sh"], `, "another command"},
		{"another folder", publisher, `"inputs": {`, `"inputs": {"dir": "/tmp", `, "another command"},
		{"another command line", publisher, `go run ./cmd/publish`, `go run ./cmd/publish; true`, "another command"},
		{"a command outside a function app", publisher, `$app-to-app:components:FunctionApp$`, `$`, "another command"},
		{"a command of another type", publisher, `command:local:Command`, `command:remote:Command`, `no resource of type "command:remote:Command"`},
		{"a type that is not its URN's", publisher, `"type": "command:local:Command"`, `"type": "tls:index/privateKey:PrivateKey"`, "its URN is of another type"},
		{"no URN", group, urnStart + `azure-native:resources:ResourceGroup::g`, "", "its URN is of another type"},
		{"the program's error hook", group, `"provider"`, `"resourceHooks": {"OnError": ["app-to-app:components:FunctionApp:orders-api:retry"]}, "provider"`, ""},
		{"a hook", publisher, `"inputs": {`, `"resourceHooks": {"BeforeDelete": ["h"]}, "inputs": {`, "hooks"},
		{"the error hook's name before deletes", group, `"provider"`, `"resourceHooks": {"BeforeDelete": ["app-to-app:components:API:orders-api:retry"]}, "provider"`, "hooks"},
		{"an error hook of another name", group, `"provider"`, `"resourceHooks": {"OnError": ["app-to-app:components:API:orders-api:retry", "mine"]}, "provider"`, "hooks"},
		{"an error hook of another component", group, `"provider"`, `"resourceHooks": {"OnError": ["app-to-app:components:Evil:x:retry"]}, "provider"`, "hooks"},
		{"an error hook without a name", group, `"provider"`, `"resourceHooks": {"OnError": [7]}, "provider"`, "hooks"},
		{"a view", group, `"provider"`, `"viewOf": "x", "provider"`, "another resource decides"},
		{"a dynamic resource", group, `azure-native:resources:ResourceGroup`, `pulumi-nodejs:dynamic:Resource`, "no resource of type"},
		{"a reference to another stack", group, `azure-native:resources:ResourceGroup`, `pulumi:pulumi:StackReference`, `expected the provider "pulumi", got "azure-native"`},
		{"another provider's resource", group, `pulumi:providers:azure-native`, `pulumi:providers:command`, `expected the provider "azure-native", got "command"`},
		{"a provider that cannot be read", group, urnStart + `pulumi:providers:azure-native::default::id`, "x", `expected the provider "azure-native", got "x"`},
		{"an unknown provider", azuread, `providers:azuread`, `providers:evil`, `no provider "evil"`},
		{"a provider from elsewhere", azuread, `"__internal": {}`, `"__internal": {"pluginDownloadURL": "https://x"}`, "where its plugin comes from"},
		{"a provider from elsewhere, as it was once kept", azuread, `"inputs": {`, `"inputs": {"pluginDownloadURL": "https://x", `, `"pluginDownloadURL" of a provider`},
		{"a provider that signs in elsewhere", azuread, `"inputs": {`, `"inputs": {"metadataHost": "x", `, `"metadataHost" of a provider`},
		{"another version", azuread, `{"__internal": {}, "version": "5.53.5"}`, `{"version": "4.0.0"}`, `expected one of the versions 5.53.5 of its plugin, which the default branch has used, got "4.0.0"`},
		{"another version in its outputs", azuread, `"outputs": {"version": "5.53.5"}`, `"outputs": {"version": "4.0.0"}`, `got "4.0.0"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := strings.ReplaceAll(test.resource, test.old, test.new)
			if test.old == "" {
				text = test.resource
			} else if text == test.resource {
				t.Fatal("expected a change of the resource, got none")
			}
			var r program.Resource
			if err := json.Unmarshal([]byte(text), &r); err != nil {
				t.Fatal(err)
			}
			if got := r.Foreign(); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestKnowsTheProgram compares the lists with what the program registers, as the
// golden graphs at the root record it.
func TestKnowsTheProgram(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/graph-*.golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("expected golden graphs, got %v, %v", files, err)
	}
	heading := regexp.MustCompile(`(?m)^([a-z][\w-]*:[\w/]+:\w+) \S+\n((?:  .*\n)*)`)
	version := regexp.MustCompile(`(?m)^  version "(.*)"`)
	var registered []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range heading.FindAllStringSubmatch(string(text), -1) {
			registered = append(registered, found[1])
			if v := version.FindStringSubmatch(found[2]); v != nil {
				plugin, _, _ := strings.Cut(found[1], ":")
				if got := program.PluginVersion(plugin); got != v[1] {
					t.Errorf("%s: got version %q of plugin %s, want %q", file, got, plugin, v[1])
				}
			}
		}
	}
	slices.Sort(registered)
	registered = slices.Compact(registered)
	known := slices.DeleteFunc(program.Types(), func(kind string) bool { return kind == "pulumi:pulumi:Stack" })
	slices.Sort(known)
	if !slices.Equal(known, registered) {
		t.Errorf("got the types\n%s\nwant\n%s", strings.Join(known, "\n"), strings.Join(registered, "\n"))
	}
}

// TestKnowsTheHooks accepts each hook of the golden graphs.
func TestKnowsTheHooks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/graph-dev.golden")
	if err != nil {
		t.Fatal(err)
	}
	hooks := regexp.MustCompile(`(?m)^  hooks\.(\w+)\[\d+\] "(.*)"`).FindAllStringSubmatch(string(text), -1)
	if len(hooks) == 0 {
		t.Fatal("expected hooks in the golden graph, got none")
	}
	for _, hook := range hooks {
		event := map[string]string{"on_error": "OnError"}[hook[1]] // as the state has it
		r := program.Resource{URN: urnStart + "azure-native:keyvault:Vault::v", Type: "azure-native:keyvault:Vault", Hooks: map[string][]any{event: {hook[2]}}}
		if got := r.Foreign(); got != "" {
			t.Errorf("%s %q: got %q, want one of the program's", hook[1], hook[2], got)
		}
	}
}
