// Package stateshape knows what the official azuread plugin 5.53.5 leaves in a
// stack's state, member by member, so that tests can compare the stand-in's
// states with it.
//
// shapes.json was written by hand, never from the stand-in: from runs of the
// official plugin, from the states that its own upgrade tests have recorded
// (https://github.com/pulumi/pulumi-azuread, provider/testdata/recorded), and from
// the schemas of terraform-provider-azuread 2.53.1 where neither has a type. In
// it, texts in angle brackets stand for values that differ from run to run:
// <guid>, <text> (not empty), <time>, <secret>, and ids made of guid and text. A
// list or map that begins with <every> has one or more elements of the shape that
// follows, with <any> none or more.
package stateshape

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

//go:embed shapes.json
var file []byte

// A Shape is a resource in a state, or what is expected of it.
type Shape struct {
	Inputs  any `json:"inputs"`
	Outputs any `json:"outputs"`
}

var shapes = read()

func read() map[string]Shape {
	var shapes map[string]Shape
	if err := json.Unmarshal(file, &shapes); err != nil {
		panic(fmt.Sprintf("read shapes.json: %v", err))
	}
	return shapes
}

// Kinds are what [Differences] knows: type tokens, with what the resource belongs
// to where that matters.
func Kinds() []string { return slices.Sorted(maps.Keys(shapes)) }

// Kind returns the kind of a resource by its type and logical name. The names of
// what belongs to the API begin with orders-api.
func Kind(token, name string) string {
	if _, ok := shapes[token]; ok {
		return token
	}
	if strings.HasPrefix(name, "orders-api-") {
		return token + " of an API"
	}
	return token + " of a client"
}

// Differences compares a resource, decoded from JSON, with its shape. It returns
// a line for each difference.
func Differences(kind string, got Shape) []string {
	want, ok := shapes[kind]
	if !ok {
		return []string{fmt.Sprintf("expected one of the kinds %q, got %q", Kinds(), kind)}
	}
	return append(compare("inputs", want.Inputs, got.Inputs), compare("outputs", want.Outputs, got.Outputs)...)
}

// secretSignature marks a value that the engine keeps encrypted (Pulumi's own
// sdk/go/common/resource, SigKey and SecretSig).
const secretSignature, secretMark = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"

const guid = `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`

func compare(path string, want, got any) []string {
	differ := []string{fmt.Sprintf("%s: expected %s, got %s", path, text(want), text(got))}
	switch want := want.(type) {
	case string:
		if want == "<secret>" {
			if marked, ok := got.(map[string]any); !ok || marked[secretSignature] != secretMark {
				return []string{path + ": expected a secret"} // without what it is
			}
			return nil
		}
		if value, ok := got.(string); !ok || !pattern(want).MatchString(value) {
			return differ
		}
	case []any:
		values, ok := got.([]any)
		if !ok {
			return differ
		}
		if len(want) == 2 && (want[0] == "<every>" || want[0] == "<any>") {
			if len(values) == 0 && want[0] == "<every>" {
				return differ
			}
			want = slices.Repeat(want[1:], len(values))
		}
		if len(values) != len(want) {
			return differ
		}
		var all []string
		for i := range want {
			all = append(all, compare(fmt.Sprintf("%s[%d]", path, i), want[i], values[i])...)
		}
		return all
	case map[string]any:
		values, ok := got.(map[string]any)
		if !ok || len(values) == 0 && len(want) != 0 {
			return differ
		}
		return compareMembers(path, want, values)
	default:
		if !reflect.DeepEqual(want, got) {
			return differ
		}
	}
	return nil
}

func compareMembers(path string, want, got map[string]any) (all []string) {
	every, isMap := want["<every>"]
	for _, name := range slices.Sorted(maps.Keys(got)) {
		switch member, ok := want[name]; {
		case ok:
			all = append(all, compare(path+"."+name, member, got[name])...)
		case isMap:
			all = append(all, compare(path+"."+name, every, got[name])...)
		default:
			all = append(all, fmt.Sprintf("%s.%s: expected no such member, got %s", path, name, text(got[name])))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok && !isMap {
			all = append(all, fmt.Sprintf("%s.%s: expected %s, got no such member", path, name, text(want[name])))
		}
	}
	return all
}

// words in a pattern, and what they stand for.
var words = map[string]string{"guid": guid, "text": `.+`, "time": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`}

// pattern returns the expression behind a text. The official plugin really writes
// <nil>.
func pattern(want string) *regexp.Regexp {
	inner, ok := strings.CutPrefix(want, "<")
	if !ok || want == "<nil>" {
		return regexp.MustCompile("^" + regexp.QuoteMeta(want) + "$")
	}
	parts := strings.Split(strings.TrimSuffix(inner, ">"), "/")
	for i, part := range parts {
		if word, ok := words[part]; ok {
			parts[i] = word
		}
	}
	return regexp.MustCompile("^" + strings.Join(parts, "/") + "$")
}

func text(value any) string {
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(encoded.String())
}
