package plugin

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	enginerpc "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"app-to-app/components/componentstest"
)

// This file constructs components as the engine asks for them, with a monitor
// that records what they register.

// An engine is a monitor and an engine, with a recorder behind it.
type engine struct {
	pulumirpc.UnimplementedResourceMonitorServer
	pulumirpc.UnimplementedEngineServer
	recorder *componentstest.Recorder
	address  string
	conn     *grpc.ClientConn
}

var keep = enginerpc.MarshalOptions{KeepSecrets: true, KeepResources: true, KeepUnknowns: true, KeepOutputValues: true}

func newEngine(t *testing.T) *engine {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{recorder: &componentstest.Recorder{Caller: componentstest.CallerID}, address: listener.Addr().String()}
	server := grpc.NewServer()
	pulumirpc.RegisterResourceMonitorServer(server, e)
	pulumirpc.RegisterEngineServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	if e.conn, err = grpc.NewClient(e.address, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.conn.Close() })
	return e
}

func (e *engine) GetDeploymentInfo(context.Context, *emptypb.Empty) (*pulumirpc.DeploymentInfo, error) {
	return &pulumirpc.DeploymentInfo{Project: "shop", Stack: "dev", SupportedFeatures: []pulumirpc.ResourceMonitorFeature{
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_SECRETS, pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_DELETED_WITH, pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
	}}, nil
}

func (e *engine) SupportsFeature(context.Context, *pulumirpc.SupportsFeatureRequest) (*pulumirpc.SupportsFeatureResponse, error) {
	return &pulumirpc.SupportsFeatureResponse{HasSupport: true}, nil
}

func (e *engine) RegisterErrorHook(context.Context, *pulumirpc.RegisterErrorHookRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (e *engine) RegisterResourceOutputs(context.Context, *pulumirpc.RegisterResourceOutputsRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (e *engine) Log(context.Context, *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (e *engine) SetRootResource(context.Context, *pulumirpc.SetRootResourceRequest) (*pulumirpc.SetRootResourceResponse, error) {
	return &pulumirpc.SetRootResourceResponse{}, nil
}

func (e *engine) GetRootResource(context.Context, *pulumirpc.GetRootResourceRequest) (*pulumirpc.GetRootResourceResponse, error) {
	return &pulumirpc.GetRootResourceResponse{}, nil
}

func (e *engine) RegisterResource(_ context.Context, in *pulumirpc.RegisterResourceRequest) (*pulumirpc.RegisterResourceResponse, error) {
	inputs, err := enginerpc.UnmarshalProperties(in.GetObject(), enginerpc.MarshalOptions{KeepSecrets: true, KeepResources: true})
	if err != nil {
		return nil, err
	}
	id, state, err := e.recorder.NewResource(pulumi.MockResourceArgs{TypeToken: in.GetType(), Name: in.GetName(), Inputs: inputs, Custom: in.GetCustom(), RegisterRPC: in})
	if err != nil {
		return nil, err
	}
	object, err := enginerpc.MarshalProperties(state, enginerpc.MarshalOptions{KeepSecrets: true, KeepResources: true})
	return &pulumirpc.RegisterResourceResponse{Urn: "urn:pulumi:dev::shop::" + in.GetType() + "::" + in.GetName(), Id: id, Object: object}, err
}

func (e *engine) Invoke(_ context.Context, in *pulumirpc.ResourceInvokeRequest) (*pulumirpc.ResourceInvokeResponse, error) {
	args, err := enginerpc.UnmarshalProperties(in.GetArgs(), keep)
	if err != nil {
		return nil, err
	}
	result, err := e.recorder.Call(pulumi.MockCallArgs{Token: in.GetTok(), Args: args})
	if err != nil {
		return nil, err
	}
	returned, err := enginerpc.MarshalProperties(result, keep)
	return &pulumirpc.ResourceInvokeResponse{Return: returned}, err
}

// construct asks for a component and returns its outputs.
func (e *engine) construct(t *testing.T, m maker, kind, name string, inputs map[string]any) (resource.PropertyMap, error) {
	t.Helper()
	given, err := enginerpc.MarshalProperties(resource.NewPropertyMapFromMap(inputs), keep)
	if err != nil {
		t.Fatal(err)
	}
	response, err := provider.Construct(t.Context(), &pulumirpc.ConstructRequest{
		Project: "shop", Stack: "dev", MonitorEndpoint: e.address, Type: "app-to-app:components:" + kind, Name: name, Inputs: given, Parallel: 1,
	}, e.conn, m.construct)
	if err != nil {
		return nil, err
	}
	outputs, err := enginerpc.UnmarshalProperties(response.GetState(), keep)
	if err != nil {
		t.Fatal(err)
	}
	return outputs, nil
}

// newProgram is a program's folder with one function app beside it.
func newProgram(t *testing.T) maker {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":              "module shop.test\n\ngo 1.26\n\ntoolchain " + strings.Fields(runtime.Version())[0] + "\n",
		"app/main.go":         "package main\n\nfunc main() {}\n",
		"app/host.json":       `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`,
		"app/F/function.json": `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","route":"shop"}]}`,
		"deploy/Pulumi.yaml":  "name: shop\n",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return maker{folder: filepath.Join(root, "deploy"), getenv: func(string) string { return "" }, now: func() time.Time { return time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC) }}
}

func apiInputs() map[string]any {
	return map[string]any{
		"resourceGroupName": "group", "location": "westeurope", "displayName": "Shop", "code": "../app",
		"roles": []any{map[string]any{"value": "Shop.Read"}},
	}
}

func TestConstruct(t *testing.T) {
	t.Parallel()
	e, m := newEngine(t), newProgram(t)
	outputs, err := e.construct(t, m, "API", "shop-api", apiInputs())
	if err != nil {
		t.Fatal(err)
	}
	for name := range schemaProperties(t, "API") {
		if value, ok := outputs[resource.PropertyKey(name)]; !ok || value.IsNull() {
			t.Errorf("API: expected the output %q of the schema, got %v", name, outputs)
		}
	}
	client, err := e.construct(t, m, "Client", "shop-client", map[string]any{
		"resourceGroupName": "group", "location": "westeurope", "roles": []any{"Shop.Read"}, "code": "../app", "prefix": "SHOP",
		"api": outputs["reference"].Mappable(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range schemaProperties(t, "Client") {
		if _, ok := client[resource.PropertyKey(name)]; !ok {
			t.Errorf("Client: expected the output %q of the schema, got %v", name, client)
		}
	}
	assignment := e.recorder.Find(t, "azuread:index/appRoleAssignment:AppRoleAssignment", "shop-client-assignment-Shop.Read")
	role := e.recorder.Find(t, "azuread:index/applicationAppRole:ApplicationAppRole", "shop-api-role-Shop.Read")
	if got, want := assignment.Inputs["appRoleId"], role.Inputs["roleId"]; !got.DeepEquals(want) {
		t.Errorf("got an assignment of the role %v, want %v", got, want)
	}
	if got := assignment.RPC.GetHooks().GetOnError(); len(got) != 1 || got[0] != "app-to-app:components:Client:shop-client:retry" {
		t.Errorf("got error hooks %q, want the client's", got)
	}
	publish := e.recorder.Find(t, "command:local:Command", "shop-api-publish")
	if got := publish.Inputs["create"].StringValue(); got != "go run app-to-app/cmd/publish" {
		t.Errorf("got the command line %q, want one that is the same everywhere", got)
	}
	if got := publish.Inputs["environment"].ObjectValue()["PUBLISH_PACKAGE"].StringValue(); !strings.HasPrefix(got, ".packages/app-") {
		t.Errorf("got the package %q, want a path from the program's folder", got)
	}
	for _, r := range e.recorder.Resources() {
		if strings.Contains(r.Text(), m.folder) {
			t.Errorf("%s: expected no path of this machine", r)
		}
	}
}

func TestConstructRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, kind string
		edit       func(map[string]any)
		want       string
	}{
		{"an unknown component", "Gateway", func(map[string]any) {}, `expected a component of the package app-to-app, got "app-to-app:components:Gateway"`},
		{"no code", "API", func(in map[string]any) { delete(in, "code") }, `argument code: expected the path of a folder, relative to the project's, got ""`},
		{"code that is not there", "API", func(in map[string]any) { in["code"] = "../nowhere" }, `got "../nowhere"`},
		{"an absolute path", "API", func(in map[string]any) { in["code"] = "/tmp" }, `got "/tmp"`},
		{"no roles", "API", func(in map[string]any) { delete(in, "roles") }, "argument roles: missing"},
		{"patience in words", "API", func(in map[string]any) { in["patience"] = "long" }, `argument patience: expected a duration such as 5m, got "long"`},
		{"too much patience", "API", func(in map[string]any) { in["patience"] = "1h" }, "argument patience: expected at most 20m"},
		{"code without a prefix", "Client", func(in map[string]any) {
			in["api"], in["code"] = map[string]any{"servicePrincipalId": "x", "identifierUri": "x", "url": "x", "roleIds": map[string]any{"Shop.Read": "1"}}, "../app"
		}, "argument prefix: missing"},
		{"a route of no function", "API", func(in map[string]any) { in["route"] = "api/nothing" }, `argument route: expected a path of one of the package's HTTP functions`},
		{"no API", "Client", func(in map[string]any) { delete(in, "code") }, "argument api: missing"},
		{"an API without roles", "Client", func(in map[string]any) {
			in["api"] = map[string]any{"servicePrincipalId": "x", "identifierUri": "x", "url": "x"}
		}, "argument api.roleIds: expected ids by the roles' values"},
		{"a role that the API does not have", "Client", func(in map[string]any) {
			in["api"] = map[string]any{"servicePrincipalId": "x", "identifierUri": "x", "url": "x", "roleIds": map[string]any{"Shop.Read": "1"}}
			in["roles"] = []any{"Shop.Write"}
		}, `argument roles: expected roles of the API, which has Shop.Read, got "Shop.Write"`},
		{"an unknown kind of identity", "Client", func(in map[string]any) {
			in["api"] = map[string]any{"servicePrincipalId": "x", "identifierUri": "x", "url": "x", "roleIds": map[string]any{}}
			in["identity"], in["roles"] = map[string]any{"kind": "password"}, []any{}
		}, `argument identity.kind: expected one of managedIdentity`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inputs := apiInputs()
			if tt.kind == "Client" {
				delete(inputs, "code") // nothing to build
				inputs["roles"] = []any{"Shop.Read"}
			}
			tt.edit(inputs)
			_, err := newEngine(t).construct(t, newProgram(t), tt.kind, "shop", inputs)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}
