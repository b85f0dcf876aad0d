package arm_test

import (
	"strings"
	"testing"
)

func TestSiteRefusals(t *testing.T) {
	t.Parallel()
	config := func(siteConfig string) string {
		return siteBody(`"httpsOnly":true`, `"siteConfig":{`+siteConfig+`}`)
	}
	storage := func(value string) string { return siteBody(baseURL+"/blob/ordersapp/packages", value) }
	second := group + "/providers/Microsoft.Web/sites/second"
	other := strings.Replace(identity, "app-id", "other", 1)
	system := siteBody(`"UserAssignedIdentity","userAssignedIdentityResourceId":"`+identity+`"`, `"SystemAssignedIdentity"`)
	run(t, []refusal{
		{name: "no kind", ask: put(site, siteBody(`"kind":"functionapp,linux",`, "")), status: 501, code: "NotEmulated", says: "kind"},
		{name: "name with a point", ask: put(site+".x", siteBody()), status: 400, code: "BadRequest"},
		{name: "name that is taken", first: []request{put(site, siteBody()), put(plan+"2", planBody), put(group+"2", here)},
			ask: put(strings.Replace(site, "/rg/", "/rg2/", 1), siteBody("app-plan", "app-plan2")), status: 409, code: "Conflict", says: "orders-app already exists"},
		{name: "kind changed", first: []request{put(site, siteBody())}, ask: put(site, siteBody("functionapp,linux", "functionapp")), status: 400, code: "BadRequest", says: "kind"},
		{name: "plan that does not exist", ask: put(site, siteBody("app-plan", "nothing")), status: 404, code: "NotFound", says: "nothing"},
		{name: "plan in another location", ask: put(site, siteBody("westeurope", "eastus")), status: 400, code: "BadRequest", says: "location"},
		{name: "two apps on a Flex plan", first: []request{put(site, siteBody())}, ask: put(second, siteBody()), status: 409, code: "Conflict", says: "only one app"},
		{name: "move between Flex plans", first: []request{put(site, siteBody()), put(plan+"2", planBody)}, ask: put(site, siteBody("app-plan", "app-plan2")), status: 409, code: "Conflict"},
		{name: "no functionAppConfig", ask: put(site+"?api-version=2022-09-01", `{"location":"westeurope","kind":"functionapp,linux","properties":{"serverFarmId":"`+plan+`"}}`), status: 400, code: "BadRequest", says: "FunctionAppConfig section was not specified"},
		{name: "functionAppConfig on another plan", first: []request{put(plan+"2", strings.Replace(strings.Replace(planBody, "FC1", "Y1", 1), "FlexConsumption", "Dynamic", 1))},
			ask: put(site, siteBody("app-plan", "app-plan2")), status: 400, code: "BadRequest", says: "Flex Consumption sites only"},
		{name: "the SDK's default netFrameworkVersion", ask: put(site, config(`"netFrameworkVersion":"v4.6"`)), status: 400, code: "BadRequest",
			says: "The following site configuration property (Site.SiteConfig.NetFrameworkVersion) for Flex Consumption sites is invalid.  Please remove or rename it before retrying."},
		{name: "several refused properties", ask: put(site, config(`"linuxFxVersion":"","ftpsState":"Disabled"`)), status: 400, code: "BadRequest",
			says: "The following list of 2 site configuration properties (Site.SiteConfig.FtpsState, Site.SiteConfig.LinuxFxVersion) for Flex Consumption sites is invalid."},
		{name: "always on", ask: put(site, config(`"alwaysOn":true`)), status: 400, code: "BadRequest", says: "AlwaysOn"},
		{name: "container size", ask: put(site, siteBody(`"httpsOnly":true`, `"containerSize":1536`)), status: 400, code: "BadRequest", says: "ContainerSize"},
		{name: "worker runtime among inline settings", ask: put(site, config(`"appSettings":[{"name":"FUNCTIONS_WORKER_RUNTIME","value":"custom"}]`)), status: 400, code: "BadRequest", says: "Site.SiteConfig.AppSettings.FUNCTIONS_WORKER_RUNTIME"},
		{name: "worker runtime among app settings", first: []request{put(site, siteBody())}, ask: put(settings, `{"properties":{"functions_worker_runtime":"custom"}}`), status: 400, code: "BadRequest", says: "FUNCTIONS_WORKER_RUNTIME"},
		{name: "app setting with a colon", first: []request{put(site, siteBody())}, ask: put(settings, `{"properties":{"A:B":"x"}}`), status: 400, code: "BadRequest", says: "A:B"},
		{name: "app setting that is a number", first: []request{put(site, siteBody())}, ask: put(settings, `{"properties":{"A":1}}`), status: 400, code: "InvalidRequestContent", says: "a string"},
		{name: "app settings without properties", first: []request{put(site, siteBody())}, ask: put(settings, `{}`), status: 400, code: "MissingRequiredProperty"},
		{name: "app settings of a site that does not exist", ask: put(settings, `{"properties":{}}`), status: 404, code: "ResourceNotFound"},
		{name: "no runtime", ask: put(site, siteBody(`"runtime":{"name":"custom","version":"1.0"},`, "")), status: 400, code: "MissingRequiredProperty", says: "functionAppConfig.runtime"},
		{name: "runtime that does not exist", ask: put(site, siteBody(`"custom"`, `"cobol"`)), status: 400, code: "InvalidRequestPropertyValue", says: "runtime.name"},
		{name: "runtime without a version", ask: put(site, siteBody(`,"version":"1.0"`, "")), status: 400, code: "BadRequest", says: "Site.FunctionAppConfig.Runtime"},
		{name: "memory between the sizes", ask: put(site, siteBody("2048", "1024")), status: 400, code: "BadRequest", says: "instanceMemoryMB (1024)"},
		{name: "no instances", ask: put(site, siteBody(`"maximumInstanceCount":40`, `"maximumInstanceCount":0`)), status: 400, code: "BadRequest", says: "[1, 1000]"},
		{name: "too many instances", ask: put(site, siteBody(`"maximumInstanceCount":40`, `"maximumInstanceCount":1001`)), status: 400, code: "BadRequest", says: "[1, 1000]"},
		{name: "fraction of an instance", ask: put(site, siteBody(`"maximumInstanceCount":40`, `"maximumInstanceCount":40.5`)), status: 400, code: "InvalidRequestContent", says: "an integer"},
		{name: "unknown always ready group", ask: put(site, siteBody(`"maximumInstanceCount":40`, `"alwaysReady":[{"name":"timers","instanceCount":1}]`)), status: 400, code: "BadRequest", says: "timers"},
		{name: "deployment storage elsewhere", ask: put(site, storage("https://ordersapp.blob.core.windows.net/packages")), status: 400, code: "BadRequest", says: "not the URL of a blob container"},
		{name: "deployment storage without a container", ask: put(site, storage(baseURL+"/blob/ordersapp/")), status: 400, code: "BadRequest", says: "not the URL of a blob container"},
		{name: "deployment container that does not exist", ask: put(site, storage(baseURL+"/blob/ordersapp/nothing")), status: 400, code: "BadRequest", says: "does not exist"},
		{name: "deployment identity that is not attached", first: []request{put(other, here)}, ask: put(site, siteBody(`ResourceId":"`+identity, `ResourceId":"`+other)), status: 400, code: "BadRequest", says: "not assigned to the site"},
		{name: "system-assigned deployment identity of a site without one", ask: put(site, system), status: 400, code: "BadRequest", says: "no system-assigned identity"},
		{name: "deployment connection string without a name", ask: put(site, siteBody(`"UserAssignedIdentity","userAssignedIdentityResourceId":"`+identity+`"`, `"StorageAccountConnectionString"`)), status: 400, code: "BadRequest", says: "storageAccountConnectionStringName"},
		{name: "identity that does not exist", ask: put(site, siteBody(identity, other)), status: 400, code: "FailedIdentityOperation", says: other},
		{name: "user-assigned without identities", ask: put(site, siteBody(`"userAssignedIdentities":{"`+identity+`":{}}`, `"userAssignedIdentities":{}`)), status: 400, code: "MissingIdentityIds"},
		{name: "unknown identity type", ask: put(site, siteBody(`"type":"UserAssigned"`, `"type":"Borrowed"`)), status: 400, code: "InvalidIdentityType"},
		{name: "policy that does not exist", first: []request{put(site, siteBody())}, ask: request{method: "GET", path: site + "/basicPublishingCredentialsPolicies/smtp"}, status: 404, code: "NotFound"},
		{name: "policy without allow", first: []request{put(site, siteBody())}, ask: put(site+"/basicPublishingCredentialsPolicies/scm", `{"properties":{}}`), status: 400, code: "MissingRequiredProperty", says: "allow"},
		{name: "keys of a function that does not exist", first: []request{put(site, siteBody())}, ask: request{method: "POST", path: site + "/functions/Nothing/listkeys"}, status: 404, code: "NotFound"},
		{name: "keys of a site that does not exist", ask: request{method: "POST", path: site + "/host/default/listkeys"}, status: 404, code: "ResourceNotFound"},
		{name: "references of a site that does not exist", ask: request{method: "GET", path: site + "/config/configreferences/appsettings"}, status: 404, code: "ResourceNotFound"},
		{name: "reference that a site does not have", first: []request{put(site, siteBody())}, ask: request{method: "GET", path: site + "/config/configreferences/appsettings/OTHER"}, status: 404, code: "NotFound", says: "OTHER"},
		{name: "reader refreshes references", first: []request{put(site, siteBody())}, ask: request{method: "POST", path: site + "/config/configreferences/appsettings/refresh", caller: contoso + " " + onlyReader}, status: 403, code: "AuthorizationFailed", says: "config/write"},
		{name: "keys of a host that does not run", first: []request{put(strings.Replace(site, "orders-app", "down", 1), siteBody())},
			ask: request{method: "POST", path: strings.Replace(site, "orders-app", "down", 1) + "/host/default/listkeys"}, status: 400, code: "BadRequest", says: "from host runtime"},
	})
}

// The caller of this test may write sites and nothing else.
func TestSiteNeedsPermissionsOnPlanAndIdentity(t *testing.T) {
	t.Parallel()
	const siteWriter = "d0000000-0000-0000-0000-000000000007"
	w := newWorld(t)
	w.prepare()
	// Contributor on the site alone has no permission on the plan and the
	// identity.
	w.must(200, "PUT", site, siteBody())
	w.must(201, "PUT", site+"/providers/Microsoft.Authorization/roleAssignments/"+guid(1), assignmentBody(contributorRole, siteWriter, "ServicePrincipal"))
	w.must(201, "PUT", strings.Replace(identity, "app-id", "other", 1), here)
	with := siteBody(`{"`+identity+`":{}}`, `{"`+identity+`":{},"`+strings.Replace(identity, "app-id", "other", 1)+`":{}}`)
	as := contoso + " " + siteWriter
	if answer := w.do(request{method: "PUT", path: site, body: siteBody(), caller: as}); answer.Code != 200 {
		t.Errorf("nothing new is used: got %d %s, want 200", answer.Code, answer.Body)
	}
	answer := w.do(request{method: "PUT", path: site, body: with, caller: as})
	if answer.Code != 403 || code(answer) != "LinkedAuthorizationFailed" || !strings.Contains(answer.Body.String(), "userAssignedIdentities/assign/action") {
		t.Errorf("another identity: got %d %s, want 403 LinkedAuthorizationFailed naming the action", answer.Code, answer.Body)
	}
	w.must(200, "PUT", plan+"3", strings.Replace(strings.Replace(planBody, "FC1", "Y1", 1), "FlexConsumption", "Dynamic", 1))
	w.must(200, "PUT", plan+"4", strings.Replace(strings.Replace(planBody, "FC1", "Y1", 1), "FlexConsumption", "Dynamic", 1))
	consumption := strings.Replace(site, "orders-app", "third", 1)
	on := func(plan string) string {
		return `{"location":"westeurope","kind":"functionapp,linux","properties":{"serverFarmId":"` + plan + `"}}`
	}
	w.must(200, "PUT", consumption, on(plan+"3"))
	w.must(201, "PUT", consumption+assignments+"/"+guid(3), assignmentBody(contributorRole, siteWriter, "ServicePrincipal"))
	answer = w.do(request{method: "PUT", path: consumption, body: on(plan + "4"), caller: as})
	if answer.Code != 403 || code(answer) != "LinkedAuthorizationFailed" || !strings.Contains(answer.Body.String(), "serverfarms/join/action") {
		t.Errorf("another plan: got %d %s, want 403 LinkedAuthorizationFailed naming the action", answer.Code, answer.Body)
	}
}
