package entra

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// This file publishes what clients and verifiers need to know about a tenant:
// OpenID Connect Discovery 1.0 documents, key sets (RFC 7517) and instance
// discovery. On purpose every URL in them is the sandbox's own, even those of
// Microsoft Graph and Kerberos, and the v1 key set has one tenant's keys instead
// of all of Entra's.

// An openIDConfiguration is a discovery document, v2 or v1.
type openIDConfiguration struct {
	TokenEndpoint            string   `json:"token_endpoint"`
	TokenEndpointAuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	JWKSURI                  string   `json:"jwks_uri"`
	ResponseModes            []string `json:"response_modes_supported"`
	SubjectTypes             []string `json:"subject_types_supported"`
	SigningAlgorithms        []string `json:"id_token_signing_alg_values_supported"`
	ResponseTypes            []string `json:"response_types_supported"`
	Scopes                   []string `json:"scopes_supported"`
	Issuer                   string   `json:"issuer"`
	MultiRefreshToken        *bool    `json:"microsoft_multi_refresh_token,omitempty"`
	RequestURIParameter      bool     `json:"request_uri_parameter_supported"`
	UserinfoEndpoint         string   `json:"userinfo_endpoint"`
	AuthorizationEndpoint    string   `json:"authorization_endpoint"`
	DeviceEndpoint           string   `json:"device_authorization_endpoint"`
	HTTPLogout               bool     `json:"http_logout_supported"`
	FrontchannelLogout       bool     `json:"frontchannel_logout_supported"`
	EndSessionEndpoint       string   `json:"end_session_endpoint"`
	CheckSessionIframe       string   `json:"check_session_iframe,omitempty"`
	Claims                   []string `json:"claims_supported"`
	KerberosEndpoint         string   `json:"kerberos_endpoint"`
	TenantRegionScope        *string  `json:"tenant_region_scope"`
	CloudInstanceName        string   `json:"cloud_instance_name"`
	CloudGraphHostName       string   `json:"cloud_graph_host_name"`
	MSGraphHost              string   `json:"msgraph_host"`
	RBACURL                  string   `json:"rbac_url"`
}

func (s *Service) discoverV2(r *http.Request) (any, error) {
	document, _, tenantID, err := s.discover(r, "/v2.0")
	document.Issuer = s.issuerV2(tenantID)
	document.UserinfoEndpoint = s.BaseURL + "/oidc/userinfo"
	return document, err
}

func (s *Service) discoverV1(r *http.Request) (any, error) {
	document, base, tenantID, err := s.discover(r, "")
	document.Issuer = s.issuerV1(tenantID)
	document.CheckSessionIframe = base + "/oauth2/checksession"
	document.UserinfoEndpoint = base + "/openid/userinfo"
	yes := true
	document.MultiRefreshToken = &yes
	return document, err
}

func (s *Service) discover(r *http.Request, version string) (document openIDConfiguration, base, tenantID string, err error) {
	segment, tenantID, err := s.documentTenant(r)
	base = s.BaseURL + "/" + segment
	document = s.commonConfiguration(base)
	document.TokenEndpoint = base + "/oauth2" + version + "/token"
	document.JWKSURI = base + "/discovery" + version + "/keys"
	document.AuthorizationEndpoint = base + "/oauth2" + version + "/authorize"
	document.DeviceEndpoint = base + "/oauth2" + version + "/devicecode"
	document.EndSessionEndpoint = base + "/oauth2" + version + "/logout"
	return document, base, tenantID, err
}

func (s *Service) commonConfiguration(base string) openIDConfiguration {
	return openIDConfiguration{
		TokenEndpointAuthMethods: []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		ResponseModes:            []string{"query", "fragment", "form_post"},
		SubjectTypes:             []string{"pairwise"},
		SigningAlgorithms:        []string{"RS256"},
		ResponseTypes:            []string{"code", "id_token", "code id_token", "id_token token"},
		Scopes:                   []string{"openid", "profile", "email", "offline_access"},
		HTTPLogout:               true,
		FrontchannelLogout:       true,
		Claims: []string{"sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
			"msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid",
			"ver", "at_hash", "c_hash", "email"},
		KerberosEndpoint:   base + "/kerberos",
		CloudInstanceName:  s.host,
		CloudGraphHostName: s.host,
		MSGraphHost:        s.host,
		RBACURL:            s.BaseURL,
	}
}

// documentTenant returns the tenant segment that a document's URLs carry and
// the tenant id of its issuer: for common and organizations a placeholder.
func (s *Service) documentTenant(r *http.Request) (segment, tenantID string, err error) {
	named := strings.ToLower(r.PathValue("tenant"))
	switch named {
	case "common", "organizations":
		return named, "{tenantid}", nil
	case "consumers":
		return "", "", unemulated("personal Microsoft accounts")
	}
	err = s.Store.View(func(tx *store.Tx) error {
		tenant, err := tenantOf(tx, named)
		segment, tenantID = tenant.ID, tenant.ID
		return err
	})
	return segment, tenantID, err
}

// publish makes a handler that answers with a document that clients may cache
// for a day. For an unknown tenant, documents have another OAuth error than the
// token endpoint.
func (s *Service) publish(write func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		document, err := write(r)
		var refused *Error
		if errors.As(err, &refused) && refused.AADSTS == 90002 {
			refused.Code = "invalid_tenant"
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		w.Header().Set("Cache-Control", "max-age=86400, private")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Methods", "GET, OPTIONS")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		writeJSON(w, http.StatusOK, document)
	}
}

// A webKey is an entry of a key set.
type webKey struct {
	Type        string   `json:"kty"`
	Use         string   `json:"use"`
	ID          string   `json:"kid"`
	Thumbprint  string   `json:"x5t"`
	Modulus     string   `json:"n"`
	Exponent    string   `json:"e"`
	Certificate []string `json:"x5c"`
	Issuer      string   `json:"issuer,omitempty"`
}

func (s *Service) keysV2(r *http.Request) (any, error) { return s.keys(r, true) }

func (s *Service) keysV1(r *http.Request) (any, error) { return s.keys(r, false) }

// keys publishes a tenant's keys. Only the v2 set names the issuer of each.
func (s *Service) keys(r *http.Request, withIssuer bool) (any, error) {
	_, tenantID, err := s.documentTenant(r)
	if err != nil {
		return nil, err
	}
	if tenantID == "{tenantid}" {
		tenantID = "" // the keys of all tenants
	}
	set := struct {
		Keys []webKey `json:"keys"`
	}{Keys: []webKey{}}
	err = s.Store.View(func(tx *store.Tx) error {
		for _, key := range s.publishedKeys(tx, tenantID) {
			published, err := publishKey(key)
			if err != nil {
				return err
			}
			if withIssuer {
				published.Issuer = s.issuerV2(key.TenantID)
			}
			set.Keys = append(set.Keys, published)
		}
		return nil
	})
	return set, err
}

func publishKey(key store.SigningKey) (webKey, error) {
	certificate, err := x509.ParseCertificate(key.Certificate)
	if err != nil {
		return webKey{}, err
	}
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return webKey{}, errors.New("expected an RSA key in the certificate of a signing key")
	}
	return webKey{
		Type: "RSA", Use: "sig", ID: key.KeyID, Thumbprint: key.KeyID,
		Modulus:     base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		Exponent:    base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		Certificate: []string{base64.StdEncoding.EncodeToString(key.Certificate)},
	}, nil
}

// discoverInstance tells a client whether an authority belongs to this cloud.
// The sandbox knows only its own.
func (s *Service) discoverInstance(r *http.Request) (any, error) {
	version := r.URL.Query().Get("api-version")
	if !slices.Contains([]string{"1.0", "1.1"}, version) {
		return nil, unemulated("api-version " + shown(version))
	}
	endpoint, err := url.Parse(r.URL.Query().Get("authorization_endpoint"))
	if err != nil || endpoint.Scheme != "https" || !strings.EqualFold(endpoint.Host, s.host) {
		return nil, refuse(50049, "unknown or invalid instance: expected an authorization endpoint on %q, got %s", s.host, shown(r.URL.Query().Get("authorization_endpoint")))
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(endpoint.Path, "/"), "/")
	type metadata struct {
		PreferredNetwork string   `json:"preferred_network"`
		PreferredCache   string   `json:"preferred_cache"`
		Aliases          []string `json:"aliases"`
	}
	return struct {
		TenantDiscoveryEndpoint string     `json:"tenant_discovery_endpoint"`
		APIVersion              string     `json:"api-version"`
		Metadata                []metadata `json:"metadata"`
	}{s.BaseURL + "/" + tenant + "/v2.0/.well-known/openid-configuration", version,
		[]metadata{{s.host, s.host, []string{s.host}}}}, nil
}
