package recover

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
)

// An armKind is a type of resource of Azure Resource Manager.
type armKind struct {
	path    string // {input} is an input, {subscriptionId} the caller's
	version string
	name    string // the input that the provider generates; "" if the program chooses it
}

const inGroup = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/"

// armKinds are the types whose creation fails if the thing is there already, and
// the api-versions that the provider uses.
var armKinds = map[string]armKind{
	groupType: {
		"/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}", "2022-09-01", "resourceGroupName"},
	"azure-native:storage:StorageAccount": {
		inGroup + "Microsoft.Storage/storageAccounts/{accountName}", "2022-09-01", "accountName"},
	"azure-native:storage:BlobContainer": {
		inGroup + "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}", "2022-09-01", ""},
	"azure-native:managedidentity:UserAssignedIdentity": {
		inGroup + "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}", "2023-01-31", "resourceName"},
	"azure-native:authorization:RoleAssignment": {
		"{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}", "2022-04-01", ""},
	"azure-native:insights:Component": {
		inGroup + "Microsoft.Insights/components/{resourceName}", "2020-02-02", "resourceName"},
	"azure-native:insights:DiagnosticSetting": {
		"{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}", "2021-05-01-preview", ""},
	"azure-native:operationalinsights:Workspace": {
		inGroup + "Microsoft.OperationalInsights/workspaces/{workspaceName}", "2022-10-01", "workspaceName"},
	"azure-native:keyvault:Vault": {
		inGroup + "Microsoft.KeyVault/vaults/{vaultName}", "2023-02-01", "vaultName"},
	"azure-native:keyvault:Secret": {
		inGroup + "Microsoft.KeyVault/vaults/{vaultName}/secrets/{secretName}", "2023-02-01", ""},
	"azure-native:web/v20240401:AppServicePlan": {
		inGroup + "Microsoft.Web/serverfarms/{name}", "2024-04-01", "name"},
	"azure-native:web/v20240401:WebApp": {
		inGroup + "Microsoft.Web/sites/{name}", "2024-04-01", "name"},
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// idOf is the ARM id that the inputs determine, "" if one is not known.
func (k armKind) idOf(r resource, subscription string) string {
	complete := true
	id := placeholder.ReplaceAllStringFunc(k.path, func(name string) string {
		name = strings.Trim(name, "{}")
		value := r.input(name)
		if name == "subscriptionId" {
			value = subscription
		}
		complete = complete && value != ""
		return strings.TrimSuffix(value, "/")
	})
	if !complete {
		return ""
	}
	return "/" + strings.TrimLeft(id, "/")
}

// An armResource is one in a list of Resource Manager.
type armResource struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Location string            `json:"location"`
	Tags     map[string]string `json:"tags"`

	Properties struct {
		Description string `json:"description"` // of a role assignment
	} `json:"properties"`
}

// findARM looks at the id that the inputs determine.
func (l *live) findARM(ctx context.Context, r resource) ([]thing, error) {
	kind := armKinds[r.kind()]
	id := kind.idOf(r, l.session.SubscriptionID)
	if id == "" {
		return nil, nil
	}
	var found armResource
	exists, err := get(ctx, l.session.ResourceManager, id+"?api-version="+kind.version, &found)
	if !exists || err != nil {
		return nil, err
	}
	if !l.ours(r, found) {
		return nil, azurecloud.WithHint(&undecidedError{fmt.Sprintf("expected what is at %s to carry the mark of %s, got none or another's: nothing was done", id, r.name())},
			"look at it: az resource show --ids "+id+"; if it is not the stack's, the next update cannot create its own under that name")
	}
	if strings.EqualFold(found.ID, id) {
		id = found.ID // in the case that the provider keeps
	}
	return []thing{{id: id, adoptable: true, remove: func(ctx context.Context) error {
		return l.session.ResourceManager.Delete(ctx, id+"?api-version="+kind.version)
	}}}, nil
}

// ours reports whether what was found by its id carries the resource's mark, if the
// program's creation of it has one: what has no room for a mark is below something
// that has.
func (l *live) ours(r resource, found armResource) bool {
	inputs, _ := r.object["inputs"].(object)
	tags, _ := inputs["tags"].(object)
	mark, marked := provenance.ParseARMTags(found.Tags)
	switch description, _ := provenance.ParseText(r.input("description")); {
	case tags[provenance.NameKey] != nil:
		return marked && mark.Of(l.o.Project, l.o.Name) && mark.Name == r.name()
	case description.Name != "":
		is, ok := provenance.ParseText(found.Properties.Description)
		return ok && is == description
	}
	return true
}
