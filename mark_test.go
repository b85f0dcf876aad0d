package main

import (
	"strings"
	"testing"

	"app-to-app/components/componentstest"
	"app-to-app/components/provenance"
)

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
