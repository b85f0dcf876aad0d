package azurenative_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/pulumilocal/provider/azurenative"
	"app-to-app/pulumilocal/provider/enginetest"
)

func TestAutoNaming(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	first := engine.MustCheck(containerToken, "packages", enginetest.Of(map[string]any{"resourceGroupName": "rg", "accountName": "acct"}))
	again := engine.MustCheck(containerToken, "packages", enginetest.Of(map[string]any{"resourceGroupName": "rg", "accountName": "acct"}))
	name := first["containerName"].StringValue()
	if suffix, ok := strings.CutPrefix(name, "packages"); !ok || len(suffix) != 8 || again["containerName"].StringValue() != name {
		t.Errorf("got %q, then %q, want packages and 8 digits, the same", name, again["containerName"].StringValue())
	}
	kept, failures := engine.Check(containerToken, "other", first, enginetest.Of(map[string]any{"resourceGroupName": "rg", "accountName": "acct"}))
	if len(failures) != 0 || kept["containerName"].StringValue() != name {
		t.Errorf("with a state: got %v, want the old name", kept["containerName"])
	}
	assignment := map[string]any{"scope": "/subscriptions/x", "principalId": "p", "roleDefinitionId": "r"}
	if id := engine.MustCheck(assignmentToken, "a", enginetest.Of(assignment))["roleAssignmentName"]; !id.IsString() || uuid.Validate(id.StringValue()) != nil {
		t.Errorf("got %v, want a GUID", id)
	}
	changed := first.Copy()
	changed["accountName"] = resource.NewProperty("other")
	if diff := engine.Diff(containerToken, first, changed); diff.GetDeleteBeforeReplace() || len(diff.GetReplaces()) != 1 {
		t.Errorf("generated name: got %v, want a replacement made before the deletion", diff)
	}
	if diff := engine.Diff(accountToken, storageAccount(nil), storageAccount(map[string]any{"location": "northeurope"})); !diff.GetDeleteBeforeReplace() {
		t.Errorf("given name: got %v, want the deletion first", diff)
	}
}

func TestAutoLocation(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	config := arm.config()
	engine.MustConfigure(config)
	if got := engine.MustCheck(groupToken, "g", nil)["location"]; got.StringValue() != "westeurope" {
		t.Errorf("got %v, want the configured location", got)
	}
	delete(config, "location")
	engine.MustConfigure(config)
	arm.resources[strings.ToLower(group)] = object{"location": "northeurope"}
	for range 2 {
		got := engine.MustCheck(identityToken, "i", enginetest.Of(map[string]any{"resourceGroupName": "rg"}))["location"]
		if got.StringValue() != "northeurope" {
			t.Errorf("got %v, want the group's location", got)
		}
	}
	arm.expect("location", "GET ?api-version=2020-10-01")
	if _, failures := engine.Check(groupToken, "g", nil, nil); len(failures) != 1 || !strings.Contains(failures[0], "pulumi config set azure-native:location") {
		t.Errorf("got %q, want the command that sets it", failures)
	}
	if got := engine.MustCheck(identityToken, "i", enginetest.Of(map[string]any{"resourceGroupName": enginetest.Unknown})); got["location"].V != nil {
		t.Errorf("unknown group: got %v, want the location left open", got["location"])
	}
	arm.expect("unknown group")
}

// replaceOnChange are the inputs that cannot change in place: those in the path,
// those that the specifications mark as set only at creation, and those in the
// official provider's own list.
var replaceOnChange = map[string][]string{
	groupToken:       {"resourceGroupName", "location"},
	accountToken:     {"resourceGroupName", "accountName", "location", "isHnsEnabled"},
	containerToken:   {"resourceGroupName", "accountName", "containerName"},
	identityToken:    {"resourceGroupName", "resourceName", "location"},
	assignmentToken:  {"scope", "roleAssignmentName", "principalId"},
	blobServiceToken: {"resourceGroupName", "accountName", "blobServicesName"},
	diagnosticToken:  {"resourceUri", "name"},
	componentToken:   {"resourceGroupName", "resourceName", "location"},
	workspaceToken:   {"resourceGroupName", "workspaceName", "location"},
	planToken:        {"resourceGroupName", "name", "location"},
	siteToken:        {"resourceGroupName", "name", "location", "kind"},
	settingsToken:    {"resourceGroupName", "name"},
	ftpToken:         {"resourceGroupName", "name"},
	vaultToken:       {"resourceGroupName", "vaultName"},
	secretToken:      {"resourceGroupName", "vaultName", "secretName"},
	"azure-native:web/v20240401:WebAppScmAllowed": {"resourceGroupName", "name"},
}

func TestReplaceOnChange(t *testing.T) {
	t.Parallel()
	_, engine := newARM(t)
	definition := azurenative.New(azurenative.Options{})
	version := regexp.MustCompile(`/v\d+(preview)?:`) // every version of a type replaces for the same inputs
	rows, replacing := map[string][]string{}, map[string][]string{}
	for token, inputs := range replaceOnChange {
		rows[version.ReplaceAllString(token, ":")] = inputs
	}
	for token := range definition.Resources {
		if inputs, ok := rows[version.ReplaceAllString(token, ":")]; ok {
			replacing[token] = inputs
		}
	}
	engine.CheckReplacements(definition, replacing)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	for _, test := range []struct {
		name, token string
		inputs      map[string]any
		want        string
	}{
		{"misspelt", accountToken, map[string]any{"resourceGroupName": "rg", "kind": "StorageV2", "sku": map[string]any{"name": "x"}, "minimumTLSVersion": "x"}, `did you mean "minimumTlsVersion"?`},
		{"missing group", identityToken, nil, `missing required property "resourceGroupName"`},
		{"later version's property", "azure-native:web:WebApp", map[string]any{"resourceGroupName": "rg", "functionAppConfig": map[string]any{}}, `unknown property "functionAppConfig"`},
		{"assignment name", assignmentToken, map[string]any{"scope": "/s", "principalId": "p", "roleDefinitionId": "r", "roleAssignmentName": "mine"}, "expected a GUID"},
		{"scope", assignmentToken, map[string]any{"scope": "subscriptions/s", "principalId": "p", "roleDefinitionId": "r"}, "starts with a slash"},
		{"vault without a tenant", vaultToken, map[string]any{"resourceGroupName": "rg", "properties": map[string]any{"sku": map[string]any{"family": "A", "name": "standard"}}}, `missing required property "properties.tenantId"`},
		{"secret outside of a vault", secretToken, map[string]any{"resourceGroupName": "rg", "properties": map[string]any{"value": "x"}}, `missing required property "vaultName"`},
		{"misspelt in a secret", secretToken, map[string]any{"resourceGroupName": "rg", "vaultName": "v", "properties": map[string]any{"valeu": "x"}}, `did you mean "value"?`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, failures := engine.Check(test.token, "it", nil, enginetest.Of(test.inputs))
			if len(failures) != 1 || !strings.Contains(failures[0], test.want) {
				t.Errorf("got %q, want one failure with %q", failures, test.want)
			}
		})
	}
	t.Run("import of another type's id", func(t *testing.T) {
		t.Parallel()
		_, err := engine.Refresh(enginetest.State{Token: accountToken, ID: "/subscriptions/x/resourceGroups/y"})
		if err == nil || !strings.Contains(err.Error(), "expected an id like") {
			t.Errorf("got %v, want a refusal", err)
		}
	})
}

func TestConfigureRefusals(t *testing.T) {
	t.Parallel()
	for missing, want := range map[string]string{"subscriptionId": "expected a subscription", "metadataHost": "only works against a sandbox"} {
		t.Run("without "+missing, func(t *testing.T) {
			t.Parallel()
			arm, engine := newARM(t)
			config := arm.config()
			delete(config, missing)
			if err := engine.Configure(config); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want one with %q", err, want)
			}
		})
	}
}
