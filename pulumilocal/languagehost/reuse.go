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

// This file decides whether a program that was built before can run again as
// it is. Asking the go command costs a second in each preview. The rules are:
//   - everything that the go command would look at is compared: the files of
//     this machine that the program is built from, by name, size and time, the
//     go command itself and its variables
//   - modules of the module cache never change, so go.sum stands for them
//   - when in doubt, the go command is asked

// A build is what is kept beside a built program.
type build struct {
	Watched  []string // folders with files whose change may change the program
	State    string   // of them, and of the go command
	Packages []required
}

// racy is how long after a change a file may change again without showing it in
// its time; the go command waits as long before it trusts one.
const racy = 2 * time.Second

// readBuild returns the build that is kept at path if nothing has changed.
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

// write keeps a build at path, unless what it was built from has changed
// meanwhile or only just before.
func (b build) write(path string, now time.Time) error {
	state, newest, err := stateOf(b.Watched)
	if err != nil || state != b.State || now.Sub(newest) < racy {
		return err
	}
	data, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// stateOf sums up what is in the watched folders, and the go command, and tells
// when the newest of it changed.
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
			if info, err := entry.Info(); err == nil && !info.IsDir() && built(entry.Name()) {
				note(info)
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), newest, nil
}

// built reports whether the go command looks at a file of that name in a
// package's folder (`go help filetype`) or module's.
func built(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".m", ".s", ".S", ".sx", ".swig", ".swigcxx", ".syso":
		return true
	}
	return name == "go.mod" || name == "go.sum" || name == "go.work"
}

// watchedOf are the folders of this machine, outside of the module cache, that
// packages are built from, and whether they say it all: what an embed pattern
// takes is not followed.
func watchedOf(packages []goPackage) (folders []string, all bool) {
	watched := make(map[string]bool)
	for _, p := range packages {
		if !p.Module.Main && (p.Module.Replace == nil || p.Module.Replace.Version != "") {
			continue
		}
		if len(p.EmbedPatterns) > 0 {
			return nil, false
		}
		// Folders in between too: a go.mod in one of them cuts the tree.
		for folder := p.Dir; len(folder) >= len(p.Module.Dir); folder = filepath.Dir(folder) {
			watched[folder] = true
		}
	}
	return slices.Sorted(maps.Keys(watched)), true
}
