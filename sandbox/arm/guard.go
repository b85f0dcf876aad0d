package arm

import (
	"fmt"
	"net/http"
	"strings"

	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// Audiences are the audiences of tokens for Azure Resource Manager, besides its
// address.
var Audiences = []string{
	"https://management.core.windows.net/", "https://management.core.windows.net",
	"https://management.azure.com/", "https://management.azure.com",
}

// guard checks in ARM's order: the token, the api-version, the subscription and
// its tenant, then the permission at the path's scope. Routes without a
// permission filter what they show by the caller's roles.
func (s *Service) guard(w http.ResponseWriter, r *http.Request, known route.Route) (*http.Request, bool) {
	if strings.Contains(known.Pattern, " /metadata/") {
		return r, true // it says where to get a token
	}
	caller, err := s.config.Auth.Authenticate(r, append([]string{s.config.BaseURL, s.config.BaseURL + "/"}, Audiences...)...)
	if err != nil {
		s.refuseToken(w, r, err)
		return nil, false
	}
	r = route.WithCaller(r, caller)
	if r.URL.Query().Get("api-version") == "" {
		s.refuse(w, r, http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
		return nil, false
	}
	err = s.finishDue()
	if err == nil {
		err = s.store.View(func(tx *store.Tx) error {
			if id := r.PathValue("subscription"); id != "" {
				if err := s.checkSubscription(tx, id, caller.TenantID); err != nil {
					return err
				}
			}
			return permitted(tx, r, known, caller)
		})
	}
	if err != nil {
		s.fail(w, r, err)
		return nil, false
	}
	return r, true
}

func (s *Service) refuseToken(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization_uri="%s/common/oauth2/authorize", error="invalid_token"`, s.config.AuthorityHost))
	if r.Header.Get("Authorization") == "" {
		s.refuse(w, r, http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
		return
	}
	s.refuse(w, r, http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid: "+err.Error()+".")
}

func (s *Service) checkSubscription(tx *store.Tx, id, tenantID string) error {
	subscription, ok := store.Subscriptions.Get(tx, strings.ToLower(id))
	if !ok {
		return refuse(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", id)
	}
	if !strings.EqualFold(subscription.TenantID, tenantID) {
		// Like ARM, name both issuers.
		return refuse(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant",
			"The access token is from the wrong issuer '%[1]s/%[2]s/'. It must match the tenant '%[1]s/%[3]s/' associated with this subscription. Please use the authority (URL) '%[1]s/%[3]s' to get the token.",
			s.config.AuthorityHost, tenantID, subscription.TenantID)
	}
	return nil
}

// permitted refuses a caller who holds none of the route's permissions.
func permitted(tx *store.Tx, r *http.Request, known route.Route, caller route.Caller) error {
	if len(known.Permission) == 0 {
		return nil
	}
	scope := scopeOf(pathAsSent(r))
	var action string
	for _, action = range known.Permission {
		action = strings.ReplaceAll(action, "{namespace}", r.PathValue("namespace"))
		if rbac.Allowed(tx, caller.TenantID, caller.ObjectID, action, scope) {
			return nil
		}
	}
	return refuse(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		caller.ClientID, caller.ObjectID, action, scope)
}

// linked refuses a caller who may write a resource, but not use the other
// resource that the write refers to.
func (c *call) linked(writes, scope, action, linkedScope string) error {
	if rbac.Allowed(c.tx, c.caller.TenantID, c.caller.ObjectID, action, linkedScope) {
		return nil
	}
	return refuse(http.StatusForbidden, "LinkedAuthorizationFailed",
		"The client '%s' with object id '%s' has permission to perform action '%s' on scope '%s'; however, it does not have permission to perform action(s) '%s' on the linked scope(s) '%s' (respectively) or the linked scope(s) are invalid.",
		c.caller.ClientID, c.caller.ObjectID, writes, scope, action, linkedScope)
}
