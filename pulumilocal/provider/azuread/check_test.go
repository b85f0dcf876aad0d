package azuread_test

import (
	"strings"
	"testing"

	"app-to-app/pulumilocal/provider/azuread"
	"app-to-app/pulumilocal/provider/enginetest"
)

// replaceOnChange are the inputs marked ForceNew in the official provider's
// schemas.
var replaceOnChange = map[string][]string{
	applicationToken: {"templateId"},
	roleToken:        {"applicationId", "roleId"},
	uriToken:         {"applicationId", "identifierUri"},
	passwordToken:    {"applicationId", "applicationObjectId", "displayName", "startDate", "endDate", "endDateRelative", "rotateWhenChanged"},
	certificateToken: {"applicationId", "applicationObjectId", "value", "encoding", "type", "keyId", "startDate", "endDate", "endDateRelative"},
	federatedToken:   {"applicationId", "applicationObjectId", "displayName"},
	principalToken:   {"clientId", "applicationId"},
	assignmentToken:  {"appRoleId", "principalObjectId", "resourceObjectId"},
}

func TestReplaceOnChange(t *testing.T) {
	t.Parallel()
	_, engine := newGraph(t)
	engine.CheckReplacements(azuread.New(azuread.Options{}), replaceOnChange)
}

func TestCheckRefusals(t *testing.T) {
	t.Parallel()
	_, engine := newGraph(t)
	app := "/applications/" + firstID
	for _, test := range []struct {
		name, token string
		inputs      map[string]any
		want        string
	}{
		{"client id for an application", uriToken, map[string]any{"applicationId": clientID, "identifierUri": "api://x"}, "not its client id"},
		{"role id", roleToken, map[string]any{"applicationId": app, "roleId": "x", "allowedMemberTypes": []any{"Application"}, "description": "d", "displayName": "n"}, "expected a GUID"},
		{"role value with a space", roleToken, map[string]any{"applicationId": app, "roleId": roleID, "allowedMemberTypes": []any{"Application"}, "description": "d", "displayName": "n", "value": "a b"}, "without spaces"},
		{"member type", roleToken, map[string]any{"applicationId": app, "roleId": roleID, "allowedMemberTypes": []any{"Robot"}, "description": "d", "displayName": "n"}, `got "Robot"`},
		{"missing list", roleToken, map[string]any{"applicationId": app, "roleId": roleID, "description": "d", "displayName": "n"}, `missing required property "allowedMemberTypes"`},
		{"sign-in audience", applicationToken, map[string]any{"displayName": "n", "signInAudience": "Everyone"}, `got "Everyone"`},
		{"token version of personal accounts", applicationToken, map[string]any{"displayName": "n", "signInAudience": "PersonalMicrosoftAccount", "api": map[string]any{"requestedAccessTokenVersion": 1}}, "personal accounts"},
		{"role twice", applicationToken, map[string]any{"displayName": "n", "appRoles": []any{
			map[string]any{"id": roleID, "displayName": "a", "description": "a", "value": "A", "allowedMemberTypes": []any{"User"}},
			map[string]any{"id": roleID, "displayName": "b", "description": "b", "value": "B", "allowedMemberTypes": []any{"User"}}}}, "twice"},
		{"tags and feature tags", applicationToken, map[string]any{"displayName": "n", "tags": []any{"x"}, "featureTags": []any{map[string]any{"hide": true}}}, "got both"},
		{"password block", applicationToken, map[string]any{"displayName": "n", "password": map[string]any{"displayName": "p"}}, "not emulated"},
		{"no client id", principalToken, map[string]any{}, "exactly one of clientId"},
		{"both client ids", principalToken, map[string]any{"clientId": clientID, "applicationId": clientID}, "exactly one of clientId"},
		{"assignment by name", assignmentToken, map[string]any{"appRoleId": roleID, "principalObjectId": "orders", "resourceObjectId": firstID}, "expected a GUID"},
		{"two audiences", federatedToken, map[string]any{"applicationId": app, "displayName": "n", "issuer": "i", "subject": "s", "audiences": []any{"a", "b"}}, "expected one, got 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, failures := engine.Check(test.token, "it", nil, enginetest.Of(test.inputs))
			if len(failures) != 1 || !strings.Contains(failures[0], test.want) {
				t.Errorf("got %q, want one failure with %q", failures, test.want)
			}
		})
	}
	unknown := map[string]any{"applicationId": enginetest.Unknown, "roleId": enginetest.Unknown, "allowedMemberTypes": enginetest.Unknown,
		"description": enginetest.Unknown, "displayName": enginetest.Unknown, "value": enginetest.Unknown}
	if _, failures := engine.Check(roleToken, "it", nil, enginetest.Of(unknown)); len(failures) != 0 {
		t.Errorf("unknown inputs: got %q, want no failure", failures)
	}
}
