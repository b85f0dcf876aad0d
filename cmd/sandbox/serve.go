package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"app-to-app/pulumilocal/engine"
	"app-to-app/sandbox"
	"app-to-app/sandbox/store"
)

// serve runs a sandbox until it is interrupted.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("serve")
	addr := flags.String("addr", "", "main address; default: the one used before, else 127.0.0.1:8443, else a free port")
	dir := flags.String("dir", ".sandbox", "directory of the sandbox's state")
	if err := parse(flags, args, stdout); err != nil {
		return err
	}
	project, err := projectDir()
	if err != nil {
		return err
	}
	options := sandbox.Options{Dir: *dir, Addr: *addr, FirstAddr: "127.0.0.1:8443", ForgetIssued: true, Output: stderr}
	s, err := start(ctx, options, project, newScreen(stderr, os.Getenv, false))
	if err != nil {
		return err
	}
	defer s.Close()
	stacks, err := copyStackFiles(project, filepath.Join(s.Dir, "state"))
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The state is in %s.\n\n", shown(s.Dir))
	verb := "init"
	if known, err := inState(filepath.Join(s.Dir, "state"), stacks[0]); err != nil {
		return err
	} else if known {
		verb = "select"
	}
	fmt.Fprintf(stdout, "In a second shell, in this folder:\n\n    . %s\n    pulumi stack %s %s\n    pulumi up\n    go run ./cmd/tenant call orders-client -stack %[3]s\n\n", shown(s.EnvFile(s.Tenants()[0])), verb, stacks[0])
	for _, t := range s.Tenants() {
		fmt.Fprintf(stdout, "tenant %-9s %s, subscription %s: . %s\n", t.Name, t.ID, t.SubscriptionID, shown(s.EnvFile(t)))
	}
	fmt.Fprintf(stdout, "\nSee who may call whom, and who did: %s\n", s.DashboardLink())
	fmt.Fprintf(stdout, "\nStop with Ctrl-C; the state stays.\n")
	<-ctx.Done()
	fmt.Fprintln(stderr, "stopping")
	return reportUnemulated(s)
}

// start starts a sandbox, which logs where the function apps print, and builds and
// installs its engine as a step of the screen.
func start(ctx context.Context, options sandbox.Options, project string, shown *screen) (*sandbox.Sandbox, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, withHint(fmt.Errorf("expected the go command, which builds the program and the function apps: %w", err), "put the bin folder of a Go installation on PATH")
	}
	if _, err := os.UserCacheDir(); err != nil {
		return nil, withHint(fmt.Errorf("expected a cache folder, where the Pulumi CLI is kept: %w", err), "set HOME")
	}
	options.Logger = slog.New(slog.NewTextHandler(options.Output, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := sandbox.Start(ctx, options)
	switch {
	case errors.Is(err, sandbox.ErrPlatform):
		return nil, withHint(err, "run it in WSL2, on a Linux or macOS machine with amd64 or arm64, or in CI")
	case errors.Is(err, store.ErrInUse):
		return nil, withHint(err, "stop the other sandbox, or choose another directory with -dir")
	case err != nil:
		return nil, err
	}
	if runtime.GOOS == "darwin" {
		if err := checkTrust(ctx, s, nil); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	st := shown.begin("build", "the Pulumi CLI and the stand-ins for its plugins")
	defer st.fail()
	if err := engine.Prepare(ctx, project, s.Dir, &builds{step: st}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	st.done("a local Azure serves on %s", s.BaseURL)
	return s, nil
}

// projectDir is the repository's folder, where Pulumi.yaml is.
func projectDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); errors.Is(err, fs.ErrNotExist) {
		return "", withHint(fmt.Errorf("expected Pulumi.yaml in the working directory, got none in %q", dir), "cd to the repository's folder")
	}
	return dir, nil
}

// copyStackFiles makes a git-ignored Pulumi.local-X.yaml of each committed
// stack file, because `pulumi stack init` writes into the file of its stack.
// Existing files are left alone, except for the salt of a stack that is not in
// state. It returns the stacks' names.
func copyStackFiles(project, state string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(project, "Pulumi.*.yaml"))
	if err != nil {
		return nil, err
	}
	var stacks []string
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
		if strings.HasPrefix(name, "local-") {
			continue
		}
		local := filepath.Join(project, "Pulumi.local-"+name+".yaml")
		if err := errors.Join(copyNew(file, local), dropOldSalt(local, "local-"+name, state)); err != nil {
			return nil, fmt.Errorf("copy stack file: %w", err)
		}
		stacks = append(stacks, "local-"+name)
	}
	if len(stacks) == 0 {
		return nil, fmt.Errorf("expected a stack file like Pulumi.dev.yaml in %q, got none", project)
	}
	return stacks, nil
}

// copyNew copies a file unless there is one at path.
func copyNew(from, path string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// inState reports whether the backend in the folder state has a stack. After
// `pulumi destroy` it still does.
func inState(state, stack string) (bool, error) {
	known, err := filepath.Glob(filepath.Join(state, ".pulumi", "stacks", "*", stack+".json*"))
	return len(known) > 0, err
}

// dropOldSalt removes the encryption salt from the file of a stack that this
// sandbox does not have: it belongs to the passphrase of another directory, and
// `pulumi stack init` would reject the new passphrase as incorrect.
func dropOldSalt(path, stack, state string) error {
	if known, err := inState(state, stack); err != nil || known {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var kept []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "encryptionsalt:") {
			kept = append(kept, line)
		}
	}
	if text := strings.Join(kept, ""); text != string(data) {
		return os.WriteFile(path, []byte(text), 0o644)
	}
	return nil
}

// shown is a path as a person in the working directory would type it.
func shown(path string) string {
	if dir, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return path
}

// reportUnemulated is an error naming each request that the sandbox did not
// know, or nil.
func reportUnemulated(s *sandbox.Sandbox) error {
	unknown := s.Unemulated()
	if len(unknown) == 0 {
		return nil
	}
	var text strings.Builder
	for _, entry := range unknown {
		fmt.Fprintf(&text, "\n  %s %s (%s: %s)", entry.Method, entry.URL, entry.Service, entry.Unemulated)
	}
	return fmt.Errorf("%d requests that the sandbox does not emulate:%s", len(unknown), text.String())
}
