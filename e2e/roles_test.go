package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRolesComeAndGo gives app roles to clients and takes them away, defines
// and removes them, in one stack. Its steps build on each other.
func TestRolesComeAndGo(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	s := &roleStory{world: newWorld(t)}
	s.guest = s.newPartner("Partner")
	s.pulumi("stack", "init", "dev")
	for _, step := range []struct {
		name string
		run  func(*roleStory)
	}{
		{"the first update has nothing to compare with", firstUpdate},
		{"giving a role to a live managed identity warns once", roleGiven},
		{"taking a role from it warns once, and says how to block the client now", roleTaken},
		{"a role is removed after its assignments, and disabled first", roleRemoved},
		{"a role added again can be assigned again", roleAddedAgain},
		{"a role and its assignment together, before Graph has replicated the role", roleLags},
		{"longer than the stack has patience", roleLagsOn},
		{"an assignment that was made is not made again", unreadAssignment},
		{"an update of a role that fails half-way", halfUpdatedRole},
		{"an expiring credential warns", expiringCredential},
		{"destroyed without the program that has the hooks", destroyedWithHooks},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			inner, world := *s, *s.world
			world.t, inner.world = t, &world
			step.run(&inner)
		}) {
			return
		}
	}
}

// A roleStory is a stack with two clients that run elsewhere: a managed
// identity, and somebody else's app registration, which the test can call as.
type roleStory struct {
	*world
	guest partner
}

var (
	readRole  = fields{"value": "Orders.Read", "displayName": "Read orders"}
	writeRole = fields{"value": "Orders.Write", "displayName": "Write orders"}
)

// define sets the roles and who has them. The API demands the first role.
func (s *roleStory) define(roles []fields, worker, partner []string) {
	s.t.Helper()
	s.set(map[string]any{"roles": roles, "clients": []fields{
		{"name": "worker", "identity": "managedIdentity", "functionApp": false, "roles": worker},
		{"name": "partner", "identity": "existing", "objectId": s.guest.objectID, "roles": partner},
	}})
}

// shown runs a verb and returns what the engine printed.
func (w *world) shown(verb string, args ...string) string {
	w.t.Helper()
	before := len(w.printed.String())
	w.run(verb, args...)
	return w.printed.String()[before:]
}

// previewWarns runs a preview and expects the texts in its warnings; without
// texts no warning at all.
func (s *roleStory) previewWarns(texts ...string) {
	s.t.Helper()
	s.expectWarnings("preview", s.shown("preview"), texts)
}

// upWarns is previewWarns for an update.
func (s *roleStory) upWarns(texts ...string) {
	s.t.Helper()
	s.expectWarnings("up", s.shown("up", "--yes", "--skip-preview"), texts)
}

func (s *roleStory) expectWarnings(verb, printed string, texts []string) {
	s.t.Helper()
	if len(texts) == 0 && strings.Contains(printed, "warning: ") {
		s.t.Errorf("%s: expected no warning", verb)
	}
	for _, text := range texts {
		if !strings.Contains(printed, text) {
			s.t.Errorf("%s: expected a warning with %q", verb, text)
		}
	}
}

func firstUpdate(s *roleStory) {
	s.define([]fields{readRole, writeRole}, []string{"Orders.Read"}, []string{"Orders.Read", "Orders.Write"})
	s.previewWarns()
	s.upWarns()
	previewsClean(s.world)
}

func roleGiven(s *roleStory) {
	s.define([]fields{readRole, writeRole}, []string{"Orders.Read", "Orders.Write"}, []string{"Orders.Read", "Orders.Write"})
	given := []string{`client "worker" is given Orders.Write`, "for up to 24 hours"}
	s.previewWarns(given...)
	s.upWarns(given...)
	s.previewWarns() // once
}

func roleTaken(s *roleStory) {
	s.define([]fields{readRole, writeRole}, []string{"Orders.Write"}, []string{"Orders.Read", "Orders.Write"})
	taken := []string{`client "worker" loses Orders.Read`, "for up to 24 hours", "app-to-app:blockedCallers[0]' " + s.objectIDs()["worker"]}
	s.previewWarns(taken...)
	s.upWarns(taken...)
	s.previewWarns()
}

// objectIDs are those of the clients' service principals, as exported.
func (s *roleStory) objectIDs() map[string]string {
	s.t.Helper()
	ids := make(map[string]string)
	for _, access := range s.exports().Access {
		ids[access.Client] = access.ObjectID
	}
	return ids
}

// roleRemoved removes a role that both clients hold. Graph refuses to remove
// an enabled role, so the first of the two changes of the app registration is
// the one that disables it.
func roleRemoved(s *roleStory) {
	e, before := s.exports(), len(s.sandbox.History())
	s.define([]fields{readRole}, []string{"Orders.Read"}, []string{"Orders.Read"})
	s.upWarns(`client "worker" is given Orders.Read`, `client "worker" loses Orders.Write`)
	var order []string
	for _, entry := range s.sandbox.History()[before:] {
		switch {
		case entry.Service != "graph" || entry.Method == http.MethodGet || entry.Method == http.MethodPost:
		case entry.Status >= 300:
			s.t.Errorf("%s %s: got status %d and code %s, want success", entry.Method, entry.URL, entry.Status, entry.Code)
		case entry.URL == "/v1.0/applications/"+e.APIObjectID:
			order = append(order, entry.Method+" application")
		case strings.Contains(entry.URL, "/appRoleAssignedTo/"):
			order = append(order, entry.Method+" assignment")
		default:
			order = append(order, entry.Method+" "+entry.URL)
		}
	}
	want := []string{"DELETE assignment", "DELETE assignment", "PATCH application", "PATCH application"}
	if !slices.Equal(order, want) {
		s.t.Errorf("got changes %q, want %q", order, want)
	}
	if status := s.calls(s.guest, s.exports()); status != http.StatusOK {
		s.t.Errorf("got status %d with the role that stayed, want 200", status)
	}
	previewsClean(s.world)
}

// roleAddedAgain adds the removed role as the one that the API demands.
func roleAddedAgain(s *roleStory) {
	s.define([]fields{writeRole, readRole}, []string{"Orders.Read"}, []string{"Orders.Write"})
	s.up()
	e := s.exports()
	assignments, err := s.azure.List(s.t.Context(), "/v1.0/servicePrincipals/"+s.servicePrincipal(e.APIClientID)+"/appRoleAssignedTo")
	holds := func(a map[string]any) bool {
		return a["principalId"] == s.guest.objectID && a["appRoleId"] == e.RoleIDs["Orders.Write"]
	}
	if err != nil || !slices.ContainsFunc(assignments, holds) {
		s.t.Errorf("expected an assignment of role %s, got %v, %v", e.RoleIDs["Orders.Write"], assignments, err)
	}
	if status := s.calls(s.guest, e); status != http.StatusOK {
		s.t.Errorf("got status %d with the role, want 200", status)
	}
	previewsClean(s.world)
}

// expiringCredential adds a client whose secret ends soon: the setting asOf puts
// the stack's last update into the period before this one.
func expiringCredential(s *roleStory) {
	days, last := overdue(time.Now())
	s.set(map[string]any{"rotationDays": days, "asOf": last.Format(time.RFC3339), "clients": []fields{
		{"name": "legacy", "identity": "clientSecret", "functionApp": false, "roles": []string{"Orders.Read"}},
	}})
	s.up()
	s.previewWarns(`client "legacy": its clientSecret`, " expires on ")
	s.set(map[string]any{"asOf": nil})
	s.up()
	s.previewWarns()
}

// overdue finds a period of rotation of which now is in the second half, and
// the middle of the one before: what was made then ends with this one, and
// should have been replaced.
func overdue(now time.Time) (days int64, last time.Time) {
	for days := int64(8); ; days++ {
		period := days * 24 * 60 * 60
		if into := now.Unix() % period; into > period*6/10 && into < period*9/10 {
			return days, time.Unix(now.Unix()-into-period/2, 0).UTC()
		}
	}
}
