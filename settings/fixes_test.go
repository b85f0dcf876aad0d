package settings_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"

	"app-to-app/settings"
	"app-to-app/settings/settingstest"
)

// TestEveryFixWorks runs the fixes that are offered for each wrong input, one
// after the other as they are printed, on a configuration that is changed by the
// code of `pulumi config`. Then each problem is gone that had one.
func TestEveryFixWorks(t *testing.T) {
	t.Parallel()
	for name, wrong := range wrongInputs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stack := newStack(t, wrong.stack, wrong.edits)
			problems := stack.load()
			if len(problems) == 0 {
				t.Fatal("got no problem")
			}
			for range 3 { // a fix may show another problem, which has its own
				var fixed []string
				for _, problem := range problems {
					if problem.Fix != "" {
						stack.run(problem.Fix)
						fixed = append(fixed, problem.Key+problem.Text)
					} else if problem.Next == "" {
						t.Errorf("%s: expected a fix or what to do", problem.Key)
					}
				}
				problems = stack.load()
				for _, problem := range problems {
					if slices.Contains(fixed, problem.Key+problem.Text) {
						t.Errorf("got again after its fix: %v", problem)
					}
				}
			}
			for _, problem := range problems {
				if problem.Fix != "" {
					t.Errorf("got a fix again and again: %v", problem)
				}
			}
		})
	}
}

// A wrongInput is a configuration that has problems.
type wrongInput struct {
	stack string
	edits map[string]string
}

// wrongInputs are those of the tables, and some with several problems at once.
func wrongInputs(t *testing.T) map[string]wrongInput {
	t.Helper()
	const good = "bbbbbbbb-0000-4000-8000-000000000001"
	all := map[string]wrongInput{
		"several removals from lists": {"dev", map[string]string{
			"app-to-app:owners":         `["` + good + `","` + good + `","` + callerID + `","` + callerID + `"]`,
			"app-to-app:blockedCallers": `["` + good + `","` + good + `"]`,
			"app-to-app:clients":        settingstest.Clients(`"roles":["Orders.Read","Orders.Read","Orders.Read"],"tokenProviders":["azidentity","azidentity","msal","msal"]`),
		}},
		"a removal before a change": {"dev", map[string]string{
			"app-to-app:roles":   `[{"value":"Orders.Read"},{"value":"Orders.Read"},{"value":"Orders Write"}]`,
			"app-to-app:clients": settingstest.Clients(`"roles":["Orders.Read"]`),
		}},
		"certificate in clear": {"dev", map[string]string{
			"app-to-app:clients":      settingstest.Clients(`"identity":"certificate"`),
			"app-to-app:certificates": settingstest.Certificates(t, settingstest.Pairs()[0].PEM())}},
		"certificates in clear": {"dev", map[string]string{
			"app-to-app:clients":      settingstest.Clients(`"identity":"certificate"`),
			"app-to-app:certificates": settingstest.Certificates(t, []string{settingstest.Pairs()[0].PEM(), settingstest.Pairs()[1].PEM()})}},
	}
	for name, edits := range firstTries {
		all["first tries/"+name] = wrongInput{"dev", edits}
	}
	for _, tt := range refusals {
		all["settings/"+tt.name] = wrongInput{tt.stack, tt.edits}
	}
	for _, tt := range apiRefusals {
		all["api/"+tt.name] = wrongInput{"prod", map[string]string{"app-to-app:api": tt.value}}
	}
	for _, tt := range assignmentRefusals {
		all["assignments/"+tt.name] = wrongInput{"prod", tt.edits}
	}
	for _, tt := range identityRefusals {
		if strings.Contains(tt.name, "ertificate") {
			continue // only the reader has the files
		}
		edits := map[string]string{"app-to-app:clients": settingstest.Clients(tt.client)}
		maps.Copy(edits, tt.edits)
		stack := "dev"
		if tt.stack != "" {
			stack = tt.stack
		}
		all["identities/"+tt.name] = wrongInput{stack, edits}
	}
	return all
}

// A stackFile is a stack's configuration as `pulumi config` keeps it.
type stackFile struct {
	t        *testing.T
	stack    string
	values   config.Map
	defaults map[string]string // of Pulumi.yaml
}

func newStack(t *testing.T, stack string, edits map[string]string) *stackFile {
	t.Helper()
	f := &stackFile{t: t, stack: stack, values: config.Map{}, defaults: settingstest.Defaults(t, "..")}
	for key, value := range settingstest.Configuration(t, "..", stack, edits) {
		if value != f.defaults[key] {
			f.values[config.MustParseKey(key)] = valueOf(value)
		}
	}
	for key, value := range edits {
		if value == "" {
			delete(f.defaults, key) // a project without the default
		}
	}
	return f
}

// valueOf is a value of a stack's file: JSON of a list or an object, or a text.
func valueOf(value string) config.Value {
	var decoded any
	if json.Unmarshal([]byte(value), &decoded) == nil {
		switch decoded.(type) {
		case []any, map[string]any:
			return config.NewObjectValue(value)
		}
	}
	return config.NewValue(value)
}

// load loads the settings as the engine hands them to the program.
func (f *stackFile) load() settings.Problems {
	f.t.Helper()
	decrypted, err := f.values.Decrypt(config.NopDecrypter)
	if err != nil {
		f.t.Fatal(err)
	}
	values := maps.Clone(f.defaults)
	for key, value := range decrypted {
		values[key.String()] = value
	}
	var secrets []string
	for _, key := range f.values.SecureKeys() {
		secrets = append(secrets, key.String())
	}
	_, _, problems := settings.Load(f.t.Context(), values, today, settings.Sources{Providers: &fakeProviders{}, Secrets: secrets})
	return problems
}

// run runs a fix: commands of `pulumi config`, joined by && or |.
func (f *stackFile) run(fix string) {
	f.t.Helper()
	for command := range strings.SplitSeq(fix, " && ") {
		input := ""
		for part := range strings.SplitSeq(command, " | ") {
			output, err := f.config(words(part), input)
			if err != nil {
				f.t.Fatalf("run %s: %v", part, err)
			}
			input = output
		}
	}
}

// config runs `pulumi config get, rm or set`. Its input is the value to set if
// none is given.
func (f *stackFile) config(words []string, input string) (output string, err error) {
	if len(words) < 4 || !slices.Equal(words[:2], []string{"pulumi", "config"}) {
		return "", fmt.Errorf("expected a command of pulumi config, got %q", words)
	}
	verb, words := words[2], words[3:]
	var path, secret bool
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		path, secret = path || words[0] == "--path", secret || words[0] == "--secret"
		words = words[1:]
	}
	key, err := config.ParseKey(words[0])
	if err != nil {
		return "", err
	}
	switch {
	case verb == "get" && len(words) == 1:
		value, found, err := f.values.Get(key, path)
		if err != nil || !found {
			return "", fmt.Errorf("get %s: found %v, %v", key, found, err)
		}
		return value.Value(config.NopDecrypter)
	case verb == "rm" && len(words) == 1:
		return "", f.values.Remove(key, path)
	case verb == "set" && len(words) == 1 && input != "":
		words = append(words, input)
		fallthrough
	case verb == "set" && len(words) == 2:
		value := config.NewValue(words[1])
		if secret {
			value = config.NewSecureValue(words[1])
		}
		return "", f.values.Set(key, value, path)
	}
	return "", fmt.Errorf("expected a key, and a value for set, got %s of %q", verb, words)
}

// words splits a command at spaces outside of single quotes, as a shell does.
func words(command string) (words []string) {
	var word strings.Builder
	var quoted, began bool
	for _, r := range command {
		switch {
		case r == '\'':
			quoted, began = !quoted, true
		case r == ' ' && !quoted:
			if began {
				words = append(words, word.String())
			}
			word.Reset()
			began = false
		default:
			word.WriteRune(r)
			began = true
		}
	}
	if began {
		words = append(words, word.String())
	}
	return words
}
