package plugin_test

import (
	"encoding/json"
	"reflect"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"app-to-app/pulumilocal/provider/enginetest"
	"app-to-app/pulumilocal/provider/plugin"
)

// A shelf contains shelves, and its names are those of an SDK.
type shelf struct {
	Label  string         `pulumi:"label"`
	Count  *int           `pulumi:"count"`
	Weight *float64       `pulumi:"weight"`
	Full   *bool          `pulumi:"full"`
	Any    any            `pulumi:"any"`
	Inner  *shelf         `pulumi:"inner"`
	Rows   []shelf        `pulumi:"rows"`
	Notes  map[string]int `pulumi:"notes"`
}

func TestSchema(t *testing.T) {
	t.Parallel()
	args := plugin.TypeOf(shelf{}).With(map[string]plugin.Traits{"full": {Default: true}})
	definition := plugin.Definition{Name: "test", Version: "1.2.3", Config: []string{"endpoint"},
		Resources: map[string]plugin.Resource{"test:index/shelf:Shelf": {
			Args: args, State: plugin.TypeOf(shelf{}), Required: []string{"rows"}, Replace: []string{"label"}, Secret: []string{"count"},
		}},
		Functions: map[string]plugin.Function{"test:index/getShelf:getShelf": {Args: plugin.TypeOf(crateArgs{})}},
	}
	resp, err := enginetest.New(t, definition).Server().GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal([]byte(resp.GetSchema()), &got); err != nil {
		t.Fatal(err)
	}
	const (
		self     = `{"$ref":"#/types/test:index/shelf:shelf"}`
		common   = `"weight":{"type":"number"},"any":{"$ref":"pulumi.json#/Any"},"inner":` + self + `,"rows":{"type":"array","items":` + self + `},"notes":{"type":"object","additionalProperties":{"type":"integer"}}`
		nested   = `"label":{"type":"string"},"count":{"type":"integer"},"full":{"type":"boolean"},` + common
		crates   = `"name":{"type":"string"},"width":{"type":"integer"},"tags":{"type":"object","additionalProperties":{"type":"string"}},"extra":{"type":"string"},"any":{"$ref":"pulumi.json#/Any"},"sub":{"$ref":"#/types/test:index/crateArgs:crateArgs"}`
		document = `{"name":"test","version":"1.2.3","meta":{"moduleFormat":"(.*)(?:/[^/]*)"},"config":{"variables":{"endpoint":{"type":"string"}}},
"types":{"test:index/shelf:shelf":{"type":"object","required":["label"],"properties":{` + nested + `}},
"test:index/crateArgs:crateArgs":{"type":"object","required":["name"],"properties":{` + crates + `}}},
"resources":{"test:index/shelf:Shelf":{"requiredInputs":["label","rows"],
"properties":{"label":{"type":"string"},"count":{"type":"integer","secret":true},"full":{"type":"boolean"},` + common + `},
"inputProperties":{"label":{"type":"string","willReplaceOnChanges":true},"count":{"type":"integer"},"full":{"type":"boolean","default":true},` + common + `}}},
"functions":{"test:index/getShelf:getShelf":{"inputs":{"type":"object","required":["name"],"properties":{` + crates + `}}}}}`
	)
	if err := json.Unmarshal([]byte(document), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", resp.GetSchema(), document)
	}
}
