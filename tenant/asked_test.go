package tenant_test

import (
	"slices"
	"strings"
	"testing"

	"app-to-app/components/provenance"
	"app-to-app/tenant"
)

// asks makes the client "federated" one whose app registration somebody else made: the
// state does not have it, and it carries the stack's mark.
func (s *stack) asks(owners ...string) *access {
	s.t.Helper()
	i := slices.IndexFunc(s.outputs.Access, func(a access) bool { return a.Client == "federated" })
	one := &s.outputs.Access[i]
	one.Requested, one.Owners = true, owners
	mark := provenance.Mark{Project: "app-to-app", Stack: "test", Name: provenance.ApplicationOf("federated")}
	for _, path := range []string{"/v1.0/applications/" + one.ApplicationObjectID, "/v1.0/servicePrincipals/" + one.ObjectID} {
		s.graph("PATCH", path, object{"tags": append(mark.Tags(), provenance.RequestedTag)}, nil)
	}
	s.resources = slices.DeleteFunc(s.resources, func(r map[string]any) bool {
		urn, _ := r["urn"].(string)
		return strings.Contains(urn, "azuread:") && strings.HasSuffix(urn, "::"+mark.Name)
	})
	s.outputs.Assignments = "requested"
	return one
}

const askAgain = "tenant request -stack test, let who may run tenant grant on that, then pulumi up"

// TestAuditOfWhatWasAskedFor knows it as declared, with the owners that were asked
// for, and says what ends a difference: an update does not.
func TestAuditOfWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	deployer := s.outputs.Owners[0]
	one := s.asks(deployer)
	if report := s.audit(); len(report.Differences) > 0 {
		t.Errorf("as it was asked for: got\n%s", report)
	}

	one.Owners = nil // whoever owns it now was not asked for
	if got := texts(s.audit()); !sameDifferences(got, []string{"ownerUndeclared client federated, app registration", "ownerUndeclared client federated, service principal"}) {
		t.Errorf("without owners: got %q", got)
	}
	one.Owners = []string{deployer}

	other := s.outputs.Access[slices.IndexFunc(s.outputs.Access, func(a access) bool { return a.Client == "secret" })]
	right := *one
	one.ApplicationObjectID = other.ApplicationObjectID // the receipt has another's
	if got := texts(s.audit()); !slices.Contains(got, "applicationMissing client federated") {
		t.Errorf("with the app registration of another client: got %q", got)
	}
	*one = right
	one.ObjectID = other.ObjectID
	if got := texts(s.audit()); !slices.Contains(got, "applicationMissing client federated") {
		t.Errorf("with the service principal of another client: got %q", got)
	}
	*one = right

	s.federation(object{"subject": s.clients["assigned"].ObjectID})
	s.unassign("federated")
	report := s.audit()
	if got := texts(report); !sameDifferences(got, []string{"assignmentMissing federated", "credentialChanged client federated"}) {
		t.Errorf("another subject and no app role: got\n%s", report)
	}
	for _, d := range report.Differences {
		if d.Fix != askAgain {
			t.Errorf("%s: got the fix %q, want %q", d.Kind, d.Fix, askAgain)
		}
	}

	application := one.ApplicationObjectID
	one.ClientID, one.ObjectID, one.ApplicationObjectID, one.Credentials = "", "", "", nil
	if report := s.audit(); !sameDifferences(texts(report), []string{"applicationMissing client federated"}) || report.Differences[0].Fix != askAgain {
		t.Errorf("before the stack knows it: got\n%s", report)
	}
	one.Client = "another"
	report = s.audit()
	if got := texts(report); !sameDifferences(got, []string{"applicationMissing client another", "unrecorded federated-application", "unrecorded federated-application"}) {
		t.Errorf("of a client that is gone: got\n%s", report)
	}
	if text := report.String(); !strings.Contains(text, "somebody made it because the stack asked for it, and no client of the stack uses it") || !strings.Contains(text, "whoever made it removes it: az ad app delete --id "+application) {
		t.Errorf("of a client that is gone: got\n%s", text)
	}
}

// TestAuditOfSomebodyElsesAPI asks the owner of the API's app registration for what an
// update of this stack does not do.
func TestAuditOfSomebodyElsesAPI(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	s.outputs.Registered = "existing"
	disabled := role(readRole, "Orders.Read")
	disabled["isEnabled"] = false
	s.graph("PATCH", "/v1.0/applications/"+s.outputs.APIObjectID, object{"appRoles": []object{disabled, role(writeRole, "Orders.Write")}}, nil)
	s.graph("PATCH", "/v1.0/servicePrincipals/"+s.apiSP, object{"accountEnabled": false, "appRoleAssignmentRequired": false}, nil)
	want := func(kinds ...string) {
		t.Helper()
		report := s.audit()
		for _, kind := range kinds {
			i := slices.IndexFunc(report.Differences, func(d tenant.Difference) bool { return d.Kind == kind })
			if i < 0 || !strings.HasPrefix(report.Differences[i].Fix, "ask ") {
				t.Errorf("got\n%s\nwant %s with a request to the owner", report, kind)
			}
		}
	}
	want(tenant.RoleDisabled, tenant.PrincipalDisabled, tenant.AssignmentNotRequired)
	s.graph("DELETE", "/v1.0/servicePrincipals/"+s.apiSP, nil, nil)
	want(tenant.PrincipalMissing)
	s.graph("DELETE", "/v1.0/applications/"+s.outputs.APIObjectID, nil, nil)
	want(tenant.ApplicationMissing)
	s.outputs.Registered = ""
	if report := s.audit(); !strings.Contains(report.String(), "pulumi up --refresh to make a new one") {
		t.Errorf("the stack's own: got\n%s", report)
	}
}
