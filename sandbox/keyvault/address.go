package keyvault

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"app-to-app/sandbox/loopback"
	"app-to-app/sandbox/store"
)

// Addresses gives each vault a port of its own: clients take the ids of secrets
// apart from the root of the vault's host. The rules are: a vault keeps its port
// as long as its name, through deletion and recovery, until it is purged; the port
// is in the vault's own address, which the store has. It is safe for concurrent use.
type Addresses struct {
	certificate tls.Certificate
	handler     http.Handler // of all vaults, below /keyvault/VAULT

	mu      sync.Mutex
	servers map[string]*vaultServer // by vault, in lower case
}

type vaultServer struct {
	http.Server
	uri string
}

// NewAddresses serves handler, which is [Service.Handler], at the vaults' ports.
func NewAddresses(handler http.Handler, certificate tls.Certificate) *Addresses {
	return &Addresses{certificate: certificate, handler: handler, servers: make(map[string]*vaultServer)}
}

// Of is the address of a vault, with a slash at the end. The first call opens its
// port.
func (a *Addresses) Of(vault string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if open := a.servers[strings.ToLower(vault)]; open != nil {
		return open.uri, nil
	}
	l, err := loopback.ListenFree(context.Background())
	if err != nil {
		return "", fmt.Errorf("open the port of vault %q: %w", vault, err)
	}
	return a.serveLocked(vault, l), nil
}

// Purged closes the port of a vault that is gone for good.
func (a *Addresses) Purged(vault string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := strings.ToLower(vault)
	if server := a.servers[name]; server != nil {
		delete(a.servers, name)
		_ = server.Close() // nobody is to use it any more
	}
}

// Reopen opens the ports of the vaults that a store has, deleted ones included.
func (a *Addresses) Reopen(ctx context.Context, s *store.Store) error {
	var known []Vault
	err := s.View(func(tx *store.Tx) error {
		for _, r := range store.Resources.All(tx, "") {
			if r.Type != VaultType && r.Type != DeletedVaultType {
				continue
			}
			v, err := VaultOf(r)
			if err != nil {
				return err
			}
			known = append(known, v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range known {
		if a.servers[strings.ToLower(v.Name)] != nil {
			continue // a deleted vault of the same name in the same second
		}
		port, err := portOf(v.VaultURI)
		if err != nil {
			return fmt.Errorf("vault %q: %w", v.Name, err)
		}
		l, err := loopback.Listen(ctx, port)
		if err != nil {
			return fmt.Errorf("open port %d of vault %q, which deployed stacks and function apps know: %w; fix: stop the process that uses the port, or delete the sandbox's directory to start over", port, v.Name, err)
		}
		a.serveLocked(v.Name, l)
	}
	return nil
}

func portOf(uri string) (int, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Path != "/" {
		return 0, fmt.Errorf("expected an address as https://127.0.0.1:PORT/, got %q: the directory is of an older sandbox; fix: delete it to start over", uri)
	}
	return strconv.Atoi(u.Port())
}

// serveLocked answers at a vault's port. The caller holds mu.
func (a *Addresses) serveLocked(vault string, l net.Listener) (uri string) {
	uri = "https://" + l.Addr().String() + "/"
	server := &vaultServer{uri: uri, Server: http.Server{
		Handler:           a.below("/keyvault/" + vault),
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{a.certificate}, MinVersion: tls.VersionTLS12},
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // clients that hang up or do not trust the certificate
	}}
	a.servers[strings.ToLower(vault)] = server
	go server.ServeTLS(l, "", "")
	return uri
}

// below adds the vault to the path of requests.
func (a *Addresses) below(prefix string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = prefix + r.URL.Path
		if r.URL.RawPath != "" {
			r.URL.RawPath = prefix + r.URL.RawPath
		}
		a.handler.ServeHTTP(w, r)
	})
}

// Close closes all ports.
func (a *Addresses) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var err error
	for _, server := range a.servers {
		err = errors.Join(err, server.Close())
	}
	return err
}
