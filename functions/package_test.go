package functions_test

import (
	"compress/flate"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestHandlersStaySmall: every cold start loads the package from a blob.
func TestHandlersStaySmall(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]counter{"orders-api": 4 << 20, "orders-client": 6 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(binaries, name))
			if err != nil {
				t.Fatal(err)
			}
			// The zip around it adds some hundred bytes.
			var size counter
			writer, err := flate.NewWriter(&size, flate.BestSpeed)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := writer.Write(content); err != nil {
				t.Fatal(err)
			}
			if err := writer.Close(); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes compressed", size)
			if size > limit {
				t.Errorf("got %d bytes compressed, want at most %d", size, limit)
			}
		})
	}
}

type counter int

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// TestFunctionFiles: host.json and the function.json files say what the handlers
// expect of the Functions host.
func TestFunctionFiles(t *testing.T) {
	t.Parallel()
	for _, app := range []string{"orders-api", "orders-client"} {
		var host struct {
			Version       string
			CustomHandler struct {
				Description                struct{ DefaultExecutablePath string }
				EnableProxyingHTTPRequest  bool `json:"enableProxyingHttpRequest"`
				EnableForwardingHTTPRequet bool `json:"enableForwardingHttpRequest"`
			}
		}
		t.Run(app+" host.json", func(t *testing.T) {
			read(t, filepath.Join(app, "host.json"), &host)
			if custom := host.CustomHandler; host.Version != "2.0" || custom.Description.DefaultExecutablePath != "handler" ||
				!custom.EnableProxyingHTTPRequest || custom.EnableForwardingHTTPRequet {
				t.Errorf("got %+v, want version 2.0, handler, proxying", host)
			}
		})
	}
	type binding struct {
		Type, Direction, Name, AuthLevel, Route, Schedule string
		Methods                                           []string
		RunOnStartup, UseMonitor                          bool
	}
	for file, want := range map[string]binding{
		"orders-api/GetOrders":    {Type: "httpTrigger", AuthLevel: "anonymous", Route: "orders", Name: "req", Methods: []string{"get"}},
		"orders-api/ExportOrders": {Type: "httpTrigger", AuthLevel: "anonymous", Route: "orders/export", Name: "req", Methods: []string{"get"}},
		"orders-client/ProcessOrders": {Type: "httpTrigger", AuthLevel: "function", Route: "ProcessOrders", Name: "req",
			Methods: []string{"get", "post"}},
		"orders-client/ProcessOrdersTimer": {Type: "timerTrigger", Name: "timer", Schedule: "%ORDERS_SCHEDULE%", UseMonitor: true},
	} {
		t.Run(file, func(t *testing.T) {
			var function struct{ Bindings []binding }
			read(t, filepath.Join(file, "function.json"), &function)
			want.Direction = "in"
			got, err := json.Marshal(function.Bindings[0])
			if err != nil {
				t.Fatal(err)
			}
			if expected, _ := json.Marshal(want); string(got) != string(expected) {
				t.Errorf("got %s, want %s", got, expected)
			}
			// One trigger and one http output: then the host proxies the request.
			if http := want.Type == "httpTrigger"; http != (len(function.Bindings) == 2 && function.Bindings[1].Type == "http") {
				t.Errorf("got bindings %+v", function.Bindings)
			}
		})
	}
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
