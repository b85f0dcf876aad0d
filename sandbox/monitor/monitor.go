// Package monitor is the sandbox's Azure Monitor Logs: what function apps print, in
// the table FunctionAppLogs of the workspace that a diagnostic setting sends it to,
// and the part of the Kusto Query Language in which our commands ask for it.
//
// It emulates
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/functionapplogs:
// a line that a handler prints becomes a row of category Host.Function.Console, as
// the Functions host names it (WorkerConstants of Azure/azure-functions-host). Rows
// appear after [route.Lag], and the workspace forgets them after its retention.
// Which columns the host leaves empty for such lines is not documented; here they
// are the ones that it cannot know.
//
// On purpose it has no other table, no host's own lines, no Application Insights,
// and no daily cap.
//
// Not for production.
package monitor

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// console is the category of what a handler prints.
const console = "Host.Function.Console"

// batch is how many lines are stored together: a load test prints many.
const batch = 256

// A Service keeps the logs of all function apps. It is safe for concurrent use.
type Service struct {
	store   *store.Store
	weather *route.Weather

	mu      sync.Mutex
	waiting map[string][]store.FunctionLog // by site
	count   int
	printed int64
	writing sync.Mutex // so that lines are stored in the order in which they came
}

// New returns the service over s.
func New(s *store.Store, weather *route.Weather) *Service {
	return &Service{store: s, weather: weather, waiting: make(map[string][]store.FunctionLog)}
}

// Printed takes a line that a site's handler printed. Lines are stored in batches;
// a killed sandbox loses the last one, as a killed host loses what it has not sent.
func (s *Service) Printed(siteID, level, text string) {
	s.mu.Lock()
	s.printed++
	line := store.FunctionLog{SiteID: siteID, At: s.store.Now(), Level: level, Message: text, Number: s.printed}
	s.waiting[siteID] = append(s.waiting[siteID], line)
	s.count++
	full := s.count >= batch
	s.mu.Unlock()
	if full {
		_ = s.Flush() // logging does not stop the app; a query reports a broken store
	}
}

// Flush stores what was printed so far on sites whose logs go to a workspace.
func (s *Service) Flush() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	waiting := s.waiting
	s.waiting, s.count = make(map[string][]store.FunctionLog), 0
	s.mu.Unlock()
	if len(waiting) == 0 {
		return nil
	}
	return s.store.Update(func(tx *store.Tx) error {
		for site, lines := range waiting {
			if workspace, ok := workspaceOf(tx, site); ok {
				store.KeepFunctionLogs(tx, site, lines, retentionOf(workspace))
			}
		}
		return nil
	})
}

// workspaceOf is the workspace that a site's diagnostic settings send its logs to.
func workspaceOf(tx *store.Tx, siteID string) (store.Resource, bool) {
	for _, setting := range store.DiagnosticSettings.All(tx, store.ResourceKey(siteID)+"/") {
		var properties struct {
			WorkspaceID string
			Logs        []struct {
				Category string
				Enabled  bool
			}
		}
		if json.Unmarshal(setting.Properties, &properties) != nil {
			continue
		}
		for _, log := range properties.Logs {
			if log.Enabled && strings.EqualFold(log.Category, functionAppLogs) {
				return store.ResourceByID(tx, properties.WorkspaceID)
			}
		}
	}
	return store.Resource{}, false
}

// retentionOf is how long a workspace keeps rows
// (https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure).
func retentionOf(workspace store.Resource) time.Duration {
	var properties struct{ RetentionInDays int }
	if json.Unmarshal(workspace.Properties, &properties) != nil || properties.RetentionInDays < 30 {
		properties.RetentionInDays = 30
	}
	return time.Duration(properties.RetentionInDays) * 24 * time.Hour
}

const functionAppLogs = "FunctionAppLogs"

// columns of FunctionAppLogs, with their types.
var columns = []Column{
	{"TimeGenerated", "datetime"}, {"ActivityId", "string"}, {"AppName", "string"}, {"Category", "string"}, {"EventId", "int"}, {"EventName", "string"},
	{"FunctionInvocationId", "string"}, {"FunctionName", "string"}, {"HostInstanceId", "string"}, {"HostVersion", "string"},
	{"Level", "string"}, {"LevelId", "int"}, {"Location", "string"}, {"Message", "string"}, {"_ResourceId", "string"}, {"Type", "string"},
}

var levelIDs = map[string]int64{"Information": 2, "Warning": 3, "Error": 4}

// rows are those of a site that its workspace shows by now, the newest first.
func (s *Service) rows(tx *store.Tx, siteID string) []row {
	workspace, ok := workspaceOf(tx, siteID)
	if !ok {
		return nil
	}
	now, lag, retention := s.store.Now(), s.weather.Lag().FunctionLog, retentionOf(workspace)
	var all []row
	for _, line := range store.FunctionLogs.All(tx, store.FunctionLogsOf(siteID)) {
		age := now.Sub(line.At)
		if age > retention {
			break
		}
		if age < lag {
			continue
		}
		all = append(all, row{
			"TimeGenerated": line.At.UTC(), "AppName": siteID[strings.LastIndex(siteID, "/")+1:], "Category": console, "Level": line.Level, "LevelId": levelIDs[line.Level],
			"Message": line.Message, "_ResourceId": strings.ToLower(siteID), "Type": functionAppLogs, "HostVersion": "4.0", "EventId": int64(0),
			"ActivityId": "", "EventName": "", "FunctionInvocationId": "", "FunctionName": "", "HostInstanceId": "", "Location": "",
		})
	}
	return all
}
