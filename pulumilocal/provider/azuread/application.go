package azuread

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/pulumilocal/provider/cloud"
	"app-to-app/pulumilocal/provider/plugin"
)

// enabledFirst is in Graph's refusal to change an enabled role or scope. A
// lagging replica still answers it after the role was disabled.
const enabledFirst = "cannot be deleted or updated unless disabled first"

// maxOwnersInCreate is how many owners Graph accepts when an object is created.
const maxOwnersInCreate = 20

// application is azuread:index/application:Application (beta).
type application struct{ *provider }

func (a application) collection() string { return beta + "/applications" }

func (a application) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	if err := a.refuseDuplicate(ctx, call.Inputs, ""); err != nil {
		return plugin.Result{}, err
	}
	owners, err := a.ownersInCreate(ctx, call.Inputs)
	if err != nil {
		return plugin.Result{}, err
	}
	body := applicationTable.body(call.Inputs)
	object(body, "api")["acceptMappedClaims"] = false // Graph accepts true only in a later PATCH
	body["owners@odata.bind"] = anyList(owners.bind)
	var created plugin.Object
	if err := a.graph.do(ctx, request{method: http.MethodPost, path: a.collection(), body: body, full: true}, &created); err != nil {
		return plugin.Result{}, err
	}
	id := text(created, "id")
	if id == "" || text(created, "appId") == "" {
		return plugin.Result{}, errors.New("create application: expected id and appId in the answer")
	}
	made := plugin.Result{ID: applicationPath + id, State: applicationState(created, call.Inputs)}
	if err := a.complete(ctx, id, call.Inputs, owners.later); err != nil {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: err}
	}
	result, err := a.read(ctx, id, call.Inputs)
	if err != nil {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: err}
	}
	return result, nil
}

// complete finishes a creation: it changes the name and changes it back, with
// retries until the application is replicated, and sets what a POST does not
// accept.
func (a application) complete(ctx context.Context, id string, inputs plugin.Object, owners []string) error {
	r := request{path: a.collection()}
	if err := a.graph.patch(ctx, r, id, plugin.Object{"displayName": probe()}); err != nil {
		return err
	}
	if err := a.graph.patch(ctx, r, id, plugin.Object{"displayName": text(inputs, "displayName")}); err != nil {
		return err
	}
	if flag(object(inputs, "api"), "mappedClaimsEnabled") {
		if err := a.graph.patch(ctx, r, id, plugin.Object{"api": object(applicationTable.body(inputs), "api")}); err != nil {
			return err
		}
	}
	return a.settleOwners(ctx, a.collection()+"/"+id, inputs, owners)
}

// probe is the temporary name or description by which the official provider
// checks that a new object is replicated.
func probe() string { return "TERRAFORM_UPDATE_" + uuid.NewString() }

func (a application) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	parts, err := partsOf(call.ID, "/applications/OBJECTID")
	if err != nil {
		return plugin.Result{}, err
	}
	return a.read(ctx, parts[0], merged(call.State, call.Inputs))
}

func (a application) read(ctx context.Context, id string, inputs plugin.Object) (plugin.Result, error) {
	found, err := a.graph.get(ctx, request{path: a.collection() + "/" + id, patient: true})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	if err != nil {
		return plugin.Result{}, err
	}
	owners, err := a.listOwners(ctx, a.collection()+"/"+id)
	if err != nil {
		return plugin.Result{}, err
	}
	state := applicationState(found, inputs)
	state["owners"] = anyList(owners)
	return plugin.Result{ID: applicationPath + id, State: state}, nil
}

func (a application) Update(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id := strings.TrimPrefix(call.ID, applicationPath)
	defer a.lock(id)()
	if call.Changed("displayName") {
		if err := a.refuseDuplicate(ctx, call.Inputs, id); err != nil {
			return plugin.Result{}, err
		}
	}
	body := applicationTable.body(oneOfTags(call))
	if err := a.disableChanged(ctx, a.collection(), id, call, body); err != nil {
		return plugin.Result{}, err
	}
	for _, r := range applicationTable {
		if slices.Contains(sentIfChanged, r.property) && !call.Changed(r.property) {
			delete(body, r.member)
		}
	}
	if call.Changed("optionalClaims") {
		body["optionalClaims"] = claimsTable.body(object(call.Inputs, "optionalClaims")) // empty lists take the block away
	}
	if !call.Changed(scopesPath) {
		delete(object(body, "api"), "oauth2PermissionScopes")
	}
	retry := func(e *cloud.RefusedError) bool {
		return e.Status == http.StatusBadRequest && strings.Contains(e.Message, enabledFirst)
	}
	if err := a.graph.patch(ctx, request{path: a.collection(), again: retry}, id, body); err != nil {
		return plugin.Result{}, err
	}
	if err := a.changeOwners(ctx, a.collection()+"/"+id, call); err != nil {
		result, readErr := a.read(ctx, id, call.Inputs)
		return plugin.Result{}, &plugin.PartialError{Result: result, Err: errors.Join(err, readErr)}
	}
	return a.read(ctx, id, call.Inputs)
}

// oneOfTags are an update's inputs with featureTags if those changed, else with
// tags: both are computed, and stand for the same list.
func oneOfTags(call plugin.Call) plugin.Object {
	without := "featureTags"
	if call.Changed(without) {
		without = "tags"
	}
	inputs := maps.Clone(call.Inputs)
	delete(inputs, without)
	return inputs
}

// disableChanged disables the roles and scopes that the update changes or
// removes.
func (a application) disableChanged(ctx context.Context, collection, id string, call plugin.Call, body plugin.Object) error {
	if call.Changed("appRoles") {
		if err := a.disable(ctx, collection, id, appRoles, objects(body, "appRoles")); err != nil {
			return err
		}
	}
	if call.Changed(scopesPath) {
		return a.disable(ctx, collection, id, scopes, objects(object(body, "api"), "oauth2PermissionScopes"))
	}
	return nil
}

const scopesPath = "api.oauth2PermissionScopes"

// appRoles and scopes read and write the two collections whose enabled elements
// cannot be changed.
var (
	appRoles = disabling{
		get: func(app plugin.Object) []plugin.Object { return objects(app, "appRoles") },
		set: func(elements []any) plugin.Object { return plugin.Object{"appRoles": elements} },
	}
	scopes = disabling{
		get: func(app plugin.Object) []plugin.Object {
			return objects(object(app, "api"), "oauth2PermissionScopes")
		},
		set: func(elements []any) plugin.Object {
			return plugin.Object{"api": plugin.Object{"oauth2PermissionScopes": elements}}
		},
	}
)

type disabling struct {
	get func(plugin.Object) []plugin.Object
	set func([]any) plugin.Object
}

// disable disables the enabled elements that wanted changes or lacks, and waits
// until Graph shows them disabled.
func (p *provider) disable(ctx context.Context, collection, id string, d disabling, wanted []plugin.Object) error {
	app, err := p.graph.get(ctx, request{path: collection + "/" + id, patient: true})
	if err != nil {
		return err
	}
	var off []string
	elements := d.get(app)
	for _, element := range elements {
		next := find(wanted, "id", text(element, "id"))
		if flag(element, "isEnabled") && (next == nil || differs(element, next)) {
			element["isEnabled"] = false
			off = append(off, text(element, "id"))
		}
	}
	if len(off) == 0 {
		return nil
	}
	if err := p.graph.patch(ctx, request{path: collection}, id, d.set(anyList(elements))); err != nil {
		return err
	}
	for {
		app, err := p.graph.get(ctx, request{path: collection + "/" + id, patient: true})
		if err != nil {
			return err
		}
		if allDisabled(d.get(app), off) {
			return nil
		}
		if err := p.options.Wait(ctx, time.Second); err != nil {
			return fmt.Errorf("wait until %s is disabled: %w", strings.Join(off, ", "), err)
		}
	}
}

func allDisabled(elements []plugin.Object, ids []string) bool {
	for _, id := range ids {
		if element := find(elements, "id", id); element != nil && flag(element, "isEnabled") {
			return false
		}
	}
	return true
}

// differs compares only what a program sets, because Graph adds more.
func differs(element, next plugin.Object) bool {
	return plugin.Call{Inputs: next, OldInputs: element}.Changed(slices.Collect(maps.Keys(next))...)
}

func (a application) Delete(ctx context.Context, call plugin.Call) error {
	path := a.collection() + "/" + strings.TrimPrefix(call.ID, applicationPath)
	return a.deleteObject(ctx, path)
}

// deleteObject deletes an application or service principal and waits until it
// is gone; one that is gone already is an error. Like the official provider it
// leaves it in the recycle bin.
func (p *provider) deleteObject(ctx context.Context, path string) error {
	if _, err := p.graph.get(ctx, request{path: path, patient: true}); err != nil {
		return err
	}
	if err := p.graph.do(ctx, request{method: http.MethodDelete, path: path, patient: true}, nil); err != nil {
		return err
	}
	return p.graph.untilNotFound(ctx, path)
}

// refuseDuplicate refuses a name that is taken if preventDuplicateNames is set.
func (a application) refuseDuplicate(ctx context.Context, inputs plugin.Object, id string) error {
	if !flag(inputs, "preventDuplicateNames") {
		return nil
	}
	name := text(inputs, "displayName")
	found, err := a.graph.list(ctx, request{path: a.collection(), query: filter("displayName eq '%s'", name)})
	if err != nil {
		return err
	}
	for _, app := range found {
		if text(app, "id") != id {
			return fmt.Errorf("expected no other application named %q, got one with object id %q", name, text(app, "id"))
		}
	}
	return nil
}
