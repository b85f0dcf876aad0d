package components

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// This file builds the code of a function app. The rules are: the same source
// gives the same bytes, from any folder, commit, dirty tree or shell; Pulumi's
// own archives are not used, because they lose the executable bit; a concurrent
// run sees a whole package or none.

const (
	packagesFolder = ".packages" // ignored by git
	handlerName    = "handler"   // the executable that host.json names
)

// A Package is a zip with the code of a function app.
type Package struct {
	Path   string   // from the project's folder, with slashes
	SHA256 string   // of the zip, in hexadecimal
	Routes []string // paths of its HTTP functions, as api/ProcessOrders, in the order of the functions' names

	// Publisher is the command line that sends it, in the project's folder: the
	// same on every machine, because it is kept in the state. Empty means that of a
	// project in this repository, [Publisher]; one elsewhere whose go.mod requires
	// this module says [PublisherOfModule].
	Publisher string
}

// The command lines of the program that publishes, in this repository and from
// another module.
const (
	Publisher         = "go run ./cmd/publish"
	PublisherOfModule = "go run app-to-app/cmd/publish"
)

func (p Package) check() error {
	return errors.Join(required("package.path", p.Path != ""), required("package.sha256", p.SHA256 != ""))
}

// BuildPackages builds the function apps in functions/NAME of the project in
// root, for a platform: host.json, the function.json of each function, and the
// handler. All handlers are built by one go command, which takes unchanged ones
// from its cache.
func BuildPackages(ctx context.Context, root string, platform Platform, names ...string) (map[string]Package, error) {
	if len(names) == 0 {
		return nil, nil
	}
	folders := make(map[string]string)
	for _, name := range names {
		folders[name] = "functions/" + name
	}
	return buildPackages(ctx, root, platform, folders)
}

// BuildPackage builds the function app in a folder, whose path is relative to the
// project's folder root and may lead out of it, for a platform.
func BuildPackage(ctx context.Context, root string, platform Platform, folder string) (Package, error) {
	source, err := filepath.Abs(filepath.Join(root, folder))
	if err != nil {
		return Package{}, err
	}
	if info, err := os.Stat(source); err != nil || !info.IsDir() || filepath.IsAbs(folder) || folder == "" {
		return Package{}, fmt.Errorf("argument code: expected the path of a folder, relative to the project's, got %q", folder)
	}
	name := filepath.Base(source)
	built, err := buildPackages(ctx, root, platform, map[string]string{name: folder})
	return built[name], err
}

// buildPackages builds function apps in folders by name.
func buildPackages(ctx context.Context, root string, platform Platform, folders map[string]string) (map[string]Package, error) {
	names := slices.Sorted(maps.Keys(folders))
	folder := filepath.Join(root, packagesFolder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("build packages: %w", err)
	}
	work, err := os.MkdirTemp(folder, "build-")
	if err != nil {
		return nil, fmt.Errorf("build packages: %w", err)
	}
	defer os.RemoveAll(work)
	caches := make([]cache, len(names))
	for i, name := range names {
		caches[i] = cache{folder: folder, work: work, name: name}
		caches[i].layOut()
	}
	if err := buildHandlers(ctx, root, platform, folders, work); err != nil {
		return nil, fmt.Errorf("build packages: %w", err)
	}
	packages, problems := make([]Package, len(names)), make([]error, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() {
			if packages[i], problems[i] = caches[i].pack(filepath.Join(root, folders[name])); problems[i] != nil {
				problems[i] = fmt.Errorf("build package %q: %w", name, problems[i])
			}
		})
	}
	wait.Wait()
	byName := make(map[string]Package)
	for i, name := range names {
		byName[name] = packages[i]
	}
	return byName, errors.Join(problems...)
}

// pack makes the package of a function app whose handler is built.
func (c cache) pack(source string) (Package, error) {
	files, err := readFunctions(source)
	if err != nil {
		return Package{}, err
	}
	if files[handlerName], err = os.ReadFile(c.handler()); err != nil {
		return Package{}, err
	}
	content, err := zipFiles(files)
	if err != nil {
		return Package{}, err
	}
	if _, err := c.keep(files[handlerName], handlerEnding); err != nil {
		return Package{}, err
	}
	file, err := c.keep(content, packageEnding)
	if err != nil {
		return Package{}, err
	}
	c.sweep(file, time.Now())
	routes, err := routesOf(files)
	return Package{Path: packagesFolder + "/" + file, SHA256: sumOf(content), Routes: routes}, err
}

// readFunctions reads the files of a function app except its code. It only
// takes files that it knows, so that those of an editor or a desktop do not get
// into a package.
func readFunctions(folder string) (map[string][]byte, error) {
	host, err := os.ReadFile(filepath.Join(folder, "host.json"))
	if err != nil {
		return nil, err
	}
	var settings struct {
		CustomHandler struct {
			Description struct {
				DefaultExecutablePath string `json:"defaultExecutablePath"`
			} `json:"description"`
		} `json:"customHandler"`
	}
	if err := json.Unmarshal(host, &settings); err != nil {
		return nil, fmt.Errorf("read host.json: %w", err)
	}
	if got := settings.CustomHandler.Description.DefaultExecutablePath; got != handlerName {
		return nil, fmt.Errorf("read host.json: expected customHandler.description.defaultExecutablePath %q, got %q", handlerName, got)
	}
	files := map[string][]byte{"host.json": host}
	functions, err := filepath.Glob(filepath.Join(folder, "*", "function.json"))
	if err != nil {
		return nil, err
	}
	for _, function := range functions {
		content, err := os.ReadFile(function)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(filepath.Dir(function)) + "/function.json"
		if !json.Valid(content) {
			return nil, fmt.Errorf("read %s: expected JSON", name)
		}
		files[name] = content
	}
	if len(functions) == 0 {
		return nil, fmt.Errorf("expected at least one function.json in a folder of %q, got none", folder)
	}
	return files, nil
}

// buildHandlers builds the handler of each function app into the folder target,
// under the app's name.
func buildHandlers(ctx context.Context, root string, platform Platform, folders map[string]string, target string) error {
	environ, err := buildEnviron(ctx, root, platform)
	if err != nil {
		return err
	}
	target, err = filepath.Abs(target)
	if err != nil {
		return err
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", target + string(filepath.Separator)}
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		args = append(args, "./"+filepath.ToSlash(filepath.Clean(folders[name])))
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = root, environ
	// An interrupted go command removes its temporary folder; a killed one does not.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second // a compiler may hold the output open
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("go build: interrupted: %w", context.Cause(ctx))
	}
	return fmt.Errorf("go build: %w\n%s", err, bytes.TrimSpace(out))
}

// located are the go command's variables that say where things are and do not
// affect what is built. inherited are those of other programs.
var (
	located   = []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOAUTH", "GOVCS"}
	inherited = []string{"PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"}
)

// buildEnviron is the environment of a build. It starts empty: GOFLAGS,
// GOEXPERIMENT, GOWORK or a newer toolchain, in the shell or from `go env -w`,
// would each change the bytes.
func buildEnviron(ctx context.Context, root string, platform Platform) ([]string, error) {
	environ, err := platform.environ()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"env", "-json", "GOMOD"}, located...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	var values map[string]string
	if err := json.Unmarshal(out, &values); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	toolchain, err := pinnedToolchain(values["GOMOD"])
	if err != nil {
		return nil, err
	}
	environ = append(environ, "CGO_ENABLED=0", "GOFLAGS=", "GOENV=off", "GOWORK=off", "GOTOOLCHAIN="+toolchain)
	for _, name := range located {
		environ = append(environ, name+"="+values[name])
	}
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			environ = append(environ, name+"="+value)
		}
	}
	return environ, nil
}

// pinnedToolchain is the toolchain line of a go.mod
// (https://go.dev/ref/mod#go-mod-file-toolchain).
func pinnedToolchain(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("find the pinned toolchain: %w", err)
	}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "toolchain" {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("find the pinned toolchain: expected a toolchain line in %s, got none", filepath.Base(path))
}

// zipFiles writes files into a zip, in the order of their names and with one
// time for all. The mode of the handler travels as a Unix mode: the packages
// of Flex Consumption are mounted read-only, where nobody can set it later.
func zipFiles(files map[string][]byte) ([]byte, error) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var content bytes.Buffer
	writer := zip.NewWriter(&content)
	// Half the time for a tenth more bytes, in every preview.
	writer.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestSpeed) })
	for _, name := range names {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(0o644)
		if name == handlerName {
			header.SetMode(0o755)
		}
		entry, err := writer.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(entry, bytes.NewReader(files[name])); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}
