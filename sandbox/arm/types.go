package arm

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// A resourceType describes one type; its routes and most of its rules follow
// from that.
type resourceType struct {
	name     string   // Microsoft.Storage/storageAccounts
	parent   string   // the type it is a child of; empty: it is in a resource group
	under    string   // between the parent's id and the name
	doc      string   // the reference page
	patch    patching // empty: PATCH is not emulated
	versions []string // accepted api-versions
	names    nameRule
	body     schema.Fields     // of the whole request
	query    map[string]string // more query parameters by method, separated by spaces; those of GET are for the subscription's list

	// created is the status of a creation: 202 is asynchronous with Location,
	// 201 with poll is asynchronous with Azure-AsyncOperation.
	created int
	poll    bool

	// etag types show an entity tag beside their properties.
	etag bool
	// tagged children have tags and a location, as tracked resources do.
	tagged bool
	// lasting types cannot be deleted.
	lasting bool
	// mergesUpdates types keep properties that an update leaves out.
	mergesUpdates bool
	// fixedCode is the error code for changing a fixed property.
	fixedCode string
	// identitySeparator is between the two identity types in responses.
	identitySeparator string

	// check applies the rules that involve other resources, and sets the
	// read-only properties. It may refuse.
	check func(*change) error
	// refuseDelete may refuse a deletion.
	refuseDelete func(*call, store.Resource) error
	// afterDelete cleans up after a deletion. It cannot refuse.
	afterDelete func(*call, store.Resource)
	// show completes or removes properties before they are shown.
	show func(*call, store.Resource, map[string]any)
}

// A nameRule is the pattern of a type's names, and the refusal of other names.
type nameRule struct {
	pattern *regexp.Regexp
	code    string
	message string // %s is the name
}

// allTypes are the resource types that the sandbox knows.
func allTypes() []*resourceType {
	return []*resourceType{
		storageAccounts(), blobServices(), containers(),
		userAssignedIdentities(), federatedIdentityCredentials(),
		serverFarms(), sites(),
		workspaces(), components(),
		vaults(), vaultSecrets(),
	}
}

func (s *Service) typeOf(name string) *resourceType {
	i := slices.IndexFunc(s.types, func(t *resourceType) bool { return strings.EqualFold(t.name, name) })
	if i < 0 {
		return nil
	}
	return s.types[i]
}

func (t *resourceType) namespace() string { return t.name[:strings.Index(t.name, "/")] }

// short is the type without its namespace.
func (t *resourceType) short() string { return t.name[strings.Index(t.name, "/")+1:] }

// tracked types have a location, and are listed in groups and subscriptions.
func (t *resourceType) tracked() bool { return t.parent == "" }

// supports refuses an api-version that the type does not have.
// learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider
// documents the code; reads get it too (Azure/azure-cli#28496).
func (t *resourceType) supports(version string) error {
	if slices.Contains(t.versions, version) {
		return nil
	}
	if mayExist(version) {
		return unemulated("api-version %q of %s", version, t.name)
	}
	return refuse(http.StatusBadRequest, "NoRegisteredProviderFound",
		"No registered resource provider found for location '' and API version '%s' for type '%s'. The supported api-versions are '%s'. The supported locations are '%s'.",
		version, t.short(), strings.Join(t.versions, ", "), strings.Join(locationNames(), ", "))
}

func (n nameRule) check(name string) error {
	if n.pattern == nil || n.pattern.MatchString(name) {
		return nil
	}
	return refuse(http.StatusBadRequest, n.code, n.message, name)
}

// plausible is the form of api-versions, since the first of Resource Manager's.
var plausible = regexp.MustCompile(`^20(1[4-9]|[2-9]\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-\w+)?$`)

// mayExist reports whether Azure may have an api-version. We don't know them
// all, and to refuse one that Azure has would be a wrong answer: az shows no
// vaults then, although there are some.
func mayExist(version string) bool { return plausible.MatchString(version) }

// doAt is [Service.do] for a route without a resource type, which knows these
// api-versions.
func (s *Service) doAt(versions []string, serve func(*call) (reply, error)) http.HandlerFunc {
	return s.do(func(c *call) (reply, error) {
		if !slices.Contains(versions, c.version) {
			if mayExist(c.version) {
				return reply{}, unemulated("api-version %q", c.version)
			}
			return reply{}, refuse(http.StatusBadRequest, "InvalidApiVersionParameter",
				"The api-version '%s' is invalid. The supported versions are '%s'.", c.version, strings.Join(versions, ","))
		}
		return serve(c)
	})
}

// envelope describes a tracked resource with these properties.
func envelope(properties, more schema.Fields) schema.Fields {
	return schema.Outputs("id", "name", "type", "etag", "systemData").With(schema.Fields{
		"location":   schema.Text().Required(),
		"tags":       schema.Dict(schema.Text()),
		"properties": schema.Object(properties),
	}, more)
}

// childEnvelope describes a child resource with these properties.
func childEnvelope(properties schema.Fields) schema.Fields {
	return schema.Outputs("id", "name", "type", "etag", "systemData").With(schema.Fields{"properties": schema.Object(properties).Required()})
}
