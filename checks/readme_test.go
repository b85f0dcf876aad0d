package checks_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// mostReadmeLines keeps the README a page that people read.
const mostReadmeLines = 200

// TestSettingsTable compares the README's table of settings with Pulumi.yaml;
// -update writes it.
func TestSettingsTable(t *testing.T) {
	t.Parallel()
	project, err := os.ReadFile("Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	table, err := settingsTable(project)
	if err != nil {
		t.Fatal(err)
	}
	table = "\n" + table
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- settings -->\n", "\n<!-- end of settings -->"
	before, rest, begins := strings.Cut(string(readme), begin)
	kept, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("README.md: expected a part between %q and %q, got none", begin, end)
	}
	if lines := strings.Count(string(readme), "\n"); lines > mostReadmeLines {
		t.Errorf("README.md: got %d lines, want at most %d; fix: move something to docs/", lines, mostReadmeLines)
	}
	switch {
	case kept == table:
	case *update:
		if err := os.WriteFile("README.md", []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("README.md: the table of settings is not that of Pulumi.yaml; fix: go test ./checks -run TestSettingsTable -update")
	}
}

// settingsTable is the table of the settings in a project file, in its order.
func settingsTable(project []byte) (string, error) {
	var document struct{ Config yaml.Node }
	if err := yaml.Unmarshal(project, &document); err != nil {
		return "", err
	}
	var table strings.Builder
	table.WriteString("| key | meaning | default |\n|---|---|---|\n| `azure-native:location` | Region of everything | none: required |\n")
	for i := 0; i+1 < len(document.Config.Content); i += 2 {
		var setting struct {
			Description string
			Default     any
		}
		key := document.Config.Content[i].Value
		if err := document.Config.Content[i+1].Decode(&setting); err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
		if setting.Description == "" {
			return "", fmt.Errorf("%s: expected a description, got none", key)
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", key, strings.ReplaceAll(setting.Description, "|", `\|`), shownDefault(setting.Default))
	}
	return table.String(), nil
}

// shownDefault is a default in a few words: those of a list of objects are named by
// their first field.
func shownDefault(value any) string {
	switch v := value.(type) {
	case string:
		if v != "" {
			return "`" + v + "`"
		}
	case []any:
		var names []string
		for _, item := range v {
			object, _ := item.(map[string]any)
			for _, field := range []string{"name", "value"} {
				if name, ok := object[field].(string); ok {
					names = append(names, "`"+name+"`")
				}
			}
		}
		if len(names) > 0 {
			return "one: " + strings.Join(names, ", ")
		}
	case map[string]any:
		if name, ok := v["name"].(string); ok {
			return "`" + name + "`"
		}
	case nil:
	default:
		return fmt.Sprintf("`%v`", v)
	}
	return "none"
}

func TestSettingsTableOfProjects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, project, want, problem string }{
		{"values", "config:\n  a:b: {description: B, default: 90}\n  a:c: {description: C, default: \"\"}\n  a:d: {description: D, default: [{name: x}]}\n", "| `a:b` | B | `90` |\n| `a:c` | C | none |\n| `a:d` | D | one: `x` |\n", ""},
		{"no description", "config:\n  a:b: {default: 1}\n", "", "a:b: expected a description, got none"},
		{"no YAML", "\t", "", "found character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := settingsTable([]byte(tt.project))
			if tt.problem == "" && (err != nil || !strings.HasSuffix(got, tt.want)) || tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)) {
				t.Errorf("got %q, %v, want %q, %q", got, err, tt.want, tt.problem)
			}
		})
	}
}
