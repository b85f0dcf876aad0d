package azuread

import (
	"context"
	"errors"
	"net/http"

	"app-to-app/pulumilocal/provider/plugin"
)

// federated is azuread:index/applicationFederatedIdentityCredential:
// ApplicationFederatedIdentityCredential (beta).
type federated struct{ *provider }

var federatedTable = table{
	{"credentialId", "id", readOnly(aText)},
	{"displayName", "name", aText},
	{"description", "description", nullText},
	{"audiences", "audiences", aList},
	{"issuer", "issuer", aText},
	{"subject", "subject", aText},
}

func federatedPath(id string) string {
	return betaApplications + "/" + id + "/federatedIdentityCredentials"
}

func federatedID(id, credentialID string) string {
	return id + "/federatedIdentityCredential/" + credentialID
}

func partsOfFederated(id string) (application, credentialID string, err error) {
	parts, err := partsOf(id, federatedID("OBJECTID", "CREDENTIALID"))
	if err != nil {
		return "", "", err
	}
	return parts[0], parts[1], nil
}

func (f federated) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id := objectIDOf(call.Inputs)
	defer f.lock(id)()
	if _, err := f.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true}); err != nil {
		return plugin.Result{}, err
	}
	var created plugin.Object
	if err := f.graph.do(ctx, request{method: http.MethodPost, path: federatedPath(id), body: federatedTable.body(call.Inputs), full: true}, &created); err != nil {
		return plugin.Result{}, err
	}
	credentialID := text(created, "id")
	if !guid.MatchString(credentialID) {
		return plugin.Result{}, errors.New("create federated identity credential: expected a GUID as id in the answer")
	}
	made := plugin.Result{ID: federatedID(id, credentialID), State: federatedState(id, created)}
	if err := f.graph.untilPresent(ctx, "the federated identity credential", f.listed(ctx, id, credentialID)); err != nil {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: err}
	}
	result, err := f.read(ctx, id, credentialID)
	if err != nil || result.ID == "" {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: errors.Join(err, errors.New("read federated identity credential after its creation"))}
	}
	return result, nil
}

func (f federated) listed(ctx context.Context, id, credentialID string) func() (bool, error) {
	return func() (bool, error) {
		found, err := f.graph.list(ctx, request{path: federatedPath(id), patient: true})
		return find(found, "id", credentialID) != nil, err
	}
}

func (f federated) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id, credentialID, err := partsOfFederated(call.ID)
	if err != nil {
		return plugin.Result{}, err
	}
	return f.read(ctx, id, credentialID)
}

func (f federated) read(ctx context.Context, id, credentialID string) (plugin.Result, error) {
	found, err := f.graph.get(ctx, request{path: federatedPath(id) + "/" + credentialID, patient: true})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	if err != nil {
		return plugin.Result{}, err
	}
	return plugin.Result{ID: federatedID(id, credentialID), State: federatedState(id, found)}, nil
}

func federatedState(id string, credential plugin.Object) plugin.Object {
	return ofApplication(id, federatedTable.state(credential))
}

func (f federated) Update(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id, credentialID, err := partsOfFederated(call.ID)
	if err != nil {
		return plugin.Result{}, err
	}
	defer f.lock(id)()
	body := federatedTable.body(call.Inputs)
	delete(body, "name") // it cannot change
	if err := f.graph.patch(ctx, request{path: federatedPath(id)}, credentialID, body); err != nil {
		return plugin.Result{}, err
	}
	return f.read(ctx, id, credentialID)
}

func (f federated) Delete(ctx context.Context, call plugin.Call) error {
	id, credentialID, err := partsOfFederated(call.ID)
	if err != nil {
		return err
	}
	defer f.lock(id)()
	err = f.graph.do(ctx, request{method: http.MethodDelete, path: federatedPath(id) + "/" + credentialID, patient: true}, nil)
	if err != nil {
		return err
	}
	return f.graph.untilGone(ctx, "the federated identity credential", not(f.listed(ctx, id, credentialID)))
}
