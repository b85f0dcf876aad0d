// Package engine runs the real Pulumi engine against a sandbox: the CLI on PATH,
// if Pulumi is installed, otherwise one that is built once from the pinned module
// in tools/pulumi, in the user's cache directory. The Go language host and the
// provider plugins, which are not available offline, are replaced by
// cmd/pulumi-stand-in. [Install] copies it under the names that the CLI expects.
//
// The package works with any program. Not for production.
package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"app-to-app/pulumilocal/executable"
	"app-to-app/sandbox/layout"
)

// Version is the version of the Pulumi CLI that tools/pulumi pins.
const Version = "v3.259.0"

// Plugins are the provider plugins that the stand-in replaces, with the versions
// that it reports.
var Plugins = map[string]string{
	"azuread":      "v5.53.5",
	"azure-native": "v2.90.0",
	"command":      "v1.1.0",
	"tls":          "v5.2.2",
}

// LanguageHost is the base name of the Go language host's executable.
const LanguageHost = "pulumi-language-go"

// PluginPrefix is how the base name of a provider's executable starts.
const PluginPrefix = "pulumi-resource-"

// Prepare finds or builds the CLI and the stand-in, in parallel, and installs them
// in a sandbox directory. projectDir is any directory in this repository; progress
// goes to log, from both at once.
func Prepare(ctx context.Context, projectDir, dir string, log io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var cli CLI
	var standIn string
	done := make(chan error, 2)
	go func() {
		var err error
		cli, err = Find(ctx, projectDir, log)
		done <- err
	}()
	go func() {
		var err error
		standIn, err = BuildStandIn(ctx, projectDir, log)
		done <- err
	}()
	var first error
	for range 2 {
		if err := <-done; err != nil && first == nil {
			first = err
			cancel() // neither works without the other
		}
	}
	if first != nil {
		return first
	}
	return Install(dir, cli, standIn)
}

// Install puts the CLI, the language host and the provider plugins where the CLI
// looks for them in dir. standIn is the executable that [BuildStandIn] built. If
// you replaced a stand-in by an official plugin, Install keeps the plugin.
func Install(dir string, cli CLI, standIn string) error {
	sum, err := checksum(standIn)
	if err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	master := filepath.Join(layout.PulumiHome(dir), "stand-in-"+sum[:16])
	if err := os.MkdirAll(layout.PulumiHome(dir), 0o700); err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	_, err = os.Stat(master)
	if errors.Is(err, fs.ErrNotExist) {
		err = executable.Copy(standIn, master)
	}
	if err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	for name, version := range Plugins {
		folder := filepath.Join(layout.PulumiHome(dir), "plugins", "resource-"+name+"-"+version)
		if err := place(master, sum, filepath.Join(folder, PluginPrefix+name)); err != nil {
			return fmt.Errorf("install provider %s: %w", name, err)
		}
	}
	if err := os.MkdirAll(layout.Bin(dir), 0o700); err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	if cli.Official {
		return nil
	}
	// In one folder and no symbolic links: the CLI resolves its own path, looks
	// for language hosts there, and warns if PATH leads to another one.
	if err := executable.Link(cli.Path, filepath.Join(layout.Bin(dir), "pulumi")); err != nil {
		return fmt.Errorf("install pulumi: %w", err)
	}
	if err := place(master, sum, filepath.Join(layout.Bin(dir), LanguageHost)); err != nil {
		return fmt.Errorf("install language host: %w", err)
	}
	return removeOldMasters(dir, master)
}

// place puts the stand-in at path, unless the file there is not one of place's:
// the mark next to it has the checksum of the last stand-in.
func place(master, sum, path string) error {
	mark := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".stand-in")
	if current, err := checksum(path); err == nil {
		placed, _ := os.ReadFile(mark)
		if current == sum || string(placed) != current {
			return nil
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := executable.Link(master, path); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(sum), 0o600)
}

func removeOldMasters(dir, current string) error {
	old, err := filepath.Glob(filepath.Join(layout.PulumiHome(dir), "stand-in-*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if path != current {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}

func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
