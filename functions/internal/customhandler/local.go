package customhandler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// This file lets a handler start on a developer's machine without a Functions
// host, from the file that Functions Core Tools keep app settings in
// (https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file).
// The rules are: the file is ignored under a host or in Azure; variables that are
// already set win; no error quotes a value, because values are secrets.

// localFile is ignored by git and not part of a deployed package.
const localFile = "local.settings.json"

const (
	portVariable     = "FUNCTIONS_CUSTOMHANDLER_PORT"
	defaultLocalPort = 7071 // of Core Tools
)

// localSettings are the parts of the file that are used here.
type localSettings struct {
	IsEncrypted bool
	Values      map[string]string
	Host        struct{ LocalHttpPort *uint16 }
}

// useLocalSettings sets the app settings of a file as environment variables, as
// Core Tools do for the process they start, and returns the file's name, or "" if
// there is no file to use. It looks in the function app's folder under the
// module's root, where `go run` starts a handler, and in the current folder.
func useLocalSettings(app string) (name string, err error) {
	if _, started := os.LookupEnv(portVariable); started || inAzure(os.Getenv) {
		return "", nil
	}
	for _, name := range []string{filepath.Join("functions", app, localFile), localFile} {
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = apply(content)
		}
		if err != nil {
			return "", fmt.Errorf("read app settings from %q: %w", name, err)
		}
		return name, nil
	}
	return "", nil
}

func apply(content []byte) error {
	var settings localSettings
	// Visual Studio writes a byte order mark.
	if err := json.Unmarshal(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), &settings); err != nil {
		return fmt.Errorf(`expected JSON with "Values", whose members are strings, and "Host" with "LocalHttpPort": %w`, withoutValue(err))
	}
	if settings.IsEncrypted {
		return errors.New(`expected "IsEncrypted": false; run func settings decrypt`)
	}
	port := defaultLocalPort
	if settings.Host.LocalHttpPort != nil {
		port = int(*settings.Host.LocalHttpPort)
	}
	values := map[string]string{portVariable: strconv.Itoa(port)}
	for name, value := range settings.Values {
		if _, set := os.LookupEnv(name); !set {
			values[name] = value
		}
	}
	for name, value := range values {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %q: an environment variable cannot have this name or value", name)
		}
	}
	return nil
}

// withoutValue says where the mistake is, without quoting it.
func withoutValue(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("a syntax error near byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("a value of the wrong type at byte %d", kind.Offset)
	}
	return errors.New("it cannot be read")
}
