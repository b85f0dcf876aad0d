package recover

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"app-to-app/components/provenance"
)

// A roleStack has two app roles of an app registration in its state.
type roleStack struct {
	fileStack
	application string
}

const (
	readID  = "11111111-aaaa-4000-8000-000000000001"
	writeID = "11111111-aaaa-4000-8000-000000000002"
	otherID = "11111111-aaaa-4000-8000-000000000003"
)

func (s *roleStack) Export(context.Context) ([]byte, error) {
	role := func(name, id string) string {
		return fmt.Sprintf(`{"urn":"urn:pulumi:dev::app-to-app::azuread:index/applicationAppRole:ApplicationAppRole::%s","type":"%s","custom":true,"id":"/applications/%s/appRoles/%s"}`,
			name, appRoleType, s.application, id)
	}
	return fmt.Appendf(nil, `{"version":3,"deployment":{"resources":[%s,%s]}}`, role("read", readID), role("write", writeID)), nil
}

func (*roleStack) Import(context.Context, []byte) error { return nil }

// TestDisabledRoles has one role of the stack disabled, and one that is not the
// stack's: the first is enabled, and nothing else changes.
func TestDisabledRoles(t *testing.T) {
	t.Parallel()
	session := signIn(t)
	role := func(id, value string, enabled bool) map[string]any {
		return map[string]any{"id": id, "value": value, "displayName": value, "description": value, "isEnabled": enabled, "allowedMemberTypes": []string{"Application"}}
	}
	var app application
	err := session.Graph.Post(t.Context(), "/v1.0/applications", map[string]any{"displayName": "orders-api (dev)", "signInAudience": "AzureADMyOrg",
		"appRoles": []any{role(readID, "Orders.Read", true), role(writeID, "Orders.Write", false), role(otherID, "Orders.Other", false)}}, &app)
	if err != nil {
		t.Fatal(err)
	}
	var plans []Plan
	o := Options{Name: "dev", Project: "app-to-app", Stack: &roleStack{fileStack{root: t.TempDir()}, app.ID}, Session: session, Log: io.Discard,
		Host: Host{Name: "here", Runs: func(int) bool { return false }}, Confirm: func(p Plan) error { plans = append(plans, p); return nil }, EnableRoles: true}
	report, err := Run(t.Context(), o)
	if err != nil || len(plans) != 1 || len(report.Done) != 1 || report.Done[0].Action != Enable || report.Done[0].ID != writeID {
		t.Errorf("got %+v, %v, want one role to be enabled", report, err)
	}
	var now application
	if err := session.Graph.Get(t.Context(), "/v1.0/applications/"+app.ID, &now); err != nil {
		t.Fatal(err)
	}
	var disabled []string
	for _, role := range now.Roles {
		if role["isEnabled"] == false {
			disabled = append(disabled, text(role, "value"))
		}
	}
	if want := []string{"Orders.Other"}; !slices.Equal(disabled, want) || len(now.Roles) != 3 {
		t.Errorf("got %q disabled of %d roles, want %q of 3", disabled, len(now.Roles), want)
	}
	if report, err := Run(t.Context(), o); err != nil || len(report.Done)+len(report.Unknown) > 0 {
		t.Errorf("again: got %+v, %v, want nothing to do", report, err)
	}

	// The proof: the stack's own app registration is in its state, and this is not.
	mark := provenance.Mark{Project: "app-to-app", Stack: "dev", Name: "lost-application"}
	var lost application
	if err := session.Graph.Post(t.Context(), "/v1.0/applications", map[string]any{"displayName": "lost", "signInAudience": "AzureADMyOrg", "tags": mark.Tags()}, &lost); err != nil {
		t.Fatal(err)
	}
	if report, err := Run(t.Context(), o); err != nil || len(report.Unknown) != 1 || report.Unknown[0].ID != lost.ID {
		t.Errorf("with an app registration that the state has lost: got %+v, %v", report, err)
	}
}

// TestDisabledRolesAreNamedOnly: somebody may have disabled one on purpose.
func TestDisabledRolesAreNamedOnly(t *testing.T) {
	t.Parallel()
	session := signIn(t)
	var app application
	err := session.Graph.Post(t.Context(), "/v1.0/applications", map[string]any{"displayName": "orders-api (dev)", "signInAudience": "AzureADMyOrg", "appRoles": []any{
		map[string]any{"id": readID, "value": "Orders.Read", "displayName": "r", "description": "r", "isEnabled": true, "allowedMemberTypes": []string{"Application"}},
		map[string]any{"id": writeID, "value": "Orders.Write", "displayName": "w", "description": "w", "isEnabled": false, "allowedMemberTypes": []string{"Application"}}}}, &app)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	report, err := Run(t.Context(), Options{Name: "dev", Project: "app-to-app", Stack: &roleStack{fileStack{root: t.TempDir()}, app.ID}, Session: session, Log: &log,
		Host: Host{Name: "here", Runs: func(int) bool { return false }}, Confirm: func(Plan) error { return nil }})
	if err != nil || len(report.Done) > 0 || !strings.Contains(log.String(), "tenant recover -enable-roles -stack dev") {
		t.Errorf("got %+v, %v and the log %q, want the role named and nothing done", report, err, &log)
	}
}
