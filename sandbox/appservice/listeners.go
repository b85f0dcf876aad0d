package appservice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"app-to-app/sandbox/store"
)

// This file opens ports. The rules are: 127.0.0.1 only; a port is chosen once
// and kept in the store; the choice is made below the range from which Linux
// takes the ports of outgoing connections (ip_local_port_range, 32768 and up),
// so that a port which is closed for a moment, or not yet bound by the process
// it was given to, is not lost to somebody's client.

const (
	firstPort = 20000
	lastPort  = 32767
)

var background = context.Background()

// listeners are the two of a site.
type listeners struct{ app, scm net.Listener }

func (l *listeners) appPort() int { return portOf(l.app) }
func (l *listeners) scmPort() int { return portOf(l.scm) }

func (l *listeners) Close() {
	l.app.Close()
	l.scm.Close()
}

// A socket is a listener whose port is free as soon as it is closed. A process
// that is being started shares all our files until it begins to execute
// (golang.org/issue/22315), and closing ours alone would leave its copy
// listening for that moment.
type socket struct{ net.Listener }

func (s socket) Close() error {
	stopListening(s.Listener)
	return s.Listener.Close()
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

func listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return socket{l}, nil
}

// listenFree listens on a free port.
func listenFree() (net.Listener, error) {
	for range 64 {
		if l, err := listen(background, firstPort+rand.IntN(lastPort-firstPort+1)); err == nil {
			return l, nil
		}
	}
	return listen(background, 0)
}

// openFree opens the listeners of a new site.
func openFree() (*listeners, error) {
	app, err := listenFree()
	if err != nil {
		return nil, err
	}
	scm, err := listenFree()
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
	l, err := listen(ctx, port)
	if err != nil {
		return nil, fmt.Errorf("open the %s port %d of site %q, which deployed stacks and its callers know: %w; stop the process that uses port %[2]d, or delete the sandbox's directory to begin anew",
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
		// Clients that hang up or do not trust the certificate are not worth a
		// line.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
}
