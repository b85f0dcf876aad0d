package azuread

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"app-to-app/pulumilocal/provider/plugin"
)

// registration is azuread:index/applicationRegistration:ApplicationRegistration
// (v1.0, without retries except in updates). Unlike Application it does not
// wait for replication, and never sends owners.
type registration struct{ *provider }

// registrationFields are the inputs behind each property of Graph's.
var registrationFields = map[string][]string{
	"displayName":                {"displayName"},
	"description":                {"description"},
	"groupMembershipClaims":      {"groupMembershipClaims"},
	"notes":                      {"notes"},
	"serviceManagementReference": {"serviceManagementReference"},
	"signInAudience":             {"signInAudience"},
	"api":                        {"requestedAccessTokenVersion"},
	"info":                       {"marketingUrl", "privacyStatementUrl", "supportUrl", "termsOfServiceUrl"},
	"web":                        {"homepageUrl", "logoutUrl", "implicitAccessTokenIssuanceEnabled", "implicitIdTokenIssuanceEnabled"},
}

func registrationBody(in plugin.Object) plugin.Object {
	body := applicationBody(in)
	for name := range body {
		if _, ok := registrationFields[name]; !ok {
			delete(body, name)
		}
	}
	version, ok := in["requestedAccessTokenVersion"]
	if !ok {
		version = 2.0
	}
	body["api"] = plugin.Object{"requestedAccessTokenVersion": version}
	web := webBody(plugin.Object{
		"homepageUrl": in["homepageUrl"], "logoutUrl": in["logoutUrl"],
		"implicitGrant": plugin.Object{"accessTokenIssuanceEnabled": in["implicitAccessTokenIssuanceEnabled"], "idTokenIssuanceEnabled": in["implicitIdTokenIssuanceEnabled"]},
	})
	delete(web, "redirectUris") // another resource's
	body["web"] = web
	return body
}

func (r registration) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	var created plugin.Object
	err := r.graph.do(ctx, request{method: http.MethodPost, path: applications, body: registrationBody(call.Inputs), full: true, once: true}, &created)
	if err != nil {
		return plugin.Result{}, err
	}
	id := text(created, "id")
	result, err := r.read(ctx, id, true)
	if err != nil || result.ID == "" {
		made := plugin.Result{ID: applicationPath + id, State: registrationState(created)}
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: errors.Join(err, errors.New("read application registration after its creation"))}
	}
	return result, nil
}

func (r registration) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id := strings.TrimPrefix(call.ID, applicationPath)
	if !guid.MatchString(id) {
		return plugin.Result{}, fmt.Errorf("expected an id like /applications/OBJECTID, got %q", call.ID)
	}
	return r.read(ctx, id, true)
}

func (r registration) read(ctx context.Context, id string, once bool) (plugin.Result, error) {
	app, err := r.graph.get(ctx, request{path: applications + "/" + id, once: once, patient: !once})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	if err != nil {
		return plugin.Result{}, err
	}
	return plugin.Result{ID: applicationPath + id, State: registrationState(app)}, nil
}

func registrationState(app plugin.Object) plugin.Object {
	whole := applicationState(app, nil)
	state := plugin.Object{}
	for _, name := range []string{"clientId", "objectId", "description", "disabledByMicrosoft", "displayName", "groupMembershipClaims", "marketingUrl", "notes",
		"privacyStatementUrl", "publisherDomain", "serviceManagementReference", "signInAudience", "supportUrl", "termsOfServiceUrl"} {
		if value, ok := whole[name]; ok {
			state[name] = value
		}
	}
	web := object(whole, "web")
	for _, name := range []string{"homepageUrl", "logoutUrl"} {
		if value, ok := web[name]; ok {
			state[name] = value
		}
	}
	grant := object(web, "implicitGrant")
	state["implicitAccessTokenIssuanceEnabled"] = flag(grant, "accessTokenIssuanceEnabled")
	state["implicitIdTokenIssuanceEnabled"] = flag(grant, "idTokenIssuanceEnabled")
	if version, ok := object(whole, "api")["requestedAccessTokenVersion"]; ok {
		state["requestedAccessTokenVersion"] = version
	}
	return state
}

func (r registration) Update(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id := strings.TrimPrefix(call.ID, applicationPath)
	defer r.lock(id)()
	body := registrationBody(call.Inputs)
	for name, inputs := range registrationFields {
		if !call.Changed(inputs...) {
			delete(body, name)
		}
	}
	if err := r.graph.patch(ctx, request{path: applications}, id, body); err != nil {
		return plugin.Result{}, err
	}
	return r.read(ctx, id, false)
}

func (r registration) Delete(ctx context.Context, call plugin.Call) error {
	path := applications + "/" + strings.TrimPrefix(call.ID, applicationPath)
	defer r.lock(strings.TrimPrefix(call.ID, applicationPath))()
	err := r.graph.do(ctx, request{method: http.MethodDelete, path: path, once: true}, nil)
	if err != nil && !isGone(err) {
		return err
	}
	return r.graph.untilNotFound(ctx, path)
}
