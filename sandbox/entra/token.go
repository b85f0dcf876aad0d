package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file is the token endpoints. The order of checks is: the tenant, the
// form, the client, its proof, the resource. Entra ignores form parameters that
// it does not know; here they are unemulated, because a client that sends one
// expects it to have an effect.

const (
	grantClientCredentials = "client_credentials"
	assertionTypeJWT       = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	maxFormBytes           = 1 << 20
)

// otherGrants are the grants of Entra that are not emulated.
var otherGrants = []string{
	"authorization_code", "refresh_token", "password", "device_code",
	"urn:ietf:params:oauth:grant-type:device_code",
	"urn:ietf:params:oauth:grant-type:jwt-bearer",
	"urn:ietf:params:oauth:grant-type:saml2-bearer",
	"urn:ietf:params:oauth:grant-type:saml1_1-bearer",
}

// oidcScopes are allowed together with the one resource. They only matter for user
// flows; MSAL for Go always sends them.
var oidcScopes = []string{"openid", "profile", "offline_access", "email"}

// A tokenRequest is what the form of a token request says.
type tokenRequest struct {
	clientID  string
	secret    string
	assertion string
	resource  string // the name of what the token is for

	used store.Credential // what it proved its client with, as far as that is known
}

func (s *Service) tokenV2(w http.ResponseWriter, r *http.Request) {
	s.token(w, r, "scope", func(_ tokenRequest, issued issuedToken) any {
		left := int(issued.lifetime.Seconds()) - 1
		return struct {
			TokenType    string `json:"token_type"`
			ExpiresIn    int    `json:"expires_in"`
			ExtExpiresIn int    `json:"ext_expires_in"`
			AccessToken  string `json:"access_token"`
		}{"Bearer", left, left, issued.accessToken}
	})
}

// tokenV1 has another resource parameter and another response format. The version
// of the token depends on the resource, not on the endpoint.
func (s *Service) tokenV1(w http.ResponseWriter, r *http.Request) {
	s.token(w, r, "resource", func(request tokenRequest, issued issuedToken) any {
		now := s.Store.Wall()
		left := strconv.Itoa(int(issued.lifetime.Seconds()) - 1)
		return struct {
			TokenType    string `json:"token_type"`
			ExpiresIn    string `json:"expires_in"`
			ExtExpiresIn string `json:"ext_expires_in"`
			ExpiresOn    string `json:"expires_on"`
			NotBefore    string `json:"not_before"`
			Resource     string `json:"resource"`
			AccessToken  string `json:"access_token"`
		}{"Bearer", left, left, strconv.FormatInt(now.Add(issued.lifetime).Unix(), 10),
			strconv.FormatInt(now.Add(-issuedAgo).Unix(), 10), request.resource, issued.accessToken}
	})
}

func (s *Service) token(w http.ResponseWriter, r *http.Request, target string, show func(tokenRequest, issuedToken) any) {
	r, e := begin(r)
	request, err := s.readTokenRequest(w, r, target)
	var issued issuedToken
	if err == nil {
		issued, err = s.serveToken(r, &request, e.requestID)
	}
	if lost := s.remember(r, request, err); err == nil {
		err = lost
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	setHeaders(w, r)
	writeJSON(w, http.StatusOK, show(request, issued))
}

// tokenByGet refuses what a browser sends to the token endpoint.
func (s *Service) tokenByGet(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, refuse(900561, "the token endpoint takes POST requests only, got %s", r.Method))
}

// An issuedToken is the answer to a token request.
type issuedToken struct {
	accessToken string
	lifetime    time.Duration
}

// serveToken checks a token request and issues the token.
func (s *Service) serveToken(r *http.Request, request *tokenRequest, requestID string) (issuedToken, error) {
	var known registeredClient
	err := s.Store.View(func(tx *store.Tx) (err error) {
		known, err = s.findClient(tx, r.PathValue("tenant"), request.clientID)
		return err
	})
	note := route.Note(r.Context())
	note.TenantID = known.tenant.ID
	if err != nil {
		return issuedToken{}, err
	}
	proof, err := s.checkProof(r.Context(), known, request)
	if err != nil {
		return issuedToken{}, err
	}
	note.CallerID = known.principal.ObjectID
	if !known.principal.AccountEnabled {
		return issuedToken{}, refuse(7000112, "application %q is disabled", known.principal.ClientID)
	}
	var allowed grant
	err = s.Store.View(func(tx *store.Tx) (err error) {
		allowed, err = s.grantTo(tx, known.principal, request.resource, proof)
		return err
	})
	if err != nil {
		return issuedToken{}, err
	}
	allowed.requestID = requestID
	issued := issuedToken{lifetime: s.currentLifetimes().AccessToken}
	issued.accessToken, err = s.issue(allowed, issued.lifetime)
	return issued, err
}

// readTokenRequest reads the form of a token request. target is the parameter
// that names the resource: scope in v2, resource in v1. With an error it returns
// what it read before.
func (s *Service) readTokenRequest(w http.ResponseWriter, r *http.Request, target string) (tokenRequest, error) {
	if err := s.checkTenant(r.PathValue("tenant")); err != nil {
		return tokenRequest{}, err
	}
	if target == "resource" && !slices.Contains([]string{"", "1.0"}, r.URL.Query().Get("api-version")) {
		return tokenRequest{}, unemulated("api-version " + shown(r.URL.Query().Get("api-version")))
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		return tokenRequest{}, refuse(900144, "expected the body to be a form with the parameter %q", "grant_type")
	}
	form := r.PostForm
	for name, values := range form {
		if len(values) > 1 { // RFC 6749 section 3.2
			return tokenRequest{}, refuse(9000411, "expected parameter %s once, got it %d times", shown(name), len(values))
		}
	}
	if err := checkGrantType(form.Get("grant_type")); err != nil {
		return tokenRequest{}, err
	}
	request, err := readClient(r, form)
	if err != nil {
		return request, err
	}
	if target == "scope" {
		request.resource, err = resourceOfScope(form)
	} else if request.resource = form.Get("resource"); request.resource == "" {
		err = missing("resource")
	}
	if err != nil {
		return request, err
	}
	return request, checkParameters(form, target)
}

// checkTenant refuses a request that does not say whose client it comes from.
func (s *Service) checkTenant(named string) error {
	switch strings.ToLower(named) {
	case "common", "consumers":
		return refuse(9001023, "the client credentials grant is not supported on /%s: expected the id or domain of the tenant", named)
	case "organizations":
		return refuse(50059, "the request names no tenant: expected its id or domain in the path, got %q", named)
	}
	return s.Store.View(func(tx *store.Tx) error {
		_, err := tenantOf(tx, named)
		return err
	})
}

func missing(parameter string) error {
	return refuse(900144, "the request body must contain the parameter '%s'", parameter)
}

func checkGrantType(grantType string) error {
	switch {
	case grantType == "":
		return missing("grant_type")
	case grantType == grantClientCredentials:
		return nil
	case slices.Contains(otherGrants, grantType):
		return unemulated("grant type " + shown(grantType))
	}
	return refuse(70003, "expected grant type %q, got %s", grantClientCredentials, shown(grantType))
}

// readClient reads the client id and its credential from form parameters or from
// HTTP Basic authentication (RFC 6749 section 2.3.1). The RFC forbids both in
// one request; we don't know which one Entra prefers.
func readClient(r *http.Request, form url.Values) (tokenRequest, error) {
	request := tokenRequest{clientID: form.Get("client_id"), secret: form.Get("client_secret"), assertion: form.Get("client_assertion")}
	if r.Header.Get("Authorization") != "" {
		if request.secret != "" || request.assertion != "" {
			return request, unemulated("client authentication in both header and body")
		}
		id, secret, ok := r.BasicAuth()
		if !ok {
			return request, unemulated("client authentication other than Basic in the header")
		}
		// Both are form-encoded before they are joined.
		id, errID := url.QueryUnescape(id)
		secret, errSecret := url.QueryUnescape(secret)
		if errID != nil || errSecret != nil {
			return request, refuse(7000215, "invalid client secret: expected client id and secret form-encoded in the Authorization header")
		}
		if request.clientID != "" && !strings.EqualFold(request.clientID, id) {
			return request, unemulated("two client ids in one request")
		}
		request.clientID, request.secret = id, secret
	}
	switch {
	case request.clientID == "":
		return request, missing("client_id")
	case request.secret != "" && request.assertion != "":
		return request, unemulated("a client secret together with a client assertion")
	case request.assertion != "" && form.Get("client_assertion_type") == "":
		return request, missing("client_assertion_type")
	case request.assertion != "" && form.Get("client_assertion_type") != assertionTypeJWT:
		return request, unemulated("client assertion type " + shown(form.Get("client_assertion_type")))
	case request.secret == "" && request.assertion == "":
		return request, refuse(7000216, "expected 'client_secret' or 'client_assertion' for the client credentials grant, got neither")
	}
	return request, nil
}

// resourceOfScope returns the one resource that a scope names with /.default
// (https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope).
func resourceOfScope(form url.Values) (string, error) {
	if form.Has("resource") {
		return "", refuse(901002, "the parameter 'resource' is not supported by the v2 endpoint: name the resource in 'scope', with /.default")
	}
	if strings.TrimSpace(form.Get("scope")) == "" {
		return "", missing("scope")
	}
	var wanted []string
	for _, scope := range strings.Fields(form.Get("scope")) {
		if !slices.Contains(oidcScopes, scope) {
			wanted = append(wanted, scope)
		}
	}
	if len(wanted) == 0 {
		return "", refuse(70011, "scope %s is not valid: expected a resource with /.default", shown(form.Get("scope")))
	}
	resources := map[string]bool{}
	for _, scope := range wanted {
		if scope == ".default" {
			return "", unemulated("scope .default without a resource")
		}
		resource, ok := strings.CutSuffix(scope, "/.default")
		if !ok {
			return "", refuse(1002012, "scope %s is not valid for the client credentials grant: expected a resource with /.default", shown(scope))
		}
		if resource == "" {
			return "", refuse(70011, "scope %s is not valid: expected a resource before /.default", shown(scope))
		}
		resources[resource] = true
	}
	if len(resources) > 1 {
		return "", refuse(700022, "scope names %d resources: expected one", len(resources))
	}
	return strings.TrimSuffix(wanted[0], "/.default"), nil
}

// aboutLibrary are the parameters in which MSAL for JavaScript describes itself,
// its application, its earlier requests, and its support of Retry-After. The
// other libraries send headers of the same names. They have no effect
// (AADServerParamKeys of @azure/msal-common).
var aboutLibrary = []string{
	"x-client-SKU", "x-client-VER", "x-client-OS", "x-client-CPU", "x-app-name", "x-app-ver",
	"x-client-current-telemetry", "x-client-last-telemetry", "x-ms-lib-capability",
}

// checkParameters refuses parameters that the sandbox does not know.
func checkParameters(form url.Values, target string) error {
	known := []string{
		"grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", target,
		"client_info", // asks for data about the user; this grant has none
		"claims",
		"client-request-id", // the correlation id: setHeaders
	}
	for name := range form {
		if !slices.Contains(known, name) && !slices.Contains(aboutLibrary, name) {
			return unemulated("form parameter " + shown(name))
		}
	}
	return checkClaimsParameter(form.Get("claims"))
}

// checkClaimsParameter admits what azidentity and MSAL send when the program
// says that it understands claims challenges: {"access_token":{"xms_cc":…}}.
// It changes nothing here, because no service of the sandbox challenges
// (https://learn.microsoft.com/entra/identity-platform/claims-challenge). MSAL
// for JavaScript adds three claims of an ID token (OpenID Connect Core 1.0,
// section 5.5), and this grant gives none.
func checkClaimsParameter(claims string) error {
	if claims == "" {
		return nil
	}
	known := []string{"access_token.xms_cc", "id_token.signin_state", "id_token.login_hint", "id_token.tenant_region_sub_scope"}
	var asked map[string]map[string]json.RawMessage
	if err := json.Unmarshal([]byte(claims), &asked); err != nil {
		return unemulated("a claims parameter that is not a claims request")
	}
	for token, names := range asked {
		for name := range names {
			if !slices.Contains(known, token+"."+name) {
				return unemulated(fmt.Sprintf("claims request %s of %s", shown(name), shown(token)))
			}
		}
	}
	return nil
}
