package settings

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A Problem is one thing that is wrong with the settings.
type Problem struct {
	Key  string // the setting, such as app-to-app:clients[0].name; for a login, the sign-in
	Text string // what was expected and what came
	Fix  string // a command
}

func (p Problem) Error() string { return p.Key + ": " + p.Text + "; fix: " + p.Fix }

// Problems are all that is wrong with the settings of a stack.
type Problems []Problem

// Err is nil without problems, else an error that lists them.
func (p Problems) Err(stack string) error {
	if len(p) == 0 {
		return nil
	}
	all := make([]error, len(p))
	for i, problem := range p {
		all[i] = problem
	}
	count := "1 problem"
	if len(p) > 1 {
		count = fmt.Sprintf("%d problems", len(p))
	}
	return fmt.Errorf("settings of stack %q: %s, nothing was changed\n%w", stack, count, errors.Join(all...))
}

// refuse notes a problem of a key and the command that fixes it.
func (p *Problems) refuse(key, fix, format string, args ...any) {
	*p = append(*p, Problem{Key: key, Text: fmt.Sprintf(format, args...), Fix: fix})
}

// SetCommand is the command that sets a key.
func SetCommand(key, value string) string {
	return "pulumi config set " + pathFlag(key) + shellWord(key) + " " + shellWord(value)
}

// removeCommand is the command that removes a key.
func removeCommand(key string) string { return "pulumi config rm " + pathFlag(key) + shellWord(key) }

// pathFlag is needed for a key inside of a value.
func pathFlag(key string) string {
	if strings.ContainsAny(key, ".[") {
		return "--path "
	}
	return ""
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
