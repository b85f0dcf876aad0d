package languagehost

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"app-to-app/pulumilocal/executable"
)

// errReported means that the program failed and has reported why to the engine.
var errReported = errors.New("the program reported its failure")

// environ is the environment from which pulumi.Run in the SDK reads what to run.
func (h *languageHost) environ(req *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(req.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}
	return append(os.Environ(),
		"PULUMI_ORGANIZATION="+req.GetOrganization(),
		"PULUMI_PROJECT="+req.GetProject(),
		"PULUMI_ROOT_DIRECTORY="+req.GetInfo().GetRootDirectory(),
		"PULUMI_STACK="+req.GetStack(),
		"PULUMI_CONFIG="+string(config),
		"PULUMI_CONFIG_SECRET_KEYS="+string(secrets),
		"PULUMI_DRY_RUN="+strconv.FormatBool(req.GetDryRun()),
		"PULUMI_PARALLEL="+strconv.Itoa(int(req.GetParallel())),
		"PULUMI_MONITOR="+req.GetMonitorAddress(),
		"PULUMI_ENGINE="+h.engine,
	), nil
}

// buildProgram returns the executable of a program and a function to call after
// the run. Without the options `binary` and `buildTarget` the executable is kept
// in the user's cache directory, one per program directory, so that an unchanged
// program is not linked again, whatever the sandbox.
func buildProgram(ctx context.Context, info *pulumirpc.ProgramInfo) (path string, done func(), err error) {
	options := info.GetOptions().AsMap()
	binary, _ := options["binary"].(string)
	target, _ := options["buildTarget"].(string)
	source := filepath.Join(info.GetProgramDirectory(), info.GetEntryPoint())
	switch {
	case binary != "" && target != "":
		return "", nil, errors.New("expected one of the runtime options `binary` and `buildTarget` in Pulumi.yaml, got both")
	case binary != "":
		path, err := filepath.Abs(filepath.Join(info.GetRootDirectory(), binary))
		if filepath.IsAbs(binary) {
			path, err = binary, nil
		}
		if err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			return "", nil, fmt.Errorf("find the program of the runtime option `binary`: %w", err)
		}
		return path, func() {}, nil
	case target != "":
		if !filepath.IsAbs(target) {
			target = filepath.Join(info.GetRootDirectory(), target)
		}
		return target, func() {}, goBuild(ctx, source, target)
	}
	return buildCached(ctx, source)
}

// A program is a Pulumi program whose executable is kept in the user's cache
// directory.
type program struct {
	source string
	target string // the executable; target.build describes its sources
}

func programOf(source string) (program, error) {
	folder, err := executable.Kept("program", source)
	if err != nil {
		return program{}, fmt.Errorf("find the folder for the program: %w", err)
	}
	return program{source: source, target: filepath.Join(folder, "program")}, nil
}

// kept returns the kept build if it is up to date.
func (p program) kept() (build, bool) {
	if _, err := os.Stat(p.target); err != nil {
		return build{}, false
	}
	return readBuild(p.target + ".build")
}

// buildCached builds source, unless its executable is up to date, and returns
// a separate link to the result, because another run may replace the file while
// this one executes it.
func buildCached(ctx context.Context, source string) (path string, done func(), err error) {
	p, err := programOf(source)
	if err != nil {
		return "", nil, err
	}
	unlock, err := executable.Lock(ctx, p.target, nil)
	if err != nil {
		return "", nil, err
	}
	defer unlock()
	if _, ok := p.kept(); !ok {
		if err := p.build(ctx); err != nil {
			return "", nil, err
		}
	}
	if err := p.removeEnded(); err != nil {
		return "", nil, err
	}
	path = p.target + "-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(runs.Add(1), 10)
	if err := executable.Link(p.target, path); err != nil {
		return "", nil, err
	}
	return path, func() { os.Remove(path) }, nil
}

// removeEnded removes the links of language hosts that were killed. Each may keep an
// executable from before the last build on the disk.
func (p program) removeEnded() error {
	folder := filepath.Dir(p.target)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		rest, isLink := strings.CutPrefix(entry.Name(), filepath.Base(p.target)+"-")
		host, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(host)
		if !isLink || err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// build builds the executable and records its sources. They are listed before the
// build and compared after it, so that the record is about what was built.
func (p program) build(ctx context.Context) error {
	started := time.Now()
	packages, err := listPackages(ctx, p.source)
	if err != nil {
		return err
	}
	folders, all := watchedOf(packages)
	state, _, err := stateOf(folders)
	if err != nil {
		return err
	}
	required, err := requiredBy(packages)
	if err != nil {
		return err
	}
	if err := os.Remove(p.target + ".build"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := goBuild(ctx, p.source, p.target); err != nil || !all {
		return err
	}
	return build{Watched: folders, State: state, Packages: required}.write(p.target+".build", started)
}

// runs counts the runs of this process: a plugin may run twice at the same time.
var runs atomic.Int64

func goBuild(ctx context.Context, source, target string) error {
	if err := executable.Build(ctx, source, target, "."); err != nil {
		return fmt.Errorf("build the program: %w", err)
	}
	return nil
}

// execute runs the program and waits for it. Its output goes to the language
// host's, which the engine shows.
func (h *languageHost) execute(ctx context.Context, program, dir string, environ []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)() // the engine may exit without Cancel
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir = dir
	cmd.Env = environ
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the program: %w", err)
	}
	h.track(cmd.Process, true)
	defer h.track(cmd.Process, false)
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if exit.ExitCode() == constant.ExitStatusLoggedError {
			return errReported
		}
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return fmt.Errorf("the program was ended by signal %q", status.Signal())
		}
		return fmt.Errorf("the program exited with code %d", exit.ExitCode())
	}
	return err
}

func (h *languageHost) track(process *os.Process, running bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.programs == nil {
		h.programs = make(map[*os.Process]bool)
	}
	if running {
		h.programs[process] = true
	} else {
		delete(h.programs, process)
	}
}

// downloadModules fetches the program's modules without changing go.mod or go.sum,
// and reports each line of progress.
func downloadModules(ctx context.Context, dir string, tell func(line []byte) error) error {
	cmd := exec.CommandContext(ctx, "go", "mod", "download")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("download modules: %w", err)
	}
	var told error
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		told = errors.Join(told, tell(append(lines.Bytes(), '\n')))
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("download modules: %w", err)
	}
	return told
}

func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(exit.Stderr))
	}
	return err
}
