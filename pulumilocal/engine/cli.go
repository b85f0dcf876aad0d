package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"app-to-app/pulumilocal/executable"
	"app-to-app/sandbox/layout"
)

// A CLI is the Pulumi command to run.
type CLI struct {
	Path     string
	Official bool // a normal installation on PATH, language host included
}

// Find returns the CLI of a normal installation if there is one on PATH.
// Otherwise it builds the CLI from tools/pulumi, once per machine (about six
// minutes on two cores). dir is the sandbox directory to [Install] it in: what an
// earlier Install left there is not an installation, although a shell that sourced
// the directory's env file has it first on PATH. projectDir is any directory in
// this repository; progress goes to log.
func Find(ctx context.Context, projectDir, dir string, log io.Writer) (CLI, error) {
	if path, ok := official(os.Getenv("PATH"), layout.Bin(dir)); ok {
		return CLI{Path: path, Official: true}, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return CLI{}, fmt.Errorf("find pulumi: %w", err)
	}
	path := filepath.Join(cache, "app-to-app", "pulumi-"+Version, "pulumi")
	if _, err := os.Stat(path); err == nil {
		return CLI{Path: path}, nil
	}
	if err := build(ctx, projectDir, path, log); err != nil {
		return CLI{}, fmt.Errorf("build pulumi %s: %w", Version, err)
	}
	return CLI{Path: path}, nil
}

// official returns the first pulumi in the folders of list if it belongs to a
// normal installation, with a Go language host. bin is skipped if what is there is
// Install's, which removes it again.
func official(list, bin string) (path string, ok bool) {
	for _, folder := range filepath.SplitList(list) {
		path := filepath.Join(folder, "pulumi")
		if !filepath.IsAbs(path) || !isExecutable(path) {
			continue
		}
		// Package managers put a link on PATH. The CLI follows it and looks for
		// language hosts where it leads, then on PATH.
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			continue
		}
		if installed(filepath.Dir(target)) {
			if same(filepath.Dir(target), bin) {
				continue
			}
			return "", false // the env file of another sandbox is sourced
		}
		host := isExecutable(filepath.Join(filepath.Dir(target), LanguageHost))
		for _, other := range filepath.SplitList(list) {
			host = host || !installed(other) && isExecutable(filepath.Join(other, LanguageHost))
		}
		return path, host
	}
	return "", false
}

// installed reports whether [Install] put a language host into a folder.
func installed(folder string) bool {
	_, err := os.Stat(markOf(filepath.Join(folder, LanguageHost)))
	return err == nil
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// same reports whether two paths lead to the same folder.
func same(a, b string) bool {
	one, err := os.Stat(a)
	other, failed := os.Stat(b)
	return err == nil && failed == nil && os.SameFile(one, other)
}

// build builds the CLI at path. Only one process builds at a time.
func build(ctx context.Context, projectDir, path string, log io.Writer) error {
	unlock, err := executable.Lock(ctx, path, log)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return nil // another process built it while we waited
	}
	root, err := moduleRoot(ctx, projectDir)
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "building the Pulumi CLI %s from its module, once for this user (about six minutes on two cores)\n", Version)
	start := time.Now()
	partial := path + ".partial"
	defer os.Remove(partial)
	// Linking without symbol tables takes half the memory. Without the version
	// the CLI would call itself a development build. No -trimpath: see [BuildStandIn].
	if err := executable.Watch(ctx, filepath.Join(root, "tools", "pulumi"), partial, watch(log, theCLI),
		"-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version="+Version,
		"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	fmt.Fprintf(log, "built the Pulumi CLI in %s\n", time.Since(start).Round(time.Second))
	return nil
}

// moduleRoot is the folder of the repository's go.mod.
func moduleRoot(ctx context.Context, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOMOD")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("find the module of %q: %w", dir, err)
	}
	file := strings.TrimSpace(string(out))
	root := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(root, "tools", "pulumi", "go.mod")); file == "" || errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("expected a directory inside the app-to-app repository, got %q", dir)
	}
	return root, nil
}
