// Package executable builds Go programs and puts executables where the Pulumi
// engine looks for them. Several processes may do so at once: a file gets its
// final name only when it is complete.
//
// Not for production.
package executable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Build runs go build in dir with the result at target. args are its arguments
// besides -o: flags and the package. An unchanged program is not linked again.
// Callers that share a target must hold its [Lock]. When ctx ends, Build interrupts
// the go command and its compilers.
func Build(ctx context.Context, dir, target string, args ...string) error {
	return Watch(ctx, dir, target, nil, args...)
}

// Watch is [Build], and tells watch how many of the program's packages are
// compiled, if it is not nil. The package must be the last of args. The go command
// counts only what it compiles, so the last step, to all of them, may be a long one.
func Watch(ctx context.Context, dir, target string, watch func(compiled, packages int), args ...string) error {
	var problems bytes.Buffer
	var output io.Writer = &problems
	finished := func() {}
	if watch != nil {
		names, err := dependencies(ctx, dir, args[len(args)-1])
		if err != nil {
			return err
		}
		watch(0, len(names))
		finished = func() { watch(len(names), len(names)) }
		output = &counter{names: names, watch: watch, rest: &problems}
		args = append([]string{"-v"}, args...)
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", target}, args...)...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = output, output
	// An interrupted go command removes its temporary folder; a killed one does not.
	// It waits for the compilers and linkers that it started, so its whole process
	// group is interrupted.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	switch {
	case err == nil:
		finished()
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("go build in %q: interrupted: %w", dir, context.Cause(ctx))
	}
	return fmt.Errorf("go build in %q: %w\n%s", dir, err, strings.TrimSpace(problems.String()))
}

// dependencies are the import paths of a program's packages.
func dependencies(ctx context.Context, dir, program string) (map[string]bool, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", program)
	cmd.Dir = dir
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %q: %w\n%s", dir, err, strings.TrimSpace(problems.String()))
	}
	names := make(map[string]bool)
	for name := range strings.Lines(string(out)) {
		names[strings.TrimSuffix(name, "\n")] = true
	}
	return names, nil
}

// A counter counts the lines that name a package, as go build -v prints them, and
// hands on the rest.
type counter struct {
	names    map[string]bool
	watch    func(compiled, packages int)
	compiled int
	line     []byte // not yet complete
	rest     io.Writer
}

func (c *counter) Write(p []byte) (int, error) {
	for _, b := range p {
		c.line = append(c.line, b)
		if b != '\n' {
			continue
		}
		if c.names[string(c.line[:len(c.line)-1])] {
			c.compiled++
			c.watch(c.compiled, len(c.names))
		} else if _, err := c.rest.Write(c.line); err != nil {
			return 0, err
		}
		c.line = c.line[:0]
	}
	return len(p), nil
}

// Lock waits for the exclusive lock of target, until ctx ends. If another process
// has the lock, Lock says so in log, which may be nil. The lock ends with the
// process, if not before. Lock creates target's folder.
func Lock(ctx context.Context, target string, log io.Writer) (unlock func(), err error) {
	return lock(ctx, target, syscall.LOCK_EX, log)
}

// ReadLock is [Lock] for those who read target: any number of them at once, but
// nobody who builds it.
func ReadLock(ctx context.Context, target string, log io.Writer) (unlock func(), err error) {
	return lock(ctx, target, syscall.LOCK_SH, log)
}

func lock(ctx context.Context, target string, how int, log io.Writer) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return nil, err
	}
	path := target + ".lock"
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(ctx, f, how, func() {
		if log != nil {
			fmt.Fprintf(log, "waiting for another process to build %s\n", filepath.Base(target))
		}
	}); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %q: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// flock locks f, and calls waiting once if that takes time. It polls, because
// nothing but a signal to the thread ends a flock that blocks.
func flock(ctx context.Context, f *os.File, how int, waiting func()) error {
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for first := true; ; first = false {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		if first {
			waiting()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("interrupted: %w", context.Cause(ctx))
		case <-poll.C:
		}
	}
}

// Link makes path the same file as target, or a copy where a hard link is not
// possible (another file system). A running executable at path keeps running.
func Link(target, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(target, path); err == nil {
		return nil
	}
	return Copy(target, path)
}

// Copy copies an executable to path, which never has an incomplete file.
func Copy(from, path string) error {
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
