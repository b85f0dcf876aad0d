package customhandler_test

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"

	"app-to-app/functions/internal/customhandler"
)

// served starts a handler with these variables and returns its address.
func served(t *testing.T, variables map[string]string) (host string, log *captured, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	log = &captured{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		values := map[string]string{"FUNCTIONS_CUSTOMHANDLER_PORT": "0"}
		maps.Copy(values, variables)
		customhandler.Run(ctx, environ(values), io.MultiWriter(log, writer), func(_ context.Context, app *customhandler.App) error {
			app.HTTP("GET /api/x", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { customhandler.WriteJSON(w, 200, "secret") }))
			return nil
		})
		_ = writer.Close()
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return address(t, reader), log, stop
}

// ask sends a request with this Host to the handler.
func ask(t *testing.T, address, host string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+"/api/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func TestForeignHostOnADevelopersMachine(t *testing.T) {
	t.Parallel()
	address, log, stop := served(t, nil)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "localhost:" + port, "localhost:7071", address, "127.0.0.1", "127.1.2.3:80", "[::1]:" + port, "[::1]"} {
		if status, _ := ask(t, address, host); status != http.StatusOK {
			t.Errorf("%s: got %d, want 200", host, status)
		}
	}
	foreign := []string{
		"attacker.test", "attacker.test:" + port, "127.0.0.1.attacker.test", "localhost.attacker.test", "localhost.", "notlocalhost",
		"0.0.0.0:" + port, "192.168.1.5", "169.254.169.254", "2130706433", "0x7f000001", "127.1", "[::]:80", "[fe80::1]", "app.azurewebsites.net",
	}
	for _, host := range foreign {
		if status, body := ask(t, address, host); status != http.StatusMisdirectedRequest || strings.Contains(body, "secret") {
			t.Errorf("%s: got %d and %q, want 421 and no answer", host, status, body)
		}
	}
	stop()
	if got := strings.Count(log.String(), `"request refused"`); got != 1 {
		t.Errorf("got %d lines, want one and the count of the others", got)
	}
	if !strings.Contains(log.String(), `"kind":"foreign host","count":14`) || strings.Contains(log.String(), "attacker") {
		t.Errorf("got %s, want the count of the other 14 at the end, and no name that a stranger chose", log)
	}
}

// TestAnyHostInAzure: the Functions host passes the caller's Host on, and each plan
// sets at least one of these.
func TestAnyHostInAzure(t *testing.T) {
	t.Parallel()
	for variables, want := range map[string]int{
		"WEBSITE_INSTANCE_ID": http.StatusOK, "WEBSITE_SITE_NAME": http.StatusOK, "WEBSITE_POD_NAME": http.StatusOK, "IDENTITY_ENDPOINT IDENTITY_HEADER": http.StatusOK,
		// Of a machine of Azure Arc, and of any container.
		"IDENTITY_ENDPOINT IMDS_ENDPOINT": http.StatusMisdirectedRequest, "CONTAINER_NAME": http.StatusMisdirectedRequest,
	} {
		t.Run(variables, func(t *testing.T) {
			t.Parallel()
			settings := make(map[string]string)
			for _, variable := range strings.Fields(variables) {
				settings[variable] = "x"
			}
			address, _, _ := served(t, settings)
			if status, _ := ask(t, address, "orders.azurewebsites.net"); status != want {
				t.Errorf("got %d, want %d", status, want)
			}
		})
	}
}

// TestHandlerIsNotOnTheNetwork: no address but 127.0.0.1 answers.
func TestHandlerIsNotOnTheNetwork(t *testing.T) {
	t.Parallel()
	address, _, _ := served(t, nil)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range append(addresses, &net.IPNet{IP: net.IPv4(127, 0, 0, 2)}) {
		network, ok := other.(*net.IPNet)
		if !ok || network.IP.Equal(net.IPv4(127, 0, 0, 1)) {
			continue
		}
		if connection, err := net.Dial("tcp", net.JoinHostPort(network.IP.String(), port)); err == nil {
			_ = connection.Close()
			t.Errorf("%s answers, want 127.0.0.1 alone", network.IP)
		}
	}
}
