package blob_test

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"app-to-app/sandbox/blob"
	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

const (
	tenant   = "11111111-1111-1111-1111-111111111111"
	stranger = "22222222-2222-2222-2222-222222222222"
	version  = "2025-01-05"

	owner       = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
	contributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	reader      = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
	allAzure    = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
)

// fakeAuth takes "Bearer TENANT PRINCIPAL AUDIENCE" for a token.
type fakeAuth struct{}

func (fakeAuth) Authenticate(r *http.Request, audiences ...string) (route.Caller, error) {
	parts := strings.Fields(r.Header.Get("Authorization"))
	if len(parts) != 4 || parts[0] != "Bearer" {
		return route.Caller{}, errors.New("no access token")
	}
	for _, audience := range audiences {
		if audience == parts[3] {
			return route.Caller{TenantID: parts[1], ObjectID: parts[2]}, nil
		}
	}
	return route.Caller{}, errors.New("wrong audience")
}

type world struct {
	store   *store.Store
	service *blob.Service
	log     *route.Log
	weather *route.Weather
	handler http.Handler
}

// newWorld has the accounts orders (keys and public access forbidden), open
// (both allowed) and closed (no network), each with the container app, and one
// principal a role, named after it.
func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	err = s.Update(func(tx *store.Tx) error {
		for name, properties := range map[string]string{
			"orders": `{"allowSharedKeyAccess":false,"allowBlobPublicAccess":false}`,
			"open":   `{"allowBlobPublicAccess":true}`,
			"closed": `{"allowSharedKeyAccess":false,"networkAcls":{"defaultAction":"Deny"}}`,
		} {
			id := accountID(name)
			store.Resources.Put(tx, store.ResourceKey(id), store.Resource{ID: id, TenantID: tenant, Type: "Microsoft.Storage/storageAccounts", Name: name, Properties: []byte(properties)})
			container := id + "/blobServices/default/containers/app"
			store.Resources.Put(tx, store.ResourceKey(container), store.Resource{ID: container, TenantID: tenant, Name: "app", Type: "Microsoft.Storage/storageAccounts/blobServices/containers"})
			for principal, role := range map[string]string{"owner": owner, "contributor": contributor, "reader": reader, "subscriptionOwner": allAzure} {
				rbac.Assign(tx, store.RoleAssignment{TenantID: tenant, Name: principal, Scope: id, RoleID: role, PrincipalID: principal})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{store: s, log: &route.Log{}, weather: &route.Weather{}}
	w.service = blob.New(blob.Config{Store: s, BaseURL: "https://127.0.0.1:8443", Log: w.log, Weather: w.weather, Auth: fakeAuth{}})
	w.handler = w.service.Handler()
	return w
}

func accountID(name string) string {
	return "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/" + name
}

func as(principal string) string {
	return "Bearer " + tenant + " " + principal + " https://storage.azure.com/"
}

// do sends a request with the headers given as name, value, name, value; an
// empty value removes one of the defaults.
func (w *world) do(method, url, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	r.Header.Set("Authorization", as("owner"))
	r.Header.Set("x-ms-version", version)
	if method == http.MethodPut && !strings.Contains(url, "comp=") {
		r.Header.Set("x-ms-blob-type", "BlockBlob")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const there, missing = "/blob/orders/app/there.zip", "/blob/orders/app/missing.zip"
	bearer := func(tenantID, audience string) string { return "Bearer " + tenantID + " owner " + audience }
	for _, tt := range []struct {
		name    string
		method  string
		url     string
		body    string
		headers []string
		status  int
		code    string
	}{
		{name: "account that does not exist", url: "/blob/nobody/app/x", status: 404, code: "ResourceNotFound"},
		{name: "container that does not exist", url: "/blob/orders/nothing/x", status: 404, code: "ContainerNotFound"},
		{name: "blob that does not exist", url: missing, status: 404, code: "BlobNotFound"},
		{name: "delete of a blob that does not exist", method: "DELETE", url: missing, status: 404, code: "BlobNotFound"},
		{name: "no data role", url: there, headers: []string{"Authorization", as("nobody")}, status: 403, code: "AuthorizationPermissionMismatch"},
		{name: "owner of the subscription has no data role", url: there, headers: []string{"Authorization", as("subscriptionOwner")}, status: 403, code: "AuthorizationPermissionMismatch"},
		{name: "reader writes", method: "PUT", url: there, headers: []string{"Authorization", as("reader")}, status: 403, code: "AuthorizationPermissionMismatch"},
		{name: "reader deletes", method: "DELETE", url: there, headers: []string{"Authorization", as("reader")}, status: 403, code: "AuthorizationPermissionMismatch"},
		{name: "no role in a container that does not exist", url: "/blob/orders/nothing/x", headers: []string{"Authorization", as("nobody")}, status: 403, code: "AuthorizationPermissionMismatch"},
		{name: "anonymous where public access is forbidden", url: there, headers: []string{"Authorization", ""}, status: 409, code: "PublicAccessNotPermitted"},
		{name: "anonymous where public access is allowed", url: "/blob/open/app/x", headers: []string{"Authorization", ""}, status: 501, code: "NotEmulated"},
		{name: "account key where keys are forbidden", url: there, headers: []string{"Authorization", "SharedKey orders:x"}, status: 403, code: "KeyBasedAuthenticationNotPermitted"},
		{name: "signature where keys are forbidden", url: there + "?sv=2022-11-02&sig=x", headers: []string{"Authorization", ""}, status: 403, code: "KeyBasedAuthenticationNotPermitted"},
		{name: "account key where keys are allowed", url: "/blob/open/app/x", headers: []string{"Authorization", "SharedKey open:x"}, status: 501, code: "NotEmulated"},
		{name: "token for another audience", url: there, headers: []string{"Authorization", bearer(tenant, "https://management.azure.com/")}, status: 401, code: "InvalidAuthenticationInfo"},
		{name: "token of another tenant", url: there, headers: []string{"Authorization", bearer(stranger, "https://storage.azure.com/")}, status: 401, code: "InvalidAuthenticationInfo"},
		{name: "network rules deny", url: "/blob/closed/app/x", status: 403, code: "AuthorizationFailure"},
		{name: "no version", url: there, headers: []string{"x-ms-version", ""}, status: 400, code: "MissingRequiredHeader"},
		{name: "version before tokens", url: there, headers: []string{"x-ms-version", "2015-02-21"}, status: 400, code: "InvalidHeaderValue"},
		{name: "version of the future", url: there, headers: []string{"x-ms-version", "2999-01-01"}, status: 400, code: "InvalidHeaderValue"},
		{name: "no blob type", method: "PUT", url: there, headers: []string{"x-ms-blob-type", ""}, status: 400, code: "MissingRequiredHeader"},
		{name: "wrong blob type", method: "PUT", url: there, headers: []string{"x-ms-blob-type", "Blob"}, status: 400, code: "InvalidHeaderValue"},
		{name: "append blob", method: "PUT", url: there, headers: []string{"x-ms-blob-type", "AppendBlob"}, status: 501, code: "NotEmulated"},
		{name: "content of another MD5", method: "PUT", url: there, body: "zip", headers: []string{"Content-MD5", "AAAA"}, status: 400, code: "Md5Mismatch"},
		{name: "exists already", method: "PUT", url: there, body: "zip", headers: []string{"If-None-Match", "*"}, status: 409, code: "BlobAlreadyExists"},
		{name: "changed meanwhile", method: "PUT", url: there, body: "zip", headers: []string{"If-Match", `"0x0"`}, status: 412, code: "ConditionNotMet"},
		{name: "delete of what changed meanwhile", method: "DELETE", url: there, headers: []string{"If-Match", `"0x0"`}, status: 412, code: "ConditionNotMet"},
		{name: "read of what changed meanwhile", url: there, headers: []string{"If-Match", `"0x0"`}, status: 412, code: "ConditionNotMet"},
		{name: "range beyond the end", url: there, headers: []string{"Range", "bytes=99-"}, status: 416, code: "InvalidRange"},
		{name: "block id that is not base64", method: "PUT", url: there + "?comp=block&blockid=!", status: 400, code: "InvalidQueryParameterValue"},
		{name: "block list that names an unknown block", method: "PUT", url: there + "?comp=blocklist", body: "<BlockList><Latest>AAAA</Latest></BlockList>", status: 400, code: "InvalidBlockList"},
		{name: "block list that is not XML", method: "PUT", url: there + "?comp=blocklist", body: "<BlockList>", status: 400, code: "InvalidXmlDocument"},
		{name: "page of no blobs", url: "/blob/orders/app?restype=container&comp=list&maxresults=0", status: 400, code: "OutOfRangeQueryParameterValue"},
		{name: "container without restype", url: "/blob/orders/app", status: 400, code: "InvalidUri"},
		{name: "unknown header", url: there, headers: []string{"x-ms-lease-id", "x"}, status: 501, code: "NotEmulated"},
		{name: "unknown query parameter", url: there + "?snapshot=x", status: 501, code: "NotEmulated"},
		{name: "tier", method: "PUT", url: there + "?comp=tier", status: 501, code: "NotEmulated"},
		{name: "container made in the data plane", method: "PUT", url: "/blob/orders/app/", status: 501, code: "NotEmulated"},
		{name: "listing with snapshots", url: "/blob/orders/app?restype=container&comp=list&include=snapshots", status: 501, code: "NotEmulated"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if answer := w.do("PUT", there, "zip"); answer.Code != 201 {
				t.Fatalf("got status %d, want 201: %s", answer.Code, answer.Body)
			}
			if tt.method == "" {
				tt.method = "GET"
			}
			answer := w.do(tt.method, tt.url, tt.body, tt.headers...)
			if code := answer.Header().Get("x-ms-error-code"); answer.Code != tt.status || code != tt.code {
				t.Errorf("got %d %s, want %d %s", answer.Code, code, tt.status, tt.code)
			}
			var body struct {
				XMLName xml.Name `xml:"Error"`
				Code    string
			}
			if err := xml.Unmarshal(answer.Body.Bytes(), &body); err != nil || body.Code != tt.code {
				t.Errorf("got body %q, %v; want the code %q in XML", answer.Body, err, tt.code)
			}
			if challenge := answer.Header().Get("WWW-Authenticate"); tt.status == 401 && !strings.Contains(challenge, tenant) {
				t.Errorf("got WWW-Authenticate %q, want the account's tenant in it", challenge)
			}
			if entry := w.log.Entries()[1]; entry.Code != tt.code {
				t.Errorf("got code %q in the history, want %q", entry.Code, tt.code)
			}
		})
	}
}

func TestBlobLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const url = "/blob/orders/app/folder/package.zip"
	put := w.do("PUT", url, "0123456789", "Authorization", as("contributor"), "x-ms-blob-content-type", "application/zip", "x-ms-meta-hash", "abc")
	if put.Code != 201 || put.Header().Get("ETag") == "" {
		t.Fatalf("got %d, ETag %q; want 201 and an ETag", put.Code, put.Header().Get("ETag"))
	}
	if entry := w.log.Entries()[0]; entry.Object != "/blob/orders/app/folder/package.zip" || entry.CallerID != "contributor" {
		t.Errorf("got history entry %+v, want the blob and its writer", entry)
	}
	got := w.do("GET", url, "", "Authorization", as("reader"))
	for name, want := range map[string]string{
		"Content-Type": "application/zip", "Content-Length": "10", "x-ms-meta-hash": "abc", "x-ms-blob-type": "BlockBlob",
		"Content-MD5": put.Header().Get("Content-MD5"), "ETag": put.Header().Get("ETag"), "x-ms-version": version,
	} {
		if value := got.Header().Get(name); value != want {
			t.Errorf("got %s %q, want %q", name, value, want)
		}
	}
	if got.Code != 200 || got.Body.String() != "0123456789" {
		t.Errorf("got %d %q, want 200 %q", got.Code, got.Body, "0123456789")
	}
	// azblob 1.8.3 names a version of its own, which is later than today.
	if newest := w.do("GET", url, "", "x-ms-version", "2026-12-06"); newest.Code != 200 {
		t.Errorf("version of azblob 1.8.3: got %d, want 200", newest.Code)
	}
	for header, want := range map[string]string{"bytes=2-4": "234", "bytes=8-": "89", "bytes=5-99": "56789"} {
		part := w.do("GET", url, "", "Range", header)
		if part.Code != 206 || part.Body.String() != want || part.Header().Get("Content-MD5") != "" {
			t.Errorf("range %q: got %d %q, MD5 %q; want 206 %q and no MD5", header, part.Code, part.Body, part.Header().Get("Content-MD5"), want)
		}
	}
	if head := w.do("HEAD", url, ""); head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != "10" {
		t.Errorf("HEAD: got %d, %d bytes, length %q; want 200, none, 10", head.Code, head.Body.Len(), head.Header().Get("Content-Length"))
	}
	if same := w.do("GET", url, "", "If-None-Match", put.Header().Get("ETag")); same.Code != 304 {
		t.Errorf("unchanged: got %d, want 304", same.Code)
	}
	if again := w.do("PUT", url, "new", "If-Match", put.Header().Get("ETag")); again.Code != 201 || again.Header().Get("ETag") == put.Header().Get("ETag") {
		t.Errorf("overwrite: got %d, ETag %q; want 201 and another ETag", again.Code, again.Header().Get("ETag"))
	}
	if gone := w.do("DELETE", url, ""); gone.Code != 202 {
		t.Errorf("delete: got %d, want 202", gone.Code)
	}
	if head := w.do("HEAD", url, ""); head.Code != 404 || head.Header().Get("x-ms-error-code") != "BlobNotFound" {
		t.Errorf("deleted: got %d %s, want 404 BlobNotFound", head.Code, head.Header().Get("x-ms-error-code"))
	}
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const url = "/blob/orders/app/big.zip"
	id := func(n int) string { return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "block-%03d", n)) }
	for i, content := range []string{"one ", "two ", "three"} {
		if answer := w.do("PUT", url+"?comp=block&blockid="+id(i), content); answer.Code != 201 {
			t.Fatalf("block %d: got %d, want 201: %s", i, answer.Code, answer.Body)
		}
	}
	if answer := w.do("PUT", url+"?comp=block&blockid=AAAA", "x"); answer.Header().Get("x-ms-error-code") != "InvalidBlobOrBlock" {
		t.Errorf("id of another length: got %d %s, want InvalidBlobOrBlock", answer.Code, answer.Header().Get("x-ms-error-code"))
	}
	if answer := w.do("GET", url, ""); answer.Code != 404 {
		t.Errorf("before the block list: got %d, want 404", answer.Code)
	}
	if answer := w.do("GET", "/blob/orders/app?restype=container&comp=list", ""); strings.Contains(answer.Body.String(), "big.zip") {
		t.Errorf("before the block list: got %s, want no blob listed", answer.Body)
	}
	list := "<BlockList><Latest>" + id(0) + "</Latest><Uncommitted>" + id(1) + "</Uncommitted><Latest>" + id(2) + "</Latest></BlockList>"
	if answer := w.do("PUT", url+"?comp=blocklist", list, "x-ms-blob-content-type", "application/zip"); answer.Code != 201 {
		t.Fatalf("block list: got %d, want 201: %s", answer.Code, answer.Body)
	}
	if answer := w.do("GET", url, ""); answer.Body.String() != "one two three" || answer.Header().Get("Content-Type") != "application/zip" {
		t.Errorf("got %q as %q, want %q as application/zip", answer.Body, answer.Header().Get("Content-Type"), "one two three")
	}
	again := "<BlockList><Committed>" + id(2) + "</Committed></BlockList>"
	if answer := w.do("PUT", url+"?comp=blocklist", again); answer.Code != 201 {
		t.Fatalf("committed blocks: got %d, want 201: %s", answer.Code, answer.Body)
	}
	if answer := w.do("GET", url, ""); answer.Body.String() != "three" {
		t.Errorf("got %q, want %q", answer.Body, "three")
	}
}

func TestListing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"a/1", "a/2", "a/3", "b/1"} {
		w.do("PUT", "/blob/orders/app/"+name, name)
	}
	type page struct {
		Blobs []struct {
			Name string
			Size int `xml:"Properties>Content-Length"`
		} `xml:"Blobs>Blob"`
		NextMarker string
	}
	read := func(query string) (p page) {
		t.Helper()
		answer := w.do("GET", "/blob/orders/app?restype=container&comp=list"+query, "", "Authorization", as("reader"))
		if err := xml.Unmarshal(answer.Body.Bytes(), &p); answer.Code != 200 || err != nil {
			t.Fatalf("got %d %s, %v; want 200", answer.Code, answer.Body, err)
		}
		return p
	}
	first := read("&prefix=a/&maxresults=2")
	if len(first.Blobs) != 2 || first.Blobs[0].Name != "a/1" || first.Blobs[0].Size != 3 || first.NextMarker == "" {
		t.Errorf("got %+v, want two blobs of prefix a/ and a marker", first)
	}
	second := read("&prefix=a/&maxresults=2&marker=" + first.NextMarker)
	if len(second.Blobs) != 1 || second.Blobs[0].Name != "a/3" || second.NextMarker != "" {
		t.Errorf("got %+v, want the last blob of prefix a/ and no marker", second)
	}
	if all := read(""); len(all.Blobs) != 4 {
		t.Errorf("got %d blobs, want 4", len(all.Blobs))
	}
}

func TestContainerProperties(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if answer := w.do("GET", "/blob/orders/app?restype=container", "", "Authorization", as("reader")); answer.Code != 200 || answer.Header().Get("ETag") == "" {
		t.Errorf("got %d, ETag %q; want 200 and an ETag", answer.Code, answer.Header().Get("ETag"))
	}
	if answer := w.do("GET", "/blob/orders/app?restype=container", "", "Authorization", as("nobody")); answer.Code != 403 {
		t.Errorf("without a role: got %d, want 403", answer.Code)
	}
}

func TestInProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var refusal *blob.Error
	err := w.service.Write(tenant, "nobody", "orders", "app", "p.zip", "application/zip", strings.NewReader("zip"))
	if !errors.As(err, &refusal) || refusal.Status != 403 || refusal.Code != "AuthorizationPermissionMismatch" {
		t.Errorf("without a role: got %v, want 403 AuthorizationPermissionMismatch", err)
	}
	if err := w.service.Write(tenant, "owner", "closed", "app", "p.zip", "", strings.NewReader("zip")); !errors.As(err, &refusal) || refusal.Code != "AuthorizationFailure" {
		t.Errorf("network rules deny: got %v, want AuthorizationFailure", err)
	}
	if _, err := w.service.Read(tenant, "owner", "orders", "app", "p.zip"); !errors.As(err, &refusal) || refusal.Code != "BlobNotFound" {
		t.Errorf("before the write: got %v, want BlobNotFound", err)
	}
	if err := w.service.Write(tenant, "owner", "orders", "app", "p.zip", "application/zip", strings.NewReader("zip")); err != nil {
		t.Fatal(err)
	}
	path, err := w.service.Read(tenant, "reader", "orders", "app", "p.zip")
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "zip" {
		t.Errorf("got %q, %v; want %q", content, err, "zip")
	}
	if answer := w.do("GET", "/blob/orders/app/p.zip", ""); answer.Body.String() != "zip" {
		t.Errorf("over HTTP: got %q, want %q", answer.Body, "zip")
	}
}

func TestFaultsComeInTheServicesShape(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.weather.Queue("GET /blob/{account}/{container}/{name...}", route.Fault{Status: 503, Code: "ServerBusy", Message: "The server is busy."})
	answer := w.do("GET", "/blob/orders/app/x", "")
	body, _ := io.ReadAll(answer.Body)
	if answer.Code != 503 || !strings.Contains(string(body), "<Code>ServerBusy</Code>") {
		t.Errorf("got %d %s, want 503 ServerBusy in XML", answer.Code, body)
	}
}

func TestEveryRouteSaysWhatItFollows(t *testing.T) {
	t.Parallel()
	for _, known := range newWorld(t).service.Routes() {
		if known.Doc == "" || known.Checked == "" || len(known.Permission) == 0 {
			t.Errorf("%s: got doc %q, checked %q, permission %q; want all three", known.Pattern, known.Doc, known.Checked, known.Permission)
		}
	}
}
