package blob

import (
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/route"
)

// The data actions of blobs, and the one action of containers that the data
// plane asks for.
// learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory
const (
	readBlob      = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
	writeBlob     = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
	deleteBlob    = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete"
	readContainer = "Microsoft.Storage/storageAccounts/blobServices/containers/read"
)

const docs = "https://learn.microsoft.com/rest/api/storageservices/"

// sasParameters make a request one with a shared access signature.
var sasParameters = []string{
	"sv", "ss", "srt", "sp", "st", "se", "sip", "spr", "sr", "si", "sig",
	"skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid",
}

// headers are the x-ms headers that the service knows; metadata come on top.
var headers = []string{
	"X-Ms-Version", "X-Ms-Date", "X-Ms-Client-Request-Id", "X-Ms-Return-Client-Request-Id",
	"X-Ms-Blob-Type", "X-Ms-Blob-Content-Type", "X-Ms-Blob-Content-Md5", "X-Ms-Range", "X-Ms-Delete-Snapshots",
}

func (s *Service) routes() []route.Route {
	query := func(names ...string) []string { return append(append(names, "timeout"), sasParameters...) }
	const object = " /blob/{account}/{container}/{name...}"
	return []route.Route{
		route.Of("GET"+object, s.get, docs+"get-blob", "2026-11-23", "TestBlobLifecycle").For(readBlob).With(query()...),
		route.Of("PUT"+object, s.put, docs+"put-blob", "2026-11-23", "TestBlobLifecycle").For(writeBlob).With(query("comp", "blockid")...),
		route.Of("DELETE"+object, s.delete, docs+"delete-blob", "2026-11-23", "TestBlobLifecycle").For(deleteBlob).With(query()...),
		route.Of("GET /blob/{account}/{container}", s.list, docs+"list-blobs", "2026-11-23", "TestListing").For(readBlob).
			With(query("restype", "comp", "prefix", "marker", "maxresults", "include")...),
	}
}

// permission is what a request needs: the route's, except that a container's
// own properties are an action of containers.
func permission(r *http.Request, known route.Route) string {
	if r.PathValue("name") == "" && r.URL.Query().Get("comp") == "" && r.Method != http.MethodPut {
		return readContainer
	}
	return known.Permission[0]
}

// unknownHeader returns a storage header that the sandbox does not know, or a
// condition on times, which no client here sets.
func unknownHeader(h http.Header) string {
	for name := range h {
		if strings.HasPrefix(name, "X-Ms-") && !strings.HasPrefix(name, metadataPrefix) && !slices.Contains(headers, name) {
			return name
		}
	}
	for _, name := range []string{"If-Modified-Since", "If-Unmodified-Since"} {
		if h.Get(name) != "" {
			return name
		}
	}
	return ""
}
