package main

import (
	"flag"
	"path/filepath"
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
//   - the hash of a package is masked, because every change of a handler's code
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
			componentstest.CompareGolden(t, filepath.Join("testdata", "graph-"+stack+".golden"), masked(m).Replace(m.Text()), *update)
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
			text := label.Replace(masked(m).Replace(strings.Join(texts, "\n")))
			componentstest.CompareGolden(t, filepath.Join("testdata", "graph-"+name+".golden"), text, *update)
		})
	}
}

// masked replaces the hashes of packages.
func masked(m *componentstest.Recorder) *strings.Replacer {
	var hashes []string
	for _, r := range m.Resources() {
		if hash := value(r.Inputs, "environment", "PUBLISH_SHA256"); hash.IsString() {
			text := hash.StringValue()
			hashes = append(hashes, text, "PACKAGE-SHA256", text[:16], "PACKAGE-SHA256-16")
		}
	}
	return strings.NewReplacer(hashes...)
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
