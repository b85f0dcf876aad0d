// Package plugin is what the provider stand-ins share: Pulumi's resource
// provider protocol (pulumirpc.ResourceProvider) over a table of resources and
// functions. A provider brings a [Definition]; the package brings the process
// that the engine starts ([Serve]), the checks of inputs against the argument
// structs of the Go SDKs, diffs, previews without calls, secrets that stay
// secret, and the inputs that a refresh or an import reads back. The official
// provider is a native one or one behind Pulumi's bridge ([Bridge]).
//
// It deliberately has no components, no method calls and no streams: programs in
// Go need none of them from these providers.
//
// Not for production: it only exists so that programs can be deployed to a
// sandbox where the official plugins cannot be installed.
package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// An Object is a JSON-like value with property names of the SDKs: no secrets,
// no unknowns, numbers as float64.
type Object = map[string]any

// A Definition is one provider.
type Definition struct {
	Name      string
	Version   string // as the official plugin's, without the v
	Config    []string
	Configure func(ctx context.Context, config Object) error // nil: nothing to configure
	Resources map[string]Resource                            // by type token
	Functions map[string]Function                            // by token
}

// A Resource is one resource type. All but Args, State and Lifecycle may be
// left out.
type Resource struct {
	Args  *Type // what a program may give
	State *Type // what it gets

	Required []string // lists and maps that are required, which the SDKs' structs do not show
	Replace  []string // inputs whose change replaces the resource
	Secret   []string // outputs that are always secret
	Timeouts Timeouts
	Bridge   *Bridge // nil: the official provider is a native one

	// InputsAreOutputs puts the inputs into the state as they were given.
	InputsAreOutputs bool
	// OutputsDependOnInputs says that every output that is no input depends on
	// all inputs: it is secret if one of them is, and unknown in the preview of
	// an update.
	OutputsDependOnInputs bool

	// Validate checks what the types cannot say, and fills in names.
	Validate func(context.Context, *Check)
	// DeleteFirst reports whether a replacement needs the name of what it
	// replaces.
	DeleteFirst func(Check) bool
	// UpdatedInPlace returns the inputs of Replace whose change is only an
	// update, given all inputs.
	UpdatedInPlace func(inputs Object) []string
	// RenewalDue returns the outputs that say that the resource is too old: it
	// is replaced although no input changed.
	RenewalDue func(state, inputs Object) []string
	// StateAsInputs brings a state into the shape of the inputs, for refreshes
	// and imports. Nil means that it has that shape.
	StateAsInputs func(id string, state Object) Object

	Lifecycle Lifecycle
}

// Timeouts bound the operations of a resource whose program sets no timeouts.
// Zero means five minutes.
type Timeouts struct {
	Create, Read, Update, Delete time.Duration
}

const defaultTimeout = 5 * time.Minute

// A Lifecycle makes the calls of the official provider.
type Lifecycle interface {
	// Create returns a [PartialError] if the object exists but a later step
	// failed.
	Create(context.Context, Call) (Result, error)
	// Read returns a Result without ID if the object is gone.
	Read(context.Context, Call) (Result, error)
	// Update returns a [PartialError] if some steps worked before one failed.
	Update(context.Context, Call) (Result, error)
	// Delete succeeds on an object that is already gone wherever the official
	// provider does.
	Delete(context.Context, Call) error
}

// ReplaceOnly is the Update of a resource whose every change replaces it.
type ReplaceOnly struct{}

// Update is never asked for.
func (ReplaceOnly) Update(context.Context, Call) (Result, error) {
	return Result{}, errors.New("every change of this resource replaces it; there is nothing to update")
}

// A Call is one operation on a resource.
type Call struct {
	URN       resource.URN
	ID        string
	Inputs    Object // new inputs; at Read and Delete those in the state, if any
	OldInputs Object // at Update; of a bridged resource, the state
	State     Object // old outputs; none at Create and at the Read of an import
	Logger    Logger

	plan *drift // at the Update of a bridged resource
}

// Info shows a line to the user.
func (c Call) Info(ctx context.Context, message string) { c.Logger.Info(ctx, c.URN, message) }

// Warn shows a warning to the user.
func (c Call) Warn(ctx context.Context, message string) { c.Logger.Warn(ctx, c.URN, message) }

// Changed reports whether one of the inputs differs from the old ones. Inputs of
// a bridged resource may be paths.
func (c Call) Changed(names ...string) bool {
	if c.plan != nil {
		return slices.ContainsFunc(names, c.plan.touches)
	}
	return slices.ContainsFunc(names, func(name string) bool { return !equal(c.Inputs[name], c.OldInputs[name]) })
}

// A Result is an object as an operation left or found it.
type Result struct {
	ID    string
	State Object
}

// A PartialError says that the object exists, or changed, although the
// operation failed. The engine keeps the known part in its state, so that the
// next run can repair or delete it.
type PartialError struct {
	Result Result
	Err    error
}

func (e *PartialError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *PartialError) Unwrap() error { return e.Err }

// A Function is one function of a provider (an invoke).
type Function struct {
	Args   *Type
	Call   func(ctx context.Context, args Object) (Object, error)
	Secret []string // results that are secret
}

// A Logger shows lines to the user, through the engine.
type Logger interface {
	Info(ctx context.Context, urn resource.URN, message string)
	Warn(ctx context.Context, urn resource.URN, message string)
}

// A Check holds a resource's inputs before they are compared or used. It can
// refuse them and fill in missing ones.
type Check struct {
	URN      resource.URN
	Olds     resource.PropertyMap // inputs in the state; empty for a new resource
	News     resource.PropertyMap // to be completed in place
	Seed     []byte               // the engine's, so that generated names can be repeated
	Failures []Failure
}

// A Failure is one problem with the inputs.
type Failure struct {
	Property string
	Reason   string
}

// Fail adds a failure.
func (c *Check) Fail(property, format string, args ...any) {
	c.Failures = append(c.Failures, Failure{Property: property, Reason: fmt.Sprintf(format, args...)})
}

// Known returns a string input that is given and known.
func (c *Check) Known(name string) (string, bool) {
	value := reveal(c.News[resource.PropertyKey(name)])
	if !value.IsString() {
		return "", false
	}
	return value.StringValue(), true
}

// Given reports whether an input is given, known or not.
func (c *Check) Given(name string) bool {
	value, ok := c.News[resource.PropertyKey(name)]
	return ok && !reveal(value).IsNull()
}

// Plain returns the inputs that are known, as plain values.
func (c *Check) Plain() Object { return plain(c.News) }
