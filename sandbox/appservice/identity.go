package appservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/loopback"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file is the managed identity endpoint. The rules are: one endpoint for
// all sites, and the identity header, which is a secret, tells them apart; plain
// http, as in App Service; errors do not have OAuth's format, and their texts are
// the real ones, including the spelling, where we know them.
// learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference

const (
	identityPath     = "/msi/token"
	identityDoc      = "https://learn.microsoft.com/azure/app-service/overview-managed-identity"
	identityVersion  = "2019-08-01"
	identityVersion1 = "2017-09-01" // header secret, parameter clientid
	identitySetting  = "identityPort"
)

// Answers of the real endpoint.
const (
	noSuchIdentity   = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
	noProperIdentity = "Unable to load the proper Managed Identity."
	noToken          = "An unexpected error occured while fetching the AAD Token."
)

// startIdentity listens on the port used before, or on a free one that is
// remembered.
func (s *Service) startIdentity(ctx context.Context) error {
	var port int
	err := s.config.Store.View(func(tx *store.Tx) error {
		if kept, ok := store.Settings.Get(tx, identitySetting); ok {
			return json.Unmarshal(kept, &port)
		}
		return nil
	})
	if err != nil {
		return err
	}
	open := loopback.ListenFree
	if port != 0 {
		open = func(ctx context.Context) (net.Listener, error) { return loopback.Listen(ctx, port) }
	}
	l, err := open(ctx)
	if err != nil {
		return fmt.Errorf("open the managed identity endpoint's port %d: %w; stop the process that uses it, or delete the sandbox's directory to start over", port, err)
	}
	err = s.config.Store.Update(func(tx *store.Tx) error {
		store.Settings.Put(tx, identitySetting, json.RawMessage(strconv.Itoa(loopback.Port(l))))
		return nil
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	s.identityURL = "http://" + l.Addr().String() + identityPath
	s.endpoint = l
	s.identity = newServer(s.identityTable().Handler(s.config.Log, s.config.Weather))
	go s.identity.Serve(l)
	return nil
}

// identityTable is what the managed identity endpoint answers.
func (s *Service) identityTable() route.Table {
	return route.Table{
		Service: "identity",
		Source:  "sandbox/appservice/identity.go",
		Routes: []route.Route{{
			Pattern: "GET " + identityPath, Permission: []string{"identity header"}, Serve: s.serveToken,
			Query: []string{"resource", "api-version", "client_id", "principal_id", "object_id", "mi_res_id", "clientid"},
			Doc:   identityDoc, Checked: "2026-11-23", Witness: "TestIdentityEndpoint/by client id",
		}},
		Refuse: func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
			route.Note(r.Context()).Code = code
			refuseIdentity(w, status, message, "")
		},
	}
}

// refuseIdentity answers with an error, and with a correlation id if it is not
// empty.
func refuseIdentity(w http.ResponseWriter, status int, message, correlationID string) {
	writeJSON(w, status, struct {
		StatusCode    int    `json:"statusCode"`
		Message       string `json:"message"`
		CorrelationID string `json:"correlationId,omitempty"`
	}{status, message, correlationID})
}

// serveToken answers a request for a token.
func (s *Service) serveToken(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	version := query.Get("api-version")
	header := r.Header.Get("X-IDENTITY-HEADER")
	ids := []string{"client_id", "principal_id", "object_id", "mi_res_id"}
	switch version {
	case identityVersion:
	case identityVersion1:
		header, ids = r.Header.Get("Secret"), []string{"clientid"}
	default:
		refuseIdentity(w, http.StatusBadRequest, fmt.Sprintf("expected api-version %s or %s, got %q", identityVersion, identityVersion1, version), "")
		return
	}
	site, ok, err := s.siteByHeader(header)
	if err != nil {
		refuseIdentity(w, http.StatusInternalServerError, err.Error(), uuid.NewString())
		return
	}
	if !ok {
		// What the real endpoint answers is not documented.
		refuseIdentity(w, http.StatusUnauthorized, "expected the identity header of a site of this sandbox", "")
		return
	}
	route.Note(r.Context()).TenantID = site.TenantID
	def, err := s.define(site.ResourceID)
	switch {
	case err != nil:
		refuseIdentity(w, http.StatusInternalServerError, err.Error(), uuid.NewString())
		return
	case def.identityDisabled():
		refuseIdentity(w, http.StatusBadRequest, "expected the app setting WEBSITE_DISABLE_MSI not to be set, got true", "")
		return
	case query.Get("resource") == "":
		refuseIdentity(w, http.StatusBadRequest, "expected the parameter resource, got nothing", "")
		return
	}
	for name, values := range query {
		known := slices.Contains(ids, name) || name == "resource" || name == "api-version"
		if !known || len(values) > 1 {
			refuseIdentity(w, http.StatusBadRequest, fmt.Sprintf("expected the parameter %s at most once and of api-version %s", name, version), "")
			return
		}
	}
	s.giveToken(w, r, def, ids)
}

// siteByHeader finds the site with that identity header. Every header is
// compared, in constant time.
func (s *Service) siteByHeader(header string) (found store.Site, ok bool, err error) {
	err = s.config.Store.View(func(tx *store.Tx) error {
		for _, site := range store.Sites.All(tx, "") {
			if sameKey(header, site.IdentityHeader) {
				found, ok = site, true
			}
		}
		return nil
	})
	return found, ok, err
}

// choose finds the identity that the request names. Its error is the text of the
// refusal.
func choose(def definition, r *http.Request, names []string) (principalID, clientID, refusal string) {
	name, value := "", ""
	for _, candidate := range names {
		if given := r.URL.Query().Get(candidate); given != "" {
			if name != "" {
				return "", "", fmt.Sprintf("expected one of %s, got several: they are mutually exclusive", strings.Join(names, ", "))
			}
			name, value = candidate, given
		}
	}
	if name == "" {
		if !def.Identity.systemAssigned() {
			return "", "", noProperIdentity
		}
		return def.Identity.PrincipalID, "", ""
	}
	for id, ua := range def.Identity.UserAssigned {
		switch name {
		case "client_id", "clientid":
			if strings.EqualFold(ua.ClientID, value) {
				return ua.PrincipalID, ua.ClientID, ""
			}
		case "principal_id", "object_id":
			if strings.EqualFold(ua.PrincipalID, value) {
				return ua.PrincipalID, ua.ClientID, ""
			}
		case "mi_res_id":
			if store.ResourceKey(id) == store.ResourceKey(value) {
				return ua.PrincipalID, ua.ClientID, ""
			}
		}
	}
	if def.Identity.systemAssigned() && (name == "principal_id" || name == "object_id") && strings.EqualFold(def.Identity.PrincipalID, value) {
		return def.Identity.PrincipalID, "", ""
	}
	return "", "", noSuchIdentity
}

func (s *Service) giveToken(w http.ResponseWriter, r *http.Request, def definition, names []string) {
	principalID, clientID, refusal := choose(def, r, names)
	if refusal != "" {
		correlationID := ""
		if refusal == noProperIdentity {
			correlationID = uuid.NewString()
		}
		refuseIdentity(w, http.StatusBadRequest, refusal, correlationID)
		return
	}
	route.Note(r.Context()).CallerID = principalID
	resource := r.URL.Query().Get("resource")
	// Whether the sign-in log has the id that the answer shows is not documented.
	correlationID := uuid.NewString()
	token, err := s.config.Tokens.ManagedIdentityTokenFor(correlationID, def.TenantID, principalID, resource)
	if err != nil {
		status, message := identityFailure(err)
		route.Note(r.Context()).Code = aadsts(err)
		refuseIdentity(w, status, message, correlationID)
		return
	}
	if clientID == "" {
		clientID = s.clientIDOf(def.TenantID, principalID)
	}
	answer := map[string]string{
		"access_token": token.AccessToken, "resource": resource, "token_type": "Bearer", "client_id": clientID,
		"expires_on": strconv.FormatInt(s.machineTime(token.ExpiresAt).Unix(), 10),
		"not_before": strconv.FormatInt(s.machineTime(token.IssuedAt).Unix(), 10),
	}
	if r.URL.Query().Get("api-version") == identityVersion1 {
		answer["expires_on"] = s.machineTime(token.ExpiresAt).Format("01/02/2006 15:04:05 +00:00")
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
}

// identityFailure is the endpoint's answer when Entra refuses a token. For an
// unknown resource it is one fixed sentence. Other refusals show their AADSTS
// number; their status is not documented, and 400 here, so that clients do not
// retry in vain.
func identityFailure(err error) (status int, message string) {
	var refused *entra.Error
	if errors.As(err, &refused) && refused.Status < 500 && refused.AADSTS != 500011 {
		return http.StatusBadRequest, refused.Description
	}
	return http.StatusInternalServerError, noToken
}

func aadsts(err error) string {
	var refused *entra.Error
	if errors.As(err, &refused) {
		return "AADSTS" + strconv.Itoa(refused.AADSTS)
	}
	return "InternalError"
}

// clientIDOf is the client id of a system-assigned identity.
func (s *Service) clientIDOf(tenantID, principalID string) (clientID string) {
	err := s.config.Store.View(func(tx *store.Tx) error {
		sp, _ := store.LiveServicePrincipal(tx, tenantID, principalID)
		clientID = sp.ClientID
		return nil
	})
	if err != nil {
		s.config.Logger.Error("read service principal", "error", err)
	}
	return clientID
}

// machineTime converts a time on the sandbox's clock to the machine's clock,
// which clients use.
func (s *Service) machineTime(t time.Time) time.Time {
	return s.config.Store.Wall().Add(t.Sub(s.config.Store.Now())).UTC()
}
