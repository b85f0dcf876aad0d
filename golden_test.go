package main

import (
	"flag"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"app-to-app/components/componentstest"
	"app-to-app/components/credentials"
	"app-to-app/settings/settingstest"
)

// This file compares what the program registers with golden files. The rules
// are:
//   - testdata/graph-STACK.golden is a committed stack: every call, and every
//     resource with its inputs and options
//   - testdata/graph-KIND.golden is a client with that kind of identity: its own
//     resources, and those of its function app that differ from a client's with a
//     managed identity
//   - the hash of a package is masked by the package's name, because every change of a handler's code
//     and every Go release changes it; TestPublishesAgain checks it
//   - after a look at the difference, accept it with
//     go test -run TestGraph -update .

var update = flag.Bool("update", false, "rewrite testdata/graph-*.golden")

func TestGraph(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	for _, stack := range []string{"dev", "test", "prod"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			m := signedIn()
			m.Stack = stack
			deployed(t, m, configuration(t, stack, nil), folder)
			componentstest.CompareGolden(t, filepath.Join("testdata", "graph-"+stack+".golden"), masks(m.Text()).Replace(m.Text()), *update)
		})
	}
}

// TestGraphOfIdentities has a client of each kind of identity.
func TestGraphOfIdentities(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	usual := make(map[string]string)
	for _, r := range deployed(t, signedIn(), configuration(t, "dev", identityStacks(t)["managedIdentity"]), folder).Resources() {
		usual[r.String()] = r.Text()
	}
	label := strings.NewReplacer(broughtLabel(t), "THUMBPRINT")
	for name, edits := range identityStacks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := deployed(t, signedIn(), configuration(t, "dev", edits), folder)
			var texts []string
			for _, r := range m.Resources() {
				own := r.Parent() == "app-to-app:components:Client::orders-client"
				ofApp := r.Parent() == "app-to-app:components:FunctionApp::orders-client"
				if own || ofApp && r.Text() != usual[r.String()] {
					texts = append(texts, r.Text())
				}
			}
			text := label.Replace(masks(m.Text()).Replace(strings.Join(texts, "\n")))
			componentstest.CompareGolden(t, filepath.Join("testdata", "graph-"+name+".golden"), text, *update)
		})
	}
}

var packagePath = regexp.MustCompile(`\.packages/([a-z-]+)-([0-9a-f]{16})\.zip`)

// masks replaces the hashes of packages by the names of the packages. text is all
// that was registered. The names come from the paths and not from the apps, so
// that an app with the hash of another one's package is noticed.
func masks(text string) *strings.Replacer {
	var hashes []string
	for _, path := range packagePath.FindAllStringSubmatch(text, -1) {
		name, start := path[1], path[2]
		if hash := regexp.MustCompile(start + `[0-9a-f]{48}`).FindString(text); hash != "" {
			hashes = append(hashes, hash, "SHA256-OF-"+name)
		}
		hashes = append(hashes, start, "SHA256-OF-"+name+"-16")
	}
	return strings.NewReplacer(hashes...)
}

func TestMasks(t *testing.T) {
	t.Parallel()
	one, other := strings.Repeat("1a", 32), strings.Repeat("2b", 32)
	text := func(first, second string) string {
		return "path .packages/orders-api-" + one[:16] + ".zip hash " + first +
			"\npath .packages/orders-client-" + other[:16] + ".zip hash " + second
	}
	for _, tt := range []struct{ name, text, want string }{
		{"each its own hash", text(one, other), "path .packages/orders-api-SHA256-OF-orders-api-16.zip hash SHA256-OF-orders-api" +
			"\npath .packages/orders-client-SHA256-OF-orders-client-16.zip hash SHA256-OF-orders-client"},
		{"hashes exchanged", text(other, one), "path .packages/orders-api-SHA256-OF-orders-api-16.zip hash SHA256-OF-orders-client" +
			"\npath .packages/orders-client-SHA256-OF-orders-client-16.zip hash SHA256-OF-orders-api"},
	} {
		if got := masks(tt.text).Replace(tt.text); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// broughtLabel is the label in the names of resources for the tests' certificate.
func broughtLabel(t *testing.T) string {
	t.Helper()
	pair, err := credentials.ParseKeyPair(settingstest.Pairs()[0].PEM())
	if err != nil {
		t.Fatal(err)
	}
	return pair.Label()
}
