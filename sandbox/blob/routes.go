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
		{
			Pattern: "GET" + object, Permission: []string{readBlob}, Query: query(),
			Serve: s.get, Doc: docs + "get-blob", Checked: "2026-11-23", Witness: "TestBlobLifecycle",
		},
		{
			Pattern: "PUT" + object, Permission: []string{writeBlob}, Query: query("comp", "blockid"),
			Serve: s.put, Doc: docs + "put-blob", Checked: "2026-11-23", Witness: "TestBlobLifecycle",
		},
		{
			Pattern: "DELETE" + object, Permission: []string{deleteBlob}, Query: query(),
			Serve: s.delete, Doc: docs + "delete-blob", Checked: "2026-11-23", Witness: "TestBlobLifecycle",
		},
		{
			Pattern: "GET /blob/{account}/{container}", Permission: []string{readBlob},
			Query: query("restype", "comp", "prefix", "marker", "maxresults", "include"),
			Serve: s.list, Doc: docs + "list-blobs", Checked: "2026-11-23", Witness: "TestListing",
		},
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
