// Package routetest is how the services' tests look into an answer when they
// are the witness of a route: see [route.Route].
//
// For tests alone.
package routetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Shows fails the test unless the JSON body has the member, which is written
// as PATH=VALUE: properties.state=Running. In a list any element will do, and
// an empty list is []. A name with a dot in it is the last of its path.
func Shows(t testing.TB, body []byte, member string) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Errorf("got %s, want JSON with %s: %v", body, member, err)
		return
	}
	path, want, _ := strings.Cut(member, "=")
	if !shows(value, path, want) {
		t.Errorf("got %s, want %s in it", body, member)
	}
}

func shows(value any, path, want string) bool {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			if shows(element, path, want) {
				return true
			}
		}
		return len(v) == 0 && path == "" && want == "[]"
	case map[string]any:
		if inner, ok := v[path]; ok {
			return shows(inner, "", want)
		}
		name, rest, _ := strings.Cut(path, ".")
		inner, ok := v[name]
		return ok && shows(inner, rest, want)
	}
	return path == "" && fmt.Sprint(value) == want
}
