package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"app-to-app/functions/internal/verify"
)

// A blobs is a container that takes a blob once. It answers as storage does
// (https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes).
type blobs struct {
	mu   sync.Mutex
	kept map[string][]byte // by path
	down bool
}

func (b *blobs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	refuse := func(status int, code string) {
		w.Header().Set("x-ms-error-code", code)
		w.WriteHeader(status)
	}
	content, exists := b.kept[r.URL.Path]
	switch {
	case b.down:
		refuse(http.StatusForbidden, "AuthorizationPermissionMismatch")
	case r.Method == http.MethodPut && r.Header.Get("If-None-Match") != "*":
		refuse(http.StatusBadRequest, "Unconditional")
	case r.Method == http.MethodPut && exists:
		refuse(http.StatusConflict, "BlobAlreadyExists")
	case r.Method == http.MethodPut:
		b.kept[r.URL.Path], _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
	case !exists:
		refuse(http.StatusNotFound, "BlobNotFound")
	default:
		_, _ = w.Write(content)
	}
}

func newNotes(t *testing.T) (notes, *blobs, *bytes.Buffer) {
	t.Helper()
	storage, log := &blobs{kept: make(map[string][]byte)}, &bytes.Buffer{}
	server := httptest.NewServer(storage)
	t.Cleanup(server.Close)
	client, err := container.NewClientWithNoCredential(server.URL+"/data", &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: server.Client(), Retry: policy.RetryOptions{MaxRetries: -1}}})
	if err != nil {
		t.Fatal(err)
	}
	return notes{blobs: client, logger: slog.New(slog.NewJSONHandler(log, nil))}, storage, log
}

// send sends a note as a caller, and returns the answer.
func (n notes) send(caller, key, kind, content string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/api/notes", strings.NewReader(content))
	r.Header.Set("Content-Type", kind)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	n.write(w, r, verify.Claims{ObjectID: caller})
	return w
}

func (n notes) get(caller, key string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/api/notes/"+key, nil)
	r.SetPathValue("key", key)
	w := httptest.NewRecorder()
	n.read(w, r, verify.Claims{ObjectID: caller})
	return w
}

func TestWriteNote(t *testing.T) {
	t.Parallel()
	n, storage, log := newNotes(t)
	const key, hello = "key-00001", `{"text":"hello"}`
	for _, tt := range []struct {
		name, caller, key, kind, content string
		want                             int
		code                             string
	}{
		{"a new note", "a", key, "application/json", hello, 201, ""},
		{"the same again", "a", key, "application/json; charset=utf-8", ` {"text": "hello"} `, 201, ""},
		{"another one under its key", "a", key, "application/json", `{"text":"bye"}`, 409, "key_in_use"},
		{"the key of another caller", "b", key, "application/json", `{"text":"bye"}`, 201, ""},
		{"no key", "a", "", "application/json", hello, 400, "invalid_key"},
		{"a short key", "a", "1234567", "application/json", hello, 400, "invalid_key"},
		{"a key that is a path", "a", "../b/key-00001", "application/json", hello, 400, "invalid_key"},
		{"a form", "a", "key-00002", "application/x-www-form-urlencoded", "text=hello", 400, "invalid_note"},
		{"no JSON", "a", "key-00002", "application/json", "hello", 400, "invalid_note"},
		{"an unknown member", "a", "key-00002", "application/json", `{"text":"x","owner":"b"}`, 400, "invalid_note"},
		{"two objects", "a", "key-00002", "application/json", hello + hello, 400, "invalid_note"},
		{"no text", "a", "key-00002", "application/json", `{"text":" "}`, 400, "invalid_note"},
		{"too long", "a", "key-00002", "application/json", `{"text":"` + strings.Repeat("x", maxNoteBytes) + `"}`, 400, "invalid_note"},
	} {
		w := n.send(tt.caller, tt.key, tt.kind, tt.content)
		if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.code) || tt.want == 201 && w.Header().Get("Location") != "/api/notes/"+tt.key {
			t.Errorf("%s: got %d %s at %q, want %d %s", tt.name, w.Code, w.Body, w.Header().Get("Location"), tt.want, tt.code)
		}
	}
	if len(storage.kept) != 2 || string(storage.kept["/data/a/"+key]) != hello {
		t.Errorf("got %q, want one note of each caller", storage.kept)
	}
	storage.down = true
	w := n.send("a", "key-00003", "application/json", hello)
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "Authorization") || !strings.Contains(log.String(), "AuthorizationPermissionMismatch") {
		t.Errorf("storage refuses: got %d %s with the log %s, want 503 and the cause in the log only", w.Code, w.Body, log)
	}
}

func TestReadNote(t *testing.T) {
	t.Parallel()
	n, storage, _ := newNotes(t)
	n.send("a", "key-00001", "application/json", `{"text":"hello"}`)
	for _, tt := range []struct {
		caller, key string
		want        int
		text        string
	}{
		{"a", "key-00001", 200, `{"text":"hello"}`},
		{"b", "key-00001", 404, "not_found"},
		{"a", "key-00002", 404, "not_found"},
		{"a", "..", 404, "not_found"},
	} {
		if w := n.get(tt.caller, tt.key); w.Code != tt.want || !strings.Contains(w.Body.String(), tt.text) {
			t.Errorf("%s as %s: got %d %s, want %d %s", tt.key, tt.caller, w.Code, w.Body, tt.want, tt.text)
		}
	}
	storage.down = true
	if w := n.get("a", "key-00001"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("storage refuses: got %d, want 503", w.Code)
	}
}

// TestSameNoteAtOnce: of requests with one key and other notes exactly one is first.
func TestSameNoteAtOnce(t *testing.T) {
	t.Parallel()
	n, _, _ := newNotes(t)
	var running sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		running.Go(func() {
			codes[i] = n.send("a", "key-00001", "application/json", `{"text":"`+strings.Repeat("x", i+1)+`"}`).Code
		})
	}
	running.Wait()
	count := make(map[int]int)
	for _, code := range codes {
		count[code]++
	}
	if count[201] != 1 || count[409] != 7 {
		t.Errorf("got %v, want one 201 and seven 409", count)
	}
}
