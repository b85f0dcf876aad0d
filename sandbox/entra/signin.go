package entra

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

// This file writes the sign-in log
// (https://learn.microsoft.com/entra/identity/monitoring-health/concept-service-principal-sign-ins).
// The rules are: a token request that names a tenant and a client is in the log,
// whatever becomes of it; one that names neither is in no tenant's log. Which
// refusals the real log leaves out is not documented. A managed identity's token
// from the platform's cache is no sign-in.

// An exchange is one token request and its answer.
type exchange struct {
	requestID, correlationID string
	signIn                   store.SignIn // what is known so far
}

type exchangeKey struct{}

// begin returns the request with a new exchange.
func begin(r *http.Request) (*http.Request, *exchange) {
	e := &exchange{requestID: uuid.NewString()}
	return r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e)), e
}

// exchangeOf returns the exchange of a request with its ids. The correlation id is
// the client's, if it sent one. Only token requests are remembered.
func exchangeOf(r *http.Request) *exchange {
	e, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		e = &exchange{requestID: uuid.NewString()}
	}
	if e.correlationID != "" {
		return e
	}
	e.correlationID = uuid.NewString()
	// MSAL for JavaScript sends it in the query and in the form.
	for _, given := range []string{r.Header.Get("client-request-id"), r.URL.Query().Get("client-request-id"), r.PostForm.Get("client-request-id")} {
		if sent, err := uuid.Parse(given); err == nil {
			e.correlationID = sent.String()
		}
	}
	return e
}

// tokenID is the claim uti of the token that a request gets: the id of the request
// in 22 characters. The log has it as uniqueTokenIdentifier
// (https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-track-linkable-identifiers).
// That it encodes the id is how Microsoft's own ConvertFrom-MsIdUniqueTokenIdentifier
// reads it (https://azuread.github.io/MSIdentityTools/commands/ConvertFrom-MsIdUniqueTokenIdentifier).
func tokenID(requestID string) string {
	id, err := uuid.Parse(requestID)
	if err != nil {
		return ""
	}
	// A GUID's first three fields are in little-endian order in .NET.
	b := id[:]
	return base64.RawURLEncoding.EncodeToString([]byte{
		b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]})
}

// remember adds the request to the log of the tenant that it names.
func (s *Service) remember(r *http.Request, request tokenRequest, result error) error {
	var unknown unemulated
	if request.clientID == "" || errors.As(result, &unknown) {
		return nil
	}
	e := exchangeOf(r)
	entry := e.signIn
	entry.Kind, entry.CorrelationID = store.SignInServicePrincipal, e.correlationID
	entry.ClientID, entry.Credential = request.clientID, request.used
	entry.UserAgent = r.UserAgent()
	entry.IPAddress, _, _ = net.SplitHostPort(r.RemoteAddr)
	return s.Store.Update(func(tx *store.Tx) error {
		tenant, err := tenantOf(tx, r.PathValue("tenant"))
		if err != nil {
			return nil // no tenant, no log
		}
		entry.TenantID = tenant.ID
		if principal, ok := store.ServicePrincipalByClientID(tx, tenant.ID, request.clientID); ok {
			entry.ClientID, entry.ServicePrincipalID, entry.ServicePrincipal = principal.ClientID, principal.ObjectID, principal.DisplayName
		}
		s.keepSignIn(tx, entry, e.requestID, request.resource, result)
		return nil
	})
}

// keepSignIn completes an entry of the log and stores it.
func (s *Service) keepSignIn(tx *store.Tx, entry store.SignIn, requestID, resource string, result error) {
	entry.ID, entry.TokenID, entry.At = requestID, tokenID(requestID), s.Store.Now()
	if found, _, ok := s.lookUpResource(tx, entry.TenantID, resource); ok {
		entry.ResourceID, entry.ResourcePrincipalID, entry.Resource = found.ClientID, found.ObjectID, found.DisplayName
	}
	var refused *Error
	switch {
	case errors.As(result, &refused):
		entry.Code, entry.Reason = refused.AADSTS, refused.Description
	case result != nil: // an error of the store, or a bug
		entry.Code, entry.Reason = 50000, "the service failed"
	}
	store.KeepSignIn(tx, entry)
}

// rememberIdentity adds a managed identity's request to the log.
func (s *Service) rememberIdentity(identity store.ServicePrincipal, requestID, correlationID, resource string, result error) error {
	return s.Store.Update(func(tx *store.Tx) error {
		s.keepSignIn(tx, store.SignIn{
			TenantID: identity.TenantID, Kind: store.SignInManagedIdentity, CorrelationID: correlationID,
			ClientID: identity.ClientID, ServicePrincipalID: identity.ObjectID, ServicePrincipal: identity.DisplayName,
			ManagedIdentityID: identity.ManagedIdentityID, Credential: store.Credential{Kind: store.ManagedIdentityKind},
		}, requestID, resource, result)
		return nil
	})
}
