package blob

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"

	"app-to-app/sandbox/store"
)

// pageSize is the service's: a page never has more blobs.
// learn.microsoft.com/rest/api/storageservices/list-blobs
const pageSize = 5000

var errQuery = &Error{http.StatusBadRequest, "OutOfRangeQueryParameterValue", "One of the query parameters specified in the request URI is outside the permissible range: maxresults."}

// A page is the answer of List Blobs.
type page struct {
	XMLName       xml.Name `xml:"EnumerationResults"`
	Endpoint      string   `xml:"ServiceEndpoint,attr"`
	ContainerName string   `xml:",attr"`
	Prefix        string   `xml:",omitempty"`
	Marker        string   `xml:",omitempty"`
	MaxResults    int      `xml:",omitempty"`
	Blobs         []listed `xml:"Blobs>Blob"`
	NextMarker    string
}

type listed struct {
	Name       string
	Properties struct {
		CreationTime  string `xml:"Creation-Time"`
		LastModified  string `xml:"Last-Modified"`
		ETag          string `xml:"Etag"`
		ContentLength int64  `xml:"Content-Length"`
		ContentType   string `xml:"Content-Type"`
		ContentMD5    string `xml:"Content-MD5"`
		BlobType      string
		LeaseStatus   string
		LeaseState    string
		Encrypted     bool `xml:"ServerEncrypted"`
	}
}

// list answers List Blobs and, without comp, Get Container Properties.
func (s *Service) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case query.Get("restype") != "container":
		s.fail(w, r, errURI)
		return
	case query.Get("comp") == "":
		s.containerProperties(w, r)
		return
	case query.Get("comp") != "list", query.Get("include") != "", r.Method == http.MethodHead:
		s.table.Unemulated(w, r, "this listing")
		return
	}
	limit := pageSize
	if given := query.Get("maxresults"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 {
			s.fail(w, r, errQuery)
			return
		}
		limit = min(n, pageSize)
	}
	answer := page{
		Endpoint: s.config.BaseURL + "/blob/" + r.PathValue("account") + "/", ContainerName: r.PathValue("container"),
		Prefix: query.Get("prefix"), Marker: query.Get("marker"),
	}
	if query.Has("maxresults") {
		answer.MaxResults = limit
	}
	err := s.store.View(func(tx *store.Tx) error {
		for _, b := range store.Blobs.All(tx, key(r.PathValue("account"), r.PathValue("container"), answer.Prefix)) {
			if b.SHA256 == "" || b.Name < answer.Marker {
				continue
			}
			if len(answer.Blobs) == limit {
				answer.NextMarker = b.Name
				break
			}
			answer.Blobs = append(answer.Blobs, entry(b))
		}
		return nil
	})
	var body []byte
	if err == nil {
		body, err = xml.Marshal(answer)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Write(slices.Concat([]byte(xml.Header), body))
}

func entry(b store.Blob) listed {
	e := listed{Name: b.Name}
	e.Properties.CreationTime = b.CreatedAt.Format(http.TimeFormat)
	e.Properties.LastModified = b.LastModified.Format(http.TimeFormat)
	e.Properties.ETag = b.ETag[1 : len(b.ETag)-1]
	e.Properties.ContentLength = b.Size
	e.Properties.ContentType = b.ContentType
	e.Properties.ContentMD5 = b.ContentMD5
	e.Properties.BlobType = "BlockBlob"
	e.Properties.LeaseStatus = "unlocked"
	e.Properties.LeaseState = "available"
	e.Properties.Encrypted = true
	return e
}

// containerProperties answers Get Container Properties.
// learn.microsoft.com/rest/api/storageservices/get-container-properties
func (s *Service) containerProperties(w http.ResponseWriter, r *http.Request) {
	var container store.Resource
	err := s.store.View(func(tx *store.Tx) error {
		a, ok, err := findAccount(tx, r.PathValue("account"))
		if err != nil {
			return err
		}
		if ok {
			container, ok = store.ResourceByID(tx, a.containerID(r.PathValue("container")))
		}
		if !ok {
			return errNoContainer
		}
		return nil
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Last-Modified", container.ChangedAt.Format(http.TimeFormat))
	h.Set("ETag", `"0x8D`+strconv.FormatInt(container.ChangedAt.UnixNano(), 16)+`"`)
	h.Set("x-ms-lease-status", "unlocked")
	h.Set("x-ms-lease-state", "available")
	h.Set("x-ms-has-immutability-policy", "false")
	h.Set("x-ms-has-legal-hold", "false")
	w.WriteHeader(http.StatusOK)
}
