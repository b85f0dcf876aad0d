// Package engine runs the real Pulumi engine against a sandbox. The engine is
// always Pulumi's own CLI: the one on PATH when a normal installation is there,
// otherwise one built once from the pinned module in tools/pulumi into the
// user's cache directory. What is not available offline (the Go language host
// and the provider plugins) is replaced by the stand-in of cmd/pulumi-stand-in,
// which [Install] copies under the names that the CLI looks for.
//
// It knows nothing about what the programs deploy. Not for production.
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

// Plugins are the provider plugins that the stand-in replaces, and the versions
// as which it answers.
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

// Prepare finds or builds the CLI and the stand-in, both at once, and installs
// them in a sandbox directory. projectDir is any directory inside this
// repository; progress is told on log.
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
		standIn, err = BuildStandIn(ctx, projectDir)
		done <- err
	}()
	var first error
	for range 2 {
		if err := <-done; err != nil && first == nil {
			first = err
			cancel() // the other one is of no use alone
		}
	}
	if first != nil {
		return first
	}
	return Install(dir, cli, standIn)
}

// Install lays out dir so that the CLI finds itself, the language host and the
// provider plugins there. standIn is the executable that [BuildStandIn] built.
// An executable that somebody put in a stand-in's place (the official plugin)
// is left alone.
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
	// Side by side and not linked symbolically: the CLI looks for its language
	// hosts next to the file it really is, and warns when PATH disagrees.
	if err := executable.Link(cli.Path, filepath.Join(layout.Bin(dir), "pulumi")); err != nil {
		return fmt.Errorf("install pulumi: %w", err)
	}
	if err := place(master, sum, filepath.Join(layout.Bin(dir), LanguageHost)); err != nil {
		return fmt.Errorf("install language host: %w", err)
	}
	return removeOldMasters(dir, master)
}

// place puts the stand-in at path, unless what is there was not put there by
// place: the mark beside it holds the checksum of the last stand-in.
func place(master, sum, path string) error {
	mark := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".stand-in")
	if current, err := checksum(path); err == nil {
		placed, _ := os.ReadFile(mark)
		if current == sum {
			return nil
		}
		if string(placed) != current {
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
