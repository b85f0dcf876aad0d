package arm

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file has the actions on a site: restart, start, stop, and listing its
// functions and keys.

// restartSite follows learn.microsoft.com/rest/api/appservice/web-apps/restart.
func (c *call) restartSite() (reply, error) {
	site, err := c.site()
	if err != nil {
		return reply{}, err
	}
	c.restart = site.ID
	c.note(site.ID)
	return reply{status: http.StatusOK}, nil
}

// setSiteState serves start and stop:
// learn.microsoft.com/rest/api/appservice/web-apps/start.
func setSiteState(state string) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		site, err := c.site()
		if err != nil {
			return reply{}, err
		}
		properties, err := decodeObject(site.Properties)
		if err != nil {
			return reply{}, err
		}
		properties["state"] = state
		site.Properties, site.ChangedAt = mustJSON(properties), c.service.store.Now()
		store.Resources.Put(c.tx, store.ResourceKey(site.ID), site)
		c.changed = append(c.changed, site.ID)
		c.note(site.ID)
		return reply{status: http.StatusOK}, nil
	}
}

// syncTriggers does nothing: the sandbox's host reads the triggers from the
// package.
// learn.microsoft.com/rest/api/appservice/web-apps/sync-function-triggers
func (c *call) syncTriggers() (reply, error) {
	_, err := c.site()
	return reply{status: http.StatusNoContent}, err
}

// listFunctions shows the functions of the running package:
// learn.microsoft.com/rest/api/appservice/web-apps/list-functions.
func (c *call) listFunctions() (reply, error) {
	site, err := c.site()
	if err != nil {
		return reply{}, err
	}
	known, _ := store.Sites.Get(c.tx, store.ResourceKey(site.ID))
	items := make([]map[string]any, 0, len(known.Functions))
	for _, name := range known.Functions {
		items = append(items, showFunction(site, known, name))
	}
	return ok(values(items))
}

func (c *call) getFunction() (reply, error) {
	site, err := c.site()
	if err != nil {
		return reply{}, err
	}
	if err := c.hasFunction(site, c.r.PathValue("function")); err != nil {
		return reply{}, err
	}
	known, _ := store.Sites.Get(c.tx, store.ResourceKey(site.ID))
	return ok(showFunction(site, known, c.r.PathValue("function")))
}

func (c *call) hasFunction(site store.Resource, name string) error {
	known, _ := store.Sites.Get(c.tx, store.ResourceKey(site.ID))
	if !slices.Contains(known.Functions, name) {
		return refuse(http.StatusNotFound, "NotFound", "Function '%s' does not exist in the site '%s'.", name, site.Name)
	}
	return nil
}

// showFunction shows a function as the host describes it. Addresses of files are
// left out on purpose: the sandbox has no address for them.
// https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script.WebHost/Extensions/FunctionMetadataExtensions.cs
func showFunction(site store.Resource, known store.Site, name string) map[string]any {
	described, app := known.Described[name], fmt.Sprintf("https://127.0.0.1:%d", known.AppPort)
	properties := map[string]any{
		"function_app_id": site.ID, "language": "custom", "isDisabled": described.Disabled,
		"href": app + "/admin/functions/" + name, "invoke_url_template": nil,
		"config": map[string]any{}, "files": nil, "test_data": nil,
	}
	if described.Route != "" {
		properties["invoke_url_template"] = app + strings.ToLower(described.Route)
	}
	if len(described.Config) > 0 {
		properties["config"] = described.Config
	}
	return map[string]any{
		"id": site.ID + "/functions/" + name, "name": site.Name + "/" + name, "type": siteType + "/functions", "location": site.Location,
		"properties": properties,
	}
}

// hostKeys and functionKeys call App Service outside a transaction, because it
// starts its own.
// learn.microsoft.com/rest/api/appservice/web-apps/list-host-keys
func (s *Service) hostKeys(w http.ResponseWriter, r *http.Request) {
	site, err := s.siteOf(r, "")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	keys, err := s.config.Sites.HostKeys(site.ID)
	if err != nil {
		s.fail(w, r, hostDown(err))
		return
	}
	writeJSON(w, r, http.StatusOK, map[string]any{
		"masterKey": keys.MasterKey, "functionKeys": orEmpty(keys.FunctionKeys), "systemKeys": orEmpty(keys.SystemKeys),
	})
}

func (s *Service) functionKeys(w http.ResponseWriter, r *http.Request) {
	function := r.PathValue("function")
	site, err := s.siteOf(r, function)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	keys, err := s.config.Sites.FunctionKeys(site.ID, function)
	if err != nil {
		s.fail(w, r, hostDown(err))
		return
	}
	writeJSON(w, r, http.StatusOK, orEmpty(keys))
}

// hostDown is App Service's refusal while the Functions host is not running.
func hostDown(err error) error {
	return badRequest("Encountered an error (ServiceUnavailable) from host runtime. %v", err)
}

// siteOf returns the site of a request. It must have the function, unless that
// is empty.
func (s *Service) siteOf(r *http.Request, function string) (site store.Resource, err error) {
	c := &call{service: s, r: r, caller: route.CallerOf(r.Context()), version: r.URL.Query().Get("api-version")}
	err = s.store.View(func(tx *store.Tx) (err error) {
		c.tx = tx
		c.subscription, _ = store.Subscriptions.Get(tx, strings.ToLower(r.PathValue("subscription")))
		if site, err = c.site(); err == nil && function != "" {
			err = c.hasFunction(site, function)
		}
		return err
	})
	return site, err
}

func orEmpty(keys map[string]string) map[string]string {
	if keys == nil {
		return map[string]string{}
	}
	return keys
}
