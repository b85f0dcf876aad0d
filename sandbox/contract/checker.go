package contract

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A checker compares one body.
type checker struct {
	tables   []string // where types are looked up, in this order
	graph    bool     // OData's control information is allowed
	untyped  bool     // without metadata, objects don't say their types
	selected []string // by $select; nil means everything
	found    []string
}

func (c *checker) report(at, format string, args ...any) {
	c.found = append(c.found, at+": "+fmt.Sprintf(format, args...))
}

var (
	guid     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	duration = regexp.MustCompile(`^-?P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$`)
)

// value compares one value. top is what $select and pages are about.
func (c *checker) value(at, kind string, v any, top bool) {
	inner, list := strings.CutPrefix(kind, "[")
	switch {
	case list && top:
		c.page(at, strings.TrimSuffix(inner, "]"), v)
	case list:
		items, ok := v.([]any)
		if !ok {
			c.report(at, "expected a list, got %T", v)
		}
		for i, item := range items {
			c.value(fmt.Sprintf("%s[%d]", at, i), strings.TrimSuffix(inner, "]"), item, false)
		}
	case strings.HasPrefix(kind, "map "):
		items, ok := v.(map[string]any)
		if !ok {
			c.report(at, "expected an object, got %T", v)
		}
		for _, name := range slices.Sorted(maps.Keys(items)) {
			c.value(at+"."+name, kind[len("map "):], items[name], false)
		}
	case strings.HasPrefix(kind, "{"):
		if text, ok := v.(string); !ok || !slices.Contains(strings.Split(strings.Trim(kind, "{}"), "|"), text) {
			c.report(at, "expected one of %s, got %v", kind, v)
		}
	case !scalar(kind, v):
		if members := c.lookup(kind); members != nil {
			c.object(at, kind, members, v, top)
		} else {
			c.report(at, "expected a %s, got %T", kind, v)
		}
	}
}

// scalar reports whether v is of a kind without members.
func scalar(kind string, v any) bool {
	text, isText := v.(string)
	number, isNumber := v.(float64)
	switch kind {
	case "any":
		return true
	case "string":
		return isText
	case "guid":
		return guid.MatchString(text)
	case "dateTime":
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	case "zoneless": // App Service's times do not name their zone
		_, err := time.Parse("2006-01-02T15:04:05.9999999", text)
		return err == nil
	case "duration":
		return duration.MatchString(text)
	case "bool":
		_, ok := v.(bool)
		return ok
	case "number":
		return isNumber
	case "int":
		return isNumber && number == math.Trunc(number)
	}
	return false
}

func (c *checker) lookup(name string) map[string]member {
	for _, file := range c.tables {
		if members := tables()[file][name]; members != nil {
			return members
		}
	}
	return nil
}

// page compares a collection.
func (c *checker) page(at, kind string, v any) {
	body, ok := v.(map[string]any)
	items, isList := body["value"].([]any)
	if !ok || !isList {
		c.report(at, "expected a page with a list in value, got %T", v)
		return
	}
	for i, item := range items {
		c.value(fmt.Sprintf("value[%d]", i), kind, item, true)
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if name != "value" && !c.next(name, body[name]) && !c.control(name, body[name]) {
			c.report(at, "expected no member %q in a page", name)
		}
	}
}

// next reports whether a member of a page of ARM or Key Vault is the address of
// the next one.
func (c *checker) next(name string, v any) bool {
	return !c.graph && name == "nextLink" && (v == nil || scalar("string", v))
}

// object compares an object with the members of its type.
func (c *checker) object(at, kind string, members map[string]member, v any, top bool) {
	body, ok := v.(map[string]any)
	if !ok {
		c.report(at, "expected an object of type %s, got %T", kind, v)
		return
	}
	if kind == "directoryObject" {
		declared, _ := body["@odata.type"].(string)
		if c.untyped {
			declared = guess(body)
		}
		if kind, ok = strings.CutPrefix(declared, "#microsoft.graph."); !ok || c.lookup(kind) == nil {
			c.report(at, "expected the type of a directory object in @odata.type, got %q", declared)
			return
		}
		members = c.lookup(kind)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if v := body[name]; members[name].always && v == nil && !(top && c.selected != nil) {
			c.report(at+"."+name, "expected a %s in every %s, got nothing", members[name].kind, kind)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		known, ok := members[name]
		switch {
		case ok && body[name] != nil:
			c.value(at+"."+name, known.kind, body[name], false)
		case !ok && !c.control(name, body[name]):
			c.report(at+"."+name, "expected no such member in a %s", kind)
		}
	}
}

// guess returns the type of a directory object that does not say it.
func guess(body map[string]any) string {
	if _, ok := body["servicePrincipalType"]; ok {
		return "#microsoft.graph.servicePrincipal"
	}
	return "#microsoft.graph.application"
}

// control reports whether a member is OData's control information
// (https://docs.oasis-open.org/odata/odata-json-format/v4.01).
func (c *checker) control(name string, v any) bool {
	of, what, ok := strings.Cut(name, "@odata.")
	if !c.graph || !ok {
		return false
	}
	switch what {
	case "count":
		return scalar("int", v)
	case "context", "nextLink", "navigationLink", "associationLink", "type":
		return scalar("string", v)
	case "id", "editLink", "etag", "deltaLink":
		return of == "" && scalar("string", v)
	}
	return false
}
