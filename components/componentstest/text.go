package componentstest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// This file writes registrations as text, for golden files. The rules are:
//   - one member a line, each with its whole path, so that a line of a diff
//     says what changed without the lines around it
//   - everything is written except how a request is sent, including options
//     that this file does not know
//   - the same program gives the same text, wherever, whenever and in whatever
//     order its resources were registered

// Text is every call, then every resource, by type and name.
func (r *Recorder) Text() string {
	var parts []string
	for _, call := range r.Calls() {
		parts = append(parts, "call "+call.Token+"\n"+indented(members("args", resource.NewProperty(call.Args), false)))
	}
	for _, registered := range r.Resources() {
		parts = append(parts, registered.Text())
	}
	return strings.Join(parts, "\n")
}

// Text is the whole registration of a resource: its type and name, its options,
// what it waits for (with the inputs that refer to it in brackets; none when
// only the order was asked for), and its inputs.
func (r Resource) Text() string {
	lines := options(r.RPC)
	if parent := r.Parent(); parent != "" {
		lines = append(lines, "parent "+parent)
	}
	if aliases := r.RPC.GetAliases(); len(aliases) > 0 {
		lines = append(lines, "aliases "+aliasText(aliases))
	}
	slices.Sort(lines)
	lines = append(lines, waits(r.RPC)...)
	lines = append(lines, members("inputs", resource.NewProperty(r.Inputs), false)...)
	return r.TypeToken + " " + r.Name + "\n" + indented(lines)
}

func indented(lines []string) string {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString("  " + line + "\n")
	}
	return text.String()
}

// written are the fields of a request that have lines of their own, and sent
// those that say how it is sent.
var (
	written = []string{"type", "name", "custom", "object", "parent", "aliases", "dependencies", "propertyDependencies"}
	sent    = []string{
		"acceptSecrets", "acceptResources", "accepts_byte_string", "aliasSpecs", "supportsPartialValues", "supportsResultReporting",
		"sourcePosition", "stackTrace", "parentStackTraceHandle",
	}
)

// options are all other fields that are set. encoding/json names them by the
// tags of the generated struct.
func options(rpc *pulumirpc.RegisterResourceRequest) []string {
	var fields map[string]any
	encoded, err := json.Marshal(rpc)
	if err == nil {
		err = json.Unmarshal(encoded, &fields)
	}
	if err != nil {
		panic(err) // plain fields can be encoded
	}
	var lines []string
	for name, value := range fields {
		if !slices.Contains(written, name) && !slices.Contains(sent, name) {
			lines = append(lines, members(name, resource.NewPropertyValue(value), false)...)
		}
	}
	return lines
}

// waits has a line for each resource that one waits for.
func waits(rpc *pulumirpc.RegisterResourceRequest) []string {
	by := make(map[string][]string)
	for _, urn := range rpc.GetDependencies() {
		by[urnEnd(urn)] = nil
	}
	for input, on := range rpc.GetPropertyDependencies() {
		for _, urn := range on.GetUrns() {
			by[urnEnd(urn)] = append(by[urnEnd(urn)], input)
		}
	}
	var lines []string
	for _, end := range slices.Sorted(maps.Keys(by)) {
		line := "dependsOn " + end
		if inputs := by[end]; len(inputs) > 0 {
			slices.Sort(inputs)
			line += " (" + strings.Join(inputs, ", ") + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// aliasText writes aliases in their order. Consecutive ones that differ only in
// the module share one token: azure-native:{web,web/v20220901}:WebApp.
func aliasText(aliases []*pulumirpc.Alias) string {
	var texts []string
	var modules []string
	var before, after string // of the modules
	flush := func() {
		if len(modules) == 1 {
			texts = append(texts, before+modules[0]+after)
		} else if len(modules) > 1 {
			texts = append(texts, before+"{"+strings.Join(modules, ",")+"}"+after)
		}
		modules = nil
	}
	for _, alias := range aliases {
		token := strings.Split(alias.GetSpec().GetType(), ":")
		if len(token) != 3 || !onlyType(alias.GetSpec()) {
			flush()
			encoded, err := json.Marshal(alias.GetAlias())
			if err != nil {
				panic(err) // plain fields can be encoded
			}
			texts = append(texts, string(encoded))
			continue
		}
		if token[0]+":" != before || ":"+token[2] != after {
			flush()
			before, after = token[0]+":", ":"+token[2]
		}
		modules = append(modules, token[1])
	}
	flush()
	return strings.Join(texts, " ")
}

// onlyType reports whether an alias differs from its resource in nothing but
// the type.
func onlyType(spec *pulumirpc.Alias_Spec) bool {
	return spec.GetName() == "" && spec.GetProject() == "" && spec.GetStack() == "" && spec.GetParentUrn() == "" && !spec.GetNoParent()
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// members has a line for each value inside a value, with its path.
func members(path string, value resource.PropertyValue, secret bool) []string {
	var lines []string
	switch {
	case value.IsSecret():
		return members(path, value.SecretValue().Element, true)
	case value.IsOutput() && value.OutputValue().Known:
		return members(path, value.OutputValue().Element, secret || value.OutputValue().Secret)
	case value.IsObject() && len(value.ObjectValue()) > 0:
		for _, key := range value.ObjectValue().StableKeys() {
			step := "." + string(key)
			if !plainKey.MatchString(string(key)) {
				step = fmt.Sprintf("[%q]", string(key))
			}
			lines = append(lines, members(path+step, value.ObjectValue()[key], secret)...)
		}
		return lines
	case value.IsArray() && len(value.ArrayValue()) > 0:
		for i, element := range value.ArrayValue() {
			lines = append(lines, members(fmt.Sprintf("%s[%d]", path, i), element, secret)...)
		}
		return lines
	}
	if value.IsObject() && !strings.ContainsAny(path, ".[") {
		return nil // no inputs, or an option that is empty
	}
	if secret {
		path += " secret"
	}
	return []string{path + " " + plainText(value)}
}

// pemBlock is a key or a certificate. It differs in each run of a test, and a
// private key does not belong in a golden file.
var pemBlock = regexp.MustCompile(`-----BEGIN ([A-Z ]+)-----[^-]+-----END [A-Z ]+-----`)

// plainText writes a value without members.
func plainText(value resource.PropertyValue) string {
	switch {
	case value.IsComputed(), value.IsOutput():
		return "unknown"
	case value.IsString():
		text := value.StringValue()
		if resource.URN(text).IsValid() {
			return urnEnd(text)
		}
		return fmt.Sprintf("%q", pemBlock.ReplaceAllString(text, "<$1>"))
	case value.IsResourceReference():
		return urnEnd(string(value.ResourceReferenceValue().URN))
	case value.IsObject():
		return "{}"
	case value.IsArray():
		return "[]"
	case value.IsNull():
		return "null"
	}
	return fmt.Sprint(value.V) // a number, a boolean, an asset or an archive
}
