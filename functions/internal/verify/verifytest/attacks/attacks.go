// Package attacks turns the rows of functions/internal/verify/testdata/attacks.json
// into requests: good and bad access tokens, and good and bad ways to carry
// them. A row is data, so that the same rows can be sent to a verifier in this
// process and to an API that runs elsewhere. The rules are:
//   - a row starts from a good token and says what is different
//   - text in a row may hold the placeholders of [World.text]
//   - every row states the one answer that it must get
//
// It verifies nothing; the tests name the tenant.
//
// Not for production: it is for tests alone.
package attacks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// A Row is one attack, or one good request.
type Row struct {
	Name string `json:"name"`

	Header  map[string]any `json:"header"`  // parameters set
	Claims  map[string]any `json:"claims"`  // claims set
	Without []string       `json:"without"` // "header.kid" or "claims.iss" removed

	HeaderText  string `json:"headerText"`  // the JSON text; ${members} are the good one's, without braces
	PayloadText string `json:"payloadText"` // likewise
	Key         string `json:"key"`         // that signs: "" the tenant's, "foreign", "otherTenant"
	Sign        string `json:"sign"`        // how: "" for RS256, see [World]
	Token       string `json:"token"`       // how its parts are put together; "" for ${h}.${p}.${s}

	Authorization []string `json:"authorization"` // the headers; absent for one "Bearer ${token}"
	Query, Body   string   // of the request

	Want   string `json:"want"` // name of the reason; empty for admitted
	Status int    `json:"status"`
	Error  string `json:"error"` // the challenge's error attribute; empty for none

	// UnknownKey says that the token names a key that the tenant does not have. An
	// API that cannot look for it now, because it did so too often lately, answers
	// 503 with Retry-After instead.
	UnknownKey bool `json:"unknownKey"`

	// Unsendable says that no HTTP server lets the request through: 400 comes
	// from it and not from the handler.
	Unsendable bool `json:"unsendable"`
}

// Read returns the rows of a file; names that appear twice fail the test.
func Read(t testing.TB, path string) []Row {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var rows []Row
	if err := decoder.Decode(&rows); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row.Name] {
			t.Errorf("two rows are named %q", row.Name)
		}
		seen[row.Name] = true
	}
	return rows
}

// CheckAnswer compares an answer with what the row states.
func (r Row) CheckAnswer(t testing.TB, status int, header http.Header) {
	t.Helper()
	want := ""
	switch {
	case r.Want != "" && r.Error == "":
		want = `Bearer realm="api"`
	case r.Error != "":
		want = `Bearer error="` + r.Error + `"`
	}
	if got := header.Get("WWW-Authenticate"); status != r.Status || got != want {
		t.Errorf("got status %d and challenge %q, want %d and %q", status, got, r.Status, want)
	}
}

// CheckServed is [Row.CheckAnswer] for an answer that came through a server.
func (r Row) CheckServed(t testing.TB, response *http.Response) {
	t.Helper()
	if !r.Unsendable {
		if r.UnknownKey && response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
			return
		}
		r.CheckAnswer(t, response.StatusCode, response.Header)
	} else if response.StatusCode != http.StatusBadRequest || response.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("got status %d by the handler, want 400 by the server", response.StatusCode)
	}
}

// Send sends the request's header fields as they are, byte by byte, which a
// client library would not do with some of them. It closes the connection.
func Send(t testing.TB, connection net.Conn, request *http.Request) *http.Response {
	t.Helper()
	defer func() { _ = connection.Close() }() // nothing to save
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n",
		request.Method, request.URL.RequestURI(), connection.RemoteAddr(), len(body))
	for name, values := range request.Header {
		for _, value := range values {
			fmt.Fprintf(&text, "%s: %s\r\n", name, value)
		}
	}
	if _, err := io.WriteString(connection, text.String()+"\r\n"+string(body)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // only the head counts
	return response
}
