// Package program says what this repository's Pulumi program can have left in a
// stack's state: its types of resource, its providers, and its one command. A
// state with anything else was written by another program, such as a branch's,
// and the engine may run code for it when it deletes it.
package program

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// types are the types of the program's resources. A test compares them with the
// golden graphs.
var types = []string{
	"pulumi:pulumi:Stack",
	"pulumi:pulumi:StackReference", // of a stack with clients of another one's API
	"app-to-app:components:API",
	"app-to-app:components:Client",
	"app-to-app:components:FunctionApp",
	"azure-native:authorization:RoleAssignment",
	"azure-native:insights:Component",
	"azure-native:insights:DiagnosticSetting",
	"azure-native:keyvault:Secret",
	"azure-native:keyvault:Vault",
	"azure-native:managedidentity:UserAssignedIdentity",
	"azure-native:operationalinsights:Workspace",
	"azure-native:resources:ResourceGroup",
	"azure-native:storage:BlobContainer",
	"azure-native:storage:BlobServiceProperties",
	"azure-native:storage:StorageAccount",
	"azure-native:web/v20240401:AppServicePlan",
	"azure-native:web/v20240401:WebApp",
	"azure-native:web/v20240401:WebAppApplicationSettings",
	"azure-native:web/v20240401:WebAppFtpAllowed",
	"azure-native:web/v20240401:WebAppScmAllowed",
	"azuread:index/appRoleAssignment:AppRoleAssignment",
	"azuread:index/application:Application",
	"azuread:index/applicationAppRole:ApplicationAppRole",
	"azuread:index/applicationCertificate:ApplicationCertificate",
	"azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential",
	"azuread:index/applicationIdentifierUri:ApplicationIdentifierUri",
	"azuread:index/applicationPassword:ApplicationPassword",
	"azuread:index/servicePrincipal:ServicePrincipal",
	commandType,
	"tls:index/privateKey:PrivateKey",
	"tls:index/selfSignedCert:SelfSignedCert",
}

// providers are the plugins of the program's SDKs, and the versions that the
// default branch has used, the newest first. A test compares that one with the
// golden graphs, so whoever raises a version adds it here. The engine downloads a
// plugin that it lacks, by its name and from where Pulumi publishes it: a state may
// choose among versions that somebody has reviewed, and no other. One that no
// stack has any more can be dropped.
var providers = map[string][]string{"azuread": {"5.53.5"}, "azure-native": {"2.90.0"}, "command": {"1.1.0"}, "tls": {"5.2.2"}, "pulumi": {""}}

// providerInputs are what a default provider of the program is configured with.
// Anything else could send the login to a host of somebody's choice, or make the
// plugin another one.
var providerInputs = []string{"__internal", "location", "version"}

const (
	commandType    = "command:local:Command"
	providerPrefix = "pulumi:providers:"
)

// A Resource is the part of a resource in a state that decides what the engine
// runs for it.
type Resource struct {
	URN      string           `json:"urn"`
	Type     string           `json:"type"`
	Inputs   map[string]any   `json:"inputs"`
	Outputs  map[string]any   `json:"outputs"`
	Provider string           `json:"provider"` // URN::id
	Hooks    map[string][]any `json:"resourceHooks"`
	ViewOf   string           `json:"viewOf"`
}

// Foreign says why a resource is not one of the program's, "" if it is.
func (r Resource) Foreign() string {
	kind, isProvider := strings.CutPrefix(r.Type, providerPrefix)
	switch {
	case typeOf(r.URN) != r.Type:
		return fmt.Sprintf("its URN is of another type than %q", r.Type)
	case r.hasForeignHook():
		return "it has hooks that the program does not, which run code"
	case r.ViewOf != "":
		return "another resource decides what is done with it"
	case isProvider:
		return r.foreignProvider(kind)
	case !slices.Contains(types, r.Type):
		return fmt.Sprintf("the program has no resource of type %q", r.Type)
	case r.Type == commandType && !IsPublisher(r.URN, r.states()...):
		return "it is another command than the one that publishes a package"
	}
	return r.foreignPlugin()
}

// hasForeignHook reports whether the engine would call another hook than the
// program's own, which decides whether a failed operation is repeated. The engine
// calls no hook of a program that does not run.
func (r Resource) hasForeignHook() bool {
	for event, names := range r.Hooks {
		for _, hook := range names {
			name, ok := hook.(string)
			if event != "OnError" || !ok || !retryHook.MatchString(name) {
				return true
			}
		}
	}
	return false
}

// retryHook is the name of a component's error hook.
var retryHook = regexp.MustCompile(`^app-to-app:components:(API|Client|FunctionApp):[^:]+:retry$`)

// states are the resource's inputs, and its outputs if it was created.
func (r Resource) states() []map[string]any {
	if r.Outputs == nil {
		return []map[string]any{r.Inputs}
	}
	return []map[string]any{r.Inputs, r.Outputs}
}

// foreignProvider says what is wrong with a provider.
func (r Resource) foreignProvider(name string) string {
	versions, known := providers[name]
	if !known {
		return fmt.Sprintf("the program has no provider %q", name)
	}
	for _, properties := range r.states() {
		for _, input := range slices.Sorted(maps.Keys(properties)) {
			if !slices.Contains(providerInputs, input) {
				return fmt.Sprintf("the program does not set %q of a provider", input)
			}
		}
		if internal, given := properties["__internal"]; given && !isEmptyMap(internal) {
			return "it says where its plugin comes from"
		}
		if got, given := properties["version"]; given && !isOneOf(got, versions) {
			return fmt.Sprintf("expected one of the versions %s of its plugin, which the default branch has used, got %q", strings.Join(versions, ", "), fmt.Sprint(got))
		}
	}
	return ""
}

// foreignPlugin says whether another plugin than its type's deletes a resource.
func (r Resource) foreignPlugin() string {
	plugin, _, _ := strings.Cut(r.Type, ":")
	if got := typeOf(r.Provider); r.Provider != "" && got != providerPrefix+plugin {
		return fmt.Sprintf("expected the provider %q, got %q", plugin, cmp.Or(strings.TrimPrefix(got, providerPrefix), r.Provider))
	}
	return ""
}

func isOneOf(value any, texts []string) bool {
	text, ok := value.(string)
	return ok && slices.Contains(texts, text)
}

func isEmptyMap(value any) bool {
	m, ok := value.(map[string]any)
	return ok && len(m) == 0
}

// typeOf is the resource's own type in a URN, without its parents' types.
func typeOf(urn string) string {
	path := typePath(urn)
	return path[strings.LastIndex(path, "$")+1:]
}

// typePath is the part of a URN with the types of the resource and its parents.
func typePath(urn string) string {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) < 4 {
		return ""
	}
	return parts[2]
}

// Types are the types of the program's resources.
func Types() []string { return slices.Clone(types) }

// PluginVersion is the newest version of a provider's plugin, "" for one that the
// program does not have.
func PluginVersion(name string) string { return append(providers[name], "")[0] }
