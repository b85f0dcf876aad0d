package arm

import (
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/route"
)

// This file and its neighbours routes_*.go are everything that ARM answers, by
// resource provider. Literals are in lower case because paths are folded before
// they are matched.

const (
	docs      = "https://learn.microsoft.com/rest/api/"
	docsAsync = "https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations"

	subscriptionPath = "/subscriptions/{subscription}"
	groupPath        = subscriptionPath + "/resourcegroups/{group}"
	sitePath         = groupPath + "/providers/microsoft.web/sites/{name}"
)

func (s *Service) routes() []route.Route {
	routes := slices.Concat(
		s.resourceRoutes(),
		s.authorizationRoutes(),
		s.webRoutes(),
		s.storageRoutes(),
		s.keyVaultRoutes(),
		s.workspaceRoutes(),
		s.ofType(componentType, "2026-11-23"),
		s.diagnosticRoutes(),
		s.logRoutes(),
		s.ofType(userAssignedType, "2026-11-23"),
		s.ofType(userAssignedType+"/federatedIdentityCredentials", "2026-11-23"),
	)
	for i := range routes {
		routes[i].Query = append(routes[i].Query, "api-version")
	}
	return routes
}

// A row is one route of a table.
type row struct {
	pattern           string
	permission, query []string
	serve             http.HandlerFunc
	doc               string // the page that it follows
	checked           string // when it was last compared with that page
	witness           string // the row of TestWitness, or another test
}

func routesOf(rows []row) []route.Route {
	routes := make([]route.Route, len(rows))
	for i, r := range rows {
		if !strings.HasPrefix(r.witness, "Test") {
			r.witness = "TestWitness/" + r.witness
		}
		routes[i] = route.Route{
			Pattern: r.pattern, Permission: r.permission, Query: r.query, Serve: r.serve,
			Doc: r.doc, Checked: r.checked, Witness: r.witness,
		}
	}
	return routes
}

// may is the permission of a route that needs one.
func may(actions ...string) []string { return actions }

// ofType is what every resource type answers: routes that follow one page, last
// compared with it at the given date.
func (s *Service) ofType(name, checked string) []route.Route {
	t := s.typeOf(name)
	collection := groupPath + "/" + strings.ToLower(t.under)
	if t.parent != "" {
		collection = groupPath + "/" + strings.ToLower(s.typeOf(t.parent).under) + "/{parent}/" + strings.ToLower(t.under)
	}
	item := collection + "/{name}"
	of := func(method, path, action, row string, answer func(*call, *resourceType) (reply, error)) route.Route {
		return route.Route{
			Pattern: method + " " + path, Permission: may(t.name + "/" + action),
			Serve: s.do(func(c *call) (reply, error) { return answer(c, t) }),
			Doc:   t.doc, Checked: checked, Witness: "TestTypeWitness/" + t.name + "/" + row,
		}
	}
	routes := []route.Route{
		of("PUT", item, "write", "create", (*call).put),
		of("GET", item, "read", "get", (*call).get),
		of("GET", collection, "read", "list", (*call).list),
	}
	if t.patch.members != nil {
		routes = append(routes, of("PATCH", item, "write", "update", (*call).patch))
		routes[len(routes)-1].Doc, routes[len(routes)-1].Checked = t.patch.doc, "2026-11-26"
	}
	if !t.lasting {
		erase := (*call).delete
		if t.name == siteType {
			erase = (*call).deleteSite
		}
		routes = append(routes, of("DELETE", item, "delete", "delete", erase))
		routes[len(routes)-1].Query = strings.Fields(t.query[http.MethodDelete])
	}
	if t.tracked() {
		routes = append(routes, of("GET", subscriptionPath+"/"+strings.ToLower(t.under), "read", "list of a subscription", (*call).list))
		routes[len(routes)-1].Query = strings.Fields(t.query[http.MethodGet])
	}
	return routes
}
