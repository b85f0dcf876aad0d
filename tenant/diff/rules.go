package diff

import "slices"

// This file decides which changes give nobody access. The rules are:
//   - an operation or a property that is not listed may give access
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

// otherKinds are resources that give access in special cases only.
var otherKinds = table{
	"pulumi:pulumi:Stack": {rule: &rule{anything: true}},
	"pulumi:pulumi:StackReference": {
		noun: "reference to another stack", properties: []property{{path: "name", what: "the stack whose API the clients call", shown: true}},
	},
	// A component does nothing itself; what is below it has steps of its own.
	apiType: {rule: &rule{anything: true}}, clientType: {rule: &rule{anything: true}}, functionAppType: {rule: &rule{anything: true}},
	"azure-native:resources:ResourceGroup": {noun: "resource group", holds: contents{"everything in it, also what others put there", loses}, rule: &rule{
		only: []string{"tags"}, place: []string{"location", "resourceGroupName"},
	}},
	// workspaceResourceId decides who may read the telemetry.
	"azure-native:insights:Component": {
		noun: "telemetry",
		rule: &rule{
			only: []string{"tags", "kind", "applicationType", "flowType", "requestSource", "ingestionMode", "retentionInDays", "samplingPercentage"},
			safe: map[string]any{"disableLocalAuth": true},
		},
		properties: append(quiet("tags", "kind", "applicationType", "flowType", "requestSource", "ingestionMode", "retentionInDays", "samplingPercentage"),
			append(places("location", "resourceGroupName", "resourceName"),
				property{path: "workspaceResourceId", what: "the workspace that it goes to", then: "; whoever may read that workspace reads it", shown: true},
				property{path: "disableLocalAuth", what: "whether a key is refused", then: "; without, whoever has the connection string can send some", shown: true, usual: true, stated: true})...,
		),
	},
	// The other features decide who may read the logs.
	"azure-native:operationalinsights:Workspace": {noun: "log workspace", holds: contents{"the logs in it", aside}, rule: &rule{
		only:  []string{"tags", "sku", "retentionInDays", "workspaceCapping"},
		place: []string{"location", "resourceGroupName", "workspaceName"},
		safe:  map[string]any{"features.disableLocalAuth": true},
	}},
	// Anyone who can write to the storage account can replace the code. Without
	// allowSharedKeyAccess Azure takes keys.
	"azure-native:storage:StorageAccount": {noun: "storage account", rule: &rule{
		only:  []string{"tags", "sku", "kind", "accessTier", "minimumTlsVersion", "defaultToOAuthAuthentication"},
		place: []string{"location", "resourceGroupName", "accountName"},
		safe: map[string]any{
			"allowBlobPublicAccess": false, "allowSharedKeyAccess": false, "allowCrossTenantReplication": false, "enableHttpsTrafficOnly": true, "isLocalUserEnabled": false, "isSftpEnabled": false,
		},
		stated: []string{"allowBlobPublicAccess", "allowSharedKeyAccess"},
	}},
	"azure-native:storage:BlobContainer": {noun: "container", rule: &rule{
		only: []string{"metadata"}, place: []string{"resourceGroupName", "accountName", "containerName"},
		safe: map[string]any{"publicAccess": "None"},
	}},
	"azure-native:storage:BlobServiceProperties": {noun: "settings of a blob service", rule: &rule{
		only: []string{"deleteRetentionPolicy", "containerDeleteRetentionPolicy"}, place: []string{"resourceGroupName", "accountName", "blobServicesName"},
	}},
	// Where logs go decides who may read them.
	"azure-native:insights:DiagnosticSetting": {
		noun: "diagnostic setting",
		rule: &rule{only: []string{"logs", "metrics", "logAnalyticsDestinationType"}},
		properties: append(append(quiet("logs", "metrics", "logAnalyticsDestinationType"), places("name")...),
			property{path: "resourceUri", what: "what it logs", shown: true},
			property{path: "workspaceId", what: "the workspace that its logs go to", then: "; whoever may read that workspace reads them", shown: true},
		),
	},
	"azure-native:web:AppServicePlan": {noun: "plan", rule: &rule{
		only:  []string{"tags", "sku", "kind", "reserved", "hyperV", "isXenon", "perSiteScaling", "zoneRedundant", "maximumElasticWorkerCount"},
		place: []string{"location", "resourceGroupName", "name"},
	}},
	commandType: {
		noun: "command", describe: describeCommand,
		properties: []property{
			{path: "create", shown: true}, {path: "triggers"},
			{path: publishHost, shown: true}, {path: "environment"}, {path: "addPreviousOutputInEnv"}, // the SDK sets the last
		},
	},
	// A key opens nothing until its certificate is registered, which is a resource
	// of its own.
	"tls:index/privateKey:PrivateKey": {noun: "private key", properties: quiet("algorithm", "rsaBits", "ecdsaCurve")},
	"tls:index/selfSignedCert:SelfSignedCert": {noun: "certificate", properties: quiet(
		"privateKeyPem", "subject", "validityPeriodHours", "allowedUses", "earlyRenewalHours", "keyAlgorithm", "isCaCertificate", "dnsNames",
	)},
}

// harmless reports whether a change gives nobody access.
func (r *rule) harmless(c change) bool {
	if r == nil || r.onlyUpdate && c.op != updated {
		return false
	}
	switch c.op {
	case created:
		return r.anything || len(c.paths) == 0 && r.harmlessNew(c.new.Inputs)
	case updated:
		return r.anything || r.harmlessUpdate(c)
	case replaced:
		return r.anything || r.harmlessNew(c.new.Inputs) && r.harmlessUpdate(c)
	case deleted:
		return true
	}
	return false
}

// harmlessUpdate reports whether all that the change names gives nobody access.
func (r *rule) harmlessUpdate(c change) bool {
	return len(c.paths) > 0 && !slices.ContainsFunc(c.paths, func(path string) bool {
		want, listed := r.safe[path]
		return !under(path, r.only) && !(listed && c.new.Inputs[path] == want)
	})
}

// harmlessNew reports whether a resource with these inputs gives nobody access.
func (r *rule) harmlessNew(inputs map[string]any) bool {
	for _, path := range r.stated {
		if inputs[path] == nil {
			return false
		}
	}
	for path, value := range inputs {
		want, listed := r.safe[path]
		if !under(path, r.only) && !under(path, r.place) && !(listed && value == want) {
			return false
		}
	}
	return true
}
