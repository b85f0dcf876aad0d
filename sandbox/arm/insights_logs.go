package arm

import (
	"errors"
	"net/http"
	"strings"

	"app-to-app/sandbox/monitor"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file answers queries for the logs of one resource, through Resource Manager:
// learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries. The page
// gives the address; that it takes GET with the query in the address, as the direct
// endpoint does (…/logs/api/request-format), is not said there. Who may read the
// resource's logs may read them, without a role on the workspace: the sandbox's
// workspaces have the default access mode. Logs of other resources than function
// apps are unemulated.

const (
	logsPath    = "/providers/microsoft.insights/logs"
	logsVersion = "2018-03-01-preview"
	logsRead    = "Microsoft.Insights/logs/read"
)

// logRoutes is queries for logs.
func (s *Service) logRoutes() []route.Route {
	const doc = "https://learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries"
	const pattern = "GET " + groupPath + "/providers/{namespace}/{type1}/{name1}" + logsPath
	query := s.doAt([]string{logsVersion}, (*call).queryLogs)
	serve := func(w http.ResponseWriter, r *http.Request) {
		if logs := s.config.Logs; logs != nil {
			if err := logs.Flush(); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		query(w, r)
	}
	return routesOf([]row{{pattern, may(logsRead), []string{"query", "timespan"}, serve, doc, "2026-11-26", "logs of a function app"}})
}

func (c *call) queryLogs() (reply, error) {
	id, err := c.scopeBefore(logsPath)
	if err != nil {
		return reply{}, err
	}
	site, found := store.ResourceByID(c.tx, id)
	switch {
	case !found:
		return reply{}, refuse(http.StatusNotFound, "ResourceNotFoundError", "The resource %s was not found", strings.ToLower(id))
	case site.Type != siteType || c.service.config.Logs == nil:
		return reply{}, unemulated("logs of %s", site.Type)
	}
	query := c.r.URL.Query()
	result, err := c.service.config.Logs.Query(c.tx, site.ID, query.Get("query"), query.Get("timespan"))
	var unknown *monitor.UnemulatedError
	if errors.As(err, &unknown) {
		return reply{}, unemulated("%s", unknown.What)
	}
	if err != nil {
		return reply{}, err
	}
	return ok(map[string]any{"tables": []any{map[string]any{"name": "PrimaryResult", "columns": result.Columns, "rows": result.Rows}}})
}
