// Package componentstest runs Pulumi programs in tests: in place of the engine
// and of Azure there is a [Recorder], which keeps everything that a program
// registers and calls.
//
// It supplies what the program reads back: the outputs that Azure gives a
// resource, and who is signed in. A call or a read that it does not know is an
// error, so that no test passes on an invented response. It validates no
// inputs; the sandbox does that.
package componentstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Who is signed in, and where.
const (
	TenantID       = "aaaaaaaa-0000-4000-8000-000000000001"
	SubscriptionID = "aaaaaaaa-0000-4000-8000-000000000002"
	CallerID       = "aaaaaaaa-0000-4000-8000-000000000003"
)

// A Recorder is the engine and Azure of one test. Nobody is signed in to the
// zero Recorder, so it refuses every call. It is safe for concurrent use, as
// Pulumi needs; its fields are set before the program runs.
type Recorder struct {
	Stack       string                                      // dev if empty
	Caller      string                                      // object ID and client ID of who is signed in
	Permissions []string                                    // of the caller, in Microsoft Graph
	Outputs     func(typeToken, name string) map[string]any // added to the inputs; those of Azure if nil
	Stacks      map[string]map[string]any                   // exports of stacks, by their full names

	mu        sync.Mutex
	resources []Resource
	calls     []Call
}

// A Resource is one that the program registered.
type Resource struct {
	TypeToken, Name string
	Inputs          resource.PropertyMap
	RPC             *pulumirpc.RegisterResourceRequest // with every option; nil for what is only read
}

// A Call is one of a provider's function.
type Call struct {
	Token string
	Args  resource.PropertyMap
}

// Run runs a program with the configuration that the engine would hand to it.
func (r *Recorder) Run(config map[string]string, program pulumi.RunFunc) error {
	stack := r.Stack
	if stack == "" {
		stack = "dev"
	}
	return pulumi.RunErr(program, pulumi.WithMocks("app-to-app", stack, r), func(info *pulumi.RunInfo) { info.Config = config })
}

// NewResource records a resource and answers with its inputs and [Outputs].
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.RegisterRPC == nil && args.TypeToken == "pulumi:pulumi:StackReference" {
		return r.readStack(args)
	}
	if args.RegisterRPC == nil {
		return "", nil, fmt.Errorf("expected no read of %s %q", args.TypeToken, args.Name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resources = append(r.resources, Resource{args.TypeToken, args.Name, args.Inputs, args.RegisterRPC})
	outputs := r.Outputs
	if outputs == nil {
		outputs = Outputs
	}
	state := args.Inputs.Copy()
	maps.Copy(state, resource.NewPropertyMapFromMap(outputs(args.TypeToken, args.Name)))
	return "/id/" + args.TypeToken + "/" + args.Name, state, nil
}

// readStack records a reference to a stack, and answers with what that exports.
func (r *Recorder) readStack(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := args.Inputs["name"].StringValue()
	exports, found := r.Stacks[name]
	if !found {
		return "", nil, fmt.Errorf("expected a stack that exports something, got %q", name)
	}
	r.resources = append(r.resources, Resource{TypeToken: args.TypeToken, Name: args.Name, Inputs: args.Inputs})
	return name, resource.NewPropertyMapFromMap(map[string]any{"name": name, "outputs": exports, "secretOutputNames": []any{}}), nil
}

// Resources are what was registered so far, by type and name.
func (r *Recorder) Resources() []Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(slices.Values(r.resources), func(a, b Resource) int { return strings.Compare(a.String(), b.String()) })
}

// Calls are the calls so far, by function.
func (r *Recorder) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedStableFunc(slices.Values(r.calls), func(a, b Call) int { return strings.Compare(a.Token, b.Token) })
}

// Find returns the one resource of a type and name.
func (r *Recorder) Find(t testing.TB, typeToken, name string) Resource {
	t.Helper()
	var found []Resource
	for _, candidate := range r.Resources() {
		if candidate.TypeToken == typeToken && candidate.Name == name {
			found = append(found, candidate)
		}
	}
	if len(found) != 1 {
		t.Fatalf("expected one %s %q, got %d", typeToken, name, len(found))
	}
	return found[0]
}

// String identifies the resource in its stack: it is the end of its URN.
func (r Resource) String() string { return r.TypeToken + "::" + r.Name }

// Parent is the component that the resource belongs to, by the end of its URN;
// empty for a resource of the stack itself.
func (r Resource) Parent() string {
	parent := resource.URN(r.RPC.GetParent())
	if parent == "" || parent.Type() == resource.RootStackType {
		return ""
	}
	return urnEnd(string(parent))
}

// Dependencies are the resources that it waits for, by the ends of their URNs,
// sorted.
func (r Resource) Dependencies() []string {
	var ends []string
	for _, urn := range r.RPC.GetDependencies() {
		ends = append(ends, urnEnd(urn))
	}
	slices.Sort(ends)
	return ends
}

// urnEnd is the type and name in a URN; any other text stays as it is.
func urnEnd(text string) string {
	urn := resource.URN(text)
	if !urn.IsValid() {
		return text
	}
	return string(urn.Type()) + "::" + urn.Name()
}
