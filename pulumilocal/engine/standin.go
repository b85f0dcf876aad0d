package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"app-to-app/pulumilocal/executable"
)

// BuildStandIn builds cmd/pulumi-stand-in, which replaces the language host and
// the provider plugins, in the user's cache directory and returns its path. The
// first build compiles the Pulumi SDK, which takes minutes. projectDir is any
// directory in this repository; progress goes to log.
func BuildStandIn(ctx context.Context, projectDir string, log io.Writer) (string, error) {
	root, err := moduleRoot(ctx, projectDir)
	if err != nil {
		return "", fmt.Errorf("build the Pulumi stand-in: %w", err)
	}
	folder, err := executable.Kept("stand-in", root) // each checkout needs its own file
	if err != nil {
		return "", fmt.Errorf("build the Pulumi stand-in: %w", err)
	}
	path := filepath.Join(folder, "pulumi-stand-in")
	unlock, err := executable.Lock(ctx, path, log)
	if err != nil {
		return "", fmt.Errorf("build the Pulumi stand-in: %w", err)
	}
	defer unlock()
	var counted func(compiled, packages int) // only a first build takes long enough
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		counted = watch(log, theStandIn)
		fmt.Fprintln(log, "building the Pulumi stand-in, once for this checkout (about four minutes on two cores)")
	}
	// No -trimpath: with it, the go command compiles each package of the Pulumi SDK
	// once for the stand-in and once more for the program, which is built without.
	if err := executable.Watch(ctx, root, path, counted, "-buildvcs=false", "-ldflags=-s -w", "./cmd/pulumi-stand-in"); err != nil {
		return "", fmt.Errorf("build the Pulumi stand-in: %w", err)
	}
	return path, nil
}
