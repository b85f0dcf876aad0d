package arm

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements function apps:
// learn.microsoft.com/rest/api/appservice/web-apps. Their names are unique in
// the whole sandbox, as they are in all of Azure. Host names are the sandbox's
// and do not contain the name. The texts for a bad name, a changed kind and a
// plan in another location are guesses.

const siteType = "Microsoft.Web/sites"

func sites() *resourceType {
	return &resourceType{
		name:              siteType,
		under:             "providers/" + siteType,
		doc:               "https://learn.microsoft.com/rest/api/appservice/web-apps/create-or-update",
		patch:             patching{[]string{"properties", "kind", "identity"}, docs + "appservice/web-apps/update"},
		versions:          webVersions,
		names:             nameRule{regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,58}[A-Za-z0-9]$`), "BadRequest", "Site name '%s' is not valid: 2 to 60 letters, digits and '-', not starting or ending with '-'."},
		body:              envelope(siteProperties, schema.Fields{"kind": schema.Text(), "identity": identitySchema()}),
		query:             map[string]string{http.MethodDelete: "deleteEmptyServerFarm deleteMetrics"},
		created:           http.StatusOK,
		identitySeparator: ", ",
		check:             checkSite,
		afterDelete:       afterSiteDelete,
		show:              showSite,
	}
}

func checkSite(ch *change) error {
	if !strings.Contains(strings.ToLower(ch.resource.Kind), "functionapp") {
		return unemulated("sites that are not function apps (kind %q)", ch.resource.Kind)
	}
	if ch.old != nil && ch.old.Kind != ch.resource.Kind {
		return badRequest("The property 'kind' of the site '%s' cannot change from '%s' to '%s'.", ch.resource.Name, ch.old.Kind, ch.resource.Kind)
	}
	plan, err := ch.planOfSite()
	if err != nil {
		return err
	}
	if ch.old == nil {
		if err := ch.freeSiteName(ch.resource.Name); err != nil {
			return err
		}
	}
	if err := ch.takeInlineSettings(plan); err != nil {
		return err
	}
	if isFlex(plan) {
		err = checkFlex(ch, plan)
	} else if _, given := ch.properties["functionAppConfig"]; given {
		err = badRequest("Site.FunctionAppConfig is invalid.  The FunctionAppConfig section is for Flex Consumption sites only.")
	}
	if err != nil {
		return err
	}
	ch.properties["serverFarmId"] = plan.ID
	ch.properties["reserved"] = true // it follows the plan, not the request
	return ch.completeSite(plan)
}

func isFlex(plan store.Resource) bool { return textAt(skuOf(plan), "name") == "FC1" }

// planOfSite returns the plan of the request, or else the site's present one.
func (ch *change) planOfSite() (store.Resource, error) {
	id := textAt(ch.properties, "serverFarmId")
	if id == "" {
		id = textAt(ch.before, "serverFarmId")
	}
	if id == "" {
		return store.Resource{}, unemulated("a site without serverFarmId")
	}
	plan, ok := store.ResourceByID(ch.tx, id)
	if !ok || plan.Type != planType || plan.SubscriptionID != ch.resource.SubscriptionID {
		return store.Resource{}, refuse(http.StatusNotFound, "NotFound", "Cannot find ServerFarm with name %s.", lastSegment(id))
	}
	if plan.Location != ch.resource.Location {
		return store.Resource{}, badRequest("The site '%s' must be in the location of its plan: expected '%s', got '%s'.", ch.resource.Name, plan.Location, ch.resource.Location)
	}
	was := textAt(ch.before, "serverFarmId")
	if strings.EqualFold(was, plan.ID) {
		return plan, nil
	}
	if old, ok := store.ResourceByID(ch.tx, was); was != "" && (isFlex(plan) || ok && isFlex(old)) {
		return store.Resource{}, refuse(http.StatusConflict, "Conflict", "The site '%s' cannot move between plans: a Flex Consumption app stays on its plan.", ch.resource.Name)
	}
	return plan, ch.linked(siteType+"/write", ch.resource.ID, planType+"/join/action", plan.ID)
}

// freeSiteName refuses the name of another site.
func (c *call) freeSiteName(name string) error {
	for _, r := range store.Resources.All(c.tx, "/subscriptions/") {
		if r.Type == siteType && strings.EqualFold(r.Name, name) {
			return refuse(http.StatusConflict, "Conflict", "Website with given name %s already exists.", name)
		}
	}
	return nil
}

// completeSite sets the read-only properties, and creates the parts of a new
// site.
func (ch *change) completeSite(plan store.Resource) error {
	ch.setDefault("enabled", true)
	ch.setDefault("httpsOnly", false)
	ch.setDefault("publicNetworkAccess", "Enabled")
	ch.setDefault("keyVaultReferenceIdentity", "SystemAssigned")
	ch.properties["resourceGroup"] = ch.resource.ResourceGroup
	ch.properties["lastModifiedTimeUtc"] = ch.service.store.Now().Format("2006-01-02T15:04:05.0000000")
	ch.properties["sku"] = textAt(skuOf(plan), "tier")
	ch.changed = append(ch.changed, ch.resource.ID)
	if ch.old != nil {
		return nil
	}
	site, err := ch.service.config.Sites.Create(ch.tx, ch.resource.ID, ch.resource.TenantID)
	if err != nil {
		return fmt.Errorf("create site: %w", err)
	}
	app, scm := fmt.Sprintf("127.0.0.1:%d", site.AppPort), fmt.Sprintf("127.0.0.1:%d", site.SCMPort)
	for name, value := range map[string]any{
		"state": "Running", "usageState": "Normal", "availabilityState": "Normal", "repositorySiteName": ch.resource.Name,
		"defaultHostName": app, "hostNames": []string{app}, "enabledHostNames": []string{app, scm},
		"hostNameSslStates": []map[string]any{
			{"name": app, "sslState": "Disabled", "hostType": "Standard", "thumbprint": nil, "toUpdate": nil, "virtualIP": nil},
			{"name": scm, "sslState": "Disabled", "hostType": "Repository", "thumbprint": nil, "toUpdate": nil, "virtualIP": nil},
		},
		"outboundIpAddresses": "127.0.0.1", "possibleOutboundIpAddresses": "127.0.0.1",
	} {
		ch.properties[name] = value
	}
	for _, name := range []string{"ftp", "scm"} {
		ch.putPart(ch.resource, policyType, "basicPublishingCredentialsPolicies/"+name, map[string]any{"allow": true})
	}
	if _, ok := store.ResourceByID(ch.tx, settingsID(ch.resource)); !ok {
		ch.putPart(ch.resource, configType, "config/appsettings", map[string]any{})
	}
	return nil
}

// afterSiteDelete tells App Service that a site was deleted.
func afterSiteDelete(c *call, r store.Resource) {
	c.service.config.Sites.Delete(c.tx, r.ID)
	c.changed = append(c.changed, r.ID)
}

// deleteSite deletes a site and, unless the request says not to, its plan if
// that has no other site:
// learn.microsoft.com/rest/api/appservice/web-apps/delete.
func (c *call) deleteSite(t *resourceType) (reply, error) {
	site, err := c.existing(t)
	if err != nil {
		return c.delete(t) // a site that does not exist is no error
	}
	properties, err := decodeObject(site.Properties)
	if err != nil {
		return reply{}, err
	}
	out, err := c.delete(t)
	planID := textAt(properties, "serverFarmId")
	if err != nil || strings.EqualFold(c.r.URL.Query().Get("deleteEmptyServerFarm"), "false") || len(c.sitesOn(planID)) > 0 {
		return out, err
	}
	if plan, ok := store.ResourceByID(c.tx, planID); ok {
		c.erase(plan)
	}
	return out, nil
}
