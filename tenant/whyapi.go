package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"app-to-app/components/requests"
)

// This file looks at the API's side: what tokens are for, and who may have one.

// up restores what was deleted by hand. Without a refresh the engine does not
// notice that it is gone.
const up = "pulumi up --refresh creates it again"

// api looks at the API's app registration and service principal.
func (e *explainer) api(ctx context.Context) (bool, error) {
	const symptom = "AADSTS500011 (no such resource) instead of a token"
	var found bool
	var err error
	if e.apiApplication, found, err = e.reader.application(ctx, e.declared.APIObjectID); err != nil {
		return false, err
	}
	if !e.judge(found, CheckAPIApplication, symptom, "no app registration "+e.declared.APIObjectID, e.ofAPI(requests.Owned.Restore, "restore it from Deleted applications within 30 days, or "+up),
		"the API's app registration is gone") {
		return false, nil
	}
	if e.apiPrincipal, found, err = e.reader.principalOf(ctx, e.declared.APIClientID); err != nil {
		return false, err
	}
	if !e.judge(found, CheckAPIPrincipal, symptom, "no service principal of "+e.declared.APIClientID, e.ofAPI(requests.Owned.CreatePrincipal, up), "the API has no service principal in this tenant") {
		return false, nil
	}
	e.judge(e.apiPrincipal.AccountEnabled, CheckAPIEnabled, "AADSTS500014 instead of a token", "accountEnabled false",
		e.ofAPI(requests.Owned.Enable, "az ad sp update --id "+e.apiPrincipal.ID+" --set accountEnabled=true"), "the API's service principal is disabled: nobody gets a token for it")
	version := e.apiApplication.API.TokenVersion
	shown := "requestedAccessTokenVersion null, which means 1"
	if version != nil {
		shown = fmt.Sprintf("requestedAccessTokenVersion %d", *version)
	}
	e.judge(version != nil && *version == 2 || e.apiSettings[e.declared.setting("V1_ISSUER")] != "", CheckTokenVersion, "401 invalid_token: wrong issuer", shown, e.ofAPI(requests.Owned.Version2, up),
		"tokens for the API are of version 1, whose issuer the API does not accept")
	return true, nil
}

// rights looks at the app role that the API demands, and who holds it.
func (e *explainer) rights(ctx context.Context) (bool, error) {
	wanted := e.apiSettings[e.declared.setting("ROLE")]
	if wanted == "" && len(e.access.Roles) > 0 {
		wanted = e.access.Roles[0]
	}
	i := slices.IndexFunc(e.apiApplication.AppRoles, func(r appRole) bool { return r.Value == wanted })
	if !e.judge(i >= 0, CheckRole, "403 insufficient_scope: missing app role", "app roles "+rolesText(e.apiApplication.AppRoles), e.ofAPI(func(o requests.Owned) string { return o.AddRole(wanted) }, up),
		"the API demands the app role %q, which its app registration does not have", wanted) {
		return true, nil
	}
	role := e.apiApplication.AppRoles[i]
	e.judge(role.IsEnabled && slices.Contains(role.MemberTypes, "Application"), CheckRoleEnabled, "403 insufficient_scope: missing app role",
		fmt.Sprintf("isEnabled %t, for %s", role.IsEnabled, strings.Join(role.MemberTypes, " ")), e.ofAPI(role.ask, enableRole(role)),
		"the app role %q is disabled, or not for applications: tokens do not carry it", wanted)
	held, err := e.reader.assignedTo(ctx, e.apiPrincipal.ID)
	if err != nil {
		return false, err
	}
	e.assigned(role, held)
	return true, nil
}

// existing is [Declaration].Registered of an app registration made elsewhere.
const existing = "existing"

// ofAPI is what ends a fault of the API's app registration: the request to its owner,
// if it was made elsewhere, or else fix. Where another stack deploys the API, only that
// one's team can.
func (e *explainer) ofAPI(ask func(requests.Owned) string, fix string) string {
	switch {
	case e.declared.Registered == existing:
		return ask(requests.Owned{DisplayName: e.apiApplication.DisplayName, ClientID: e.declared.APIClientID, ObjectID: e.declared.APIObjectID,
			ServicePrincipalID: e.apiPrincipal.ID, Graph: e.reader.session.Cloud.Graph})
	case e.declared.APIStack != "":
		return "ask the team of the stack " + e.declared.APIStack + ": " + fix
	}
	return fix
}

// ask is the request for a role that tokens carry.
func (r appRole) ask(o requests.Owned) string {
	if !r.IsEnabled {
		return o.EnableRole(r.ID)
	}
	return o.AllowApplications(r.ID)
}

// enableRole is the fix of a role that no token carries. The provider does not
// look at isEnabled, so an update calls a disabled role unchanged.
func enableRole(role appRole) string {
	if !role.IsEnabled {
		return "tenant recover -enable-roles enables it; pulumi up does not see it"
	}
	return up
}

func rolesText(roles []appRole) string {
	var values []string
	for _, r := range roles {
		values = append(values, r.Value)
	}
	return strings.Join(values, " ")
}

// assigned looks for the client's assignment among those of the API.
func (e *explainer) assigned(role appRole, all []appRoleAssignment) {
	var others []string
	for _, held := range all {
		if !sameID(held.PrincipalID, e.principal.ID) {
			continue
		}
		if sameID(held.AppRoleID, role.ID) {
			e.pass(CheckAssignment)
			e.tokenAge(held.Created)
			return
		}
		others = append(others, e.declared.roleValue(held.AppRoleID))
	}
	symptom := "403 insufficient_scope: missing app role"
	if len(others) == 0 && e.apiPrincipal.AssignmentRequired {
		symptom = "AADSTS501051 instead of a token"
	}
	fix := up
	if e.declared.Assignments == requestedAssignments {
		fix = e.declared.askAgain()
	}
	if !slices.Contains(e.access.Roles, role.Value) {
		fix = fmt.Sprintf("add %s to the roles of client %s in the stack's configuration, and run pulumi up", role.Value, e.access.Client)
	}
	found := "no app role of the API"
	if len(others) > 0 {
		found = "only " + strings.Join(others, " ")
	}
	e.fail(CheckAssignment, symptom, found, fix+"; a managed identity may need 24 hours to see it",
		"the client's service principal %s does not hold the app role %q that the API demands", e.principal.ID, role.Value)
}

// How long a token may carry outdated roles
// (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations,
// https://learn.microsoft.com/entra/identity-platform/access-tokens#token-lifetime).
const (
	identityTokenAge    = 24 * time.Hour
	applicationTokenAge = 90 * time.Minute
)

// tokenAge notes, as no more than possible, that the app role may be newer than the token that the client
// has.
func (e *explainer) tokenAge(since time.Time) {
	limit, fix := applicationTokenAge, "wait until then, or restart the client's function app"
	if e.principal.Type == managedIdentityPrincipal {
		limit, fix = identityTokenAge, "wait until then: Azure caches a managed identity's token, and a restart does not refresh it; a new identity has no token yet"
	}
	until := since.Add(limit)
	if e.now.After(until) {
		e.pass(CheckTokenAge)
		return
	}
	e.report.Possible = append(e.report.Possible, Cause{CheckTokenAge, "403 insufficient_scope: missing app role, until " + until.UTC().Format(time.RFC3339),
		"assigned at " + since.UTC().Format(time.RFC3339), fmt.Sprintf("the client has held its app role for less than %s: a token that it got before does not have it", limit), fix})
}

// lists checks the callers that the API admits or blocks regardless of their
// token.
func (e *explainer) lists(context.Context) (bool, error) {
	if e.apiSettings == nil {
		return true, nil
	}
	const symptom = "403 insufficient_scope: caller not admitted"
	isClient := func(id string) bool { return sameID(id, e.principal.AppID) || sameID(id, e.principal.ID) }
	blocked := idsOf(e.apiSettings[e.declared.setting("BLOCKED_CALLERS")])
	e.judge(!slices.ContainsFunc(blocked, isClient), CheckBlocked, symptom, e.declared.setting("BLOCKED_CALLERS")+" names it",
		"if it can be trusted again, remove it from app-to-app:blockedCallers and run pulumi up", "the API blocks this caller, whatever its token says")
	allowed := idsOf(e.apiSettings[e.declared.setting("ALLOWED_CLIENTS")])
	e.judge(len(allowed) == 0 || slices.ContainsFunc(allowed, func(id string) bool { return sameID(id, e.principal.AppID) }), CheckAllowed, symptom,
		fmt.Sprintf("%s has %d others", e.declared.setting("ALLOWED_CLIENTS"), len(allowed)), "add its client id "+e.principal.AppID+" to "+e.declared.setting("ALLOWED_CLIENTS")+", or remove the setting", "the API admits only listed clients, and this one is not listed")
	return true, nil
}

// idsOf reads a list of an app setting.
func idsOf(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
}
