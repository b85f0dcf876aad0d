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
	"slices"
	"strings"

	"app-to-app/pulumilocal/executable"
	"app-to-app/sandbox/layout"
)

// This file puts executables into a sandbox directory. The rules are:
//   - the providers and the language host are copies of the stand-in and not links:
//     `cp` of an official plugin over a link would overwrite all of them
//   - a mark beside each one lists the checksums of the stand-ins that may be there;
//     any other file is an official plugin, and stays
//   - the mark is written before the file, so that a file put there just before a
//     kill is known too

// Install puts the CLI, the language host and the provider plugins where the CLI
// looks for them in dir. standIn is the executable that [BuildStandIn] built. If
// you replaced a stand-in by an official plugin, Install keeps the plugin.
func Install(ctx context.Context, dir string, cli CLI, standIn string) error {
	// Another process of this checkout may be building it again.
	unlock, err := executable.ReadLock(ctx, standIn, nil)
	if err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	defer unlock()
	sum, err := checksum(standIn)
	if err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	for name, version := range Plugins {
		folder := filepath.Join(layout.PulumiHome(dir), "plugins", "resource-"+name+"-"+version)
		if err := place(standIn, sum, filepath.Join(folder, PluginPrefix+name)); err != nil {
			return fmt.Errorf("install provider %s: %w", name, err)
		}
	}
	if err := os.MkdirAll(layout.Bin(dir), 0o700); err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	if err := removeMasters(dir); err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	if cli.Official {
		if err := removeCLI(layout.Bin(dir)); err != nil {
			return fmt.Errorf("make way for the official pulumi: %w", err)
		}
		return nil
	}
	// In one folder and no symbolic links: the CLI resolves its own path, looks
	// for language hosts there, and warns if PATH leads to another one.
	if err := executable.Link(cli.Path, filepath.Join(layout.Bin(dir), "pulumi")); err != nil {
		return fmt.Errorf("install pulumi: %w", err)
	}
	if err := place(standIn, sum, filepath.Join(layout.Bin(dir), LanguageHost)); err != nil {
		return fmt.Errorf("install language host: %w", err)
	}
	return nil
}

// place copies the stand-in to path, unless an official plugin is there. sum is the
// stand-in's checksum.
func place(standIn, sum, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	known, err := readMark(path)
	if err != nil {
		return err
	}
	current, err := checksum(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		known = nil
	case err != nil:
		return err
	case current == sum && slices.Contains(known, sum):
		return nil
	case current == sum:
		return writeMark(path, sum)
	case !slices.Contains(known, current):
		return nil
	default:
		known = []string{current}
	}
	if err := writeMark(path, append(known, sum)...); err != nil {
		return err
	}
	return executable.Copy(standIn, path)
}

// removeCLI removes the CLI and the language host that Install put into bin, which
// is first on PATH. An official language host there stays.
func removeCLI(bin string) error {
	host := filepath.Join(bin, LanguageHost)
	known, err := readMark(host)
	if err != nil || len(known) == 0 {
		return err // what is there is not Install's
	}
	paths := []string{filepath.Join(bin, "pulumi")}
	if current, err := checksum(host); err == nil && slices.Contains(known, current) {
		paths = append(paths, host)
	}
	var problems error
	for _, path := range append(paths, markOf(host)) {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			problems = errors.Join(problems, err)
		}
	}
	return problems
}

// removeMasters removes the files that the providers were links to, in a directory
// from before they were copies.
func removeMasters(dir string) error {
	masters, err := filepath.Glob(filepath.Join(layout.PulumiHome(dir), "stand-in-*"))
	for _, path := range masters {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// markOf is the mark of the stand-in at path.
func markOf(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".stand-in")
}

func readMark(path string) (sums []string, err error) {
	text, err := os.ReadFile(markOf(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return strings.Fields(string(text)), nil
}

func writeMark(path string, sums ...string) error {
	partial := markOf(path) + ".partial"
	if err := os.WriteFile(partial, []byte(strings.Join(sums, "\n")), 0o600); err != nil {
		return err
	}
	return os.Rename(partial, markOf(path))
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
