package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements diagnostic settings, which send a resource's logs to a
// Log Analytics workspace:
// learn.microsoft.com/rest/api/monitor/diagnostic-settings. As in Azure, they
// survive their resource, and are there again when one of the same name is
// created: learn.microsoft.com/azure/azure-monitor/essentials/diagnostic-settings.
//
// The texts of the refusals are from users' reports; the refusals of a bad
// name, of a missing workspace and of a sixth setting are guesses. No logs are
// collected. Other destinations than a workspace, and resources other than
// function apps and vaults, are unemulated.

const (
	diagnosticType = "Microsoft.Insights/diagnosticSettings"
	diagnosticPath = "/providers/microsoft.insights/diagnosticsettings"
	// maxDiagnostics is how many settings a resource can have.
	maxDiagnostics = 5
)

var diagnosticVersions = []string{"2021-05-01-preview"}

var diagnosticName = nameRule{regexp.MustCompile(`^[^<>*%&:\\?+/]{1,260}$`), "BadRequest", "The diagnostic setting name '%s' is not valid."}

// logCategories are the log categories of the resource types:
// learn.microsoft.com/azure/azure-monitor/reference/supported-logs/logs-index.
// Of those of sites, a function app has these. Groups of them are known for
// vaults only: which ones function apps have is not documented.
var logCategories = map[string][]string{
	siteType:  {"AppServiceAuthenticationLogs", "FunctionAppLogs"},
	vaultType: {"AuditEvent", "AzurePolicyEvaluationDetails"},
}

var logGroups = map[string]map[string][]string{
	vaultType: {"allLogs": logCategories[vaultType], "audit": {"AuditEvent"}},
}

// noRetention: a workspace keeps logs by its own settings.
var noRetention = schema.Object(schema.Fields{"days": schema.Whole(), "enabled": schema.Flag().Only(false)})

var diagnosticBody = schema.Outputs("id", "name", "type", "systemData").With(schema.Fields{
	"properties": schema.Object(schema.Fields{
		"workspaceId":                 schema.Text(),
		"logAnalyticsDestinationType": schema.Text("AzureDiagnostics", "Dedicated"),
		"logs": schema.List(schema.Object(schema.Fields{
			"category": schema.Text(), "categoryGroup": schema.Text(), "enabled": schema.Flag().Required(), "retentionPolicy": noRetention,
		})),
		"metrics": schema.List(schema.Object(schema.Fields{
			"category": schema.Text("AllMetrics").Required(), "enabled": schema.Flag().Required(), "retentionPolicy": noRetention,
		})),
	}).Required(),
})

// diagnosticRoutes is diagnostic settings of resources.
func (s *Service) diagnosticRoutes() []route.Route {
	const doc = docs + "monitor/diagnostic-settings/"
	const all = groupPath + "/providers/{namespace}/{type1}/{name1}" + diagnosticPath
	const one = all + "/{setting}"
	do := func(answer func(*call) (reply, error)) http.HandlerFunc { return s.doAt(diagnosticVersions, answer) }
	return routesOf([]row{
		{"GET " + all, may(diagnosticType + "/read"), nil, do((*call).listDiagnostics), doc + "list", "2026-11-26", "diagnostic settings"},
		{"GET " + one, may(diagnosticType + "/read"), nil, do((*call).getDiagnostic), doc + "get", "2026-11-26", "diagnostic setting"},
		{"PUT " + one, may(diagnosticType + "/write"), nil, do((*call).putDiagnostic), doc + "create-or-update", "2026-11-26", "create a diagnostic setting"},
		{"DELETE " + one, may(diagnosticType + "/delete"), nil, do((*call).deleteDiagnostic), doc + "delete", "2026-11-26", "delete a diagnostic setting"},
	})
}

// diagnosed returns the resource of the path.
func (c *call) diagnosed() (store.Resource, error) {
	scope, err := c.scopeBefore(diagnosticPath)
	if err != nil {
		return store.Resource{}, err
	}
	r, _ := store.ResourceByID(c.tx, scope)
	if logCategories[r.Type] == nil {
		return r, unemulated("diagnostic settings of %s", r.Type)
	}
	return r, nil
}

func diagnosticID(resourceID, name string) string {
	return resourceID + "/providers/" + diagnosticType + "/" + name
}

func (c *call) putDiagnostic() (reply, error) {
	of, err := c.diagnosed()
	if err == nil {
		err = c.registered("Microsoft.Insights")
	}
	if err != nil {
		return reply{}, err
	}
	name := c.r.PathValue("setting")
	if err := diagnosticName.check(name); err != nil {
		return reply{}, err
	}
	body, err := c.read(diagnosticBody)
	if err != nil {
		return reply{}, err
	}
	wanted := store.DiagnosticSetting{ID: diagnosticID(of.ID, name), Name: name}
	properties := body["properties"].(map[string]any)
	if err := c.checkDiagnostic(of, wanted.ID, properties); err != nil {
		return reply{}, err
	}
	if wanted.Properties, err = json.Marshal(properties); err != nil {
		return reply{}, err
	}
	store.DiagnosticSettings.Put(c.tx, store.ResourceKey(wanted.ID), wanted)
	c.note(wanted.ID)
	return ok(showDiagnostic(wanted))
}

// checkDiagnostic checks and completes the properties of a setting.
func (c *call) checkDiagnostic(of store.Resource, id string, properties map[string]any) error {
	sink := textAt(properties, "workspaceId")
	if sink == "" {
		return badRequest("At least one data sink needs to be specified.")
	}
	categories, err := categoriesOf(of.Type, properties)
	if err != nil {
		return err
	}
	const useWorkspace = workspaceType + "/sharedKeys/action"
	if err := c.linked(diagnosticType+"/write", id, useWorkspace, sink); err != nil {
		return err
	}
	workspace, found := store.ResourceByID(c.tx, sink)
	if !found || workspace.Type != workspaceType || workspace.TenantID != of.TenantID {
		return refuse(http.StatusNotFound, "ResourceNotFound", "Resource '%s' was not found.", sink)
	}
	properties["workspaceId"] = workspace.ID
	for _, list := range []string{"logs", "metrics"} {
		items, _ := properties[list].([]any)
		for _, item := range items {
			if entry := item.(map[string]any); entry["retentionPolicy"] == nil {
				entry["retentionPolicy"] = map[string]any{"days": 0, "enabled": false}
			}
		}
	}
	others := 0
	for _, other := range store.DiagnosticSettings.All(c.tx, store.ResourceKey(diagnosticID(of.ID, ""))+"/") {
		if strings.EqualFold(other.ID, id) {
			continue
		}
		others++
		theirs, err := decodeObject(other.Properties)
		if err != nil {
			return err
		}
		taken, _ := categoriesOf(of.Type, theirs) // checked when it was written
		for _, category := range categories {
			if strings.EqualFold(textAt(theirs, "workspaceId"), sink) && slices.Contains(taken, category) {
				return refuse(http.StatusConflict, "Conflict",
					"Data sink '%s' is already used in diagnostic setting '%s' for category '%s'. Data sinks can't be reused in different settings on the same category for the same resource.", sink, other.Name, category)
			}
		}
	}
	if others >= maxDiagnostics {
		return badRequest("The limit of %d diagnostic settings was reached.", maxDiagnostics)
	}
	return nil
}

// categoriesOf are the categories that a setting's logs name, alone or in
// groups, and its metrics.
func categoriesOf(kind string, properties map[string]any) ([]string, error) {
	var categories []string
	var alone, grouped bool
	logs, _ := properties["logs"].([]any)
	for _, item := range logs {
		entry := item.(map[string]any)
		category, group := textAt(entry, "category"), textAt(entry, "categoryGroup")
		alone, grouped = alone || category != "", grouped || group != ""
		members := []string{category}
		switch {
		case alone && grouped:
			return nil, badRequest("Diagnostic setting does not support mix of log category and log category group.")
		case grouped && logGroups[kind] == nil:
			return nil, unemulated("category groups of %s", kind)
		case grouped:
			if members = logGroups[kind][group]; members == nil {
				return nil, badRequest("Category group '%s' is not supported.", group)
			}
		case !slices.Contains(logCategories[kind], category):
			return nil, badRequest("Category '%s' is not supported.", category)
		}
		if entry["enabled"] == true {
			categories = append(categories, members...)
		}
	}
	metrics, _ := properties["metrics"].([]any)
	for _, item := range metrics {
		if entry := item.(map[string]any); entry["enabled"] == true {
			categories = append(categories, textAt(entry, "category"))
		}
	}
	if len(categories) == 0 {
		return nil, unemulated("a diagnostic setting without an enabled category")
	}
	return categories, nil
}

func showDiagnostic(d store.DiagnosticSetting) map[string]any {
	return map[string]any{"id": d.ID, "name": d.Name, "type": diagnosticType, "properties": d.Properties}
}

// diagnostic returns the setting of the path.
func (c *call) diagnostic() (store.DiagnosticSetting, bool, error) {
	of, err := c.diagnosed()
	if err != nil {
		return store.DiagnosticSetting{}, false, err
	}
	d, ok := store.DiagnosticSettings.Get(c.tx, store.ResourceKey(diagnosticID(of.ID, c.r.PathValue("setting"))))
	return d, ok, nil
}

func (c *call) getDiagnostic() (reply, error) {
	d, found, err := c.diagnostic()
	if err == nil && !found {
		err = refuse(http.StatusNotFound, "ResourceNotFound", "The diagnostic setting '%s' was not found.", c.r.PathValue("setting"))
	}
	if err != nil {
		return reply{}, err
	}
	return ok(showDiagnostic(d))
}

func (c *call) deleteDiagnostic() (reply, error) {
	d, found, err := c.diagnostic()
	if err != nil {
		return reply{}, err
	}
	if !found {
		return reply{status: http.StatusNoContent}, nil
	}
	store.DiagnosticSettings.Delete(c.tx, store.ResourceKey(d.ID))
	c.note(d.ID)
	return reply{status: http.StatusOK}, nil
}

func (c *call) listDiagnostics() (reply, error) {
	of, err := c.diagnosed()
	if err != nil {
		return reply{}, err
	}
	var items []map[string]any
	for _, d := range store.DiagnosticSettings.All(c.tx, store.ResourceKey(diagnosticID(of.ID, ""))+"/") {
		items = append(items, showDiagnostic(d))
	}
	return ok(values(items))
}
