package graph_test

import (
	"slices"
	"testing"
)

func TestGetByIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, client := w.newApplication(map[string]any{})
	sp := w.newServicePrincipal(client)
	foreign := w.want(201, "stranger", "POST", "/v1.0/applications", `{"displayName":"theirs"}`).property("id")
	gone, _ := w.newApplication(map[string]any{})
	w.want(204, "deployer", "DELETE", "/v1.0/applications/"+gone, nil)
	ids := []string{sp, foreign, app, gone, zero, sp, ordersIdentity}
	for _, tt := range []struct {
		name  string
		types any
		want  []string
	}{
		{"any type", nil, []string{sp, app, ordersIdentity}},
		{"no type named", []string{}, []string{sp, app, ordersIdentity}},
		{"one type", []string{"application"}, []string{app}},
		{"types that there are none of, and one in another case", []string{"user", "Group", "ServicePrincipal"}, []string{sp, ordersIdentity}},
		{"types that there are none of", []string{"user", "group"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := map[string]any{"ids": ids, "types": tt.types}
			var got []string
			for _, o := range w.want(200, "admin", "POST", "/v1.0/directoryObjects/getByIds", body).values() {
				if o["@odata.type"] == nil {
					t.Errorf("got %v, want its type", o)
				}
				got = append(got, o["id"].(string))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	path := "/v1.0/directoryObjects/getByIds"
	w.want(400, "admin", "POST", path, `{}`)
	w.want(400, "admin", "POST", path, `{"ids":["x"]}`)
	w.want(400, "admin", "POST", path, map[string]any{"ids": slices.Repeat([]string{zero}, 1001)})
	w.want(501, "admin", "POST", path, `{"ids":[],"types":["message"]}`)
	w.want(403, "deployer", "POST", path, `{"ids":[]}`) // Application.Read.All is not enough
}

func TestWhatNeedsUsersOrGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, client := w.newApplication(map[string]any{})
	sp := "/v1.0/servicePrincipals/" + w.newServicePrincipal(client)
	for _, path := range []string{sp, "/v1.0/servicePrincipals(appId='" + client + "')"} {
		got := w.want(200, "deployer", "POST", path+"/getMemberGroups", `{"securityEnabledOnly":false}`)
		if want := w.base + "/v1.0/$metadata#Collection(Edm.String)"; got.property("@odata.context") != want || len(got.values()) != 0 {
			t.Errorf("got %s, want no group in %s", got.text, want)
		}
		if got := w.want(200, "admin", "GET", path+"/oauth2PermissionGrants", nil); got.body["value"] == nil {
			t.Errorf("got %s, want a list", got.text)
		}
	}
	nobody := "/v1.0/servicePrincipals/" + zero
	w.want(404, "admin", "POST", nobody+"/getMemberGroups", `{"securityEnabledOnly":true}`)
	w.want(404, "admin", "GET", nobody+"/oauth2PermissionGrants", nil)
	w.want(400, "admin", "POST", sp+"/getMemberGroups", `{}`)
	w.want(403, "deployer", "GET", "/v1.0/oauth2PermissionGrants", nil)
	w.want(501, "admin", "POST", "/v1.0/oauth2PermissionGrants", `{}`)
}
