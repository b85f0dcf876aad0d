package appservice

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/route"
)

// This file answers the callers of functions. The rules are: App Service comes
// first (a stopped site, headers that only it may set), then the host (its
// state, the route, the key), then the function; the host's own answers say
// nothing about keys.

// maxRequestBytes is the host's limit for a request.
// learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits
const maxRequestBytes = 210 << 20

// invoke answers a request for a function.
func (a *app) invoke(w http.ResponseWriter, r *http.Request) {
	host := a.ready(w, r)
	for host != nil && !host.enter() {
		host = a.ready(w, r) // the next host
	}
	if host == nil {
		return
	}
	defer host.calls.Done()
	m, ok := match(host.routes, r.Method, r.URL.EscapedPath())
	if !ok {
		if r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			writePage(w, http.StatusOK, "Your Functions 4.0 app is up and running")
			return
		}
		w.WriteHeader(http.StatusNotFound)
		return
	}
	route.Note(r.Context()).Object = a.id + "/functions/" + m.function.name
	level, err := a.levelOf(r, m.function)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case level < m.function.http.level:
		// FunctionInvocationMiddleware: UnauthorizedResult, without a body.
		w.WriteHeader(http.StatusUnauthorized)
	case m.function.disabled && level < admin:
		w.WriteHeader(http.StatusNotFound)
	case r.ContentLength > maxRequestBytes:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	default:
		r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
		host.call(w, r, m)
	}
}

// ready returns the host if it runs, or answers the request.
func (a *app) ready(w http.ResponseWriter, r *http.Request) *functionsHost {
	host := a.usable(r.Context())
	switch {
	case host == nil:
		writePage(w, http.StatusServiceUnavailable, "The service is unavailable.")
		return nil
	case !host.def.available():
		// learn.microsoft.com/troubleshoot/azure/app-service/web-apps-faqs: a
		// stopped site answers 403.
		writePage(w, http.StatusForbidden, "Error 403 - This web app is stopped.")
		return nil
	case host.err != nil:
		writePage(w, http.StatusServiceUnavailable, "Function host is not running.")
		return nil
	}
	return host
}

func writePage(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!DOCTYPE html>\n<html><head><title>%s</title></head><body><h1>%[1]s</h1></body></html>\n", text)
}

// levelOf returns the level of the key that the caller sent. The header wins over the
// query (AuthenticationLevelHandler of Azure/azure-functions-host). f may be
// nil: then only the master key counts.
func (a *app) levelOf(r *http.Request, f *function) (authLevel, error) {
	key := r.Header.Get("x-functions-key")
	if key == "" {
		key = r.URL.Query().Get("code")
	}
	if key == "" {
		return anonymous, nil
	}
	site, ok, err := a.service.site(a.id)
	if err != nil || !ok {
		return anonymous, err
	}
	if sameKey(key, site.MasterKey) {
		return admin, nil
	}
	if f == nil {
		return anonymous, nil
	}
	for _, known := range slices.Concat(slices.Collect(maps.Values(site.HostKeys)), slices.Collect(maps.Values(site.FunctionKeys[f.name]))) {
		if sameKey(key, known) {
			return keyed, nil
		}
	}
	return anonymous, nil
}

// sameKey compares in constant time. An empty key matches nothing.
func sameKey(given, known string) bool {
	return known != "" && subtle.ConstantTimeCompare([]byte(given), []byte(known)) == 1
}

// call runs the function, in the mode that host.json chose.
func (h *functionsHost) call(w http.ResponseWriter, r *http.Request, m matched) {
	id := newInvocationID()
	sent := &sentWriter{ResponseWriter: w}
	err := h.invoked(m.function, id, "This function was programmatically called via the host APIs.", func() error {
		switch {
		case m.function.plain() && h.config.Proxying:
			return h.proxy(sent, r, id)
		case m.function.plain() && h.config.Forwarding:
			return h.forward(sent, r, id)
		}
		return h.invokeWithPayload(sent, r, m, id)
	})
	switch {
	case err == nil:
	case sent.begun:
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	case errors.Is(err, errGaveUp):
		writePage(w, http.StatusServiceUnavailable, "Function host is not running.")
	default:
		// ExceptionMiddleware: a failed invocation answers 500.
		clear(w.Header())
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// proxy streams the request to the handler and its answer back
// (enableProxyingHttpRequest).
func (h *functionsHost) proxy(w http.ResponseWriter, r *http.Request, id string) error {
	port, err := h.port(r.Context())
	if err != nil {
		return err
	}
	if h.config.Timeout > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), h.config.Timeout+time.Minute)
		defer cancel()
		r = r.WithContext(ctx)
	}
	target, err := url.Parse(handlerURL(port))
	if err != nil {
		return err
	}
	var failed error
	proxy := &httputil.ReverseProxy{
		Transport:     h.transport,
		FlushInterval: -1, // answers are streamed
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = target.Scheme, target.Host
			p.Out.Host = p.In.Host
			p.Out.URL.RawQuery = p.In.URL.RawQuery // unparsable parts too
			p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
			frontEnd(p.Out.Header, p.In)
			setHostHeaders(p.Out.Header, id)
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) {
			failed = fmt.Errorf("proxy the request to the handler: %w", err)
		},
	}
	proxy.ServeHTTP(w, r)
	return failed
}

// frontEnd adds what App Service's front end tells an app about its caller.
func frontEnd(header http.Header, in *http.Request) {
	header.Set("X-Forwarded-For", strings.Join(append(in.Header.Values("X-Forwarded-For"), in.RemoteAddr), ", "))
	header.Set("X-Forwarded-Proto", "https")
}

// forward sends a copy of the request to the handler and its whole answer back
// (enableForwardingHttpRequest; ProcessHttpInAndOutInvocationRequest).
func (h *functionsHost) forward(w http.ResponseWriter, r *http.Request, id string) error {
	port, err := h.port(r.Context())
	if err != nil {
		return err
	}
	var body []byte
	if r.ContentLength > 0 { // a body of unknown length is lost, as in Azure
		if body, err = io.ReadAll(r.Body); err != nil {
			return fmt.Errorf("read the request: %w", err)
		}
	}
	query := make(url.Values)
	for name, values := range r.URL.Query() {
		query.Set(name, strings.Join(values, ","))
	}
	target := handlerURL(port) + r.URL.EscapedPath()
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header, req.Host = r.Header.Clone(), r.Host
	for _, name := range []string{"Connection", "Transfer-Encoding", "Upgrade", "Te", "Trailer", "Keep-Alive"} {
		req.Header.Del(name) // between us and the caller only (RFC 9110 section 7.6.1)
	}
	frontEnd(req.Header, r)
	setHostHeaders(req.Header, id)
	client := h.client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("forward the request to the handler: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxResultBytes))
	if err != nil {
		return fmt.Errorf("read the handler's answer: %w", err)
	}
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	w.Write(answer) // a caller that hangs up is not the function's failure
	return nil
}

// A sentWriter knows whether an answer was begun.
type sentWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *sentWriter) WriteHeader(status int) {
	w.begun = w.begun || status >= 200
	w.ResponseWriter.WriteHeader(status)
}

func (w *sentWriter) Write(b []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *sentWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
