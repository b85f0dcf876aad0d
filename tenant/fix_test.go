package tenant_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
	"app-to-app/tenant/fix"
	"app-to-app/tenant/tenanttest"
)

// removable are the kinds of differences that a fix removes.
var removable = []string{tenant.AssignmentUndeclared, tenant.CredentialUndeclared, tenant.OwnerUndeclared}

// plan is what a fix of the stack would remove now.
func (s *stack) plan() fix.Plan {
	s.t.Helper()
	plan, err := fix.NewPlan(s.declaration(), s.audit(), s.tenant.Deployer.ObjectID)
	if err != nil {
		s.t.Fatal(err)
	}
	return plan
}

// fixes removes the one drift of the audit's table: with one change to the tenant
// if it is something undeclared, with none for anything else.
func (s *stack) fixes(kind string) {
	s.t.Helper()
	plan, since := s.plan(), s.mark()
	var log bytes.Buffer
	done, err := fix.Run(s.t.Context(), plan, fix.Options{Session: s.session, Log: &log})
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.Contains(log.String(), s.clients["secret"].secret) {
		s.t.Errorf("expected no secret in what it prints, got:\n%s", &log)
	}
	changes, after := s.changes(since), s.audit()
	if !slices.Contains(removable, kind) {
		if len(changes) > 0 || len(plan.Kept) != 1 || plan.Kept[0].Why == "" || len(after.Differences) != 1 {
			s.t.Errorf("expected it to be kept, got %q, %+v and:\n%s", changes, plan.Kept, after)
		}
		return
	}
	if len(changes) != 1 || len(done.Removed) != 1 {
		s.t.Errorf("expected one removal by one request, got %+v by %q", done, changes)
	}
	if len(after.Differences) > 0 {
		s.t.Errorf("expected no difference afterwards, got:\n%s", after)
	}
}

// driftBy makes the drift of that name.
func (s *stack) driftBy(name string) {
	s.t.Helper()
	i := slices.IndexFunc(drifts, func(d drift) bool { return d.name == name })
	if i < 0 {
		s.t.Fatalf("expected a drift %q", name)
	}
	drifts[i].make(s)
}

// TestFixLooksAgain changes the tenant between what was shown and the removal.
func TestFixLooksAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, drift string
		move        func(s *stack, shown tenant.Target)
		gone        bool
		want        string // in the error
	}{
		{"an assignment that is gone", "an assignment made by hand", func(s *stack, shown tenant.Target) {
			s.graph("DELETE", "/v1.0/"+shown.Holder+"/appRoleAssignedTo/"+shown.ID, nil, nil)
		}, true, ""},
		{"a secret that is gone", "a secret added", func(s *stack, shown tenant.Target) {
			s.graph("POST", "/v1.0/"+shown.Holder+"/removePassword", object{"keyId": shown.ID}, nil)
		}, true, ""},
		{"an owner who is gone", "an owner added", func(s *stack, shown tenant.Target) {
			s.graph("DELETE", "/v1.0/"+shown.Holder+"/owners/"+shown.ID+"/$ref", nil, nil)
		}, true, ""},
		{"an app registration that is gone", "a federated identity credential added", func(s *stack, shown tenant.Target) {
			s.graph("DELETE", "/v1.0/"+shown.Holder, nil, nil)
		}, true, ""},
		{"a federated identity credential that trusts another token", "a federated identity credential added", func(s *stack, shown tenant.Target) {
			s.graph("PATCH", "/v1.0/"+shown.Holder+"/federatedIdentityCredentials/"+shown.ID, object{"subject": "repo:y"}, nil)
		}, false, `expected what was shown, "issuer https://ci.example.test, subject repo:x, audience api://AzureADTokenExchange", got "issuer https://ci.example.test, subject repo:y,`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStack(newWorld(t))
			s.driftBy(tt.drift)
			plan := s.plan()
			tt.move(s, *plan.Removals[0].Target)
			since := s.mark()
			done, err := fix.Run(t.Context(), plan, fix.Options{Session: s.session, Log: &bytes.Buffer{}})
			if tt.gone && (err != nil || len(done.Gone) != 1) {
				t.Errorf("got %+v, %v; want it gone", done, err)
			}
			if !tt.gone && (err == nil || !strings.Contains(err.Error(), tt.want) || len(done.NotReached) != 1) {
				t.Errorf("got %+v, %v; want %q", done, err, tt.want)
			}
			if changes := s.changes(since); len(changes) > 0 {
				t.Errorf("expected no change, got %q", changes)
			}
		})
	}
}

// TestFixKeepsWhatTheStackMade: an update that failed has its credentials in the
// state and not in the exports.
func TestFixKeepsWhatTheStackMade(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	application := s.clients["secret"].ApplicationObjectID
	keyID, _, _ := s.addPassword(application, "orders-secret-82", 90)
	s.resources = append(s.resources, object{"urn": "urn:pulumi:test::app-to-app::azuread:index/applicationPassword:ApplicationPassword::orders-secret-82",
		"type": "azuread:index/applicationPassword:ApplicationPassword", "id": strings.ToUpper(application + "/password/" + keyID)})
	plan := s.plan()
	if len(plan.Removals) > 0 || len(plan.Kept) != 1 || !strings.Contains(plan.Kept[0].Why, "the stack made it") {
		t.Errorf("got %+v", plan)
	}
	t.Run("this login", func(t *testing.T) {
		s.outputs.Owners = []string{s.clients["secret"].ObjectID}
		for _, kept := range s.plan().Kept {
			if kept.Kind == tenant.OwnerUndeclared && strings.Contains(kept.Why, "it is this login") {
				return
			}
		}
		t.Errorf("expected the login's own ownership to be kept, got %+v", s.plan())
	})
	t.Run("an update is running", func(t *testing.T) {
		declared, report := s.declaration(), s.audit()
		if err := declared.ReadState([]byte(`{"deployment":{"resources":[],"pending_operations":[{"type":"creating","resource":{"urn":"urn:pulumi:test::app-to-app::t::orders-secret-83"}}]}}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := fix.NewPlan(declared, report, ""); err == nil || !strings.Contains(err.Error(), "unfinished: orders-secret-83") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no state", func(t *testing.T) {
		if _, err := fix.NewPlan(tenant.Declaration{}, tenant.AuditReport{}, ""); err == nil || !strings.Contains(err.Error(), "expected the stack's state") {
			t.Errorf("got %v", err)
		}
	})
}

// TestFixKeepsOtherStacksClients: a client can have a stack of its own, and an audit
// of the API's stack alone does not know what that stack declares.
func TestFixKeepsOtherStacksClients(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	mark := func(stack string) object { return object{"project": "app-to-app", "stack": stack, "name": "partner"} }
	assign := func(objectID string) {
		s.graph("POST", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo", object{"principalId": objectID, "resourceId": s.apiSP, "appRoleId": readRole}, nil)
	}
	identity := func(name string, tags object) {
		var made struct{ Properties identity }
		s.arm("PUT", s.group()+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"+name+"?api-version=2023-01-31", object{"location": "westeurope", "tags": tags}, &made)
		assign(made.Properties.PrincipalID)
	}
	registration := func(name string, tags ...string) {
		var app, sp struct{ ID, AppID string }
		s.graph("POST", "/v1.0/applications", object{"displayName": name, "signInAudience": "AzureADMyOrg"}, &app)
		s.graph("POST", "/v1.0/servicePrincipals", object{"appId": app.AppID, "tags": tags}, &sp)
		assign(sp.ID)
	}
	identity("partner-identity", mark("partner"))
	identity("no-mark", object{})
	registration("partner-registration", "pulumi-stack:app-to-app/partner", "pulumi-name:partner")
	registration("stranger")
	plan := s.plan()
	var removed, kept []string
	for _, d := range plan.Removals {
		removed = append(removed, d.Subject)
	}
	for _, k := range plan.Kept {
		if !strings.Contains(k.Why, "the mark of stack partner, which may declare it: audit that one too, with -stack partner") {
			t.Errorf("%s: got %q", k.Subject, k.Why)
		}
		kept = append(kept, k.Subject)
	}
	if want := []string{"no-mark", "stranger"}; !slices.Equal(removed, want) {
		t.Errorf("removes %q, want %q", removed, want)
	}
	if want := []string{"partner-identity", "partner-registration"}; !slices.Equal(kept, want) {
		t.Errorf("keeps %q, want %q", kept, want)
	}
}

// TestNamesStayInTheirLine: whoever may write a name must not write what is shown
// beside it.
func TestNamesStayInTheirLine(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	const name = "x\x1b[1A\x1b[2K\nRemove it? \u202e"
	client := s.clients["secret"]
	s.graph("PATCH", "/v1.0/applications/"+client.ApplicationObjectID, object{"displayName": name}, nil)
	s.graph("POST", "/v1.0/applications/"+client.ApplicationObjectID+"/federatedIdentityCredentials", object{"name": "ci-main", "issuer": "https://ci.example.test", "subject": name, "audiences": []string{"api://AzureADTokenExchange"}}, nil)
	shown := "plan"
	for _, d := range s.plan().Removals {
		shown += d.Subject + d.Found + d.Text
	}
	revocation := s.revocation().plan("secret")
	for _, r := range revocation.Removals {
		shown += r.Text
	}
	for _, p := range revocation.Principals {
		shown += p.DisplayName
	}
	if !strings.Contains(shown, "Remove it?") || strings.ContainsAny(shown, "\x1b\n\u202e") {
		t.Errorf("got %q", shown)
	}
}

// TestFixKeepsWhatItCannotTell: an identity in a subscription that the login may not
// read can be another stack's.
func TestFixKeepsWhatItCannotTell(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	var made struct{ Properties identity }
	s.arm("PUT", s.group()+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/partner?api-version=2023-01-31",
		object{"location": "westeurope", "tags": object{"project": "app-to-app", "stack": "partner", "name": "partner"}}, &made)
	s.graph("POST", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo", object{"principalId": made.Properties.PrincipalID, "resourceId": s.apiSP, "appRoleId": readRole}, nil)
	s.driftBy("a secret added")
	reader, err := s.sandbox.AddDeployer(s.tenant, "reader", []string{"Application.Read.All"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.session = tenanttest.SignIn(t, s.sandbox, reader, nil)
	s.outputs.APISiteID, s.outputs.ClientSites = "", nil // this one may not read them either
	plan := s.plan()
	if len(plan.Removals) != 1 || plan.Removals[0].Kind != tenant.CredentialUndeclared {
		t.Errorf("removes %+v, want the secret alone", plan.Removals)
	}
	if len(plan.Kept) != 1 || !strings.Contains(plan.Kept[0].Why, "this login may not read /subscriptions/") {
		t.Errorf("keeps %+v, want the assignment", plan.Kept)
	}
}

// TestDigestOfAPlan: it changes with each thing that would be removed, and with
// nothing else.
func TestDigestOfAPlan(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	seen := map[string]string{s.plan().Digest(): "nothing"}
	for _, drift := range []string{"an assignment made by hand", "a secret added", "a federated identity credential added", "an owner added"} {
		s.driftBy(drift)
		digest := s.plan().Digest()
		if before, known := seen[digest]; known {
			t.Errorf("%s: got the digest of %s", drift, before)
		}
		seen[digest] = drift
	}
	plan := s.plan()
	s.driftBy("an app setting changed")
	if got := s.plan().Digest(); got != plan.Digest() || plan.CheckDigest(got) != nil {
		t.Errorf("after a change that removes nothing: got %s, want %s", got, plan.Digest())
	}
	s.driftBy("a secret added")
	var hint *azurecloud.HintError
	if err := s.plan().CheckDigest(plan.Digest()); !errors.As(err, &hint) || !strings.Contains(err.Error(), "nothing was removed") {
		t.Errorf("got %v", err)
	}
}

// TestFixIsInterrupted: what was removed stays removed, and a second run goes on.
func TestFixIsInterrupted(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	s.driftBy("an assignment made by hand")
	s.driftBy("a secret added")
	s.driftBy("an owner added")
	ctx, cancel := context.WithCancelCause(t.Context())
	asked := 0
	done, err := fix.Run(ctx, s.plan(), fix.Options{Session: s.session, Log: &bytes.Buffer{}, Ask: func(d tenant.Difference) (bool, error) {
		if asked++; asked == 2 {
			cancel(errors.New("interrupted"))
		}
		return true, nil
	}})
	if err == nil || len(done.Removed) != 1 || done.Removed[0].Kind != tenant.AssignmentUndeclared || len(done.NotReached) != 2 {
		t.Errorf("got %+v, %v; want the assignment removed and two not reached", done, err)
	}
	declineOwners := func(d tenant.Difference) (bool, error) { return d.Kind != tenant.OwnerUndeclared, nil }
	if done, err = fix.Run(t.Context(), s.plan(), fix.Options{Session: s.session, Log: &bytes.Buffer{}, Ask: declineOwners}); err != nil || len(done.Removed) != 1 || len(done.Declined) != 1 {
		t.Errorf("again: got %+v, %v; want the secret removed and the owner declined", done, err)
	}
	if got := s.audit().Differences; len(got) != 1 || got[0].Kind != tenant.OwnerUndeclared {
		t.Errorf("afterwards: got %+v", got)
	}
}

// TestFixWithoutPermission: a login that may only read removes nothing, and the
// error says which permission it needs.
func TestFixWithoutPermission(t *testing.T) {
	t.Parallel()
	for drift, want := range map[string]string{
		"an assignment made by hand": "AppRoleAssignment.ReadWrite.All",
		"a secret added":             "Application.ReadWrite.OwnedBy and to be an owner of applications/",
		"a certificate added":        "Application.ReadWrite.OwnedBy and to be an owner of applications/",
		"an owner added":             "Application.ReadWrite.OwnedBy and to be an owner of applications/",
	} {
		t.Run(drift, func(t *testing.T) {
			t.Parallel()
			s := newStack(newWorld(t))
			s.driftBy(drift)
			reader, err := s.sandbox.AddDeployer(s.tenant, "reader", []string{"Application.Read.All"}, []string{"Reader"})
			if err != nil {
				t.Fatal(err)
			}
			done, err := fix.Run(t.Context(), s.plan(), fix.Options{Session: tenanttest.SignIn(t, s.sandbox, reader, nil), Log: &bytes.Buffer{}})
			var hint *azurecloud.HintError
			if !errors.As(err, &hint) || !strings.Contains(hint.Hint, want) || len(done.Removed) > 0 || len(done.NotReached) != 1 {
				t.Errorf("got %+v, %v; want a hint with %q", done, err, want)
			}
			if got := s.audit().Differences; len(got) != 1 {
				t.Errorf("afterwards: got %+v", got)
			}
		})
	}
}
