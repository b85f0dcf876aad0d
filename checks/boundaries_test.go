package checks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// This file keeps deploy time (settings → components → providers), run time
// (request → Functions host → handler) and the sandbox apart. The rules are:
//   - a package imports only what its boundary below allows; every package needs
//     a boundary
//   - what a package must not import indirectly either is in bans (bans_test.go)
//   - each check is a function over the output of `go list`, with a table that
//     shows that it can fail

// A boundary is what one package, or a tree of them ("path/..."), may import
// besides the standard library. Its own boundary applies, else the longest tree.
type boundary struct {
	of          string
	ours        []string // our packages or trees
	outside     []string // modules, or paths in them
	testOurs    []string // also, in tests
	testOutside []string // also, in tests
}

var (
	// The SDKs a Pulumi program is written with.
	pulumi = []string{
		"github.com/pulumi/pulumi/sdk/v3",
		"github.com/pulumi/pulumi-azuread/sdk/v5",
		"github.com/pulumi/pulumi-azure-native-sdk",
		"github.com/pulumi/pulumi-command/sdk",
		"github.com/pulumi/pulumi-tls/sdk/v5",
	}
	// Microsoft's own clients for tokens and for calls with them.
	azure = []string{
		"github.com/Azure/azure-sdk-for-go/sdk/azcore",
		"github.com/Azure/azure-sdk-for-go/sdk/azidentity",
		"github.com/AzureAD/microsoft-authentication-library-for-go",
	}
	// What a plugin or language host speaks with the engine.
	plugin = []string{"google.golang.org/grpc", "google.golang.org/protobuf", "gopkg.in/yaml.v3", "github.com/blang/semver"}
)

var boundaries = append([]boundary{
	{
		of: "app-to-app", ours: []string{"app-to-app/components/...", "app-to-app/settings", "app-to-app/settings/lookup"}, outside: pulumi,
		testOurs: []string{"app-to-app", "app-to-app/components/componentstest/...", "app-to-app/settings/settingstest"}, testOutside: plugin,
	},
	// The stories run the commands and a sandbox; the checks only read files.
	{
		of: "app-to-app/e2e", testOurs: []string{"app-to-app/components/credentials", "app-to-app/components/provenance", "app-to-app/settings/settingstest", "app-to-app/sandbox/...",
			"app-to-app/pulumilocal/deployer", "app-to-app/pulumilocal/engine", "app-to-app/pulumilocal/provider/azuread/stateshape"},
		testOutside: []string{"gopkg.in/yaml.v3"},
	},
	{of: "app-to-app/checks", testOutside: []string{"gopkg.in/yaml.v3"}},
	{of: "app-to-app/tools/testreport"},
	{of: "app-to-app/tools/pictures"},
	{of: "app-to-app/components", ours: []string{"app-to-app/components/credentials", "app-to-app/components/provenance"}, outside: pulumi, testOurs: []string{"app-to-app/components/..."}},
	{of: "app-to-app/components/provenance", testOurs: []string{"app-to-app/components/provenance"}},
	{of: "app-to-app/components/credentials", testOurs: []string{"app-to-app/components/credentials"}},
	{of: "app-to-app/components/requests", testOurs: []string{"app-to-app/components/requests"}},
	{of: "app-to-app/components/componentstest/hardening", ours: []string{"app-to-app/components/componentstest"}, outside: pulumi[:1]},
	{
		// The mocked engine and Azure for tests of the program and of the
		// components, so it imports neither.
		of: "app-to-app/components/componentstest", outside: pulumi[:1],
		testOurs: []string{"app-to-app/components/componentstest"},
	},

	// settings must not link Pulumi, because commands use it too. The look-ups
	// that need the providers are in settings/lookup.
	{
		of: "app-to-app/settings", ours: []string{"app-to-app/azurecloud/endpoints", "app-to-app/components/credentials", "app-to-app/components/requests", "app-to-app/spelling"},
		testOurs: []string{"app-to-app/settings", "app-to-app/settings/settingstest"}, testOutside: []string{pulumi[0], "gopkg.in/yaml.v3"}, // what `pulumi config` runs
	},
	// What the sandbox's page and the team's pictures draw with; they share nothing else.
	{of: "app-to-app/timeline", testOurs: []string{"app-to-app/timeline"}},
	{of: "app-to-app/spelling", testOurs: []string{"app-to-app/spelling"}},
	{of: "app-to-app/settings/lookup", ours: []string{"app-to-app/components/provenance", "app-to-app/components/requests", "app-to-app/settings"}, outside: pulumi, testOurs: []string{"app-to-app/settings/lookup"}},
	{of: "app-to-app/settings/settingstest", outside: []string{"gopkg.in/yaml.v3"}},

	// No JWT library in the sandbox, so that it and the verifier cannot share a
	// bug.
	{
		of: "app-to-app/sandbox/...", ours: []string{"app-to-app/sandbox/...", "app-to-app/timeline"},
		outside:     []string{"go.etcd.io/bbolt", "github.com/robfig/cron/v3", "github.com/google/uuid", "golang.org/x/sys"},
		testOurs:    []string{"app-to-app/pulumilocal/deployer"},
		testOutside: azure,
	},
	{of: "app-to-app/sandbox/store", outside: []string{"go.etcd.io/bbolt"}, testOurs: []string{"app-to-app/sandbox/store"}},
	// What a project outside would write: it knows the sandbox and Microsoft's library.
	{of: "app-to-app/examples/embedding", testOurs: []string{"app-to-app/sandbox/..."}, testOutside: azure},
	{of: "app-to-app/sandbox/schema", testOurs: []string{"app-to-app/sandbox/schema"}},

	// Runs Pulumi against any sandbox. The engine package starts processes and
	// does not link Pulumi, so that a command can print something before the SDK
	// is compiled.
	{
		of: "app-to-app/pulumilocal/engine", ours: []string{"app-to-app/pulumilocal/executable", "app-to-app/sandbox/layout"},
		outside: []string{"gopkg.in/yaml.v3"}, testOurs: []string{"app-to-app/pulumilocal/engine"},
	},
	{of: "app-to-app/pulumilocal/executable", testOurs: []string{"app-to-app/pulumilocal/executable"}},
	{of: "app-to-app/pulumilocal/deployer", ours: []string{"app-to-app/azurecloud", "app-to-app/sandbox"}},
	{of: "app-to-app/pulumilocal/languagehost", ours: []string{"app-to-app/pulumilocal/engine", "app-to-app/pulumilocal/executable"}, outside: slices.Concat(pulumi[:1], plugin)},
	{
		// The stand-ins sign in as our commands do.
		of: "app-to-app/pulumilocal/provider/...", ours: []string{"app-to-app/pulumilocal/provider/...", "app-to-app/azurecloud/..."},
		outside:  slices.Concat(pulumi, plugin, azure, []string{"github.com/google/uuid", "github.com/golang-jwt/jwt/v5"}),
		testOurs: []string{"app-to-app/sandbox/...", "app-to-app/pulumilocal/engine"},
	},
	{
		// OpenSSH's key formats are not in the standard library.
		of: "app-to-app/pulumilocal/provider/tls/...", ours: []string{"app-to-app/pulumilocal/provider/..."},
		outside: slices.Concat(pulumi, []string{"golang.org/x/crypto/ssh"}),
	},
	{of: "app-to-app/plugin", ours: []string{"app-to-app/azurecloud/endpoints", "app-to-app/components/..."}, outside: pulumi, testOutside: plugin},
	{of: "app-to-app/cmd/pulumi-resource-app-to-app", ours: []string{"app-to-app/plugin"}},
	{of: "app-to-app/cmd/pulumi-stand-in", ours: []string{"app-to-app/pulumilocal/..."}},

	{
		of: "app-to-app/cmd/sandbox", ours: []string{"app-to-app/sandbox/...", "app-to-app/pulumilocal/deployer", "app-to-app/pulumilocal/engine"},
		testOurs: []string{"app-to-app/azurecloud/...", "app-to-app/cmd/sandbox", "app-to-app/settings/settingstest"},
	},
	{of: "app-to-app/cmd/new", ours: []string{"app-to-app/settings"}},
	// Commands sign in with the same ARM_* variables as the providers.
	{of: "app-to-app/azurecloud/endpoints", testOurs: []string{"app-to-app/azurecloud/endpoints"}},
	{of: "app-to-app/azurecloud", ours: []string{"app-to-app/azurecloud/endpoints"}, outside: azure, testOurs: []string{"app-to-app/azurecloud"}},
	{of: "app-to-app/tenant/tenanttest", ours: []string{"app-to-app/azurecloud", "app-to-app/sandbox"}},
	{of: "app-to-app/tenant", ours: []string{"app-to-app/azurecloud", "app-to-app/components/credentials", "app-to-app/components/provenance", "app-to-app/components/requests", "app-to-app/spelling", "app-to-app/tenant/marked"}, testOurs: []string{"app-to-app/tenant", "app-to-app/tenant/fix", "app-to-app/tenant/revoke", "app-to-app/tenant/tenanttest", "app-to-app/sandbox/..."}},
	{of: "app-to-app/tenant/picture", ours: []string{"app-to-app/tenant", "app-to-app/timeline"}, testOurs: []string{"app-to-app/tenant/picture"}},
	{of: "app-to-app/tenant/drift", ours: []string{"app-to-app/tenant", "app-to-app/tenant/github"}, testOurs: []string{"app-to-app/tenant", "app-to-app/tenant/drift", "app-to-app/tenant/github"}},
	{of: "app-to-app/tenant/github"}, // its users test it
	{of: "app-to-app/tenant/fix", ours: []string{"app-to-app/azurecloud", "app-to-app/tenant"}},                             // its tests need the stack of tenant's tests, and are there
	{of: "app-to-app/tenant/revoke", ours: []string{"app-to-app/azurecloud", "app-to-app/tenant", "app-to-app/tenant/fix"}}, // likewise
	{of: "app-to-app/tenant/policy", ours: []string{"app-to-app/azurecloud"}, testOurs: []string{"app-to-app/tenant/policy", "app-to-app/tenant/tenanttest", "app-to-app/sandbox/..."}},
	{of: "app-to-app/tenant/evidence", ours: []string{"app-to-app/azurecloud", "app-to-app/tenant"}, testOurs: []string{"app-to-app/tenant/evidence", "app-to-app/tenant/tenanttest", "app-to-app/sandbox/..."}, testOutside: []string{"github.com/google/uuid"}},
	{of: "app-to-app/tenant/redact", ours: []string{"app-to-app/components/credentials"}, testOurs: []string{"app-to-app/tenant/redact"}},
	{of: "app-to-app/tenant/plan", testOurs: []string{"app-to-app/tenant/plan"}},
	{of: "app-to-app/tenant/program", testOurs: []string{"app-to-app/tenant/program"}},
	{
		of: "app-to-app/tenant/grant", ours: []string{"app-to-app/azurecloud", "app-to-app/components/provenance", "app-to-app/components/requests", "app-to-app/tenant/diff"},
		testOurs: []string{"app-to-app/tenant/grant", "app-to-app/tenant/tenanttest", "app-to-app/sandbox/..."},
	},
	{of: "app-to-app/tenant/diff", ours: []string{"app-to-app/tenant/github", "app-to-app/tenant/program"}, testOurs: []string{"app-to-app/tenant/diff", "app-to-app/tenant/github"}, testOutside: []string{"github.com/yuin/goldmark"}},
	{
		of: "app-to-app/tenant/marked", ours: []string{"app-to-app/azurecloud", "app-to-app/components/provenance"},
		testOurs: []string{"app-to-app/tenant/marked", "app-to-app/tenant/tenanttest", "app-to-app/sandbox/..."},
	},
	{
		of: "app-to-app/tenant/teardown", ours: []string{"app-to-app/azurecloud", "app-to-app/components/provenance", "app-to-app/tenant/marked", "app-to-app/tenant/program"},
		testOurs: []string{"app-to-app/tenant/teardown", "app-to-app/tenant/tenanttest", "app-to-app/components/provenance", "app-to-app/sandbox/..."},
	},
	{
		of: "app-to-app/tenant/recover", ours: []string{"app-to-app/azurecloud", "app-to-app/components/provenance", "app-to-app/tenant/marked"},
		testOurs: []string{"app-to-app/tenant/recover", "app-to-app/tenant/tenanttest", "app-to-app/tenant/program", "app-to-app/sandbox/..."},
	},
	{
		of: "app-to-app/cmd/tenant", ours: []string{"app-to-app/azurecloud", "app-to-app/components/requests", "app-to-app/settings", "app-to-app/spelling", "app-to-app/tenant/..."},
		testOurs: []string{"app-to-app/cmd/tenant", "app-to-app/settings/settingstest", "app-to-app/sandbox/..."}, testOutside: azure, // tokens of an Azure CLI
	},
	{
		of: "app-to-app/cmd/publish/...", ours: []string{"app-to-app/cmd/publish/...", "app-to-app/azurecloud"}, outside: azure,
		testOurs: []string{"app-to-app/sandbox/..."},
	},
}, functionBoundaries...)

// boundaryOf returns the boundary of a package: its own, else the longest one of a
// tree that it is in.
func boundaryOf(path string, all []boundary) (found boundary, ok bool) {
	for _, b := range all {
		if b.of == path {
			return b, true
		}
		if inTree(path, b.of) && (!ok || len(b.of) > len(found.of)) {
			found, ok = b, true
		}
	}
	return found, ok
}

// breaches lists the imports of a package that its boundary does not allow.
func breaches(p listed, all []boundary) []string {
	b, ok := boundaryOf(p.ImportPath, all)
	if !ok {
		return []string{p.ImportPath + " has no boundary; add one to boundaries_test.go"}
	}
	var found []string
	check := func(imports, ours, outside []string, where string) {
		for _, path := range imports {
			if !mayImport(path, ours, outside) {
				found = append(found, fmt.Sprintf("%s%s imports %s", p.ImportPath, where, path))
			}
		}
	}
	check(p.Imports, b.ours, b.outside, "")
	check(append(slices.Clone(p.TestImports), p.XTestImports...),
		slices.Concat(b.ours, b.testOurs), slices.Concat(b.outside, b.testOutside), " (tests)")
	return found
}

func mayImport(path string, ours, outside []string) bool {
	first, _, _ := strings.Cut(path, "/")
	if first == "app-to-app" {
		return slices.ContainsFunc(ours, func(o string) bool { return inTree(path, o) })
	}
	if !inModule(path) {
		return true // the standard library
	}
	return slices.ContainsFunc(outside, func(o string) bool { return inTree(path, o+"/...") })
}

func TestBoundaries(t *testing.T) {
	t.Parallel()
	packages := listPackages(t)
	for _, p := range packages {
		for _, problem := range slices.Concat(breaches(p, boundaries), broken(p, bans)) {
			t.Error(problem)
		}
	}
	for _, want := range []string{"app-to-app", "app-to-app/components", "app-to-app/sandbox"} {
		if !slices.ContainsFunc(packages, func(p listed) bool { return p.ImportPath == want }) {
			t.Errorf("go list does not know %s", want)
		}
	}
}

func TestBreaches(t *testing.T) {
	t.Parallel()
	all := []boundary{
		{of: "app-to-app/a/...", ours: []string{"app-to-app/a/..."}, outside: []string{"example.com/m"}},
		{of: "app-to-app/a/leaf", testOurs: []string{"app-to-app/a/leaf"}, testOutside: []string{"example.com/oracle"}},
		{of: "app-to-app/own", ours: []string{"app-to-app/b"}},
		{of: "app-to-app/own/..."},
	}
	for _, test := range []struct {
		name string
		p    listed
		want []string
	}{
		{"nothing but std", listed{ImportPath: "app-to-app/a", Imports: []string{"fmt", "net/http", "C", "unsafe"}}, nil},
		{"own tree and a package of a module", listed{ImportPath: "app-to-app/a/x", Imports: []string{"app-to-app/a/y", "example.com/m/sub"}}, nil},
		{"another tree of ours", listed{ImportPath: "app-to-app/a", Imports: []string{"app-to-app/b"}}, []string{"app-to-app/a imports app-to-app/b"}},
		{"a tree whose name starts the same", listed{ImportPath: "app-to-app/a", Imports: []string{"app-to-app/ab"}}, []string{"app-to-app/a imports app-to-app/ab"}},
		{"a module that is not named", listed{ImportPath: "app-to-app/a", Imports: []string{"example.com/mm"}}, []string{"app-to-app/a imports example.com/mm"}},
		{"the longer boundary applies", listed{ImportPath: "app-to-app/a/leaf", Imports: []string{"app-to-app/a"}}, []string{"app-to-app/a/leaf imports app-to-app/a"}},
		{"tests may import more", listed{ImportPath: "app-to-app/a/leaf", XTestImports: []string{"app-to-app/a/leaf", "example.com/oracle"}}, nil},
		{"what only tests may import, in the code", listed{ImportPath: "app-to-app/a/leaf", Imports: []string{"example.com/oracle"}}, []string{"app-to-app/a/leaf imports example.com/oracle"}},
		{"a test's import that is not allowed", listed{ImportPath: "app-to-app/a/leaf", TestImports: []string{"app-to-app/b"}}, []string{"app-to-app/a/leaf (tests) imports app-to-app/b"}},
		{"its own boundary before that of its tree", listed{ImportPath: "app-to-app/own", Imports: []string{"app-to-app/b"}}, nil},
		{"no boundary", listed{ImportPath: "app-to-app/b"}, []string{"app-to-app/b has no boundary; add one to boundaries_test.go"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := breaches(test.p, all); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestBoundariesRefuse checks the real table of boundaries: one forbidden import
// per rule.
func TestBoundariesRefuse(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		"app-to-app":                                  "app-to-app/sandbox",
		"app-to-app/components":                       "app-to-app/functions/internal/orders",
		"app-to-app/components/componentstest":        "app-to-app/components",
		"app-to-app/functions/orders-api":             "github.com/Azure/azure-sdk-for-go/sdk/azidentity",
		"app-to-app/functions/orders-client":          "app-to-app/functions/internal/verify",
		"app-to-app/functions/internal/customhandler": "app-to-app/functions/internal/verify",
		"app-to-app/functions/internal/orders":        "app-to-app/functions/internal/acquire",
		"app-to-app/functions/internal/verify":        "github.com/golang-jwt/jwt/v5",
		"app-to-app/functions/internal/acquire":       "app-to-app/functions/internal/verify",
		"app-to-app/sandbox/entra":                    "github.com/golang-jwt/jwt/v5",
		"app-to-app/sandbox/arm":                      "github.com/pulumi/pulumi/sdk/v3/go/pulumi",
		"app-to-app/sandbox/store":                    "app-to-app/sandbox/route",
		"app-to-app/sandbox/schema":                   "github.com/google/uuid",
		"app-to-app/components/credentials":           "github.com/pulumi/pulumi/sdk/v3/go/pulumi",
		"app-to-app/settings":                         "github.com/pulumi/pulumi/sdk/v3/go/pulumi",
		"app-to-app/settings/lookup":                  "app-to-app/components",
		"app-to-app/azurecloud/endpoints":             "github.com/Azure/azure-sdk-for-go/sdk/azcore",
		"app-to-app/pulumilocal/engine":               "app-to-app/sandbox/store",
		"app-to-app/cmd/sandbox":                      "github.com/pulumi/pulumi/sdk/v3/go/pulumi",
		"app-to-app/cmd/publish":                      "app-to-app/sandbox",
		"app-to-app/tenant":                           "app-to-app/components",
	} {
		t.Run(from+" imports "+to, func(t *testing.T) {
			t.Parallel()
			got := breaches(listed{ImportPath: from, Imports: []string{to}}, boundaries)
			if want := []string{from + " imports " + to}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
