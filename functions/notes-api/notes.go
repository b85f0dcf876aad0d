package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/verify"
)

// This file writes and reads notes. The rules are:
//   - a note belongs to the caller that wrote it: its blob is in a folder that is
//     named after the caller's object id, so nobody can reach another one's
//   - the caller chooses the key (Idempotency-Key,
//     draft-ietf-httpapi-idempotency-key-header), and may send a request again
//     when it does not know what became of it
//   - a blob is made once: If-None-Match: * lets storage decide which of two
//     requests is first, so there is no gap between looking and writing
//     (https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations)

const (
	maxNoteBytes   = 4 << 10
	storageTimeout = 20 * time.Second
)

// keyPattern is what is good for a blob's name and for a path without escapes.
var keyPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// A note is what the caller sends, and what is kept.
type note struct {
	Text string `json:"text"`
}

type notes struct {
	blobs  *container.Client
	logger *slog.Logger
}

// write is the function WriteNote: 201 for a new note and for the same one again,
// 409 for another one under the same key, 400 for what cannot be read.
func (n notes) write(w http.ResponseWriter, r *http.Request, from verify.Claims) {
	key := r.Header.Get("Idempotency-Key")
	if !keyPattern.MatchString(key) {
		customhandler.WriteError(w, http.StatusBadRequest, "invalid_key", "the header Idempotency-Key must have 8 to 64 letters, digits, hyphens or underscores")
		return
	}
	sent, problem := decode(r)
	if problem != "" {
		customhandler.WriteError(w, http.StatusBadRequest, "invalid_note", problem)
		return
	}
	content, err := json.Marshal(sent)
	if err != nil {
		panic(err) // never of a text
	}
	ctx, cancel := context.WithTimeout(r.Context(), storageTimeout)
	defer cancel()
	_, err = n.blobs.NewBlockBlobClient(from.ObjectID+"/"+key).Upload(ctx, body{bytes.NewReader(content)}, &blockblob.UploadOptions{
		HTTPHeaders:      &blob.HTTPHeaders{BlobContentType: to.Ptr("application/json")},
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}},
	})
	replayed := false
	if bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet) {
		var kept []byte
		if kept, err = n.kept(ctx, from, key); err == nil && !bytes.Equal(kept, content) {
			customhandler.WriteError(w, http.StatusConflict, "key_in_use", "another note has this key")
			return
		}
		replayed = true
	}
	if err != nil {
		n.unavailable(w, r, err)
		return
	}
	n.logger.InfoContext(r.Context(), "note written", "caller", from, "replayed", replayed)
	w.Header().Set("Location", "/api/notes/"+key)
	customhandler.WriteJSON(w, http.StatusCreated, sent)
}

// read is the function ReadNote.
func (n notes) read(w http.ResponseWriter, r *http.Request, from verify.Claims) {
	key := r.PathValue("key")
	if !keyPattern.MatchString(key) {
		customhandler.WriteError(w, http.StatusNotFound, "not_found", "there is no such note")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), storageTimeout)
	defer cancel()
	content, err := n.kept(ctx, from, key)
	var kept note
	if err == nil {
		err = json.Unmarshal(content, &kept)
	}
	switch {
	case bloberror.HasCode(err, bloberror.BlobNotFound):
		customhandler.WriteError(w, http.StatusNotFound, "not_found", "there is no such note")
	case err != nil:
		n.unavailable(w, r, err)
	default:
		customhandler.WriteJSON(w, http.StatusOK, kept)
	}
}

func (n notes) kept(ctx context.Context, from verify.Claims, key string) ([]byte, error) {
	got, err := n.blobs.NewBlobClient(from.ObjectID+"/"+key).DownloadStream(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = got.Body.Close() }() // nothing to save
	return io.ReadAll(io.LimitReader(got.Body, maxNoteBytes*2))
}

// unavailable answers without the cause, which is for the log: what storage says
// has addresses in it.
func (n notes) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	cause := "no answer of storage"
	var refused *azcore.ResponseError
	if errors.As(err, &refused) {
		cause = refused.ErrorCode
	}
	n.logger.ErrorContext(r.Context(), "storage failed", "cause", cause)
	customhandler.WriteError(w, http.StatusServiceUnavailable, "temporarily_unavailable", "the note cannot be kept or read at the moment; try again later")
}

// decode reads a note, or says what is wrong with it.
func decode(r *http.Request) (sent note, problem string) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return note{}, "the content type must be application/json"
	}
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxNoteBytes+1))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sent); err != nil {
		return note{}, "the body must be a JSON object with the member text, of at most 4096 bytes"
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return note{}, "the body must be one JSON object"
	}
	if strings.TrimSpace(sent.Text) == "" || !utf8.ValidString(sent.Text) {
		return note{}, "the member text must not be empty"
	}
	return sent, ""
}

// A body is one that azblob can send again.
type body struct{ *bytes.Reader }

func (body) Close() error { return nil }
