// Package redact makes a copy of a stack in which each secret is a placeholder:
// the same one for the same secret, so that a preview of the copy shows the
// changes of the program and nothing else. A job that runs a branch's code gets
// the copy instead of the state and its passphrase, and so nothing to sign in
// with.
//
// A copy is made only if no secret is found in it in any spelling that the
// package knows. It keeps everything else of the state: ids, names and addresses
// are not secrets here.
package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// A Copy is a stack without its secrets.
type Copy struct {
	Stack  string    `json:"stack"`
	Commit string    `json:"commit"` // of main when the copy was taken
	Taken  time.Time `json:"taken"`
	// State is what `pulumi stack import` reads, but without a secrets provider:
	// see [Copy.Under].
	State json.RawMessage `json:"state"`
	// Settings are the stack's secret settings. A structured one is JSON.
	Settings map[string]string `json:"settings"`
}

// Under is the state with the secrets provider of the stack that it is imported
// to, without which the CLI cannot import it. empty is that stack's state, as
// `pulumi stack export` writes it.
func (c Copy) Under(empty []byte) ([]byte, error) {
	type exported struct {
		Version    json.RawMessage            `json:"version"`
		Deployment map[string]json.RawMessage `json:"deployment"`
	}
	var state, into exported
	if err := errors.Join(json.Unmarshal(c.State, &state), json.Unmarshal(empty, &into)); err != nil {
		return nil, err
	}
	const provider = "secrets_providers"
	if state.Deployment == nil || into.Deployment[provider] == nil {
		return nil, errors.New("expected a copied state, and a new stack with a secrets provider")
	}
	if len(into.Deployment["resources"]) > 0 {
		return nil, errors.New("expected a new stack, got one with resources")
	}
	state.Deployment[provider] = into.Deployment[provider]
	return json.Marshal(state)
}

// A Source is a stack with its secrets in the clear.
type Source struct {
	Stack  string
	Commit string
	Taken  time.Time
	State  []byte // as `pulumi stack export --show-secrets` writes it
	Config []byte // as `pulumi config --json --show-secrets` writes it
}

// The engine's signatures (Pulumi's own sdk/go/common/resource: SigKey,
// SecretSig).
const (
	signatureKey    = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

// Make makes a copy, or fails if it cannot prove that no secret is in it. Errors
// never quote a value.
func Make(source Source) (Copy, error) {
	state, err := decode(source.State)
	if err != nil {
		return Copy{}, fmt.Errorf("read the state: expected the output of pulumi stack export, got something else: %w", err)
	}
	exported, _ := state.(map[string]any)
	deployment, ok := exported["deployment"].(map[string]any)
	if !ok {
		return Copy{}, errors.New("read the state: expected a deployment, got none")
	}
	// It has the salt of the passphrase, and with that a way to guess it offline.
	delete(deployment, "secrets_providers")
	var r redactor
	settings, err := r.settings(source.Config)
	if err != nil {
		return Copy{}, err
	}
	r.inState = true
	redacted, err := r.state("state", state)
	if err != nil {
		return Copy{}, err
	}
	c := Copy{Stack: source.Stack, Commit: source.Commit, Taken: source.Taken.UTC().Truncate(time.Second), Settings: settings}
	if c.State, err = encode(redacted); err != nil {
		return Copy{}, err
	}
	return c, r.prove(c)
}

// A configValue is a setting as the CLI prints it.
type configValue struct {
	Value  *string `json:"value"`
	Secret bool    `json:"secret"`
}

// settings are the secret settings with placeholders.
func (r *redactor) settings(config []byte) (map[string]string, error) {
	var values map[string]configValue
	if err := json.Unmarshal(config, &values); err != nil {
		return nil, errors.New("read the settings: expected the output of pulumi config --json --show-secrets, got something else")
	}
	settings := make(map[string]string)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		setting := values[key]
		if !setting.Secret {
			continue
		}
		if setting.Value == nil {
			return nil, fmt.Errorf("read setting %s: expected its value, got none; fix: pulumi config --json --show-secrets", key)
		}
		structured, err := decode([]byte(*setting.Value))
		switch structured.(type) {
		case map[string]any, []any:
		default:
			err = errors.New("not structured")
		}
		if err != nil {
			if settings[key], err = r.text(key, *setting.Value); err != nil {
				return nil, err
			}
			continue
		}
		redacted, err := r.secret(key, structured)
		if err != nil {
			return nil, err
		}
		text, err := encode(redacted)
		if err != nil {
			return nil, err
		}
		settings[key] = string(text)
	}
	return settings, nil
}

// state replaces the secrets in a part of the state.
func (r *redactor) state(path string, value any) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		if value[signatureKey] == secretSignature {
			return r.envelope(path, value)
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			inner, err := r.state(path+"."+key, value[key])
			if err != nil {
				return nil, err
			}
			value[key] = inner
		}
	case []any:
		for i := range value {
			at := fmt.Sprintf("%s[%d]", path, i)
			if named, ok := value[i].(map[string]any); ok && named["urn"] != nil {
				at = fmt.Sprint(named["urn"])
			}
			inner, err := r.state(at, value[i])
			if err != nil {
				return nil, err
			}
			value[i] = inner
		}
	}
	return value, nil
}

// envelope replaces one secret. The engine keeps its value as JSON in a string.
func (r *redactor) envelope(path string, envelope map[string]any) (any, error) {
	plain, ok := envelope["plaintext"].(string)
	if !ok {
		return nil, fmt.Errorf("%s: expected a secret in the clear, got an encrypted one; fix: pulumi stack export --show-secrets", path)
	}
	value, err := decode([]byte(plain))
	if err != nil {
		return nil, fmt.Errorf("%s: expected a secret as JSON, got something else", path)
	}
	redacted, err := r.secret(path, value)
	if err != nil {
		return nil, err
	}
	text, err := encode(redacted)
	if err != nil {
		return nil, err
	}
	return map[string]any{signatureKey: secretSignature, "plaintext": string(text)}, nil
}

// propertyName is what a name in a secret object may look like to be kept. Anything
// else may be a secret itself.
var propertyName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(?:[_.-]{1,2}[A-Za-z0-9]+)*$`)

// secret replaces everything in a secret: texts by placeholders, numbers and
// booleans by their zero value. The names in an object stay, since the preview
// would differ without them; a secret is no place for other names than those of
// properties, settings and clients.
func (r *redactor) secret(path string, value any) (_ any, err error) {
	switch value := value.(type) {
	case string:
		return r.text(path, value)
	case json.Number:
		return json.Number("0"), nil
	case bool:
		return false, nil
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if key == signatureKey {
				continue // says what else the value is, such as an asset
			}
			if len(key) > 64 || !propertyName.MatchString(key) {
				return nil, fmt.Errorf("%s: expected names of properties in a secret object, got another one of %d characters, which may be a secret and would stay in the copy", path, len(key))
			}
			if value[key], err = r.secret(path+"."+key, value[key]); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range value {
			if value[i], err = r.secret(fmt.Sprintf("%s[%d]", path, i), value[i]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func decode(data []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("more than one value")
	}
	return value, nil
}

func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(text.Bytes()), err
}
