package tenant_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/tenant"
	"app-to-app/tenant/tenanttest"
)

// cells are what a report saw of each holder, as "name role state".
func cells(report tenant.AuditReport) (all []string) {
	for _, r := range report.Seen.Rows {
		for i, c := range r.Cells {
			if c.State != tenant.CellNone {
				all = append(all, fmt.Sprintf("%s %s %s", r.Name, report.Seen.Roles[i].Value, c.State))
			}
		}
	}
	return all
}

// assign gives a role of the API by hand.
func (s *stack) assign(principalID, roleID string) {
	s.t.Helper()
	s.graph("POST", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo", object{"principalId": principalID, "resourceId": s.apiSP, "appRoleId": roleID}, nil)
}

// TestSeen: an audit keeps who holds what, with what somebody has to look at first, and
// calls nothing held that it did not read.
func TestSeen(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	stranger := s.stranger()
	s.assign(stranger.ObjectID, readRole)
	s.assign(s.clients["secret"].ObjectID, writeRole)
	s.graph("DELETE", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo/"+s.clients["assigned"].assignment, nil, nil)
	s.graph("PATCH", "/v1.0/servicePrincipals/"+s.clients["certificate"].ObjectID, object{"accountEnabled": false}, nil)
	s.graph("POST", "/v1.0/applications/"+s.outputs.APIObjectID+"/owners/$ref", object{"@odata.id": s.sandbox.GraphURL + "/v1.0/directoryObjects/" + stranger.ObjectID}, nil)
	generation := s.rotate("secret")
	report := s.audit()
	want := []string{"secret Orders.Read held", "secret Orders.Write undeclared", "stranger (test) Orders.Read undeclared", "assigned Orders.Read missing",
		"certificate Orders.Read disabled", "federated Orders.Read held", "system Orders.Read held"}
	if got := cells(report); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	var phases []string
	for _, l := range report.Seen.Lives {
		if l.Subject == "client secret" {
			phases = append(phases, fmt.Sprintf("%s %v %s", l.Name, l.Declared, l.Phase))
		}
	}
	wantPhases := []string{"slot 1 true ", fmt.Sprintf("secret-secret-%d true %s", generation, tenant.PhaseCurrent)}
	if slices.Sort(phases); !slices.Equal(phases, []string{wantPhases[1], wantPhases[0]}) {
		t.Errorf("got the phases %q, want %q", phases, wantPhases)
	}
	s.reaches(report, stranger)
	s.saysWhatMayNotBeRead(report)

	other := s.declaration()
	other.APIStack = "api"
	partial, err := tenant.Audit(t.Context(), s.session, other, tenant.Options{Now: s.now()})
	if err != nil {
		t.Fatal(err)
	}
	if got := cells(partial); !partial.Seen.Partial || !slices.Contains(got, "stranger (test) Orders.Read unknown") || slices.Contains(got, "stranger (test) Orders.Read undeclared") {
		t.Errorf("another stack's API: got\n%q\nwant the stranger unknown: that stack may declare it", got)
	}

	s.graph("DELETE", "/v1.0/applications/"+s.outputs.APIObjectID, nil, nil)
	unread := s.audit().Seen
	for _, row := range unread.Rows {
		for i, cell := range row.Cells {
			if cell.State != tenant.CellUnknown {
				t.Errorf("without the API's app registration: got %q for %s of %s, want everything unknown", cell.State, unread.Roles[i].Value, row.Name)
			}
		}
	}
	if len(unread.Rows) == 0 || len(unread.Roles) < 2 {
		t.Errorf("got %d rows and %d roles, want all that the stack declares", len(unread.Rows), len(unread.Roles))
	}
}

// rotate adds a declared secret to a client that is the one in use of a rotation of 90
// days, and returns its generation.
func (s *stack) rotate(client string) (generation int64) {
	s.t.Helper()
	const period = 90 * 24 * 60 * 60
	generation = (s.now().Unix() - period/4) / period // which the app uses from its first quarter to the next one's
	end := time.Unix((generation+2)*period, 0).UTC().Format(time.RFC3339)
	var made struct{ KeyID string }
	s.graph("POST", "/v1.0/applications/"+s.clients[client].ApplicationObjectID+"/addPassword", object{"passwordCredential": object{
		"displayName": fmt.Sprintf("secret-secret-%d", generation), "endDateTime": end}}, &made)
	for i := range s.outputs.Access {
		if a := &s.outputs.Access[i]; a.Client == client {
			a.Credentials = append(a.Credentials, credential{Kind: "clientSecret", ID: made.KeyID, ExpiresOn: end})
		}
	}
	return generation
}

// reaches expects the deployer with what it may do, and the stranger as an owner that
// nobody declared.
func (s *stack) reaches(report tenant.AuditReport, stranger access) {
	s.t.Helper()
	all, err := tenant.Reach(s.t.Context(), s.session, s.declaration(), report.Seen, []string{stranger.ClientID})
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := json.Marshal(all)
	if err != nil || len(all) != 2 {
		s.t.Fatalf("got %d identities and %v: %s", len(all), err, text)
	}
	for _, i := range all {
		mine := i.ObjectID == strings.ToLower(s.tenant.Deployer.ObjectID)
		if mine == i.Undeclared || !mine && i.Because != "an owner that is not declared, named" {
			s.t.Errorf("got %+v", i)
		}
		has := func(list []tenant.Permission, name string) bool {
			return slices.ContainsFunc(list, func(p tenant.Permission) bool { return p.Name == name })
		}
		if has(i.Permissions, "Application.ReadWrite.OwnedBy") != mine || has(i.Roles, "Contributor") != mine || has(i.Permissions, "Orders.Read") == mine {
			s.t.Errorf("got %+v", i)
		}
	}
}

// saysWhatMayNotBeRead expects a caller without a right to say so, and not that there is
// nothing.
func (s *stack) saysWhatMayNotBeRead(report tenant.AuditReport) {
	s.t.Helper()
	for _, tt := range []struct {
		name               string
		permissions, roles []string
		want               string
	}{
		{"no-azure-role", []string{"Application.Read.All"}, nil, "Azure roles in the subscription " + s.tenant.SubscriptionID + " could not be read"},
		{"no-permission", nil, []string{"Reader"}, "the service principal, and so its permissions, could not be read"},
	} {
		blind, err := s.sandbox.AddDeployer(s.tenant, tt.name, tt.permissions, tt.roles)
		if err != nil {
			s.t.Fatal(err)
		}
		all, err := tenant.Reach(s.t.Context(), tenanttest.SignIn(s.t, s.sandbox, blind, nil), s.declaration(), report.Seen, nil)
		if err != nil {
			s.t.Errorf("%s: %v", tt.name, err)
		}
		for _, i := range all {
			if i.Name == tt.name || i.Because == "made this audit" { // everybody may read themselves
				continue
			}
			if own := s.tenant.Deployer.ObjectID; strings.EqualFold(i.ObjectID, own) && len(i.Roles) == 0 == (tt.roles != nil) {
				s.t.Errorf("%s: got the deployer's Azure roles %v", tt.name, i.Roles)
			}
			if !slices.Contains(i.Unread, tt.want) {
				s.t.Errorf("%s: %s: got %q, want %q in it", tt.name, i.Name, i.Unread, tt.want)
			}
		}
		if len(all) < 2 {
			s.t.Errorf("%s: got %d identities, want those that it may not read too", tt.name, len(all))
		}
	}
}
