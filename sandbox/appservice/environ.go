package appservice

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// This file builds the environment of a handler. The rules are: app settings
// replace the machine's variables, and the platform's variables replace both.

// handlerEnviron is a handler's environment, without the variables that differ
// between its processes.
func handlerEnviron(s *Service, def definition, instanceID string) []string {
	variables := make(map[string]string)
	for _, pair := range s.config.Environ {
		name, value, _ := strings.Cut(pair, "=")
		variables[name] = value
	}
	for name, value := range def.Settings {
		// App Service on Linux writes : as __.
		// learn.microsoft.com/azure/app-service/configure-common#configure-app-settings
		variables[strings.ReplaceAll(name, ":", "__")] = value
	}
	instance := sha256.Sum256([]byte(instanceID))
	maps.Copy(variables, map[string]string{
		"WEBSITE_SITE_NAME":           def.name(),
		"WEBSITE_HOSTNAME":            def.hostName(),
		"WEBSITE_INSTANCE_ID":         hex.EncodeToString(instance[:]),
		"WEBSITE_RESOURCE_GROUP":      def.ResourceGroup,
		"WEBSITE_OWNER_NAME":          def.SubscriptionID + "+" + def.ResourceGroup,
		"WEBSITE_SKU":                 "FlexConsumption",
		"REGION_NAME":                 def.Location,
		"FUNCTIONS_EXTENSION_VERSION": "~4",
		"FUNCTIONS_WORKER_RUNTIME":    "custom",
	})
	for _, name := range []string{"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"} {
		delete(variables, name)
	}
	if def.Identity.any() && !def.identityDisabled() {
		maps.Copy(variables, map[string]string{
			"IDENTITY_ENDPOINT": s.identityURL, "IDENTITY_HEADER": def.IdentityHeader,
			"MSI_ENDPOINT": s.identityURL, "MSI_SECRET": def.IdentityHeader,
		})
	}
	environ := make([]string, 0, len(variables))
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		// Other names cannot be environment variables.
		if pair := name + "=" + variables[name]; name != "" && !strings.Contains(name, "=") && !strings.Contains(pair, "\x00") {
			environ = append(environ, pair)
		}
	}
	return environ
}

// handlerVariables are the host's own (HttpWorkerProcess and
// HttpWorkerConstants of Azure/azure-functions-host).
func handlerVariables(port int, root string) []string {
	number, id := strconv.Itoa(port), uuid.NewString()
	return []string{
		"FUNCTIONS_CUSTOMHANDLER_PORT=" + number,
		"FUNCTIONS_HTTPWORKER_PORT=" + number, // the name before customHandler
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID=" + id,
		"FUNCTIONS_HTTPWORKER_ID=" + id,
		"FUNCTIONS_APP_ROOT_PATH=" + root,
	}
}

// variable returns the value of a name in an environment.
func variable(environ []string, name string) string {
	for _, pair := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}
