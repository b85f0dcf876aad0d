package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// miniature is a model with one of everything.
const miniature = `
name: azure-native
version: 2.90.0
packages: {web: 2022-09-01, web/v20240401: 2024-04-01}
modules:
  web:
    resources:
      App:
        doc: An app.
        siblings: [v20220901, v20240401]
        properties:
          config: {type: Config, doc: Configuration.}
          group: {type: string, required: true, writeOnly: true, doc: Resource group.}
          location: {type: string, present: true, doc: Region.}
          mode: {type: Mode, since: 2023-12-01, doc: Mode.}
          reserved: {type: boolean, default: false, doc: Linux.}
          state: {type: string, readOnly: true, doc: State.}
          users: {type: list of string, output: map of Config, doc: Users.}
    functions:
      listKeys:
        doc: Lists keys.
        properties:
          keys: {type: map of list of string, readOnly: true, optional: true, doc: Keys.}
          name: {type: string, required: true, writeOnly: true, doc: Name.}
    types:
      Config:
        doc: Configuration.
        properties:
          inner: {type: ConfigInner, doc: More of it.}
          kind: {type: Kind, doc: Kind.}
      ConfigInner:
        doc: More of it.
        within: Config
        properties:
          size: {type: integer, doc: Size.}
    enums:
      Kind: {doc: Kind., values: [a, {value: b, since: 2023-12-01}]}
      Mode: {strict: true, doc: Mode., values: [on, off]}
`

// newModel reads a model from text.
func newModel(t *testing.T, text string) (*model, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "schema.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return readModel(file)
}

func TestReadModel(t *testing.T) {
	t.Parallel()
	if _, err := newModel(t, miniature); err != nil {
		t.Fatalf("the valid model: %v", err)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"unknown key", "siblings:", "sibling:", "field sibling not found"},
		{"unknown type", "type: Config,", "type: Confg,", `web:App.config: unknown type "Confg"`},
		{"unknown element", "map of Config", "map of Conf", `web:App.users: unknown type "Conf"`},
		{"no type", "{type: Mode, since", "{since", "web:App.mode: no type"},
		{"no description", ", doc: Region.}", "}", "web:App.location: no doc"},
		{"object without description", "doc: An app.", "doc: ''", "web:App: no doc"},
		{"output with a default", "readOnly: true, doc: State.", "readOnly: true, default: x, doc: State.", "web:App.state: readOnly excludes"},
		{"within nothing", "within: Config", "within: Other", `web:ConfigInner: within unknown type "Other"`},
		{"enum without values", "values: [on, off]", "values: []", "web:Mode: an enum needs"},
		{"package of no module", "web/v20240401: 2024-04-01", "net/v20240401: 2024-04-01", `package "net/v20240401": no module "net"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(miniature, test.old) {
				t.Fatalf("the valid model does not contain %q", test.old)
			}
			_, err := newModel(t, strings.Replace(miniature, test.old, test.new, 1))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
