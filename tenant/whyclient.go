package tenant

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// This file looks at the client's side: who it is, and whether its settings and
// the API's fit the tenant and each other.

// sites looks at both function apps and reads their settings. A client without
// one runs elsewhere, and what it is configured with is not known.
func (e *explainer) sites(ctx context.Context) (bool, error) {
	var err error
	if e.apiSite, e.apiSettings, err = e.readSite(ctx, "API", e.declared.APISiteID); err != nil {
		return false, err
	}
	if e.clientSite, e.clientSettings, err = e.readSite(ctx, "client", e.access.SiteID); err != nil {
		return false, err
	}
	if e.apiSettings == nil {
		return true, nil
	}
	on, err := e.reader.easyAuth(ctx, e.declared.APISiteID)
	if err != nil {
		return false, err
	}
	e.judge(!on, CheckEasyAuth, "401 or 403 without the API's own body", "authsettingsV2 platform.enabled true", "az webapp auth update --ids "+e.declared.APISiteID+" --enabled false",
		"App Service Authentication (Easy Auth) is on at the API and answers before it does")
	return true, nil
}

func (e *explainer) readSite(ctx context.Context, whose, id string) (site, map[string]string, error) {
	if id == "" {
		e.note("the %s has no function app in this stack: its settings are not known", whose)
		return site{}, nil, nil
	}
	found, ok, err := e.reader.site(ctx, id)
	if err != nil {
		return site{}, nil, err
	}
	if !e.judge(ok, CheckSites, "no answer, or no call", "no site "+id, up, "the function app of the %s is gone", whose) {
		return site{}, nil, nil
	}
	if found.Properties.State != "" && found.Properties.State != "Running" {
		e.fail(CheckSites, map[string]string{"API": "403 of App Service", "client": "no call"}[whose], "state "+found.Properties.State, "az functionapp start --ids "+id, "the function app of the %s is stopped", whose)
	}
	settings, err := e.reader.settings(ctx, id)
	if denied(err) {
		e.note("this caller may not list the app settings of the %s: they were not looked at", whose)
		return found, nil, nil
	}
	return found, settings, err
}

// client looks at the client's app registration and service principal.
func (e *explainer) client(ctx context.Context) (bool, error) {
	var found bool
	var err error
	if id := e.access.ApplicationObjectID; id != "" {
		if e.application, found, err = e.reader.application(ctx, id); err != nil {
			return false, err
		}
		if !e.judge(found, CheckClientApplication, "AADSTS700016 instead of a token", "no app registration "+id, e.ofClient("restore it from Deleted applications within 30 days, or "+up), "the client's app registration is gone") {
			return false, nil
		}
	}
	if e.principal, found, err = e.reader.principal(ctx, e.access.ObjectID); err != nil {
		return false, err
	}
	symptom := "AADSTS7000229 instead of a token"
	if e.application.ID == "" {
		symptom = "AADSTS700016, or no answer of the identity endpoint, instead of a token"
	}
	if !e.judge(found, CheckClientPrincipal, symptom, "no service principal "+e.access.ObjectID, e.ofClient(up), "the client's service principal is gone, and its app roles with it") {
		return false, nil
	}
	e.judge(e.principal.AccountEnabled, CheckClientEnabled, "AADSTS7000112 instead of a token", "accountEnabled false",
		"az ad sp update --id "+e.principal.ID+" --set accountEnabled=true", "the client's service principal is disabled")
	return true, nil
}

// ofClient is what ends a fault of the client's app registration: asking again for one
// that somebody else makes, or else fix.
func (e *explainer) ofClient(fix string) string {
	if e.access.Requested {
		return e.declared.askAgain()
	}
	return fix
}

// settings checks that both apps name the same tenant, cloud and API.
func (e *explainer) settings(context.Context) (bool, error) {
	tenantName, hostName := e.declared.setting("TENANT_ID"), e.declared.setting("AUTHORITY_HOST")
	if s := e.clientSettings; s != nil {
		symptom := "AADSTS90002 (no such tenant), AADSTS700016 or AADSTS500011 instead of a token, or 401 invalid_token: not signed by the tenant"
		if !isGUID.MatchString(s[tenantName]) {
			symptom = "AADSTS900023 (not the name of a tenant) instead of a token"
		}
		e.setting(CheckTenantSetting, e.access.SiteID, s, tenantName, e.tenantID, symptom)
		e.setting(CheckAuthoritySetting, e.access.SiteID, s, hostName, e.authorityHost, "no token, or 401 invalid_token: not signed by the tenant")
		e.scope(s[e.declared.setting("SCOPE")])
	}
	if s := e.apiSettings; s != nil {
		e.setting(CheckTenantSetting, e.declared.APISiteID, s, tenantName, e.tenantID, "401 invalid_token: not signed by the tenant")
		e.setting(CheckAuthoritySetting, e.declared.APISiteID, s, hostName, e.authorityHost, "503 (signing keys unavailable), or 401 invalid_token: wrong issuer")
		e.setting(CheckAudienceSetting, e.declared.APISiteID, s, e.declared.setting("AUDIENCE"), e.declared.APIClientID, "401 invalid_token: wrong audience")
	}
	return true, nil
}

var isGUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// setting compares an app setting that is no secret with what it has to be.
func (e *explainer) setting(check, siteID string, settings map[string]string, name, wanted, symptom string) {
	got := settings[name]
	e.judge(strings.EqualFold(strings.TrimRight(got, "/"), wanted), check, symptom, fmt.Sprintf("%s %q", name, got), setSetting(siteID, name, wanted),
		"the app setting %s of %s: expected %q, got %q", name, siteID[strings.LastIndex(siteID, "/")+1:], wanted, got)
}

// setSetting is the command that sets an app setting that is no secret. The
// engine does not notice a changed app setting.
func setSetting(siteID, name, value string) string {
	return fmt.Sprintf("az functionapp config appsettings set --ids %s --settings %s=%s", siteID, name, value)
}

// scope checks what the client asks a token for. Only the identifier URI and
// the client id name the API.
func (e *explainer) scope(got string) {
	uri := "api://" + e.declared.APIClientID
	if e.declared.Registered == existing { // somebody else chose it
		uri = append(slices.Clone(e.apiApplication.IdentifierURIs), e.declared.APIClientID)[0]
	}
	resource, isDefault := strings.CutSuffix(got, "/.default")
	uris := e.apiApplication.IdentifierURIs
	symptom := "AADSTS500011 (no such resource) instead of a token, or 401 invalid_token: wrong audience"
	if !isDefault || resource == "" {
		symptom = "AADSTS1002012 or AADSTS70011 (invalid scope) instead of a token"
	}
	fix := setSetting(e.access.SiteID, e.declared.setting("SCOPE"), uri+"/.default")
	if resource == uri {
		fix = up + ": the API's app registration has lost its identifier URI"
	}
	e.judge(isDefault && (slices.Contains(uris, resource) || sameID(resource, e.declared.APIClientID)), CheckScopeSetting, symptom,
		fmt.Sprintf("%s %q; identifier URIs %q", e.declared.setting("SCOPE"), got, uris), fix, "the client asks for a token for %q, which does not name the API", got)
}

// identity checks that the client names its own identity, and that its function
// app has it.
func (e *explainer) identity(context.Context) (bool, error) {
	if e.clientSettings == nil {
		return true, nil
	}
	if e.access.Identity == "managedIdentity" || e.access.Identity == "systemAssigned" {
		e.judge(e.clientSite.has(e.access.ObjectID), CheckIdentityAttached, "400 of the identity endpoint instead of a token", "identity "+e.clientSite.Identity.Type+" without it",
			up, "the client's managed identity %s is not attached to its function app", e.access.ObjectID)
	}
	switch e.access.Identity {
	case "managedIdentity":
		e.setting(CheckClientIDSetting, e.access.SiteID, e.clientSettings, e.declared.setting("MANAGED_IDENTITY_CLIENT_ID"), e.access.ClientID,
			"400 of the identity endpoint, or the token of another identity: AADSTS501051 or 403")
	case kindSecret, kindCertificate, kindFederated:
		e.setting(CheckClientIDSetting, e.access.SiteID, e.clientSettings, e.declared.setting("CLIENT_ID"), e.access.ClientID, "AADSTS700016 instead of a token")
	}
	return true, nil
}
