package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestSummaryNamesTheAPI: the last screen calls the API what the stack calls it.
func TestSummaryNamesTheAPI(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s, _ := newTestScreen(&out, false)
	d := &demonstration{screen: s, api: "stock-api", refused: 401}
	one := result{TokenProvider: "azidentity", Credential: "managedIdentity", Status: 200, Orders: []json.RawMessage{[]byte(`{"id":1}`)}, Caller: caller{ObjectID: "o", Roles: []string{"Stock.Read"}}}
	if err := d.summary([]clientResult{{"stock-client", []result{one}}}, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"object ids as stock-api saw them", "──[ Stock.Read ]──▶ stock-api: 1 order\n", "✗ stock-api: 401\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got:\n%s\nwant %q in it", &out, want)
		}
	}
	if strings.Contains(out.String(), "orders-api") {
		t.Errorf("got:\n%s\nwant no other API", &out)
	}
}
