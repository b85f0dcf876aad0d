package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumiplugin "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
)

// NewServer answers the engine's calls for a provider. Its methods may be
// called concurrently.
func NewServer(definition Definition, logger Logger) pulumirpc.ResourceProviderServer {
	ctx, cancel := context.WithCancel(context.Background())
	return pulumiplugin.NewProviderServer(&server{definition: definition, logger: logger, running: ctx, cancel: cancel})
}

type server struct {
	pulumiplugin.UnimplementedProvider
	definition Definition
	logger     Logger
	running    context.Context // ends when the engine cancels
	cancel     context.CancelFunc
}

// Attach connects to the engine of a debugged run.
func (s *server) Attach(address string) error {
	if attacher, ok := s.logger.(interface{ Attach(string) error }); ok {
		return attacher.Attach(address)
	}
	return nil
}

func (s *server) Close() error { s.cancel(); return nil }

func (s *server) SignalCancellation(context.Context) error { s.cancel(); return nil }

func (s *server) GetPluginInfo(context.Context) (pulumiplugin.PluginInfo, error) {
	version, err := semver.Parse(s.definition.Version)
	return pulumiplugin.PluginInfo{Version: &version}, err
}

func (s *server) GetSchema(context.Context, pulumiplugin.GetSchemaRequest) (pulumiplugin.GetSchemaResponse, error) {
	schema, err := s.definition.schema()
	return pulumiplugin.GetSchemaResponse{Schema: schema}, err
}

func (s *server) GetMapping(context.Context, pulumiplugin.GetMappingRequest) (pulumiplugin.GetMappingResponse, error) {
	return pulumiplugin.GetMappingResponse{}, nil
}

func (s *server) CheckConfig(_ context.Context, req pulumiplugin.CheckConfigRequest) (pulumiplugin.CheckConfigResponse, error) {
	var failures []pulumiplugin.CheckFailure
	for key := range req.News {
		name := string(key)
		if resource.IsInternalPropertyKey(key) || name == "version" || name == "pluginDownloadURL" || contains(s.definition.Config, name) {
			continue
		}
		failures = append(failures, pulumiplugin.CheckFailure{Property: key, Reason: fmt.Sprintf("unknown configuration key %q%s",
			s.definition.Name+":"+name, suggestion(name, slices.Clone(s.definition.Config)))})
	}
	return pulumiplugin.CheckConfigResponse{Properties: req.News, Failures: failures}, nil
}

// DiffConfig never replaces resources: another identity can deploy them too.
func (s *server) DiffConfig(_ context.Context, req pulumiplugin.DiffConfigRequest) (pulumiplugin.DiffConfigResponse, error) {
	return Resource{}.diff(Check{Olds: req.OldInputs, News: req.NewInputs}, nil, nil), nil
}

func (s *server) Configure(ctx context.Context, req pulumiplugin.ConfigureRequest) (pulumiplugin.ConfigureResponse, error) {
	if s.definition.Configure == nil {
		return pulumiplugin.ConfigureResponse{}, nil
	}
	return pulumiplugin.ConfigureResponse{}, s.definition.Configure(ctx, plain(req.Inputs))
}

// lookup finds a resource type.
func (s *server) lookup(token tokens.Type) (Resource, error) {
	if r, ok := s.definition.Resources[string(token)]; ok {
		return r, nil
	}
	return Resource{}, fmt.Errorf("resource type %q is not emulated by the stand-in for %s%s",
		token, s.definition.Name, suggestion(string(token), slices.Collect(maps.Keys(s.definition.Resources))))
}

// operation limits an operation by its timeout and by the engine's cancellation.
func (s *server) operation(ctx context.Context, asked float64, own time.Duration) (context.Context, context.CancelFunc) {
	timeout := cmp.Or(time.Duration(asked*float64(time.Second)), own, defaultTimeout)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	stop := context.AfterFunc(s.running, cancel)
	return ctx, func() { stop(); cancel() }
}

func (s *server) Check(ctx context.Context, req pulumiplugin.CheckRequest) (pulumiplugin.CheckResponse, error) {
	r, err := s.lookup(req.Type)
	if err != nil {
		return pulumiplugin.CheckResponse{}, err
	}
	check := &Check{URN: req.URN, Olds: req.Olds, News: req.News.Copy(), Seed: req.RandomSeed}
	check.Failures = checkInputs(r.Args, r.Required, check.News)
	if r.Bridge != nil && len(check.Failures) == 0 {
		check.News = withDefaults(check.News, r.Args)
	}
	if r.Validate != nil && len(check.Failures) == 0 {
		r.Validate(ctx, check)
	}
	failures := make([]pulumiplugin.CheckFailure, len(check.Failures))
	for i, f := range check.Failures {
		failures[i] = pulumiplugin.CheckFailure{Property: resource.PropertyKey(f.Property), Reason: f.Reason}
	}
	return pulumiplugin.CheckResponse{Properties: check.News, Failures: failures}, nil
}

func (s *server) Diff(_ context.Context, req pulumiplugin.DiffRequest) (pulumiplugin.DiffResult, error) {
	r, err := s.lookup(req.Type)
	if err != nil {
		return pulumiplugin.DiffResult{}, err
	}
	return r.diff(Check{URN: req.URN, Olds: req.OldInputs, News: req.NewInputs}, req.OldOutputs, req.IgnoreChanges), nil
}

func (s *server) Create(ctx context.Context, req pulumiplugin.CreateRequest) (pulumiplugin.CreateResponse, error) {
	r, err := s.lookup(req.Type)
	if err != nil {
		return pulumiplugin.CreateResponse{}, err
	}
	if req.Preview {
		return pulumiplugin.CreateResponse{Properties: r.previewCreate(req.Properties)}, nil
	}
	ctx, cancel := s.operation(ctx, req.Timeout, r.Timeouts.Create)
	defer cancel()
	result, err := r.Lifecycle.Create(ctx, Call{URN: req.URN, Inputs: plain(req.Properties), Logger: s.logger})
	if err != nil {
		return pulumiplugin.CreateResponse{}, r.failure(err, req.Properties)
	}
	return pulumiplugin.CreateResponse{ID: resource.ID(result.ID), Properties: r.outputs(result, req.Properties, nil, true)}, nil
}

func (s *server) Read(ctx context.Context, req pulumiplugin.ReadRequest) (pulumiplugin.ReadResponse, error) {
	r, err := s.lookup(req.Type)
	if err != nil {
		return pulumiplugin.ReadResponse{}, err
	}
	ctx, cancel := s.operation(ctx, 0, r.Timeouts.Read)
	defer cancel()
	before := Result{ID: string(req.ID), State: plain(req.State)}
	inputs := plain(req.Inputs)
	now, err := r.Lifecycle.Read(ctx, Call{URN: req.URN, ID: before.ID, Inputs: inputs, State: before.State, Logger: s.logger})
	if err != nil || now.ID == "" {
		return pulumiplugin.ReadResponse{}, err
	}
	now.State = plain(properties(now.State)) // so that it compares with what the engine kept
	var read resource.PropertyMap
	switch {
	case r.Bridge == nil:
		read = restore(r.readInputs(inputs, before, now), req.Inputs)
	case len(before.State) == 0:
		read = imported(properties(now.State), r.Args, r.Required)
	default:
		read = refreshed(req.Inputs, properties(now.State), r.Args)
	}
	for _, name := range r.Secret {
		if value, ok := read[resource.PropertyKey(name)]; ok && !value.IsSecret() {
			read[resource.PropertyKey(name)] = resource.MakeSecret(value)
		}
	}
	return pulumiplugin.ReadResponse{ReadResult: pulumiplugin.ReadResult{
		ID: resource.ID(now.ID), Inputs: read, Outputs: r.outputs(now, read, req.State, false),
	}}, nil
}

func (s *server) Update(ctx context.Context, req pulumiplugin.UpdateRequest) (pulumiplugin.UpdateResponse, error) {
	r, err := s.lookup(req.Type)
	if err != nil {
		return pulumiplugin.UpdateResponse{}, err
	}
	if req.Preview {
		return pulumiplugin.UpdateResponse{Properties: r.previewUpdate(req.OldOutputs, req.NewInputs, req.IgnoreChanges)}, nil
	}
	ctx, cancel := s.operation(ctx, req.Timeout, r.Timeouts.Update)
	defer cancel()
	call := Call{URN: req.URN, ID: string(req.ID), Inputs: plain(req.NewInputs),
		OldInputs: plain(req.OldInputs), State: plain(req.OldOutputs), Logger: s.logger}
	if r.Bridge != nil {
		r.planned(&call, req)
	}
	result, err := r.Lifecycle.Update(ctx, call)
	if err != nil {
		return pulumiplugin.UpdateResponse{}, r.failure(err, req.NewInputs)
	}
	return pulumiplugin.UpdateResponse{Properties: r.outputs(result, req.NewInputs, req.OldOutputs, true)}, nil
}

func (s *server) Delete(ctx context.Context, req pulumiplugin.DeleteRequest) (pulumiplugin.DeleteResponse, error) {
	r, err := s.lookup(req.Type)
	if err != nil {
		return pulumiplugin.DeleteResponse{}, err
	}
	ctx, cancel := s.operation(ctx, req.Timeout, r.Timeouts.Delete)
	defer cancel()
	return pulumiplugin.DeleteResponse{}, r.Lifecycle.Delete(ctx, Call{URN: req.URN, ID: string(req.ID),
		Inputs: plain(req.Inputs), State: plain(req.Outputs), Logger: s.logger})
}

func (s *server) Invoke(ctx context.Context, req pulumiplugin.InvokeRequest) (pulumiplugin.InvokeResponse, error) {
	f, ok := s.definition.Functions[string(req.Tok)]
	if !ok {
		return pulumiplugin.InvokeResponse{}, fmt.Errorf("function %q is not emulated by the stand-in for %s%s",
			req.Tok, s.definition.Name, suggestion(string(req.Tok), slices.Collect(maps.Keys(s.definition.Functions))))
	}
	var failures []pulumiplugin.CheckFailure
	for _, failure := range checkInputs(f.Args, nil, req.Args) {
		failures = append(failures, pulumiplugin.CheckFailure{Property: resource.PropertyKey(failure.Property), Reason: failure.Reason})
	}
	if len(failures) > 0 {
		return pulumiplugin.InvokeResponse{Failures: failures}, nil
	}
	ctx, cancel := s.operation(ctx, 0, 0)
	defer cancel()
	object, err := f.Call(ctx, plain(req.Args))
	if err != nil {
		return pulumiplugin.InvokeResponse{}, err
	}
	result := properties(object)
	for _, name := range f.Secret {
		if value, ok := result[resource.PropertyKey(name)]; ok {
			result[resource.PropertyKey(name)] = resource.MakeSecret(value)
		}
	}
	return pulumiplugin.InvokeResponse{Properties: result}, nil
}

// outputs turns the result of a read, or of a change (applied), into properties.
// What was secret in the old state stays secret.
func (r Resource) outputs(result Result, inputs, old resource.PropertyMap, applied bool) resource.PropertyMap {
	outputs := properties(result.State)
	r.finish(outputs, inputs)
	if r.Bridge != nil {
		r.complete(outputs, result.ID, inputs, applied)
	}
	annotate(outputs, old)
	return outputs
}

// failure turns a partial error into the form in which the engine keeps the
// object in its state.
func (r Resource) failure(err error, inputs resource.PropertyMap) error {
	var partial *PartialError
	if !errors.As(err, &partial) {
		return err
	}
	options := pulumiplugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true, KeepResources: true}
	state, stateErr := pulumiplugin.MarshalProperties(r.outputs(partial.Result, inputs, nil, true), options)
	given, inputsErr := pulumiplugin.MarshalProperties(inputs, options)
	if problem := errors.Join(stateErr, inputsErr); problem != nil {
		return errors.Join(err, problem)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, err.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: partial.Result.ID, Properties: state, Inputs: given, Reasons: []string{err.Error()},
	})
}
