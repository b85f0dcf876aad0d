package azuread

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"app-to-app/pulumilocal/provider/cloud"
	"app-to-app/pulumilocal/provider/plugin"
)

const servicePrincipals = v1 + "/servicePrincipals"

// servicePrincipal is azuread:index/servicePrincipal:ServicePrincipal (v1.0).
// Its Pulumi id is the bare object id.
type servicePrincipal struct{ *provider }

func (s servicePrincipal) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	clientID := firstFrom(call.Inputs, "clientId", "applicationId")
	existing, err := s.graph.list(ctx, request{path: servicePrincipals, query: filter("appId eq '%s'", clientID)})
	if err != nil {
		return plugin.Result{}, err
	}
	if len(existing) > 0 {
		return s.adopt(ctx, text(existing[0], "id"), clientID, call.Inputs)
	}
	owners, err := s.ownersInCreate(ctx, call.Inputs)
	if err != nil {
		return plugin.Result{}, err
	}
	body := servicePrincipalTable.body(call.Inputs)
	body["appId"] = clientID
	body["description"] = probe()
	body["owners@odata.bind"] = anyList(owners.bind)
	var created plugin.Object
	err = s.graph.do(ctx, request{method: http.MethodPost, path: servicePrincipals, body: body, full: true, again: applicationLags}, &created)
	if err != nil {
		return plugin.Result{}, err
	}
	id := text(created, "id")
	if id == "" {
		return plugin.Result{}, errors.New("create service principal: expected id in the answer")
	}
	made := plugin.Result{ID: id, State: servicePrincipalState(created, call.Inputs)}
	err = s.graph.patch(ctx, request{path: servicePrincipals}, id, plugin.Object{"description": nullIfEmpty(call.Inputs["description"])})
	if err == nil {
		err = s.settleOwners(ctx, servicePrincipals+"/"+id, call.Inputs, owners.later)
	}
	if err != nil {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: err}
	}
	result, err := s.read(ctx, id, call.Inputs)
	if err != nil {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: err}
	}
	return result, nil
}

// applicationLags recognizes the refusals of a replica that does not have the
// application yet.
func applicationLags(e *cloud.RefusedError) bool {
	return e.Status == http.StatusBadRequest && strings.Contains(e.Message, "does not reference a valid application object") ||
		e.Status == http.StatusForbidden && strings.Contains(e.Message, "must in the local tenant")
}

// adopt takes over an existing service principal.
func (s servicePrincipal) adopt(ctx context.Context, id, clientID string, inputs plugin.Object) (plugin.Result, error) {
	if !flag(inputs, "useExisting") {
		return plugin.Result{}, fmt.Errorf("expected no service principal of client id %q, got one with object id %q; import it, or set useExisting", clientID, id)
	}
	if err := s.graph.patch(ctx, request{path: servicePrincipals}, id, servicePrincipalTable.body(inputs)); err != nil {
		return plugin.Result{}, err
	}
	return s.read(ctx, id, inputs)
}

// servicePrincipalTable follows
// https://learn.microsoft.com/graph/api/resources/serviceprincipal?view=graph-rest-1.0.
var servicePrincipalTable = slices.Concat(table{
	{"accountEnabled", "accountEnabled", anEnabled},
	{"alternativeNames", "alternativeNames", aList},
	{"appRoleAssignmentRequired", "appRoleAssignmentRequired", aFlag},
	{"appRoleIds", "appRoles", idsOfValues},
	{"appRoles", "appRoles", readOnly(blocks(roleTable))},
	{"applicationId", "appId", readOnly(aText)},
	{"applicationTenantId", "appOwnerOrganizationId", readOnly(aText)},
	{"clientId", "appId", readOnly(aText)},
	{"description", "description", nullText},
	{"displayName", "displayName", readOnly(aText)},
	{"features", "tags", readOnly(oldFeatureTags)},
	{"homepageUrl", "homepage", readOnly(aText)},
	{"loginUrl", "loginUrl", nullText},
	{"logoutUrl", "logoutUrl", readOnly(aText)},
	{"notes", "notes", nullText},
	{"notificationEmailAddresses", "notificationEmailAddresses", aList},
	{"oauth2PermissionScopeIds", "oauth2PermissionScopes", idsOfValues},
	{"oauth2PermissionScopes", "oauth2PermissionScopes", readOnly(blocks(scopeTable))},
	{"objectId", "id", readOnly(aText)},
	{"preferredSingleSignOnMode", "preferredSingleSignOnMode", nullText},
	{"redirectUris", "replyUrls", readOnly(aList)},
	{"samlMetadataUrl", "samlMetadataUrl", readOnly(aText)},
	{"samlSingleSignOn", "samlSingleSignOnSettings", conversion{block(samlTable).toGraph, optionalBlock(samlTable).fromGraph}},
	{"signInAudience", "signInAudience", readOnly(aText)},
	{"type", "servicePrincipalType", readOnly(aText)},
}, tagTable)

var samlTable = table{{"relayState", "relayState", nullText}}

func (s servicePrincipal) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	if !guid.MatchString(call.ID) {
		return plugin.Result{}, fmt.Errorf("expected the object id of a service principal, got %q", call.ID)
	}
	return s.read(ctx, call.ID, merged(call.State, call.Inputs))
}

func (s servicePrincipal) read(ctx context.Context, id string, inputs plugin.Object) (plugin.Result, error) {
	found, err := s.graph.get(ctx, request{path: servicePrincipals + "/" + id, patient: true})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	if err != nil {
		return plugin.Result{}, err
	}
	owners, err := s.listOwners(ctx, servicePrincipals+"/"+id)
	if err != nil {
		return plugin.Result{}, err
	}
	state := servicePrincipalState(found, inputs)
	state["owners"] = anyList(owners)
	return plugin.Result{ID: id, State: state}, nil
}

func servicePrincipalState(sp, inputs plugin.Object) plugin.Object {
	state := servicePrincipalTable.state(sp)
	names := texts(sp, "servicePrincipalNames")
	state["servicePrincipalNames"] = anyList(slices.DeleteFunc(names, func(name string) bool { return name == text(sp, "appId") }))
	state["owners"], state["useExisting"] = listOf(inputs, "owners"), inputs["useExisting"]
	return state
}

// oldFeatureTags reads block features, the deprecated form of featureTags.
var oldFeatureTags = conversion{fromGraph: func(value any) any {
	now := featuresOfTags(value).([]any)[0].(plugin.Object)
	return []any{plugin.Object{
		"customSingleSignOnApp": now["customSingleSignOn"], "enterpriseApplication": now["enterprise"],
		"galleryApplication": now["gallery"], "visibleToUsers": !flag(now, "hide"),
	}}
}}

func (s servicePrincipal) Update(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	if err := s.graph.patch(ctx, request{path: servicePrincipals}, call.ID, servicePrincipalTable.body(oneOfTags(call))); err != nil {
		return plugin.Result{}, err
	}
	if err := s.changeOwners(ctx, servicePrincipals+"/"+call.ID, call); err != nil {
		result, readErr := s.read(ctx, call.ID, call.Inputs)
		return plugin.Result{}, &plugin.PartialError{Result: result, Err: errors.Join(err, readErr)}
	}
	return s.read(ctx, call.ID, call.Inputs)
}

// Delete also deletes an adopted service principal, and ignores a failure of
// that, as the official provider does.
func (s servicePrincipal) Delete(ctx context.Context, call plugin.Call) error {
	path := servicePrincipals + "/" + call.ID
	if flag(call.State, "useExisting") || flag(call.Inputs, "useExisting") {
		if err := s.graph.do(ctx, request{method: http.MethodDelete, path: path, once: true}, nil); err != nil {
			call.Warn(ctx, fmt.Sprintf("delete adopted service principal: %v", err))
		}
		return nil
	}
	return s.deleteObject(ctx, path)
}

// assignment is azuread:index/appRoleAssignment:AppRoleAssignment (v1.0).
type assignment struct {
	*provider
	plugin.ReplaceOnly
}

var assignmentTable = table{
	{"appRoleId", "appRoleId", aText},
	{"principalObjectId", "principalId", aText},
	{"principalDisplayName", "principalDisplayName", readOnly(aText)},
	{"principalType", "principalType", readOnly(aText)},
	{"resourceObjectId", "resourceId", aText},
	{"resourceDisplayName", "resourceDisplayName", readOnly(aText)},
}

// assignmentPattern is an assignment's id. Graph's own id of it may be any text.
const assignmentPattern = "RESOURCEID/appRoleAssignment/ASSIGNMENT"

func assignments(resourceID string) string {
	return servicePrincipals + "/" + resourceID + "/appRoleAssignedTo"
}

func (a assignment) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	resourceID := text(call.Inputs, "resourceObjectId")
	if _, err := a.graph.get(ctx, request{path: servicePrincipals + "/" + resourceID, patient: true}); err != nil {
		return plugin.Result{}, err
	}
	var created plugin.Object
	err := a.graph.do(ctx, request{method: http.MethodPost, path: assignments(resourceID), again: principalLags, full: true,
		body: assignmentTable.body(call.Inputs)}, &created)
	if err != nil {
		return plugin.Result{}, err
	}
	id := resourceID + "/appRoleAssignment/" + text(created, "id")
	result, err := a.read(ctx, resourceID, text(created, "id"))
	if err == nil && result.ID == "" {
		err = errors.New("read app role assignment after its creation: not found")
	}
	if err != nil {
		return plugin.Result{}, &plugin.PartialError{Result: plugin.Result{ID: id, State: assignmentTable.state(created)}, Err: err}
	}
	return result, nil
}

// principalLags recognizes that Graph does not know the principal yet, as with a
// managed identity that was just created. The refusal of a role that is not
// replicated has another text and is not retried.
func principalLags(e *cloud.RefusedError) bool {
	return e.Status == http.StatusNotFound && e.Message != "" ||
		e.Status == http.StatusBadRequest && strings.Contains(e.Message, "Not a valid reference update")
}

func (a assignment) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	parts, err := partsOf(call.ID, assignmentPattern)
	if err != nil {
		return plugin.Result{}, err
	}
	return a.read(ctx, parts[0], parts[1])
}

func (a assignment) read(ctx context.Context, resourceID, id string) (plugin.Result, error) {
	found, err := a.graph.list(ctx, request{path: assignments(resourceID), query: filter("id eq '%s'", id)})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	if err != nil {
		return plugin.Result{}, err
	}
	for _, one := range found {
		if text(one, "id") == id {
			return plugin.Result{ID: resourceID + "/appRoleAssignment/" + id, State: assignmentTable.state(one)}, nil
		}
	}
	return plugin.Result{}, nil
}

func (a assignment) Delete(ctx context.Context, call plugin.Call) error {
	parts, err := partsOf(call.ID, assignmentPattern)
	if err != nil {
		return err
	}
	return a.graph.do(ctx, request{method: http.MethodDelete, path: assignments(parts[0]) + "/" + parts[1], patient: true}, nil)
}
