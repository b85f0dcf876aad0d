package arm

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file has the parts of a site that have their own id: app settings, site
// configuration, publishing credentials policies.

const (
	configType = siteType + "/config"
	policyType = siteType + "/basicPublishingCredentialsPolicies"
)

func settingsID(site store.Resource) string { return site.ID + "/config/appsettings" }

// putPart stores a part under its site.
func (c *call) putPart(site store.Resource, kind, path string, properties map[string]any) store.Resource {
	now := c.service.store.Now()
	part := store.Resource{
		ID: site.ID + "/" + path, TenantID: site.TenantID, SubscriptionID: site.SubscriptionID, ResourceGroup: site.ResourceGroup,
		Type: kind, Name: lastSegment(path), APIVersion: c.version, CreatedBy: c.caller.ObjectID, CreatedAt: now, Location: site.Location,
	}
	if old, ok := store.ResourceByID(c.tx, part.ID); ok {
		part.CreatedBy, part.CreatedAt = old.CreatedBy, old.CreatedAt
	}
	part.ChangedAt, part.Properties = now, mustJSON(properties)
	store.Resources.Put(c.tx, store.ResourceKey(part.ID), part)
	return part
}

func showPart(part store.Resource) map[string]any {
	return map[string]any{"id": part.ID, "name": part.Name, "type": part.Type, "location": part.Location, "properties": part.Properties}
}

// site returns the site of the request.
func (c *call) site() (store.Resource, error) { return c.existing(c.service.typeOf(siteType)) }

// partBody reads the request for a part.
func (c *call) partBody(properties schema.Field) (map[string]any, error) {
	body, err := c.read(schema.Outputs("id", "name", "type", "location", "kind").With(schema.Fields{"properties": properties.Required()}))
	if err != nil {
		return nil, err
	}
	read, _ := body["properties"].(map[string]any)
	return read, nil
}

// putSettings replaces all app settings:
// learn.microsoft.com/rest/api/appservice/web-apps/update-application-settings.
func (c *call) putSettings() (reply, error) {
	site, err := c.site()
	if err == nil {
		err = c.registered("Microsoft.Web")
	}
	if err != nil {
		return reply{}, err
	}
	settings, err := c.partBody(schema.Dict(schema.Text()))
	if err != nil {
		return reply{}, err
	}
	plan, err := c.storedPlan(site)
	if err == nil {
		err = checkSettings(settings, isFlex(plan))
	}
	if err != nil {
		return reply{}, err
	}
	part := c.putPart(site, configType, "config/appsettings", settings)
	c.changed = append(c.changed, site.ID)
	c.note(part.ID)
	return ok(showPart(part))
}

func (c *call) storedPlan(site store.Resource) (store.Resource, error) {
	properties, err := decodeObject(site.Properties)
	if err != nil {
		return store.Resource{}, err
	}
	plan, _ := store.ResourceByID(c.tx, textAt(properties, "serverFarmId"))
	return plan, nil
}

// On Linux a setting becomes an environment variable:
// learn.microsoft.com/azure/app-service/configure-common.
var settingName = regexp.MustCompile(`^[A-Za-z0-9_.]+$`)

func checkSettings(settings map[string]any, flex bool) error {
	var wrong []string
	for name := range settings {
		if !settingName.MatchString(name) {
			wrong = append(wrong, name)
		}
	}
	if wrong != nil {
		slices.Sort(wrong)
		return badRequest("AppSetting with name(s) '%s' is not allowed: letters, digits, '.' and '_' only.", strings.Join(wrong, ", "))
	}
	if flex {
		return checkFlexSettings(settings)
	}
	return nil
}

// takeInlineSettings replaces the app settings with siteConfig.appSettings.
func (ch *change) takeInlineSettings(plan store.Resource) error {
	config, _ := ch.properties["siteConfig"].(map[string]any)
	pairs, given := config["appSettings"].([]any)
	delete(config, "appSettings")
	if !given {
		return nil
	}
	settings := make(map[string]any, len(pairs))
	for _, item := range pairs {
		pair, _ := item.(map[string]any)
		if pair["slotSetting"] == true {
			return unemulated("slot settings")
		}
		settings[textAt(pair, "name")] = textAt(pair, "value")
	}
	if err := checkSettings(settings, isFlex(plan)); err != nil {
		return err
	}
	ch.putPart(ch.resource, configType, "config/appsettings", settings)
	return nil
}

// listSettings shows the app settings. It is a POST because they are secrets.
func (c *call) listSettings() (reply, error) {
	site, err := c.site()
	if err != nil {
		return reply{}, err
	}
	part, _ := store.ResourceByID(c.tx, settingsID(site))
	return ok(showPart(part))
}

// configDefaults are the values of site configuration that was not set.
var configDefaults = map[string]any{
	"numberOfWorkers": 1, "netFrameworkVersion": "v4.0", "linuxFxVersion": "", "alwaysOn": false, "ftpsState": "FtpsOnly",
	"minTlsVersion": "1.2", "scmMinTlsVersion": "1.2", "http20Enabled": false, "use32BitWorkerProcess": false, "webSocketsEnabled": false,
	"remoteDebuggingEnabled": false, "localMySqlEnabled": false, "functionAppScaleLimit": 0, "minimumElasticInstanceCount": 0,
	"preWarmedInstanceCount": 0, "functionsRuntimeScaleMonitoringEnabled": false, "publicNetworkAccess": "Enabled",
}

// getConfig shows the site configuration:
// learn.microsoft.com/rest/api/appservice/web-apps/get-configuration.
func (c *call) getConfig() (reply, error) {
	site, err := c.site()
	if err != nil {
		return reply{}, err
	}
	properties, err := decodeObject(site.Properties)
	if err != nil {
		return reply{}, err
	}
	shown := maps.Clone(configDefaults)
	config, _ := properties["siteConfig"].(map[string]any)
	maps.Copy(shown, config)
	return ok(map[string]any{"id": site.ID + "/config/web", "name": site.Name, "type": configType, "location": site.Location, "properties": shown})
}

// slotNames shows the settings that stay with a slot in a swap: none. The Azure
// CLI asks for them when it lists or deletes app settings.
func (c *call) slotNames() (reply, error) {
	site, err := c.site()
	if err != nil {
		return reply{}, err
	}
	return ok(map[string]any{"id": site.ID + "/config/slotConfigNames", "name": "slotConfigNames", "type": configType, "properties": map[string]any{
		"appSettingNames": nil, "azureStorageConfigNames": nil, "connectionStringNames": nil,
	}})
}

// policy shows or replaces a publishing credentials policy:
// learn.microsoft.com/azure/app-service/configure-basic-auth-disable.
func (c *call) policy() (reply, error) {
	site, err := c.site()
	if err != nil {
		return reply{}, err
	}
	name := strings.ToLower(c.r.PathValue("policy"))
	if name != "ftp" && name != "scm" {
		return reply{}, refuse(http.StatusNotFound, "NotFound", "The basic publishing credentials policy '%s' does not exist: ftp or scm.", name)
	}
	path := "basicPublishingCredentialsPolicies/" + name
	part, _ := store.ResourceByID(c.tx, site.ID+"/"+path)
	if c.writes() {
		properties, err := c.partBody(schema.Object(schema.Fields{"allow": schema.Flag().Required()}))
		if err != nil {
			return reply{}, err
		}
		part = c.putPart(site, policyType, path, properties)
		c.changed = append(c.changed, site.ID)
		c.note(part.ID)
	}
	return ok(showPart(part))
}
