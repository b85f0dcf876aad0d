package e2e_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/sandbox/store"
)

// This file lists everything that a run leaves, to compare it with another run's.
// It reads the sandbox's store and not its lists, so that nothing is overlooked
// that no list shows. The rules are: ids, random parts of names, times and secrets
// count as equal, so none is printed; an empty member counts as none; the order of
// lists does not count.

// An end is what a step leaves, a line for each thing, sorted.
type end struct {
	alive  []string // in the tenant and its subscription
	binned []string // deleted, and can be restored
	state  []string // the state's resources, and its pending operations
}

// end lists what there is now.
func (s *scene) end() end {
	s.world.t.Helper()
	e := endOf(s.world.t, s.world.sandbox)
	e.state = s.stateLines()
	return e
}

// endOf lists what there is in a sandbox.
func endOf(t testing.TB, s *sandbox.Sandbox) (e end) {
	t.Helper()
	err := s.Store().View(func(tx *store.Tx) error {
		list(tx, &e, "application", store.Applications, func(a store.Application) bool { return a.DeletedAt != nil })
		list(tx, &e, "service principal", store.ServicePrincipals, func(p store.ServicePrincipal) bool { return p.DeletedAt != nil })
		list(tx, &e, "app role assignment", store.AppRoleAssignments, nil)
		list(tx, &e, "resource", store.Resources, nil)
		list(tx, &e, "role assignment", store.RoleAssignments, nil)
		list(tx, &e, "diagnostic setting", store.DiagnosticSettings, nil)
		list(tx, &e, "vault secret", currentSecrets{}, func(v store.VaultSecret) bool { return !v.DeletedAt.IsZero() })
		for _, site := range store.Sites.All(tx, "") { // not how often it was published
			e.alive = append(e.alive, equalized(fmt.Sprintf("site %s runs %q", site.ResourceID, site.Functions)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(e.alive)
	slices.Sort(e.binned)
	return e
}

// list adds the objects of a collection; binned tells those that were deleted.
func list[T any](tx *store.Tx, e *end, kind string, c collection[T], binned func(T) bool) {
	named := names(tx)
	for _, value := range c.All(tx, "") {
		data, err := json.Marshal(value)
		var content any
		if err == nil {
			err = json.Unmarshal([]byte(named.Replace(string(data))), &content)
		}
		if err == nil {
			data, err = json.Marshal(plain(content))
		}
		if err != nil {
			panic(fmt.Sprintf("list a %s: %v", kind, err)) // the store decoded it
		}
		if line := kind + " " + string(data); binned != nil && binned(value) {
			e.binned = append(e.binned, line)
		} else {
			e.alive = append(e.alive, line)
		}
	}
}

// A collection lists what the store has of a kind.
type collection[T any] interface {
	All(tx *store.Tx, prefix string) iter.Seq2[string, T]
}

// currentSecrets are the secrets of vaults, each with the version that a reference
// without one gets. Every overwriting leaves the version before it, as each rotation
// does, and a PUT whose answer was lost leaves one with the same value: it lets
// nobody do what the current one does not, and ends with it.
type currentSecrets struct{}

func (currentSecrets) All(tx *store.Tx, prefix string) iter.Seq2[string, store.VaultSecret] {
	return func(yield func(string, store.VaultSecret) bool) {
		for id, secret := range store.VaultSecrets.All(tx, prefix) {
			secret.Versions = []store.SecretVersion{secret.Latest()}
			if !yield(id, secret) {
				return
			}
		}
	}
}

// random is what differs from one run to the next, and what to put there. Names
// that the providers choose end with eight hexadecimal digits.
var random = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?`), "#"},
	{regexp.MustCompile(`(?i)[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}`), "#"},
	{regexp.MustCompile(`(?i)[0-9a-f]{32,}`), "#"},
	{regexp.MustCompile(`(?i)[0-9a-f]{8}\b`), "#"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "#"},
}

// equalized is a text without what is random.
func equalized(text string) string {
	for _, r := range random {
		text = r.pattern.ReplaceAllString(text, r.instead)
	}
	return text
}

// encoded is a value that is random as a whole: a key, a hash, an assignment's id.
var encoded = regexp.MustCompile(`^[A-Za-z0-9_+-][A-Za-z0-9_+/~.-]{24,}=*$`)

// secret are the members that have a secret, or what is made of one.
var secret = []string{"Value", "Hint", "SecretHash", "Certificate", "CustomKeyIdentifier"}

// names replaces the ids of principals and app roles by their names, so that an
// assignment says who has which role.
func names(tx *store.Tx) *strings.Replacer {
	var pairs []string
	for _, app := range store.Applications.All(tx, "") {
		pairs = append(pairs, app.ObjectID, app.DisplayName)
		for _, role := range app.AppRoles {
			pairs = append(pairs, role.ID, role.Value)
		}
	}
	for _, principal := range store.ServicePrincipals.All(tx, "") {
		pairs = append(pairs, principal.ObjectID, principal.DisplayName)
	}
	return strings.NewReplacer(pairs...)
}

// plain is a JSON value without what is random, and with sorted lists.
func plain(value any) any {
	switch v := value.(type) {
	case string:
		return encoded.ReplaceAllString(equalized(v), "#")
	case float64:
		if v > 1e9 {
			return "#" // Unix seconds
		}
	case map[string]any:
		object := make(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if list, ok := v[key].([]any); v[key] == nil || ok && len(list) == 0 {
				continue // an update may send what a creation leaves out
			}
			object[equalized(key)] = plain(v[key])
			if slices.Contains(secret, key) {
				object[key] = "#"
			}
		}
		return object
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return value
}

// stateLines are the types and names in the stack's state, and its pending
// operations.
func (s *scene) stateLines() (all []string) {
	s.world.t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct {
				URN    string `json:"urn"`
				Delete bool   `json:"delete"`
			} `json:"resources"`
			Pending []struct {
				Type     string
				Resource struct {
					URN string `json:"urn"`
				} `json:"resource"`
			} `json:"pending_operations"`
		}
	}
	if err := json.Unmarshal([]byte(s.world.export()), &state); err != nil {
		s.world.t.Fatal(err)
	}
	for _, r := range state.Deployment.Resources {
		if r.Delete {
			r.URN += " (to be deleted)"
		}
		all = append(all, r.URN)
	}
	for _, p := range state.Deployment.Pending {
		all = append(all, "pending "+p.Type+" of "+p.Resource.URN)
	}
	slices.Sort(all)
	return all
}

// TestEndsTellWhatIsLeft makes and changes things in a tenant: each must show, and
// the same in another tenant must look the same.
func TestEndsTellWhatIsLeft(t *testing.T) {
	t.Parallel()
	type made struct{ alive, binned []string }
	var ends [2][]made
	for i := range ends {
		s := sandboxtest.Start(t, sandboxtest.Options{})
		azure, err := deployer.New(t.Context(), s, s.Tenants()[0])
		if err != nil {
			t.Fatal(err)
		}
		before := endOf(t, s)
		var application struct{ ID, AppID string }
		var secret struct{ SecretText string }
		for _, step := range []struct {
			what, method, path string
			in, out            any
		}{
			{"an application", "POST", "/v1.0/applications", map[string]any{"displayName": "Left"}, &application},
			{"a secret", "POST", "/v1.0/applications/{id}/addPassword", map[string]any{"passwordCredential": map[string]any{"displayName": "a"}}, &secret},
			{"a service principal", "POST", "/v1.0/servicePrincipals", map[string]any{"appId": ""}, nil},
			{"a half-made name", "PATCH", "/v1.0/applications/{id}", map[string]any{"displayName": "TERRAFORM_UPDATE_"}, nil},
			{"a resource group", "PUT", "/subscriptions/" + s.Tenants()[0].SubscriptionID + "/resourceGroups/left?api-version=2022-09-01", map[string]any{"location": "westeurope"}, nil},
			{"a deleted application", "DELETE", "/v1.0/applications/{id}", nil, nil},
		} {
			if body, ok := step.in.(map[string]any); ok && body["appId"] != nil {
				body["appId"] = application.AppID
			}
			if err := azure.Do(t.Context(), step.method, strings.ReplaceAll(step.path, "{id}", application.ID), step.in, step.out); err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			after := endOf(t, s)
			change := made{without(after.alive, before.alive), without(after.binned, before.binned)}
			if len(change.alive)+len(change.binned) == 0 {
				t.Errorf("%s: expected it to show, got the same end", step.what)
			}
			if all := fmt.Sprint(after); secret.SecretText != "" && strings.Contains(all, secret.SecretText) {
				t.Errorf("%s: expected no secret among %q", step.what, change)
			}
			ends[i], before = append(ends[i], change), after
		}
	}
	for n := range ends[0] {
		if a, b := ends[0][n], ends[1][n]; !slices.Equal(a.alive, b.alive) || !slices.Equal(a.binned, b.binned) {
			t.Errorf("expected the same from the same step in two sandboxes, got\n%q\n%q", a, b)
		}
	}
}
