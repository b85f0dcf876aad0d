package checks_test

import (
	"bytes"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file keeps the tree itself in order. The rules are:
//   - what is looked at is what git tracks or would add: ignored files are the
//     user's own
//   - generated code (sdks/) has the generator's shape, so it is not measured;
//     that it is what the generator makes is checked instead
//   - each check of a file is a function over its name and content, with a
//     table that shows that it can fail

// A check looks at one file and says what is wrong with it, or nothing.
type check func(name string, content []byte) string

var checks = []check{unformatted, tooLong, badPackageName, encryptionKept, privateKey}

// TestFiles runs every check on every file.
func TestFiles(t *testing.T) {
	t.Parallel()
	files := treeFiles(t)
	for _, want := range []string{"hygiene_test.go", "go.mod", "Pulumi.dev.yaml"} {
		if !slices.Contains(files, want) {
			t.Errorf("the list of files lacks %s", want)
		}
	}
	for _, name := range files {
		content, err := os.ReadFile(filepath.FromSlash(name))
		if os.IsNotExist(err) {
			continue // deleted, and git does not know it yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, look := range checks {
			if problem := look(name, content); problem != "" {
				t.Errorf("%s: %s", name, problem)
			}
		}
	}
}

// treeFiles lists the files that git tracks or would add, with slashes.
func treeFiles(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("list files with git: %v", err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
}

// handWritten reports whether a file is Go code that somebody wrote.
func handWritten(name string) bool {
	return path.Ext(name) == ".go" && !strings.HasPrefix(name, "sdks/")
}

func unformatted(name string, content []byte) string {
	if !handWritten(name) {
		return ""
	}
	formatted, err := format.Source(content)
	if err != nil {
		return err.Error()
	}
	if !bytes.Equal(formatted, content) {
		return "not formatted; run gofmt -w on it"
	}
	return ""
}

// mostLines is what a Go file may have. A file that grows past it holds more
// than one idea.
const mostLines = 450

func tooLong(name string, content []byte) string {
	lines := bytes.Count(content, []byte("\n"))
	if !handWritten(name) || lines <= mostLines {
		return ""
	}
	return fmt.Sprintf("%d lines; at most %d, split it by idea", lines, mostLines)
}

// emptyNames say nothing about what a package is for.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "types", "pkg", "misc", "base"}

func badPackageName(name string, content []byte) string {
	if !handWritten(name) {
		return ""
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.PackageClauseOnly)
	if err != nil {
		return err.Error()
	}
	for _, n := range append(strings.Split(path.Dir(name), "/"), strings.TrimSuffix(file.Name.Name, "_test")) {
		if slices.Contains(emptyNames, n) {
			return fmt.Sprintf("a package named %q says nothing; name it after what it holds", n)
		}
	}
	return ""
}

// encryptionKept finds what `pulumi stack init` and even `pulumi preview` write
// into a stack file: it would tie everybody's stack to one passphrase or key.
func encryptionKept(name string, content []byte) string {
	base := path.Base(name)
	if !strings.HasPrefix(base, "Pulumi.") || path.Ext(base) != ".yaml" {
		return ""
	}
	for _, key := range []string{"encryptionsalt", "secretsprovider", "encryptedkey"} {
		if bytes.Contains(content, []byte(key)) {
			return key + " must not be committed; remove the line"
		}
	}
	return ""
}

// armoured is a private key in PEM (RFC 7468), with or without the headers of
// RFC 1421, on lines of its own or in a string literal. A bare first line, as
// in code that looks for keys, is none.
var armoured = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:\s|\\n)+(?:[A-Za-z-]+: [^\n\\]+(?:\s|\\n)+)*[A-Za-z0-9+/=]{40}`)

func privateKey(_ string, content []byte) string {
	if armoured.Match(content) {
		return "a private key; make it when it is needed"
	}
	return ""
}

func TestChecks(t *testing.T) {
	t.Parallel()
	const clean = "package store\n\nfunc f() {}\n"
	key := strings.Repeat("A", 64)
	begin, end := "-----BEGIN "+"PRIVATE KEY-----", "-----END "+"PRIVATE KEY-----"
	for _, test := range []struct {
		name    string
		look    check
		file    string
		content string
		bad     bool
	}{
		{"formatted", unformatted, "a/a.go", clean, false},
		{"spaces for a tab", unformatted, "a/a.go", "package a\n\nfunc f() {\n  f()\n}\n", true},
		{"no Go", unformatted, "a/a.go", "packet a\n", true},
		{"not a Go file", unformatted, "a/a.md", "packet a\n", false},
		{"generated", unformatted, "sdks/a/a.go", "package  a\n", false},
		{"as long as allowed", tooLong, "a/a.go", strings.Repeat("\n", mostLines), false},
		{"too long", tooLong, "a/a.go", strings.Repeat("\n", mostLines+1), true},
		{"too long, generated", tooLong, "sdks/a/a.go", strings.Repeat("\n", mostLines+1), false},
		{"too long, not Go", tooLong, "go.sum", strings.Repeat("\n", mostLines+1), false},
		{"a telling name", badPackageName, "sandbox/store/a.go", clean, false},
		{"an empty name", badPackageName, "sandbox/store/a.go", "package util\n", true},
		{"an empty name, tests", badPackageName, "sandbox/store/a_test.go", "package helpers_test\n", true},
		{"an empty folder name", badPackageName, "pkg/store/a.go", clean, true},
		{"a stack file", encryptionKept, "Pulumi.dev.yaml", "config:\n  azure-native:location: westeurope\n", false},
		{"a salt", encryptionKept, "Pulumi.dev.yaml", "encryptionsalt: v1:x\n", true},
		{"a provider", encryptionKept, "sandbox/testdata/Pulumi.x.yaml", "secretsprovider: passphrase\n", true},
		{"a key of a provider", encryptionKept, "Pulumi.prod.yaml", "encryptedkey: x\n", true},
		{"another file about salts", encryptionKept, "README.md", "encryptionsalt", false},
		{"a private key", privateKey, "a.pem", begin + "\n" + key + "\n" + end, true},
		{"an RSA key", privateKey, "a.go", strings.Replace(begin, "PRIV", "RSA PRIV", 1) + "\r\n" + key, true},
		{"an encrypted key", privateKey, "a.pem", begin + "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AB\n\n" + key, true},
		{"a key in a literal", privateKey, "a.go", `"` + begin + `\n` + key + `"`, true},
		{"code that looks for keys", privateKey, "a.go", `strings.Contains(s, "` + begin + `")`, false},
		{"a public key", privateKey, "a.pem", strings.Replace(begin, "PRIVATE", "PUBLIC", 1) + "\n" + key, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			problem := test.look(test.file, []byte(test.content))
			if (problem != "") != test.bad {
				t.Errorf("got %q, want a problem: %v", problem, test.bad)
			}
		})
	}
}

// linted are the modules with code of ours.
var linted = []string{".", "tools/sdkgen"}

// TestVet is a test so that one command is all there is to run.
func TestVet(t *testing.T) {
	t.Parallel()
	if problems := toolProblems(mistakes(t), "go", "vet", "./..."); !strings.Contains(problems, "Printf format %d") {
		t.Errorf("on code with a mistake: got %q, want a complaint about %%d", problems)
	}
	for _, dir := range linted {
		if problems := toolProblems(dir, "go", "vet", "./..."); problems != "" {
			t.Error(problems)
		}
	}
}

// TestStaticcheck builds and runs the release that tools/lint pins, with the
// checks of comments (ST1000 and those from ST1020) that are off by default.
func TestStaticcheck(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a linter")
	}
	linter := filepath.Join(t.TempDir(), "staticcheck")
	if problems := toolProblems("tools/lint", "go", "build", "-o", linter, "honnef.co/go/tools/cmd/staticcheck"); problems != "" {
		t.Fatal(problems)
	}
	if problems := toolProblems(mistakes(t), linter, "./..."); !strings.Contains(problems, "func unused is unused (U1000)") {
		t.Errorf("on code with a mistake: got %q, want a complaint about unused", problems)
	}
	for _, dir := range linted {
		if problems := toolProblems(dir, linter, "-checks", "inherit,ST1000,ST1020,ST1021,ST1022", "./..."); problems != "" {
			t.Error(problems)
		}
	}
}

// mistakes makes a module with one mistake for each linter.
func mistakes(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module mistakes\n\ngo 1.26\n",
		"a.go":   "package a\n\nimport \"fmt\"\n\nfunc unused() { fmt.Printf(\"%d\", \"text\") }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestGeneratedSDK runs the tests of the generator's module, one of which makes
// the SDK again and compares it with the committed one byte for byte. Results
// are not cached, because the model and the SDK lie outside of that module.
func TestGeneratedSDK(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds Pulumi's generator")
	}
	if problems := toolProblems("tools/sdkgen", "go", "test", "-count=1", "./..."); problems != "" {
		t.Error(problems)
	}
}

// toolProblems runs a command and returns what it said when it failed.
func toolProblems(dir, name string, args ...string) string {
	command := exec.Command(name, args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err == nil {
		return ""
	}
	return fmt.Sprintf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
}
