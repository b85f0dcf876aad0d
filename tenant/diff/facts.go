package diff

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This file reduces a preview to what classification needs, so that one job can
// preview a branch and another, which runs none of its code, can classify what
// came out. The rules are:
//   - every step is handed over, whether or not it looks like access: which ones
//     matter is decided after the hand-over
//   - a value is handed over only if the table shows it or compares it; of all
//     other properties, the path alone
//   - what the engine hides ("[secret]") stays hidden

// Schema names the form of [Facts].
const Schema = "app-to-app/access-facts/2"

// Facts are what a preview says about access, and who the principals in it are.
type Facts struct {
	Schema string `json:"schema"`
	Stack  string `json:"stack"`
	Names  Names  `json:"names"`
	Steps  []Fact `json:"steps"`
}

// A Name is what the tenant says a principal is: its kind, such as "service
// principal", and its display name. The zero value says that the tenant was asked
// and knows nobody.
type Name struct {
	Kind        string `json:"kind"`
	DisplayName string `json:"displayName"`
}

// Names are what the principals of a preview are called in the tenant, by object id
// or client id in lower case. What has no entry was not looked up.
type Names map[string]Name

// mostLookUps is how many ids the tenant is asked for.
const mostLookUps = 200

// A Fact is one step of a preview. Of a step that changes nothing it has only
// the new side.
type Fact struct {
	Op      string   `json:"op"`
	URN     string   `json:"urn"`
	Old     *Side    `json:"old,omitempty"`
	New     *Side    `json:"new,omitempty"`
	Changed []string `json:"changed,omitempty"` // paths of properties
}

// A Side is a resource before or after a step.
type Side struct {
	Parent  string              `json:"parent,omitempty"`
	ID      string              `json:"id,omitempty"`      // the provider's
	Inputs  map[string]any      `json:"inputs,omitempty"`  // texts, numbers, booleans or lists of them, by path; null if not handed over
	Outputs map[string]any      `json:"outputs,omitempty"` // texts, by path: ids by which others refer to it
	From    map[string][]string `json:"from,omitempty"`    // URNs that a property comes from, by its first name

	// What the engine does when the stack no longer has it: nothing, or nothing if
	// that URN goes too.
	RetainOnDelete bool   `json:"retainOnDelete,omitempty"`
	DeletedWith    string `json:"deletedWith,omitempty"`
}

// Facts reduces the preview of a stack.
func (p Preview) Facts(stack string, names Names) Facts { return p.facts(stack, names, kinds) }

func (p Preview) facts(stack string, names Names, t table) Facts {
	t = t.forAPIs(p.settingNames())
	f := Facts{Schema: Schema, Stack: stack, Names: names, Steps: make([]Fact, 0, len(p.Steps))}
	if f.Names == nil {
		f.Names = Names{}
	}
	for _, s := range p.Steps {
		k := t[unversioned(typeOf(s.URN))]
		fact := Fact{Op: s.Op, URN: s.URN}
		if s.changes() {
			fact.Old, fact.Changed = k.side(s.Old), s.changed()
		}
		if !s.removes() {
			fact.New = k.side(cmp.Or(s.New, s.Old))
		}
		if fact.New != nil && s.Old != nil && !s.changes() {
			// The engine prints ids and outputs on the old side only.
			was := k.side(s.Old)
			fact.New.ID, fact.New.Outputs = was.ID, was.Outputs
		}
		f.Steps = append(f.Steps, fact)
	}
	return f
}

func (k kind) side(s *State) *Side {
	if s == nil {
		return nil
	}
	side := &Side{Parent: s.Parent, ID: s.ID, Inputs: flat(s.Inputs), From: s.PropertyDependencies}
	side.RetainOnDelete, side.DeletedWith = s.RetainOnDelete, s.DeletedWith
	for path, value := range side.Inputs {
		if !k.shows(path) || !short(value) {
			side.Inputs[path] = nil
		}
	}
	outputs := flat(s.Outputs)
	for _, path := range k.outputs {
		if value, ok := outputs[path].(string); ok && value != secretValue && short(value) {
			if side.Outputs == nil {
				side.Outputs = make(map[string]any)
			}
			side.Outputs[path] = value
		}
	}
	return side
}

// short reports whether a value is within the limits of the hand-over. A longer
// one is not shown, like a secret.
func short(value any) bool {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	return len(list) <= mostItems && !slices.ContainsFunc(list, func(item any) bool {
		text, ok := item.(string)
		return ok && len(text) > mostText
	})
}

// What the engine prints for a value that is secret, and for one that it does not
// know yet (plugin.UnknownStringValue of Pulumi's SDK).
const (
	secretValue  = "[secret]"
	unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
)

// changed are the paths of the properties that a step changes: those that the
// provider names, and those whose inputs differ. Where a provider names only the
// whole, such as environment, the parts that differ stand for it, unless one that
// is hidden could differ too.
func (s Step) changed() []string {
	var old, new map[string]any
	var differ []string
	if s.Old != nil && s.New != nil {
		old, new = flat(s.Old.Inputs), flat(s.New.Inputs)
	}
	if s.signsInElsewhere() {
		differ = append(differ, "provider")
	}
	for _, path := range keys(old, new) {
		if !same(old[path], new[path]) {
			differ = append(differ, path)
		}
	}
	all := slices.Clone(differ)
	for _, path := range s.properties() {
		below := func(other string) bool { return other != path && under(other, []string{path}) }
		hidden := slices.ContainsFunc(keys(old, new), func(other string) bool {
			return below(other) && (opaque(old[other]) || opaque(new[other]))
		})
		if hidden || !slices.ContainsFunc(differ, below) {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	// owners[1] says more than owners.
	return slices.DeleteFunc(slices.Clone(all), func(path string) bool {
		return slices.ContainsFunc(all, func(other string) bool { return strings.HasPrefix(other, path+"[") })
	})
}

// signsIn is what decides as whom a resource's provider signs in. Default providers
// sign in alike, whatever their version. A program can give its own provider such a
// name too, and the engine prints no step of one, so whatever else is in the name
// counts: a pre-release, a build or a URL.
func (s *State) signsIn() string {
	name := nameOf(s.Provider)
	if i := strings.LastIndex(name, "::"); i >= 0 {
		name = name[:i] // what follows is the id
	}
	if defaultName.MatchString(name) {
		return typeOf(s.Provider) + defaultName.ReplaceAllString(name, "")
	}
	return s.Provider
}

// defaultName is how the engine begins the name of a default provider: with the
// version, if there is one (DefaultName in its resource/deploy/providers).
var defaultName = regexp.MustCompile(`^default(_[0-9]+_[0-9]+_[0-9]+)?`)

// byDefault reports whether a resource has a default provider, or none.
func (s *State) byDefault() bool { return s.signsIn() == typeOf(s.Provider) }

// signsInElsewhere reports whether a step is made by a provider that may be signed
// in to another tenant.
func (s Step) signsInElsewhere() bool {
	switch {
	case s.New == nil:
		return false
	case s.Old == nil:
		return !s.New.byDefault()
	}
	return s.Old.signsIn() != s.New.signsIn()
}

// opaque reports whether two such values can differ although they look alike.
func opaque(value any) bool { return value == secretValue || value == unknownValue }

// flat are the values of inputs by their paths, written as the engine does.
// Lists of texts, numbers and booleans are values.
func flat(inputs map[string]any) map[string]any {
	values := make(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		if !note(name) {
			flatten(values, step("", name), inputs[name])
		}
	}
	return values
}

// note reports whether a name is a note that a provider's bridge keeps among the
// inputs, and no property.
func note(name string) bool { return name == "__defaults" || name == "__autoNamed" }

func flatten(values map[string]any, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inside := range value {
			if !note(name) {
				flatten(values, step(path, name), inside)
			}
		}
		if len(value) > 0 {
			return
		}
	case []any:
		if !slices.ContainsFunc(value, composite) {
			values[path] = value
			return
		}
		for i, inside := range value {
			flatten(values, path+"["+strconv.Itoa(i)+"]", inside)
		}
		return
	case string, bool, float64:
		values[path] = value
		return
	}
	values[path] = nil
}

func composite(value any) bool {
	switch value.(type) {
	case string, bool, float64:
		return false
	}
	return true
}

// step is the path of a property inside another.
func step(path, name string) string {
	switch {
	case strings.ContainsAny(name, `.[]"`) || name == "":
		return path + "[" + strconv.Quote(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

// same compares two values of [flat].
func same(a, b any) bool {
	x, isList := a.([]any)
	y, isToo := b.([]any)
	if isList && isToo {
		return slices.Equal(x, y)
	}
	return !isList && !isToo && a == b
}

// under reports whether a path is one of the properties or inside one.
func under(path string, properties []string) bool {
	return slices.ContainsFunc(properties, func(property string) bool {
		rest, found := strings.CutPrefix(path, property)
		return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// keys are the sorted keys of two maps.
func keys[V any](a, b map[string]V) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}
