package engine_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"app-to-app/pulumilocal/engine"
	"app-to-app/pulumilocal/executable"
	"app-to-app/sandbox/layout"
)

// pluginOf is where the provider plugin is in a sandbox directory.
func pluginOf(dir, name string) string {
	return filepath.Join(layout.PulumiHome(dir), "plugins", "resource-"+name+"-"+engine.Plugins[name], engine.PluginPrefix+name)
}

func TestInstallLeavesAnOfficialPluginAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cli := engine.CLI{Path: filepath.Join(dir, "cli"), Official: true}
	standIn := filepath.Join(dir, "stand-in")
	for _, step := range []struct{ name, standIn, put, want string }{
		{name: "first install", standIn: "one", want: "one"},
		{name: "a newer stand-in", standIn: "two", want: "two"},
		{name: "killed between the mark and the file", standIn: "three", put: "one", want: "three"},
		{name: "an official plugin copied over it", standIn: "four", put: "official", want: "official"},
		{name: "the official plugin is still there", standIn: "five", want: "official"},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			write(t, standIn, step.standIn)
			if step.put != "" {
				write(t, pluginOf(dir, "azuread"), step.put) // as cp does: the same file with other content
			}
			if err := engine.Install(t.Context(), dir, cli, standIn); err != nil {
				t.Fatal(err)
			}
			expect(t, pluginOf(dir, "azuread"), step.want)
			expect(t, pluginOf(dir, "tls"), step.standIn)
			expect(t, standIn, step.standIn)
		})
		if !ok {
			return // the next step builds on this one
		}
	}
}

// expect compares the content of a file.
func expect(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, []byte(want)) {
		t.Errorf("%s: got %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}

// TestInstallMarksAStandInWithoutMark has a file from before marks came first.
func TestInstallMarksAStandInWithoutMark(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	standIn := filepath.Join(dir, "stand-in")
	write(t, pluginOf(dir, "tls"), "one")
	for _, content := range []string{"one", "two"} {
		write(t, standIn, content)
		if err := engine.Install(t.Context(), dir, engine.CLI{Official: true}, standIn); err != nil {
			t.Fatal(err)
		}
		expect(t, pluginOf(dir, "tls"), content)
	}
}

func TestInstallWaitsForTheBuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	standIn := filepath.Join(dir, "cache", "stand-in")
	write(t, standIn, "half")
	unlock, err := executable.Lock(t.Context(), standIn, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := engine.Install(ctx, dir, engine.CLI{Official: true}, standIn); !errors.Is(err, context.Canceled) {
		t.Errorf("during a build: got %v, want %v", err, context.Canceled)
	}
	if _, err := os.Stat(pluginOf(dir, "tls")); err == nil {
		t.Error("during a build: expected no plugin, got one")
	}
	unlock()
	other, err := executable.ReadLock(t.Context(), standIn, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other()
	if err := engine.Install(t.Context(), dir, engine.CLI{Official: true}, standIn); err != nil {
		t.Errorf("during another install: %v", err)
	}
	expect(t, pluginOf(dir, "tls"), "half")
}

func TestInstallMakesWayForAnOfficialCLI(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	standIn := filepath.Join(dir, "stand-in")
	cli := engine.CLI{Path: filepath.Join(dir, "pulumi-built")}
	official := engine.CLI{Path: filepath.Join(dir, "pulumi-official"), Official: true}
	host := filepath.Join(layout.Bin(dir), engine.LanguageHost)
	write(t, standIn, "stand-in")
	write(t, cli.Path, "pulumi")
	install := func(cli engine.CLI, want ...string) {
		t.Helper()
		if err := engine.Install(t.Context(), dir, cli, standIn); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, pattern := range []string{filepath.Join(layout.Bin(dir), "pulumi*"), filepath.Join(layout.PulumiHome(dir), "stand-in-*")} {
			paths, err := filepath.Glob(pattern)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range paths {
				got = append(got, filepath.Base(path))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	install(cli, "pulumi", engine.LanguageHost)
	write(t, filepath.Join(layout.PulumiHome(dir), "stand-in-0123456789abcdef"), "of an earlier version")
	install(official)
	install(cli, "pulumi", engine.LanguageHost)
	write(t, host, "official")
	install(official, engine.LanguageHost)
	expect(t, host, "official")
	expect(t, cli.Path, "pulumi")

	write(t, filepath.Join(layout.Bin(dir), "pulumi"), "official")
	install(official, "pulumi", engine.LanguageHost) // an operator put both there
}
