package lookup_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/requests"
	"app-to-app/settings/lookup"
)

// A backend is an engine that has the stacks named in it.
type backend map[string]map[string]any

func (b backend) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, errors.New("refused")
}

func (b backend) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	name := args.Inputs["name"].StringValue()
	if args.TypeToken != "pulumi:pulumi:StackReference" || b[name] == nil {
		return "", nil, errors.New("unknown stack " + name)
	}
	return name, resource.NewPropertyMapFromMap(map[string]any{"name": name, "outputs": b[name], "secretOutputNames": []any{}}), nil
}

func TestStackOutputs(t *testing.T) {
	t.Parallel()
	stacks := backend{"o/p/api": {"apiUrl": "https://api.test", "roleIds": map[string]any{"Orders.Read": "r"}, "owners": []any{"x"}}}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		got, err := lookup.Providers{Context: ctx}.StackOutputs("o/p/api")
		if want := map[string]any{"apiUrl": "https://api.test", "roleIds": map[string]any{"Orders.Read": "r"}}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
		return nil
	}, pulumi.WithMocks("app-to-app", "dev", stacks))
	if err != nil {
		t.Error(err)
	}
	var got map[string]any
	err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		var err error
		got, err = lookup.Providers{Context: ctx}.StackOutputs("o/p/nowhere")
		return err
	}, pulumi.WithMocks("app-to-app", "dev", stacks))
	if err == nil || !strings.Contains(err.Error(), "unknown stack o/p/nowhere") || len(got) > 0 {
		t.Errorf("a stack that is not there: got %v, %v", got, err)
	}
}

// TestHeld asks a Graph of the test's own, whose list has two pages.
func TestHeld(t *testing.T) {
	t.Parallel()
	const secret = "eyJ0b2tlbg.e30.c2ln"
	const one = `{"appRoleId":"READ","resourceId":"api"}`
	for _, tt := range []struct {
		name    string
		answers []string // "" is the last one's status
		status  int
		next    string // of the first page; "" is the graph's own
		want    []string
		problem string
	}{
		{name: "two pages", answers: []string{one, `{"appRoleId":"export","resourceId":"API"},{"appRoleId":"other","resourceId":"else"}`}, status: 200, want: []string{"read", "export"}},
		{name: "nothing", answers: []string{""}, status: 200},
		{name: "not there", answers: []string{""}, status: 404},
		{name: "not allowed", answers: []string{""}, status: 403, problem: lookup.ErrNotAllowed.Error()},
		{name: "out of order", answers: []string{""}, status: 503, problem: "expected status 200, got 503"},
		{name: "a page of another host", answers: []string{one, one}, status: 200, next: "https://elsewhere.test/v1.0/x", problem: "expected the next page at"},
		{name: "a list without an end", answers: []string{one, ""}, status: 200, next: "again", problem: "expected at most 50 pages"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var server *httptest.Server
			page := 0
			server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != "/v1.0/servicePrincipals/client/appRoleAssignments" || r.Header.Get("Authorization") != "Bearer "+secret {
					t.Errorf("got %s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
				}
				w.WriteHeader(tt.status)
				next := ""
				if page < len(tt.answers)-1 {
					if next = `,"@odata.nextLink":"` + server.URL + r.URL.Path + `"`; tt.next != "" && tt.next != "again" {
						next = `,"@odata.nextLink":"` + tt.next + `"`
					}
				}
				w.Write([]byte(`{"value":[` + tt.answers[page] + `]` + next + `}`))
				if tt.next != "again" {
					page++
				}
			}))
			defer server.Close()
			e := &engine{outputs: map[string]map[string]any{graphToken: {"token": secret}}}
			with(t, e, func(p lookup.Providers) {
				held, err := p.Held(server.Client(), server.URL+"/", "api", []string{"client"})
				if tt.problem == "" && err != nil || tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)) {
					t.Errorf("got %v, want %q", err, tt.problem)
				}
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("expected no token in %v", err)
				}
				if err == nil {
					want := make(requests.Held)
					for _, role := range tt.want {
						want.Add("client", role)
					}
					if !reflect.DeepEqual(held, want) {
						t.Errorf("got %v, want %v", held, want)
					}
				}
			})
		})
	}
	with(t, &engine{}, func(p lookup.Providers) {
		if held, err := p.Held(nil, "https://graph.test", "api", nil); err != nil || len(held) > 0 {
			t.Errorf("nobody to ask about: got %v, %v", held, err)
		}
		if _, err := p.Held(nil, "https://graph.test", "api", []string{"client"}); err == nil || !strings.Contains(err.Error(), "get a token for Microsoft Graph: refused") {
			t.Errorf("no token: got %v", err)
		}
	})
}
