package tenant_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/tenant"
)

// split is the stack cut in two: one with the API and most clients, and one with
// the client "assigned" alone.
func (s *stack) split() (api, billing tenant.Declaration) {
	s.t.Helper()
	theirs := func(r map[string]any) bool { return strings.Contains(r["id"].(string), "/orders-assigned") }
	cut := func(name string, edit func(*outputs), keep func(map[string]any) bool) tenant.Declaration {
		o := s.outputs
		o.Access, o.ClientSites = slices.Clone(o.Access), maps.Clone(o.ClientSites)
		edit(&o)
		if name != "api" {
			o.APIStack = "organization/app-to-app/api"
		}
		exported, err := json.Marshal(o)
		if err != nil {
			s.t.Fatal(err)
		}
		d, err := tenant.ReadOutputs(exported)
		if err != nil {
			s.t.Fatal(err)
		}
		d.Stack = name
		var kept []map[string]any
		for _, r := range s.resources {
			if keep(r) {
				renamed := maps.Clone(r)
				renamed["urn"] = strings.Replace(r["urn"].(string), "urn:pulumi:test::", "urn:pulumi:"+name+"::", 1)
				kept = append(kept, renamed)
			}
		}
		state, err := json.Marshal(object{"version": 3, "deployment": object{"resources": kept}})
		if err == nil {
			err = d.ReadState(state)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		return d
	}
	is := func(a access) bool { return a.Client == "assigned" }
	api = cut("api", func(o *outputs) {
		o.Access = slices.DeleteFunc(o.Access, is)
		delete(o.ClientSites, "assigned")
	}, func(r map[string]any) bool { return !theirs(r) })
	billing = cut("billing", func(o *outputs) {
		o.Access = slices.DeleteFunc(o.Access, func(a access) bool { return !is(a) })
		o.ClientSites, o.APISiteID = map[string]string{"assigned": o.ClientSites["assigned"]}, ""
	}, theirs)
	return api, billing
}

func (s *stack) auditOf(all ...tenant.Declaration) tenant.AuditReport {
	s.t.Helper()
	declared, err := tenant.Join(all)
	if err != nil {
		s.t.Fatal(err)
	}
	report, err := tenant.Audit(s.t.Context(), s.session, declared, tenant.Options{Now: s.now(), Expiring: 30 * 24 * time.Hour})
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

// texts are the differences, as kind and subject.
func texts(r tenant.AuditReport) (all []string) {
	for _, d := range r.Differences {
		all = append(all, d.Kind+" "+d.Subject)
	}
	return all
}

// TestAuditOfAnEstate: what is declared in a stack of a client is undeclared for
// the API's alone, and declared for both together, in any order.
func TestAuditOfAnEstate(t *testing.T) {
	t.Parallel()
	s := newStack(newWorld(t))
	api, billing := s.split()
	if report := s.auditOf(api); !slices.Equal(texts(report), []string{"assignmentUndeclared assigned"}) {
		t.Errorf("the API's stack alone: got\n%s", report)
	}
	report := s.auditOf(billing)
	if len(report.Differences) > 0 || !strings.Contains(report.String(), "note: the API belongs to the stack organization/app-to-app/api: only whether this one's clients hold its app roles was compared, and not who else does; to compare all: tenant audit -stack API-STACK -stack billing") {
		t.Errorf("the client's stack alone: got\n%s", report)
	}
	for _, both := range [][]tenant.Declaration{{api, billing}, {billing, api}} {
		if report := s.auditOf(both...); len(report.Differences) > 0 || len(report.Notes) > 0 {
			t.Errorf("both: got\n%s", report)
		}
	}

	// What is wrong in the client's stack says where; a stranger is one in both.
	s.graph("DELETE", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo/"+s.clients["assigned"].assignment, nil, nil)
	s.settingsWith(s.clients["assigned"].SiteID, map[string]string{"ORDERS_URL": "https://elsewhere.test"})
	s.graph("POST", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo", object{"principalId": s.stranger().ObjectID, "resourceId": s.apiSP, "appRoleId": readRole}, nil)
	want := []string{"assignmentMissing assigned of stack billing", "assignmentUndeclared stranger (test)", "settingChanged stack billing, function app of client assigned"}
	if report := s.auditOf(api, billing); !sameDifferences(texts(report), want) {
		t.Errorf("both, changed: got\n%s", report)
	}
	if report := s.auditOf(billing); !sameDifferences(texts(report), []string{"assignmentMissing assigned", "settingChanged function app of client assigned"}) {
		t.Errorf("the client's stack, changed: got\n%s", report)
	}
}

// sameDifferences compares without the part of a subject that names a setting.
func sameDifferences(got, want []string) bool {
	return slices.EqualFunc(got, want, func(g, w string) bool { return strings.HasPrefix(g, w) })
}

func TestStacksThatAreNoEstate(t *testing.T) {
	t.Parallel()
	declared := func(stack, apiStack, clientID string) tenant.Declaration {
		return tenant.Declaration{Stack: stack, APIStack: apiStack, APIClientID: clientID, APIObjectID: "o", Environment: "dev", RoleIDs: map[string]string{"Orders.Read": readRole}}
	}
	production, renamed := declared("two", "x/y/one", "c"), declared("two", "x/y/one", "c")
	production.Environment, renamed.RoleIDs = "prod", map[string]string{"Orders.Read": writeRole}
	for _, tt := range []struct {
		name string
		all  []tenant.Declaration
		want string
	}{
		{"none", nil, "expected a declaration, got none"},
		{"a stack twice", []tenant.Declaration{declared("one", "", "c"), declared("one", "", "c")}, `expected the stack "one" once`},
		{"two APIs", []tenant.Declaration{declared("one", "", "c"), declared("two", "", "c")}, `expected one stack with an API of its own, got "one" and "two"`},
		{"a client of another API", []tenant.Declaration{declared("two", "x/y/one", "d"), declared("one", "", "c")}, `stack "two": expected the output apiClientId to be "c", as in stack "one", got "d"`},
		{"another environment", []tenant.Declaration{declared("one", "", "c"), production}, `expected the output environment to be "dev"`},
		{"another id of a role", []tenant.Declaration{declared("one", "", "c"), renamed}, "pulumi up takes over what the API has now"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := tenant.Join(tt.all); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
