package e2e_test

import (
	"fmt"
	"net/http"
	"strings"

	"time"

	"app-to-app/sandbox/route"
)

// This file has the steps of TestRolesComeAndGo in which Graph refuses what only
// time heals: one update has to be enough, and nothing may be made twice.

const (
	assignPattern  = "POST /v1.0/servicePrincipals/{id}/appRoleAssignedTo"
	lookPattern    = "GET /v1.0/servicePrincipals/{id}/appRoleAssignedTo"
	changePattern  = "PATCH /v1.0/applications/{id}"
	unknownRole    = "Permission being assigned was not found on application"
	enabledRole    = "Permission (scope or role) cannot be deleted or updated unless disabled first."
	engineRetries  = "due to on-error hook request"
	waitsForRole   = "waiting for Microsoft Graph to know the new app role: "
	recoverCommand = "tenant recover -enable-roles -stack dev"
)

// hasten advances the sandbox's clock by a step after each refused assignment, so
// that the lag ends before the program has waited for all of it. stop returns how
// many were refused: it counts them itself, because advancing may take longer than
// the update.
func (w *world) hasten(step time.Duration) (stop func() int) {
	start := len(w.sandbox.History())
	refused := func() (count int) {
		for _, entry := range w.sandbox.History()[start:] {
			if entry.Method == http.MethodPost && strings.HasSuffix(entry.Route, "/appRoleAssignedTo") && entry.Status >= 400 {
				count++
			}
		}
		return count
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for seen := 0; ; {
			for ; seen < refused(); seen++ {
				if err := w.sandbox.Advance(step); err != nil {
					w.t.Error(err)
				}
			}
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() int {
		close(done)
		<-ended
		return refused()
	}
}

// auditRole is a role that no earlier step had.
func auditRole(number int) fields {
	value := fmt.Sprintf("Orders.Audit%d", number)
	return fields{"value": value, "displayName": value}
}

// lagging defines a new role and gives it to a client in one change, the first
// role and so the one that the API demands, while Graph does not know new roles.
func (s *roleStory) lagging(number int, lag time.Duration) {
	s.t.Helper()
	s.sandbox.Weather().SetLag(route.Lag{AppRole: lag})
	role := auditRole(number)
	s.define([]fields{role, readRole}, []string{"Orders.Read"}, []string{role["value"].(string)})
}

// roleLags is about lags that end in time.
func roleLags(s *roleStory) {
	for number, tt := range []struct{ lag, step time.Duration }{
		{0, 0}, {2 * time.Second, 0}, {10 * time.Second, 5 * time.Second}, {time.Minute, 30 * time.Second},
	} {
		s.row(tt.lag.String(), func(w *world) {
			inner := *s
			inner.world = w
			inner.lagging(number, tt.lag)
			before, stop := len(w.printed.String()), w.hasten(tt.step)
			w.up()
			refused := stop()
			printed := w.printed.String()[before:]
			_, diagnostics, _ := strings.Cut(printed, "Diagnostics:")
			if (refused > 0) != (tt.lag > 0) || refused > 4 {
				w.t.Errorf("got %d refused assignments, want some exactly under a lag, and few", refused)
			}
			if shown := strings.Count(diagnostics, waitsForRole); shown != refused {
				w.t.Errorf("got %d lines about waiting, want one for each of %d refusals", shown, refused)
			}
			if strings.Contains(printed, unknownRole) {
				w.t.Errorf("expected no message about the refusal, which passed")
			}
			inner.holds(number)
		})
	}
	previewsClean(s.world)
}

// holds expects that the API has one assignment of the role, and one of the other
// client, and that the guest can call with it.
func (s *roleStory) holds(number int) {
	s.t.Helper()
	e := s.exports()
	assignments, err := s.azure.List(s.t.Context(), "/v1.0/servicePrincipals/"+s.servicePrincipal(e.APIClientID)+"/appRoleAssignedTo")
	if err != nil {
		s.t.Fatal(err)
	}
	held := 0
	for _, a := range assignments {
		if a["appRoleId"] == e.RoleIDs[auditRole(number)["value"].(string)] {
			held++
		}
	}
	if held != 1 || len(assignments) != 2 {
		s.t.Errorf("got %d assignments of the role among %d, want 1 among 2", held, len(assignments))
	}
	if status := s.calls(s.guest, e); status != http.StatusOK {
		s.t.Errorf("got status %d with the new role, want 200", status)
	}
}

// roleLagsOn is about a lag that outlives the stack's patience.
func roleLagsOn(s *roleStory) {
	s.set(map[string]any{"patience": "2s"})
	s.lagging(4, time.Hour)
	before := len(s.printed.String())
	if s.tryUp() == nil {
		s.t.Fatal("expected the update to fail while the role is not replicated, got success")
	}
	_, diagnostics, _ := strings.Cut(s.printed.String()[before:], "Diagnostics:")
	for text, want := range map[string]int{unknownRole: 1, waitsForRole: 2, "gave up on the create": 1, "fix: pulumi up": 1, engineRetries: 2} {
		if n := strings.Count(diagnostics, text); n != want {
			s.t.Errorf("expected %q %d times, got it %d times", text, want, n)
		}
	}
	if err := s.sandbox.Advance(time.Hour); err != nil {
		s.t.Fatal(err)
	}
	s.up()
	s.holds(4)
	previewsClean(s.world)
	s.set(map[string]any{"patience": nil})
	s.sandbox.Weather().SetLag(route.Lag{})
}

// unreadAssignment makes an assignment that the provider cannot read afterwards:
// tried again, it would be made twice, or be refused as one that exists.
func unreadAssignment(s *roleStory) {
	s.sandbox.Weather().Queue(lookPattern, route.Fault{Status: http.StatusForbidden, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation."})
	s.lagging(5, 0)
	before, seen := len(s.printed.String()), len(s.sandbox.History())
	if s.tryUp() == nil {
		s.t.Fatal("expected the update to fail, got success")
	}
	if strings.Contains(s.printed.String()[before:], engineRetries) {
		s.t.Error("expected that nothing is tried again")
	}
	s.up("--refresh") // without it the provider is asked for an update, which an assignment has none of
	s.holds(5)
	made := 0
	for _, entry := range s.sandbox.History()[seen:] {
		if entry.Method == http.MethodPost && strings.HasSuffix(entry.Route, "/appRoleAssignedTo") && entry.Status < 300 {
			made++
		}
	}
	if made != 1 {
		s.t.Errorf("got %d assignments made, want 1", made)
	}
	previewsClean(s.world)
}

// halfUpdatedRole changes a role, which the provider disables first.
func halfUpdatedRole(s *roleStory) {
	changed := func(description string) {
		role := auditRole(5)
		role["description"] = description
		s.define([]fields{role, readRole}, []string{"Orders.Read"}, []string{role["value"].(string)})
	}
	second := func(n int) (faults []route.Fault) { // the second half fails, n times
		for i := range n {
			skip := 0
			if i == 0 {
				skip = 1
			}
			faults = append(faults, route.Fault{Skip: skip, Status: http.StatusBadRequest, Code: "Request_BadRequest", Message: enabledRole})
		}
		return faults
	}
	s.row("a half-done update is done again", func(w *world) {
		changed("once")
		w.sandbox.Weather().Queue(changePattern, second(1)...)
		w.up()
		if status := s.calls(s.guest, w.exports()); status != http.StatusOK {
			w.t.Errorf("got status %d, want 200: the role is enabled", status)
		}
	})
	s.row("one that stays half-done is named until it is enabled", func(w *world) {
		w.set(map[string]any{"patience": "1s"})
		changed("twice")
		w.sandbox.Weather().Queue(changePattern, second(2)...)
		before := len(w.printed.String())
		if w.tryUp() == nil {
			w.t.Fatal("expected the update to fail, got success")
		}
		if printed := w.printed.String()[before:]; !strings.Contains(printed, "tenant recover -enable-roles") {
			w.t.Error("expected the update to say what enables the role")
		}
		changed("once") // as it was
		if outcome := w.up(); outcome.Changed() != 0 {
			w.t.Errorf("expected an update that changes nothing, got %v", outcome.Touched)
		}
		if status := s.calls(s.guest, w.exports()); status != http.StatusForbidden {
			w.t.Errorf("got status %d, want 403: no token has the disabled role", status)
		}
		s.previewWarns("Orders.Audit5 is disabled", recoverCommand)
		newCommand(w).says("recover -stack dev -yes -enable-roles -wait=0s", 0)
		if status := s.calls(s.guest, w.exports()); status != http.StatusOK {
			w.t.Errorf("got status %d after the recovery, want 200", status)
		}
		w.set(map[string]any{"patience": nil})
		s.previewWarns()
	})
}

// destroyedWithHooks destroys the stack without the program, which alone has the
// hooks that the state names. A delete that fails says so in its own words.
func destroyedWithHooks(s *roleStory) {
	if n := strings.Count(s.export(), `"OnError"`); n == 0 {
		s.t.Error("expected error hooks in the state, got none")
	}
	s.sandbox.Weather().Queue(changePattern, route.Fault{Status: http.StatusBadRequest, Code: "Request_BadRequest", Message: enabledRole})
	before := len(s.printed.String())
	if _, err := s.try("destroy", "--yes", "--skip-preview"); err == nil {
		s.t.Fatal("expected the first destroy to fail, got success")
	}
	if printed := s.printed.String()[before:]; !strings.Contains(printed, enabledRole) || strings.Contains(printed, "was not registered") {
		s.t.Error("expected the refusal itself, and nothing about hooks")
	}
	newCommand(s.world).says("teardown -stack dev -yes", 0, "left of dev") // which refuses the hooks of others
}
