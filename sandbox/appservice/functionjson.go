package appservice

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"app-to-app/sandbox/store"
)

// This file reads function.json files. The rules are: a function's name is its
// folder's; a function that cannot be read is in error and the others run, as
// in Azure; a binding or a property that the sandbox does not know is
// unemulated.
// learn.microsoft.com/azure/azure-functions/functions-reference#function-code

// A function is one function of an app. Exactly one of http and timer is set
// unless err is.
type function struct {
	name     string
	disabled bool
	http     *httpTrigger
	timer    *timerTrigger
	output   string // name of the http output binding, "" without
	binary   bool   // the output binding says dataType binary
	err      error
	config   json.RawMessage // the file, if it is JSON
}

// plain reports whether the function has exactly one input, httpTrigger, and one
// output, http. Only then can requests be forwarded unchanged
// (IsHttpInAndOutFunction of Azure/azure-functions-host).
func (f *function) plain() bool { return f.http != nil && f.output != "" }

// described is what ARM shows of the function.
func (f *function) described() store.Function {
	shown := store.Function{Config: f.config, Disabled: f.disabled}
	if f.http != nil {
		shown.Route = "/" + f.http.route
	}
	return shown
}

// An httpTrigger is a binding of that type.
type httpTrigger struct {
	binding  string
	level    authLevel
	methods  []string // upper case; empty means all
	route    string   // the template, with the app's prefix
	segments []segment
}

// A timerTrigger is a binding of that type.
type timerTrigger struct {
	binding      string
	expression   string
	schedule     *schedule
	runOnStartup bool
	useMonitor   bool
}

// An authLevel is which key a caller of a function needs.
type authLevel int

const (
	anonymous authLevel = iota
	keyed               // "function": a key of the function or the host
	admin               // the master key
)

var functionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,126}$`)

// readFunctions reads all functions of a package, in the order of their names.
func readFunctions(files fs.FS, def definition, config hostConfig) ([]*function, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	var functions []*function
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		data, err := fs.ReadFile(files, path.Join(entry.Name(), "function.json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		f := &function{name: entry.Name()}
		if json.Valid(data) {
			f.config = data
		}
		if err == nil {
			err = f.read(data, def, config)
		}
		if err != nil {
			f.err = fmt.Errorf("function %q is in error: function.json: %w", f.name, err)
		}
		functions = append(functions, f)
	}
	return functions, nil
}

func (f *function) read(data []byte, def definition, config hostConfig) error {
	var file struct {
		Bindings []json.RawMessage `json:"bindings"`
		Disabled bool              `json:"disabled"`
		Schema   json.RawMessage   `json:"$schema"`
	}
	if err := decodeStrictly("functionjson.go", data, &file); err != nil {
		return err
	}
	if !functionName.MatchString(f.name) {
		return fmt.Errorf("expected a folder name of letters, digits, - and _, got %q", f.name)
	}
	f.disabled = file.Disabled
	switch setting := def.setting("AzureWebJobs." + f.name + ".Disabled"); strings.ToLower(setting) {
	case "true", "1":
		f.disabled = true
	case "false", "0":
		f.disabled = false
	}
	for _, data := range file.Bindings {
		if err := f.bind(data, def, config); err != nil {
			return err
		}
	}
	switch {
	case f.http == nil && f.timer == nil:
		return errors.New("expected a binding of type httpTrigger or timerTrigger, got none")
	case f.timer != nil && f.output != "":
		return errors.New("expected an http binding only in a function with an httpTrigger")
	}
	return nil
}

// bindingFile is a binding of any type that is known.
type bindingFile struct {
	Type      string `json:"type"`
	Direction string `json:"direction"`
	Name      string `json:"name"`
	DataType  string `json:"dataType"`

	AuthLevel string   `json:"authLevel"`
	Methods   []string `json:"methods"`
	Route     *string  `json:"route"`

	Schedule     string `json:"schedule"`
	RunOnStartup bool   `json:"runOnStartup"`
	UseMonitor   *bool  `json:"useMonitor"`
}

func (f *function) bind(data []byte, def definition, config hostConfig) error {
	var kind struct{ Type string }
	if err := json.Unmarshal(data, &kind); err != nil {
		return err
	}
	type bound struct{ kind, direction string }
	known := bound{strings.ToLower(kind.Type), "in"}
	switch known.kind {
	case "httptrigger", "timertrigger":
	case "http":
		known.direction = "out"
	default:
		return unemulated("functionjson.go", "the binding type %q of function %q", kind.Type, f.name)
	}
	var b bindingFile
	if err := decodeStrictly("functionjson.go", data, &b); err != nil {
		return err
	}
	switch {
	case b.Name == "":
		return fmt.Errorf("binding %s: expected a name, got none", b.Type)
	case !strings.EqualFold(b.Direction, known.direction):
		return fmt.Errorf("binding %q: expected direction %q, got %q", b.Name, known.direction, b.Direction)
	case known.kind != "http" && (f.http != nil || f.timer != nil):
		return errors.New("expected one trigger, got several")
	case known.kind == "http" && f.output != "":
		return errors.New("expected one http output binding, got several")
	case known.kind != "timertrigger" && (b.Schedule != "" || b.RunOnStartup || b.UseMonitor != nil),
		known.kind != "httptrigger" && (b.AuthLevel != "" || b.Methods != nil || b.Route != nil):
		return fmt.Errorf("binding %q: expected properties of type %s only, got others", b.Name, b.Type)
	}
	switch known.kind {
	case "http":
		f.output, f.binary = b.Name, strings.EqualFold(b.DataType, "binary")
		return nil
	case "timertrigger":
		return f.bindTimer(b, def)
	}
	return f.bindHTTP(b, def, config)
}

func (f *function) bindHTTP(b bindingFile, def definition, config hostConfig) error {
	t := &httpTrigger{binding: b.Name}
	switch strings.ToLower(b.AuthLevel) {
	case "anonymous":
		t.level = anonymous
	case "function", "":
		t.level = keyed
	case "admin":
		t.level = admin
	default:
		return fmt.Errorf("binding %q: authLevel: expected anonymous, function or admin, got %q", b.Name, b.AuthLevel)
	}
	for _, method := range b.Methods {
		t.methods = append(t.methods, strings.ToUpper(method))
	}
	template := f.name
	if b.Route != nil {
		resolved, err := resolve(*b.Route, def)
		if err != nil {
			return fmt.Errorf("binding %q: route: %w", b.Name, err)
		}
		template = resolved
	}
	whole := strings.Trim(config.RoutePrefix+"/"+strings.Trim(template, "/"), "/")
	segments, err := parseRoute(whole)
	if err != nil {
		return fmt.Errorf("binding %q: route: %w", b.Name, err)
	}
	if len(segments) > 0 && slices.Contains([]string{"admin", "runtime"}, strings.ToLower(segments[0].literal)) {
		return fmt.Errorf("binding %q: route: expected none of the built-in routes /admin and /runtime, got %q", b.Name, whole)
	}
	t.route, t.segments = whole, segments
	f.http = t
	return nil
}

func (f *function) bindTimer(b bindingFile, def definition) error {
	expression, err := resolve(b.Schedule, def)
	if err != nil {
		return fmt.Errorf("binding %q: schedule: %w", b.Name, err)
	}
	parsed, err := parseSchedule(expression)
	if err != nil {
		return fmt.Errorf("binding %q: schedule: %w", b.Name, err)
	}
	f.timer = &timerTrigger{
		binding: b.Name, expression: expression, schedule: parsed, runOnStartup: b.RunOnStartup,
		// Schedules that run more than once a minute are not monitored.
		// learn.microsoft.com/azure/azure-functions/functions-bindings-timer#configuration
		useMonitor: (b.UseMonitor == nil || *b.UseMonitor) && !parsed.subMinute(),
	}
	return nil
}

// resolve replaces %NAME% by app settings. As in the host's name resolver, a
// missing one is an error.
func resolve(text string, def definition) (string, error) {
	var missing []string
	resolved := expand(text, func(name string) (string, bool) {
		value := def.setting(name)
		if value == "" {
			missing = append(missing, strconv.Quote("%"+name+"%"))
		}
		return value, value != ""
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("%s does not resolve to a value; set the app setting", strings.Join(missing, ", "))
	}
	return resolved, nil
}
