// Package engine runs the real Pulumi engine against a sandbox. The engine is
// always Pulumi's own CLI: the one on PATH when a normal installation is there,
// otherwise one built once from the pinned module in tools/pulumi into the
// user's cache directory. What cannot be had offline (the Go language host and
// the provider plugins) is stood in for by the sandbox's own binary, which
// [Install] copies under the names that the CLI looks for.
//
// It knows nothing about what the programs deploy. Not for production.
package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Version is the version of the Pulumi CLI that tools/pulumi pins.
const Version = "v3.259.0"

// Plugins are the provider plugins that the sandbox's binary stands in for,
// and the versions as which it answers.
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

// Home is the PULUMI_HOME of a sandbox directory.
func Home(dir string) string { return filepath.Join(dir, "pulumi") }

// Bin is the folder of a sandbox directory that goes first on PATH.
func Bin(dir string) string { return filepath.Join(dir, "bin") }

// Install lays out dir so that the CLI finds itself, the language host and the
// provider plugins there. standIn is the sandbox's own executable. An
// executable that somebody put in a stand-in's place (the official plugin) is
// left alone.
func Install(dir string, cli CLI, standIn string) error {
	sum, err := checksum(standIn)
	if err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	master := filepath.Join(Home(dir), "stand-in-"+sum[:16])
	if err := os.MkdirAll(Home(dir), 0o700); err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	_, err = os.Stat(master)
	if errors.Is(err, fs.ErrNotExist) {
		err = copyFile(standIn, master)
	}
	if err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	for name, version := range Plugins {
		folder := filepath.Join(Home(dir), "plugins", "resource-"+name+"-"+version)
		if err := place(master, sum, filepath.Join(folder, PluginPrefix+name)); err != nil {
			return fmt.Errorf("install provider %s: %w", name, err)
		}
	}
	if err := os.MkdirAll(Bin(dir), 0o700); err != nil {
		return fmt.Errorf("install engine: %w", err)
	}
	if cli.Official {
		return nil
	}
	// Side by side and not linked symbolically: the CLI looks for its language
	// hosts next to the file it really is, and warns when PATH disagrees.
	if err := link(cli.Path, filepath.Join(Bin(dir), "pulumi")); err != nil {
		return fmt.Errorf("install pulumi: %w", err)
	}
	if err := place(master, sum, filepath.Join(Bin(dir), LanguageHost)); err != nil {
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
	if err := link(master, path); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(sum), 0o600)
}

// link makes path the same file as target, or a copy where a hard link cannot
// be (another file system). A running executable at path keeps running.
func link(target, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(target, path); err == nil {
		return nil
	}
	return copyFile(target, path)
}

// copyFile copies an executable; path is complete or absent.
func copyFile(from, path string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(path), ".copy-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Chmod(0o700), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}

func removeOldMasters(dir, current string) error {
	old, err := filepath.Glob(filepath.Join(Home(dir), "stand-in-*"))
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
