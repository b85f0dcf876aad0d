package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"app-to-app/components/componentstest"
	"app-to-app/components/componentstest/hardening"
	"app-to-app/components/provenance"
	"app-to-app/settings/settingstest"
)

// hardeningStacks are the committed stacks, one stack for each kind of identity,
// and those that only some rules are about.
func hardeningStacks(t *testing.T) map[string]hardening.Graph {
	t.Helper()
	folder := newProject(t)
	recorded := func(stack string, edits map[string]string) hardening.Graph {
		m := signedIn()
		m.Stack = stack
		return hardening.Graph(deployed(t, m, configuration(t, stack, edits), folder).Resources())
	}
	stacks := map[string]hardening.Graph{
		"dev": recorded("dev", nil), "test": recorded("test", nil), "prod": recorded("prod", nil),
		"protected": recorded("dev", map[string]string{"app-to-app:protect": "true"}),
		"elsewhere": recorded("dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"clientSecret","functionApp":false`)}),
	}
	for name, edits := range identityStacks(t) {
		stacks[name] = recorded("dev", edits)
	}
	return stacks
}

// TestHardening checks every rule in every stack. A rule that nothing in any
// stack is about would hold for no reason.
func TestHardening(t *testing.T) {
	t.Parallel()
	stacks := hardeningStacks(t)
	for _, rule := range hardening.Rules {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			looked := 0
			for stack, g := range stacks {
				for _, finding := range rule.Look(g) {
					looked++
					if !finding.OK {
						t.Errorf("%s: %s: got it otherwise, want: %s", stack, finding.Of, rule.Text)
					}
				}
			}
			if looked == 0 {
				t.Error("expected the rule to be about something in a stack, got nothing")
			}
		})
	}
}

// TestHardeningNotices breaks each rule at each resource in turn, and expects
// the rule to notice every time.
func TestHardeningNotices(t *testing.T) {
	t.Parallel()
	stacks := hardeningStacks(t)
	for _, rule := range hardening.Rules {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			for _, b := range rule.Breaks() {
				applied := 0
				for stack, g := range stacks {
					for _, broken := range b.Apply(g, rule) {
						applied++
						if !slices.ContainsFunc(rule.Look(broken), func(f hardening.Finding) bool { return !f.OK }) {
							t.Errorf("%s: %v: expected it to be noticed", stack, b)
						}
					}
				}
				if applied == 0 {
					t.Errorf("%v: expected it to apply somewhere, got nowhere", b)
				}
			}
			if len(rule.Breaks()) == 0 {
				t.Error("expected a way to break the rule, got none")
			}
		})
	}
}

// TestHardeningTable compares the table in docs with the rules.
func TestHardeningTable(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	seen := make(map[string]bool)
	for _, state := range []hardening.State{hardening.Held, hardening.NotStated, hardening.Open} {
		for _, r := range hardening.Rules {
			if r.State != state {
				continue
			}
			if seen[r.ID] || r.ID == "" || r.Source == "" || r.Page == "" || r.Text == "" || (state != hardening.Held && r.Because == "") {
				t.Errorf("%q: expected an id of its own, a source, a page, a text, and a reason if it is not held", r.ID)
			}
			seen[r.ID] = true
			says := string(state)
			if r.Because != "" {
				says += ": " + r.Because
			}
			fmt.Fprintf(&table, "| %s | [%s](%s) | %s | %s |\n", r.ID, r.Source, r.Page, r.Text, says)
		}
	}
	const path, begin, end = "docs/hardening.md", "|---|---|---|---|\n", "\n## "
	content, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), begin)
	_, after, more := strings.Cut(rest, end)
	if !found || !more {
		t.Fatalf("%s: expected a table, and a heading after it", path)
	}
	componentstest.CompareGolden(t, filepath.FromSlash(path), before+begin+table.String()+end+after, *update)
}

// unmarked are the types that have no room for a mark, by what they are found
// through instead.
var unmarked = map[string]string{
	"app-to-app:components:API":                                       "a component",
	"app-to-app:components:Client":                                    "a component",
	"app-to-app:components:FunctionApp":                               "a component",
	"azure-native:insights:DiagnosticSetting":                         "its resource",
	"azure-native:keyvault:Secret":                                    "its vault",
	"azure-native:storage:BlobContainer":                              "its account",
	"azure-native:storage:BlobServiceProperties":                      "its account",
	"azure-native:web/v20240401:WebAppFtpAllowed":                     "its site",
	"azure-native:web/v20240401:WebAppScmAllowed":                     "its site",
	"azuread:index/appRoleAssignment:AppRoleAssignment":               "its principals",
	"azuread:index/applicationAppRole:ApplicationAppRole":             "its app registration",
	"azuread:index/applicationCertificate:ApplicationCertificate":     "its app registration",
	"azuread:index/applicationIdentifierUri:ApplicationIdentifierUri": "its app registration",
	"azuread:index/applicationPassword:ApplicationPassword":           "its app registration",
	"azure-native:web/v20240401:WebAppApplicationSettings":            "its site",
	"command:local:Command":                                           "nothing in Azure",
	"tls:index/privateKey:PrivateKey":                                 "nothing in Azure",
	"tls:index/selfSignedCert:SelfSignedCert":                         "nothing in Azure",
}

// TestEverythingIsMarked: each resource of every kind of identity has the mark
// of its own logical name, a service principal that of its app registration.
func TestEverythingIsMarked(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	stacks := identityStacks(t)
	stacks["as committed"] = nil
	for name, edits := range stacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var marked int
			for _, r := range deployed(t, signedIn(), configuration(t, "dev", edits), folder).Resources() {
				mark, ok := readMark(r)
				switch want := (provenance.Mark{Project: "app-to-app", Stack: "dev", Name: strings.Replace(r.Name, "-service-principal", "-application", 1)}); {
				case unmarked[r.TypeToken] != "" && ok:
					t.Errorf("%s has a mark; remove its type from the exceptions", r)
				case unmarked[r.TypeToken] != "":
				case !ok || mark != want:
					t.Errorf("%s: got the mark %+v, %v, want %+v", r, mark, ok, want)
				default:
					marked++
				}
			}
			if marked < 10 {
				t.Errorf("got %d marked resources, want at least 10", marked)
			}
		})
	}
}

// readMark reads the mark of a resource from the inputs that its first request
// is made of.
func readMark(r componentstest.Resource) (provenance.Mark, bool) {
	tags := componentstest.Value(r.Inputs, "tags")
	switch {
	case tags.IsArray():
		var list []string
		for _, tag := range tags.ArrayValue() {
			list = append(list, tag.StringValue())
		}
		return provenance.ParseTags(list)
	case tags.IsObject():
		all := make(map[string]string)
		for key, value := range tags.ObjectValue() {
			all[string(key)] = value.StringValue()
		}
		return provenance.ParseARMTags(all)
	}
	if description := componentstest.Value(r.Inputs, "description"); description.IsString() {
		return provenance.ParseText(description.StringValue())
	}
	return provenance.Mark{}, false
}

// replacedBy are the inputs whose change replaces a live credential
// (azuread 5.53.5).
var replacedBy = map[string][]string{
	"azuread:index/applicationPassword:ApplicationPassword":       {"displayName"},
	"azuread:index/applicationCertificate:ApplicationCertificate": {"keyId"},
}

// TestMarksReplaceNoCredential: the display name of a secret is what it always
// was, and a certificate has no key ID of ours. Another value would replace the
// live credentials of every deployed stack.
func TestMarksReplaceNoCredential(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	found := make(map[string]int)
	for _, name := range []string{"clientSecret", "certificate"} {
		for _, r := range deployed(t, signedIn(), configuration(t, "dev", identityStacks(t)[name]), folder).Resources() {
			for _, input := range replacedBy[r.TypeToken] {
				found[r.TypeToken]++
				got := componentstest.Value(r.Inputs, input)
				if want := r.Name; input == "displayName" && (!got.IsString() || got.StringValue() != want) {
					t.Errorf("%s: got display name %v, want %q", r, got, want)
				}
				if input == "keyId" && !got.IsNull() && got.IsString() {
					t.Errorf("%s: got key ID %v, want none", r, got)
				}
			}
		}
	}
	for token := range replacedBy {
		if found[token] == 0 {
			t.Errorf("got no %s, so nothing was compared", token)
		}
	}
}
