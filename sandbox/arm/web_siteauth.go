package arm

import (
	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements App Service Authentication ("Easy Auth"), version 2:
// learn.microsoft.com/rest/api/appservice/web-apps/update-auth-settings-v2. It
// can be off, or on without an identity provider and with anonymous requests
// allowed, which refuses nothing. Identity providers and refusing anonymous
// requests are unemulated, because the site's address would have to enforce
// them.

func authID(site store.Resource) string { return site.ID + "/config/authsettingsV2" }

var authProperties = schema.Fields{
	"platform": schema.Object(schema.Fields{"enabled": schema.Flag().Default(false), "runtimeVersion": schema.Text().Only("~1").Default("~1")}),
	"globalValidation": schema.Object(schema.Fields{
		"requireAuthentication": schema.Flag().Only(false).Default(false),
		"unauthenticatedClientAction": schema.Text("AllowAnonymous", "RedirectToLoginPage", "Return401", "Return403").
			Only("AllowAnonymous").Default("AllowAnonymous"),
	}),
	"httpSettings": schema.Object(schema.Fields{"requireHttps": schema.Flag().Only(true).Default(true)}),
}

// authSettings shows the settings (alone, or as a list that would include
// secrets if there were any) or replaces them.
func (c *call) authSettings() (reply, error) {
	site, err := c.site()
	if err != nil {
		return reply{}, err
	}
	part, stored := store.ResourceByID(c.tx, authID(site))
	if c.r.Method == "PUT" {
		properties, err := c.partBody(schema.Object(authProperties))
		if err != nil {
			return reply{}, err
		}
		part, stored = c.putPart(site, configType, "config/authsettingsV2", properties), true
		c.note(part.ID)
	}
	if !stored {
		part = store.Resource{ID: authID(site), Name: "authsettingsV2", Type: configType, Location: site.Location}
	}
	set, err := decodeObject(part.Properties)
	if err != nil {
		return reply{}, err
	}
	shown := authProperties.Show(set)
	shown["identityProviders"] = map[string]any{}
	part.Properties = mustJSON(shown)
	return ok(showPart(part))
}
