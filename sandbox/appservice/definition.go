package appservice

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"app-to-app/sandbox/store"
)

// A definition is everything that a running app depends on, read at one time.
type definition struct {
	SiteID         string
	TenantID       string
	SubscriptionID string
	ResourceGroup  string
	Location       string
	AppPort        int
	State          string // Running, Stopped
	Enabled        bool
	Runtime        string
	Storage        deploymentStorage
	Identity       identity
	IdentityHeader string
	Settings       map[string]string // references to Key Vault are resolved in a host's
	// ReferenceIdentity reads Key Vault: an ARM id, or SystemAssigned.
	ReferenceIdentity string
	Package           string // SHA-256 of what was published last; empty before
}

// deploymentStorage is functionAppConfig.deployment.storage.
type deploymentStorage struct {
	Type           string `json:"type"`
	Value          string `json:"value"`
	Authentication struct {
		Type         string `json:"type"`
		UserAssigned string `json:"userAssignedIdentityResourceId"`
	} `json:"authentication"`
}

// identity is the identity property of a site.
type identity struct {
	Type         string `json:"type"`
	PrincipalID  string `json:"principalId"`
	UserAssigned map[string]struct {
		PrincipalID string `json:"principalId"`
		ClientID    string `json:"clientId"`
	} `json:"userAssignedIdentities"`
}

// any reports whether the site has an identity.
func (i identity) any() bool { return i.systemAssigned() || len(i.UserAssigned) > 0 }

func (i identity) systemAssigned() bool {
	return strings.Contains(strings.ToLower(i.Type), "systemassigned") && i.PrincipalID != ""
}

// userAssigned returns the principal of the user-assigned identity with that
// ARM id.
func (i identity) userAssigned(id string) (principalID string, ok bool) {
	for known, ua := range i.UserAssigned {
		if store.ResourceKey(known) == store.ResourceKey(id) {
			return ua.PrincipalID, true
		}
	}
	return "", false
}

// define reads the definition of a site.
func (s *Service) define(siteID string) (def definition, err error) {
	err = s.config.Store.View(func(tx *store.Tx) error {
		resource, ok := store.ResourceByID(tx, siteID)
		site, known := store.Sites.Get(tx, store.ResourceKey(siteID))
		if !ok || !known {
			return fmt.Errorf("site %q was deleted", lastName(siteID))
		}
		var properties struct {
			State   string
			Enabled *bool
			Opener  string `json:"keyVaultReferenceIdentity"`
			Config  struct {
				Deployment struct{ Storage deploymentStorage }
				Runtime    struct{ Name string }
			} `json:"functionAppConfig"`
		}
		if err := json.Unmarshal(resource.Properties, &properties); err != nil {
			return fmt.Errorf("read the properties of site %q: %w", lastName(siteID), err)
		}
		def = definition{
			SiteID: site.ResourceID, TenantID: site.TenantID, SubscriptionID: resource.SubscriptionID,
			ResourceGroup: resource.ResourceGroup, Location: resource.Location, AppPort: site.AppPort,
			State: properties.State, Enabled: properties.Enabled == nil || *properties.Enabled,
			Runtime: properties.Config.Runtime.Name, Storage: properties.Config.Deployment.Storage,
			IdentityHeader: site.IdentityHeader, Package: site.Package, ReferenceIdentity: properties.Opener,
		}
		if len(resource.Identity) > 0 {
			if err := json.Unmarshal(resource.Identity, &def.Identity); err != nil {
				return fmt.Errorf("read the identity of site %q: %w", lastName(siteID), err)
			}
		}
		if settings, ok := store.ResourceByID(tx, siteID+"/config/appsettings"); ok && len(settings.Properties) > 0 {
			if err := json.Unmarshal(settings.Properties, &def.Settings); err != nil {
				return fmt.Errorf("read the app settings of site %q: %w", lastName(siteID), err)
			}
		}
		return nil
	})
	return def, err
}

// fingerprint is equal for two definitions with which a handler would run the
// same way.
func (d definition) fingerprint() [sha256.Size]byte {
	d.Storage.Type = strings.ToLower(d.Storage.Type)
	data, err := json.Marshal(d)
	if err != nil {
		panic(err) // a definition is plain data
	}
	return sha256.Sum256(data)
}

func (d definition) name() string     { return lastName(d.SiteID) }
func (d definition) hostName() string { return fmt.Sprintf("127.0.0.1:%d", d.AppPort) }

// available reports whether App Service lets requests through to the app.
func (d definition) available() bool { return d.Enabled && !strings.EqualFold(d.State, "Stopped") }

// setting returns an app setting; the platform ignores the case of names.
func (d definition) setting(name string) string {
	if value, ok := d.Settings[name]; ok {
		return value
	}
	for known, value := range d.Settings {
		if strings.EqualFold(known, name) {
			return value
		}
	}
	return ""
}

func (d definition) identityDisabled() bool {
	return strings.EqualFold(d.setting("WEBSITE_DISABLE_MSI"), "true") || d.setting("WEBSITE_DISABLE_MSI") == "1"
}

// packageName is what OneDeploy calls the package in the container.
// learn.microsoft.com/azure/azure-functions/flex-consumption-plan#deployment
const packageName = "released-package.zip"

// A container is a blob container and the identity to use it with.
type container struct{ account, name, principalID string }

// packages returns the deployment container of the site.
func (d definition) packages() (container, error) {
	const property = "functionAppConfig.deployment.storage"
	c := container{}
	if !strings.EqualFold(d.Storage.Type, "blobContainer") {
		return c, fmt.Errorf("%s.type: expected %q, got %q; the sandbox runs Flex Consumption apps only", property, "blobContainer", d.Storage.Type)
	}
	var ok bool
	if c.account, c.name, ok = blobPath(d.Storage.Value); !ok || c.name == "" {
		return c, fmt.Errorf("%s.value: expected a container below the account's primaryEndpoints.blob, got %q", property, d.Storage.Value)
	}
	switch auth := d.Storage.Authentication; strings.ToLower(auth.Type) {
	case "systemassignedidentity":
		if c.principalID = d.Identity.PrincipalID; !d.Identity.systemAssigned() {
			return c, fmt.Errorf("%s.authentication: expected the site to have a system-assigned identity, got identity type %q", property, d.Identity.Type)
		}
	case "userassignedidentity":
		if c.principalID, ok = d.Identity.userAssigned(auth.UserAssigned); !ok {
			return c, fmt.Errorf("%s.authentication: expected a user-assigned identity of the site, got %q", property, auth.UserAssigned)
		}
	default:
		return c, unemulated("definition.go", "%s.authentication.type %q", property, auth.Type)
	}
	return c, nil
}

// blobPath parses a path-style blob URL: …/blob/ACCOUNT[/CONTAINER].
func blobPath(text string) (account, container string, ok bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" {
		return "", "", false
	}
	rest, ok := strings.CutPrefix(u.Path, "/blob/")
	if !ok {
		return "", "", false
	}
	account, container, _ = strings.Cut(strings.Trim(rest, "/"), "/")
	return account, container, account != "" && !strings.Contains(container, "/")
}

// hostStorage returns the account that the host keeps keys and timers in.
// learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
func (d definition) hostStorage() (c container, err error) {
	const prefix = "AzureWebJobsStorage__"
	if d.setting("AzureWebJobsStorage") != "" {
		return c, unemulated("definition.go", "app setting AzureWebJobsStorage (a connection string); use %sblobServiceUri", prefix)
	}
	var ok bool
	if c.account, c.name, ok = blobPath(d.setting(prefix + "blobServiceUri")); !ok || c.name != "" {
		return c, fmt.Errorf("app setting %sblobServiceUri: expected the account's primaryEndpoints.blob, got %q", prefix, d.setting(prefix+"blobServiceUri"))
	}
	clientID, resourceID := d.setting(prefix+"clientId"), d.setting(prefix+"managedIdentityResourceId")
	if credential := d.setting(prefix + "credential"); credential != "" && !strings.EqualFold(credential, "managedidentity") {
		return c, fmt.Errorf("app setting %scredential: expected %q, got %q", prefix, "managedidentity", credential)
	} else if credential == "" && clientID+resourceID != "" {
		return c, fmt.Errorf("app setting %scredential: expected %q, because %[1]sclientId is set; got nothing", prefix, "managedidentity")
	}
	switch {
	case clientID != "":
		for _, ua := range d.Identity.UserAssigned {
			if strings.EqualFold(ua.ClientID, clientID) {
				c.principalID = ua.PrincipalID
				return c, nil
			}
		}
		return c, fmt.Errorf("app setting %sclientId: expected the client id of an identity of the site, got %q", prefix, clientID)
	case resourceID != "":
		if c.principalID, ok = d.Identity.userAssigned(resourceID); !ok {
			return c, fmt.Errorf("app setting %smanagedIdentityResourceId: expected an identity of the site, got %q", prefix, resourceID)
		}
		return c, nil
	}
	if c.principalID = d.Identity.PrincipalID; !d.Identity.systemAssigned() {
		return c, fmt.Errorf("app setting %sclientId: expected the client id of an identity of the site, because it has no system-assigned identity; got nothing", prefix)
	}
	return c, nil
}
