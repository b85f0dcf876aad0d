package e2e_test

import (
	"strings"
	"testing"
	"time"
)

// rotationDays is the period of the stack under load, and quarters are times
// in it.
const rotationDays = 80

func quarter(generation, n int) string {
	day := generation*rotationDays + n*rotationDays/4 + 1
	return time.Unix(0, 0).UTC().AddDate(0, 0, day).Format(time.DateOnly)
}

// TestNoCallIsDropped rotates a client's secrets and moves the client from one
// kind of identity to the next, all with at least 50 calls a second under way,
// each of which makes the client prove itself anew.
func TestNoCallIsDropped(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	w.pulumi("stack", "init", "dev")
	client := func(identity, previous string) map[string]any {
		c := fields{"name": "orders-client", "identity": identity, "tokenProviders": []string{"azidentity"}}
		if previous != "" {
			c["previousIdentity"] = previous
		}
		return map[string]any{"clients": []fields{c}}
	}
	w.set(map[string]any{"rotationDays": rotationDays, "asOf": quarter(260, 3)})
	w.set(client("clientSecret", ""))
	w.up()
	l := w.startLoad("orders-client")
	defer l.stop()
	l.await(t, perSecond)

	t.Run("both slots rotate twice", func(t *testing.T) {
		inner := w.in(t)
		for generation := 261; generation <= 264; generation++ {
			for n := range 3 { // nothing happens in the fourth quarter
				inner.set(map[string]any{"asOf": quarter(generation, n)})
				outcome := inner.up()
				if outcome.Changed() == 0 {
					t.Errorf("quarter %d of generation %d: expected a step of the rotation, got no changes", n, generation)
				}
				l.await(t, perSecond/2)
				l.expectNone(t)
			}
			if again := inner.run("preview"); again.Changed() != 0 {
				t.Errorf("generation %d: expected a second run to change nothing, got %v", generation, again.Touched)
			}
		}
	})

	for _, step := range []struct{ name, identity, previous string }{
		{"a certificate beside the secret", "certificate", "clientSecret"},
		{"the secret goes", "certificate", ""},
		{"a federated credential beside the certificate", "federated", "certificate"},
		{"the certificate goes", "federated", ""},
		{"a managed identity beside the app registration", "managedIdentity", "federated"},
		{"the app registration goes", "managedIdentity", ""},
		{"the site's own identity beside the user-assigned one", "systemAssigned", "managedIdentity"},
		{"the user-assigned identity goes", "systemAssigned", ""},
	} {
		t.Run(step.name, func(t *testing.T) {
			inner := w.in(t)
			inner.set(client(step.identity, step.previous))
			inner.up()
			previewsClean(inner)
			l.await(t, perSecond)
			l.expectNone(t)
			credential := inner.callAll().Results[0].Credential
			if want := map[string]string{"managedIdentity": "userAssigned"}[step.identity]; credential != want && credential != step.identity {
				t.Errorf("got credential %q, want that of the identity %q", credential, step.identity)
			}
		})
	}
	done, _ := l.finished()
	if rate := float64(done) / time.Since(l.began).Seconds(); rate < 50 {
		t.Logf("the machine was too busy for 50 requests a second: %.0f", rate)
	}
	nothingLeaked(w)
}

// TestNaiveRotationDropsCalls replaces a secret in its place, as a person with
// a portal would, and shows that the load notices.
func TestNaiveRotationDropsCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	w.pulumi("stack", "init", "dev")
	w.set(map[string]any{"clients": []fields{{"name": "orders-client", "identity": "clientSecret", "tokenProviders": []string{"azidentity"}}}})
	w.up()
	l := w.startLoad("orders-client")
	defer l.stop()
	l.await(t, perSecond)
	l.expectNone(t)
	application := "/v1.0/applications/" + w.exports().Access[0].ApplicationObjectID
	w.do("POST", application+"/removePassword", map[string]any{"keyId": w.exports().Access[0].Credentials[0].ID}, nil)
	l.await(t, perSecond)
	_, failures := l.finished()
	if len(failures) == 0 {
		t.Error("expected calls to fail once the secret in use is gone, got none")
	} else if !strings.Contains(failures[0], "AADSTS7000215") {
		t.Errorf("got failure %q, want AADSTS7000215", failures[0])
	}
}
