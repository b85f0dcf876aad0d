package acquire

import (
	"fmt"
	"log/slog"
)

// A Secret is an app setting that must not be shown: a client secret, a private
// key, a connection string. However it is printed, logged or encoded, only
// [Secret.Reveal] shows it. The zero value means not set.
type Secret struct{ value string }

// NewSecret wraps a secret as early as it is known.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the secret, for the library that needs it.
func (s Secret) Reveal() string { return s.value }

// IsSet reports whether there is one.
func (s Secret) IsSet() bool { return s.value != "" }

const hiddenSecret = "[secret]"

// Format keeps fmt from printing the secret, whatever the verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(hiddenSecret)) }

// LogValue keeps slog from logging the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(hiddenSecret) }

// MarshalText keeps encoders from writing the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(hiddenSecret), nil }
