package grant_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
	"app-to-app/components/requests"
	"app-to-app/sandbox/route"
	"app-to-app/tenant/grant"
	"app-to-app/tenant/tenanttest"
)

const audience = "api://AzureADTokenExchange"

// newAsking is a world whose file asks for an app registration too, that trusts the
// managed identity billing.
func newAsking(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.file.Requests = append(w.file.Requests, requests.Request{Client: "returns", Identity: "federated", Roles: []requests.Role{{Value: "Orders.Read", ID: readRole}},
		Registration: &requests.Registration{DisplayName: "returns (billing-dev)", Issuer: w.session.Cloud.AuthorityHost + "/" + w.tenant.ID + "/v2.0", Subject: w.billing.principalID, Audience: audience}})
	return w
}

func (w *world) asked() *requests.Registration {
	return w.file.Requests[len(w.file.Requests)-1].Registration
}

// signInWith is the world with a login that has other permissions in Graph.
func (w *world) signInWith(name string, permissions ...string) {
	w.t.Helper()
	deployer, err := w.sandbox.AddDeployer(w.tenant, name, permissions, nil)
	w.must(err)
	w.tenant, w.session = deployer, tenanttest.SignIn(w.t, w.sandbox, deployer, nil)
}

// identityTeam signs in as a team that may change app registrations of others.
func (w *world) identityTeam() {
	w.signInWith("identity-team", "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All")
}

// A live is an app registration as the tenant has it.
type live struct {
	ID, AppID, DisplayName, SignInAudience string
	Tags                                   []string
}

// marked are the app registrations with the mark of returns.
func (w *world) marked() []live {
	w.t.Helper()
	all, err := azurecloud.List[live](w.t.Context(), w.session.Graph, "/v1.0/applications?$filter=tags/any(t:t%20eq%20'pulumi-name:returns-application')")
	w.must(err)
	return all
}

func (w *world) owners(path string) (ids []string) {
	w.t.Helper()
	all, err := azurecloud.List[struct{ ID string }](w.t.Context(), w.session.Graph, path+"/owners")
	w.must(err)
	for _, one := range all {
		ids = append(ids, one.ID)
	}
	return ids
}

type trust struct {
	Name, Issuer, Subject, Description string
	Audiences                          []string
}

func (w *world) trusts(objectID string) []trust {
	w.t.Helper()
	all, err := azurecloud.List[trust](w.t.Context(), w.session.Graph, "/v1.0/applications/"+objectID+"/federatedIdentityCredentials")
	w.must(err)
	return all
}

// TestGrantOfARegistration makes exactly what is asked for, once.
func TestGrantOfARegistration(t *testing.T) {
	t.Parallel()
	w := newAsking(t)
	w.asked().Owners = []string{w.partner.objectID}
	before := w.writes()
	plan := w.look()
	shown := plan.String()
	for _, want := range []string{
		`client "returns" of stack "billing-dev" gets the app registration "returns (billing-dev)"`,
		fmt.Sprintf("which trusts tokens of %q with the subject %q and the audience %q, that is the managed identity %q", w.asked().Issuer, w.billing.principalID, audience, w.billing.id),
		`owned by "Partner" (` + w.partner.objectID + "), who can give it credentials",
		"client \"returns\" of stack \"billing-dev\" gets Orders.Read\n    as the app registration \"returns (billing-dev)\"\n",
		"1 to register or change, 0 registered already\n4 to assign, 0 held already\n",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("got:\n%s\nwant %q in it", shown, want)
		}
	}
	if plan.Registrations() != 1 || plan.Missing() != 4 || w.writes() != before || len(w.marked()) > 0 {
		t.Errorf("got %d and %d after %d writes, want one, four and none", plan.Registrations(), plan.Missing(), w.writes()-before)
	}
	receipt, err := plan.Apply(t.Context())
	w.must(err)
	made := w.marked()
	if len(made) != 1 || made[0].DisplayName != "returns (billing-dev)" || made[0].SignInAudience != "AzureADMyOrg" {
		t.Fatalf("got %+v, want one app registration", made)
	}
	if want := []string{"pulumi-stack:app-to-app/billing-dev", "pulumi-name:returns-application", provenance.RequestedTag}; !slices.Equal(made[0].Tags, want) {
		t.Errorf("got the tags %q, want %q", made[0].Tags, want)
	}
	mark := provenance.Mark{Project: "app-to-app", Stack: "billing-dev", Name: "returns-federation"}
	if got := w.trusts(made[0].ID); len(got) != 1 || got[0].Name != "returns" || got[0].Issuer != w.asked().Issuer || got[0].Subject != w.billing.principalID || !slices.Equal(got[0].Audiences, []string{audience}) || got[0].Description != mark.Text() {
		t.Errorf("got %+v, want the one that is asked for", got)
	}
	one, ok := receipt.Registered("returns")
	if !ok || one.ClientID != made[0].AppID || one.ObjectID != made[0].ID || one.Subject != w.billing.principalID {
		t.Errorf("got the receipt %+v, want the registration", receipt)
	}
	for _, path := range []string{"/v1.0/applications/" + made[0].ID, "/v1.0/servicePrincipals/" + one.ServicePrincipalID} {
		if got := w.owners(path); !slices.Equal(got, []string{w.partner.objectID}) {
			t.Errorf("%s: got the owners %q, want the one that is asked for, and not the caller", path, got)
		}
	}
	if missing := receipt.Held().Missing(one.ServicePrincipalID, w.file.Requests[2].Roles); len(missing) > 0 || len(w.held()) != 4 {
		t.Errorf("got %v missing and %q held", missing, w.held())
	}

	// Again, it makes nothing and writes the same receipt.
	before = w.writes()
	again := w.look()
	same, err := again.Apply(t.Context())
	w.must(err)
	first, _ := receipt.Encode()
	if text, _ := same.Encode(); again.Registrations()+again.Missing() != 0 || w.writes() != before || string(text) != string(first) ||
		!strings.Contains(again.String(), `has the app registration "returns (billing-dev)" (client id `+made[0].AppID+`)`) {
		t.Errorf("again: got %d writes and:\n%s%s\nwant none and:\n%s", w.writes()-before, again, text, first)
	}
}

// TestAChangedTrust is shown with what was trusted before, and needs the right to
// change what the caller does not own.
func TestAChangedTrust(t *testing.T) {
	t.Parallel()
	w := newAsking(t)
	_, err := w.look().Apply(t.Context())
	w.must(err)
	other := w.identity("other-identity")
	w.asked().Subject = other.principalID

	// A file can name another team's stack, and what that has is not all in the file.
	const payRole = "22222222-aaaa-4000-8000-000000000001"
	payroll := w.register("Payroll", object{"appRoles": []object{{"id": payRole, "value": "Pay.All", "displayName": "Pay.All", "description": "Pay.All", "isEnabled": true, "allowedMemberTypes": []string{"Application"}}}})
	sp, err := azurecloud.List[struct{ ID string }](t.Context(), w.session.Graph, "/v1.0/servicePrincipals?$filter=appId%20eq%20'"+w.marked()[0].AppID+"'")
	w.must(err)
	w.must(w.session.Graph.Post(t.Context(), "/v1.0/servicePrincipals/"+payroll.objectID+"/appRoleAssignedTo", object{"principalId": sp[0].ID, "resourceId": payroll.objectID, "appRoleId": payRole}, nil))
	w.file.Requests[2].Roles = nil
	for _, want := range []string{"with the mark of the stack app-to-app/billing-dev\n", "which holds the app role " + payRole + " of \"Payroll\" already", "which holds the app role " + readRole + " of \"orders-api (api)\" already"} {
		if plan := w.look(); !strings.Contains(plan.String(), want) {
			t.Errorf("got:\n%s\nwant %q in it", plan, want)
		}
	}
	w.file.Requests[2].Roles = []requests.Role{{Value: "Orders.Read", ID: readRole}}

	plan := w.look()
	for _, want := range []string{`gets another trust for the app registration "returns (billing-dev)"`, "trusted so far: tokens of", w.billing.principalID, other.id, "1 to register or change, 0 registered already\n0 to assign, 4 held"} {
		if !strings.Contains(plan.String(), want) {
			t.Errorf("got:\n%s\nwant %q in it", plan, want)
		}
	}
	var hint *azurecloud.HintError
	if _, err := plan.Apply(t.Context()); azurecloud.StatusOf(err) != http.StatusForbidden || !errors.As(err, &hint) || !strings.Contains(hint.Hint, "Application.ReadWrite.OwnedBy is not enough") {
		t.Errorf("got %v, want a refusal with a hint", err)
	}
	w.identityTeam()
	receipt, err := w.look().Apply(t.Context())
	w.must(err)
	if got := w.trusts(w.marked()[0].ID); len(got) != 1 || got[0].Subject != other.principalID {
		t.Errorf("got %+v, want the new subject alone", got)
	}
	if one, _ := receipt.Registered("returns"); one.Subject != other.principalID {
		t.Errorf("got %+v in the receipt, want the new subject", one)
	}
}

// TestRegistrationsThatAreRefused: nothing is made and nothing granted.
func TestRegistrationsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		spoil func(w *world, id string) // id is that of an app registration with the right mark
		want  string
		fix   string // that begins the hint; "" is a new file
	}{
		{"its own program's", func(w *world, id string) { w.patch(id, object{"tags": w.tags()[:2]}) }, "expected an app registration that was made on request", "ask the team for a client of another name; if nobody uses"},
		{"renamed", func(w *world, id string) { w.patch(id, object{"displayName": "Payroll"}) }, `is named "Payroll", expected "returns (billing-dev)"`, "give it that name: az ad app update --id "},
		{"for every tenant", func(w *world, id string) { w.patch(id, object{"signInAudience": "AzureADMultipleOrgs"}) }, `is for "AzureADMultipleOrgs"`, "az ad app update --id "},
		{"with a secret", func(w *world, id string) {
			w.must(w.session.Graph.Post(w.t.Context(), "/v1.0/applications/"+id+"/addPassword", object{"passwordCredential": object{"displayName": "x"}}, nil))
		}, "has a client secret or a certificate that nobody asked for", "az ad app credential delete --id "},
		{"with another trust", func(w *world, id string) {
			w.must(w.session.Graph.Post(w.t.Context(), "/v1.0/applications/"+id+"/federatedIdentityCredentials", object{"name": "other", "issuer": "https://ci.test", "subject": "s", "audiences": []string{audience}}, nil))
		}, `trusts more than is asked for: "other" with the issuer "https://ci.test" and the subject "s"`, "az ad app federated-credential delete --id "},
		{"with another owner", func(w *world, id string) {
			w.must(w.session.Graph.Post(w.t.Context(), "/v1.0/applications/"+id+"/owners/$ref", object{"@odata.id": w.session.Cloud.Graph + "/v1.0/directoryObjects/" + w.partner.objectID}, nil))
		}, `is owned by "Partner" (` + "PARTNER" + `), which nobody asked for`, "if tenant grant made it: az rest --method delete --url '"},
		{"twice", func(w *world, _ string) { w.registerMarked("returns (billing-dev)", w.tags()) }, "expected one app registration with its mark, got the client ids", "delete the one that nobody uses: az ad app delete --id "},
		{"with a service principal that is disabled", func(w *world, id string) {
			var sp struct{ ID string }
			w.must(w.session.Graph.Post(w.t.Context(), "/v1.0/servicePrincipals", object{"appId": w.marked()[0].AppID, "accountEnabled": false}, &sp))
		}, "that is disabled", "if it is to be used again: az ad sp update --id "},
		{"with a secret at its service principal", func(w *world, id string) {
			var sp struct{ ID string }
			w.must(w.session.Graph.Post(w.t.Context(), "/v1.0/servicePrincipals", object{"appId": w.marked()[0].AppID}, &sp))
			w.must(w.session.Graph.Post(w.t.Context(), "/v1.0/servicePrincipals/"+sp.ID+"/addPassword", object{"passwordCredential": object{"displayName": "x"}}, nil))
		}, "has a service principal with a client secret", "az ad sp credential delete --id "},
		{"a namesake", func(w *world, id string) { w.patch(id, object{"tags": []string{}}) }, `expected no other app registration named "returns (billing-dev)", got one that somebody else made: client id`, "ask the team for a client of another name; if nobody uses"},
		{"a subject that nobody has", func(w *world, _ string) { w.asked().Subject = w.tenant.ID }, "find what it is to trust: the tenant has no service principal", ""},
		{"a subject that is no id", func(w *world, _ string) { w.asked().Subject = "billing" }, `expected the object id of a managed identity as the subject of this tenant's tokens, got "billing"`, ""},
		{"a subject that is no managed identity", func(w *world, _ string) { w.asked().Subject = w.partner.objectID }, `expected a managed identity to trust, got "Partner"`, ""},
		{"the issuer of another tenant", func(w *world, _ string) {
			w.asked().Issuer = w.session.Cloud.AuthorityHost + "/" + w.sandbox.Tenants()[1].ID + "/v2.0"
		}, "expected the issuer of this tenant", ""},
		{"the issuer of this tenant's old tokens", func(w *world, _ string) { w.asked().Issuer = "https://sts.windows.net/" + w.tenant.ID + "/" }, "expected the issuer of this tenant", ""},
		{"an issuer of Entra by its port", func(w *world, _ string) {
			w.asked().Issuer = "https://login.microsoftonline.com:443/" + w.tenant.ID + "/v2.0"
		}, "expected the issuer of this tenant", ""},
		{"the issuer of this tenant with a slash", func(w *world, _ string) { w.asked().Issuer += "/" }, "expected the issuer of this tenant", ""},
		{"the authority host alone", func(w *world, _ string) { w.asked().Issuer = w.session.Cloud.AuthorityHost }, "expected the issuer of this tenant", ""},
		{"a tenant in capitals", func(w *world, _ string) {
			w.file.TenantID = strings.ToUpper(w.tenant.ID)
			w.asked().Issuer = w.session.Cloud.AuthorityHost + "/" + w.file.TenantID + "/v2.0"
		}, "expected the issuer of this tenant", ""},
		{"a subject in capitals", func(w *world, _ string) { w.asked().Subject = strings.ToUpper(w.asked().Subject) }, "as tokens have it, got", ""},
		{"tokens for another service", func(w *world, _ string) { w.asked().Audience = "https://vault.azure.net" }, `expected the audience "api://AzureADTokenExchange": a token with another one is for another service`, ""},
		{"an owner that nobody is", func(w *world, _ string) { w.asked().Owners = []string{w.tenant.ID} }, "expected an owner of this tenant, got ", ""},
		{"a role that the API lacks", func(w *world, _ string) { w.file.Requests[2].Roles[0].ID = w.tenant.ID }, "which it does not have", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newAsking(t)
			w.identityTeam()
			id := w.registerMarked("returns (billing-dev)", w.tags())
			if plan := w.look(); plan.Registrations() != 1 {
				t.Fatalf("got %d to register, want the rest of one", plan.Registrations())
			}
			tt.spoil(w, id)
			before, want := w.writes(), strings.ReplaceAll(tt.want, "PARTNER", w.partner.objectID)
			plan, err := grant.Look(t.Context(), w.session, w.file, w.api.clientID)
			var hint *azurecloud.HintError
			if fix := cmp.Or(tt.fix, "ask the team for a new file: tenant request -stack billing-dev"); !errors.As(err, &hint) || !strings.HasPrefix(hint.Hint, fix) {
				t.Errorf("got the hint %+v, want %q", hint, fix)
			}
			if !errors.Is(err, grant.ErrRefused) || !strings.Contains(err.Error(), `client "returns": `) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, %v, want %q", plan, err, want)
			}
			if w.writes() != before || len(w.held()) > 0 {
				t.Errorf("got %d writes and %q, want nothing done", w.writes()-before, w.held())
			}
		})
	}
}

func (w *world) tags() []string {
	mark := provenance.Mark{Project: "app-to-app", Stack: "billing-dev", Name: "returns-application"}
	return append(mark.Tags(), provenance.RequestedTag)
}

func (w *world) registerMarked(name string, tags []string) (objectID string) {
	w.t.Helper()
	var app struct{ ID string }
	w.must(w.session.Graph.Post(w.t.Context(), "/v1.0/applications", object{"displayName": name, "signInAudience": "AzureADMyOrg", "tags": tags}, &app))
	return app.ID
}

func (w *world) patch(objectID string, body object) {
	w.t.Helper()
	w.must(w.session.Graph.Patch(w.t.Context(), "/v1.0/applications/"+objectID, body))
}

// TestAnOwnerWhoseNameIsNotReadable is shown as such.
func TestAnOwnerWhoseNameIsNotReadable(t *testing.T) {
	t.Parallel()
	w := newAsking(t)
	w.asked().Owners = []string{w.partner.objectID}
	w.sandbox.Weather().Queue("GET /v1.0/directoryObjects/{id}", route.Fault{Status: http.StatusForbidden})
	if want := "owned by somebody whose name this login may not read (" + w.partner.objectID + ")"; !strings.Contains(w.look().String(), want) {
		t.Errorf("want %q", want)
	}
}

// TestAnOutsideIssuer is shown as such.
func TestAnOutsideIssuer(t *testing.T) {
	t.Parallel()
	w := newAsking(t)
	w.asked().Issuer, w.asked().Subject = "https://token.actions.githubusercontent.com", "repo:ours/returns:environment:prod"
	w.asked().Audience = "аpi"
	if plan := w.look(); !strings.Contains(plan.String(), `the audience "\u0430pi"`) {
		t.Errorf("got:\n%s\nwant a letter that looks like another by its number", plan)
	}
	w.asked().Audience = audience
	plan := w.look()
	if want := `which trusts tokens of "https://token.actions.githubusercontent.com" with the subject "repo:ours/returns:environment:prod" and the audience "` + audience + `", an issuer other than this tenant`; !strings.Contains(plan.String(), want) {
		t.Errorf("got:\n%s\nwant %q in it", plan, want)
	}
	text, err := w.file.Encode()
	w.must(err)
	page := grant.Markdown(w.file, text)
	for _, want := range []string{"### App registrations and app roles for the clients of `billing-dev`", "- an app registration for the client `returns`, named `returns (billing-dev)`, that trusts tokens of `https://token.actions.githubusercontent.com` with the subject `repo:ours/returns:environment:prod`",
		"and nothing else; owners: none\n- `Orders.Read` (id `" + readRole + "`) for the client `returns`: that app registration\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("got:\n%s\nwant %q in it", page, want)
		}
	}
}
