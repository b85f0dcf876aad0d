package customhandler

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"
)

// This file writes the log. The rules are: one JSON object a line on stdout,
// because the host reports a line on stderr as an error; never a query string,
// a header or a body; the route's pattern instead of the path, so that callers
// cannot write to the log; and anything that looks like a token is replaced, in
// case the other rules are broken.

// jwtShaped matches base64url of `{"` and what follows, which is how every
// signed token begins.
var jwtShaped = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*)*`)

// NewLogger returns a logger that writes JSON lines to w, with the invocation
// id of the context.
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(invocationHandler{slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: redact})})
}

func redact(_ []string, attr slog.Attr) slog.Attr {
	switch attr.Value.Kind() {
	case slog.KindString:
		attr.Value = slog.StringValue(jwtShaped.ReplaceAllString(attr.Value.String(), "[redacted]"))
	case slog.KindAny:
		if err, ok := attr.Value.Any().(error); ok {
			attr.Value = slog.StringValue(jwtShaped.ReplaceAllString(err.Error(), "[redacted]"))
		}
	}
	return attr
}

// invocationHandler adds the invocation id to every record.
type invocationHandler struct{ slog.Handler }

func (h invocationHandler) Handle(ctx context.Context, record slog.Record) error {
	ids := idsOf(ctx)
	switch {
	case ids.invocation != "":
		record.AddAttrs(slog.String("invocationId", ids.invocation))
	case ids.own != "":
		record.AddAttrs(slog.String("requestId", ids.own))
	}
	if ids.client != "" {
		record.AddAttrs(slog.String("clientRequestId", ids.client))
	}
	return h.Handler.Handle(ctx, record)
}

func (h invocationHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return invocationHandler{h.Handler.WithAttrs(attrs)}
}

func (h invocationHandler) WithGroup(name string) slog.Handler {
	return invocationHandler{h.Handler.WithGroup(name)}
}

// logged writes one line for each request, except for the host's health checks.
// Those that were refused or failed are sampled: anyone can send them, and what
// fails for another reason has a line of its own.
func (a *App) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		counted := &countingWriter{ResponseWriter: w}
		defer func() {
			level := slog.LevelInfo
			if r.Pattern == "GET /{$}" {
				level = slog.LevelDebug
			}
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			args := []any{"method", knownMethod(r.Method), "route", route, "status", counted.status, "bytes", counted.bytes,
				"elapsedMs", time.Since(started).Milliseconds()}
			if counted.status < http.StatusBadRequest {
				a.Logger.Log(r.Context(), level, "request", args...)
				return
			}
			a.Sampler.Log(r.Context(), Line{Kind: fmt.Sprintf("request %s %d", route, counted.status), Level: level}, "request", args...)
		}()
		next.ServeHTTP(counted, r)
	})
}

// knownMethod keeps made-up methods out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// A countingWriter keeps the status and size of an answer. Only the first status
// counts: once sent, a panic cannot change it.
type countingWriter struct {
	http.ResponseWriter
	status, bytes int
}

func (c *countingWriter) WriteHeader(status int) {
	if c.status != 0 {
		return
	}
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *countingWriter) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += n
	return n, err
}

// Unwrap lets [http.ResponseController] reach the connection.
func (c *countingWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func stack() string { return string(debug.Stack()) }
