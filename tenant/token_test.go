package tenant_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"app-to-app/sandbox/entra"
)

// This file gets a client's token as the client would: with its app settings
// and its own credential.

// An attempt is the result of a token request: claims, or the AADSTS number of
// the refusal.
type attempt struct {
	claims map[string]any
	code   int
}

// live reads the app settings of a site.
func (s *stack) live(site string) map[string]string {
	s.t.Helper()
	var found struct{ Properties map[string]string }
	s.arm("POST", site+"/config/appsettings/list"+webAPI, nil, &found)
	return found.Properties
}

// token asks for a token as a client.
func (s *stack) token(name string) attempt {
	s.t.Helper()
	c := s.clients[name]
	settings := s.live(c.SiteID)
	resource := strings.TrimSuffix(settings["ORDERS_SCOPE"], "/.default")
	switch c.Identity {
	case "managedIdentity", "systemAssigned":
		return s.identityToken(c.ObjectID, resource)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {settings["ORDERS_CLIENT_ID"]}, "scope": {settings["ORDERS_SCOPE"]}}
	endpoint := settings["ORDERS_AUTHORITY_HOST"] + "/" + settings["ORDERS_TENANT_ID"] + "/oauth2/v2.0/token"
	switch c.Identity {
	case "clientSecret":
		form.Set("client_secret", settings["ORDERS_CLIENT_SECRET"])
	case "certificate":
		form.Set("client_assertion", s.signed(c, endpoint))
	case "federated":
		cached, err := s.sandbox.Entra().ManagedIdentityToken(s.tenant.ID, c.identity.PrincipalID, "api://AzureADTokenExchange")
		if err != nil {
			s.t.Fatal(err)
		}
		form.Set("client_assertion", cached.AccessToken)
	}
	if form.Has("client_assertion") {
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	}
	resp, err := s.sandbox.HTTPClient().PostForm(endpoint, form)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
		Codes       []int  `json:"error_codes"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		return attempt{code: body.Codes[0]}
	}
	return attempt{claims: s.claims(body.AccessToken)}
}

func (s *stack) identityToken(objectID, resource string) attempt {
	s.t.Helper()
	cached, err := s.sandbox.Entra().ManagedIdentityToken(s.tenant.ID, objectID, resource)
	var refused *entra.Error
	if errors.As(err, &refused) {
		return attempt{code: refused.AADSTS}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return attempt{claims: s.claims(cached.AccessToken)}
}

func (s *stack) claims(token string) (claims map[string]any) {
	s.t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return claims
}

// signed is a client assertion by the client's certificate
// (https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
func (s *stack) signed(c *client, endpoint string) string {
	s.t.Helper()
	encode := func(value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			s.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	thumbprint := sha256.Sum256(c.certificate)
	now := time.Now()
	text := encode(object{"alg": "RS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:])}) + "." +
		encode(object{"aud": endpoint, "iss": c.ClientID, "sub": c.ClientID, "jti": rand.Text(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()})
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, clientKey(), crypto.SHA256, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
