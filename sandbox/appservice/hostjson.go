package appservice

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// This file reads host.json. The rules are: what the sandbox acts on is read
// strictly; what only changes things the sandbox does not have (telemetry,
// scaling) is accepted; everything else is unemulated, because a user would
// expect a setting that is accepted to work.
// learn.microsoft.com/azure/azure-functions/functions-host-json

// hostConfig is what host.json says.
type hostConfig struct {
	RoutePrefix string
	Timeout     time.Duration // of one invocation; 0 means none
	InitTimeout time.Duration // until the handler must answer
	Forwarding  bool          // HTTP functions get the request, copied
	Proxying    bool          // HTTP functions get the request, streamed

	Executable       string // as resolved: relative to the app's root, or as it was
	InPackage        bool   // Executable is a file of the package
	Arguments        []string
	WorkingDirectory string // relative to the app's root
}

// hostFile is host.json as far as it is known. Names ignore case, as .NET's
// configuration does and encoding/json does too.
type hostFile struct {
	Version         string          `json:"version"`
	FunctionTimeout string          `json:"functionTimeout"`
	CustomHandler   json.RawMessage `json:"customHandler"`
	Extensions      struct {
		HTTP struct {
			RoutePrefix *string `json:"routePrefix"`
		} `json:"http"`
	} `json:"extensions"`

	// Without effect here.
	Schema          json.RawMessage `json:"$schema"`
	Logging         json.RawMessage `json:"logging"`
	ExtensionBundle json.RawMessage `json:"extensionBundle"`
	HealthMonitor   json.RawMessage `json:"healthMonitor"`
	Aggregator      json.RawMessage `json:"aggregator"`
	Singleton       json.RawMessage `json:"singleton"`
}

// customHandlerFile is the section customHandler (HttpWorkerOptions and
// CustomHandlerHttpOptions of Azure/azure-functions-host).
type customHandlerFile struct {
	Description *struct {
		DefaultExecutablePath string   `json:"defaultExecutablePath"`
		DefaultWorkerPath     string   `json:"defaultWorkerPath"`
		WorkerDirectory       string   `json:"workerDirectory"`
		WorkingDirectory      string   `json:"workingDirectory"`
		Arguments             []string `json:"arguments"`
		WorkerArguments       []string `json:"workerArguments"`
	} `json:"description"`
	EnableForwardingHTTPRequest bool            `json:"enableForwardingHttpRequest"`
	EnableProxyingHTTPRequest   bool            `json:"enableProxyingHttpRequest"`
	InitializationTimeout       string          `json:"initializationTimeout"`
	Port                        json.RawMessage `json:"port"`
	HTTP                        json.RawMessage `json:"http"`
}

// readHostConfig reads host.json of a package, as the app settings change it.
func readHostConfig(files fs.FS, setting func(string) string, settings map[string]string) (hostConfig, error) {
	config := hostConfig{RoutePrefix: "api", Timeout: 30 * time.Minute, InitTimeout: 30 * time.Second}
	data, err := fs.ReadFile(files, "host.json")
	if errors.Is(err, fs.ErrNotExist) {
		return config, errors.New("package content validation failed: cannot find required host.json file at root level in the .zip package")
	}
	if err == nil {
		data, err = override(data, settings)
	}
	var file hostFile
	if err == nil {
		err = decodeStrictly("hostjson.go", data, &file)
	}
	if err != nil {
		return config, fmt.Errorf("read host.json: %w", err)
	}
	if file.Version != "2.0" {
		return config, fmt.Errorf("read host.json: version: expected %q, got %q", "2.0", file.Version)
	}
	if prefix := file.Extensions.HTTP.RoutePrefix; prefix != nil {
		config.RoutePrefix = strings.Trim(*prefix, "/")
	}
	if file.FunctionTimeout == "-1" {
		config.Timeout = 0
	} else if file.FunctionTimeout != "" {
		if config.Timeout, err = parseTimeSpan(file.FunctionTimeout); err != nil {
			return config, fmt.Errorf("read host.json: functionTimeout: %w", err)
		}
	}
	if len(file.CustomHandler) == 0 {
		return config, errors.New("read host.json: expected a section customHandler: the site's runtime is custom")
	}
	if err := config.customHandler(files, file.CustomHandler, setting); err != nil {
		return config, fmt.Errorf("read host.json: customHandler: %w", err)
	}
	return config, nil
}

func (c *hostConfig) customHandler(files fs.FS, data []byte, setting func(string) string) error {
	var file customHandlerFile
	if err := decodeStrictly("hostjson.go", data, &file); err != nil {
		return err
	}
	switch {
	case len(file.Port) > 0:
		return unemulated("hostjson.go", "port in customHandler (self-hosted MCP preview)")
	case len(file.HTTP) > 0:
		return unemulated("hostjson.go", "http in customHandler (self-hosted MCP preview)")
	case file.Description == nil:
		return errors.New("description: expected the handler's executable, got nothing")
	case file.Description.DefaultExecutablePath == "":
		return errors.New("description.defaultExecutablePath: expected the handler's executable, got nothing")
	}
	c.Forwarding, c.Proxying = file.EnableForwardingHTTPRequest, file.EnableProxyingHTTPRequest
	if file.InitializationTimeout != "" {
		var err error
		if c.InitTimeout, err = parseTimeSpan(file.InitializationTimeout); err != nil {
			return fmt.Errorf("initializationTimeout: %w", err)
		}
	}
	d := file.Description
	c.WorkingDirectory = path.Clean(d.WorkingDirectory)
	c.Executable = d.DefaultExecutablePath
	if d.DefaultWorkerPath != "" {
		c.Arguments = append(c.Arguments, path.Join(d.WorkerDirectory, d.DefaultWorkerPath))
	}
	for _, argument := range append(d.Arguments, d.WorkerArguments...) {
		// Unset names become empty (HttpWorkerDescription).
		c.Arguments = append(c.Arguments, expand(argument, func(name string) (string, bool) { return setting(name), true }))
	}
	inside := path.Join(d.WorkerDirectory, d.DefaultExecutablePath)
	for _, place := range []string{inside, c.WorkingDirectory} {
		if !fs.ValidPath(place) && !path.IsAbs(d.DefaultExecutablePath) {
			return fmt.Errorf("description: expected paths inside the package, got %q", place)
		}
	}
	if path.IsAbs(d.DefaultExecutablePath) {
		return nil
	}
	return c.findExecutable(files, inside)
}

// findExecutable takes the executable from the package if it is there, and
// leaves it to the search path otherwise (HttpWorkerDescription).
func (c *hostConfig) findExecutable(files fs.FS, inside string) error {
	info, err := fs.Stat(files, inside)
	if err != nil || info.IsDir() {
		if strings.Contains(c.Executable, "/") {
			return fmt.Errorf("description.defaultExecutablePath: expected a file of the package, got %q", c.Executable)
		}
		return nil
	}
	if info.Mode()&0o100 == 0 {
		// azure-functions-host issue 6160: on a read-only package the host
		// cannot set the bit itself, and the process does not start.
		return fmt.Errorf("description.defaultExecutablePath: expected entry %q to have the owner's execute bit, got mode %s: permission denied; write the archive with Unix modes (0755 for the handler)", inside, info.Mode())
	}
	c.Executable, c.InPackage = inside, true
	return nil
}

// override applies app settings AzureFunctionsJobHost__path__to__value.
// learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values
func override(data []byte, settings map[string]string) ([]byte, error) {
	const prefix = "azurefunctionsjobhost__"
	var file map[string]any
	for name, value := range settings {
		if !strings.HasPrefix(strings.ToLower(name), prefix) {
			continue
		}
		if file == nil {
			if err := json.Unmarshal(data, &file); err != nil {
				return nil, err
			}
		}
		set(file, strings.Split(name[len(prefix):], "__"), value)
	}
	if file == nil {
		return data, nil
	}
	return json.Marshal(file)
}

func set(object map[string]any, names []string, value string) {
	name := names[0]
	for known := range object {
		if strings.EqualFold(known, name) {
			name = known
		}
	}
	if len(names) > 1 {
		inner, ok := object[name].(map[string]any)
		if !ok {
			inner = make(map[string]any)
			object[name] = inner
		}
		set(inner, names[1:], value)
		return
	}
	if truth, err := strconv.ParseBool(value); err == nil && len(value) > 1 {
		object[name] = truth
		return
	}
	object[name] = value
}

// decodeStrictly refuses unknown names and anything after the value. Its error
// names source as the file to extend.
func decodeStrictly(source string, data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return unemulated(source, "the key %s", name)
		}
		return err
	}
	if decoder.More() {
		return errors.New("expected one JSON object, got more behind it")
	}
	return nil
}

// parseTimeSpan reads .NET's TimeSpan: [d.]hh:mm:ss.
func parseTimeSpan(text string) (time.Duration, error) {
	days, rest, ok := strings.Cut(text, ".")
	if !ok {
		days, rest = "0", text
	}
	parts := strings.Split(rest, ":")
	wrong := fmt.Errorf("expected a time span like %q, got %q", "00:05:00", text)
	if len(parts) != 3 {
		return 0, wrong
	}
	var total time.Duration
	for i, part := range append([]string{days}, parts...) {
		limit := []int{1000, 24, 60, 60}[i]
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || n >= limit {
			return 0, wrong
		}
		total += time.Duration(n) * []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}[i]
	}
	if total <= 0 {
		return 0, wrong
	}
	return total, nil
}

// expand replaces %NAME%. lookup returns false for a name without a value,
// which is left as it is.
func expand(text string, lookup func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "%")
		if !ok {
			return out.String() + text
		}
		name, after, ok := strings.Cut(rest, "%")
		if !ok {
			return out.String() + text
		}
		out.WriteString(before)
		if value, ok := lookup(name); ok && name != "" {
			out.WriteString(value)
		} else {
			out.WriteString("%" + name + "%")
		}
		text = after
	}
}
