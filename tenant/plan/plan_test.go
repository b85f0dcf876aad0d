package plan_test

import (
	"strings"
	"testing"
	"time"

	"app-to-app/tenant/plan"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	state, made := []byte("state"), []byte("plan")
	record, err := plan.New("prod", "abc", time.Unix(1_700_000_000, 0), state, state, made)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, stack, commit, state, plan, want string }{
		{"as it was", "prod", "abc", "state", "plan", ""},
		{"another stack", "dev", "abc", "state", "plan", `expected stack "prod", got "dev"`},
		{"another commit", "prod", "abd", "state", "plan", `expected commit "abc", got "abd"`},
		{"another plan", "prod", "abc", "state", "plan2", "expected the plan that was recorded, got another one"},
		{"another state", "prod", "abc", "state2", "plan", "which has changed since"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := record.Check(test.stack, test.commit, []byte(test.state), []byte(test.plan))
			if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "2023-11-14T22:13:20Z")) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if err := (plan.Record{}).Check("", "", nil, nil); err == nil {
		t.Error("expected an empty record to be refused, got none")
	}
	if _, err := plan.New("prod", "abc", time.Time{}, state, []byte("moved"), made); err == nil {
		t.Error("expected a state that moved during the preview to be refused, got none")
	}
}
