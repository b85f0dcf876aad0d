package plugin_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"app-to-app/pulumilocal/provider/enginetest"
	"app-to-app/pulumilocal/provider/plugin"
)

const boxToken = "test:index:Box"

// boxes remembers what the provider under test was asked to do.
type boxes struct {
	calls []string
	store map[string]plugin.Object
	fail  error
}

func (b *boxes) Create(_ context.Context, call plugin.Call) (plugin.Result, error) {
	b.calls = append(b.calls, "create")
	state := plugin.Object{"size": 1.0, "secretWord": "open"}
	for name, value := range call.Inputs {
		state[name] = value
	}
	b.store["1"] = state
	if b.fail != nil {
		return plugin.Result{}, &plugin.PartialError{Result: plugin.Result{ID: "1", State: state}, Err: b.fail}
	}
	return plugin.Result{ID: "1", State: state}, nil
}

func (b *boxes) Read(_ context.Context, call plugin.Call) (plugin.Result, error) {
	b.calls = append(b.calls, "read")
	state, ok := b.store[call.ID]
	if !ok {
		return plugin.Result{}, nil
	}
	return plugin.Result{ID: call.ID, State: state}, nil
}

func (b *boxes) Update(_ context.Context, call plugin.Call) (plugin.Result, error) {
	b.calls = append(b.calls, "update")
	if b.fail != nil {
		return plugin.Result{}, b.fail
	}
	state := b.store[call.ID]
	for name, value := range call.Inputs {
		state[name] = value
	}
	return plugin.Result{ID: call.ID, State: state}, nil
}

func (b *boxes) Delete(_ context.Context, call plugin.Call) error {
	b.calls = append(b.calls, "delete")
	delete(b.store, call.ID)
	return nil
}

func newBoxes(t *testing.T) (*boxes, *enginetest.Engine) {
	t.Helper()
	b := &boxes{store: map[string]plugin.Object{}}
	label := plugin.Field{Type: &plugin.Type{Kind: plugin.String}, Required: true}
	inner := &plugin.Type{Kind: plugin.Record, Fields: map[string]plugin.Field{
		"text": {Type: &plugin.Type{Kind: plugin.String}, Required: true}, "size": {Type: &plugin.Type{Kind: plugin.Number, Integer: true}},
	}}
	args := &plugin.Type{Kind: plugin.Record, Fields: map[string]plugin.Field{
		"label": label, "lid": {Type: &plugin.Type{Kind: plugin.Bool}}, "inner": {Type: inner},
		"words": {Type: &plugin.Type{Kind: plugin.List, Element: &plugin.Type{Kind: plugin.String}}},
		"notes": {Type: &plugin.Type{Kind: plugin.Map, Element: &plugin.Type{Kind: plugin.String}}},
	}}
	state := &plugin.Type{Kind: plugin.Record, Fields: map[string]plugin.Field{
		"size": {Type: &plugin.Type{Kind: plugin.Number}}, "secretWord": {Type: &plugin.Type{Kind: plugin.String}},
	}}
	for name, field := range args.Fields {
		state.Fields[name] = field
	}
	definition := plugin.Definition{
		Name: "test", Version: "1.2.3", Config: []string{"endpoint", "tenantId"},
		Resources: map[string]plugin.Resource{boxToken: {
			Args: args, State: state, Required: []string{"words"}, Replace: []string{"label", "inner"}, Secret: []string{"secretWord"}, Lifecycle: b,
		}},
		Functions: map[string]plugin.Function{"test:index:echo": {Args: args, Secret: []string{"label"},
			Call: func(_ context.Context, args plugin.Object) (plugin.Object, error) { return args, nil }}},
	}
	return b, enginetest.New(t, definition)
}

func box(more map[string]any) enginetest.Properties {
	all := map[string]any{"label": "a", "words": []any{"x"}}
	for name, value := range more {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	return enginetest.Of(all)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	_, engine := newBoxes(t)
	for _, test := range []struct {
		name   string
		inputs map[string]any
		want   string // empty: no failure
	}{
		{"right", nil, ""},
		{"unknown property, near another", map[string]any{"lable": "x"}, `lable: unknown property "lable"; did you mean "label"?`},
		{"unknown property, near none", map[string]any{"zzzzzzzz": "x"}, `zzzzzzzz: unknown property "zzzzzzzz"`},
		{"missing scalar", map[string]any{"label": nil}, `label: missing required property "label"`},
		{"missing list", map[string]any{"words": nil}, `words: missing required property "words"`},
		{"number for a string", map[string]any{"label": 3}, `label: property "label": expected a string, got a number`},
		{"string for a boolean", map[string]any{"lid": "true"}, `lid: property "lid": expected a boolean, got a string`},
		{"element of a list", map[string]any{"words": []any{"x", 4}}, `words[1]: property "words[1]": expected a string, got a number`},
		{"value of a map", map[string]any{"notes": map[string]any{"a": true}}, `notes.a: property "notes.a": expected a string, got a boolean`},
		{"nested unknown", map[string]any{"inner": map[string]any{"text": "t", "txt": "t"}}, `inner.txt: unknown property "inner.txt"; did you mean "text"?`},
		{"nested missing", map[string]any{"inner": map[string]any{"size": 1}}, `inner.text: missing required property "inner.text"`},
		{"fraction for a whole number", map[string]any{"inner": map[string]any{"text": "t", "size": 1.5}}, `inner.size: property "inner.size": expected a whole number, got 1.5`},
		{"null is absent", map[string]any{"label": resource.NewNullProperty()}, `label: missing required property "label"`},
		{"unknown value", map[string]any{"label": enginetest.Unknown}, ""},
		{"unknown list", map[string]any{"words": enginetest.Unknown}, ""},
		{"secret of the wrong type", map[string]any{"lid": enginetest.Secret("x")}, `lid: property "lid": expected a boolean, got a string`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, failures := engine.Check(boxToken, "it", nil, box(test.inputs))
			if got := strings.Join(failures, "\n"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	_, engine := newBoxes(t)
	for _, test := range []struct {
		name     string
		old, new map[string]any
		replaces []string
		changes  pulumirpc.DiffResponse_DiffChanges
	}{
		{"nothing", nil, nil, nil, pulumirpc.DiffResponse_DIFF_NONE},
		{"only secrecy", nil, map[string]any{"label": enginetest.Secret("a")}, nil, pulumirpc.DiffResponse_DIFF_NONE},
		{"an internal key", nil, map[string]any{"__mark": true}, nil, pulumirpc.DiffResponse_DIFF_NONE},
		{"an update", nil, map[string]any{"lid": true}, nil, pulumirpc.DiffResponse_DIFF_SOME},
		{"an element", nil, map[string]any{"words": []any{"x", "y"}}, nil, pulumirpc.DiffResponse_DIFF_SOME},
		{"a replacement", nil, map[string]any{"label": "b"}, []string{"label"}, pulumirpc.DiffResponse_DIFF_SOME},
		{"a replacement that is not known yet", nil, map[string]any{"label": enginetest.Unknown}, []string{"label"}, pulumirpc.DiffResponse_DIFF_SOME},
		{"inside of what replaces", map[string]any{"inner": map[string]any{"text": "t"}}, map[string]any{"inner": map[string]any{"text": "u"}}, []string{"inner.text"}, pulumirpc.DiffResponse_DIFF_SOME},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := engine.Diff(boxToken, box(test.old), box(test.new))
			if !slices.Equal(got.GetReplaces(), test.replaces) || got.GetChanges() != test.changes {
				t.Errorf("got %v replacing %q, want %v replacing %q", got.GetChanges(), got.GetReplaces(), test.changes, test.replaces)
			}
		})
	}
}

func TestPreviewMakesNoCalls(t *testing.T) {
	t.Parallel()
	b, engine := newBoxes(t)
	created := engine.Preview(boxToken, nil, box(map[string]any{"lid": enginetest.Unknown, "label": enginetest.Secret("a")}))
	for name, want := range map[resource.PropertyKey]string{"label": "secret", "lid": "unknown", "size": "unknown", "secretWord": "secret"} {
		if got := sort(created[name]); got != want {
			t.Errorf("preview of a creation: %s: got %s, want %s", name, got, want)
		}
	}
	before := &enginetest.State{ID: "1", Inputs: box(nil), Outputs: enginetest.Of(map[string]any{"label": "a", "size": 7, "secretWord": "open"})}
	updated := engine.Preview(boxToken, before, box(map[string]any{"lid": enginetest.Unknown}))
	for name, want := range map[resource.PropertyKey]string{"label": "known", "lid": "unknown", "size": "known", "secretWord": "secret"} {
		if got := sort(updated[name]); got != want {
			t.Errorf("preview of an update: %s: got %s, want %s", name, got, want)
		}
	}
	if len(b.calls) != 0 {
		t.Errorf("got calls %q, want none", b.calls)
	}
}

// sort names the sort of value that a property has.
func sort(value resource.PropertyValue) string {
	switch {
	case value.IsSecret():
		return "secret"
	case value.IsComputed():
		return "unknown"
	case value.V == nil:
		return "absent"
	}
	return "known"
}

func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	b, engine := newBoxes(t)
	state := engine.MustCreate(boxToken, "it", box(map[string]any{"label": enginetest.Secret("a"),
		"inner": map[string]any{"text": enginetest.Secret("t"), "size": 1}}))
	check := func(when string, state enginetest.State) {
		t.Helper()
		if got := sort(state.Outputs["label"]); got != "secret" {
			t.Errorf("%s: label: got %s, want secret", when, got)
		}
		if got := sort(state.Outputs["secretWord"]); got != "secret" {
			t.Errorf("%s: secretWord: got %s, want secret", when, got)
		}
		inner := state.Outputs["inner"].ObjectValue()
		if text, size := sort(inner["text"]), sort(inner["size"]); text != "secret" || size != "known" {
			t.Errorf("%s: inner: got text %s, size %s, want secret and known", when, text, size)
		}
	}
	check("creation", state)
	state, err := engine.Refresh(state)
	if err != nil {
		t.Fatal(err)
	}
	check("refresh", state)
	if got := sort(state.Inputs["label"]); got != "secret" {
		t.Errorf("refreshed inputs: label: got %s, want secret", got)
	}
	b.store["1"]["label"] = "changed by hand"
	state, err = engine.Refresh(state)
	if err != nil {
		t.Fatal(err)
	}
	check("refresh of a change", state)
	if got := sort(state.Inputs["label"]); got != "secret" {
		t.Errorf("changed inputs: label: got %s, want secret", got)
	}
}

func TestReadTakesOverWhatChanged(t *testing.T) {
	t.Parallel()
	b, engine := newBoxes(t)
	state := engine.MustCreate(boxToken, "it", box(map[string]any{"inner": map[string]any{"text": "t"}}))
	b.store["1"]["inner"] = plugin.Object{"text": "t", "size": 2.0} // the service filled in a default
	b.store["1"]["notes"] = plugin.Object{"by": "hand"}
	b.store["1"]["size"] = 9.0 // no input
	delete(b.store["1"], "words")
	state, err := engine.Refresh(state)
	if err != nil {
		t.Fatal(err)
	}
	want := enginetest.Of(map[string]any{"label": "a", "inner": map[string]any{"text": "t", "size": 2}, "notes": map[string]any{"by": "hand"}})
	if !state.Inputs.DeepEquals(want) {
		t.Errorf("got inputs %v, want %v", state.Inputs, want)
	}
	again, err := engine.Refresh(state)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Inputs.DeepEquals(state.Inputs) {
		t.Errorf("second refresh: got inputs %v, want %v", again.Inputs, state.Inputs)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	b, engine := newBoxes(t)
	b.store["7"] = plugin.Object{"label": "a", "size": 3.0, "secretWord": "open", "words": []any{"x"}, "notes": plugin.Object{}}
	state, err := engine.Refresh(enginetest.State{Token: boxToken, ID: "7"})
	if err != nil {
		t.Fatal(err)
	}
	if want := box(nil); state.ID != "7" || !state.Inputs.DeepEquals(want) {
		t.Errorf("got id %q, inputs %v, want 7 and %v", state.ID, state.Inputs, want)
	}
	gone, err := engine.Refresh(enginetest.State{Token: boxToken, ID: "8"})
	if err != nil || gone.ID != "" {
		t.Errorf("import of nothing: got id %q, error %v, want neither", gone.ID, err)
	}
}

func TestPartialFailureKeepsTheObject(t *testing.T) {
	t.Parallel()
	b, engine := newBoxes(t)
	b.fail = errors.New("the lid does not fit")
	state, err := engine.Create(boxToken, "it", box(nil))
	if err == nil || !strings.Contains(err.Error(), "the lid does not fit") {
		t.Errorf("got error %v, want the cause", err)
	}
	if state.ID != "1" || !state.Outputs["size"].IsNumber() || !state.Inputs["label"].IsString() {
		t.Errorf("got state %+v, want the object's", state)
	}
	kept, err := engine.Update(state, box(map[string]any{"lid": true}))
	if err == nil || kept.ID != "" {
		t.Errorf("update that did nothing: got id %q, error %v, want only an error", kept.ID, err)
	}
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	_, engine := newBoxes(t)
	result, err := engine.Invoke("test:index:echo", map[string]any{"label": "a"})
	if err != nil || sort(result["label"]) != "secret" {
		t.Errorf("got %v, %v, want a secret label", result, err)
	}
	if _, err := engine.Invoke("test:index:echo", map[string]any{"lable": "a"}); err == nil || !strings.Contains(err.Error(), "lab") {
		t.Errorf("wrong argument: got error %v, want one naming it", err)
	}
	if _, err := engine.Invoke("test:index:ecko", nil); err == nil || !strings.Contains(err.Error(), `did you mean "test:index:echo"?`) {
		t.Errorf("wrong function: got error %v, want one naming the nearest", err)
	}
}

func TestProtocol(t *testing.T) {
	t.Parallel()
	_, engine := newBoxes(t)
	ctx, server := t.Context(), engine.Server()
	info, err := server.GetPluginInfo(ctx, &emptypb.Empty{})
	if err != nil || info.GetVersion() != "1.2.3" {
		t.Errorf("GetPluginInfo: got %v, %v, want 1.2.3", info, err)
	}
	configured, err := server.Configure(ctx, &pulumirpc.ConfigureRequest{AcceptSecrets: true})
	if err != nil || !configured.GetAcceptSecrets() || !configured.GetSupportsPreview() || !configured.GetAcceptOutputs() {
		t.Errorf("Configure: got %v, %v, want secrets, previews and outputs", configured, err)
	}
	if _, err := server.Handshake(ctx, &pulumirpc.ProviderHandshakeRequest{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("Handshake: got %v, want Unimplemented", err)
	}
	resp, err := server.CheckConfig(ctx, &pulumirpc.CheckRequest{Urn: enginetest.URN("pulumi:providers:test", "default")})
	if err != nil || len(resp.GetFailures()) != 0 {
		t.Errorf("CheckConfig: got %v, %v, want no failure", resp, err)
	}
	_, err = server.Check(ctx, &pulumirpc.CheckRequest{Urn: enginetest.URN("test:index:Bux", "it")})
	if err == nil || !strings.Contains(err.Error(), `"test:index:Bux" is not emulated by the stand-in for test; did you mean "test:index:Box"?`) {
		t.Errorf("Check of an unknown type: got %v, want one naming the nearest", err)
	}
}

func TestCancelEndsOperations(t *testing.T) {
	t.Parallel()
	started := make(chan struct{})
	wait := func(ctx context.Context, _ plugin.Object) (plugin.Object, error) {
		close(started)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	engine := enginetest.New(t, plugin.Definition{Name: "test", Version: "1.0.0", Functions: map[string]plugin.Function{
		"test:index:wait": {Args: &plugin.Type{Kind: plugin.Record}, Call: wait},
	}})
	done := make(chan error)
	go func() { _, err := engine.Invoke("test:index:wait", nil); done <- err }()
	<-started
	if _, err := engine.Server().Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("got %v, want a cancelled call", err)
	}
}

// crateArgs is a struct as the SDKs have them behind their arguments.
type crateArgs struct {
	Name  string            `pulumi:"name"`
	Width *int              `pulumi:"width"`
	Tags  map[string]string `pulumi:"tags"`
	Extra string            `pulumi:"extra,optional"`
	Any   any               `pulumi:"any"`
	Sub   *crateArgs        `pulumi:"sub"`
}

func TestTypeOf(t *testing.T) {
	t.Parallel()
	got := plugin.TypeOf(crateArgs{})
	for name, want := range map[string]plugin.Field{
		"name": {Type: &plugin.Type{Kind: plugin.String}, Required: true}, "width": {Type: &plugin.Type{Kind: plugin.Number}},
		"tags": {Type: &plugin.Type{Kind: plugin.Map}}, "extra": {Type: &plugin.Type{Kind: plugin.String}}, "any": {Type: &plugin.Type{}},
		"sub": {Type: &plugin.Type{Kind: plugin.Record}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			field, ok := got.Fields[name]
			if !ok || field.Type.Kind != want.Type.Kind || field.Required != want.Required {
				t.Errorf("got %+v, want %+v", field, want)
			}
		})
	}
	if len(got.Fields) != 6 {
		t.Errorf("got %d fields, want 6", len(got.Fields))
	}
}
