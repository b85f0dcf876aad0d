// Package customhandler keeps a handler's side of the contract between the
// Azure Functions host and a custom handler, the process that the host starts
// from host.json and sends every invocation to over HTTP on loopback.
//
// It stands for https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers:
// the port variable, HTTP functions that arrive as themselves (host.json must
// set enableProxyingHttpRequest), timer invocations in the host's envelope,
// readiness, logs on stdout and a graceful stop.
//
// It knows nothing about authorization or orders, and on purpose offers only
// the two triggers that the function apps use. HTTP functions in the host's
// envelope (proxying switched off) are not understood.
package customhandler

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
)

// maxRequestBytes caps a request body. The largest that is expected is a timer
// envelope of under 1 KiB.
const maxRequestBytes = 1 << 20

// An App is one function app: its app settings, its log and its functions. It
// is an [http.Handler] for everything that the Functions host sends. Register
// all functions before it serves.
type App struct {
	Settings *AppSettings
	Logger   *slog.Logger
	mux      *http.ServeMux
}

// NewApp returns an app without functions. A nil logger discards.
func NewApp(settings *AppSettings, logger *slog.Logger) *App {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	app := &App{Settings: settings, Logger: logger, mux: http.NewServeMux()}
	// The host asks GET / every 25 ms until anything answers, and later for
	// health (WorkerProcess.IsWorkerReady and HostMonitor of
	// Azure/azure-functions-host).
	app.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		WriteJSON(w, http.StatusOK, map[string]string{"status": "ready"})
	})
	return app
}

// HTTP registers a function with an HTTP trigger under a [http.ServeMux]
// pattern whose path is the host's: route prefix, then the route of
// function.json. It panics when two functions share a pattern.
func (a *App) HTTP(pattern string, function http.Handler) {
	method, path, _ := strings.Cut(pattern, " ")
	a.mux.Handle(method+" "+strings.ToLower(path), function)
}

// ServeHTTP runs the function that the request is for: logged, with its body
// capped, and with a panic answered as 500.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(withInvocationID(r))
	// The host matches routes in any case and passes the path on as it came.
	lower := *r.URL
	lower.Path, lower.RawPath = strings.ToLower(lower.Path), ""
	r.URL = &lower
	a.logged(http.HandlerFunc(a.dispatch)).ServeHTTP(w, r)
}

func (a *App) dispatch(w http.ResponseWriter, r *http.Request) {
	defer a.recoverPanic(w, r)
	if r.ContentLength > maxRequestBytes {
		WriteError(w, http.StatusRequestEntityTooLarge, "request_too_large",
			fmt.Sprintf("the request body must not exceed %d bytes", maxRequestBytes))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
	if handler, pattern := a.mux.Handler(r); pattern == "" {
		refuseUnknown(handler, w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// recoverPanic answers 500. [http.ErrAbortHandler] is a handler's way to drop
// the connection and passes through.
func (a *App) recoverPanic(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	a.Logger.ErrorContext(r.Context(), "function panicked", "cause", fmt.Sprint(cause), "stack", stack())
	if sent, ok := w.(*countingWriter); ok && sent.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	WriteError(w, http.StatusInternalServerError, "internal_error", "the function failed unexpectedly")
}

// refuseUnknown answers in JSON what the mux would have answered in text: 404,
// or 405 with the methods allowed.
func refuseUnknown(refusal http.Handler, w http.ResponseWriter, r *http.Request) {
	answer := &statusOnly{header: http.Header{}}
	refusal.ServeHTTP(answer, r)
	if allow := answer.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
	}
	if answer.status == http.StatusMethodNotAllowed {
		WriteError(w, answer.status, "method_not_allowed", "this function does not answer this method")
		return
	}
	WriteError(w, http.StatusNotFound, "not_found", "no function answers this path")
}

// statusOnly is a response writer that keeps status and headers.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }

type invocationKey struct{}

// InvocationID returns the id that the Functions host gave to the invocation
// behind ctx, so that our log can be joined with the host's; empty outside an
// invocation.
func InvocationID(ctx context.Context) string {
	id, _ := ctx.Value(invocationKey{}).(string)
	return id
}

// withInvocationID takes the host's id when it looks like one: only the host
// can reach a handler in Azure, but on a developer's machine anybody can.
func withInvocationID(r *http.Request) context.Context {
	id := r.Header.Get("X-Azure-Functions-InvocationId")
	if !invocationIDPattern.MatchString(id) {
		return r.Context()
	}
	return context.WithValue(r.Context(), invocationKey{}, id)
}

var invocationIDPattern = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)
