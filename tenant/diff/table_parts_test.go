package diff

import (
	"strings"
	"testing"
)

// TestEveryValueIsShown: a value that may be shown and decides about access
// changes the report, for a new resource and for a replaced one. Of a new one,
// the place is not said.
func TestEveryValueIsShown(t *testing.T) {
	t.Parallel()
	policy := func(may string) any {
		return map[string]any{"objectId": "11111111-2222-3333-4444-555555555555", "permissions": map[string]any{"secrets": []any{may}}}
	}
	values := map[string][2]any{ // of what is no text
		"owners": {[]any{"one"}, []any{"two"}}, "identity.userAssignedIdentities": {[]any{"one"}, []any{"two"}}, "allowedMemberTypes": {[]any{"User"}, []any{"Application"}},
		"properties.accessPolicies": {[]any{policy("get")}, []any{policy("set")}}, "policy": {policy("get"), policy("set")},
		"allow": {true, false}, "appRoleAssignmentRequired": {true, false},
	}
	checked := 0
	for token, k := range kinds {
		if token == commandType {
			continue // any other than the publisher's is not understood
		}
		for _, p := range k.properties {
			if p.quiet || !p.shown {
				continue
			}
			checked++
			pair, special := values[p.path]
			if !special {
				pair = [2]any{"one", "two"}
			}
			state := func(value any) *State {
				inputs := make(map[string]any)
				if token == "azure-native:authorization:RoleAssignment" && p.path == "conditionVersion" {
					inputs["condition"] = "c"
				}
				at := inputs
				names := strings.Split(p.path, ".")
				for _, name := range names[:len(names)-1] {
					below := make(map[string]any)
					at[name], at = below, below
				}
				at[names[len(names)-1]] = value
				return &State{Inputs: inputs}
			}
			report := func(op string, old, new *State) string {
				return Preview{Steps: []Step{{Op: op, URN: "urn:pulumi:dev::p::" + token + "::x", Old: old, New: new}}}.Markdown("dev", Names{})
			}
			if !p.place && report("create", nil, state(pair[0])) == report("create", nil, state(pair[1])) {
				t.Errorf("%s: %s of a new one does not change the report:\n%s", token, p.path, report("create", nil, state(pair[0])))
			}
			if moved := report("replace", state(pair[0]), state(pair[1])); moved == report("replace", state(pair[1]), state(pair[0])) {
				t.Errorf("%s: %s of a replaced one does not change the report:\n%s", token, p.path, moved)
			}
		}
	}
	if checked < 60 {
		t.Errorf("got %d values, want more", checked)
	}
}

// TestReplacementsSayWhatIsGone: what a replacement drops can let somebody in.
func TestReplacementsSayWhatIsGone(t *testing.T) {
	t.Parallel()
	const blocked = "11111111-2222-3333-4444-555555555555"
	settings := func(more map[string]any) map[string]any {
		all := map[string]any{"ORDERS_ROLE": "R", "ORDERS_SCHEDULE": "x"}
		for name, value := range more {
			all[name] = value
		}
		return map[string]any{"name": "a", "properties": all}
	}
	for _, test := range []struct {
		name, token string
		old, new    map[string]any
		want        string
	}{
		{"a client certificate", siteType, map[string]any{"name": "a", "clientCertEnabled": true, "httpsOnly": true}, map[string]any{"name": "b", "httpsOnly": true},
			"whether it asks for client certificates from `true` to nothing"},
		{"a closed network", siteType, map[string]any{"publicNetworkAccess": "Disabled", "httpsOnly": true}, map[string]any{"httpsOnly": true},
			"whether it is reachable from public networks from `Disabled` to nothing"},
		{"the networks of a vault", vaultType, map[string]any{"properties": map[string]any{"networkAcls": map[string]any{"defaultAction": "Deny"}}}, map[string]any{},
			"the networks that reach it from a value that is not shown to nothing"},
		{"the claim that tells applications", applicationType, map[string]any{"optionalClaims": map[string]any{"accessTokens": []any{map[string]any{"name": "idtyp"}}}}, map[string]any{},
			"the claims in its tokens from a value that is not shown to nothing"},
		{"blocked callers", "azure-native:web:WebAppApplicationSettings", settings(map[string]any{"ORDERS_BLOCKED_CALLERS": blocked}), settings(nil),
			"(`ORDERS_BLOCKED_CALLERS`): added nobody; removed id `" + blocked + "`"},
		{"the only clients", "azure-native:web:WebAppApplicationSettings", settings(map[string]any{"ORDERS_ALLOWED_CLIENTS": blocked}), settings(nil),
			"(`ORDERS_ALLOWED_CLIENTS`): added nobody; removed id `" + blocked + "`"},
		{"the app role of another API", appSettingsType, map[string]any{"name": "a", "properties": map[string]any{"STOCK_TENANT_ID": "t", "STOCK_AUTHORITY_HOST": "h", "STOCK_ROLE": "Stock.Read"}},
			map[string]any{"name": "a", "properties": map[string]any{"STOCK_TENANT_ID": "t", "STOCK_AUTHORITY_HOST": "h", "STOCK_ROLE": "Stock.Write"}},
			"the app role that callers need (`STOCK_ROLE`) from `Stock.Read` to `Stock.Write`"},
		{"a name that is of no API", appSettingsType, nil, settings(map[string]any{"STOCK_ROLE": "R"}), "`properties.STOCK_ROLE`"},
		{"new settings that are hidden", "azure-native:web:WebAppApplicationSettings", nil, settings(map[string]any{"ORDERS_CLIENT_SECRET": "[secret]"}),
			"set, with a value that is not shown: the client secret that it signs in with (`ORDERS_CLIENT_SECRET`)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			step := Step{Op: "create", URN: "urn:pulumi:dev::p::" + test.token + "::x", New: &State{Inputs: test.new}}
			if test.old != nil {
				step.Op, step.Old = "replace", &State{Inputs: test.old}
			}
			if got := (Preview{Steps: []Step{step}}).Markdown("dev", Names{}); !strings.Contains(got, test.want) {
				t.Errorf("want %q, got:\n%s", test.want, got)
			}
		})
	}
}

// TestRenamesSayWhatIsGone: a resource with another logical name is the same one in
// Azure, and what it had is gone.
func TestRenamesSayWhatIsGone(t *testing.T) {
	t.Parallel()
	const blocked = "11111111-2222-3333-4444-555555555555"
	app := func(name string, more map[string]any) *State {
		return &State{Inputs: map[string]any{"name": name, "resourceGroupName": "ours", "properties": more}}
	}
	const urn = "urn:pulumi:dev::p::azure-native:web:WebAppApplicationSettings::"
	dropped := "app settings `b` is **new**, in the place of app settings `a`"
	for _, test := range []struct {
		name string
		new  *State
		want bool
	}{
		{"the same site", app("Site", map[string]any{"ORDERS_ROLE": "R"}), true},
		{"another site", app("other", map[string]any{"ORDERS_ROLE": "R"}), false},
		{"a site that is not known yet", app(unknownValue, map[string]any{"ORDERS_ROLE": "R"}), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := Preview{Steps: []Step{
				{Op: "delete", URN: urn + "a", Old: app("site", map[string]any{"ORDERS_ROLE": "Q", "ORDERS_URL": "u", "ORDERS_BLOCKED_CALLERS": blocked})},
				{Op: "create", URN: urn + "b", New: test.new},
			}}.Markdown("dev", nil)
			for _, text := range []string{dropped, "(`ORDERS_ROLE`) from `Q` to `R`", "(`ORDERS_URL`) from `u` to nothing", "(`ORDERS_BLOCKED_CALLERS`): added nobody; removed id `" + blocked + "`"} {
				if strings.Contains(got, text) != test.want {
					t.Errorf("want %q: %v, got:\n%s", text, test.want, got)
				}
			}
		})
	}
}
