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
// The rules are: never where a host or Azure has set the environment; what the
// environment already has counts; no error quotes a value, which is what
// secrets are.

// localFile is git-ignored, and not in the packages that are deployed.
const localFile = "local.settings.json"

const (
	portVariable     = "FUNCTIONS_CUSTOMHANDLER_PORT"
	defaultLocalPort = 7071 // of Core Tools
)

// localSettings are the parts of the file that mean something here.
type localSettings struct {
	IsEncrypted bool
	Values      map[string]string
	Host        struct{ LocalHttpPort *uint16 }
}

// useLocalSettings puts the app settings of a file into the environment, as
// Core Tools do for the process they start, and returns the file's name; "" when
// there is none to use. The file is looked for where `go run` leaves a handler,
// in the folder of the function app under the module's root, and in the current
// folder.
func useLocalSettings(app string) (name string, err error) {
	for _, variable := range []string{"IDENTITY_ENDPOINT", portVariable} {
		if _, set := os.LookupEnv(variable); set {
			return "", nil
		}
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
			return fmt.Errorf("set %q: it or its value cannot be in an environment", name)
		}
	}
	return nil
}

// withoutValue says where a file is wrong without what is written there.
func withoutValue(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("a syntax error near byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("another kind of value at byte %d", kind.Offset)
	}
	return errors.New("it cannot be read")
}
