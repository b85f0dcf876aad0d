package settings

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"app-to-app/settings/settingstest"
)

// TestReadmeExample: the stack file in the README is accepted as it is, and has
// every field that a client can have.
func TestReadmeExample(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	if !found {
		t.Fatal("expected a stack file in the README, got none")
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal([]byte(example), &file); err != nil {
		t.Fatal(err)
	}
	values := make(map[string]string)
	maps.Copy(values, settingstest.Defaults(t, ".."))
	for key, value := range file.Config {
		if text, isText := value.(string); isText {
			values[key] = text
			continue
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		values[key] = string(encoded)
	}
	parsed, problems := Parse(values, time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC))
	if len(problems) > 0 || len(parsed.Clients) < 4 {
		t.Errorf("got %d clients and %v, want at least 4 and no problem", len(parsed.Clients), problems)
	}
	for _, field := range clientFields {
		if !strings.Contains(example, " "+field+":") {
			t.Errorf("expected the field %s of a client in the example, got none", field)
		}
	}
}
