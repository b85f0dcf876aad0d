package graph

import (
	"net/http"
	"strings"
	"time"

	"app-to-app/sandbox/store"
)

// This file holds the recycle bin
// (https://learn.microsoft.com/graph/api/resources/directory). The rules are:
// what is deleted can be restored for 30 days on the sandbox's clock, and keeps
// its identifier URIs; a restored service principal has no assignments;
// restoring an application does not restore its service principal
// (https://learn.microsoft.com/graph/api/directory-deleteditems-restore).

const keptFor = 30 * 24 * time.Hour

func expired(deleted *time.Time, now time.Time) bool {
	return deleted != nil && !now.Before(deleted.Add(keptFor))
}

// recycle moves a service principal to the recycle bin, and deletes the
// assignments that it holds and that others hold on it.
func recycle(tx *store.Tx, sp store.ServicePrincipal, now time.Time) {
	store.RemoveAssignments(tx, sp.TenantID, sp.ObjectID)
	sp.DeletedAt = &now
	store.ServicePrincipals.Put(tx, store.TenantKey(sp.TenantID, sp.ObjectID), sp)
}

// update runs a change, after sweeping the recycle bin if anything in it
// expired. Sweeping in every request would make n requests take n² time.
func (s *Service) update(tenantID string, run func(*store.Tx) error) error {
	now := s.Store.Now()
	s.mu.Lock()
	due := !now.Before(s.nextSweep[tenantID])
	s.mu.Unlock()
	next := now.Add(keptFor) // for anything deleted from now on
	err := s.Store.Update(func(tx *store.Tx) error {
		if due {
			next = earlier(next, sweep(tx, tenantID, now))
		}
		return run(tx)
	})
	if due && err == nil {
		s.mu.Lock()
		s.nextSweep[tenantID] = next
		s.mu.Unlock()
	}
	return err
}

// earlier returns the earlier of two times; b may be zero.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// sweep removes what was deleted 30 days ago, and returns when the next object
// expires, or zero.
func sweep(tx *store.Tx, tenantID string, now time.Time) (next time.Time) {
	keeps := func(deleted *time.Time) bool {
		if deleted == nil {
			return true
		}
		expires := deleted.Add(keptFor)
		if now.Before(expires) {
			next = earlier(expires, next)
			return true
		}
		return false
	}
	sweepOf(tx, store.Applications, tenantID, func(app store.Application) bool { return keeps(app.DeletedAt) })
	sweepOf(tx, store.ServicePrincipals, tenantID, func(sp store.ServicePrincipal) bool { return keeps(sp.DeletedAt) })
	return next
}

func sweepOf[T any](tx *store.Tx, from store.Collection[T], tenantID string, keeps func(T) bool) {
	var gone []string
	for key, item := range from.All(tx, store.TenantKey(tenantID, "")) {
		if !keeps(item) {
			gone = append(gone, key)
		}
	}
	for _, key := range gone {
		from.Delete(tx, key)
	}
}

func listDeletedApplications(tx *store.Tx, q *request) (answer, error) {
	return q.list("applications", applicationFilters, applications(tx, q, true))
}

func listDeletedServicePrincipals(tx *store.Tx, q *request) (answer, error) {
	return q.list("servicePrincipals", servicePrincipalFilters, servicePrincipals(tx, q, true))
}

// A deletedItem is an application or a service principal in the recycle bin.
type deletedItem struct {
	app *store.Application
	sp  *store.ServicePrincipal
}

func (q *request) deleted(tx *store.Tx) (deletedItem, error) {
	id, now := q.PathValue("id"), q.service.Store.Now()
	key := store.TenantKey(q.caller.TenantID, id)
	admit := q.mayChange
	if q.Method == http.MethodGet {
		admit = func(owners ...string) error { return q.mayRead(false, owners...) }
	}
	if app, ok := store.Applications.Get(tx, key); ok && app.DeletedAt != nil && !expired(app.DeletedAt, now) {
		return deletedItem{app: &app}, admit(app.Owners...)
	}
	if sp, ok := store.ServicePrincipals.Get(tx, key); ok && sp.DeletedAt != nil && !expired(sp.DeletedAt, now) {
		return deletedItem{sp: &sp}, admit(ownersOf(tx, sp)...)
	}
	return deletedItem{}, notFound(id)
}

func (q *request) showDeleted(tx *store.Tx, d deletedItem) (answer, error) {
	var shown object
	if d.app != nil {
		shown = viewApplication(tx, *d.app, q.version, false)
	} else {
		shown = viewServicePrincipal(*d.sp, applicationOf(tx, *d.sp), q.version)
	}
	shown.mixed = true
	return q.one("directoryObjects", shown)
}

func getDeleted(tx *store.Tx, q *request) (answer, error) {
	d, err := q.deleted(tx)
	if err != nil {
		return answer{}, err
	}
	return q.showDeleted(tx, d)
}

func restoreDeleted(tx *store.Tx, q *request) (answer, error) {
	d, err := q.deleted(tx)
	if err != nil {
		return answer{}, err
	}
	if d.app != nil {
		d.app.DeletedAt = nil
		q.putApplication(tx, *d.app)
		return q.showDeleted(tx, d)
	}
	if _, taken := store.ServicePrincipalByClientID(tx, d.sp.TenantID, d.sp.ClientID); taken {
		return answer{}, &refusal{http.StatusConflict, codeSameKey,
			"The service principal cannot be created, updated, or restored because the service principal name " + d.sp.ClientID + " is already in use."}
	}
	if _, ok := store.ApplicationByClientID(tx, d.sp.TenantID, d.sp.ClientID); !ok {
		return answer{}, &refusal{http.StatusBadRequest, "NoBackingApplicationObject",
			"The appId '" + d.sp.ClientID + "' of the service principal does not reference a valid application object."}
	}
	d.sp.DeletedAt = nil
	q.putServicePrincipal(tx, *d.sp)
	return q.showDeleted(tx, d)
}

// purgeDeleted deletes an object permanently. It also deletes the service
// principals of an application, because they could not be restored.
func purgeDeleted(tx *store.Tx, q *request) (answer, error) {
	d, err := q.deleted(tx)
	if err != nil {
		return answer{}, err
	}
	key := store.TenantKey(q.caller.TenantID, q.PathValue("id"))
	if d.sp != nil {
		store.ServicePrincipals.Delete(tx, key)
		q.note(d.sp.ObjectID)
		return answer{status: http.StatusNoContent}, nil
	}
	sweepOf(tx, store.ServicePrincipals, q.caller.TenantID, func(sp store.ServicePrincipal) bool {
		return sp.DeletedAt == nil || !strings.EqualFold(sp.ClientID, d.app.ClientID)
	})
	store.Applications.Delete(tx, key)
	q.note(d.app.ObjectID)
	return answer{status: http.StatusNoContent}, nil
}
