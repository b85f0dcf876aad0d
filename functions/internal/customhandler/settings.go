package customhandler

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// This file reads app settings, which are a handler's environment variables. The
// rule is: all mistakes are reported at once, each with the setting's name and
// what it should be.

// AppSettings reads the app settings of a function app and collects the problems
// with them. It is not safe for concurrent use.
type AppSettings struct {
	lookup   func(string) string
	problems []error
}

// NewAppSettings reads through lookup, usually [os.Getenv].
func NewAppSettings(lookup func(string) string) *AppSettings {
	return &AppSettings{lookup: lookup}
}

// Err returns all problems so far, or nil.
func (s *AppSettings) Err() error {
	if len(s.problems) == 0 {
		return nil
	}
	return fmt.Errorf("app settings: %w", errors.Join(s.problems...))
}

// Refuse adds a problem with the app setting.
func (s *AppSettings) Refuse(name string, err error) {
	s.problems = append(s.problems, fmt.Errorf("%s: %w", name, err))
}

// Optional returns the app setting, or "" if it is not set. If the platform could
// not resolve a Key Vault reference, the setting holds the reference itself
// (https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#troubleshoot-key-vault-references):
// that is refused, because it would be used as the secret.
func (s *AppSettings) Optional(name string) string {
	value := strings.TrimSpace(s.lookup(name))
	if strings.HasPrefix(value, "@Microsoft.KeyVault(") {
		s.Refuse(name, errors.New("the Key Vault reference is not resolved; give the app's identity the role Key Vault Secrets User on the vault, make the vault reachable from the app, and restart the app"))
		return ""
	}
	return value
}

// Required returns the app setting; meaning says what it must hold, for the error
// if it is missing.
func (s *AppSettings) Required(name, meaning string) string {
	refused := len(s.problems)
	value := s.Optional(name)
	if value == "" && len(s.problems) == refused {
		s.Refuse(name, fmt.Errorf("missing; it must hold %s", meaning))
	}
	return value
}

// List returns the comma separated values of the app setting without blanks;
// nil when it is not set.
func (s *AppSettings) List(name string) []string { return split(s.Optional(name)) }

func split(text string) []string {
	var values []string
	for value := range strings.SplitSeq(text, ",") {
		if value = strings.TrimSpace(value); value != "" {
			values = append(values, value)
		}
	}
	return values
}

// GUID returns a required app setting that holds a GUID, in lower case as
// Microsoft Entra ID writes them into tokens.
func (s *AppSettings) GUID(name, meaning string) string {
	return s.guid(name, s.Required(name, meaning))
}

// OptionalGUID is [AppSettings.GUID] for an app setting that may be missing.
func (s *AppSettings) OptionalGUID(name string) string {
	return s.guid(name, s.Optional(name))
}

// GUIDs returns the comma separated GUIDs of an app setting that may be missing.
// Commas without a GUID are refused: an empty list of allowed clients admits all
// of them, which must not happen because values were left out.
func (s *AppSettings) GUIDs(name string) []string {
	text := s.Optional(name)
	values := split(text)
	if len(values) == 0 && text != "" {
		s.Refuse(name, errors.New("expected GUIDs separated by commas, got commas only"))
	}
	for i, value := range values {
		values[i] = s.guid(name, value)
	}
	return values
}

var guidPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// guid does not quote a bad value: people paste the secret instead of the ID next
// to it.
func (s *AppSettings) guid(name, value string) string {
	value = strings.ToLower(value)
	if value != "" && !guidPattern.MatchString(value) {
		s.Refuse(name, fmt.Errorf("expected a GUID, such as 00000000-0000-0000-0000-000000000000, got %d other characters", len(value)))
	}
	return value
}

// HTTPS returns a required app setting that holds an https URL, without a
// trailing slash. Over anything else tokens could be read and signing keys forged.
func (s *AppSettings) HTTPS(name, meaning string) string {
	return s.url(name, meaning, func(*url.URL) bool { return false })
}

// LocalHTTPS is [AppSettings.HTTPS] that also accepts http for a loopback address,
// because Functions Core Tools serve http.
func (s *AppSettings) LocalHTTPS(name, meaning string) string {
	return s.url(name, meaning, func(u *url.URL) bool {
		address, err := netip.ParseAddr(u.Hostname())
		return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && address.IsLoopback())
	})
}

func (s *AppSettings) url(name, meaning string, allowed func(*url.URL) bool) string {
	value := s.Required(name, meaning)
	if value == "" {
		return ""
	}
	// Never quote the whole URL: there may be a key in its user or query.
	u, err := url.Parse(value)
	switch {
	case err != nil:
		s.Refuse(name, errors.New("expected an https URL such as https://host/path"))
	case (u.Scheme != "https" || u.Host == "") && !allowed(u):
		s.Refuse(name, fmt.Errorf("expected an https URL such as https://host/path, got scheme %q and host %q", u.Scheme, u.Host))
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		s.Refuse(name, errors.New("expected an https URL without user, query or fragment"))
	}
	return strings.TrimRight(value, "/")
}

// Port returns the port that the Functions host chose for this handler.
func (s *AppSettings) Port() int {
	const name = "FUNCTIONS_CUSTOMHANDLER_PORT"
	value := s.Required(name, "the port to listen on, which the Functions host sets when it starts a handler")
	if value == "" {
		return 0
	}
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		s.Refuse(name, fmt.Errorf("expected a port number, got %q", value))
	}
	return int(port)
}
