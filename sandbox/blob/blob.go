// Package blob is the sandbox's blob storage: the data plane of the storage
// accounts and containers that ARM created, path-style under
// /blob/ACCOUNT/CONTAINER/NAME.
//
// It emulates learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
// for block blobs: put, blocks, get, properties, delete, list, and a container's
// properties. Callers need an Entra token and a data role
// (Storage Blob Data Reader, Contributor, Owner); the subscription's Owner role
// is not one.
//
// It does not support account keys and shared access signatures (they are refused
// when the account forbids them, as in Azure, and unemulated otherwise),
// anonymous reading, append and page blobs, snapshots,
// versions, leases, tags and tiers.
//
// Not for production.
package blob

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// A Config says what a service works with. All fields are required.
type Config struct {
	Store   *store.Store
	BaseURL string // https://127.0.0.1:PORT
	Log     *route.Log
	Weather *route.Weather
	Auth    route.Authenticator
}

// A Service is the blob storage of all accounts. It is safe for concurrent use.
type Service struct {
	config Config
	store  *store.Store
	table  route.Table
}

// New returns the service over c.Store.
func New(c Config) *Service {
	s := &Service{config: c, store: c.Store}
	s.table = route.Table{
		Service: "blob",
		Source:  "sandbox/blob/routes.go",
		Routes:  s.routes(),
		Refuse:  s.refuse,
		Guard:   s.guard,
	}
	return s
}

// Handler answers everything under /blob/.
func (s *Service) Handler() http.Handler { return s.table.Handler(s.config.Log, s.config.Weather) }

// Routes returns the routes that [Service.Handler] answers.
func (s *Service) Routes() []route.Route { return s.table.Routes }

// An Error is a refusal of the blob service.
type Error struct {
	Status  int
	Code    string // the service's x-ms-error-code
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

// fail answers with err, which is an [*Error] or a bug in the sandbox.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *Error
	if !errors.As(err, &refusal) {
		refusal = &Error{http.StatusInternalServerError, "InternalError", err.Error()}
	}
	s.refuse(w, r, refusal.Status, refusal.Code, refusal.Message)
}

// refuse answers in the service's shape: XML, with the code in a header too,
// because a HEAD answer has no body.
// learn.microsoft.com/rest/api/storageservices/status-and-error-codes2
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	route.Note(r.Context()).Code = code
	id := head(w, r)
	w.Header().Set("x-ms-error-code", code)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(
			"Bearer authorization_uri=%s/%s/oauth2/authorize resource_id=https://storage.azure.com", s.config.BaseURL, s.tenantOf(r.PathValue("account"))))
	}
	if r.Method == http.MethodHead || status == http.StatusNotModified {
		w.WriteHeader(status)
		return
	}
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: fmt.Sprintf("%s\nRequestId:%s\nTime:%s", message, id, s.store.Now().Format("2006-01-02T15:04:05.0000000Z"))})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	w.Write(append([]byte(xml.Header), body...))
}

// head sets the headers that every answer has and returns the request's id.
func head(w http.ResponseWriter, r *http.Request) string {
	id := w.Header().Get("x-ms-request-id")
	if id == "" {
		id = uuid.NewString()
		w.Header().Set("x-ms-request-id", id)
	}
	for _, name := range []string{"x-ms-version", "x-ms-client-request-id"} {
		if value := r.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	return id
}

// key is the key of a blob in the store.
func key(account, container, name string) string {
	return strings.ToLower(account) + "/" + container + "/" + name
}
