package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file makes a preview small and independent of its run. The rules are:
//   - steps are sorted by URN, one a line; steps of one URN keep their order
//   - what the engine says about the process is left out: times, source
//     positions, stack traces
//   - a step that changes nothing has one state instead of two equal ones
//   - object ids, ports, random parts of names and hashes are numbered in their
//     order of appearance; those of the unchanged stack come first, so that
//     each case can be recorded on its own
//   - ids that the program or a case chose stay: role definitions, app roles; and
//     what stands for a value that is not known yet

// A recording is the steps of a preview, or those that differ from the
// unchanged stack's.
type recording struct {
	note  string
	gone  []string            // URNs that only the unchanged stack has
	lines map[string][]string // by URN
	known replacements
}

// replacements are what stands for a value that depends on the run.
type replacements map[string]string

// unknownValue is what the engine prints for a value that it does not know yet
// (plugin.UnknownStringValue of Pulumi's SDK).
const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

var (
	guidPattern  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	fixedPattern = regexp.MustCompile(`(?:roleDefinitions/|"appRoleId":"|"roleId":")(` + guidPattern.String() + `)`)
	// numbered are the values that depend on the run, and what replaces the n-th.
	numbered = []struct {
		pattern *regexp.Regexp
		format  string
	}{
		{guidPattern, "00000000-0000-4000-8000-%012x"},
		{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "%064x"},
		{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "%032x"},                    // versions of secrets
		{regexp.MustCompile(`-publish[0-9a-f]{8}\b`), "-publish%08x"},        // ids of commands
		{regexp.MustCompile(`identifierUris/[\w+=-]+`), "identifierUris/%d"}, // base64 of a URI
		{regexp.MustCompile(`\b1[789][0-9]{8}\b`), "1%09d"},                  // seconds: when a certificate is valid
		{regexp.MustCompile(`127\.0\.0\.1:[0-9]+`), "127.0.0.1:%d"},
	}
	// aboutTheProcess are the fields of a state that are left out.
	aboutTheProcess = []string{"sourcePosition", "stackTrace", "created", "modified"}
	// unread is what no report reads: each property has its own dependencies.
	unread = []string{"dependencies"}
	// read are the outputs that a report may read: by what others refer to it.
	read      = []string{"clientId", "objectId", "principalId", "name", "identity"}
	autoNamed = regexp.MustCompile(`^[0-9a-f]{8}$`)
)

// newRecording reads what the engine printed. chosen are texts with ids that the
// case chose, and known the replacements of the unchanged stack.
func newRecording(t testing.TB, printed []byte, known replacements, chosen string) recording {
	t.Helper()
	var preview struct {
		Steps []map[string]any `json:"steps"`
	}
	if err := json.Unmarshal(printed, &preview); err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(preview.Steps, func(a, b map[string]any) int {
		return strings.Compare(a["urn"].(string), b["urn"].(string))
	})
	r := recording{lines: make(map[string][]string), known: maps.Clone(known)}
	if r.known == nil {
		r.known = replacements{unknownValue: unknownValue}
	}
	var all []string
	for _, step := range preview.Steps {
		shorten(step)
		for _, side := range []string{"state", "oldState", "newState"} {
			state, _ := step[side].(map[string]any)
			r.known.names(step["urn"].(string), state)
		}
		all = append(all, marshal(t, step))
	}
	for i, line := range r.known.apply(all, chosen) {
		urn := preview.Steps[i]["urn"].(string)
		r.lines[urn] = append(r.lines[urn], line)
	}
	return r
}

// shorten leaves out of a step what says nothing about the stack.
func shorten(step map[string]any) {
	for _, side := range []string{"oldState", "newState"} {
		state, _ := step[side].(map[string]any)
		for _, field := range slices.Concat(aboutTheProcess, unread) {
			delete(state, field)
		}
		outputs, _ := state["outputs"].(map[string]any)
		maps.DeleteFunc(outputs, func(name string, _ any) bool { return !slices.Contains(read, name) })
		// Their order depends on the run.
		properties, _ := state["propertyDependencies"].(map[string]any)
		for _, urns := range properties {
			sortTexts(urns)
		}
	}
	delete(step, "provider") // each state has it
	if step["detailedDiff"] == nil {
		delete(step, "detailedDiff")
	}
	before, hasBefore := step["oldState"].(map[string]any)
	after, hasAfter := step["newState"].(map[string]any)
	if hasBefore && hasAfter && bytes.Equal(must(json.Marshal(before)), must(json.Marshal(after))) {
		step["state"] = after
		delete(step, "oldState")
		delete(step, "newState")
	}
}

func sortTexts(list any) {
	texts, _ := list.([]any)
	slices.SortFunc(texts, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
}

func must(encoded []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return encoded
}

// marshal writes a step as one line, with < and & as they are.
func marshal(t testing.TB, value any) string {
	t.Helper()
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line.String())
}

// names finds the names that Pulumi made from a resource's logical name and
// eight random digits.
func (r replacements) names(urn string, state map[string]any) {
	logical := urn[strings.LastIndex(urn, "::")+2:]
	inputs, _ := state["inputs"].(map[string]any)
	for _, input := range slices.Sorted(maps.Keys(inputs)) {
		name, _ := inputs[input].(string)
		random, ok := strings.CutPrefix(name, logical)
		if ok && autoNamed.MatchString(random) && r[name] == "" {
			r[name] = fmt.Sprintf("%s%08x", logical, len(r))
		}
	}
}

// apply replaces what depends on the run in the lines of a preview.
func (r replacements) apply(lines []string, chosen string) []string {
	text := strings.Join(lines, "\n")
	for _, found := range fixedPattern.FindAllStringSubmatch(text, -1) {
		r[found[1]] = found[1]
	}
	for _, id := range guidPattern.FindAllString(chosen, -1) {
		if r[id] == "" {
			r[id] = id
		}
	}
	for _, values := range numbered {
		for _, value := range values.pattern.FindAllString(text, -1) {
			if r[value] == "" {
				r[value] = fmt.Sprintf(values.format, len(r))
			}
		}
	}
	var pairs []string
	for _, value := range slices.Sorted(maps.Keys(r)) {
		pairs = append(pairs, value, r[value])
	}
	return strings.Split(strings.NewReplacer(pairs...).Replace(text), "\n")
}

// minus is what differs from the unchanged stack's preview.
func (r recording) minus(base recording) recording {
	difference := recording{lines: make(map[string][]string)}
	for urn, lines := range r.lines {
		if !slices.Equal(lines, base.lines[urn]) {
			difference.lines[urn] = lines
		}
	}
	for urn := range base.lines {
		if r.lines[urn] == nil {
			difference.gone = append(difference.gone, urn)
		}
	}
	slices.Sort(difference.gone)
	return difference
}

// write writes a recording for tenant/diff.
func (r recording) write(t testing.TB, path string) {
	t.Helper()
	var text strings.Builder
	text.WriteString("{")
	if r.note != "" {
		fmt.Fprintf(&text, "\"note\": %s,\n", marshal(t, r.note))
	}
	if len(r.gone) > 0 {
		fmt.Fprintf(&text, "\"gone\": %s,\n", marshal(t, r.gone))
	}
	var lines []string
	for _, urn := range slices.Sorted(maps.Keys(r.lines)) {
		lines = append(lines, r.lines[urn]...)
	}
	fmt.Fprintf(&text, "\"steps\": [\n%s\n]}\n", strings.Join(lines, ",\n"))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
