package azuread

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"app-to-app/pulumilocal/provider/plugin"
)

// This file has the resources that each own one element of an application's
// collections. They send the whole collection under the application's lock,
// which, as in the official provider, does not lock out other processes. They
// use v1.0, and wait for replication only in updates.

const applications = v1 + "/applications"

// appRole is azuread:index/applicationAppRole:ApplicationAppRole.
type appRole struct{ *provider }

var appRoleTable = slices.Concat(ownRoleTable, table{{"roleId", "id", aText}})

func (a appRole) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id, roleID := objectIDOf(call.Inputs), text(call.Inputs, "roleId")
	defer a.lock(id)()
	app, err := a.graph.get(ctx, request{path: applications + "/" + id, once: true})
	if err != nil {
		return plugin.Result{}, err
	}
	roles := objects(app, "appRoles")
	if find(roles, "id", roleID) != nil {
		return plugin.Result{}, fmt.Errorf("expected no app role with id %q on application %q, got one; import it as %s", roleID, id, appRoleID(id, roleID))
	}
	roles = append(roles, roleBody(call.Inputs))
	if err := a.patchOnce(ctx, id, plugin.Object{"appRoles": anyList(roles)}); err != nil {
		return plugin.Result{}, err
	}
	result, err := a.read(ctx, id, roleID, true)
	if err == nil && result.ID == "" {
		err = fmt.Errorf("read app role %q after its creation: not found", roleID)
	}
	return result, err
}

// patchOnce changes an application without waiting for its replication.
func (p *provider) patchOnce(ctx context.Context, id string, body plugin.Object) error {
	return p.graph.patch(ctx, request{path: applications, once: true}, id, body)
}

const appRolePattern = "/applications/OBJECTID/appRoles/ROLEID"

func appRoleID(id, roleID string) string { return applicationPath + id + "/appRoles/" + roleID }

func roleBody(in plugin.Object) plugin.Object {
	return merged(appRoleTable.body(in), plugin.Object{"isEnabled": true})
}

func (a appRole) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	parts, err := partsOf(call.ID, appRolePattern)
	if err != nil {
		return plugin.Result{}, err
	}
	return a.read(ctx, parts[0], parts[1], true)
}

func (a appRole) read(ctx context.Context, id, roleID string, once bool) (plugin.Result, error) {
	app, err := a.graph.get(ctx, request{path: applications + "/" + id, once: once, patient: !once})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	role := find(objects(app, "appRoles"), "id", roleID)
	if err != nil || role == nil {
		return plugin.Result{}, err
	}
	state := appRoleTable.state(role)
	state["applicationId"] = applicationPath + id
	return plugin.Result{ID: appRoleID(id, text(role, "id")), State: state}, nil
}

func (a appRole) Update(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id, roleID := objectIDOf(call.Inputs), text(call.Inputs, "roleId")
	defer a.lock(id)()
	app, err := a.graph.get(ctx, request{path: applications + "/" + id, patient: true})
	if err != nil {
		return plugin.Result{}, err
	}
	roles := objects(app, "appRoles")
	i := slices.IndexFunc(roles, func(r plugin.Object) bool { return strings.EqualFold(text(r, "id"), roleID) })
	if i < 0 {
		return plugin.Result{}, fmt.Errorf("update app role %q of application %q: could not identify existing app role; fix: pulumi refresh", roleID, id)
	}
	roles[i] = merged(roles[i], roleBody(call.Inputs))
	if err := a.disable(ctx, applications, id, appRoles, roles); err != nil {
		return plugin.Result{}, err
	}
	if err := a.graph.patch(ctx, request{path: applications}, id, plugin.Object{"appRoles": anyList(roles)}); err != nil {
		return plugin.Result{}, err
	}
	return a.read(ctx, id, roleID, false)
}

func (a appRole) Delete(ctx context.Context, call plugin.Call) error {
	parts, err := partsOf(call.ID, appRolePattern)
	if err != nil {
		return err
	}
	id, roleID := parts[0], parts[1]
	defer a.lock(id)()
	app, err := a.graph.get(ctx, request{path: applications + "/" + id, once: true})
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(objects(app, "appRoles"), func(r plugin.Object) bool { return strings.EqualFold(text(r, "id"), roleID) })
	if len(rest) == len(objects(app, "appRoles")) {
		return fmt.Errorf("delete app role %q of application %q: could not identify existing app role; fix: pulumi refresh", roleID, id)
	}
	if err := a.disable(ctx, applications, id, appRoles, rest); err != nil {
		return err
	}
	return a.patchOnce(ctx, id, plugin.Object{"appRoles": anyList(rest)})
}

// identifierURI is azuread:index/applicationIdentifierUri:ApplicationIdentifierUri.
type identifierURI struct {
	*provider
	plugin.ReplaceOnly
}

func (u identifierURI) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id, uri := objectIDOf(call.Inputs), text(call.Inputs, "identifierUri")
	defer u.lock(id)()
	app, err := u.graph.get(ctx, request{path: applications + "/" + id, once: true})
	if err != nil {
		return plugin.Result{}, err
	}
	uris := texts(app, "identifierUris")
	if slices.Contains(uris, uri) {
		return plugin.Result{}, fmt.Errorf("expected no identifier URI %q on application %q, got one; import it as %s", uri, id, identifierURIID(id, uri))
	}
	if err := u.patchOnce(ctx, id, plugin.Object{"identifierUris": anyList(append(uris, uri))}); err != nil {
		return plugin.Result{}, err
	}
	result, err := u.read(ctx, id, uri)
	if err == nil && result.ID == "" {
		err = fmt.Errorf("read identifier URI %q after its creation: not found", uri)
	}
	return result, err
}

func identifierURIID(id, uri string) string {
	return applicationPath + id + "/identifierUris/" + base64.StdEncoding.EncodeToString([]byte(uri))
}

func parseIdentifierURIID(id string) (application, uri string, err error) {
	parts, err := partsOf(id, "/applications/OBJECTID/identifierUris/BASE64")
	if err != nil {
		return "", "", err
	}
	decoded, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		return "", "", fmt.Errorf("expected the identifier URI in base64 in id %q", id)
	}
	return parts[0], string(decoded), nil
}

func (u identifierURI) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id, uri, err := parseIdentifierURIID(call.ID)
	if err != nil {
		return plugin.Result{}, err
	}
	return u.read(ctx, id, uri)
}

func (u identifierURI) read(ctx context.Context, id, uri string) (plugin.Result, error) {
	app, err := u.graph.get(ctx, request{path: applications + "/" + id, once: true})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	if err != nil || !slices.Contains(texts(app, "identifierUris"), uri) {
		return plugin.Result{}, err
	}
	return plugin.Result{ID: identifierURIID(id, uri), State: plugin.Object{"applicationId": applicationPath + id, "identifierUri": uri}}, nil
}

func (u identifierURI) Delete(ctx context.Context, call plugin.Call) error {
	id, uri, err := parseIdentifierURIID(call.ID)
	if err != nil {
		return err
	}
	defer u.lock(id)()
	app, err := u.graph.get(ctx, request{path: applications + "/" + id, once: true})
	if err != nil {
		return err
	}
	uris := texts(app, "identifierUris")
	if !slices.Contains(uris, uri) {
		return fmt.Errorf("delete identifier URI %q of application %q: could not identify existing identifier URI; fix: pulumi refresh", uri, id)
	}
	rest := slices.DeleteFunc(uris, func(other string) bool { return other == uri })
	return u.patchOnce(ctx, id, plugin.Object{"identifierUris": anyList(rest)})
}
