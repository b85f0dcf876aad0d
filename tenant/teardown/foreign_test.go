package teardown_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"app-to-app/tenant/teardown"
)

const commandURN = "urn:pulumi:pr-7::app-to-app::command:local:Command::touch"

// addCommand puts a command into the state that runs when it is deleted, and
// makes the vault depend on it in every way.
func (w *world) addCommand() {
	w.stack.resources = slices.Insert(w.stack.resources, 1, map[string]any{
		"urn": commandURN, "type": "command:local:Command", "custom": true, "id": "touch",
		"inputs": map[string]any{"create": "go run ./cmd/publish", "delete": "touch FILE"},
	})
	vault := w.stack.resources[4]
	vault["parent"], vault["deletedWith"] = commandURN, commandURN
	vault["dependencies"] = []string{"urn:of:another", commandURN}
	vault["propertyDependencies"] = map[string]any{"name": []string{commandURN}}
}

func TestForeignIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("test", "2026-01-01")
	w.addCommand()
	_, err := teardown.Run(t.Context(), w.options())
	if !errors.Is(err, teardown.ErrForeign) || !strings.Contains(err.Error(), commandURN+": it is another command than the one that publishes a package") {
		t.Errorf("got %v, want the command named", err)
	}
	if w.deletions() != 0 || w.stack.destroyed != 0 {
		t.Errorf("got %d deletions and %d destroys, want none", w.deletions(), w.stack.destroyed)
	}
}

// TestForeignOfProvider has a provider of another program, and a resource of the
// program's own type that it would delete.
func TestForeignOfProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("test", "2026-01-01")
	provider := w.stack.resources[1]
	provider["inputs"] = map[string]any{"metadataHost": "example.com"}
	w.stack.resources[4]["provider"] = provider["urn"].(string) + "::x"
	_, err := teardown.Run(t.Context(), w.options())
	for _, want := range []string{`the program does not set "metadataHost" of a provider`, "Application::4: its provider is not the program's"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	// Once it is forgotten, the proof still counts what it made.
	o := w.options()
	o.ForgetForeign = true
	left, err := teardown.Run(t.Context(), o)
	if want := (teardown.Left{Applications: 1}); err != nil || left != want {
		t.Errorf("got %+v, %v; want %+v", left, err, want)
	}
}

func TestForeignIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("test", "2026-01-01")
	w.addCommand()
	o := w.options()
	o.ForgetForeign = true
	var atDestroy []map[string]any
	o.After = func(step string) error {
		if step == "write journal" {
			atDestroy = slices.Clone(w.stack.resources)
		}
		return nil
	}
	left, err := teardown.Run(t.Context(), o)
	if err != nil || left.Total() != 0 {
		t.Fatalf("got %v, %v\n%s", left, err, &w.log)
	}
	if len(atDestroy) != 6 {
		t.Fatalf("got %d resources when the stack was destroyed, want the six of the program", len(atDestroy))
	}
	vault := atDestroy[3]
	if got := vault["dependencies"].([]any); len(got) != 1 || got[0] != "urn:of:another" {
		t.Errorf("got dependencies %v, want the other one only", got)
	}
	if got := vault["propertyDependencies"].(map[string]any)["name"].([]any); len(got) != 0 || vault["parent"] != nil || vault["deletedWith"] != nil {
		t.Errorf("got %v, want no reference to the command", vault)
	}
	if !strings.Contains(w.log.String(), commandURN) {
		t.Errorf("got the log %q, want the command named in it", &w.log)
	}
}

// TestForeignSecretsProvider: to decrypt a state, the engine signs in where the
// state says, so only what docs/state.md has is accepted, also with ForgetForeign.
func TestForeignSecretsProvider(t *testing.T) {
	t.Parallel()
	cloud := func(address string) map[string]any {
		return map[string]any{"type": "cloud", "state": map[string]any{"url": address, "encryptedkey": "QUJD"}}
	}
	for name, test := range map[string]struct {
		provider any
		foreign  bool
	}{
		"none":                     {nil, false},
		"of a state of nothing":    {map[string]any{}, false},
		"a passphrase":             {map[string]any{"type": "passphrase", "state": map[string]any{"salt": "v1:x"}}, false},
		"a key vault":              {cloud("azurekeyvault://team-vault.vault.azure.net/keys/pulumi"), false},
		"a vault elsewhere":        {cloud("azurekeyvault://team-vault.vault.azure.net.example.com/keys/pulumi"), true},
		"a vault's host in a path": {cloud("azurekeyvault://example.com/team-vault.vault.azure.net/keys/pulumi"), true},
		"a vault with a user":      {cloud("azurekeyvault://vault.azure.net@example.com/keys/pulumi"), true},
		"with options":             {cloud("azurekeyvault://team-vault.vault.azure.net/keys/pulumi?x=y"), true},
		"another cloud's":          {cloud("awskms://alias/x?endpoint=https://example.com"), true},
		"HashiCorp's":              {cloud("hashivault://s3cret@example.com"), true},
		"a cloud without address":  {map[string]any{"type": "cloud"}, true},
		"Pulumi Cloud":             {map[string]any{"type": "service", "state": map[string]any{"url": "https://example.com"}}, true},
		"base64":                   {map[string]any{"type": "b64"}, true},
		"other capitals":           {map[string]any{"type": "Passphrase"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy("test", "2026-01-01")
			w.stack.secrets = test.provider
			o := w.options()
			o.ForgetForeign = true
			_, err := teardown.Run(t.Context(), o)
			if errors.Is(err, teardown.ErrForeign) != test.foreign || !test.foreign && err != nil {
				t.Errorf("got %v, want a refusal: %v", err, test.foreign)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v, want no part of an address", err)
			}
			if test.foreign && (w.deletions() != 0 || w.stack.destroyed != 0) {
				t.Errorf("got %d deletions and %d destroys, want none", w.deletions(), w.stack.destroyed)
			}
		})
	}
}
