package checks_test

import (
	"fmt"
	"slices"
	"testing"
)

// This file has what packages must not import, not even through others. Each ban has
// a violation below that it catches.

// A ban forbids the packages in of to import those in not, directly or
// indirectly. What is in except or also is allowed; not may be anyModule.
type ban struct{ of, not, except, also string }

// anyModule is every package outside the standard library and this module.
const anyModule = "any module"

var bans = []ban{
	{of: "app-to-app/components/...", not: "app-to-app/...", except: "app-to-app/components/..."},
	{of: "app-to-app/components/credentials", not: anyModule},
	{of: "app-to-app/components/provenance", not: anyModule}, // commands use it too
	{of: "app-to-app/components/requests", not: anyModule},   // likewise
	{of: "app-to-app/settings", not: anyModule},              // commands use it too
	{of: "app-to-app/spelling", not: anyModule},
	{of: "app-to-app/azurecloud/endpoints", not: anyModule},
	{of: "app-to-app/azurecloud/endpoints", not: "app-to-app/..."},
	{of: "app-to-app/functions/...", not: "github.com/pulumi/..."},
	{of: "app-to-app/functions/...", not: "app-to-app/components/..."},
	{of: "app-to-app/functions/...", not: "app-to-app/sandbox/..."},
	{of: "app-to-app/functions/orders-api", not: anyModule},
	{of: "app-to-app/functions/internal/verify/...", not: anyModule},
	{of: "app-to-app/functions/internal/acquire", not: "app-to-app/functions/internal/verify/..."},
	{of: "app-to-app/functions/orders-client", not: "app-to-app/functions/internal/verify/..."},
	{of: "app-to-app/sandbox/...", not: "app-to-app/...", except: "app-to-app/sandbox/...", also: "app-to-app/timeline"},
	{of: "app-to-app/timeline", not: anyModule}, // the sandbox and tenant share it, and nothing else
	{of: "app-to-app/timeline", not: "app-to-app/..."},
	{of: "app-to-app/sandbox/...", not: "github.com/pulumi/..."},
	{of: "app-to-app/cmd/sandbox", not: "github.com/pulumi/..."}, // it starts before the SDK is compiled
	{of: "app-to-app/pulumilocal/engine", not: "github.com/pulumi/..."},
	{of: "app-to-app/cmd/publish/...", not: "github.com/pulumi/..."},
	{of: "app-to-app/azurecloud", not: "github.com/pulumi/..."},
	{of: "app-to-app/cmd/tenant", not: "github.com/pulumi/..."}, // it runs the CLI
}

// broken lists the dependencies of a package that a ban forbids.
func broken(p listed, all []ban) []string {
	var found []string
	for _, b := range all {
		if !inTree(p.ImportPath, b.of) {
			continue
		}
		for _, dependency := range p.Deps {
			if (inTree(dependency, b.not) || b.not == anyModule && inModule(dependency)) && (b.except == "" || !inTree(dependency, b.except)) && (b.also == "" || !inTree(dependency, b.also)) {
				found = append(found, fmt.Sprintf("%s depends on %s", p.ImportPath, dependency))
			}
		}
	}
	return found
}

// TestBansRefuse checks the real table of bans: each needs a violation here that
// it catches.
func TestBansRefuse(t *testing.T) {
	t.Parallel()
	caught := make(map[ban]bool)
	for _, banned := range []struct{ of, dependency string }{
		{"app-to-app/components", "app-to-app/sandbox/store"},
		{"app-to-app/components/credentials", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"app-to-app/components/provenance", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"app-to-app/components/requests", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"app-to-app/settings", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"app-to-app/spelling", "github.com/google/uuid"},
		{"app-to-app/azurecloud/endpoints", "github.com/Azure/azure-sdk-for-go/sdk/azcore"},
		{"app-to-app/azurecloud/endpoints", "app-to-app/tenant"},
		{"app-to-app/timeline", "github.com/google/uuid"},
		{"app-to-app/timeline", "app-to-app/sandbox/store"},
		{"app-to-app/functions/orders-client", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"app-to-app/functions/orders-client", "app-to-app/sandbox/route"},
		{"app-to-app/functions/orders-api", "app-to-app/components"},
		{"app-to-app/functions/orders-api", "github.com/Azure/azure-sdk-for-go/sdk/internal/log"},
		{"app-to-app/functions/internal/verify", "golang.org/x/crypto/cryptobyte"},
		{"app-to-app/functions/internal/acquire", "app-to-app/functions/internal/verify"},
		{"app-to-app/functions/orders-client", "app-to-app/functions/internal/verify/verifytest"},
		{"app-to-app/functions/internal/verify/verifytest", "github.com/golang-jwt/jwt/v5"},
		{"app-to-app/sandbox", "github.com/pulumi/pulumi/sdk/v3/proto/go"},
		{"app-to-app/sandbox", "app-to-app/components"},
		{"app-to-app/sandbox/sandboxtest", "app-to-app/pulumilocal/engine"},
		{"app-to-app/sandbox/appservice", "app-to-app/functions/internal/orders"},
		{"app-to-app/cmd/sandbox", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"app-to-app/pulumilocal/engine", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"app-to-app/cmd/publish", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"app-to-app/azurecloud", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"app-to-app/cmd/tenant", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
	} {
		t.Run(banned.of+" depends on "+banned.dependency, func(t *testing.T) {
			p := listed{ImportPath: banned.of, Deps: []string{"fmt", banned.dependency}}
			got := broken(p, bans)
			if want := []string{banned.of + " depends on " + banned.dependency}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			for _, b := range bans {
				caught[b] = caught[b] || len(broken(p, []ban{b})) == 1
			}
		})
	}
	for _, b := range bans {
		if !caught[b] {
			t.Errorf("no violation above is caught by the ban on %s in %s", b.not, b.of)
		}
	}
}

func TestBansAllow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, of string
		deps     []string
	}{
		{"components and their own tree", "app-to-app/components", []string{"app-to-app/components/credentials"}},
		{"the program and components", "app-to-app", []string{"app-to-app/components"}},
		{
			"the API and the standard library", "app-to-app/functions/orders-api",
			[]string{"net/http", "vendor/golang.org/x/net/http/httpguts", "app-to-app/functions/internal/verify"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := broken(listed{ImportPath: test.of, Deps: test.deps}, bans); got != nil {
				t.Errorf("got %q, want nothing", got)
			}
		})
	}
}
