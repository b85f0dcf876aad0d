package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"app-to-app/spelling"
)

// A Problem is one thing that is wrong with the settings.
type Problem struct {
	Key  string // the setting, such as app-to-app:clients[0].name; for a login, the sign-in
	Text string // what was expected and what came

	// One of the two is set. Fix is a command that makes the problem go away as
	// it is, and does nothing that was not asked for: it never chooses who may
	// call, or where. Next is what to do where only the reader knows the value.
	Fix  string
	Next string
}

func (p Problem) Error() string {
	if p.Fix == "" {
		return p.Key + ": " + p.Text + "; next: " + p.Next
	}
	return p.Key + ": " + p.Text + "; fix: " + p.Fix
}

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

// ask notes a problem of a key that only the reader can solve.
func (p *Problems) ask(key, next, format string, args ...any) {
	*p = append(*p, Problem{Key: key, Text: fmt.Sprintf(format, args...), Next: next})
}

// choose refuses a value that is not among those that are possible. It offers
// the one that was meant, if there is no doubt.
func (p *Problems) choose(key, value string, possible []string, format string, args ...any) {
	if meant := spelling.Closest(value, possible); meant != "" {
		p.refuse(key, SetCommand(key, meant), format, args...)
		return
	}
	p.ask(key, "pulumi config set "+pathFlag(key)+shellWord(key)+" "+strings.Join(possible, "|"), format, args...)
}

// has reports whether a key has a problem.
func (p Problems) has(key string) bool {
	return slices.ContainsFunc(p, func(problem Problem) bool { return problem.Key == key })
}

// hasIn reports whether anything in the value of a key has a problem.
func (p Problems) hasIn(key string) bool {
	return slices.ContainsFunc(p, func(problem Problem) bool {
		return problem.Key == key || strings.HasPrefix(problem.Key, key+"[") || strings.HasPrefix(problem.Key, key+".")
	})
}

// removal is the command that removes an element of a list.
var removal = regexp.MustCompile(`^pulumi config rm --path '.*\[\d+\]'$`)

// inOrder orders the problems for people who run the fixes one after the other:
// removing an element moves those behind it, so removals come last, and that of
// the last element first.
func (p Problems) inOrder() Problems {
	removes := func(problem Problem) bool { return removal.MatchString(problem.Fix) }
	var ordered, removals Problems
	for _, problem := range p {
		if removes(problem) {
			removals = append(removals, problem)
		} else {
			ordered = append(ordered, problem)
		}
	}
	slices.Reverse(removals)
	return append(ordered, removals...)
}

// longestShown is shorter than any secret of Microsoft Entra ID.
const longestShown = 20

// formOf says what came where another form of JSON was expected. A long or
// structured value is not repeated: it may be anything that somebody pasted.
func formOf(value []byte) string {
	var decoded any
	err := json.Unmarshal(value, &decoded)
	switch decoded.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list of something else"
	}
	switch {
	case len(value) > longestShown:
		return "a longer text"
	case err != nil:
		return strconv.Quote(string(value))
	}
	return string(value)
}

// SetCommand is the command that sets a key.
func SetCommand(key, value string) string {
	return "pulumi config set " + pathFlag(key) + shellWord(key) + " " + shellWord(value)
}

// RemoveCommand is the command that removes a key.
func RemoveCommand(key string) string { return removeCommand(key) }

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
