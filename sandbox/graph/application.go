package graph

import (
	"iter"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

const applicationResource = "Application"

// application returns the application of the path. It refuses a caller that may
// not change it (for GET: read it).
func (q *request) application(tx *store.Tx) (store.Application, error) {
	id := q.PathValue("id")
	app, ok := store.Applications.Get(tx, store.TenantKey(q.caller.TenantID, id))
	if !ok || app.DeletedAt != nil {
		return app, notFound(id)
	}
	if q.Method == http.MethodGet || q.Method == http.MethodHead {
		return app, q.mayRead(strings.EqualFold(app.ClientID, q.caller.ClientID), app.Owners...)
	}
	return app, q.mayChange(app.Owners...)
}

// applicationBody returns the application of the path and the request's body.
func (q *request) applicationBody(tx *store.Tx) (store.Application, map[string]any, error) {
	app, err := q.application(tx)
	if err != nil {
		return app, nil, err
	}
	body, err := q.body()
	return app, body, err
}

func (q *request) putApplication(tx *store.Tx, app store.Application) {
	q.born(tx, app)
	store.Applications.Put(tx, store.TenantKey(app.TenantID, app.ObjectID), app)
	q.note(app.ObjectID)
}

func listApplications(tx *store.Tx, q *request) (answer, error) {
	return q.list("applications", applicationFilters, applications(tx, q, false))
}

// applications are the tenant's applications, either deleted or not.
// Application.ReadWrite.OwnedBy may list them all
// (https://learn.microsoft.com/graph/permissions-reference#applicationreadwriteownedby).
func applications(tx *store.Tx, q *request, deleted bool) iter.Seq2[string, object] {
	return func(yield func(string, object) bool) {
		for key, app := range store.Applications.All(tx, store.TenantKey(q.caller.TenantID, "")) {
			if (app.DeletedAt != nil) != deleted || expired(app.DeletedAt, q.service.Store.Now()) {
				continue
			}
			if !yield(key, viewApplication(tx, app, q.version, false)) {
				return
			}
		}
	}
}

func getApplication(tx *store.Tx, q *request) (answer, error) {
	app, err := q.application(tx)
	if err != nil {
		return answer{}, err
	}
	withKeys := containsID(selection(q.URL.Query()), "keyCredentials")
	return q.one("applications", viewApplication(tx, app, q.version, withKeys))
}

func createApplication(tx *store.Tx, q *request) (answer, error) {
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	app := store.Application{
		TenantID: q.caller.TenantID, ObjectID: uuid.NewString(), ClientID: uuid.NewString(),
		CreatedBy: q.caller.ObjectID, CreatedAt: q.service.Store.Now(),
		SignInAudience: "AzureADMyOrg",
	}
	if app.Owners, err = q.bindOwners(tx, body); err != nil {
		return answer{}, err
	}
	if err := q.setApplication(tx, &app, body); err != nil {
		return answer{}, err
	}
	if app.DisplayName == "" {
		return answer{}, invalidValue("displayName", applicationResource)
	}
	q.putApplication(tx, app)
	shown := viewApplication(tx, app, q.version, false)
	return answer{status: http.StatusCreated, context: "applications/$entity", object: &shown}, nil
}

func patchApplication(tx *store.Tx, q *request) (answer, error) {
	app, body, err := q.applicationBody(tx)
	if err != nil {
		return answer{}, err
	}
	if err := takeID(body, app.ObjectID); err != nil {
		return answer{}, err
	}
	name := app.DisplayName
	if err := q.setApplication(tx, &app, body); err != nil {
		return answer{}, err
	}
	q.putApplication(tx, app)
	if app.DisplayName != name {
		if sp, ok := store.ServicePrincipalByClientID(tx, app.TenantID, app.ClientID); ok {
			sp.DisplayName = app.DisplayName
			store.ServicePrincipals.Put(tx, store.TenantKey(sp.TenantID, sp.ObjectID), sp)
		}
	}
	return answer{status: http.StatusNoContent}, nil
}

// deleteApplication moves the application and its service principal to the
// recycle bin (https://learn.microsoft.com/graph/api/application-delete).
func deleteApplication(tx *store.Tx, q *request) (answer, error) {
	app, err := q.application(tx)
	if err != nil {
		return answer{}, err
	}
	now := q.service.Store.Now()
	if sp, ok := store.ServicePrincipalByClientID(tx, app.TenantID, app.ClientID); ok {
		recycle(tx, sp, now)
	}
	app.DeletedAt = &now
	q.putApplication(tx, app)
	return answer{status: http.StatusNoContent}, nil
}

// takeID removes the id that clients repeat in a PATCH, and refuses another
// one.
func takeID(body map[string]any, id string) error {
	sent, ok := body["id"]
	delete(body, "id")
	if value, _ := sent.(string); ok && !strings.EqualFold(value, id) {
		return readOnly("id")
	}
	return nil
}
