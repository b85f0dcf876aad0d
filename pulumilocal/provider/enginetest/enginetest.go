// Package enginetest drives a provider as Pulumi's engine does, for tests: the
// same protocol messages, without processes.
package enginetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumiplugin "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"app-to-app/pulumilocal/provider/plugin"
)

// Properties are sent to a provider and returned by it.
type Properties = resource.PropertyMap

// Unknown is a value that a preview does not know.
var Unknown = resource.MakeComputed(resource.NewProperty(""))

// Secret makes a secret string.
func Secret(value string) resource.PropertyValue {
	return resource.MakeSecret(resource.NewProperty(value))
}

// Of makes properties of plain values; property values stay what they are.
func Of(object map[string]any) Properties { return resource.NewPropertyMapFromMap(object) }

// An Engine is the other end of a provider.
type Engine struct {
	t      testing.TB
	server pulumirpc.ResourceProviderServer

	mu    sync.Mutex
	lines []string
}

// New starts a provider.
func New(t testing.TB, definition plugin.Definition) *Engine {
	e := &Engine{t: t}
	e.server = plugin.NewServer(definition, e)
	return e
}

// Server is the provider itself.
func (e *Engine) Server() pulumirpc.ResourceProviderServer { return e.server }

// Info and Warn record what the provider shows.
func (e *Engine) Info(_ context.Context, _ resource.URN, message string) { e.record(message) }

// Warn records a warning.
func (e *Engine) Warn(_ context.Context, _ resource.URN, message string) {
	e.record("warning: " + message)
}

func (e *Engine) record(line string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, line)
}

// Lines are what the provider has shown.
func (e *Engine) Lines() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.lines...)
}

// Configure configures the provider.
func (e *Engine) Configure(config map[string]any) error {
	_, err := e.server.Configure(e.t.Context(), &pulumirpc.ConfigureRequest{
		Args: e.marshal(Of(config)), AcceptSecrets: true, AcceptResources: true, SendsOldInputs: true, SendsOldInputsToDelete: true,
	})
	return err
}

// MustConfigure configures the provider, or fails the test.
func (e *Engine) MustConfigure(config map[string]any) {
	e.t.Helper()
	if err := e.Configure(config); err != nil {
		e.t.Fatalf("Configure: %v", err)
	}
}

func (e *Engine) marshal(properties Properties) *structpb.Struct {
	e.t.Helper()
	s, err := pulumiplugin.MarshalProperties(properties, pulumiplugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	if err != nil {
		e.t.Fatalf("marshal properties: %v", err)
	}
	return s
}

func (e *Engine) unmarshal(s *structpb.Struct) Properties {
	e.t.Helper()
	properties, err := pulumiplugin.UnmarshalProperties(s, pulumiplugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	if err != nil {
		e.t.Fatalf("unmarshal properties: %v", err)
	}
	return properties
}

// URN is the URN of a resource of these tests.
func URN(token, name string) string {
	return fmt.Sprintf("urn:pulumi:test::app-to-app::%s::%s", token, name)
}

// Check checks inputs. Failures read "property: reason".
func (e *Engine) Check(token, name string, olds, news Properties) (Properties, []string) {
	e.t.Helper()
	resp, err := e.server.Check(e.t.Context(), &pulumirpc.CheckRequest{
		Urn: URN(token, name), Olds: e.marshal(olds), News: e.marshal(news), RandomSeed: []byte(name + " seed, repeated for the same name"),
	})
	if err != nil {
		e.t.Fatalf("Check: %v", err)
	}
	var failures []string
	for _, f := range resp.GetFailures() {
		failures = append(failures, f.GetProperty()+": "+f.GetReason())
	}
	return e.unmarshal(resp.GetInputs()), failures
}

// MustCheck checks inputs, or fails the test.
func (e *Engine) MustCheck(token, name string, news Properties) Properties {
	e.t.Helper()
	checked, failures := e.Check(token, name, nil, news)
	if len(failures) > 0 {
		e.t.Fatalf("Check: got failures %q, want none", failures)
	}
	return checked
}

// Diff compares inputs.
func (e *Engine) Diff(token string, olds, news Properties) *pulumirpc.DiffResponse {
	e.t.Helper()
	resp, err := e.server.Diff(e.t.Context(), &pulumirpc.DiffRequest{
		Id: "id", Urn: URN(token, "it"), Olds: e.marshal(olds), OldInputs: e.marshal(olds), News: e.marshal(news),
	})
	if err != nil {
		e.t.Fatalf("Diff: %v", err)
	}
	return resp
}

// DiffState compares inputs with a resource that exists, except for what changes
// are ignored of.
func (e *Engine) DiffState(before State, news Properties, ignore ...string) *pulumirpc.DiffResponse {
	e.t.Helper()
	resp, err := e.server.Diff(e.t.Context(), &pulumirpc.DiffRequest{
		Id: before.ID, Urn: URN(before.Token, "it"), Olds: e.marshal(before.Outputs), OldInputs: e.marshal(before.Inputs), News: e.marshal(news),
		IgnoreChanges: ignore,
	})
	if err != nil {
		e.t.Fatalf("Diff: %v", err)
	}
	return resp
}

// A State is what the engine keeps of a resource.
type State struct {
	Token, ID       string
	Inputs, Outputs Properties
}

// Text is an output that is a string, secret or not; else empty.
func (s State) Text(name resource.PropertyKey) string {
	value := s.Outputs[name]
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if !value.IsString() {
		return ""
	}
	return value.StringValue()
}

// Plain is a state as `pulumi stack export` shows its inputs or outputs: nulls
// stay, and a secret is an object with the engine's mark.
func Plain(properties Properties) map[string]any {
	options := pulumiplugin.MarshalOptions{KeepSecrets: true}
	marshalled, err := pulumiplugin.MarshalProperties(properties, options)
	if err != nil {
		return nil
	}
	return marshalled.AsMap()
}

// CheckReplacements fails the test unless exactly those inputs of each resource
// type replace it. Every type of the definition needs an entry.
func (e *Engine) CheckReplacements(definition plugin.Definition, replacing map[string][]string) {
	e.t.Helper()
	for token, r := range definition.Resources {
		want, ok := replacing[token]
		if !ok {
			e.t.Errorf("%s: no entry", token)
		}
		for name := range r.Args.Fields {
			var expected []string
			if slices.Contains(want, name) {
				expected = []string{name}
			}
			if got := e.Diff(token, Of(map[string]any{name: "a"}), Of(map[string]any{name: "b"})).GetReplaces(); !slices.Equal(got, expected) {
				e.t.Errorf("%s: change of %s: got replacements for %q, want them for %q", token, name, got, expected)
			}
		}
		for _, name := range want {
			if !r.Args.Has(name) {
				e.t.Errorf("%s: the SDK has no input %q", token, name)
			}
		}
	}
	if len(replacing) != len(definition.Resources) {
		e.t.Errorf("got entries for %d types, want %d", len(replacing), len(definition.Resources))
	}
}

// Create creates a resource from inputs that Check has completed.
func (e *Engine) Create(token, name string, inputs Properties) (State, error) {
	e.t.Helper()
	checked := e.MustCheck(token, name, inputs)
	resp, err := e.server.Create(e.t.Context(), &pulumirpc.CreateRequest{Urn: URN(token, name), Properties: e.marshal(checked)})
	if err != nil {
		return e.partial(token, err)
	}
	return State{Token: token, ID: resp.GetId(), Inputs: checked, Outputs: e.unmarshal(resp.GetProperties())}, nil
}

// MustCreate creates a resource, or fails the test.
func (e *Engine) MustCreate(token, name string, inputs Properties) State {
	e.t.Helper()
	state, err := e.Create(token, name, inputs)
	if err != nil {
		e.t.Fatalf("Create %s: %v", token, err)
	}
	return state
}

// partial is what the engine keeps of a failed operation: the state is empty
// when nothing is to be kept.
func (e *Engine) partial(token string, err error) (State, error) {
	e.t.Helper()
	status, ok := rpcerror.FromError(err)
	if !ok {
		return State{}, err
	}
	for _, detail := range status.Details() {
		if failed, ok := detail.(*pulumirpc.ErrorResourceInitFailed); ok {
			return State{Token: token, ID: failed.GetId(), Inputs: e.unmarshal(failed.GetInputs()), Outputs: e.unmarshal(failed.GetProperties())}, err
		}
	}
	return State{}, err
}

// Preview previews a creation, or an update when there is a state.
func (e *Engine) Preview(token string, before *State, inputs Properties) Properties {
	e.t.Helper()
	if before == nil {
		resp, err := e.server.Create(e.t.Context(), &pulumirpc.CreateRequest{Urn: URN(token, "it"), Properties: e.marshal(inputs), Preview: true})
		if err != nil {
			e.t.Fatalf("Create in a preview: %v", err)
		}
		return e.unmarshal(resp.GetProperties())
	}
	resp, err := e.server.Update(e.t.Context(), &pulumirpc.UpdateRequest{Id: before.ID, Urn: URN(token, "it"), Preview: true,
		Olds: e.marshal(before.Outputs), OldInputs: e.marshal(before.Inputs), News: e.marshal(inputs)})
	if err != nil {
		e.t.Fatalf("Update in a preview: %v", err)
	}
	return e.unmarshal(resp.GetProperties())
}

// Update updates a resource, except for what changes are ignored of.
func (e *Engine) Update(before State, inputs Properties, ignore ...string) (State, error) {
	e.t.Helper()
	checked, failures := e.Check(before.Token, "it", before.Inputs, inputs)
	if len(failures) > 0 {
		e.t.Fatalf("Check: got failures %q, want none", failures)
	}
	resp, err := e.server.Update(e.t.Context(), &pulumirpc.UpdateRequest{Id: before.ID, Urn: URN(before.Token, "it"),
		Olds: e.marshal(before.Outputs), OldInputs: e.marshal(before.Inputs), News: e.marshal(checked), IgnoreChanges: ignore})
	if err != nil {
		return e.partial(before.Token, err)
	}
	return State{Token: before.Token, ID: before.ID, Inputs: checked, Outputs: e.unmarshal(resp.GetProperties())}, nil
}

// Refresh reads a resource again. A state without id is gone.
func (e *Engine) Refresh(before State) (State, error) {
	e.t.Helper()
	resp, err := e.server.Read(e.t.Context(), &pulumirpc.ReadRequest{Id: before.ID, Urn: URN(before.Token, "it"),
		Properties: e.marshal(before.Outputs), Inputs: e.marshal(before.Inputs)})
	if err != nil {
		return State{}, err
	}
	return State{Token: before.Token, ID: resp.GetId(), Inputs: e.unmarshal(resp.GetInputs()), Outputs: e.unmarshal(resp.GetProperties())}, nil
}

// Delete deletes a resource.
func (e *Engine) Delete(state State) error {
	e.t.Helper()
	_, err := e.server.Delete(e.t.Context(), &pulumirpc.DeleteRequest{Id: state.ID, Urn: URN(state.Token, "it"),
		Properties: e.marshal(state.Outputs), OldInputs: e.marshal(state.Inputs)})
	return err
}

// Invoke calls a function.
func (e *Engine) Invoke(token string, args map[string]any) (Properties, error) {
	e.t.Helper()
	resp, err := e.server.Invoke(e.t.Context(), &pulumirpc.InvokeRequest{Tok: token, Args: e.marshal(Of(args))})
	if err != nil {
		return nil, err
	}
	if failures := resp.GetFailures(); len(failures) > 0 {
		return nil, fmt.Errorf("%s: %s", failures[0].GetProperty(), failures[0].GetReason())
	}
	return e.unmarshal(resp.GetReturn()), nil
}
