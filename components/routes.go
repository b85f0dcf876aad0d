package components

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file reads from the files of a function app under which paths it answers:
// the route prefix of host.json, and then the route of a function's HTTP trigger,
// which is its name without one
// (https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger).

// defaultRoutePrefix is what the Functions host has without a prefix in host.json
// (https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook#hostjson-settings).
const defaultRoutePrefix = "api"

// routesOf are the paths of the HTTP functions among the files of a package.
func routesOf(files map[string][]byte) ([]string, error) {
	var host struct {
		Extensions struct {
			HTTP struct {
				RoutePrefix *string `json:"routePrefix"`
			} `json:"http"`
		} `json:"extensions"`
	}
	if err := json.Unmarshal(files["host.json"], &host); err != nil {
		return nil, fmt.Errorf("read host.json: %w", err)
	}
	prefix := defaultRoutePrefix
	if given := host.Extensions.HTTP.RoutePrefix; given != nil {
		prefix = *given
	}
	var routes []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		function, isFunction := strings.CutSuffix(name, "/function.json")
		if !isFunction {
			continue
		}
		var declared struct {
			Bindings []struct{ Type, Route string } `json:"bindings"`
		}
		if err := json.Unmarshal(files[name], &declared); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		for _, binding := range declared.Bindings {
			if strings.EqualFold(binding.Type, "httpTrigger") {
				routes = append(routes, strings.Trim(prefix+"/"+cmp.Or(binding.Route, function), "/"))
			}
		}
	}
	return routes, nil
}
