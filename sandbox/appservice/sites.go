package appservice

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"

	"app-to-app/sandbox/arm"
	"app-to-app/sandbox/store"
)

// This file is what ARM calls (its interface Sites). The rules are: ports and
// keys are chosen once and kept; what is stored takes effect after the commit,
// never in the transaction; no method waits for a handler to be ready. Methods
// that read keys may wait for a host that writes to the store, so they must not
// be called in a transaction.

var _ arm.Sites = (*Service)(nil)

// Create gives a new site its ports, keys and identity header, in the
// transaction that creates its resource. An existing site keeps what it has.
func (s *Service) Create(tx *store.Tx, siteID, tenantID string) (store.Site, error) {
	key := store.ResourceKey(siteID)
	if site, ok := store.Sites.Get(tx, key); ok {
		return site, nil
	}
	opened, err := openFree()
	if err != nil {
		return store.Site{}, fmt.Errorf("find ports for site %q: %w", lastName(siteID), err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		opened.Close()
		return store.Site{}, errors.New("create site: the sandbox is stopping")
	}
	if held, ok := s.reserved[key]; ok {
		held.Close() // of a transaction that was rolled back
	}
	s.reserved[key] = opened
	site := store.Site{
		ResourceID: siteID, TenantID: tenantID,
		AppPort: opened.appPort(), SCMPort: opened.scmPort(),
		IdentityHeader: s.newKey(store.IdentityHeader),
		MasterKey:      s.newKey(store.FunctionKey),
		HostKeys:       map[string]string{"default": s.newKey(store.FunctionKey)},
		FunctionKeys:   map[string]map[string]string{},
		Timers:         map[string]store.TimerStatus{},
	}
	store.Sites.Put(tx, key, site)
	return site, nil
}

// Delete forgets a site. Its processes stop when [Service.Changed] follows.
func (s *Service) Delete(tx *store.Tx, siteID string) {
	store.Sites.Delete(tx, store.ResourceKey(siteID))
}

// Changed applies what is stored: a new site begins to listen, a deleted one
// stops, and the handler is restarted if something that it depends on changed.
// Requests that arrive meanwhile wait for it.
func (s *Service) Changed(siteID string) {
	key := store.ResourceKey(siteID)
	site, ok, err := s.site(siteID)
	if err != nil {
		s.config.Logger.Error("read site", "site", lastName(siteID), "error", err)
		return
	}
	s.mu.Lock()
	a := s.apps[key]
	if a != nil && (!ok || a.listeners.appPort() != site.AppPort) {
		s.dropLocked(key, a)
		a = nil
	}
	opened := s.reserved[key]
	delete(s.reserved, key)
	if !ok || s.closed {
		s.mu.Unlock()
		if opened != nil {
			opened.Close()
		}
		return
	}
	s.mu.Unlock()
	if a == nil {
		if opened == nil {
			if opened, err = reopen(context.Background(), site); err != nil {
				s.config.Logger.Error("open site", "site", lastName(siteID), "error", err)
				return
			}
		}
		s.serve(site, opened)
		return
	}
	a.refresh(false)
}

// Restart restarts the handler of a site although nothing changed, as the
// restart operation of App Service does.
func (s *Service) Restart(siteID string) {
	if a := s.app(siteID); a != nil {
		a.refresh(true)
	}
}

// serve makes a site answer on its listeners and starts its app.
func (s *Service) serve(site store.Site, opened *listeners) {
	a := newApp(s, site, opened)
	key := store.ResourceKey(site.ResourceID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.apps[key] != nil {
		opened.Close()
		return
	}
	s.apps[key] = a
	a.start()
}

// dropLocked stops an app without waiting for it.
func (s *Service) dropLocked(key string, a *app) {
	delete(s.apps, key)
	s.stopping.Go(a.stop)
}

// HostKeys returns the keys for all functions of a site. As in Azure, it fails
// while the host cannot run, because the host keeps them.
func (s *Service) HostKeys(siteID string) (arm.HostKeys, error) {
	site, err := s.runningSite(siteID)
	if err != nil {
		return arm.HostKeys{}, fmt.Errorf("read host keys: %w", err)
	}
	return arm.HostKeys{MasterKey: site.MasterKey, FunctionKeys: maps.Clone(site.HostKeys), SystemKeys: map[string]string{}}, nil
}

// FunctionKeys returns the keys for one function of a site, by name.
func (s *Service) FunctionKeys(siteID, function string) (map[string]string, error) {
	site, err := s.runningSite(siteID)
	if err != nil {
		return nil, fmt.Errorf("read function keys: %w", err)
	}
	if !slices.Contains(site.Functions, function) {
		return nil, fmt.Errorf("read function keys: expected one of the site's functions %q, got %q", site.Functions, function)
	}
	return maps.Clone(site.FunctionKeys[function]), nil
}

// runningSite returns what is stored of a site whose host runs.
func (s *Service) runningSite(siteID string) (store.Site, error) {
	a := s.app(siteID)
	if a == nil {
		return store.Site{}, fmt.Errorf("expected a function app, got %q", siteID)
	}
	host := a.usable(context.Background())
	if host == nil {
		return store.Site{}, fmt.Errorf("site %q was deleted", lastName(siteID))
	}
	if !host.def.available() {
		return store.Site{}, fmt.Errorf("site %q is stopped", lastName(siteID))
	}
	if host.err != nil {
		return store.Site{}, fmt.Errorf("encountered an error (ServiceUnavailable) from host runtime: %w", host.err)
	}
	site, ok, err := s.site(siteID)
	if err == nil && !ok {
		err = fmt.Errorf("site %q was deleted", lastName(siteID))
	}
	return site, err
}

// site reads what is stored of a site.
func (s *Service) site(siteID string) (site store.Site, ok bool, err error) {
	err = s.config.Store.View(func(tx *store.Tx) error {
		site, ok = store.Sites.Get(tx, store.ResourceKey(siteID))
		return nil
	})
	return site, ok, err
}

// updateSite changes what is stored of a site, unless it is deleted by now.
func (s *Service) updateSite(siteID string, change func(*store.Site)) error {
	return s.config.Store.Update(func(tx *store.Tx) error {
		key := store.ResourceKey(siteID)
		site, ok := store.Sites.Get(tx, key)
		if !ok {
			return fmt.Errorf("site %q was deleted", lastName(siteID))
		}
		change(&site)
		store.Sites.Put(tx, key, site)
		return nil
	})
}

// newKey is a secret of 40 random bytes that needs no escaping anywhere.
func (s *Service) newKey(kind store.SecretKind) string {
	secret := make([]byte, 40)
	rand.Read(secret) // never fails since Go 1.24
	key := base64.RawURLEncoding.EncodeToString(secret)
	s.config.Store.Issue(kind, key)
	return key
}
