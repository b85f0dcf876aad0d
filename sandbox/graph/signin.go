package graph

import (
	"encoding/base64"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/store"
)

// This file is the sign-in log (https://learn.microsoft.com/graph/api/signin-list)
// and the reports that are made from it. The rules are: without a licence of P1
// they are refused; a filter that does not name the kind of sign-ins gets the
// interactive ones of users, of which there are none here; entries appear after
// [route.Lag], and the log forgets them after [store.SignInRetention].
//
// What the real service leaves null for applications is not documented
// throughout; here it is what says nothing about them.

// largestSignInPage is both the largest and the default page of sign-ins.
const largestSignInPage = 1000

var signInFilters = filterable{
	"id": filterExact, "appId": filterText, "appDisplayName": filterStart, "correlationId": filterText, "createdDateTime": filterTime,
	"ipAddress": filterStart, "resourceDisplayName": filterText, "resourceId": filterText, "servicePrincipalId": filterStart,
	"servicePrincipalName": filterStart, "signInEventTypes": filterList, "status/errorCode": filterNumber, "userAgent": filterStart,
}

// premium refuses a tenant without a licence, as users report it
// (https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/1006).
func (q *request) premium(tx *store.Tx) error {
	tenant, _ := store.Tenants.Get(tx, strings.ToLower(q.caller.TenantID))
	if tenant.NoPremium {
		return &refusal{http.StatusForbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
			"Neither tenant is B2C or tenant doesn't have premium license"}
	}
	return nil
}

func listSignIns(tx *store.Tx, q *request) (answer, error) {
	if err := q.premium(tx); err != nil {
		return answer{}, err
	}
	query := q.URL.Query()
	oldestFirst := false
	switch order := query.Get("$orderby"); order {
	case "", "createdDateTime desc":
	case "createdDateTime", "createdDateTime asc":
		oldestFirst = true
	default:
		return answer{}, unemulated("$orderby %q", order)
	}
	entries := q.signIns(tx)
	if !strings.Contains(query.Get("$filter"), "signInEventTypes/any") {
		entries = func(func(string, object) bool) {}
	}
	if oldestFirst {
		entries = backwards(entries)
	}
	q.pages = largestSignInPage
	return q.list("auditLogs/signIns", signInFilters, entries)
}

// signIns are the tenant's, the newest first.
func (q *request) signIns(tx *store.Tx) iter.Seq2[string, object] {
	return func(yield func(string, object) bool) {
		now, lag := q.service.Store.Now(), q.service.Weather.Lag().SignInLog
		for key, s := range store.SignIns.All(tx, store.TenantKey(q.caller.TenantID, "")) {
			age := now.Sub(s.At)
			if age < lag {
				continue
			}
			if age > store.SignInRetention || !yield(key, object{kind: "signIn", id: s.ID, props: viewSignIn(s)}) {
				return
			}
		}
	}
}

// backwards has the same objects, the oldest first.
func backwards(objects iter.Seq2[string, object]) iter.Seq2[string, object] {
	all := make(map[string]object)
	for _, o := range objects {
		all[o.props["createdDateTime"].(string)+"/"+o.id] = o
	}
	return func(yield func(string, object) bool) {
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if !yield(key, all[key]) {
				return
			}
		}
	}
}

func viewSignIn(s store.SignIn) map[string]any {
	credential := map[string]any{"servicePrincipalCredentialKeyId": "", "servicePrincipalCredentialThumbprint": s.Credential.Thumbprint, "federatedCredentialId": ""}
	switch s.Credential.Kind {
	case store.FederatedCredentialKind:
		credential["federatedCredentialId"] = s.Credential.ID
	case store.SecretCredentialKind, store.CertificateKind:
		credential["servicePrincipalCredentialKeyId"] = s.Credential.ID
	}
	reason := "Other."
	if s.Code != 0 {
		reason = s.Reason
	}
	kind := s.Credential.Kind
	if kind == "" {
		kind = "none"
	}
	view := map[string]any{
		"id": s.ID, "createdDateTime": s.At.UTC().Format("2006-01-02T15:04:05.000Z"), "correlationId": s.CorrelationID,
		"uniqueTokenIdentifier": s.TokenID, "originalRequestId": "", "signInEventTypes": []string{s.Kind},
		"appId": s.ClientID, "appDisplayName": s.ServicePrincipal, "servicePrincipalId": s.ServicePrincipalID, "servicePrincipalName": s.ServicePrincipal,
		"resourceId": textOrNull(s.ResourceID), "resourceDisplayName": textOrNull(s.Resource), "resourceServicePrincipalId": textOrNull(s.ResourcePrincipalID),
		"resourceTenantId": s.TenantID, "status": map[string]any{"errorCode": s.Code, "failureReason": reason, "additionalDetails": nil},
		"ipAddress": s.IPAddress, "userAgent": textOrNull(s.UserAgent), "clientCredentialType": kind,
		"authenticationProtocol": "none", "incomingTokenType": "none", "isInteractive": false, "isTenantRestricted": false, "flaggedForReview": false,
		"tokenIssuerType": "AzureAD", "tokenIssuerName": "", "conditionalAccessStatus": "notApplied", "crossTenantAccessType": "none",
		"riskDetail": "none", "riskLevelAggregated": "none", "riskLevelDuringSignIn": "none", "riskState": "none", "riskEventTypes_v2": []string{},
		"authenticationDetails": []any{}, "appliedConditionalAccessPolicies": []any{}, "processingTimeInMilliseconds": 0,
		"location":               map[string]any{"city": "", "state": "", "countryOrRegion": "", "geoCoordinates": map[string]any{}},
		"managedServiceIdentity": managedIdentityOf(s), "userId": "", "userDisplayName": nil, "userPrincipalName": nil, "homeTenantId": "", "sessionId": nil,
	}
	for name, value := range credential {
		view[name] = value
	}
	return view
}

// managedIdentityOf says which managed identity signed in. What a user-assigned one
// is attached to is not known here.
func managedIdentityOf(s store.SignIn) map[string]any {
	identity := map[string]any{"msiType": "none", "associatedResourceId": "", "federatedTokenId": "", "federatedTokenIssuer": ""}
	switch {
	case s.Kind != store.SignInManagedIdentity:
	case strings.Contains(strings.ToLower(s.ManagedIdentityID), "/userassignedidentities/"):
		identity["msiType"] = "userAssigned"
	default:
		identity["msiType"], identity["associatedResourceId"] = "systemAssigned", s.ManagedIdentityID
	}
	return identity
}

// listClientActivities is the last sign-in of each client and resource
// (https://learn.microsoft.com/graph/api/reportroot-list-serviceprincipalsigninactivities).
// The real report is late by a time that is not documented; this one is as late as
// the log.
func listClientActivities(tx *store.Tx, q *request) (answer, error) {
	if err := q.premium(tx); err != nil {
		return answer{}, err
	}
	return q.list("reports/servicePrincipalSignInActivities", filterable{"appId": filterText, "id": filterExact}, func(yield func(string, object) bool) {
		views := make(map[string]map[string]any)
		var order []string
		for key, used := range q.lastUses(tx) {
			clientID, what, _ := strings.Cut(strings.TrimPrefix(key, store.TenantKey(q.caller.TenantID, "")), "/")
			if strings.HasPrefix(what, "key/") {
				continue
			}
			view := views[clientID]
			if view == nil {
				view = map[string]any{"id": base64.StdEncoding.EncodeToString([]byte(clientID)), "appId": clientID,
					"applicationAuthenticationClientSignInActivity": nil, "applicationAuthenticationResourceSignInActivity": nil,
					"delegatedClientSignInActivity": nil, "delegatedResourceSignInActivity": nil, "lastSignInActivity": nil}
				views[clientID], order = view, append(order, clientID)
			}
			name := "applicationAuthenticationClientSignInActivity"
			if what == "resource" {
				name = "applicationAuthenticationResourceSignInActivity"
			}
			view[name] = activity(used)
			if last, ok := view["lastSignInActivity"].(map[string]any); !ok || last["lastSignInDateTime"].(string) < moment(used.At) {
				view["lastSignInActivity"] = activity(used)
			}
		}
		for _, id := range order {
			if !yield(id, object{kind: "servicePrincipalSignInActivity", id: views[id]["id"].(string), props: views[id]}) {
				return
			}
		}
	})
}

// lastUses are the tenant's that the reports know by now.
func (q *request) lastUses(tx *store.Tx) iter.Seq2[string, store.LastUse] {
	return func(yield func(string, store.LastUse) bool) {
		now, lag := q.service.Store.Now(), q.service.Weather.Lag().SignInLog
		for key, used := range store.LastUses.All(tx, store.TenantKey(q.caller.TenantID, "")) {
			if now.Sub(used.At) >= lag && !yield(key, used) {
				return
			}
		}
	}
}

// activity is a signInActivity. That it is of the last token, and not of the last
// refusal, is a guess.
func activity(used store.LastUse) map[string]any {
	return map[string]any{"lastSignInDateTime": moment(used.At), "lastSignInRequestId": used.RequestID}
}

// listCredentialActivities is the last sign-in with each credential
// (https://learn.microsoft.com/graph/api/reportroot-list-appcredentialsigninactivities).
// It has no federated identity credentials.
func listCredentialActivities(tx *store.Tx, q *request) (answer, error) {
	if err := q.premium(tx); err != nil {
		return answer{}, err
	}
	fields := filterable{"appId": filterText, "keyId": filterText, "id": filterExact}
	return q.list("reports/appCredentialSignInActivities", fields, func(yield func(string, object) bool) {
		for key, used := range q.lastUses(tx) {
			if used.CredentialID == "" {
				continue
			}
			view, ok := viewCredentialActivity(tx, q.caller.TenantID, used)
			if ok && !yield(key, object{kind: "appCredentialSignInActivity", id: view["id"].(string), props: view}) {
				return
			}
		}
	})
}

// viewCredentialActivity is false when the credential has been removed: whether the
// real report still has it then is not documented.
func viewCredentialActivity(tx *store.Tx, tenantID string, used store.LastUse) (map[string]any, bool) {
	app, _ := store.ApplicationByClientID(tx, tenantID, used.ClientID)
	principal, _ := store.ServicePrincipalByClientID(tx, tenantID, used.ClientID)
	view := map[string]any{
		"appId": used.ClientID, "appObjectId": textOrNull(app.ObjectID), "servicePrincipalObjectId": textOrNull(principal.ObjectID),
		"keyId": used.CredentialID, "resourceId": textOrNull(used.ResourceID), "signInActivity": activity(used),
	}
	found := func(origin, kind, usage string, start, end time.Time) bool {
		view["credentialOrigin"], view["keyType"], view["keyUsage"] = origin, kind, usage
		view["createdDateTime"], view["expirationDateTime"] = moment(start), moment(end)
		view["id"] = base64.StdEncoding.EncodeToString([]byte(used.CredentialID + "|" + origin))
		return true
	}
	for _, c := range app.PasswordCredentials {
		if strings.EqualFold(c.KeyID, used.CredentialID) {
			return view, found("application", "clientSecret", "verify", c.Start, c.End)
		}
	}
	for _, c := range principal.PasswordCredentials {
		if strings.EqualFold(c.KeyID, used.CredentialID) {
			return view, found("servicePrincipal", "clientSecret", "verify", c.Start, c.End)
		}
	}
	for _, c := range app.KeyCredentials {
		if strings.EqualFold(c.KeyID, used.CredentialID) {
			return view, found("application", "certificate", "verify", c.Start, c.End)
		}
	}
	return nil, false
}
