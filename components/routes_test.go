package components_test

import (
	"slices"
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	const trigger = `{"bindings":[{"type":"httpTrigger"},{"type":"http","direction":"out"}]}`
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
		err   string
	}{
		{"a timer only", map[string]string{"functions/app/B/function.json": `{"bindings":[{"type":"timerTrigger"}]}`}, nil, ""},
		{"its name, and a route", map[string]string{"functions/app/B/function.json": trigger,
			"functions/app/AB/function.json": `{"bindings":[{"type":"HttpTrigger","route":"orders/{id}"}]}`}, []string{"api/orders/{id}", "api/B"}, ""},
		{"another prefix", map[string]string{"functions/app/B/function.json": trigger, "functions/app/host.json": strings.TrimSuffix(goodHost, "}") + `,"extensions":{"http":{"routePrefix":"v2/shop"}}}`},
			[]string{"v2/shop/B"}, ""},
		{"no prefix", map[string]string{"functions/app/B/function.json": trigger, "functions/app/host.json": strings.TrimSuffix(goodHost, "}") + `,"extensions":{"http":{"routePrefix":""}}}`},
			[]string{"B"}, ""},
		{"bindings that are no list", map[string]string{"functions/app/B/function.json": `{"bindings":{}}`}, nil, "read B/function.json: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := buildApp(t, newProject(t, tt.files))
			if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) || tt.err == "" && err != nil {
				t.Fatalf("got error %v, want %q in it", err, tt.err)
			}
			if !slices.Equal(got.Routes, tt.want) {
				t.Errorf("got %q, want %q", got.Routes, tt.want)
			}
		})
	}
}
