package languagehost

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"app-to-app/pulumilocal/executable"
)

// errReported says that the program failed and told the engine itself why.
var errReported = errors.New("the program reported its failure")

// environ is the environment a Pulumi Go program reads its run from, as
// pulumi.Run in the SDK expects it.
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

// buildProgram returns the executable of a program and what to call when it is
// done. Without the options `binary` and `buildTarget` it builds into
// PULUMI_HOME, under a name of the program's directory, so that an unchanged
// program is not linked again.
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

// buildCached builds source into PULUMI_HOME and hands out a name of its own
// for the result: another run may replace the file while this one executes it.
func buildCached(ctx context.Context, source string) (path string, done func(), err error) {
	home := os.Getenv("PULUMI_HOME")
	if home == "" {
		return "", nil, errors.New("expected PULUMI_HOME to name the sandbox's Pulumi folder, got nothing; source the sandbox's env file")
	}
	sum := sha256.Sum256([]byte(source))
	target := filepath.Join(home, "programs", hex.EncodeToString(sum[:8]))
	unlock, err := executable.Lock(target)
	if err != nil {
		return "", nil, err
	}
	defer unlock()
	if err := goBuild(ctx, source, target); err != nil {
		return "", nil, err
	}
	path = target + "-" + strconv.Itoa(os.Getpid())
	if err := executable.Link(target, path); err != nil {
		return "", nil, err
	}
	return path, func() { os.Remove(path) }, nil
}

func goBuild(ctx context.Context, source, target string) error {
	if err := executable.Build(ctx, source, target, "."); err != nil {
		return fmt.Errorf("build the program: %w", err)
	}
	return nil
}

// execute runs the program to its end. Its output is the host's own, which the
// engine shows.
func (h *languageHost) execute(ctx context.Context, program, dir string, environ []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)() // the engine may go without a word
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

// requiredPackages finds the providers that the program's imports stand for:
// each generated SDK carries a pulumi-plugin.json in its package or above it.
func requiredPackages(ctx context.Context, dir string) ([]*pulumirpc.PackageDependency, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{.Dir}}\t{{end}}{{.Dir}}", ".")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the program's packages in %q: %w", dir, withStderr(err))
	}
	folders := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		root, folder, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if !ok {
			continue // the standard library has no module
		}
		for ; len(folder) >= len(root) && !folders[folder]; folder = filepath.Dir(folder) {
			folders[folder] = true
		}
	}
	found := make(map[string]*pulumirpc.PackageDependency)
	for folder := range folders {
		pkg, err := pluginOf(folder)
		if err != nil {
			return nil, err
		}
		if pkg != nil {
			found[pkg.Name+"@"+pkg.Version] = pkg
		}
	}
	packages := make([]*pulumirpc.PackageDependency, 0, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		packages = append(packages, found[key])
	}
	return packages, nil
}

// pluginOf reads the pulumi-plugin.json of a folder; nil when it has none.
func pluginOf(folder string) (*pulumirpc.PackageDependency, error) {
	data, err := os.ReadFile(filepath.Join(folder, "pulumi-plugin.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var plugin struct {
		Resource bool   `json:"resource"`
		Name     string `json:"name"`
		Version  string `json:"version"`
		Server   string `json:"server"`
	}
	if err == nil {
		err = json.Unmarshal(data, &plugin)
	}
	if err != nil {
		return nil, fmt.Errorf("read the plugin of %q: %w", folder, err)
	}
	if !plugin.Resource || plugin.Name == "" {
		return nil, nil
	}
	return &pulumirpc.PackageDependency{Kind: "resource", Name: plugin.Name,
		Version: strings.TrimPrefix(plugin.Version, "v"), Server: plugin.Server}, nil
}

// downloadModules fetches the program's modules without touching go.mod or
// go.sum, telling each line of progress.
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
