package teardown_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"app-to-app/components/provenance"
	"app-to-app/tenant/teardown"
)

func TestTeardownLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("test", "2026-01-01")
	other := "/subscriptions/" + w.session.SubscriptionID + "/resourceGroups/other?api-version=2022-09-01"
	w.must(w.session.ResourceManager.Put(t.Context(), other, map[string]any{"location": "westeurope"}, nil))
	left, err := teardown.Run(t.Context(), w.options())
	if err != nil || left.Total() != 0 {
		t.Fatalf("got %v, %v\n%s", left, err, &w.log)
	}
	if n := w.bin(); n != 0 {
		t.Errorf("expected empty bins, got %d", n)
	}
	if _, err := os.Stat(w.journal); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("expected no journal, got %v", err)
	}
	if w.stack.exists {
		t.Error("expected the stack to be removed")
	}
	w.must(w.session.ResourceManager.Get(t.Context(), other, nil))
	// A second teardown finds nothing and deletes nothing.
	before := w.deletions()
	left, err = teardown.Run(t.Context(), w.options())
	if !errors.Is(err, teardown.ErrNoStack) || left.Total() != 0 || w.deletions() != before || w.stack.destroyed != 1 {
		t.Errorf("a second time: got %v, %v, %d deletions, %d destroys", left, err, w.deletions()-before, w.stack.destroyed)
	}
}

// TestInterruptedAtEachStep stops a teardown after each step, and in the middle
// of destroying, and runs it again.
func TestInterruptedAtEachStep(t *testing.T) {
	t.Parallel()
	stop := errors.New("interrupted")
	for _, step := range teardown.Steps {
		t.Run("after "+step, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy("test", "2026-01-01")
			o := w.options()
			o.After = func(done string) error {
				if done == step {
					return stop
				}
				return nil
			}
			if _, err := teardown.Run(t.Context(), o); !errors.Is(err, stop) {
				t.Fatalf("got %v, want it interrupted", err)
			}
			w.stack.again = true
			w.endsClean()
		})
	}
	for breaks := 1; breaks <= 4; breaks++ {
		t.Run("in destroy", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy("test", "2026-01-01")
			w.stack.breaks = breaks
			if _, err := teardown.Run(t.Context(), w.options()); !errors.Is(err, errBroken) {
				t.Fatalf("got %v, want it broken", err)
			}
			w.endsClean()
		})
	}
}

func (w *world) endsClean() {
	w.t.Helper()
	left, err := teardown.Run(w.t.Context(), w.options())
	if err != nil || left.Total() != 0 || w.bin() != 0 || w.stack.exists {
		w.t.Errorf("run again: got %v, %v, %d in the bins\n%s", left, err, w.bin(), &w.log)
	}
	if _, err := os.Stat(w.journal); !errors.Is(err, os.ErrNotExist) {
		w.t.Errorf("expected no journal, got %v", err)
	}
}

// TestProofSeesWhatIsLeft leaves one thing behind in each case.
func TestProofSeesWhatIsLeft(t *testing.T) {
	t.Parallel()
	t.Run("a resource group that the state has lost", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deploy("test", "2026-01-01")
		w.stack.exists, w.stack.resources = false, nil
		left, err := teardown.Run(t.Context(), w.options())
		if err != nil || left.ResourceGroups != 1 {
			t.Errorf("got %+v, %v; want the group counted by its tags", left, err)
		}
	})
	t.Run("an app registration that destroy forgot", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deploy("test", "2026-01-01")
		o := w.options()
		o.After = func(step string) error {
			if step == "write journal" {
				w.stack.resources = w.stack.resources[:4] // what came after is left
			}
			return nil
		}
		left, err := teardown.Run(t.Context(), o)
		if want := (teardown.Left{Applications: 1, ServicePrincipals: 1}); err != nil || left != want {
			t.Errorf("got %+v, %v; want %+v", left, err, want)
		}
		if _, err := os.Stat(w.journal); err != nil {
			t.Errorf("expected the journal to stay: %v", err)
		}
	})
}

// TestProofSaysWhatItDoesNotSee leaves an app registration that the state does
// not know. The proof cannot count it, so it must say that it did not look.
func TestProofSaysWhatItDoesNotSee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("test", "2026-01-01")
	var unknown struct{ ID string }
	w.must(w.session.Graph.Post(t.Context(), "/v1.0/applications", map[string]any{"displayName": w.stack.name, "signInAudience": "AzureADMyOrg"}, &unknown))
	left, err := teardown.Run(t.Context(), w.options())
	if err != nil || left.Total() != 0 {
		t.Errorf("got %+v, %v; want nothing counted", left, err)
	}
	w.must(w.session.Graph.Get(t.Context(), "/v1.0/applications/"+unknown.ID, nil))
	if want := "not for what has no mark and is in no state"; !strings.Contains(teardown.LookedFor, want) {
		t.Errorf("got %q, want %q in it", teardown.LookedFor, want)
	}
}

// TestProofCountsWhatTheStateHasLost has an app registration, its service principal
// and a resource in another group that only their marks name: they are counted and
// named, with what removes them, and left alone.
func TestProofCountsWhatTheStateHasLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("test", "2026-01-01")
	ctx, mark := t.Context(), provenance.Mark{Project: "app-to-app", Stack: w.stack.name, Name: "lost"}
	var app, principal struct{ ID, AppID string }
	w.must(w.session.Graph.Post(ctx, "/v1.0/applications", map[string]any{"displayName": "lost", "signInAudience": "AzureADMyOrg", "tags": mark.Tags()}, &app))
	w.must(w.session.Graph.Post(ctx, "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID, "tags": mark.Tags()}, &principal))
	group := "/subscriptions/" + w.session.SubscriptionID + "/resourceGroups/elsewhere"
	identity := group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/lost"
	w.must(w.session.ResourceManager.Put(ctx, group+"?api-version=2022-09-01", map[string]any{"location": "westeurope"}, nil))
	w.must(w.session.ResourceManager.Put(ctx, identity+"?api-version=2023-01-31", map[string]any{"location": "westeurope", "tags": mark.ARMTags()}, nil))
	left, err := teardown.Run(ctx, w.options())
	if want := (teardown.Left{Applications: 1, ServicePrincipals: 1, Resources: 1}); err != nil || left != want {
		t.Errorf("got %+v, %v; want %+v", left, err, want)
	}
	for _, want := range []string{"az ad app delete --id " + app.ID, "az ad sp delete --id " + principal.ID, "az resource delete --ids " + identity} {
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("got the log:\n%s\nwant %q in it", &w.log, want)
		}
	}
	w.must(w.session.Graph.Get(ctx, "/v1.0/applications/"+app.ID, nil))
}

func TestTeardownRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		edit func(*world, *teardown.Options)
		want string
	}{
		{"prod", func(w *world, _ *teardown.Options) {
			w.stack.resources[0]["outputs"] = map[string]any{"environment": "prod"}
		}, "environment is prod"},
		{"a group tagged prod", func(w *world, _ *teardown.Options) {
			w.stack.resources[2]["inputs"] = map[string]any{"tags": map[string]any{"environment": "prod"}}
		}, "environment is prod"},
		{"a protected resource", func(w *world, _ *teardown.Options) {
			w.stack.resources[4]["protect"] = true
		}, "stack is protected: urn:pulumi:pr-7::app-to-app::azuread:index/application:Application::4"},
		{"another subscription", func(w *world, _ *teardown.Options) {
			w.session.SubscriptionID = w.sandbox.Tenants()[1].SubscriptionID
		}, "expected the stack's subscription"},
		{"another tenant", func(w *world, _ *teardown.Options) {
			w.stack.resources[5]["outputs"].(map[string]any)["applicationTenantId"] = w.sandbox.Tenants()[1].ID
		}, "expected the stack's tenant"},
		{"no", func(_ *world, o *teardown.Options) {
			o.Confirm = func(string, teardown.Remains) error { return errors.New("not confirmed") }
		}, "not confirmed"},
		{"the journal of another stack", func(w *world, _ *teardown.Options) {
			w.must(os.MkdirAll(w.journal[:strings.LastIndex(w.journal, "/")], 0o700))
			w.must(os.WriteFile(w.journal, []byte(`{"stack":"dev"}`), 0o600))
		}, `expected stack "pr-7", got "dev"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy("test", "2026-01-01")
			o := w.options()
			test.edit(w, &o)
			if _, err := teardown.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if n := w.deletions(); n != 0 {
				t.Errorf("expected nothing to be deleted, got %d deletions", n)
			}
		})
	}
}

// TestPurgesOnlyItsOwn has something else in the recycle bin under an id of the
// journal.
func TestPurgesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("test", "2026-01-01")
	w.stack.resources[5]["outputs"].(map[string]any)["clientId"] = "11111111-2222-3333-4444-555555555555"
	_, err := teardown.Run(t.Context(), w.options())
	if err == nil || !strings.Contains(err.Error(), "nothing was purged") || w.bin() == 0 {
		t.Errorf("got %v and %d in the bins, want it refused", err, w.bin())
	}
}

func TestFindExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := func(name string, tags map[string]any) {
		w.must(w.session.ResourceManager.Put(t.Context(), "/subscriptions/"+w.session.SubscriptionID+"/resourceGroups/"+name+"?api-version=2022-09-01",
			map[string]any{"location": "westeurope", "tags": tags}, nil))
	}
	tags := func(stack, environment, expiresOn string) map[string]any {
		return map[string]any{"project": "app-to-app", "stack": stack, "environment": environment, "expiresOn": expiresOn}
	}
	put("a", tags("pr-2", "test", "2026-03-01"))
	put("b", tags("pr-1", "test", "2026-02-28"))
	put("c", tags("pr-3", "test", "2026-03-02"))
	put("d", tags("prod", "prod", "2026-01-01"))
	put("e", tags("dev", "dev", ""))
	put("f", tags("pr-4", "test", "soon"))
	put("g", map[string]any{"project": "another", "stack": "pr-5", "environment": "test", "expiresOn": "2026-01-01"})
	for _, test := range []struct{ name, now, want string }{
		{"a second before the first date", "2026-02-27T23:59:59Z", ""},
		{"the start of the first date", "2026-02-28T00:00:00Z", "pr-1"},
		{"noon of the second date", "2026-03-01T12:00:00+00:00", "pr-1 pr-2"},
		{"the third date in another time zone only", "2026-03-02T00:30:00+01:00", "pr-1 pr-2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, test.now)
			if err != nil {
				t.Fatal(err)
			}
			found, err := teardown.FindExpired(t.Context(), w.session, "app-to-app", now)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, e := range found {
				names = append(names, e.Stack)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("at %s: got %q, want %q", test.now, got, test.want)
			}
		})
	}
}
