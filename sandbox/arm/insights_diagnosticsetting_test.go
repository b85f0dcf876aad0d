package arm_test

import (
	"fmt"
	"testing"

	"app-to-app/sandbox/store"
)

const (
	diagnostics = site + "/providers/Microsoft.Insights/diagnosticSettings"
	diagnostic  = diagnostics + "/logs"
	ofVault     = vault + "/providers/Microsoft.Insights/diagnosticSettings/logs"
)

// diagnosticBody asks for one category.
func diagnosticBody(category string) string {
	return `{"properties":{"workspaceId":"` + workspace + `","logs":[{"category":"` + category + `","enabled":true}]}}`
}

var makeDiagnostic = put(diagnostic, diagnosticBody("FunctionAppLogs"))

func TestDiagnosticSettingRefusals(t *testing.T) {
	t.Parallel()
	made := []request{newWorkspace, put(site, siteBody()), makeVault}
	groups := `{"properties":{"workspaceId":"` + workspace + `","logAnalyticsDestinationType":"Dedicated","logs":[{"categoryGroup":"audit","enabled":true},{"categoryGroup":"allLogs","enabled":true}]}}`
	five := append(append([]request{}, made...), put(workspace+"5", workspaceBody))
	for n := range 5 {
		five = append(five, put(workspace+fmt.Sprint(n), workspaceBody),
			put(diagnostic+fmt.Sprint(n), `{"properties":{"workspaceId":"`+workspace+fmt.Sprint(n)+`","logs":[{"category":"FunctionAppLogs","enabled":true}]}}`))
	}
	run(t, []refusal{
		{name: "no destination", first: made, ask: put(diagnostic, `{"properties":{"logs":[{"category":"FunctionAppLogs","enabled":true}]}}`),
			status: 400, code: "BadRequest", says: "At least one data sink"},
		{name: "category of another type", first: made, ask: put(diagnostic, diagnosticBody("AuditEvent")),
			status: 400, code: "BadRequest", says: "Category 'AuditEvent' is not supported."},
		{name: "categories and groups", first: made, ask: put(ofVault, `{"properties":{"workspaceId":"`+workspace+`","logs":[{"category":"AuditEvent","enabled":true},{"categoryGroup":"allLogs","enabled":true}]}}`),
			status: 400, code: "BadRequest", says: "does not support mix of log category and log category group"},
		{name: "group that does not exist", first: made, ask: put(ofVault, `{"properties":{"workspaceId":"`+workspace+`","logs":[{"categoryGroup":"some","enabled":true}]}}`),
			status: 400, code: "BadRequest", says: "Category group 'some' is not supported."},
		{name: "workspace that does not exist", first: made[1:], ask: put(diagnostic, diagnosticBody("FunctionAppLogs")),
			status: 404, code: "ResourceNotFound", says: workspace},
		{name: "resource that does not exist", first: made[:1], ask: makeDiagnostic, status: 404, code: "ResourceNotFound", says: "orders-app"},
		{name: "setting that does not exist", first: made, ask: request{method: "GET", path: diagnostic}, status: 404, code: "ResourceNotFound", says: "'logs'"},
		{name: "the same category twice", first: append(append([]request{}, made...), put(ofVault, groups)),
			ask: put(ofVault+"2", diagnosticBody("AuditEvent")), status: 409, code: "Conflict", says: "is already used in diagnostic setting 'logs' for category 'AuditEvent'"},
		{name: "a sixth", first: five, ask: put(diagnostic+"5", `{"properties":{"workspaceId":"`+workspace+`5","logs":[{"category":"FunctionAppLogs","enabled":true}]}}`),
			status: 400, code: "BadRequest", says: "limit of 5"},
		{name: "name with a slash in disguise", first: made, ask: put(diagnostics+"/a%3Fb", diagnosticBody("FunctionAppLogs")),
			status: 400, code: "BadRequest", says: "'a?b' is not valid"},
		{name: "api-version of components", first: made, ask: put(diagnostic+"?api-version=2020-02-02", diagnosticBody("FunctionAppLogs")),
			status: 501, code: "NotEmulated"},
		{name: "storage account as destination", first: made, ask: put(diagnostic, `{"properties":{"storageAccountId":"`+account+`"}}`),
			status: 501, code: "NotEmulated", says: "properties.storageAccountId"},
		{name: "retention in the setting", first: made, ask: put(diagnostic, `{"properties":{"workspaceId":"`+workspace+`","logs":[{"category":"FunctionAppLogs","enabled":true,"retentionPolicy":{"days":7,"enabled":true}}]}}`),
			status: 501, code: "NotEmulated"},
		{name: "group of a function app", first: made, ask: put(diagnostic, `{"properties":{"workspaceId":"`+workspace+`","logs":[{"categoryGroup":"allLogs","enabled":true}]}}`),
			status: 501, code: "NotEmulated", says: "category groups"},
		{name: "nothing enabled", first: made, ask: put(diagnostic, `{"properties":{"workspaceId":"`+workspace+`","logs":[{"category":"FunctionAppLogs","enabled":false}]}}`),
			status: 501, code: "NotEmulated"},
		{name: "of a storage account", first: made, ask: put(account+"/providers/Microsoft.Insights/diagnosticSettings/logs", diagnosticBody("StorageRead")),
			status: 501, code: "NotEmulated", says: "Microsoft.Storage/storageAccounts"},
	})
}

// TestDiagnosticSettingUsesTheWorkspace: a caller who may write settings, but
// not use the workspace, is refused.
func TestDiagnosticSettingUsesTheWorkspace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	w.follow(newWorkspace)
	const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	w.follow(put(site+assignments+"/"+guid(1), assignmentBody(contributor, nobody, "ServicePrincipal")))
	q := makeDiagnostic
	q.caller = contoso + " " + nobody
	if answer := w.do(q); answer.Code != 403 || code(answer) != "LinkedAuthorizationFailed" {
		t.Errorf("got %d %s, want 403 LinkedAuthorizationFailed", answer.Code, answer.Body)
	}
}

// TestDiagnosticSettingOutlivesItsResource: a setting that nobody deletes is
// there again with the next resource of the name.
func TestDiagnosticSettingOutlivesItsResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	w.follow(newWorkspace)
	w.follow(makeDiagnostic)
	w.follow(makeDiagnostic) // an update
	w.follow(request{method: "DELETE", path: site})
	w.shows(404, request{method: "GET", path: diagnostic}, "")
	w.follow(put(plan, planBody))
	w.follow(put(site, siteBody()))
	w.shows(200, request{method: "GET", path: diagnostic}, "properties.workspaceId="+workspace)
	w.shows(200, request{method: "DELETE", path: diagnostic}, "")
	w.shows(204, request{method: "DELETE", path: diagnostic}, "")
	w.view(func(tx *store.Tx) {
		for key := range store.DiagnosticSettings.All(tx, "") {
			t.Errorf("got %s left, want none", key)
		}
	})
}
