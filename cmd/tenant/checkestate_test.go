package main

import (
	"strings"
	"testing"
)

// TestCheckOfAnEstate: a stack that leaves something to another team needs no right
// for it.
func TestCheckOfAnEstate(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	first := h.sandbox.Tenants()[0]
	nobody, err := h.sandbox.AddDeployer(first, "nobody", nil, []string{"Contributor", "Role Based Access Control Administrator"})
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range h.sandbox.Environ(nobody) {
		name, value, _ := strings.Cut(pair, "=")
		h.environ[name] = value
	}
	const owned, read, assign = "graphPermission Application.ReadWrite.OwnedBy", "graphPermission Application.Read.All", "graphPermission AppRoleAssignment.ReadWrite.All"
	other := `{"stack":"organization/app-to-app/api"}`
	for _, tt := range []struct {
		name  string
		edits map[string]string
		want  []string
	}{
		{"all by itself", map[string]string{}, []string{owned, read, assign}},
		{"requested", map[string]string{"app-to-app:assignments": "requested"}, []string{owned, read}},
		{"another stack's API", map[string]string{"app-to-app:api": other}, []string{read, assign}},
		{"an existing registration", map[string]string{"app-to-app:api": `{"registration":"existing","clientId":"` + first.ID + `"}`}, []string{read, assign}},
		{"an existing registration, requested, with a receipt", map[string]string{"app-to-app:api": `{"registration":"existing","clientId":"` + first.ID + `"}`, "app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": "r.json"}, []string{read}},
		{"another stack's API, requested", map[string]string{"app-to-app:api": other, "app-to-app:assignments": "requested"}, []string{read}},
		{"another stack's API, requested, with a receipt", map[string]string{"app-to-app:api": other, "app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": "r.json"}, nil},
		{"the same with a registration that is requested", map[string]string{"app-to-app:api": other, "app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": "r.json",
			"app-to-app:clients": `[{"name":"billing","identity":"federated"}]`}, nil},
		{"the same with a partner by name", map[string]string{"app-to-app:api": other, "app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": "r.json",
			"app-to-app:clients": `[{"name":"partner","identity":"existing","displayName":"Partner"}]`}, []string{read}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.stack["config --json --stack estate"] = configJSON(t, "prod", tt.edits)
			code := h.run("check", "-stack", "estate")
			for _, permission := range []string{owned, read, assign} {
				wanted := strings.Contains(strings.Join(tt.want, "\n"), permission)
				if strings.Contains(h.stdout.String(), permission) != wanted {
					t.Errorf("got exit code %d and:\n%s%s\nwant %s in it: %t", code, &h.stdout, &h.stderr, permission, wanted)
				}
			}
			if want := map[bool]int{true: exitSame, false: exitDiffers}[tt.want == nil]; code != want {
				t.Errorf("got exit code %d and:\n%s%s\nwant %d", code, &h.stdout, &h.stderr, want)
			}
		})
	}
}
