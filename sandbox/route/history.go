package route

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// historySize limits the memory of a sandbox that runs for days.
const historySize = 50_000

// An Entry is one request in the history. Bodies and headers are never kept,
// and query values that could be keys are masked.
type Entry struct {
	Time       time.Time `json:"time"`
	Service    string    `json:"service"`
	Method     string    `json:"method"`
	URL        string    `json:"url"` // path and query
	Route      string    `json:"route,omitempty"`
	Status     int       `json:"status"`
	TenantID   string    `json:"tenantId,omitempty"`
	CallerID   string    `json:"callerId,omitempty"` // object id
	Object     string    `json:"object,omitempty"`   // id of the object created, changed or deleted
	Code       string    `json:"code,omitempty"`     // error code of the answer
	Token      *Token    `json:"token,omitempty"`    // what the bearer token says; shared, not to be changed
	Unemulated string    `json:"unemulated,omitempty"`
}

// A Log is the history of requests. Its zero value is ready to use.
type Log struct {
	mu      sync.Mutex
	entries []Entry
	strange []Entry
	tokens  tokenCache
	Now     func() time.Time // nil means time.Now

	// Answered is called with each answer after it was sent. Nil costs nothing.
	Answered func(Answer)
}

// An Answer is a response as it was sent.
type Answer struct {
	Service string
	Method  string // of the request; HEAD asks for no body
	Route   string // the pattern; empty when no route matched
	Query   url.Values
	Status  int
	Header  http.Header
	Body    []byte
}

// Entries returns the history, oldest first.
func (l *Log) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// Unemulated returns the requests that the sandbox did not know.
func (l *Log) Unemulated() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.strange)
}

func (l *Log) now() time.Time {
	if l.Now != nil {
		return l.Now()
	}
	return time.Now()
}

type noteKey struct{}

// Note returns the history entry of a request being served, for the service to
// complete. Outside a request it returns an entry that nobody keeps.
func Note(ctx context.Context) *Entry {
	if entry, ok := ctx.Value(noteKey{}).(*Entry); ok {
		return entry
	}
	return &Entry{}
}

// record runs next and keeps what it noted.
func (l *Log) record(service string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := &Entry{Time: l.now().UTC(), Service: service, Method: r.Method, URL: masked(r.URL), Token: l.tokens.read(r.Header)}
		sw := &statusWriter{ResponseWriter: w}
		if l.Answered != nil {
			sw.sent = &bytes.Buffer{}
		}
		defer func() {
			entry.Status = sw.status
			l.keep(*entry)
			if l.Answered != nil && entry.Code != "dropped" {
				l.Answered(Answer{service, r.Method, entry.Route, r.URL.Query(), sw.status, w.Header(), sw.sent.Bytes()})
			}
		}()
		next.ServeHTTP(sw, r.WithContext(context.WithValue(r.Context(), noteKey{}, entry)))
	})
}

func (l *Log) keep(entry Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) == historySize {
		l.entries = slices.Delete(l.entries, 0, historySize/10)
	}
	l.entries = append(l.entries, entry)
	if entry.Unemulated != "" && len(l.strange) < historySize {
		l.strange = append(l.strange, entry)
	}
}

// masked is the URL as the history shows it, without function keys and signatures
// in the query, and without anything that looks like a token, which a client may
// have put anywhere by mistake.
func masked(u *url.URL) string {
	query := u.Query()
	for name, values := range query {
		switch strings.ToLower(name) {
		case "code", "sig", "access_token", "client_secret", "client_assertion", "key":
			query.Set(name, "***")
			continue
		}
		for i, value := range values {
			values[i] = MaskTokens(value)
		}
	}
	shown := url.URL{Path: MaskTokens(u.Path), RawQuery: query.Encode()}
	return shown.String()
}

// tokenShaped matches base64url of `{"` and what follows: a JSON Web Token.
var tokenShaped = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*)*`)

// MaskTokens is a text without anything that looks like a token.
func MaskTokens(text string) string { return tokenShaped.ReplaceAllString(text, "***") }

// A statusWriter remembers the status that was sent.
type statusWriter struct {
	http.ResponseWriter
	status int
	sent   *bytes.Buffer // the body, if anybody asks for it
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.sent != nil {
		w.sent.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
