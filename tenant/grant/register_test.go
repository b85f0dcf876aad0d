package grant_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/sandbox/route"
	"app-to-app/tenant/grant"
)

// TestAnInterruptedRegistrationGoesOn fails at each of its writes in turn.
func TestAnInterruptedRegistrationGoesOn(t *testing.T) {
	t.Parallel()
	w := newAsking(t)
	w.file.Requests = w.file.Requests[2:]
	shown := ""
	for n, pattern := range []string{
		"POST /v1.0/applications", "POST /v1.0/servicePrincipals", "POST /v1.0/applications/{id}/federatedIdentityCredentials",
		"POST /v1.0/servicePrincipals/{id}/appRoleAssignedTo", "DELETE /v1.0/servicePrincipals/{id}/owners/{owner}/$ref", "DELETE /v1.0/applications/{id}/owners/{owner}/$ref",
	} {
		w.sandbox.Weather().Queue(pattern, route.Fault{Status: http.StatusForbidden})
		plan := w.look()
		if plan.Registrations() != 1 {
			t.Errorf("before %s: got %d to register, want 1", pattern, plan.Registrations())
		}
		if before := shown; n > 1 && plan.String() == before { // the first step has made nothing
			t.Errorf("before %s: what is left to do is shown as it was a step earlier:\n%s", pattern, plan)
		}
		shown = plan.String()
		if n == 2 && !strings.Contains(shown, "\n    to do: make its service principal, make it trust what is asked for, end that the caller owns it\n") {
			t.Errorf("before %s: got\n%s\nwant what is to do", pattern, plan)
		}
		if _, err := plan.Apply(t.Context()); azurecloud.StatusOf(err) != http.StatusForbidden {
			t.Errorf("%s: got %v, want a refusal", pattern, err)
		}
		if made := w.marked(); len(made) != min(n, 1) {
			t.Errorf("%s: got %d app registrations", pattern, len(made))
		}
	}
	receipt, err := w.look().Apply(t.Context())
	w.must(err)
	if one, ok := receipt.Registered("returns"); !ok || len(w.held()) != 1 || len(w.owners("/v1.0/applications/"+one.ObjectID)) > 0 {
		t.Errorf("got %+v, %q", receipt, w.held())
	}
	w.asked().Owners = []string{w.partner.objectID}
	w.identityTeam()
	if plan := w.look(); plan.Registrations() != 1 || !strings.Contains(plan.String(), "gets what is missing of the app registration") {
		t.Errorf("another owner: got:\n%s", plan)
	} else if _, err := plan.Apply(t.Context()); err != nil || !slices.Equal(w.owners("/v1.0/applications/"+w.marked()[0].ID), []string{w.partner.objectID}) {
		t.Errorf("another owner: got %v", err)
	}
}

// TestTwoRegistrations: nothing is granted to either, whether two people made them or a
// service that was asked again.
func TestTwoRegistrations(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		held  int // by the first
		apply func(w *world) error
	}{
		"at the same time": {1, func(w *world) error {
			first, second := w.look(), w.look()
			_, err := first.Apply(t.Context())
			w.must(err)
			_, err = second.Apply(t.Context())
			return err
		}},
		"an answer that was lost": {0, func(w *world) error {
			w.sandbox.Weather().Queue("POST /v1.0/applications", route.Fault{After: true, Status: http.StatusServiceUnavailable})
			_, err := w.look().Apply(t.Context())
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAsking(t)
			w.file.Requests = w.file.Requests[2:]
			err := tt.apply(w)
			made := w.marked()
			var hint *azurecloud.HintError
			if !errors.As(err, &hint) || !strings.Contains(err.Error(), "expected one app registration with its mark") || len(made) != 2 {
				t.Fatalf("got %v and %d app registrations, want an error that names two", err, len(made))
			}
			if !strings.Contains(hint.Hint, "az ad app delete --id "+made[0].AppID) && !strings.Contains(hint.Hint, "az ad app delete --id "+made[1].AppID) {
				t.Errorf("got the hint %q, want how to delete one", hint.Hint)
			}
			if got := len(w.held()); got != tt.held {
				t.Errorf("got %d assignments, want %d: none for the second", got, tt.held)
			}
			if _, err := grant.Look(t.Context(), w.session, w.file, w.api.clientID); !errors.Is(err, grant.ErrRefused) {
				t.Errorf("again: got %v, want a refusal", err)
			}
		})
	}
}

// TestAnAnswerThatIsLost: what was made is found and not made again.
func TestAnAnswerThatIsLost(t *testing.T) {
	t.Parallel()
	w := newAsking(t)
	w.file.Requests = w.file.Requests[2:]
	for _, pattern := range []string{"POST /v1.0/applications", "POST /v1.0/servicePrincipals", "POST /v1.0/applications/{id}/federatedIdentityCredentials", "POST /v1.0/servicePrincipals/{id}/appRoleAssignedTo"} {
		w.sandbox.Weather().Queue(pattern, route.Fault{After: true, Drop: true})
		if _, err := w.look().Apply(t.Context()); err == nil {
			t.Errorf("%s: got no error", pattern)
		}
	}
	receipt, err := w.look().Apply(t.Context())
	w.must(err)
	one, ok := receipt.Registered("returns")
	if made := w.marked(); !ok || len(made) != 1 || len(w.trusts(made[0].ID)) != 1 || len(w.held()) != 1 || len(w.owners("/v1.0/servicePrincipals/"+one.ServicePrincipalID)) > 0 {
		t.Errorf("got %+v, %d app registrations and %q, want one of each", receipt, len(made), w.held())
	}
}

// TestGraphThatLags is waited for, and not longer than patience lasts.
func TestGraphThatLags(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lag  time.Duration
		want string
	}{"a minute": {time.Minute, ""}, "an hour": {time.Hour, "must in the local tenant"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAsking(t)
			w.sandbox.Weather().SetLag(route.Lag{Application: tt.lag, ServicePrincipal: tt.lag})
			plan := w.look()
			var said []string
			plan.Say = func(text string) { said = append(said, text) }
			plan.Wait = func(_ context.Context, d time.Duration) error { return w.sandbox.Advance(d) }
			_, err := plan.Apply(t.Context())
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if !strings.Contains(strings.Join(said, "\n"), "waiting for Microsoft Graph to know the new app registration everywhere (0s of 5m0s)") {
				t.Errorf("got %q", said)
			}
		})
	}
}
