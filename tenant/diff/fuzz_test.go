package diff

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"app-to-app/tenant/program"
)

// FuzzPreview changes recorded previews, by their structure and by their bytes.
// Nothing makes the report panic, and nobody reads that nobody's access changes
// while anything that decides about access does. Run it with -fuzzminimizetime 1x:
// previews are large, and otherwise nearly all of the time goes to making them
// smaller.
func FuzzPreview(f *testing.F) {
	all := recordings(f)
	for i := 0; i < len(all); i += 4 { // the seeds also run in every test
		r := all[i]
		f.Add(r.engineOutput(f), uint16(i), uint16(i*7), "tags", "value")
	}
	f.Add([]byte(`{"steps":[{"op":"create","urn":"urn:pulumi:dev::p::azuread:index/x:X::n","newState":{}}]}`), uint16(0), uint16(0), "op", "same")
	f.Fuzz(func(t *testing.T, text []byte, which, what uint16, name, value string) {
		judge(t, text)
		var preview struct {
			Steps []map[string]any `json:"steps"`
		}
		if json.Unmarshal(text, &preview) != nil || len(preview.Steps) == 0 {
			return
		}
		step := preview.Steps[int(which)%len(preview.Steps)]
		mutate(step, what, name, value, preview.Steps[int(what)%len(preview.Steps)])
		if changed, err := json.Marshal(map[string]any{"steps": preview.Steps}); err == nil {
			judge(t, changed)
		}
	})
}

// mutate changes one thing of a step. other is another step of the preview.
func mutate(step map[string]any, what uint16, name, value string, other map[string]any) {
	side := []string{"oldState", "newState"}[what%2]
	state, _ := step[side].(map[string]any)
	inputs, _ := state["inputs"].(map[string]any)
	urn, _ := step["urn"].(string)
	operations := []string{"create", "update", "replace", "create-replacement", "delete-replaced", "delete", "import", "refresh", "same", "read", "discard", value}
	switch what / 2 % 12 {
	case 0:
		step["op"] = operations[int(what)/24%len(operations)]
	case 1:
		step["op"], step["detailedDiff"] = "update", nil
	case 2:
		step["urn"] = strings.Replace(urn, "azure-native:storage:", "azuread:index/", 1)
	case 3:
		if inputs != nil {
			inputs[name] = value
		}
	case 4:
		delete(inputs, name)
	case 5:
		step["oldState"], step["newState"] = step["newState"], step["oldState"]
	case 6:
		delete(step, side)
	case 7:
		step["op"], step["diffReasons"] = "update", []string{name}
	case 8:
		step["op"], step["oldState"] = "update", other["newState"]
	case 9:
		step["op"], step["urn"] = "create", urn+value
	case 10:
		step["op"] = "update"
		for _, key := range slices.Sorted(maps.Keys(inputs))[:min(1, len(inputs))] {
			inputs[key] = value
		}
	case 11:
		step["detailedDiff"] = map[string]any{name: map[string]any{"kind": value}}
		step["op"] = "update"
	}
}

// judge reports on a preview if it can be read, also after the hand-over.
func judge(t *testing.T, text []byte) {
	t.Helper()
	p, err := Read(strings.NewReader(string(text)))
	if err != nil {
		return
	}
	facts := p.Facts("dev", Names{})
	reports := []string{facts.Markdown(), facts.Comment()}
	if encoded, err := facts.Encode(); err == nil {
		f, err := ReadFacts(strings.NewReader(string(encoded)), "dev")
		if err != nil {
			t.Fatalf("the facts cannot be read back: %v", err)
		}
		reports = append(reports, f.Markdown())
	}
	deciding := slices.IndexFunc(p.Steps, deciding)
	for _, report := range reports {
		if deciding >= 0 && (strings.Contains(report, "\nNobody's access changes") || strings.Contains(report, ": nothing changes.")) {
			t.Fatalf("%s of %s decides about access, and the report says:\n%s", p.Steps[deciding].Op, p.Steps[deciding].URN, report)
		}
	}
}

// deciding reports whether a step changes something that decides about access,
// told from the engine's words alone: the operation, the type in the URN, for a site
// and for storage what of it changes, and for a command what it runs.
func deciding(s Step) bool {
	parts := strings.SplitN(s.URN, "::", 4)
	token := withoutVersion(parts[2][strings.LastIndex(parts[2], "$")+1:])
	if s.Op == "same" || s.Op == "read" || s.Op == "refresh" {
		return false
	}
	input := func(name string) any {
		if s.New == nil {
			return nil
		}
		return s.New.Inputs[name]
	}
	switch {
	case strings.HasPrefix(token, "pulumi:providers:"):
		return true
	case token == "command:local:Command":
		return s.New != nil && input("create") != program.PublishLine
	case token == "azure-native:storage:StorageAccount":
		return s.Op == "create" && (input("allowSharedKeyAccess") != false || input("allowBlobPublicAccess") != false)
	case token == "azure-native:web:WebApp":
		// Of an update of a site, all but tags and scale decides.
		paths := append(slices.Collect(maps.Keys(s.DetailedDiff)), s.DiffReasons...)
		return s.Op != "update" || slices.ContainsFunc(paths, func(path string) bool {
			return !within(path, "tags") && !within(path, "functionAppConfig")
		})
	}
	return decides(token)
}

// within reports whether a path is a property or in it.
func within(path, property string) bool {
	rest, found := strings.CutPrefix(path, property)
	return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// withoutVersion drops the API version from a type of azure-native.
func withoutVersion(token string) string {
	parts := strings.Split(token, ":")
	if len(parts) == 3 && parts[0] == "azure-native" {
		parts[1], _, _ = strings.Cut(parts[1], "/")
	}
	return strings.Join(parts, ":")
}
