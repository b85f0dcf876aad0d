package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
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

// has reports whether a key has a problem.
func (p Problems) has(key string) bool {
	return slices.ContainsFunc(p, func(problem Problem) bool { return problem.Key == key })
}

// element is the key of an element of a list.
var element = regexp.MustCompile(`^(.*)\[\d+\]$`)

// lastFirst orders the problems for people who run the fixes one after the other:
// removing an element moves those behind it, so the last one goes first.
func (p Problems) lastFirst() Problems {
	removals := make(map[string][]int) // places in p, by list
	for i, problem := range p {
		if list := element.FindStringSubmatch(problem.Key); list != nil && problem.Fix == removeCommand(problem.Key) {
			removals[list[1]] = append(removals[list[1]], i)
		}
	}
	for _, places := range removals {
		for i, j := 0, len(places)-1; i < j; i, j = i+1, j-1 {
			p[places[i]], p[places[j]] = p[places[j]], p[places[i]]
		}
	}
	return p
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
