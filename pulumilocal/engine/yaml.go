package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"app-to-app/pulumilocal/executable"
	"app-to-app/sandbox/layout"
)

// The language host of Pulumi programs in YAML is Pulumi's own, in tools/yaml. It
// wants an older pkg/v3 than the CLI's, so that is a module of its own.
const (
	yamlHost    = "pulumi-language-yaml"
	yamlVersion = "v1.25.0"
)

// InstallYAML puts the language host for YAML beside the CLI that [Install] put
// into dir. It builds it once per machine, in a few minutes; progress goes to log.
func InstallYAML(ctx context.Context, projectDir, dir string, log io.Writer) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("find %s: %w", yamlHost, err)
	}
	path := filepath.Join(cache, "app-to-app", yamlHost+"-"+yamlVersion, yamlHost)
	if err := buildYAML(ctx, projectDir, path, log); err != nil {
		return fmt.Errorf("build %s %s: %w", yamlHost, yamlVersion, err)
	}
	if err := executable.Link(path, filepath.Join(layout.Bin(dir), yamlHost)); err != nil {
		return fmt.Errorf("install %s: %w", yamlHost, err)
	}
	return nil
}

func buildYAML(ctx context.Context, projectDir, path string, log io.Writer) error {
	unlock, err := executable.Lock(ctx, path, log)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	root, err := moduleRoot(ctx, projectDir)
	if err != nil {
		return err
	}
	partial := path + ".partial"
	defer os.Remove(partial)
	if err := executable.Watch(ctx, filepath.Join(root, "tools", "yaml"), partial, watch(log, "the language host for YAML"), "-trimpath",
		"-ldflags=-s -w -X github.com/pulumi/pulumi-yaml/pkg/version.Version="+yamlVersion, "."); err != nil {
		return err
	}
	return os.Rename(partial, path)
}
