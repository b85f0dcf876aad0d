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
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// This file checks the files of the repository. The rules are:
//   - files that git ignores are the user's own and are not checked
//   - generated code (sdks/) is not measured; TestGeneratedSDK checks that it
//     is what the generator writes
//   - each check is a function over a file's name and content, with a table
//     that shows that it can fail

// A check returns the problem with a file, "" for none.
type check func(name string, content []byte) string

var checks = []check{unformatted, tooLong, badPackageName, encryptionKept, privateKey}

// TestFiles runs every check on every file.
func TestFiles(t *testing.T) {
	t.Parallel()
	files := treeFiles(t)
	for _, want := range []string{"checks/hygiene_test.go", "go.mod", "Pulumi.dev.yaml"} {
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

// handWritten reports whether a file is Go code that is not generated.
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
		return "not formatted; fix: gofmt -w " + name
	}
	return ""
}

// mostLines is the limit for a Go file; a longer one holds more than one idea.
const mostLines = 450

func tooLong(name string, content []byte) string {
	lines := bytes.Count(content, []byte("\n"))
	if !handWritten(name) || lines <= mostLines {
		return ""
	}
	return fmt.Sprintf("%d lines; expected at most %d; fix: split it by idea", lines, mostLines)
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
			return fmt.Sprintf("package name %q says nothing; fix: name it after what it holds", n)
		}
	}
	return ""
}

// encryptionKept finds the encryption settings that `pulumi stack init` and even
// `pulumi preview` write into a stack file. Committed, they would tie everybody's
// stack to one passphrase or key.
func encryptionKept(name string, content []byte) string {
	base := path.Base(name)
	if !strings.HasPrefix(base, "Pulumi.") || path.Ext(base) != ".yaml" {
		return ""
	}
	for _, key := range []string{"encryptionsalt", "secretsprovider", "encryptedkey"} {
		if bytes.Contains(content, []byte(key)) {
			return key + " must not be committed; fix: remove the line"
		}
	}
	return ""
}

// armoured is a private key in PEM (RFC 7468), with or without the headers of
// RFC 1421, on lines of its own or in a string literal. A first line without a
// key, as in code that looks for keys, does not match.
var armoured = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:\s|\\n)+(?:[A-Za-z-]+: [^\n\\]+(?:\s|\\n)+)*[A-Za-z0-9+/=]{40}`)

func privateKey(_ string, content []byte) string {
	if armoured.Match(content) {
		return "a private key; fix: generate it where it is needed"
	}
	return ""
}

func TestChecks(t *testing.T) {
	t.Parallel()
	const clean = "package store\n\nfunc f() {}\n"
	key := strings.Repeat("A", 64)
	const aKey = "a private key; fix: generate it where it is needed"
	begin, end := "-----BEGIN "+"PRIVATE KEY-----", "-----END "+"PRIVATE KEY-----"
	for _, test := range []struct {
		name    string
		look    check
		file    string
		content string
		want    string // the problem, "" for none
	}{
		{"formatted", unformatted, "a/a.go", clean, ""},
		{"spaces for a tab", unformatted, "a/a.go", "package a\n\nfunc f() {\n  f()\n}\n", "not formatted; fix: gofmt -w a/a.go"},
		{"not Go", unformatted, "a/a.go", "package a\n\npacket\n", "3:1: expected declaration, found packet"},
		{"not a Go file", unformatted, "a/a.md", "packet a\n", ""},
		{"generated", unformatted, "sdks/a/a.go", "package  a\n", ""},
		{"as long as allowed", tooLong, "a/a.go", strings.Repeat("\n", mostLines), ""},
		{"too long", tooLong, "a/a.go", strings.Repeat("\n", mostLines+1), "451 lines; expected at most 450; fix: split it by idea"},
		{"too long, generated", tooLong, "sdks/a/a.go", strings.Repeat("\n", mostLines+1), ""},
		{"too long, not Go", tooLong, "go.sum", strings.Repeat("\n", mostLines+1), ""},
		{"a telling name", badPackageName, "sandbox/store/a.go", clean, ""},
		{"an empty name", badPackageName, "sandbox/store/a.go", "package util\n", `package name "util" says nothing; fix: name it after what it holds`},
		{"an empty name, tests", badPackageName, "sandbox/store/a_test.go", "package helpers_test\n", `package name "helpers" says nothing; fix: name it after what it holds`},
		{"an empty folder name", badPackageName, "pkg/store/a.go", clean, `package name "pkg" says nothing; fix: name it after what it holds`},
		{"a stack file", encryptionKept, "Pulumi.dev.yaml", "config:\n  azure-native:location: westeurope\n", ""},
		{"a salt", encryptionKept, "Pulumi.dev.yaml", "encryptionsalt: v1:x\n", "encryptionsalt must not be committed; fix: remove the line"},
		{"a provider", encryptionKept, "sandbox/testdata/Pulumi.x.yaml", "secretsprovider: passphrase\n", "secretsprovider must not be committed; fix: remove the line"},
		{"a key of a provider", encryptionKept, "Pulumi.prod.yaml", "encryptedkey: x\n", "encryptedkey must not be committed; fix: remove the line"},
		{"another file about salts", encryptionKept, "README.md", "encryptionsalt", ""},
		{"a private key", privateKey, "a.pem", begin + "\n" + key + "\n" + end, aKey},
		{"an RSA key", privateKey, "a.go", strings.Replace(begin, "PRIV", "RSA PRIV", 1) + "\r\n" + key, aKey},
		{"an encrypted key", privateKey, "a.pem", begin + "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AB\n\n" + key, aKey},
		{"a key in a literal", privateKey, "a.go", `"` + begin + `\n` + key + `"`, aKey},
		{"code that looks for keys", privateKey, "a.go", `strings.Contains(s, "` + begin + `")`, ""},
		{"a public key", privateKey, "a.pem", strings.Replace(begin, "PRIVATE", "PUBLIC", 1) + "\n" + key, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.look(test.file, []byte(test.content)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// linted are the modules with code of ours.
var linted = []string{".", "clients", "tools/sdkgen"}

// TestVet is a test so that `go test ./...` is the only command to run.
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
	linter := buildCommand(t, "tools/lint", "honnef.co/go/tools/cmd/staticcheck")
	if problems := toolProblems(mistakes(t), linter, "./..."); !strings.Contains(problems, "func unused is unused (U1000)") {
		t.Errorf("on code with a mistake: got %q, want a complaint about unused", problems)
	}
	for _, dir := range linted {
		if problems := toolProblems(dir, linter, "-checks", "inherit,ST1000,ST1020,ST1021,ST1022", "./..."); problems != "" {
			t.Error(problems)
		}
	}
}

// mistakes writes a module with one mistake for each linter.
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

// TestGeneratedSDK runs the tests of the generator's module, one of which
// generates the SDK again and compares it with the committed one byte for byte.
// -count=1, because go test's cache does not see the model and the SDK, which
// are outside that module.
func TestGeneratedSDK(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds Pulumi's generator")
	}
	if problems := toolProblems("tools/sdkgen", "go", "test", "-count=1", "./..."); problems != "" {
		t.Error(problems)
	}
}

// TestClients runs other people's clients against the sandbox. Their tests are a
// module of their own, so that none of the clients reaches go.mod. -count=1,
// because go test's cache does not see the sandbox's module.
func TestClients(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("installs clients from npm")
	}
	if problems := toolProblems("clients", "go", "test", "-count=1", "./..."); problems != "" {
		t.Error(problems)
	}
}

// buildCommand builds a command from the module in dir. With -short it skips the
// test.
func buildCommand(t *testing.T, dir, pkg string) (executable string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a command")
	}
	executable = filepath.Join(t.TempDir(), path.Base(pkg))
	if problems := toolProblems(dir, "go", "build", "-o", executable, pkg); problems != "" {
		t.Fatal(problems)
	}
	return executable
}

// builtWith are the build flags of these tests that matter for what the go command
// compiles, as GOFLAGS: with the same ones, a tool finds packages compiled that it
// would compile again otherwise. The modules beside this one are tested without the
// race detector.
func builtWith(dir string) (goFlags string) {
	out, err := exec.Command("go", "env", "GOFLAGS").Output() // those of the user's settings too
	info, ok := debug.ReadBuildInfo()
	if !ok || err != nil {
		return os.Getenv("GOFLAGS")
	}
	goFlags = strings.TrimSpace(string(out))
	for _, setting := range info.Settings {
		if setting.Value == "true" && (setting.Key == "-trimpath" || setting.Key == "-race" && dir == ".") {
			goFlags += " " + setting.Key
		}
	}
	return goFlags
}

// toolProblems runs a command and returns its output if it fails, "" otherwise.
func toolProblems(dir, name string, args ...string) string {
	command := exec.Command(name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS="+builtWith(dir))
	out, err := command.CombinedOutput()
	if err == nil {
		return ""
	}
	return fmt.Sprintf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
}
