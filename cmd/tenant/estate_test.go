package main

import (
	"strings"
	"testing"
)

func TestAuditOfStacks(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	outputs, _ := h.deployAPI()
	theirs := strings.Replace(outputs, "{", `{"apiStack":"organization/app-to-app/api",`, 1)
	for stack, exported := range map[string]string{"api": outputs, "billing": theirs, "other-api": outputs, "empty": "{}"} {
		h.stack["stack output --json --stack "+stack] = exported
		h.stack["stack export --stack "+stack] = `{"version":3,"deployment":{"resources":[]}}`
	}
	for _, tt := range []struct {
		name, args string
		code       int
		want       string
	}{
		{"an API and its client", "audit -stack api -stack billing", exitSame, "no difference"},
		{"in the other order", "audit -stack billing -stack api", exitSame, "no difference"},
		{"a client alone", "audit -stack billing", exitSame, "note: the API belongs to the stack organization/app-to-app/api"},
		{"two APIs", "audit -stack api -stack other-api", exitFailed, `expected one stack with an API of its own, got "api" and "other-api"`},
		{"a stack twice", "audit -stack api -stack api", exitFailed, `expected the stack "api" once`},
		{"a stack that is not deployed", "audit -stack api -stack empty", exitFailed, "stack empty: read the stack's outputs"},
		{"two stacks and a file", "audit -stack api -stack billing -outputs x.json", exitUsage, "expected -outputs and -state with one stack, got 2"},
		{"a stack without a name", "audit -stack=", exitUsage, "expected the name of a stack"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code := h.run(strings.Fields(tt.args)...); code != tt.code || !strings.Contains(h.stdout.String()+h.stderr.String(), tt.want) {
				t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", code, &h.stdout, &h.stderr, tt.code, tt.want)
			}
		})
	}
}
