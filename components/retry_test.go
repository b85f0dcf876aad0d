package components

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The refusals as they reach the hook: the official azuread provider's, and the
// stand-in's.
const (
	officialRefusal = "1 error occurred:\n\t* Could not create app role assignment, unexpected status 400 with OData error: Request_BadRequest: Permission being assigned was not found on application 'd4cd3b5a-0000-4000-8000-000000000000'."
	standInRefusal  = "POST /v1.0/servicePrincipals/x/appRoleAssignedTo: status 400: Request_BadRequest: Permission being assigned was not found on application 'x'."
)

// A simulation is a retrier in a world whose time passes only while it waits, or
// while a request takes time.
type simulation struct {
	retrier
	clock        time.Time
	pauses       []time.Duration
	said, warned []string
}

func simulate(patience time.Duration) *simulation {
	s := &simulation{clock: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	s.retrier = retrier{
		patience: patience, since: make(map[pulumi.URN]time.Time),
		now:  func() time.Time { return s.clock },
		wait: func(d time.Duration) { s.clock = s.clock.Add(d); s.pauses = append(s.pauses, d) },
		say:  func(text string) { s.said = append(s.said, text) },
		warn: func(text string) { s.warned = append(s.warned, text) },
	}
	return s
}

// create repeats a create as the engine does: until it works, or the hook has
// enough. It works once the lag is over; each try takes some time.
func (s *simulation) create(t *testing.T, urn string, lag, try time.Duration) (ok bool, tries int) {
	t.Helper()
	start, failures := s.clock, []string{}
	for {
		tries++
		s.clock = s.clock.Add(try)
		if s.clock.Sub(start) >= lag {
			return true, tries
		}
		failures = append([]string{standInRefusal}, failures...)
		again, err := s.again(&pulumi.ErrorHookArgs{URN: pulumi.URN(urn), Name: "assignment", Type: assignmentKind, FailedOperation: "create", Errors: failures})
		if err != nil {
			t.Fatal(err)
		}
		if !again {
			return false, tries
		}
	}
}

func TestRoleLag(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lag, patience, try time.Duration
		ok                 bool
		tries              int
	}{
		{0, DefaultPatience, 0, true, 1},
		{2 * time.Second, DefaultPatience, 0, true, 3},
		{10 * time.Second, DefaultPatience, 0, true, 5},
		{time.Minute, DefaultPatience, 0, true, 8},
		{5 * time.Minute, DefaultPatience, 0, true, 24},
		{5*time.Minute + time.Second, DefaultPatience, 0, false, 24},
		{time.Hour, DefaultPatience, 0, false, 24},
		{time.Hour, 3 * time.Second, 0, false, 3},
		{time.Hour, MaxPatience, 0, false, 84},
		{time.Hour, DefaultPatience, 151 * time.Second, false, 3}, // the provider's own tries count
	} {
		t.Run(fmt.Sprintf("%s within %s, %s a try", tt.lag, tt.patience, tt.try), func(t *testing.T) {
			t.Parallel()
			s := simulate(tt.patience)
			start := s.clock
			ok, tries := s.create(t, "urn:a", tt.lag, tt.try)
			if ok != tt.ok || tries != tt.tries {
				t.Errorf("got %t after %d tries, want %t after %d", ok, tries, tt.ok, tt.tries)
			}
			if len(s.said) != tries-1 {
				t.Errorf("got %d lines for %d tries, want one for each wait: %q", len(s.said), tries, s.said)
			}
			if longest := tt.patience + 2*tt.try; s.clock.Sub(start) > longest {
				t.Errorf("got %s, want at most %s", s.clock.Sub(start), longest)
			}
			if want := min(1, tries-1); !tt.ok && (len(s.warned) != want || !strings.Contains(s.warned[0], "fix: pulumi up")) {
				t.Errorf("got warnings %q, want one with the fix", s.warned)
			} else if tt.ok && len(s.warned) > 0 {
				t.Errorf("got warnings %q, want none", s.warned)
			}
		})
	}
}

// TestEngineHasRoomForTheLongestPatience because it stops after 100 failures,
// with a text that does not say what failed.
func TestEngineHasRoomForTheLongestPatience(t *testing.T) {
	t.Parallel()
	if _, tries := simulate(MaxPatience).create(t, "urn:a", 24*time.Hour, 0); tries >= 100 {
		t.Errorf("got %d tries within %s, want fewer than 100", tries, MaxPatience)
	}
}

func TestEachResourceWaitsOnItsOwn(t *testing.T) {
	t.Parallel()
	s := simulate(DefaultPatience)
	for _, urn := range []string{"urn:a", "urn:b", "urn:a"} { // the last as in a replacement
		if ok, tries := s.create(t, urn, time.Minute, 0); !ok || tries != 8 {
			t.Errorf("%s: got %t after %d tries, want success after 8", urn, ok, tries)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const gone = "status 404: Request_ResourceNotFound: Resource 'x' does not exist or one of its queried reference-property objects are not present."
	const busy = `Code="Conflict" Message="Cannot modify this site because another operation is in progress. Details: Id: x, OperationName: Update"`
	for _, tt := range []struct {
		name, kind, operation, text string
		limit                       time.Duration // what is left of an hour's patience; 0: fails at once
	}{
		{"a role that is not replicated", assignmentKind, "create", standInRefusal, time.Hour},
		{"the official provider's words", assignmentKind, "create", officialRefusal, time.Hour},
		{"a principal that is not replicated", assignmentKind, "create", "Not a valid reference update.", time.Hour},
		{"an assignment that exists", assignmentKind, "create", "Permission being assigned already exists on the object", 0},
		{"no right to assign", assignmentKind, "create", "Authorization_RequestDenied: Insufficient privileges to complete the operation.", 0},
		// An assignment that was made and could not be read would be made twice.
		{"an assignment that cannot be read", assignmentKind, "create", gone, 0},
		{"an assignment that cannot be deleted", assignmentKind, "delete", standInRefusal, 0},
		{"the text on another type", identifierURIKind, "create", standInRefusal, 0},
		{"an application without replicas", principalKind, "create", "The appId 'x' of the service principal does not reference a valid application object.", time.Hour},
		{"an application of another tenant, they say", principalKind, "create", "The backing application must in the local tenant", time.Hour},
		{"a new application's role", appRoleKind, "create", gone, 2 * time.Minute},
		{"a new application's URI", identifierURIKind, "create", gone, 2 * time.Minute},
		{"a role that exists", appRoleKind, "create", "expected no app role with id", 0},
		{"a role that one copy has enabled", appRoleKind, "update", "Permission (scope or role) cannot be deleted or updated unless disabled first.", 2 * time.Minute},
		{"the same when it is removed", appRoleKind, "delete", "Permission (scope or role) cannot be deleted or updated unless disabled first.", 2 * time.Minute},
		{"the second half of a role's update", appRoleKind, "update", "connection reset by peer", time.Minute},
		{"a role that is gone", appRoleKind, "update", "could not identify existing app role", 0},
		{"a role of somebody else", appRoleKind, "update", "status 403: Authorization_RequestDenied: Insufficient privileges to complete the operation.", 0},
		{"a secret that could be lost", "azuread:index/applicationPassword:ApplicationPassword", "create", gone, 0},
		{"a busy site's settings", siteSettingsKind, "update", busy, time.Hour},
		{"a busy new site's settings", siteSettingsKind, "create", busy, time.Hour},
		{"a busy site", siteKind, "update", busy, time.Hour},
		{"a site that may have been made", siteKind, "create", busy, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := simulate(time.Hour)
			args := &pulumi.ErrorHookArgs{URN: "urn:a", Name: "a", Type: tokens.Type(tt.kind), FailedOperation: tt.operation, Errors: []string{tt.text}}
			for again := true; again; args.Errors = append(args.Errors, tt.text) {
				var err error
				if again, err = s.again(args); err != nil {
					t.Fatal(err)
				}
			}
			var total time.Duration
			for _, pause := range s.pauses {
				total += pause
			}
			if total != tt.limit {
				t.Errorf("got %s of waiting, want %s", total, tt.limit)
			}
			for _, text := range slices.Concat(s.said, s.warned) {
				if strings.Contains(text, tt.text) {
					t.Errorf("got %q, want the refusal only in the engine's own message", text)
				}
			}
		})
	}
}

// TestPassingIsComplete looks at the rows themselves.
func TestPassingIsComplete(t *testing.T) {
	t.Parallel()
	for _, p := range passing {
		if len(p.kinds) == 0 || len(p.operations) == 0 || p.cause == "" || p.limit < 0 || p.limit > MaxPatience {
			t.Errorf("expected types, operations, a cause and a limit up to %s, got %+v", MaxPatience, p)
		}
		if p.text == "" && slices.Contains(p.operations, "create") {
			t.Errorf("expected no create to be repeated whatever the reason, got %+v", p)
		}
		for _, operation := range p.operations {
			if !slices.Contains([]string{"create", "update", "delete"}, operation) {
				t.Errorf("expected an operation of the engine, got %q", operation)
			}
		}
	}
}
