package arm

import (
	"maps"
	"net/http"
	"slices"
)

// This file shows the state of the Key Vault references in a site's app
// settings:
// learn.microsoft.com/rest/api/appservice/web-apps/get-app-settings-key-vault-references.
// The permission to refresh them is not documented.

const referencesPath = sitePath + "/config/configreferences/appsettings"

// A Reference is one Key Vault reference and its state.
type Reference struct {
	Text         string // of the setting
	Status       string // Resolved, or why not
	Details      string
	Vault        string
	Secret       string
	Version      string // empty: the newest
	IdentityType string // SystemAssigned, UserAssigned
}

// references call App Service outside a transaction, because it starts its own.
func (s *Service) references(w http.ResponseWriter, r *http.Request) {
	site, err := s.siteOf(r, "")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	found := s.config.Sites.References(site.ID)
	show := func(name string) map[string]any {
		ref := found[name]
		properties := map[string]any{
			"reference": ref.Text, "status": ref.Status, "details": ref.Details, "source": "KeyVault",
			"vaultName": ref.Vault, "secretName": ref.Secret, "identityType": map[string]any{"type": ref.IdentityType},
		}
		if ref.Version != "" {
			properties["secretVersion"] = ref.Version
		}
		return map[string]any{
			"id": site.ID + "/config/configreferences/appsettings/" + name, "name": name, "type": siteType + "/config/configreferences",
			"properties": properties,
		}
	}
	name := r.PathValue("setting")
	if _, known := found[name]; name != "" && !known {
		s.fail(w, r, refuse(http.StatusNotFound, "NotFound", "The site '%s' has no Key Vault reference in an app setting '%s'.", site.Name, name))
		return
	}
	if name != "" {
		writeJSON(w, r, http.StatusOK, show(name))
		return
	}
	var items []map[string]any
	for _, name := range slices.Sorted(maps.Keys(found)) {
		items = append(items, show(name))
	}
	writeJSON(w, r, http.StatusOK, values(items))
}

// refreshReferences makes App Service read the references again at once:
// learn.microsoft.com/azure/app-service/app-service-key-vault-references#rotation.
func (c *call) refreshReferences() (reply, error) {
	site, err := c.site()
	if err != nil {
		return reply{}, err
	}
	c.changed = append(c.changed, site.ID)
	c.note(site.ID)
	return reply{status: http.StatusOK}, nil
}
