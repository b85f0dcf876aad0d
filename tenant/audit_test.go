package tenant_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/tenant"
)

func TestAuditWithoutDifferences(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	report := s.audit()
	if len(report.Differences) > 0 || len(report.Notes) > 0 || report.Environment != "test" {
		t.Errorf("got:\n%s", report)
	}
	const lookedAt = "looked at: the app registrations, service principals and function apps that the stack's exports and state name, who holds the API's app roles, " +
		"and what carries the stack's mark and is not in its state; not at anything else, such as an app registration of another name"
	if got, want := report.String(), "no difference from what the stack declares ("+lookedAt+")\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := report.Markdown(), "No difference from what the stack declares ("+lookedAt+").\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAuditSaysWhatItDidNotSee adds an app registration that the stack does not
// name. The audit cannot find it, so the report must say that it did not look.
func TestAuditSaysWhatItDidNotSee(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	s.stranger()
	report := s.audit()
	if len(report.Differences) > 0 {
		t.Errorf("got:\n%s\nwant no difference: nothing names that app registration", report)
	}
	for _, text := range []string{report.String(), report.Markdown()} {
		if !strings.Contains(text, "not at anything else, such as an app registration of another name") {
			t.Errorf("got %q, want it to say that it did not look for app registrations it does not know", text)
		}
	}
}

// TestNotesStayWithoutDifferences: a reader who sees no difference most needs
// to know what was not compared.
func TestNotesStayWithoutDifferences(t *testing.T) {
	t.Parallel()
	report := tenant.AuditReport{Notes: []string{"app settings were not compared"}}
	for _, text := range []string{report.String(), report.Markdown()} {
		if !strings.Contains(text, report.Notes[0]) {
			t.Errorf("got %q, want the note in it", text)
		}
	}
}

// A drift is one change made by hand, and the one difference that the audit
// must report.
type drift struct {
	name     string
	make     func(s *stack)
	kind     string
	subject  string
	contains string // in the text
}

func (s *stack) settingsWith(site string, changed map[string]string, removed ...string) {
	s.t.Helper()
	var found struct{ Properties map[string]string }
	s.arm("POST", site+"/config/appsettings/list"+webAPI, nil, &found)
	for name, value := range changed {
		found.Properties[name] = value
	}
	for _, name := range removed {
		delete(found.Properties, name)
	}
	s.arm("PUT", site+"/config/appsettings"+webAPI, object{"properties": found.Properties}, nil)
}

// stranger is an application that the stack does not declare.
func (s *stack) stranger() access {
	var a access
	kept := s.resources
	s.register("stranger", &a)
	s.resources = kept
	return a
}

var drifts = []drift{
	{"an assignment made by hand", func(s *stack) {
		s.graph("POST", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo", object{"principalId": s.stranger().ObjectID, "resourceId": s.apiSP, "appRoleId": readRole}, nil)
	}, tenant.AssignmentUndeclared, "stranger (test)", "holds the app role Orders.Read"},
	{"a second role for a declared client", func(s *stack) {
		s.graph("POST", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo", object{"principalId": s.clients["secret"].ObjectID, "resourceId": s.apiSP, "appRoleId": writeRole}, nil)
	}, tenant.AssignmentUndeclared, "secret (test)", "holds the app role Orders.Write"},
	{"an assignment removed", func(s *stack) {
		s.graph("DELETE", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo/"+s.clients["assigned"].assignment, nil, nil)
	}, tenant.AssignmentMissing, "assigned", "does not hold the app role Orders.Read"},
	{"assignment no longer required", func(s *stack) {
		s.graph("PATCH", "/v1.0/servicePrincipals/"+s.apiSP, object{"appRoleAssignmentRequired": false}, nil)
	}, tenant.AssignmentNotRequired, "API", "every application of the tenant"},
	{"the API disabled", func(s *stack) {
		s.graph("PATCH", "/v1.0/servicePrincipals/"+s.apiSP, object{"accountEnabled": false}, nil)
	}, tenant.PrincipalDisabled, "API", "is disabled"},
	{"a client disabled", func(s *stack) {
		s.graph("PATCH", "/v1.0/servicePrincipals/"+s.clients["certificate"].ObjectID, object{"accountEnabled": false}, nil)
	}, tenant.PrincipalDisabled, "client certificate", "is disabled"},
	{"a role added", func(s *stack) {
		s.graph("PATCH", "/v1.0/applications/"+s.outputs.APIObjectID, object{"appRoles": []object{role(readRole, "Orders.Read"), role(writeRole, "Orders.Write"), role("11111111-aaaa-4000-8000-000000000003", "Orders.Admin")}}, nil)
	}, tenant.RoleUndeclared, "Orders.Admin", "does not declare"},
	{"a role disabled", func(s *stack) {
		disabled := role(writeRole, "Orders.Write")
		disabled["isEnabled"] = false
		s.graph("PATCH", "/v1.0/applications/"+s.outputs.APIObjectID, object{"appRoles": []object{role(readRole, "Orders.Read"), disabled}}, nil)
	}, tenant.RoleDisabled, "Orders.Write", "tokens do not carry it"},
	{"a secret added", func(s *stack) {
		s.addPassword(s.clients["secret"].ApplicationObjectID, "by hand", 700)
	}, tenant.CredentialUndeclared, "client secret", `client secret "by hand"`},
	{"a secret added to the API", func(s *stack) {
		s.addPassword(s.outputs.APIObjectID, "by hand", 700)
	}, tenant.CredentialUndeclared, "API", `client secret "by hand"`},
	{"a secret removed", func(s *stack) {
		c := s.clients["secret"]
		s.graph("POST", "/v1.0/applications/"+c.ApplicationObjectID+"/removePassword", object{"keyId": c.Credentials[0].ID}, nil)
	}, tenant.CredentialMissing, "client secret", "the declared client secret"},
	{"a certificate added", func(s *stack) {
		c := s.clients["certificate"]
		s.graph("PATCH", "/v1.0/applications/"+c.ApplicationObjectID, object{"keyCredentials": []object{
			{"keyId": c.Credentials[0].ID, "type": "AsymmetricX509Cert", "usage": "Verify"},
			{"type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "by hand", "key": base64.StdEncoding.EncodeToString(s.newCertificate(60))}}}, nil)
	}, tenant.CredentialUndeclared, "client certificate", `certificate "by hand"`},
	{"a secret added to a service principal", func(s *stack) {
		s.graph("POST", "/v1.0/servicePrincipals/"+s.clients["secret"].ObjectID+"/addPassword", object{"passwordCredential": object{"displayName": "by hand"}}, nil)
	}, tenant.CredentialUndeclared, "client secret", `its service principal has a credential of its own, "by hand"`},
	{"a federated identity credential added", func(s *stack) {
		s.graph("POST", "/v1.0/applications/"+s.clients["secret"].ApplicationObjectID+"/federatedIdentityCredentials", object{
			"name": "by-hand", "issuer": "https://ci.example.test", "subject": "repo:x", "audiences": []string{"api://AzureADTokenExchange"}}, nil)
	}, tenant.CredentialUndeclared, "client secret", `federated identity credential "by-hand" (issuer https://ci.example.test`},
	{"a federated identity credential changed", func(s *stack) {
		c := s.clients["federated"]
		s.graph("PATCH", "/v1.0/applications/"+c.ApplicationObjectID+"/federatedIdentityCredentials/"+c.Credentials[0].ID, object{"subject": s.clients["assigned"].ObjectID}, nil)
	}, tenant.CredentialChanged, "client federated", "declared is issuer"},
	{"an owner added", func(s *stack) {
		s.graph("POST", "/v1.0/applications/"+s.outputs.APIObjectID+"/owners/$ref", object{"@odata.id": s.sandbox.GraphURL + "/v1.0/directoryObjects/" + s.clients["secret"].ObjectID}, nil)
	}, tenant.OwnerUndeclared, "API, app registration", "is not declared, but can give it credentials"},
	{"an owner of a service principal added", func(s *stack) {
		s.graph("POST", "/v1.0/servicePrincipals/"+s.clients["certificate"].ObjectID+"/owners/$ref", object{"@odata.id": s.sandbox.GraphURL + "/v1.0/directoryObjects/" + s.clients["secret"].ObjectID}, nil)
	}, tenant.OwnerUndeclared, "client certificate, service principal", "is not declared, but can give it credentials"},
	{"an app setting changed", func(s *stack) {
		s.settingsWith(s.outputs.APISiteID, map[string]string{"ORDERS_ROLE": "Orders.Sentinel"})
	}, tenant.SettingChanged, "function app of API", "the app setting ORDERS_ROLE has another value"},
	{"an app setting added", func(s *stack) {
		s.settingsWith(s.clients["assigned"].SiteID, map[string]string{"AZURE_CLIENT_ID": "sentinel"})
	}, tenant.SettingAdded, "function app of client assigned", "the app setting AZURE_CLIENT_ID is not declared"},
	{"a storage account's key put in by Azure", func(s *stack) {
		s.settingsWith(s.clients["assigned"].SiteID, map[string]string{"AzureWebJobsStorage": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VudGluZWw=;EndpointSuffix=core.windows.net"})
	}, tenant.KeyInSettings, "function app of client assigned", "the app setting AzureWebJobsStorage holds a key of a storage account"},
	{"a signature in an address", func(s *stack) {
		s.settingsWith(s.outputs.APISiteID, map[string]string{"WEBSITE_RUN_FROM_PACKAGE": "https://a.blob.core.windows.net/c/p.zip?sv=2024-11-04&sig=sentinel%3D"})
	}, tenant.KeyInSettings, "function app of API", "the app setting WEBSITE_RUN_FROM_PACKAGE holds a key"},
	{"an app setting removed", func(s *stack) {
		s.settingsWith(s.clients["assigned"].SiteID, nil, "ORDERS_SCHEDULE")
	}, tenant.SettingRemoved, "function app of client assigned", "the app setting ORDERS_SCHEDULE is gone"},
	{"Easy Auth switched on", func(s *stack) {
		s.arm("PUT", s.outputs.APISiteID+"/config/authsettingsV2"+webAPI, object{"properties": object{"platform": object{"enabled": true}}}, nil)
	}, tenant.EasyAuthOn, "function app of API", "does not check app roles"},
	{"publishing passwords switched on", func(s *stack) {
		s.arm("PUT", s.clients["system"].SiteID+"/basicPublishingCredentialsPolicies/scm"+webAPI, object{"properties": object{"allow": true}}, nil)
	}, tenant.BasicAuthOn, "function app of client system", "for SCM"},
	{"an identity attached", func(s *stack) { s.attach("orders-secret", s.clients["assigned"].assigned) },
		tenant.IdentityUndeclared, "function app of client secret", "the app can get its tokens"},
	{"an app registration that the state has lost", func(s *stack) {
		s.graph("POST", "/v1.0/applications", object{"displayName": "orders-api (test)", "signInAudience": "AzureADMyOrg", "tags": []string{"pulumi-stack:app-to-app/test", "pulumi-name:orders-api-application"}}, nil)
	}, tenant.Unrecorded, "orders-api-application", "the stack's mark is on it, and the state does not have it; after an interrupted update: tenant recover -stack test"},
	{"a resource that the state has lost", func(s *stack) {
		s.arm("PUT", s.group()+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/lost?api-version=2023-01-31", object{"location": "westeurope", "tags": object{"project": "app-to-app", "stack": "test", "name": "lost"}}, nil)
	}, tenant.Unrecorded, "lost", "if nobody needs it: az resource delete --ids "},
	{"a site deleted", func(s *stack) { s.arm("DELETE", s.clients["secret"].SiteID+webAPI, nil, nil) },
		tenant.SiteMissing, "function app of client secret", "is gone"},
}

// attach adds a user-assigned identity to a site.
func (s *stack) attach(name string, identities ...string) {
	s.t.Helper()
	id := s.group() + "/providers/Microsoft.Web/sites/" + name
	var site object
	s.arm("GET", id+webAPI, nil, &site)
	attached := site["identity"].(object)["userAssignedIdentities"].(object)
	for _, identity := range identities {
		attached[identity] = object{}
	}
	s.arm("PUT", id+webAPI, site, nil)
}

// TestAuditFindsDrift also fixes each drift that can be fixed by removing it.
func TestAuditFindsDrift(t *testing.T) {
	t.Parallel()
	for _, tt := range drifts {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStack(newWorld(t))
			tt.make(s)
			report := s.audit()
			if len(report.Differences) != 1 {
				t.Fatalf("got %d differences, want 1:\n%s", len(report.Differences), report)
			}
			got := report.Differences[0]
			if got.Kind != tt.kind || got.Subject != tt.subject || !strings.Contains(got.Text+"; "+got.Fix, tt.contains) {
				t.Errorf("got %+v, want %s of %q with %q", got, tt.kind, tt.subject, tt.contains)
			}
			if got.Fix == "" || !strings.Contains(report.String(), "fix: "+got.Fix) {
				t.Errorf("got %+v, want what ends it in the report, too", got)
			}
			if text := report.Markdown(); !strings.Contains(text, "- "+tt.kind+": ") || !strings.Contains(text, "\n  Fix: ") {
				t.Errorf("got the Markdown:\n%s\nwant the sentence with the ids and what ends it", text)
			}
			printed := report.String() + report.Markdown()
			if strings.Contains(strings.ToLower(printed), "sentinel") || strings.Contains(printed, s.clients["secret"].secret) {
				t.Errorf("expected no value of an app setting in the report, got:\n%s", printed)
			}
			s.fixes(tt.kind)
		})
	}
}

// TestNamesAreNoMarkdown: a name is a text, and no link, image, tag or mention.
func TestNamesAreNoMarkdown(t *testing.T) {
	t.Parallel()
	report := tenant.AuditReport{Differences: []tenant.Difference{{Kind: "k", Subject: "[a](https://example.com)", Declared: `\[b](c)`, Found: "<img>|", Text: "![d](e)", Fix: "@f `g`"}}}
	text := report.Markdown()
	for _, want := range []string{`\[a](https://example.com)`, `\\\[b](c)`, `&lt;img>\|`, `!\[d](e)`, `&#64;f 'g'`} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %s in it", text, want)
		}
	}
}

// TestAuditOfCredentialsThatEnd moves the clock.
func TestAuditOfCredentialsThatEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		days int
		kind string
	}{
		"expiring": {70, tenant.CredentialExpiring},
		"expired":  {91, tenant.CredentialExpired},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStack(newWorld(t))
			if err := s.sandbox.Advance(time.Duration(tt.days) * 24 * time.Hour); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range s.audit().Differences {
				got = append(got, d.Kind+" "+d.Subject)
			}
			if want := []string{tt.kind + " client certificate", tt.kind + " client secret"}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestAuditOfASecretSetting: a setting that is encrypted in the state is
// compared by name only.
func TestAuditOfASecretSetting(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	c := s.clients["secret"]
	s.setSettings(c.SiteID, c.settings, "ORDERS_CLIENT_SECRET") // the later resource is the one that counts
	s.settingsWith(c.SiteID, map[string]string{"ORDERS_CLIENT_SECRET": "another"})
	report := s.audit()
	if len(report.Differences) > 0 || len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "compared by name only: ORDERS_CLIENT_SECRET") {
		t.Errorf("got:\n%s", report)
	}
	s.settingsWith(c.SiteID, nil, "ORDERS_CLIENT_SECRET")
	if report = s.audit(); len(report.Differences) != 1 || report.Differences[0].Kind != tenant.SettingRemoved {
		t.Errorf("got:\n%s", report)
	}
}

// TestAuditDuringAMove: a client that is moving to another kind of identity
// keeps the old one for a while, and only the state shows that.
func TestAuditDuringAMove(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	moved := s.clients["secret"]
	for i := range s.outputs.Access {
		if access := &s.outputs.Access[i]; access.Client == "secret" {
			target := s.clients["assigned"]
			access.Identity, access.ClientID, access.ObjectID, access.ApplicationObjectID = "managedIdentity", target.ClientID, target.ObjectID, ""
		}
	}
	if got := s.audit().Differences; len(got) != 1 || got[0].Kind != tenant.AssignmentUndeclared || got[0].Subject != "secret (test)" {
		t.Errorf("without the assignment in the state: got %+v", got)
	}
	assignment := object{"urn": "urn:pulumi:test::app-to-app::azuread:index/appRoleAssignment:AppRoleAssignment::secret-application-assignment-Orders.Read",
		"type": "azuread:index/appRoleAssignment:AppRoleAssignment", "id": "x", "inputs": object{"principalObjectId": moved.ObjectID, "appRoleId": readRole, "resourceObjectId": s.apiSP}}
	s.resources = append(s.resources, assignment)
	if report := s.audit(); len(report.Differences) > 0 {
		t.Errorf("got:\n%s", report)
	}
	// Its old app registration is still audited.
	s.addPassword(moved.ApplicationObjectID, "by hand", 700)
	if got := s.audit().Differences; len(got) != 1 || got[0].Kind != tenant.CredentialUndeclared || got[0].Subject != "secret-application" {
		t.Errorf("after a secret was added: got %+v", got)
	}
	assignment["delete"] = true // the engine is about to remove it
	if got := s.audit().Differences; len(got) != 2 {
		t.Errorf("with the assignment being deleted: got %+v", got)
	}
}

func TestRefusedOutputs(t *testing.T) {
	t.Parallel()
	for outputs, want := range map[string]string{
		"":   "expected the output of pulumi stack output --json",
		"{}": `expected the output "apiClientId", got none`,
		`{"apiClientId":"c","apiObjectId":"o","roleIds":{"Orders.Read":"r"},"access":[{"client":"a","roles":["Orders.Read"]}]}`:                 `client "a": expected its objectId`,
		`{"apiClientId":"c","apiObjectId":"o","roleIds":{"Orders.Read":"r"},"access":[{"client":"a","objectId":"x","roles":["Orders.Write"]}]}`: `client "a": expected its role "Orders.Write"`,
	} {
		t.Run(want, func(t *testing.T) {
			if _, err := tenant.ReadOutputs([]byte(outputs)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}
