package monitor_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/monitor"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

const (
	site      = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/orders-api"
	workspace = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/logs"
)

// A world is a store with a site whose logs go to a workspace of a retention.
type world struct {
	*testing.T
	store   *store.Store
	weather *route.Weather
	service *monitor.Service
}

func newWorld(t *testing.T, retentionDays int) *world {
	t.Helper()
	clock := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	s, err := store.Open(t.TempDir(), func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{T: t, store: s, weather: &route.Weather{}}
	w.service = monitor.New(s, w.weather)
	if err := s.Update(func(tx *store.Tx) error {
		store.Resources.Put(tx, store.ResourceKey(workspace), store.Resource{ID: workspace, Properties: json.RawMessage(fmt.Sprintf(`{"retentionInDays":%d}`, retentionDays))})
		id := site + "/providers/Microsoft.Insights/diagnosticSettings/logs"
		store.DiagnosticSettings.Put(tx, store.ResourceKey(id), store.DiagnosticSetting{ID: id, Properties: json.RawMessage(`{"workspaceId":"` + workspace + `","logs":[{"category":"FunctionAppLogs","enabled":true}]}`)})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) advance(d time.Duration) {
	w.Helper()
	if err := w.store.Advance(d); err != nil {
		w.Fatal(err)
	}
}

func (w *world) query(id, query, span string) (result monitor.Result, err error) {
	w.Helper()
	if err := w.service.Flush(); err != nil {
		w.Fatal(err)
	}
	viewed := w.store.View(func(tx *store.Tx) error {
		result, err = w.service.Query(tx, id, query, span)
		return nil
	})
	if viewed != nil {
		w.Fatal(viewed)
	}
	return result, err
}

// column is the text of one column of a query's rows.
func (w *world) column(query, span string) string {
	w.Helper()
	result, err := w.query(site, query, span)
	if err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, row := range result.Rows {
		var cells []string
		for _, cell := range row {
			cells = append(cells, fmt.Sprint(cell))
		}
		all = append(all, strings.Join(cells, "/"))
	}
	return strings.Join(all, " ")
}

func TestQueries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 30)
	for _, line := range []string{
		`{"msg":"orders given","decision":"admitted","role":"Orders.Read","caller":{"clientId":"c1"}}`,
		`{"msg":"caller refused","decision":"refused","id":"11111111-2222-4333-8444-555555555555"}`,
		`{"msg":"orders given","decision":"admitted","role":"Orders.Read","caller":{"clientId":"c2"}}`,
		`{"msg":"orders given","decision":"admitted","role":"Orders.Read","caller":{"clientId":"c1"}}`,
	} {
		w.service.Printed(site, "Information", line)
		w.advance(time.Hour)
	}
	w.service.Printed(site, "Error", "it's over")
	const m = " | extend m = parse_json(Message)"
	for _, tt := range []struct{ name, query, span, want string }{
		{"where", `FunctionAppLogs | where Level == "Error" | project Message`, "", "it's over"},
		{"case", `FunctionAppLogs | where Level == "error" | project Message`, "", ""},
		{"without case", `FunctionAppLogs | where Level =~ 'error' | project Category`, "", "Host.Function.Console"},
		{"a whole term", `FunctionAppLogs | where Message has "11111111-2222-4333-8444-555555555555"` + m + ` | extend d = tostring(m.decision) | project d`, "", "refused"},
		{"part of a term", `FunctionAppLogs | where Message has "1111111-2222-4333-8444-555555555555" | project Level`, "", ""},
		{"contains", `FunctionAppLogs | where Message contains "REFUSED" | project Level`, "", "Information"},
		{"quoted text", `FunctionAppLogs | where Message has "\"decision\":\"refused\"" | project Level`, "", "Information"},
		{"and, or, parentheses", `FunctionAppLogs | where (Level == "Error" or Level == "Warning") and Message has "over" | project Level`, "", "Error"},
		{"newest first", `FunctionAppLogs | where Level == "Information"` + m + ` | extend c = tostring(m.caller.clientId) | project c | take 2`, "", "c1 c2"},
		{"oldest first", `FunctionAppLogs | where Level == "Information"` + m + ` | order by TimeGenerated asc | extend c = tostring(m.caller.clientId) | take 2 | project c`, "", "c1 "},
		{"since", `FunctionAppLogs | where TimeGenerated > ago(90m) | project Level`, "", "Error Information"},
		{"at", `FunctionAppLogs | where TimeGenerated <= todatetime("2026-11-26T12:00:00Z") | project LevelId`, "", "2"},
		{"timespan of two times", `FunctionAppLogs | project LevelId`, "2026-11-26T13:00:00Z/2026-11-26T14:00:00Z", "2 2"},
		{"days", `FunctionAppLogs | summarize Lines = count() by Day = startofday(TimeGenerated)`, "", "2026-11-26T00:00:00Z/5"},
		{"last use", `FunctionAppLogs` + m + ` | where tostring(m.decision) == "admitted" | summarize Last = max(TimeGenerated), First = min(TimeGenerated), Calls = count() by Client = tostring(m.caller.clientId), Role = tostring(m.role)`,
			"P1D", "c1/Orders.Read/2026-11-26T15:00:00Z/2026-11-26T12:00:00Z/2 c2/Orders.Read/2026-11-26T14:00:00Z/2026-11-26T14:00:00Z/1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := w.column(tt.query, tt.span); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	for _, query := range []string{
		"", "AppTraces", "FunctionAppLogs | where", "FunctionAppLogs | where Nothing == 1", "FunctionAppLogs | project Nothing", "FunctionAppLogs | order by Nothing",
		"FunctionAppLogs | join kind=inner (AppTraces) on X", "FunctionAppLogs | where Level startswith \"E\"", "FunctionAppLogs where", "FunctionAppLogs | take all",
		"FunctionAppLogs | summarize n = dcount(Level)", "FunctionAppLogs | summarize n = max(Nothing)", "FunctionAppLogs | where Level == \"E", "FunctionAppLogs ; AppTraces", "FunctionAppLogs | where TimeGenerated > todatetime(\"x\")",
	} {
		var unknown *monitor.UnemulatedError
		if _, err := w.query(site, query, ""); !errors.As(err, &unknown) {
			t.Errorf("%q: got %v, want it unemulated", query, err)
		}
	}
	for _, span := range []string{"PT1H", "1d", "a/b", "P"} {
		if _, err := w.query(site, "FunctionAppLogs", span); err == nil {
			t.Errorf("timespan %q: got no error", span)
		}
	}
}

// TestWhichLogs: of a site without a diagnostic setting there are none; a row
// appears after the lag, and goes after the workspace's retention.
func TestWhichLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 31)
	w.service.Printed(site, "Information", "first")
	w.service.Printed(site+"-other", "Information", "nowhere")
	if got, err := w.query(site+"-other", "FunctionAppLogs", ""); err != nil || len(got.Rows) != 0 {
		t.Errorf("got %v %v of a site without a setting", got.Rows, err)
	}
	w.weather.SetLag(route.Lag{FunctionLog: time.Minute})
	count := func() int { return len(strings.Fields(w.column("FunctionAppLogs | project Message", ""))) }
	for _, step := range []struct {
		by   time.Duration
		want int
	}{{59 * time.Second, 0}, {time.Second, 1}, {31*24*time.Hour - time.Minute, 1}, {time.Second, 0}} {
		if w.advance(step.by); count() != step.want {
			t.Errorf("%s later: got %d rows, want %d", step.by, count(), step.want)
		}
	}
	w.service.Printed(site, "Information", "second")
	if err := w.service.Flush(); err != nil {
		t.Fatal(err)
	}
	var kept []string
	if err := w.store.View(func(tx *store.Tx) error {
		for _, line := range store.FunctionLogs.All(tx, store.FunctionLogsOf(site)) {
			kept = append(kept, line.Message)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(kept, []string{"second"}) {
		t.Errorf("got %q stored, want what is too old removed", kept)
	}
}

// TestManyLines: lines of one moment stay apart and in order, in several batches.
func TestManyLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 30)
	for i := range 600 {
		w.service.Printed(site, "Information", fmt.Sprint(i))
		if i%200 == 0 {
			w.advance(time.Second)
		}
	}
	got := strings.Fields(w.column("FunctionAppLogs | project Message", ""))
	if len(got) != 600 || got[0] != "599" || got[599] != "0" {
		t.Errorf("got %d lines, the first %q and the last %q", len(got), got[0], got[len(got)-1])
	}
}
