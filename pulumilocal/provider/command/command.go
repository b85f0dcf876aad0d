// Package command stands in for Pulumi's command provider 1.1.0: its resource
// command:local:Command, which runs the program's commands on this machine, in
// the plugin's working directory and environment.
//
// It has no remote commands, no function run, and no assetPaths and
// archivePaths.
//
// Not for production.
package command

import (
	"context"
	"maps"
	"os"

	"github.com/pulumi/pulumi-command/sdk/go/command/local"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/pulumilocal/provider/plugin"
)

// Version is the version of the provider that this stands in for.
const Version = "1.1.0"

// Options are what a provider takes from its process.
type Options struct {
	Environ []string // nil: os.Environ
	Dir     string   // empty: the process's
}

// New defines the provider.
func New(options Options) plugin.Definition {
	if options.Environ == nil {
		options.Environ = os.Environ()
	}
	return plugin.Definition{
		Name:    "command",
		Version: Version,
		Resources: map[string]plugin.Resource{
			"command:local:Command": {
				Args: plugin.TypeOf(local.CommandArgs{}), State: plugin.TypeOf(local.Command{}),
				Replace: []string{"triggers"}, UpdatedInPlace: updatable, InputsAreOutputs: true, OutputsDependOnInputs: true,
				Timeouts: plugin.Timeouts{Create: forever, Update: forever, Delete: forever},
				Validate: validate, Lifecycle: runner{options},
			},
		},
	}
}

// updatable makes changed triggers run the update command, if there is one. The
// SDK asks the engine for a replacement in any case.
func updatable(inputs plugin.Object) []string {
	if _, ok := inputs["update"]; ok {
		return []string{"triggers"}
	}
	return nil
}

func validate(_ context.Context, c *plugin.Check) {
	for _, name := range []string{"assetPaths", "archivePaths"} {
		if c.Given(name) {
			c.Fail(name, "property %q of Command is not emulated by the stand-in for command", name)
		}
	}
	if logging, ok := c.Known("logging"); ok {
		switch local.Logging(logging) {
		case local.LoggingStdout, local.LoggingStderr, local.LoggingStdoutAndStderr, local.LoggingNone:
		default:
			c.Fail("logging", "property %q: expected stdout, stderr, stdoutAndStderr or none, got %q", "logging", logging)
		}
	}
}

type runner struct{ options Options }

func (r runner) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id, err := resource.NewUniqueHex(call.URN.Name(), 8, 0)
	if err != nil {
		return plugin.Result{}, err
	}
	state, err := r.run(ctx, call, text(call.Inputs, "create"), call.Inputs, nil)
	return plugin.Result{ID: id, State: state}, err
}

// Read returns the state: what a command did cannot be looked up.
func (r runner) Read(_ context.Context, call plugin.Call) (plugin.Result, error) {
	return plugin.Result{ID: call.ID, State: call.State}, nil
}

// Update runs the update command, or the create command when there is none.
func (r runner) Update(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	command, ok := call.Inputs["update"].(string)
	if !ok {
		command = text(call.Inputs, "create")
	}
	state, err := r.run(ctx, call, command, call.Inputs, call.State)
	return plugin.Result{ID: call.ID, State: state}, err
}

func (r runner) Delete(ctx context.Context, call plugin.Call) error {
	inputs := maps.Clone(call.State)
	maps.Copy(inputs, call.Inputs)
	_, err := r.run(ctx, call, text(inputs, "delete"), inputs, call.State)
	return err
}

// run runs a command, if there is one, and returns its output.
func (r runner) run(ctx context.Context, call plugin.Call, command string, inputs, before plugin.Object) (plugin.Object, error) {
	if command == "" {
		return plugin.Object{"stdout": text(before, "stdout"), "stderr": text(before, "stderr")}, nil
	}
	stdout, stderr, err := r.execute(ctx, call, command, inputs, before)
	if err != nil {
		return nil, err
	}
	return plugin.Object{"stdout": stdout, "stderr": stderr}, nil
}

func text(o plugin.Object, name string) string {
	value, _ := o[name].(string)
	return value
}
