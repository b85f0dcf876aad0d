package diff

import (
	"reflect"
	"slices"
	"strings"
)

// This file decides which changes give nobody access. The rules are:
//   - a type, an operation or a property that is not listed may give access
//   - an update has to name what it changes, and all of that has to be listed
//   - a new resource is judged by all of its inputs, a replacement by both
//   - a value that the preview does not know yet is not the safe one

// A rule says when a change of a resource gives nobody access.
type rule struct {
	anything   bool           // it never does
	onlyUpdate bool           // creating or deleting one may
	only       []string       // properties that give nobody access, whatever they are
	place      []string       // properties that do not when the resource is new: moving it may
	safe       map[string]any // properties that do not with this value
	stated     []string       // those of safe that are unsafe by default: a new resource has to state them
}

// rules are by type. azure-native's API versions are left out.
var rules = map[string]rule{
	"pulumi:pulumi:Stack": {anything: true},
	// A component does nothing itself; what is below it has steps of its own.
	apiType: {anything: true}, clientType: {anything: true}, functionAppType: {anything: true},
	"azure-native:resources:ResourceGroup": {
		only: []string{"tags"}, place: []string{"location", "resourceGroupName"},
	},
	// workspaceResourceId decides who may read the telemetry.
	"azure-native:insights:Component": {
		only:  []string{"tags", "kind", "applicationType", "flowType", "requestSource", "ingestionMode", "retentionInDays", "samplingPercentage"},
		place: []string{"location", "resourceGroupName", "resourceName"},
		safe:  map[string]any{"disableLocalAuth": true},
	},
	// The other features decide who may read the logs.
	"azure-native:operationalinsights:Workspace": {
		only:  []string{"tags", "sku", "retentionInDays", "workspaceCapping"},
		place: []string{"location", "resourceGroupName", "workspaceName"},
		safe:  map[string]any{"features.disableLocalAuth": true},
	},
	// Anyone who can write to the storage account can replace the code. Without
	// allowSharedKeyAccess Azure takes keys.
	"azure-native:storage:StorageAccount": {
		only:  []string{"tags", "sku", "kind", "accessTier", "minimumTlsVersion", "defaultToOAuthAuthentication"},
		place: []string{"location", "resourceGroupName", "accountName"},
		safe: map[string]any{
			"allowBlobPublicAccess": false, "allowSharedKeyAccess": false, "enableHttpsTrafficOnly": true, "isLocalUserEnabled": false, "isSftpEnabled": false,
		},
		stated: []string{"allowBlobPublicAccess", "allowSharedKeyAccess"},
	},
	"azure-native:storage:BlobContainer": {
		only: []string{"metadata"}, place: []string{"resourceGroupName", "accountName", "containerName"},
		safe: map[string]any{"publicAccess": "None"},
	},
	"azure-native:web:AppServicePlan": {
		only:  []string{"tags", "sku", "kind", "reserved", "hyperV", "isXenon", "perSiteScaling", "zoneRedundant", "maximumElasticWorkerCount"},
		place: []string{"location", "resourceGroupName", "name"},
	},
	siteType: {onlyUpdate: true, only: []string{"tags", "functionAppConfig.scaleAndConcurrency"}},
}

// harmless reports whether the step gives nobody access.
func (s Step) harmless() bool {
	r, known := rules[unversioned(typeOf(s.URN))]
	if !known || r.onlyUpdate && s.Op != "update" {
		return false
	}
	switch s.Op {
	case "create", "import":
		return r.anything || s.New != nil && r.harmlessNew(s.New.Inputs)
	case "update":
		return r.anything || s.New != nil && r.harmlessUpdate(s)
	case "replace", "create-replacement", "import-replacement":
		return r.anything || s.New != nil && r.harmlessNew(s.New.Inputs) && r.harmlessUpdate(s)
	case "delete", "delete-replaced":
		return true
	}
	return false
}

// harmlessUpdate reports whether all that the step names gives nobody access.
func (r rule) harmlessUpdate(s Step) bool {
	return s.changesOnly(func(path string) bool {
		want, listed := r.safe[path]
		return under(path, r.only) || listed && reflect.DeepEqual(valueAt(s.New.Inputs, path), want)
	})
}

// harmlessNew reports whether a resource with these inputs gives nobody access.
func (r rule) harmlessNew(inputs map[string]any) bool {
	for _, path := range r.stated {
		if valueAt(inputs, path) == nil {
			return false
		}
	}
	return r.harmlessInputs("", inputs)
}

// harmlessInputs goes through inputs, and into those of which only a part is
// listed.
func (r rule) harmlessInputs(prefix string, inputs map[string]any) bool {
	for name, value := range inputs {
		path := prefix + name
		if under(path, r.only) || under(path, r.place) {
			continue
		}
		if want, listed := r.safe[path]; listed {
			if !reflect.DeepEqual(value, want) {
				return false
			}
			continue
		}
		inside, isMap := value.(map[string]any)
		if !isMap || !r.listsPartOf(path) || !r.harmlessInputs(path+".", inside) {
			return false
		}
	}
	return true
}

func (r rule) listsPartOf(path string) bool {
	for safe := range r.safe {
		if strings.HasPrefix(safe, path+".") {
			return true
		}
	}
	return false
}

// changesOnly reports whether a step names what it changes, and all of that is
// allowed.
func (s Step) changesOnly(allowed func(path string) bool) bool {
	paths := s.properties()
	return len(paths) > 0 && !slices.ContainsFunc(paths, func(path string) bool { return !allowed(path) })
}

// valueAt is the value of a property such as features.disableLocalAuth, or nil.
func valueAt(inputs map[string]any, path string) any {
	name, rest, nested := strings.Cut(path, ".")
	if !nested {
		return inputs[name]
	}
	inside, _ := inputs[name].(map[string]any)
	return valueAt(inside, rest)
}

// under reports whether a path is one of the properties or inside one.
func under(path string, properties []string) bool {
	return slices.ContainsFunc(properties, func(property string) bool {
		rest, found := strings.CutPrefix(path, property)
		return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// unversioned is a type without the API version in it.
func unversioned(token string) string {
	module, name, found := strings.Cut(strings.TrimPrefix(token, "azure-native:"), ":")
	if !found || !strings.HasPrefix(token, "azure-native:") {
		return token
	}
	module, _, _ = strings.Cut(module, "/")
	return "azure-native:" + module + ":" + name
}
