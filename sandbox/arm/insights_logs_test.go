package arm_test

import (
	"net/url"
	"strings"
	"testing"
)

const logs = site + "/providers/microsoft.insights/logs"

func ask(query string) request {
	return request{method: "GET", path: logs + "?api-version=2018-03-01-preview&timespan=P1D&query=" + url.QueryEscape(query)}
}

// TestLogsRefused: without the right to read them, of what is not there, and what
// the sandbox does not know.
func TestLogsRefused(t *testing.T) {
	t.Parallel()
	made := []request{newWorkspace, put(site, siteBody()), makeDiagnostic, makeVault}
	stranger := ask("FunctionAppLogs")
	stranger.caller = contoso + " " + nobody
	ofVault := request{method: "GET", path: vault + "/providers/microsoft.insights/logs?api-version=2018-03-01-preview&query=FunctionAppLogs"}
	run(t, []refusal{
		{name: "without the permission", first: made, ask: stranger, status: 403, code: "AuthorizationFailed", says: "Microsoft.Insights/logs/read"},
		{name: "no such site", first: made[:1], ask: ask("FunctionAppLogs"), status: 404, code: "ResourceNotFound"},
		{name: "of a vault", first: made, ask: ofVault, status: 501, code: "NotEmulated", says: "logs of"},
		{name: "another table", first: made, ask: ask("AppTraces"), status: 501, code: "NotEmulated", says: "AppTraces"},
		{name: "another operator", first: made, ask: ask("FunctionAppLogs | render timechart"), status: 501, code: "NotEmulated", says: "render"},
		{name: "another api-version", first: made, ask: request{method: "GET", path: logs + "?query=FunctionAppLogs&api-version=2015-01-01"}, status: 501, code: "NotEmulated", says: "2015-01-01"},
	})
}

// TestLogsOfAReader: who may read the site may read what it printed, in the shape
// of a query's answer.
func TestLogsOfAReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	w.follow(newWorkspace)
	w.follow(makeDiagnostic)
	q := ask("FunctionAppLogs | project Message, TimeGenerated")
	q.caller = contoso + " " + onlyReader
	got := w.do(q)
	if want := `{"tables":[{"columns":[{"name":"Message","type":"string"},{"name":"TimeGenerated","type":"datetime"}],"name":"PrimaryResult","rows":[["a line that the handler printed","`; got.Code != 200 || !strings.HasPrefix(got.Body.String(), want) {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
}
