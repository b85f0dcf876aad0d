package appservice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"app-to-app/sandbox/loopback"
	"app-to-app/sandbox/store"
)

// This file opens the ports of sites. A port is chosen once and kept in the
// store.

// listeners are the two of a site.
type listeners struct{ app, scm net.Listener }

func (l *listeners) appPort() int { return loopback.Port(l.app) }
func (l *listeners) scmPort() int { return loopback.Port(l.scm) }

func (l *listeners) Close() {
	l.app.Close()
	l.scm.Close()
}

// openFree opens the listeners of a new site.
func openFree() (*listeners, error) {
	app, err := loopback.ListenFree(context.Background())
	if err != nil {
		return nil, err
	}
	scm, err := loopback.ListenFree(context.Background())
	if err != nil {
		app.Close()
		return nil, err
	}
	return &listeners{app: app, scm: scm}, nil
}

// reopen opens the listeners of a known site on its own ports.
func reopen(ctx context.Context, site store.Site) (*listeners, error) {
	app, err := listenAgain(ctx, site, "app", site.AppPort)
	if err != nil {
		return nil, err
	}
	scm, err := listenAgain(ctx, site, "SCM", site.SCMPort)
	if err != nil {
		app.Close()
		return nil, err
	}
	return &listeners{app: app, scm: scm}, nil
}

func listenAgain(ctx context.Context, site store.Site, what string, port int) (net.Listener, error) {
	l, err := loopback.Listen(ctx, port)
	if err != nil {
		return nil, fmt.Errorf("open the %s port %d of site %q, which deployed stacks and its callers know: %w; stop the process that uses port %[2]d, or delete the sandbox's directory to start over",
			what, port, lastName(site.ResourceID), err)
	}
	return l, nil
}

// serveTLS answers https, and only https, until the server is closed.
func (s *Service) serveTLS(l net.Listener, handler http.Handler) *http.Server {
	server := newServer(handler)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.config.Certificate}, MinVersion: tls.VersionTLS12}
	go func() {
		if err := server.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
			s.config.Logger.Error("serve", "address", l.Addr().String(), "error", err)
		}
	}()
	return server
}

func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		// Do not log clients that hang up or do not trust the certificate.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
}
