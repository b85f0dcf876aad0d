package arm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// This file has what Flex Consumption refuses:
// learn.microsoft.com/azure/azure-functions/flex-consumption-plan and
// .../functions-app-settings#flex-consumption-plan-deprecations. Texts and the
// extended code 51021 are as App Service sends them (reported in
// Azure/terraform-azurerm-avm-res-web-site#283 and #360, Azure/azure-cli#31414,
// polymind-inc/acmebot#946). Those of the runtime, the memory and the
// deployment storage are guesses in the same style. Regions differ; the sandbox
// follows the strictest.

// flexSiteConfig are the siteConfig properties that Flex refuses, whatever
// their value, in the order of App Service's own list.
var flexSiteConfig = []string{
	"ftpsState", "use32BitWorkerProcess", "preWarmedInstanceCount", "netFrameworkVersion", "functionsRuntimeScaleMonitoringEnabled",
	"functionAppScaleLimit", "linuxFxVersion", "windowsFxVersion", "javaVersion", "nodeVersion", "phpVersion", "powerShellVersion", "pythonVersion",
}

// flexSettings are the app settings that Flex refuses. It ignores the others
// that it replaced.
var flexSettings = []string{"FUNCTIONS_WORKER_RUNTIME"}

// invalid is App Service's refusal of a list of names.
func invalid(one, many string, names []string) error {
	subject := fmt.Sprintf("The following %s (%s)", one, strings.Join(names, ", "))
	advice := "Please remove or rename it before retrying."
	if len(names) > 1 {
		subject = fmt.Sprintf("The following list of %d %s (%s)", len(names), many, strings.Join(names, ", "))
		advice = "Please remove or rename them before retrying."
	}
	subject += " for Flex Consumption sites"
	message := subject + " is invalid.  " + advice
	return &refusal{http.StatusBadRequest, "BadRequest", message, []map[string]any{
		{"message": message}, {"code": "BadRequest"},
		{"errorEntity": map[string]any{"extendedCode": "51021", "messageTemplate": "{0} is invalid.  {1}", "parameters": []string{subject, advice}, "code": "BadRequest", "message": message}},
	}}
}

// checkFlexSettings refuses [flexSettings].
func checkFlexSettings(settings map[string]any) error {
	var refused []string
	for _, name := range flexSettings {
		for given := range settings {
			if strings.EqualFold(given, name) {
				refused = append(refused, "Site.SiteConfig.AppSettings."+name)
			}
		}
	}
	if refused == nil {
		return nil
	}
	return invalid("app setting", "app settings", refused)
}

// checkFlex applies the rules of a site on an FC1 plan.
func checkFlex(ch *change, plan store.Resource) error {
	for _, other := range ch.sitesOn(plan.ID) {
		if !strings.EqualFold(other.ID, ch.resource.ID) {
			// The rule is documented, the code and text are not.
			return refuse(http.StatusConflict, "Conflict", "The plan '%s' already has the app '%s': a Flex Consumption plan can have only one app.", plan.Name, other.Name)
		}
	}
	if err := checkFlexConfig(ch); err != nil {
		return err
	}
	config, given := ch.properties["functionAppConfig"].(map[string]any)
	if !given {
		return badRequest("Site.FunctionAppConfig is invalid.  The FunctionAppConfig section was not specified in the request, which is required for Flex Consumption sites. To proceed, please add the FunctionAppConfig section in your request.")
	}
	if err := checkRuntime(config); err != nil {
		return err
	}
	if err := checkScale(config); err != nil {
		return err
	}
	return checkDeploymentStorage(ch, config)
}

// checkFlexConfig refuses properties of the site and siteConfig that Flex does
// not have.
func checkFlexConfig(ch *change) error {
	config, _ := ch.properties["siteConfig"].(map[string]any)
	var refused []string
	for _, name := range flexSiteConfig {
		if _, given := config[name]; given {
			refused = append(refused, "Site.SiteConfig."+strings.ToUpper(name[:1])+name[1:])
		}
	}
	if config["alwaysOn"] == true {
		refused = append(refused, "Site.SiteConfig.AlwaysOn")
	}
	if size, given := ch.properties["containerSize"]; given && size != json.Number("0") {
		refused = append(refused, "Site.ContainerSize")
	}
	if refused != nil {
		return invalid("site configuration property", "site configuration properties", refused)
	}
	return nil
}

func checkRuntime(config map[string]any) error {
	name, version := textAt(config, "runtime", "name"), textAt(config, "runtime", "version")
	if name != "custom" {
		return unemulated("the runtime %q", name)
	}
	if version != "1.0" {
		return badRequest("Site.FunctionAppConfig.Runtime is invalid.  The specified version '%s' of the runtime 'custom' is not supported, the supported versions are: 1.0.", version)
	}
	return nil
}

func checkScale(config map[string]any) error {
	scale, _ := config["scaleAndConcurrency"].(map[string]any)
	if memory, given := scale["instanceMemoryMB"].(json.Number); given && !slices.Contains([]json.Number{"512", "2048", "4096"}, memory) {
		return badRequest("Site.FunctionAppConfig.ScaleAndConcurrency is invalid.  InvalidInstanceMemoryMB - The specified value of instanceMemoryMB (%s) is not allowed, the allowed values are [512, 2048, 4096].", memory)
	}
	if count, given := scale["maximumInstanceCount"].(json.Number); given {
		// The documentation of May 2025 says 40 to 1000; the service has since
		// returned this range.
		if n, err := count.Int64(); err != nil || n < 1 || n > 1000 {
			return badRequest("Site.FunctionAppConfig.ScaleAndConcurrency is invalid.  InvalidMaximumInstanceCount - The specified value of maximumInstanceCount (%s) is not allowed, the allowed value range is [1, 1000].", count)
		}
	}
	ready, _ := scale["alwaysReady"].([]any)
	for _, item := range ready {
		group, _ := item.(map[string]any)
		name := textAt(group, "name")
		if !slices.Contains([]string{"http", "blob", "durable"}, name) && !strings.HasPrefix(name, "function:") {
			return badRequest("Site.FunctionAppConfig.ScaleAndConcurrency is invalid.  The always ready group '%s' is not known: http, blob, durable or function:<name>.", name)
		}
	}
	return nil
}

// checkDeploymentStorage checks that the container for packages exists, and
// that the site has the identity to use there. As in Azure, the identity's role
// is checked only when a package is published.
func checkDeploymentStorage(ch *change, config map[string]any) error {
	where := textAt(config, "deployment", "storage", "value")
	account, container, ok := ch.containerAt(where)
	if !ok {
		return badRequest("Site.FunctionAppConfig.Deployment.Storage is invalid.  The value '%s' is not the URL of a blob container, expected %s/blob/ACCOUNT/CONTAINER.", where, ch.service.config.StorageURL)
	}
	if !ch.hasContainer(account, container) {
		return badRequest("Site.FunctionAppConfig.Deployment.Storage is invalid.  The container '%s' does not exist.", where)
	}
	identity := identityOf(ch.resource)
	proof, _ := at(config, "deployment", "storage", "authentication").(map[string]any)
	attached := textAt(proof, "userAssignedIdentityResourceId")
	switch textAt(proof, "type") {
	case "UserAssignedIdentity":
		if !identity.has(attached) {
			return badRequest("Site.FunctionAppConfig.Deployment.Storage.Authentication is invalid.  The user-assigned identity '%s' is not assigned to the site.", attached)
		}
		return nil
	case "SystemAssignedIdentity":
		if !identity.system() {
			return badRequest("Site.FunctionAppConfig.Deployment.Storage.Authentication is invalid.  The site has no system-assigned identity.")
		}
		if attached != "" {
			return badRequest("Site.FunctionAppConfig.Deployment.Storage.Authentication is invalid.  The property userAssignedIdentityResourceId is for the type UserAssignedIdentity.")
		}
		return nil
	}
	if textAt(proof, "storageAccountConnectionStringName") == "" {
		return badRequest("Site.FunctionAppConfig.Deployment.Storage.Authentication is invalid.  The property storageAccountConnectionStringName is required.")
	}
	return unemulated("deployment storage by connection string")
}

// containerAt parses the URL of a container in this sandbox.
func (c *call) containerAt(where string) (account, container string, ok bool) {
	path, ok := strings.CutPrefix(where, c.service.config.StorageURL+"/blob/")
	if !ok {
		return "", "", false
	}
	account, container, ok = strings.Cut(strings.TrimSuffix(path, "/"), "/")
	return account, container, ok && account != "" && container != "" && !strings.Contains(container, "/")
}

// hasContainer says whether the resource's tenant has the container.
func (ch *change) hasContainer(account, container string) bool {
	for _, r := range store.Resources.All(ch.tx, "/subscriptions/") {
		if r.Type == containerType && r.TenantID == ch.resource.TenantID && r.Name == container && strings.EqualFold(segmentAfter(r.ID, "storageAccounts"), account) {
			return true
		}
	}
	return false
}
