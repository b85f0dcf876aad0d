package diff_test

import (
	"maps"
	"strings"
	"testing"

	"app-to-app/tenant/diff"
)

// newAccount is the inputs of a storage account of the program's, with edits.
func newAccount(edits object) object {
	inputs := object{"resourceGroupName": "ours", "location": "westeurope", "kind": "StorageV2", "sku": object{"name": "Standard_LRS"},
		"allowSharedKeyAccess": false, "allowBlobPublicAccess": false, "defaultToOAuthAuthentication": true, "enableHttpsTrafficOnly": true, "minimumTlsVersion": "TLS1_2"}
	maps.Copy(inputs, edits)
	maps.DeleteFunc(inputs, func(_ string, value any) bool { return value == nil })
	return inputs
}

// TestWhatIsClaimed goes through types of resources and operations.
func TestWhatIsClaimed(t *testing.T) {
	t.Parallel()
	const (
		account   = "azure-native:storage:StorageAccount"
		container = "azure-native:storage:BlobContainer"
		workspace = "azure-native:operationalinsights:Workspace"
		site      = "azure-native:web/v20240401:WebApp"
	)
	update := func(parent, token string, differs ...string) []object {
		return []object{step("update", parent, token, "changed", object{}, object{}, differs...)}
	}
	created := func(token string, inputs object) []object {
		return []object{step("create", inAPIApp, token, "changed", nil, inputs)}
	}
	code := publish("update", publisher("a", nil), publisher("b", nil), "triggers[0]")
	for _, test := range []struct {
		name  string
		steps []object
		want  string
	}{
		{"storage", update(inAPIApp, account, "sku.name"), allClear},
		{"storage that does not say what changes", update(inAPIApp, account), mayChange},
		{"storage whose network is opened", update(inAPIApp, account, "networkRuleSet.defaultAction"), mayChange},
		{"storage that is reachable from everywhere", update(inAPIApp, account, "publicNetworkAccess"), mayChange},
		{"storage with a directory of its own", update(inAPIApp, account, "azureFilesIdentityBasedAuthentication"), mayChange},
		{"storage that no longer takes keys", []object{
			step("update", inAPIApp, account, "changed", object{"allowSharedKeyAccess": true}, object{"allowSharedKeyAccess": false}, "allowSharedKeyAccess"),
		}, allClear},
		{"new storage, as the program makes it", created(account, newAccount(nil)), allClear},
		{"new storage that anyone may read", created(account, newAccount(object{"allowBlobPublicAccess": true})), mayChange},
		{"new storage that does not say whether it takes keys", created(account, newAccount(object{"allowSharedKeyAccess": nil})), mayChange},
		{"new storage whose keys are not known yet", created(account, newAccount(object{"allowSharedKeyAccess": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"})), mayChange},
		{"new storage with an open network", created(account, newAccount(object{"networkRuleSet": object{"defaultAction": "Allow"}})), mayChange},
		{"storage replaced", []object{step("replace", inAPIApp, account, "changed", newAccount(nil), newAccount(nil), "kind")}, allClear},
		{"storage replaced by one that takes keys", []object{
			step("create-replacement", inAPIApp, account, "changed", newAccount(nil), newAccount(object{"allowSharedKeyAccess": true}), "kind"),
		}, mayChange},
		{"storage moved", []object{step("replace", inAPIApp, account, "changed", newAccount(nil), newAccount(object{"resourceGroupName": "theirs"}), "resourceGroupName")}, mayChange},
		{"storage deleted", []object{step("delete", inAPIApp, account, "changed", newAccount(nil), nil)}, allClear},
		{"a new container", created(container, object{"accountName": "a"}), allClear},
		{"a new container that says nobody may read it", created(container, object{"publicAccess": "None"}), allClear},
		{"a new container that anyone can read", created(container, object{"publicAccess": "Container"}), mayChange},
		{"a container that does not say what changes", []object{
			step("update", inAPIApp, container, "changed", object{"publicAccess": "None"}, object{"publicAccess": "Container"}),
		}, mayChange},
		{"a workspace's retention", update(inAPIApp, workspace, "retentionInDays"), allClear},
		{"who may read a workspace's logs", update(inAPIApp, workspace, "features.enableLogAccessUsingOnlyResourcePermissions"), mayChange},
		{"a new workspace, as the program makes it", created(workspace, object{"features": object{"disableLocalAuth": true}, "sku": object{"name": "PerGB2018"}, "retentionInDays": 30}), allClear},
		{"a new workspace with another feature", created(workspace, object{"features": object{"disableLocalAuth": true, "enableLogAccessUsingOnlyResourcePermissions": false}}), mayChange},
		{"a new workspace whose features are not known yet", created(workspace, object{"features": notYet}), mayChange},
		{"a resource group's tags", update(inStack, "azure-native:resources:ResourceGroup", "tags.expires-on"), allClear},
		{"a resource group that another resource manages", update(inStack, "azure-native:resources:ResourceGroup", "managedBy"), mayChange},
		{"a new resource group that another resource manages", created("azure-native:resources:ResourceGroup", object{"location": "westeurope", "managedBy": "x"}), mayChange},
		{"a component's sampling", update(inAPIApp, "azure-native:insights:Component", "samplingPercentage"), allClear},
		{"a component's workspace", update(inAPIApp, "azure-native:insights:Component", "workspaceResourceId"), mayChange},
		{"storage that takes keys", update(inAPIApp, account, "allowSharedKeyAccess"), mayChange},
		{"a container that anyone can read", update(inAPIApp, "azure-native:storage:BlobContainer", "publicAccess"), mayChange},
		{"tags and scale of a site", update(inAPIApp, site, "tags.stack", "tags", `tags["a.b"]`, "functionAppConfig.scaleAndConcurrency.maximumInstanceCount"), allClear},
		{"a site's identity", update(inAPIApp, site, "tags.stack", "identity.userAssignedIdentities[1]"), mayChange},
		{"a site that does not say what changes", update(inAPIApp, site), mayChange},
		{"a property that only begins like a harmless one", update(inAPIApp, site, "tagsOf"), mayChange},
		{"a site replaced", []object{step("replace", inAPIApp, site, "changed", object{}, object{}, "tags")}, mayChange},
		{"a site deleted", []object{step("delete", inAPIApp, site, "changed", object{}, nil)}, mayChange},
		{"Easy Auth", update(inAPIApp, "azure-native:web/v20240401:WebAppAuthSettingsV2", "platform.enabled"), mayChange},
		{"Easy Auth deleted", []object{step("delete", inAPIApp, "azure-native:web:WebAppAuthSettings", "changed", object{}, nil)}, mayChange},
		{"FTP", update(inAPIApp, "azure-native:web/v20240401:WebAppFtpAllowed", "allow"), mayChange},
		{"an unknown type of the web package", update(inAPIApp, "azure-native:web:New", "tags"), mayChange},
		{"a plan", update(inAPIApp, "azure-native:web/v20240401:AppServicePlan", "sku.name"), allClear},
		{"a managed identity", update(inClient, "azure-native:managedidentity:UserAssignedIdentity", "tags"), mayChange},
		{"a vault", update(inClient, "azure-native:keyvault/v20230701:Vault", "tags"), mayChange},
		{"another provider", update(inStack, "msgraph:index/resource:Resource", "body"), mayChange},
		{"the tenant of a provider", update(inStack, "pulumi:providers:azuread", "tenantId"), mayChange},
		{"a command that publishes nothing", update(inStack, "command:local:Command", "create"), mayChange},
		{"an import", []object{step("import", inStack, "azuread:index/appRoleAssignment:AppRoleAssignment", "stranger", nil, assignment(otherObject))}, mayChange},
		{"an import of storage", []object{step("import", inStack, account, "changed", nil, newAccount(nil))}, mayChange},
		{"an import of storage that takes keys", []object{step("import", inStack, account, "changed", nil, object{})}, mayChange},
		{"an unknown operation", []object{step("move", inStack, account, "changed", object{}, object{})}, mayChange},
		{"a read along with new code", []object{code, step("read", inStack, "azuread:index/application:Application", "theirs", object{}, object{})}, newCode},
		{"a refresh along with new code", []object{code, step("refresh", inStack, "azuread:index/application:Application", "theirs", object{}, object{})}, newCode},
		{"a refresh that found a difference", []object{step("refresh", inStack, "azuread:index/application:Application", "theirs", object{}, object{}, "owners[1]")}, mayChange},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			comment := previewWith(t, test.steps...).Markdown("dev", diff.Names{})
			wantVerdict(t, comment, test.want)
		})
	}
}

// TestWhatGoesAlong: what is deleted takes along what is in it, and the report says
// so, whether or not that is somebody's access.
func TestWhatGoesAlong(t *testing.T) {
	t.Parallel()
	const (
		group     = "azure-native:resources:ResourceGroup"
		workspace = "azure-native:operationalinsights:Workspace"
		groupGoes = "- resource group `x` is **deleted**, with everything in it, also what others put there\n"
		logsGo    = "- log workspace `x` is **deleted**, with the logs in it\n"
	)
	inputs := object{"resourceGroupName": "ours"}
	retained := step("delete", inStack, workspace, "x", inputs, nil)
	retained["oldState"].(object)["retainOnDelete"] = true
	for _, test := range []struct {
		name           string
		step           object
		verdict, lines string
	}{
		{"a group", step("delete", inStack, group, "x", inputs, nil), "**Access changes**, as listed.", groupGoes},
		{"a group moved", step("replace", inStack, group, "x", inputs, object{"resourceGroupName": "theirs"}, "resourceGroupName"),
			"**Access changes**, and this report does not understand all of it: read both lists.", "- resource group `x` is **replaced**; the old one goes, with everything in it, also what others put there\n"},
		{"a group replaced by the same", step("replace", inStack, group, "x", inputs, inputs, "tags"),
			"**Access changes**, as listed.", "- resource group `x` is **replaced**; the old one goes, with everything in it, also what others put there\n"},
		{"a workspace", step("delete", inStack, workspace, "x", inputs, nil), allClear, logsGo},
		{"a workspace replaced by the same", step("replace", inStack, workspace, "x", inputs, inputs, "sku"), allClear,
			"- log workspace `x` is **replaced**; the old one goes, with the logs in it\n"},
		{"a workspace that stays", retained, allClear, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			comment := previewWith(t, test.step).Markdown("dev", diff.Names{})
			wantVerdict(t, comment, test.verdict)
			if !strings.Contains(comment, test.lines) || test.lines == "" && strings.Contains(comment, "with the logs in it") {
				t.Errorf("want %q, got:\n%s", test.lines, comment)
			}
		})
	}
}
