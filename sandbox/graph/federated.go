package graph

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file holds federated identity credentials
// (https://learn.microsoft.com/graph/api/resources/federatedidentitycredentials-overview):
// at most 20, one audience each, name and the pair of issuer and subject are
// unique in the application; the name cannot change.

const federatedResource = "FederatedIdentityCredential"

const (
	mostFederated    = 20
	longestFederated = 600 // issuer, subject, audience, description
)

var federatedName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$`)

func viewFederated(f store.FederatedIdentityCredential) object {
	return object{kind: "federatedIdentityCredential", props: map[string]any{
		"id": f.ID, "name": f.Name, "issuer": f.Issuer, "subject": f.Subject,
		"audiences": f.Audiences, "description": textOrNull(f.Description),
	}}
}

func federatedContext(app store.Application) string {
	return "applications('" + app.ObjectID + "')/federatedIdentityCredentials"
}

func listFederated(tx *store.Tx, q *request) (answer, error) {
	app, err := q.application(tx)
	if err != nil {
		return answer{}, err
	}
	return q.list(federatedContext(app), filterable{"name": filterExact, "issuer": filterExact, "subject": filterExact}, func(yield func(string, object) bool) {
		sorted := slices.SortedFunc(slices.Values(app.FederatedCredentials), func(a, b store.FederatedIdentityCredential) int { return strings.Compare(a.ID, b.ID) })
		for _, f := range sorted {
			if !yield(f.ID, viewFederated(f)) {
				return
			}
		}
	})
}

// federated returns the application and the index of the credential in the
// path, which is an id or a name.
func (q *request) federated(tx *store.Tx) (store.Application, int, error) {
	app, err := q.application(tx)
	if err != nil {
		return app, 0, err
	}
	id := q.PathValue("credential")
	i := slices.IndexFunc(app.FederatedCredentials, func(f store.FederatedIdentityCredential) bool {
		return strings.EqualFold(f.ID, id) || f.Name == id
	})
	if i < 0 {
		return app, 0, notFound(id)
	}
	return app, i, nil
}

func getFederated(tx *store.Tx, q *request) (answer, error) {
	app, i, err := q.federated(tx)
	if err != nil {
		return answer{}, err
	}
	return q.one(federatedContext(app), viewFederated(app.FederatedCredentials[i]))
}

func createFederated(tx *store.Tx, q *request) (answer, error) {
	app, body, err := q.applicationBody(tx)
	if err != nil {
		return answer{}, err
	}
	f := store.FederatedIdentityCredential{ID: uuid.NewString()}
	if err := setFederated(&f, body); err != nil {
		return answer{}, err
	}
	if len(app.FederatedCredentials) >= mostFederated {
		return answer{}, badRequest("An application can have at most %d federated identity credentials.", mostFederated)
	}
	if err := checkFederated(app.FederatedCredentials, f); err != nil {
		return answer{}, err
	}
	app.FederatedCredentials = append(app.FederatedCredentials, f)
	q.putApplication(tx, app)
	q.note(f.ID)
	shown := viewFederated(f)
	shown.id = f.ID
	return answer{status: http.StatusCreated, context: federatedContext(app) + "/$entity", object: &shown}, nil
}

func patchFederated(tx *store.Tx, q *request) (answer, error) {
	app, i, err := q.federated(tx)
	if err != nil {
		return answer{}, err
	}
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	f := app.FederatedCredentials[i]
	if err := takeID(body, f.ID); err != nil {
		return answer{}, err
	}
	name := f.Name
	if err := setFederated(&f, body); err != nil {
		return answer{}, err
	}
	if f.Name != name {
		return answer{}, readOnly("name")
	}
	others := slices.Delete(slices.Clone(app.FederatedCredentials), i, i+1)
	if err := checkFederated(others, f); err != nil {
		return answer{}, err
	}
	app.FederatedCredentials[i] = f
	q.putApplication(tx, app)
	q.note(f.ID)
	return answer{status: http.StatusNoContent}, nil
}

func deleteFederated(tx *store.Tx, q *request) (answer, error) {
	app, i, err := q.federated(tx)
	if err != nil {
		return answer{}, err
	}
	id := app.FederatedCredentials[i].ID
	app.FederatedCredentials = slices.Delete(app.FederatedCredentials, i, i+1)
	q.putApplication(tx, app)
	q.note(id)
	return answer{status: http.StatusNoContent}, nil
}

func setFederated(f *store.FederatedIdentityCredential, body map[string]any) error {
	body, err := read(federatedFields, federatedResource, body)
	if err != nil {
		return err
	}
	if _, sent := body["description"]; sent {
		f.Description = "" // null clears it
	}
	return schema.Decode(body, f)
}

func checkFederated(others []store.FederatedIdentityCredential, f store.FederatedIdentityCredential) error {
	issuer, err := url.Parse(f.Issuer)
	for _, rule := range []struct {
		property string
		valid    bool
	}{
		{"name", federatedName.MatchString(f.Name)},
		{"issuer", err == nil && issuer.Scheme == "https" && issuer.Host != "" && len(f.Issuer) <= longestFederated},
		{"subject", f.Subject != "" && len(f.Subject) <= longestFederated},
		{"audiences", len(f.Audiences) == 1 && f.Audiences[0] != "" && len(f.Audiences[0]) <= longestFederated},
		{"description", len(f.Description) <= longestFederated},
	} {
		if !rule.valid {
			return invalidValue(rule.property, federatedResource)
		}
	}
	for _, other := range others {
		if other.Name == f.Name {
			return &refusal{http.StatusConflict, codeSameKey, "FederatedIdentityCredential with name " + f.Name + " already exists."}
		}
		if other.Issuer == f.Issuer && other.Subject == f.Subject {
			return badRequest("FederatedIdentityCredential with the same issuer and subject already exists.")
		}
	}
	return nil
}
