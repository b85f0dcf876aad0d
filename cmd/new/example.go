package main

import (
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"app-to-app/settings"
)

// This file copies an example. The rules are:
//   - an interrupted run leaves no function app: the copy gets its name when it is
//     complete
//   - nothing that exists is changed

// exampleName is the API of the examples. In their code it is the only word that
// has these letters, in lower case, in capitals, or with a capital.
const exampleName = "items"

// An example is a function app that is copied for an API of another name.
type example struct {
	root, kind string
	api        settings.API
}

// target is the folder to make.
func (e example) target() string {
	if e.kind == "api" {
		return e.api.Code
	}
	return e.api.ClientName()
}

func (e example) copy() error {
	functions := filepath.Join(e.root, "functions")
	from, to := filepath.Join(functions, exampleName+"-"+e.kind), filepath.Join(functions, e.target())
	for _, needed := range []string{filepath.Join(e.root, "Pulumi.yaml"), filepath.Join(from, "host.json")} {
		if _, err := os.Stat(needed); err != nil {
			return withHint("run it in the folder of the project, which has Pulumi.yaml and "+filepath.ToSlash(filepath.Join("functions", filepath.Base(from))),
				"expected the project with its examples: %w", err)
		}
	}
	if _, err := os.Lstat(to); err == nil {
		return withHint("choose another name, or use what is there: go test ./functions/"+e.target(), "expected no folder functions/%s, and there is one", e.target())
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	work, err := os.MkdirTemp(functions, ".new-") // the go command ignores it
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := e.copyTo(filepath.Join(work, e.target()), os.DirFS(from)); err != nil {
		return fmt.Errorf("copy functions/%s: %w", filepath.Base(from), err)
	}
	return os.Rename(filepath.Join(work, e.target()), to)
}

// copyTo copies files, except what a developer keeps to himself in such a folder.
func (e example) copyTo(target string, from fs.FS) error {
	words := strings.NewReplacer(
		strings.ToUpper(exampleName), e.api.Prefix(),
		"Items", strings.TrimSuffix(e.api.Role().Value, ".Read"),
		exampleName, e.api.Name)
	return fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, err error) error {
		to := filepath.Join(target, filepath.FromSlash(words.Replace(path)))
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.Mkdir(to, 0o755)
		case entry.Name() == "local.settings.json" || !entry.Type().IsRegular():
			return nil
		}
		content, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		text := words.Replace(string(content))
		if filepath.Ext(path) == ".go" {
			formatted, err := format.Source([]byte(text)) // other lengths, other columns
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			text = string(formatted)
		}
		return os.WriteFile(to, []byte(text), 0o644)
	})
}

// next says how to go on.
func (e example) next() string {
	var text strings.Builder
	fmt.Fprintf(&text, "functions/%s is made. Next:\n\n    go test ./functions/%[1]s\n", e.target())
	other, command := e.api.ClientName(), "client"
	if e.kind == "client" {
		other, command = e.api.Code, "api"
	}
	if _, err := os.Stat(filepath.Join(e.root, "functions", other)); err != nil {
		fmt.Fprintf(&text, "    go run ./cmd/new %s %s\n", command, e.api.Name)
	}
	fmt.Fprintf(&text, "    pulumi config set --path app-to-app:api.name %s\n    pulumi up\n\n", e.api.Name)
	fmt.Fprintf(&text, "Without the settings roles and clients there are the app role %s and the client %s.\n", e.api.Role().Value, e.api.ClientName())
	return text.String()
}
