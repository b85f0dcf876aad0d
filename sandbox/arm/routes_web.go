package arm

import (
	"slices"

	"app-to-app/sandbox/route"
)

// webRoutes is what belongs to Microsoft.Web: plans, sites, and what a site has
// besides itself.
func (s *Service) webRoutes() []route.Route {
	const doc = docs + "appservice/web-apps/"
	action := func(name string) []string { return may(siteType + "/" + name) }
	parts := []route.Route{
		{
			Pattern:    "POST " + subscriptionPath + "/providers/microsoft.web/checknameavailability",
			Permission: may(siteNameCheck),
			Serve:      s.do((*call).checkSiteName), Doc: docs + "appservice/check-name-availability",
			Checked: "2026-11-23", Witness: "TestWitness/name of a site",
		},
		{
			Pattern: "GET " + subscriptionPath + "/providers/microsoft.web/georegions",
			Query:   []string{"sku"}, Permission: may("Microsoft.Web/geoRegions/Read"),
			Serve: s.do((*call).listRegions), Doc: docs + "appservice/list-geo-regions",
			Checked: "2026-11-23", Witness: "TestWitness/regions of App Service",
		},
		{
			Pattern: "PUT " + sitePath + "/config/appsettings", Permission: action("config/write"),
			Serve: s.do((*call).putSettings), Doc: doc + "update-application-settings",
			Checked: "2026-11-23", Witness: "TestWitness/set app settings",
		},
		{
			Pattern: "POST " + sitePath + "/config/appsettings/list", Permission: action("config/list/action"),
			Serve: s.do((*call).listSettings), Doc: doc + "list-application-settings",
			Checked: "2026-11-23", Witness: "TestWitness/app settings",
		},
		{
			Pattern: "GET " + sitePath + "/config/slotconfignames", Permission: action("config/read"),
			Serve: s.do((*call).slotNames), Doc: doc + "list-slot-configuration-names",
			Checked: "2026-11-23", Witness: "TestWitness/names of slot settings",
		},
		{
			Pattern: "GET " + sitePath + "/config/web", Permission: action("config/read"),
			Serve: s.do((*call).getConfig), Doc: doc + "get-configuration",
			Checked: "2026-11-23", Witness: "TestWitness/site configuration",
		},
		{
			Pattern: "GET " + sitePath + "/config/authsettingsv2", Permission: action("config/read"),
			Serve: s.do((*call).authSettings), Doc: doc + "get-auth-settings-v2-without-secrets",
			Checked: "2026-11-23", Witness: "TestWitness/authentication settings",
		},
		{
			Pattern: "POST " + sitePath + "/config/authsettingsv2/list", Permission: action("config/list/action"),
			Serve: s.do((*call).authSettings), Doc: doc + "get-auth-settings-v2",
			Checked: "2026-11-23", Witness: "TestWitness/authentication settings with secrets",
		},
		{
			Pattern: "PUT " + sitePath + "/config/authsettingsv2", Permission: action("config/write"),
			Serve: s.do((*call).authSettings), Doc: doc + "update-auth-settings-v2",
			Checked: "2026-11-23", Witness: "TestWitness/set authentication settings",
		},
		{
			Pattern: "GET " + referencesPath, Permission: action("config/read"),
			Serve: s.references, Doc: doc + "get-app-settings-key-vault-references",
			Checked: "2026-11-23", Witness: "TestWitness/Key Vault references",
		},
		{
			Pattern: "GET " + referencesPath + "/{setting}", Permission: action("config/read"),
			Serve: s.references, Doc: doc + "get-app-setting-key-vault-reference",
			Checked: "2026-11-23", Witness: "TestWitness/Key Vault reference",
		},
		{
			Pattern: "POST " + referencesPath + "/refresh", Permission: action("config/write"),
			Serve:   s.do((*call).refreshReferences),
			Doc:     "https://learn.microsoft.com/azure/app-service/app-service-key-vault-references",
			Checked: "2026-11-23", Witness: "TestWitness/refresh Key Vault references",
		},
		{
			Pattern:    "GET " + sitePath + "/basicpublishingcredentialspolicies/{policy}",
			Permission: action("basicPublishingCredentialsPolicies/read"),
			Serve:      s.do((*call).policy), Doc: doc + "get-scm-allowed",
			Checked: "2026-11-23", Witness: "TestWitness/publishing policy",
		},
		{
			Pattern:    "PUT " + sitePath + "/basicpublishingcredentialspolicies/{policy}",
			Permission: action("basicPublishingCredentialsPolicies/write"),
			Serve:      s.do((*call).policy), Doc: doc + "update-scm-allowed",
			Checked: "2026-11-23", Witness: "TestWitness/set a publishing policy",
		},
		{
			Pattern: "POST " + sitePath + "/restart",
			Query:   []string{"softRestart", "synchronous"}, Permission: action("restart/action"),
			Serve: s.do((*call).restartSite), Doc: doc + "restart",
			Checked: "2026-11-23", Witness: "TestWitness/restart a site",
		},
		{
			Pattern: "POST " + sitePath + "/start", Permission: action("start/action"),
			Serve: s.do(setSiteState("Running")), Doc: doc + "start",
			Checked: "2026-11-23", Witness: "TestWitness/start a site",
		},
		{
			Pattern: "POST " + sitePath + "/stop", Permission: action("stop/action"),
			Serve: s.do(setSiteState("Stopped")), Doc: doc + "stop",
			Checked: "2026-11-23", Witness: "TestWitness/stop a site",
		},
		{
			Pattern: "POST " + sitePath + "/syncfunctiontriggers", Permission: action("syncfunctiontriggers/action"),
			Serve: s.do((*call).syncTriggers), Doc: doc + "sync-function-triggers",
			Checked: "2026-11-23", Witness: "TestWitness/sync triggers",
		},
		{
			Pattern: "GET " + sitePath + "/functions", Permission: action("functions/read"),
			Serve: s.do((*call).listFunctions), Doc: doc + "list-functions",
			Checked: "2026-11-23", Witness: "TestWitness/functions",
		},
		{
			Pattern: "GET " + sitePath + "/functions/{function}", Permission: action("functions/read"),
			Serve: s.do((*call).getFunction), Doc: doc + "get-function",
			Checked: "2026-11-23", Witness: "TestWitness/function",
		},
		{
			Pattern:    "POST " + sitePath + "/functions/{function}/listkeys",
			Permission: action("functions/listkeys/action"),
			Serve:      s.functionKeys, Doc: doc + "list-function-keys",
			Checked: "2026-11-23", Witness: "TestWitness/keys of a function",
		},
		{
			Pattern: "POST " + sitePath + "/host/default/listkeys", Permission: action("host/listkeys/action"),
			Serve: s.hostKeys, Doc: doc + "list-host-keys",
			Checked: "2026-11-23", Witness: "TestWitness/keys of the host",
		},
	}
	return slices.Concat(parts, s.ofType(planType, "2026-11-23"), s.ofType(siteType, "2026-11-23"))
}
