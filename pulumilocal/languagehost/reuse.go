package languagehost

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// This file decides whether an executable is still up to date, because running
// the go command to find out takes a second in each preview. The rules are:
//   - what the go command would look at is compared: source files outside the
//     module cache, by name, size and time, the go command itself and its
//     variables
//   - modules in the module cache never change, so comparing go.sum is enough
//   - when in doubt, run the go command

// A build is the record that is kept next to an executable.
type build struct {
	Watched  []string // folders with the program's sources
	State    string   // of them, and of the go command
	Packages []required
}

// racy is how long after a change a file may change again and keep its time. The
// go command does not trust newer files either.
const racy = 2 * time.Second

// readBuild returns the build at path if nothing has changed since.
func readBuild(path string) (build, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return build{}, false
	}
	var b build
	if json.Unmarshal(data, &b) != nil {
		return build{}, false
	}
	state, _, err := stateOf(b.Watched)
	return b, err == nil && state == b.State
}

// write writes a build to path, unless a source changed after started, when the
// go command was first asked about it, or just before.
func (b build) write(path string, started time.Time) error {
	state, newest, err := stateOf(b.Watched)
	if err != nil || state != b.State || started.Sub(newest) < racy {
		return err
	}
	data, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// stateOf returns a hash over the watched folders and the go command, and the time
// of the newest change.
func stateOf(watched []string) (state string, newest time.Time, err error) {
	hash := sha256.New()
	note := func(info fs.FileInfo) {
		fmt.Fprintf(hash, "%s %d %d %s\n", info.Name(), info.Size(), info.ModTime().UnixNano(), info.Mode())
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return "", time.Time{}, err
	}
	environ := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return !strings.HasPrefix(pair, "GO") && !strings.HasPrefix(pair, "CGO_") && !strings.HasPrefix(pair, "CC=") && !strings.HasPrefix(pair, "CXX=")
	})
	slices.Sort(environ)
	fmt.Fprintf(hash, "%s\n%q\n", goCommand, environ)
	files := []string{goCommand}
	if config, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(config, "go", "env")) // go env -w
	}
	for _, path := range append(files, watched...) {
		info, err := os.Stat(path)
		if err != nil {
			fmt.Fprintf(hash, "%s: none\n", path)
			continue
		}
		fmt.Fprintf(hash, "%s\n", path)
		if !info.IsDir() {
			note(info)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return "", time.Time{}, err
		}
		for _, entry := range entries {
			if !built(entry.Name()) {
				continue
			}
			// A symbolic link counts as what it leads to.
			if info, err := os.Stat(filepath.Join(path, entry.Name())); err == nil && !info.IsDir() {
				note(info)
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), newest, nil
}

// built reports whether the go command reads a file of that name in the folder of
// a package (`go help filetype`) or of a module.
func built(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".m", ".s", ".S", ".sx", ".swig", ".swigcxx", ".syso":
		return true
	}
	return slices.Contains([]string{"go.mod", "go.sum", "go.work", "pulumi-plugin.json"}, name)
}

// watchedOf are the folders, outside the module cache, with the sources of the
// packages, and the go.work files above them. all is false if that is not
// everything: a package embeds files, a module has a vendor folder, or a variable
// points elsewhere.
func watchedOf(packages []goPackage) (folders []string, all bool) {
	watched := make(map[string]bool)
	if os.Getenv("GOFLAGS")+os.Getenv("GOENV")+os.Getenv("GOWORK") != "" {
		return nil, false // the files of -modfile and -overlay, for example, are not watched
	}
	for _, p := range packages {
		if !p.Module.Main && (p.Module.Replace == nil || p.Module.Replace.Version != "") {
			continue
		}
		if len(p.EmbedPatterns) > 0 {
			return nil, false
		}
		if _, err := os.Stat(filepath.Join(p.Module.Dir, "vendor")); err == nil {
			return nil, false
		}
		// The folders in between too: a go.mod there would split the module.
		folder := p.Dir
		for ; len(folder) >= len(p.Module.Dir); folder = filepath.Dir(folder) {
			watched[folder] = true
		}
		for last := ""; folder != last; last, folder = folder, filepath.Dir(folder) {
			watched[filepath.Join(folder, "go.work")] = true
		}
	}
	return slices.Sorted(maps.Keys(watched)), true
}
