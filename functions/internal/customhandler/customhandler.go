// Package customhandler implements the handler's side of the contract between the
// Azure Functions host and a custom handler, the process that the host starts
// from host.json and sends every invocation to over HTTP on loopback.
//
// The contract is https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers:
// the port variable, HTTP requests passed through (host.json must set
// enableProxyingHttpRequest), timer invocations in the host's envelope,
// readiness, logs on stdout and a graceful stop.
//
// It knows nothing about authorization or orders, and supports on purpose only
// the two triggers that the function apps use. It does not support HTTP requests
// in the host's envelope (proxying off).
package customhandler

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// maxRequestBytes limits a request body. The largest expected is a timer's
// envelope, under 1 KiB.
const maxRequestBytes = 1 << 20

// An App is one function app: its app settings, its log and its functions. It
// is an [http.Handler] for everything that the Functions host sends. Register
// all functions before it serves.
type App struct {
	Settings *AppSettings
	Logger   *slog.Logger
	Sampler  *Sampler // for lines that anyone can cause
	mux      *http.ServeMux
}

// NewApp returns an app without functions. A nil logger discards.
func NewApp(settings *AppSettings, logger *slog.Logger) *App {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	app := &App{Settings: settings, Logger: logger, Sampler: NewSampler(logger), mux: http.NewServeMux()}
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

// ServeHTTP runs the function that the request is for. It gives the request its ids,
// logs it, limits its body, and answers 500 if the function panics.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = withRequestIDs(w, r)
	// The host ignores case in routes and passes the path on unchanged.
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
		panic(http.ErrAbortHandler) // so that the caller does not take half an answer for all of it
	}
	WriteError(w, http.StatusInternalServerError, "internal_error", "the function failed unexpectedly")
}

// refuseUnknown answers as the mux would, but in JSON: 404, or 405 with the methods
// allowed.
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
