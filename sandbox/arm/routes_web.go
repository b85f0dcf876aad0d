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
	parts := routesOf([]row{
		{"POST " + subscriptionPath + "/providers/microsoft.web/checknameavailability", may(siteNameCheck), nil,
			s.do((*call).checkSiteName), docs + "appservice/check-name-availability", "2026-11-23", "name of a site"},
		{"GET " + subscriptionPath + "/providers/microsoft.web/georegions", may("Microsoft.Web/geoRegions/Read"), []string{"sku"},
			s.doAt(webVersions, (*call).listRegions), docs + "appservice/list-geo-regions", "2026-11-23", "regions of App Service"},
		{"PUT " + sitePath + "/config/appsettings", action("config/write"), nil,
			s.do((*call).putSettings), doc + "update-application-settings", "2026-11-23", "set app settings"},
		{"POST " + sitePath + "/config/appsettings/list", action("config/list/action"), nil,
			s.do((*call).listSettings), doc + "list-application-settings", "2026-11-23", "app settings"},
		{"GET " + sitePath + "/config/slotconfignames", action("config/read"), nil,
			s.do((*call).slotNames), doc + "list-slot-configuration-names", "2026-11-23", "names of slot settings"},
		{"GET " + sitePath + "/config/web", action("config/read"), nil,
			s.do((*call).getConfig), doc + "get-configuration", "2026-11-23", "site configuration"},
		{"GET " + sitePath + "/config/authsettingsv2", action("config/read"), nil,
			s.do((*call).authSettings), doc + "get-auth-settings-v2-without-secrets", "2026-11-23", "authentication settings"},
		{"GET " + sitePath + "/config/authsettingsv2/list", action("config/list/action"), nil,
			s.do((*call).authSettings), doc + "get-auth-settings-v2", "2026-11-26", "authentication settings with secrets"},
		{"PUT " + sitePath + "/config/authsettingsv2", action("config/write"), nil,
			s.do((*call).authSettings), doc + "update-auth-settings-v2", "2026-11-23", "set authentication settings"},
		{"GET " + referencesPath, action("config/read"), nil,
			s.references, doc + "get-app-settings-key-vault-references", "2026-11-23", "Key Vault references"},
		{"GET " + referencesPath + "/{setting}", action("config/read"), nil,
			s.references, doc + "get-app-setting-key-vault-reference", "2026-11-23", "Key Vault reference"},
		{"POST " + referencesPath + "/refresh", action("config/write"), nil,
			s.do((*call).refreshReferences), "https://learn.microsoft.com/azure/app-service/app-service-key-vault-references",
			"2026-11-23", "refresh Key Vault references"},
		{"GET " + sitePath + "/basicpublishingcredentialspolicies/{policy}", action("basicPublishingCredentialsPolicies/read"), nil,
			s.do((*call).policy), doc + "get-scm-allowed", "2026-11-23", "publishing policy"},
		{"PUT " + sitePath + "/basicpublishingcredentialspolicies/{policy}", action("basicPublishingCredentialsPolicies/write"), nil,
			s.do((*call).policy), doc + "update-scm-allowed", "2026-11-23", "set a publishing policy"},
		{"POST " + sitePath + "/restart", action("restart/action"), []string{"softRestart", "synchronous"},
			s.do((*call).restartSite), doc + "restart", "2026-11-23", "restart a site"},
		{"POST " + sitePath + "/start", action("start/action"), nil,
			s.do(setSiteState("Running")), doc + "start", "2026-11-23", "start a site"},
		{"POST " + sitePath + "/stop", action("stop/action"), nil,
			s.do(setSiteState("Stopped")), doc + "stop", "2026-11-23", "stop a site"},
		{"POST " + sitePath + "/syncfunctiontriggers", action("syncfunctiontriggers/action"), nil,
			s.do((*call).syncTriggers), doc + "sync-function-triggers", "2026-11-23", "sync triggers"},
		{"GET " + sitePath + "/functions", action("functions/read"), nil,
			s.do((*call).listFunctions), doc + "list-functions", "2026-11-23", "functions"},
		{"GET " + sitePath + "/functions/{function}", action("functions/read"), nil,
			s.do((*call).getFunction), doc + "get-function", "2026-11-23", "function"},
		{"POST " + sitePath + "/functions/{function}/listkeys", action("functions/listkeys/action"), nil,
			s.functionKeys, doc + "list-function-keys", "2026-11-23", "keys of a function"},
		{"POST " + sitePath + "/host/default/listkeys", action("host/listkeys/action"), nil,
			s.hostKeys, doc + "list-host-keys", "2026-11-23", "keys of the host"},
	})
	return slices.Concat(parts, s.ofType(planType, "2026-11-23"), s.ofType(siteType, "2026-11-23"))
}
