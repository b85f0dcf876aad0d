package e2e_test

import (
	"strings"
	"testing"
	"time"
)

// rotationDays is the period of the stack under load.
const rotationDays = 80

// quarter is the date of a day in the n-th quarter of a generation.
func quarter(generation, n int) string {
	day := generation*rotationDays + n*rotationDays/4 + 1
	return time.Unix(0, 0).UTC().AddDate(0, 0, day).Format(time.DateOnly)
}

// underLoad deploys a client with an identity and starts calls to it.
func underLoad(t *testing.T, identity string, settings map[string]any) (*world, *load) {
	t.Helper()
	w := newWorld(t)
	w.pulumi("stack", "init", "dev")
	w.set(settings)
	w.set(clientOf(identity, ""))
	w.up()
	l := w.startLoad("orders-client")
	t.Cleanup(l.stop)
	l.await(t, perSecond)
	l.expectNone(t)
	return w, l
}

// clientOf are the settings of the client under load.
func clientOf(identity, previous string) map[string]any {
	c := fields{"name": "orders-client", "identity": identity, "tokenProviders": []string{"azidentity"}}
	if previous != "" {
		c["previousIdentity"] = previous
	}
	return map[string]any{"clients": []fields{c}}
}

// TestRotationDropsNoCall rotates a client's secrets with about 20 calls a second
// under way, each of which makes the client get a new token. Then it does what a
// person with a portal would, removes the secret in use, and calls fail.
func TestRotationDropsNoCall(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w, l := underLoad(t, "clientSecret", map[string]any{"rotationDays": rotationDays, "asOf": quarter(260, 3)})

	t.Run("both slots rotate, and the first again", func(t *testing.T) {
		inner := w.in(t)
		for generation := 261; generation <= 263; generation++ {
			for n := range 3 { // nothing happens in the fourth quarter
				inner.set(map[string]any{"asOf": quarter(generation, n)})
				if inner.up().Changed() == 0 {
					t.Errorf("quarter %d of generation %d: expected a step of the rotation, got no changes", n, generation)
				}
				l.await(t, perSecond/2)
				l.expectNone(t)
			}
		}
		previewsClean(inner)
	})

	t.Run("calls fail once the secret in use is removed", func(t *testing.T) {
		inner := w.in(t)
		access := inner.exports().Access[0]
		inner.do("POST", "/v1.0/applications/"+access.ApplicationObjectID+"/removePassword", map[string]any{"keyId": access.Credentials[0].ID}, nil)
		l.await(t, perSecond)
		if _, failures := l.finished(); len(failures) == 0 {
			t.Error("expected calls to fail, got no failure")
		} else if !strings.Contains(failures[0], "AADSTS7000215") {
			t.Errorf("got failure %q, want AADSTS7000215", failures[0])
		}
	})
	l.stop()
	nothingLeaked(w)
}

// TestNoCallIsDropped moves a client from one kind of identity to the next under
// the same load.
func TestNoCallIsDropped(t *testing.T) {
	skipUnlessLong(t)
	w, l := underLoad(t, "clientSecret", nil)
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
			inner.set(clientOf(step.identity, step.previous))
			inner.up()
			if step.previous != "" { // TestEveryKindOfIdentity previews each kind alone
				previewsClean(inner)
			}
			l.await(t, perSecond)
			l.expectNone(t)
			credential := inner.callAll().Results[0].Credential
			if want := map[string]string{"managedIdentity": "userAssigned"}[step.identity]; credential != want && credential != step.identity {
				t.Errorf("got credential %q, want that of the identity %q", credential, step.identity)
			}
		})
	}
	l.stop()
	nothingLeaked(w)
}
