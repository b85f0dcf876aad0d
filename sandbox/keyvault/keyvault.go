// Package keyvault is the secrets of the sandbox's Key Vault: the data plane of
// the vaults that ARM created, each at a port of its own ([Addresses]), and the
// operations on secrets that ARM and the data plane share.
//
// It emulates learn.microsoft.com/rest/api/keyvault/secrets. Callers need an Entra
// token for https://vault.azure.net and a data role (Key Vault
// Secrets User or Officer, Key Vault Administrator), or an access policy if the
// vault uses those. Owner of the subscription does not let them read secrets.
//
// It does not support keys, certificates, backups, updates of attributes, and
// paging.
//
// Not for production: values are not encrypted.
package keyvault

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/google/uuid"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// SecretName is the pattern of names of secrets:
// https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers
var SecretName = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}$`)

// A Config has what a [Service] needs. All fields are required.
type Config struct {
	Store *store.Store
	// AuthorityHost is where callers sign in, https://127.0.0.1:PORT.
	AuthorityHost string
	Log           *route.Log
	Weather       *route.Weather
	Auth          route.Authenticator
}

// A Service is the data plane of all vaults. It is safe for concurrent use.
type Service struct {
	config Config
	store  *store.Store
	table  route.Table
}

// New returns the service over c.Store.
func New(c Config) *Service {
	s := &Service{config: c, store: c.Store}
	s.table = route.Table{
		Service: "keyvault",
		Source:  "sandbox/keyvault/routes.go",
		Routes:  s.routes(),
		Guard:   s.guard,
		Refuse: func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
			s.fail(w, r, &Error{Status: status, Code: code, Message: message})
		},
	}
	return s
}

// Handler answers everything under /keyvault/.
func (s *Service) Handler() http.Handler { return s.table.Handler(s.config.Log, s.config.Weather) }

// Routes returns the routes that [Service.Handler] answers.
func (s *Service) Routes() []route.Route { return s.table.Routes }

// An Error is a refusal of Key Vault.
type Error struct {
	Status  int
	Code    string
	Inner   string // code of the innererror, which gives the reason; may be empty
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.code(), e.Message) }

// code is the most specific code.
func (e *Error) code() string {
	if e.Inner != "" {
		return e.Inner
	}
	return e.Code
}

// An unemulated is a part of a request that the sandbox does not know.
type unemulated string

func (e unemulated) Error() string { return "the sandbox does not emulate " + string(e) }

// fail responds with err, which is an [*Error], an unemulated, or a bug in the
// sandbox. https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var unknown unemulated
	if errors.As(err, &unknown) {
		s.table.Unemulated(w, r, string(unknown))
		return
	}
	var refusal *Error
	if !errors.As(err, &refusal) {
		refusal = &Error{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: err.Error()}
	}
	route.Note(r.Context()).Code = refusal.code()
	body := map[string]any{"code": refusal.Code, "message": refusal.Message}
	if refusal.Inner != "" {
		body["innererror"] = map[string]any{"code": refusal.Inner}
	}
	s.writeJSON(w, refusal.Status, map[string]any{"error": body})
}

// writeJSON sends JSON, or nothing for a nil body.
func (s *Service) writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("x-ms-request-id", uuid.NewString())
	w.Header().Set("Cache-Control", "no-cache")
	if body == nil {
		w.WriteHeader(status)
		return
	}
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(data)
}
