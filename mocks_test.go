package main

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

var update = flag.Bool("update", false, "rewrite testdata/graph.golden")

// Who is signed in.
const (
	tenantID       = "aaaaaaaa-0000-4000-8000-000000000001"
	subscriptionID = "aaaaaaaa-0000-4000-8000-000000000002"
	callerID       = "aaaaaaaa-0000-4000-8000-000000000003"

	partnerID = "cccccccc-0000-4000-8000-000000000000" // a service principal that somebody else made
)

// today is in the third quarter of a rotation of 90 days.
var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// A recorded is one resource that the program registered.
type recorded struct {
	typeToken, name string
	inputs          resource.PropertyMap
	rpc             *pulumirpc.RegisterResourceRequest
}

// urnEnd is the part of its URN that tells it from the others.
func (r recorded) urnEnd() string { return r.typeToken + "::" + r.name }

// A recorder is the engine and Azure of a test: it keeps every resource, and
// answers with the outputs that the program reads.
type recorder struct {
	caller      string
	permissions []string // of the caller, in Microsoft Graph

	mu        sync.Mutex
	resources []recorded
	calls     []string
}

func (m *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, args.Token)
	config := map[string]any{"tenantId": tenantID, "subscriptionId": subscriptionID, "objectId": m.caller, "clientId": m.caller, "id": m.caller}
	switch args.Token {
	case "azuread:index/getClientConfig:getClientConfig":
		delete(config, "subscriptionId")
	case "azure-native:authorization:getClientConfig":
		delete(config, "id")
	case "pulumi:pulumi:readStackOutputs":
		return resource.NewPropertyMapFromMap(map[string]any{"outputs": map[string]any{}}), nil
	case "azure-native:authorization:getClientToken":
		claims := base64.RawURLEncoding.EncodeToString([]byte(`{"roles":["` + strings.Join(m.permissions, `","`) + `"]}`))
		return resource.NewPropertyMapFromMap(map[string]any{"token": "e30." + claims + ".c2ln"}), nil
	case "azuread:index/getServicePrincipals:getServicePrincipals":
		return servicePrincipals(args.Args)
	default:
		return nil, fmt.Errorf("expected no call of %s", args.Token)
	}
	return resource.NewPropertyMapFromMap(config), nil
}

func (m *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resources = append(m.resources, recorded{args.TypeToken, args.Name, args.Inputs, args.RegisterRPC})
	state := args.Inputs.Copy()
	maps.Copy(state, resource.NewPropertyMapFromMap(azure(args.TypeToken, args.Name)))
	return "/id/" + args.TypeToken + "/" + args.Name, state, nil
}

// servicePrincipals answers as the azuread provider does: names without regard
// to case, and an error unless there is exactly one of each.
func servicePrincipals(args resource.PropertyMap) (resource.PropertyMap, error) {
	var found []any
	for _, wanted := range [][2]string{{"objectIds", "objectId"}, {"displayNames", "displayName"}} {
		values := args[resource.PropertyKey(wanted[0])]
		if !values.IsArray() {
			continue
		}
		for _, value := range values.ArrayValue() {
			before := len(found)
			for _, p := range []map[string]any{
				{"objectId": partnerID, "clientId": partnerID[:35] + "9", "displayName": "Partner"},
				{"objectId": partnerID[:35] + "1", "clientId": partnerID[:35] + "8", "displayName": "Twin"},
				{"objectId": partnerID[:35] + "2", "clientId": partnerID[:35] + "7", "displayName": "twin"},
			} {
				if strings.EqualFold(p[wanted[1]].(string), value.StringValue()) {
					found = append(found, p)
				}
			}
			if n := len(found) - before; n != 1 {
				return nil, fmt.Errorf("expected one service principal with %s %q, got %d", wanted[1], value.StringValue(), n)
			}
		}
	}
	return resource.NewPropertyMapFromMap(map[string]any{"servicePrincipals": found}), nil
}

// azure are the outputs that Azure gives a resource.
func azure(typeToken, name string) map[string]any {
	physical := name + "1a2b3c4d"
	switch typeToken {
	case "azure-native:storage:StorageAccount":
		endpoints := make(map[string]any)
		for _, service := range []string{"blob", "queue", "table"} {
			endpoints[service] = "https://" + physical + "." + service + ".test/"
		}
		return map[string]any{"name": physical, "primaryEndpoints": endpoints}
	case "azure-native:web/v20240401:WebApp":
		return map[string]any{"name": physical, "identity": map[string]any{"principalId": "object-id-of-" + name}, "defaultHostName": physical + ".test", "hostNameSslStates": []any{
			map[string]any{"name": physical + ".test", "hostType": "Standard", "sslState": "Disabled"},
			map[string]any{"name": physical + ".scm.test", "hostType": "Repository", "sslState": "Disabled"},
		}}
	case "azure-native:managedidentity:UserAssignedIdentity":
		return map[string]any{"name": physical, "clientId": "client-id-of-" + name, "principalId": "object-id-of-" + name, "tenantId": tenantID}
	case "azure-native:insights:Component":
		return map[string]any{"name": physical, "connectionString": "InstrumentationKey=k;IngestionEndpoint=https://" + name + ".test/"}
	case "azure-native:keyvault:Vault":
		return map[string]any{"name": physical}
	case "azure-native:keyvault:Secret":
		return map[string]any{"name": name, "properties": map[string]any{"secretUriWithVersion": "https://vault.test/secrets/" + name + "/1"}}
	case "azuread:index/applicationPassword:ApplicationPassword":
		return map[string]any{"keyId": "key-id-of-" + name, "value": resource.MakeSecret(resource.NewProperty("secret-of-" + name))}
	case "azuread:index/applicationCertificate:ApplicationCertificate":
		return map[string]any{"keyId": "key-id-of-" + name}
	case "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential":
		return map[string]any{"credentialId": "id-of-" + name}
	case "tls:index/privateKey:PrivateKey":
		key := resource.MakeSecret(resource.NewProperty("key-of-" + name))
		return map[string]any{"privateKeyPem": key, "privateKeyPemPkcs8": key}
	case "tls:index/selfSignedCert:SelfSignedCert":
		return map[string]any{"certPem": "certificate-of-" + name, "validityEndTime": "2027-05-01T00:00:00Z"}
	case "azuread:index/application:Application":
		return map[string]any{"clientId": "client-id-of-" + name, "objectId": "object-id-of-" + name}
	case "azuread:index/servicePrincipal:ServicePrincipal":
		return map[string]any{"objectId": "object-id-of-" + name}
	case "azure-native:resources:ResourceGroup", "azure-native:storage:BlobContainer",
		"azure-native:web/v20240401:AppServicePlan", "azure-native:operationalinsights:Workspace":
		return map[string]any{"name": physical}
	}
	return nil
}

// find returns the one resource of a type and name.
func (m *recorder) find(t *testing.T, typeToken, name string) recorded {
	t.Helper()
	for _, r := range m.resources {
		if r.typeToken == typeToken && r.name == name {
			return r
		}
	}
	t.Fatalf("expected %s %q, got none", typeToken, name)
	return recorded{}
}

// configuration is what the engine hands to the program for a committed stack:
// the defaults of Pulumi.yaml, the values of the stack's file, and the edits of
// a test, in which "" takes a key away.
func configuration(t *testing.T, stack string, edits map[string]string) map[string]string {
	t.Helper()
	var project struct {
		Config map[string]struct{ Default any }
	}
	readYAML(t, "Pulumi.yaml", &project)
	values := make(map[string]any)
	for key, setting := range project.Config {
		values[key] = setting.Default
	}
	var settings struct{ Config map[string]any }
	readYAML(t, "Pulumi."+stack+".yaml", &settings)
	maps.Copy(values, settings.Config)
	config := make(map[string]string)
	for key, value := range values {
		text, isText := value.(string)
		if !isText {
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			text = string(encoded)
		}
		config[key] = text
	}
	for key, value := range edits {
		config[key] = value
		if value == "" {
			delete(config, key)
		}
	}
	return config
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = encoding.YAML.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a program as the stack dev with a configuration.
func run(t *testing.T, m *recorder, config map[string]string, program pulumi.RunFunc) error {
	t.Helper()
	return pulumi.RunErr(program, pulumi.WithMocks("app-to-app", "dev", m), func(info *pulumi.RunInfo) { info.Config = config })
}

// machineOf is a machine whose environment holds a configuration, as the engine
// sets it, and nothing else.
func machineOf(t *testing.T, config map[string]string, folder string) machine {
	t.Helper()
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return machine{folder: folder, httpClient: http.DefaultClient, now: func() time.Time { return today }, getenv: func(name string) string {
		if name == pulumi.EnvConfig {
			return string(encoded)
		}
		return ""
	}}
}

// deployed is what the program registers with a configuration.
func deployed(t *testing.T, m *recorder, config map[string]string, folder string) *recorder {
	t.Helper()
	if err := run(t, m, config, machineOf(t, config, folder).deploy); err != nil {
		t.Fatal(err)
	}
	return m
}

// newProject writes a project with function apps of a few lines: what they do
// does not matter here, and they build at once.
func newProject(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	files := map[string]string{"go.mod": "module app-to-app\n\ngo 1.26\n\ntoolchain " + strings.Fields(runtime.Version())[0] + "\n"}
	for _, name := range []string{apiName, clientCode} {
		app := "functions/" + name + "/"
		files[app+"main.go"] = fmt.Sprintf("package main\n\nfunc main() { println(%q) }\n", name)
		files[app+"host.json"] = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`
		files[app+"Run/function.json"] = `{"bindings":[]}`
	}
	for name, content := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// graph lists the resources as the golden file does: type, name, parent.
func (m *recorder) graph() []string {
	var lines []string
	for _, r := range m.resources {
		parent := "-"
		if urn := resource.URN(r.rpc.GetParent()); urn != "" && urn.Type() != resource.RootStackType {
			parent = string(urn.Type()) + "::" + urn.Name()
		}
		lines = append(lines, strings.Join([]string{r.typeToken, r.name, parent}, " "))
	}
	slices.Sort(lines)
	return lines
}
