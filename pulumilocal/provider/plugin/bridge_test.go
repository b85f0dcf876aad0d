package plugin_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"app-to-app/pulumilocal/provider/enginetest"
	"app-to-app/pulumilocal/provider/plugin"
)

// itemArgs and item are as the SDK of a bridged provider has them.
type itemArgs struct {
	Name   string            `pulumi:"name"`
	Color  *string           `pulumi:"color"`
	Open   *bool             `pulumi:"open"`
	Tags   []string          `pulumi:"tags"`
	Order  []string          `pulumi:"order"`
	Labels map[string]string `pulumi:"labels"`
	Size   *itemSize         `pulumi:"size"`
	Parts  []itemSize        `pulumi:"parts"`
	Twin   *string           `pulumi:"twin"`
}

type itemSize struct {
	Width *int    `pulumi:"width"`
	Unit  *string `pulumi:"unit"`
}

// newItems are boxes behind a bridge.
func newItems(t *testing.T) (*boxes, *enginetest.Engine) {
	t.Helper()
	b := &boxes{store: map[string]plugin.Object{}}
	args := plugin.TypeOf(itemArgs{}).With(map[string]plugin.Traits{
		"color": {Default: "red"}, "tags": {Set: true}, "size.unit": {Default: "cm"}, "parts.unit": {Default: "cm"}, "twin": {Computed: true, Unimported: true},
	})
	state := plugin.TypeOf(struct {
		itemArgs
		Serial string `pulumi:"serial"`
	}{})
	for name, field := range plugin.TypeOf(itemArgs{}).Fields {
		state.Fields[name] = field
	}
	return b, enginetest.New(t, plugin.Definition{Name: "test", Version: "1.0.0", Resources: map[string]plugin.Resource{boxToken: {
		Args: args, State: state, Replace: []string{"name"}, Lifecycle: b, Timeouts: plugin.Timeouts{Create: time.Minute},
		Bridge: &plugin.Bridge{SchemaVersion: 3, Recomputed: map[string]string{"tags": "serial"}},
	}}})
}

func item(more map[string]any) enginetest.Properties {
	inputs := map[string]any{"name": "a"}
	for name, value := range more {
		inputs[name] = value
	}
	return enginetest.Of(inputs)
}

func TestDefaultsOfABridge(t *testing.T) {
	t.Parallel()
	_, engine := newItems(t)
	got := engine.MustCheck(boxToken, "it", item(map[string]any{"size": map[string]any{"width": 1}, "parts": []any{map[string]any{"unit": "m"}, map[string]any{}},
		"open": resource.NewNullProperty(), "labels": map[string]any{"unit": "x"}}))
	want := enginetest.Of(map[string]any{"__defaults": []any{"color"}, "name": "a", "color": "red", "labels": map[string]any{"unit": "x"},
		"size":  map[string]any{"__defaults": []any{"unit"}, "width": 1, "unit": "cm"},
		"parts": []any{map[string]any{"__defaults": []any{}, "unit": "m"}, map[string]any{"__defaults": []any{"unit"}, "unit": "cm"}}})
	if !got.DeepEquals(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	secret := engine.MustCheck(boxToken, "it", item(map[string]any{"size": resource.MakeSecret(resource.NewPropertyValue(map[string]any{"width": 1}))}))
	if size := secret["size"]; !size.IsSecret() || !size.SecretValue().Element.ObjectValue()["unit"].IsString() {
		t.Errorf("secret object: got %v, want it secret, with its default", size)
	}
}

func TestStateOfABridge(t *testing.T) {
	t.Parallel()
	b, engine := newItems(t)
	state := engine.MustCreate(boxToken, "it", item(map[string]any{"order": []any{}}))
	for name, want := range map[resource.PropertyKey]resource.PropertyValue{
		"id": resource.NewProperty("1"), "serial": resource.NewNullProperty(), "labels": resource.NewNullProperty(), "twin": resource.NewNullProperty(),
		"order":  resource.NewProperty([]resource.PropertyValue{}), // given
		"__meta": resource.NewProperty(`{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":60000000000,"delete":300000000000,"read":300000000000,"update":300000000000},"schema_version":"3"}`),
	} {
		if got, ok := state.Outputs[name]; !ok || !got.DeepEquals(want) {
			t.Errorf("%s: got %v (there: %t), want %v", name, got, ok, want)
		}
	}
	b.store["1"]["tags"] = []any{} // as a service answers
	updated, err := engine.Update(state, item(map[string]any{"open": true}))
	if err != nil || !updated.Outputs["tags"].IsNull() {
		t.Errorf("update: got tags %v, %v, want null as planned", updated.Outputs["tags"], err)
	}
	read, err := engine.Refresh(state)
	if err != nil || !read.Outputs["tags"].IsArray() {
		t.Errorf("refresh: got tags %v, %v, want the empty list that was read", read.Outputs["tags"], err)
	}
}

func TestDiffOfABridge(t *testing.T) {
	t.Parallel()
	_, engine := newItems(t)
	state := enginetest.State{Token: boxToken, ID: "1", Inputs: item(nil), Outputs: enginetest.Of(map[string]any{"name": "a", "color": "red", "open": false,
		"tags": []any{"x", "y"}, "order": []any{"x", "y"}, "twin": "t", "serial": "1", "size": map[string]any{"width": 1, "unit": "cm"}, "parts": []any{map[string]any{"width": 0, "unit": "cm"}}})}
	same := map[string]any{"name": "a", "color": "red", "tags": []any{"y", "x"}, "order": []any{"x", "y"}, "size": map[string]any{"width": 1, "unit": "cm"}}
	without := func(name string) map[string]any { return map[string]any{name: resource.NewNullProperty()} }
	for _, test := range []struct {
		name   string
		change map[string]any
		ignore []string
		want   []string
	}{
		{"nothing; sets have no order, twin is computed, parts are all default", nil, nil, nil},
		{"secrecy", map[string]any{"color": enginetest.Secret("red")}, nil, nil},
		{"the zero of what is not there", map[string]any{"labels": map[string]any{}}, nil, nil},
		{"a value", map[string]any{"color": "blue"}, nil, []string{"color"}},
		{"an ignored value", map[string]any{"color": "blue"}, []string{"color"}, nil},
		{"a value inside", map[string]any{"size": map[string]any{"width": 2, "unit": "cm"}}, nil, []string{"size.width"}},
		{"an ignored value inside", map[string]any{"size": map[string]any{"width": 2, "unit": "m"}}, []string{"size.width"}, []string{"size.unit"}},
		{"the order of a list", map[string]any{"order": []any{"y", "x"}}, nil, []string{"order"}},
		{"an element of a set, and what is computed from it", map[string]any{"tags": []any{"x", "z"}}, nil, []string{"serial", "tags"}},
		{"one element twice", map[string]any{"tags": []any{"x", "x"}}, nil, []string{"serial", "tags"}},
		{"an ignored set, and what is computed from it", map[string]any{"tags": []any{"z"}}, []string{"tags"}, []string{"serial"}},
		{"an ignored set with what is computed from it", map[string]any{"tags": []any{"z"}}, []string{"tags", "serial"}, nil},
		{"a list no longer given", without("order"), nil, []string{"order"}},
		{"an object no longer given", without("size"), nil, []string{"size"}},
		{"a value that is not known yet", map[string]any{"color": enginetest.Unknown}, nil, []string{"color"}},
		{"a new map", map[string]any{"labels": map[string]any{"a": "b"}}, nil, []string{"labels"}},
		{"true for a missing flag", map[string]any{"open": true}, nil, []string{"open"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inputs := enginetest.Of(same)
			for name, value := range test.change {
				inputs[resource.PropertyKey(name)] = resource.NewPropertyValue(value)
			}
			resp := engine.DiffState(state, inputs, test.ignore...)
			got := resp.GetDiffs()
			slices.Sort(got)
			if !slices.Equal(got, test.want) || (resp.GetChanges() == pulumirpc.DiffResponse_DIFF_NONE) != (test.want == nil) || len(resp.GetReplaces()) != 0 {
				t.Errorf("got %v of %q, replacing %q, want changes of %q", resp.GetChanges(), got, resp.GetReplaces(), test.want)
			}
		})
	}
	if got := engine.DiffState(state, item(map[string]any{"name": "b"})).GetReplaces(); fmt.Sprint(got) != "[name]" {
		t.Errorf("another name: got replacements for %q, want for name", got)
	}
}

func TestPreviewOfABridge(t *testing.T) {
	t.Parallel()
	_, engine := newItems(t)
	before := &enginetest.State{Token: boxToken, ID: "1", Outputs: enginetest.Of(map[string]any{"name": "a", "tags": []any{"x"}, "serial": "1"})}
	if got := engine.Preview(boxToken, before, item(map[string]any{"tags": []any{"x"}, "open": true})); !got["serial"].IsString() {
		t.Errorf("the same tags: got serial %v, want the state's", got["serial"])
	}
	if got := engine.Preview(boxToken, before, item(map[string]any{"tags": []any{"y"}})); !got["serial"].IsComputed() {
		t.Errorf("other tags: got serial %v, want it unknown", got["serial"])
	}
}

func TestRefreshOfABridge(t *testing.T) {
	t.Parallel()
	b, engine := newItems(t)
	given := item(map[string]any{"tags": []any{"x", "y"}, "size": map[string]any{"width": 1}, "order": []any{"p", "q"}, "labels": map[string]any{"k": enginetest.Secret("v")}})
	state := engine.MustCreate(boxToken, "it", given)
	b.store["1"]["tags"], b.store["1"]["open"] = []any{"y", "x"}, true // another order, and something that is not given
	refreshed, err := engine.Refresh(state)
	if err != nil || !refreshed.Inputs.DeepEquals(state.Inputs) {
		t.Errorf("got inputs %v, %v, want those before, %v", refreshed.Inputs, err, state.Inputs)
	}
	b.store["1"]["color"], b.store["1"]["size"] = "blue", plugin.Object{"width": 2.0, "unit": "cm"}
	delete(b.store["1"], "order")
	if refreshed, err = engine.Refresh(state); err != nil {
		t.Fatal(err)
	}
	want := state.Inputs.Copy()
	want["__defaults"] = resource.NewPropertyValue([]any{}) // color is not the default any more
	want["color"], want["size"] = resource.NewProperty("blue"), resource.NewPropertyValue(map[string]any{"__defaults": []any{"unit"}, "width": 2, "unit": "cm"})
	delete(want, "order")
	if !refreshed.Inputs.DeepEquals(want) {
		t.Errorf("got inputs %v, want %v", refreshed.Inputs, want)
	}
}

func TestImportFromABridge(t *testing.T) {
	t.Parallel()
	b, engine := newItems(t)
	b.store["7"] = plugin.Object{"name": "a", "color": "red", "open": false, "tags": []any{}, "order": []any{"p"}, "twin": "t", "serial": "1",
		"size": plugin.Object{"width": 3.0, "unit": "cm"}, "parts": []any{plugin.Object{"width": 0.0, "unit": "cm"}}}
	state, err := engine.Refresh(enginetest.State{Token: boxToken, ID: "7"})
	want := item(map[string]any{"__defaults": []any{}, "order": []any{"p"}, "size": map[string]any{"__defaults": []any{}, "width": 3}})
	if err != nil || !state.Inputs.DeepEquals(want) {
		t.Errorf("got inputs %v, %v, want %v", state.Inputs, err, want)
	}
}

func TestTraitsOfNothing(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("got no panic, want one at the start of the plugin")
		}
	}()
	plugin.TypeOf(itemArgs{}).With(map[string]plugin.Traits{"colour": {Set: true}})
}
