package blob

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

const metadataPrefix = "X-Ms-Meta-"

var (
	errCondition = &Error{http.StatusPreconditionFailed, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."}
	errUnchanged = &Error{http.StatusNotModified, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."}
	errExists    = &Error{http.StatusConflict, "BlobAlreadyExists", "The specified blob already exists."}
	errRange     = &Error{http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The range specified is invalid for the current size of the resource."}
	errType      = &Error{http.StatusBadRequest, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified: x-ms-blob-type."}
	errTypeValue = &Error{http.StatusBadRequest, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format: x-ms-blob-type."}
	errLength    = &Error{http.StatusLengthRequired, "MissingContentLengthHeader", "Content-Length HTTP header is required."}
	errMD5       = &Error{http.StatusBadRequest, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value calculated by the server."}
	errURI       = &Error{http.StatusBadRequest, "InvalidUri", "The requested URI does not represent any resource on the server."}
)

// get answers Get Blob and, for HEAD, Get Blob Properties.
func (s *Service) get(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("name") == "" {
		s.list(w, r)
		return
	}
	found, err := s.find(r.PathValue("account"), r.PathValue("container"), r.PathValue("name"))
	if err == nil {
		err = readable(r, found)
	}
	start, length := int64(0), found.Size
	status := http.StatusOK
	if err == nil && byteRange(r) != "" {
		status = http.StatusPartialContent
		start, length, err = cut(byteRange(r), found.Size)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	describe(w.Header(), found, status)
	if status == http.StatusPartialContent {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, start+length-1, found.Size))
	}
	w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return
	}
	f, err := os.Open(s.store.ContentPath(found.SHA256))
	if err != nil {
		s.fail(w, r, fmt.Errorf("read blob: %w", err))
		return
	}
	defer f.Close()
	w.WriteHeader(status)
	io.Copy(w, io.NewSectionReader(f, start, length))
}

// describe sets the headers of a blob's properties.
func describe(h http.Header, b store.Blob, status int) {
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", b.ContentType)
	h.Set("ETag", b.ETag)
	h.Set("Last-Modified", b.LastModified.Format(http.TimeFormat))
	h.Set("x-ms-creation-time", b.CreatedAt.Format(http.TimeFormat))
	h.Set("x-ms-blob-type", "BlockBlob")
	h.Set("x-ms-lease-status", "unlocked")
	h.Set("x-ms-lease-state", "available")
	h.Set("x-ms-server-encrypted", "true")
	if b.ContentMD5 != "" {
		// This is the MD5 of the whole blob, not of the range.
		name := "Content-MD5"
		if status == http.StatusPartialContent {
			name = "x-ms-blob-content-md5"
		}
		h.Set(name, b.ContentMD5)
	}
	for name, value := range b.Metadata {
		h.Set(metadataPrefix+name, value)
	}
}

func (s *Service) put(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("name") == "" {
		s.table.Unemulated(w, r, "creating a container in the data plane")
		return
	}
	switch r.URL.Query().Get("comp") {
	case "":
		s.putBlob(w, r)
	case "block":
		s.putBlock(w, r)
	case "blocklist":
		s.putBlockList(w, r)
	default:
		s.table.Unemulated(w, r, fmt.Sprintf("comp=%q", r.URL.Query().Get("comp")))
	}
}

func (s *Service) putBlob(w http.ResponseWriter, r *http.Request) {
	switch kind := r.Header.Get("x-ms-blob-type"); kind {
	case "BlockBlob":
	case "":
		s.fail(w, r, errType)
		return
	case "AppendBlob", "PageBlob":
		s.table.Unemulated(w, r, kind)
		return
	default:
		s.fail(w, r, errTypeValue)
		return
	}
	sum, size, digest, err := s.receive(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	contentType := r.Header.Get("x-ms-blob-content-type")
	if contentType == "" {
		contentType = r.Header.Get("Content-Type")
	}
	b := store.Blob{
		Account: strings.ToLower(r.PathValue("account")), Container: r.PathValue("container"), Name: r.PathValue("name"),
		SHA256: sum, Size: size, ContentType: contentType, ContentMD5: digest, Metadata: metadata(r.Header),
	}
	if given := r.Header.Get("x-ms-blob-content-md5"); given != "" {
		b.ContentMD5 = given
	}
	kept, err := s.keep(b, conditions(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-MD5", digest)
	s.created(w, r, kept)
}

// created answers a write.
func (s *Service) created(w http.ResponseWriter, r *http.Request, b store.Blob) {
	route.Note(r.Context()).Object = "/blob/" + key(b.Account, b.Container, b.Name)
	w.Header().Set("ETag", b.ETag)
	w.Header().Set("Last-Modified", b.LastModified.Format(http.TimeFormat))
	w.Header().Set("x-ms-request-server-encrypted", "true")
	w.WriteHeader(http.StatusCreated)
}

// receive stores a request's body as content and checks its Content-MD5.
func (s *Service) receive(r *http.Request) (sum string, size int64, digest string, err error) {
	if r.ContentLength < 0 {
		return "", 0, "", errLength
	}
	md := md5.New()
	sum, size, err = s.store.PutContent(io.TeeReader(r.Body, md))
	if err != nil {
		return "", 0, "", err
	}
	digest = encode(md)
	if given := r.Header.Get("Content-MD5"); given != "" && given != digest {
		return "", 0, "", errMD5
	}
	return sum, size, digest, nil
}

// keep stores b as the current content of its name if the conditions hold.
func (s *Service) keep(b store.Blob, when condition) (store.Blob, error) {
	b.LastModified, b.CreatedAt = s.store.Now(), s.store.Now()
	b.ETag = newETag()
	if b.ContentType == "" {
		b.ContentType = "application/octet-stream"
	}
	err := s.store.Update(func(tx *store.Tx) error {
		old, ok := committed(tx, b.Account, b.Container, b.Name)
		if err := when.write(old, ok); err != nil {
			return err
		}
		if ok {
			b.CreatedAt = old.CreatedAt
		}
		store.Blobs.Put(tx, key(b.Account, b.Container, b.Name), b)
		return nil
	})
	return b, err
}

func (s *Service) delete(w http.ResponseWriter, r *http.Request) {
	account, container, name := r.PathValue("account"), r.PathValue("container"), r.PathValue("name")
	if name == "" {
		s.fail(w, r, errURI)
		return
	}
	err := s.store.Update(func(tx *store.Tx) error {
		old, ok := committed(tx, account, container, name)
		if !ok {
			return errNoBlob
		}
		if err := conditions(r).write(old, ok); err != nil {
			return err
		}
		store.Blobs.Delete(tx, key(account, container, name))
		return nil
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	route.Note(r.Context()).Object = "/blob/" + key(account, container, name)
	w.Header().Set("x-ms-delete-type-permanent", "true")
	w.WriteHeader(http.StatusAccepted)
}

// find returns a blob with content.
func (s *Service) find(account, container, name string) (found store.Blob, err error) {
	err = s.store.View(func(tx *store.Tx) error {
		var ok bool
		if found, ok = committed(tx, account, container, name); !ok {
			return errNoBlob
		}
		return nil
	})
	return found, err
}

// committed returns the blob of that name, unless it has only uncommitted blocks.
func committed(tx *store.Tx, account, container, name string) (store.Blob, bool) {
	b, ok := store.Blobs.Get(tx, key(account, container, name))
	return b, ok && b.SHA256 != ""
}

// metadata are the name-value pairs that a request brings for a blob.
func metadata(h http.Header) map[string]string {
	pairs := make(map[string]string)
	for name, values := range h {
		if rest, ok := strings.CutPrefix(name, metadataPrefix); ok {
			pairs[strings.ToLower(rest)] = strings.Join(values, ",")
		}
	}
	return pairs
}

// newETag returns a unique ETag in Azure's format.
func newETag() string {
	unique := make([]byte, 7)
	rand.Read(unique) // never fails since Go 1.24
	return `"0x8D` + strings.ToUpper(hex.EncodeToString(unique)) + `"`
}

func encode(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }
