package clients_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file asks Azure CLI whether it has the commands that this project offers, in
// its messages and pages, with the options that they are given.

// A form is a command of Azure CLI with the options that somebody is told to pass.
type form struct {
	command string
	options []string
	place   string
}

var (
	azWord   = regexp.MustCompile(`^[a-z][a-z-]*$`)
	azOption = regexp.MustCompile(`(?:^|[\s\[])(--?[a-z][a-z-]*)`)
	azStart  = regexp.MustCompile(`(?:^|\\n|[^\w-])az `)
	// azEnd is where a command ends in a line of a page or of source code.
	azEnd = regexp.MustCompile("`|; | && | \\|")
	// azOther is the output of another command as an argument.
	azOther = regexp.MustCompile(`\$\((?:pulumi|git|date)[^()]*\)`)
	// azValue is a quoted argument of a page; one with a command in it is looked into.
	azValue = regexp.MustCompile(`"[^"$\n]*"|'[^'$\n]*'`)
)

// formsIn finds the commands in a text. Without options, the words after a command
// can be those of a sentence.
func formsIn(place, text string) (found []form) {
	text = azOther.ReplaceAllString(strings.ReplaceAll(text, "\\\n", " "), "VALUE") // a command goes on in the next line
	if filepath.Ext(place) != ".go" {
		text = azValue.ReplaceAllString(text, "VALUE")
	}
	for line := range strings.Lines(text) {
		for _, one := range azStart.Split(line, -1)[1:] {
			if end := azEnd.FindStringIndex(one); end != nil {
				one = one[:end[0]]
			}
			var words []string
			for _, word := range strings.Fields(one) {
				if word = strings.TrimRight(word, `".,:)`); !azWord.MatchString(word) {
					break
				}
				words = append(words, word)
			}
			if len(words) > 0 {
				found = append(found, form{strings.Join(words, " "), optionsIn(one), place})
			}
		}
	}
	return found
}

func optionsIn(text string) (options []string) {
	for _, match := range azOption.FindAllStringSubmatch(text, -1) {
		options = append(options, match[1])
	}
	return options
}

// notInstalled are commands of extensions, which Azure CLI fetches when it first
// needs them.
var notInstalled = map[string]string{"monitor log-analytics query": "log-analytics"}

// help is what the CLI says of a command or a group of them, "" if it has none of
// that name.
func (a *az) help(command string) string {
	cmd := exec.CommandContext(a.t.Context(), "/usr/bin/python3", append(append([]string{"az/az.py"}, strings.Fields(command)...), "--help")...)
	cmd.Env = a.environ
	help, err := cmd.CombinedOutput()
	if err != nil || !bytes.HasPrefix(bytes.TrimSpace(help), []byte("Command")) && !bytes.HasPrefix(bytes.TrimSpace(help), []byte("Group")) {
		return ""
	}
	return string(help)
}

// wrongForm says what Azure CLI does not know of a command, "" if it knows all.
func (a *az) wrongForm(command string, options []string) string {
	help := a.help(command)
	if help == "" {
		return fmt.Sprintf("az %s: expected a command", command)
	}
	known := optionsIn(help)
	for _, option := range options {
		if !slices.Contains(known, option) {
			return fmt.Sprintf("az %s: expected one of its options, got %s", command, option)
		}
	}
	return ""
}

// noCommand are words after "az" that are no command's, in comments.
var noCommand = map[string]bool{"and the": true, "has the token": true, "sends": true, "shows no": true, "use them": true}

func TestAzForms(t *testing.T) {
	t.Parallel()
	needAz(t)
	a := &az{t: t, environ: azEnviron(t)}
	forms := make(map[string][]form)
	err := filepath.WalkDir("..", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if entry != nil && entry.IsDir() && len(entry.Name()) > 2 && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".github" {
				return filepath.SkipDir
			}
			return err
		}
		if filepath.Base(path) == "clients.md" { // has those that ran
			return nil
		}
		if extension := filepath.Ext(path); extension != ".md" && extension != ".yml" && extension != ".go" || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "node_modules") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, f := range formsIn(path, string(text)) {
			forms[f.command] = append(forms[f.command], f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, command := range slices.Sorted(maps.Keys(forms)) {
		var options, places []string
		for _, f := range forms[command] {
			options, places = append(options, f.options...), append(places, f.place)
		}
		slices.Sort(options)
		where := strings.Join(slices.Compact(places), ", ")
		switch extension := notInstalled[command]; {
		case extension != "":
			t.Logf("az %s is of the extension %s and was not checked", command, extension)
		case len(options) > 0:
			checked++
			if problem := a.wrongForm(command, slices.Compact(options)); problem != "" {
				t.Errorf("%s, in %s", problem, where)
			}
		case !noCommand[command] && a.help(command) == "": // which passes over the words of a sentence after a command
			t.Errorf("az %s: expected a command, in %s", command, where)
		}
	}
	if checked < 38 {
		t.Errorf("got %d commands with options, want 38 at least: are they written otherwise now?", checked)
	}
	for wrong, want := range map[string]string{"ad app obliterate": "expected a command", "ad app delete": "expected one of its options, got --object-id"} {
		if problem := a.wrongForm(wrong, []string{"--object-id"}); !strings.Contains(problem, want) {
			t.Errorf("az %s --object-id: got %q, want %q in it", wrong, problem, want)
		}
	}
}

func TestFormsIn(t *testing.T) {
	t.Parallel()
	const page = "`az login`; or `az ad app show --id ID` and --help\n" +
		"az rest \\\n  --method DELETE && pulumi up --yes\n" +
		"x=$(az ad sp show --id \"$(pulumi stack output apiClientId --stack prod)\" --query \"[0] | x\" -o tsv)\n" +
		"az account show --query id --output tsv | tee --append x\n"
	const source = "\treturn \"az ad sp credential delete --id \" + a.ID + \" --cert --key-id \" + id\n\"first:\\naz ad app delete --id ID\"; run az login, or\n"
	var got []string
	for _, f := range append(formsIn("a.md", page), formsIn("a.go", source)...) {
		got = append(got, strings.TrimSpace(f.command+" "+strings.Join(f.options, " ")))
	}
	want := []string{"login", "ad app show --id", "rest --method", "ad sp show --id --query -o", "account show --query --output",
		"ad sp credential delete --id --cert --key-id", "ad app delete --id", "login or"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
