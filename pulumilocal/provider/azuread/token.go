package azuread

import (
	"context"
	"crypto/rsa"
	"crypto/sha1" // #nosec G505: the thumbprint of a certificate in a JWT header (RFC 7515 section 4.1.7) is SHA-1
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"app-to-app/azurecloud"
	"app-to-app/azurecloud/endpoints"
	"app-to-app/pulumilocal/provider/cloud"
)

// assertionType is the client_assertion_type of RFC 7523 section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// A tokenSource gets access tokens for Graph by posting a form, as the official
// provider's go-azure-sdk does, and not through MSAL.
type tokenSource struct {
	deployer  cloud.Deployer
	endpoints endpoints.Document
	options   Options

	mu      sync.Mutex
	current string
	renew   time.Time
}

// accessToken returns the current token. It gets a new one 20 minutes before that
// expires, or after half its lifetime if it is short-lived.
func (s *tokenSource) accessToken(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != "" && s.options.Now().Before(s.renew) {
		return s.current, nil
	}
	token, lifetime, err := s.signIn(ctx)
	if err != nil {
		return "", fmt.Errorf("sign in by %s: %w", s.deployer.Method, err)
	}
	s.current, s.renew = token, s.options.Now().Add(max(lifetime-20*time.Minute, lifetime/2))
	return token, nil
}

func (s *tokenSource) signIn(ctx context.Context) (string, time.Duration, error) {
	scope := s.endpoints.Graph + "/.default"
	form := url.Values{"client_id": {s.deployer.ClientID}, "grant_type": {"client_credentials"}, "scope": {scope}}
	address := s.endpoints.LoginEndpoint + "/" + s.deployer.TenantID + "/oauth2/v2.0/token"
	var assertion string
	var err error
	switch s.deployer.Method {
	case azurecloud.ClientSecret:
		form.Set("client_secret", s.deployer.Getenv("ARM_CLIENT_SECRET"))
	case azurecloud.ClientCertificate:
		assertion, err = s.sign(address)
	case azurecloud.OIDC:
		assertion, err = azurecloud.OutsideToken(ctx, s.options.HTTPClient, s.deployer.Getenv)
	default: // the platform or az has the token
		credential, err := s.deployer.Credential(s.endpoints, s.options.HTTPClient)
		if err != nil {
			return "", 0, err
		}
		token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
		return token.Token, token.ExpiresOn.Sub(s.options.Now()), err
	}
	if err != nil {
		return "", 0, err
	}
	if assertion != "" {
		form.Set("client_assertion", assertion)
		form.Set("client_assertion_type", assertionType)
	}
	return s.ask(ctx, address, form)
}

// ask posts a token request, and again if the endpoint is busy, fails or cannot
// be reached.
func (s *tokenSource) ask(ctx context.Context, address string, form url.Values) (string, time.Duration, error) {
	for attempt := 0; ; attempt++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
		if err != nil {
			return "", 0, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		var body []byte
		resp, err := s.options.HTTPClient.Do(req)
		if err == nil {
			body, err = cloud.ReadBody(resp)
		}
		if err == nil && resp.StatusCode == http.StatusOK {
			return readToken(body)
		}
		busy := err != nil && passing(err) && ctx.Err() == nil
		if err == nil {
			err = tokenError(resp.StatusCode, body)
			busy = resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
		}
		if !busy || attempt == maxRetries {
			return "", 0, err
		}
		if err := s.options.Wait(ctx, backoff(attempt, resp)); err != nil {
			return "", 0, err
		}
	}
}

func readToken(body []byte) (string, time.Duration, error) {
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"` // seconds
	}
	if json.Unmarshal(body, &answer) != nil || answer.AccessToken == "" || answer.TokenType == "" || answer.ExpiresIn == 0 {
		return "", 0, errors.New("expected a JSON object with access_token, token_type and expires_in from the token endpoint")
	}
	return answer.AccessToken, time.Duration(answer.ExpiresIn) * time.Second, nil
}

// tokenError shows the endpoint's refusal (RFC 6749 section 5.2), which contains
// no secret.
func tokenError(status int, body []byte) error {
	var refusal struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &refusal) == nil && refusal.Code != "" {
		return fmt.Errorf("status %d: %s: %s", status, refusal.Code, refusal.Description)
	}
	return fmt.Errorf("expected status 200 from the token endpoint, got %d", status)
}

// sign makes a client assertion with the deployer's certificate
// (https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
func (s *tokenSource) sign(audience string) (string, error) {
	certificates, key, err := azurecloud.Certificate(s.deployer.Getenv)
	if err != nil {
		return "", err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return "", errors.New("expected an RSA key with the certificate")
	}
	thumbprint := sha1.Sum(certificates[0].Raw) // #nosec G401: see the import
	now := s.options.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"aud": audience, "iss": s.deployer.ClientID, "sub": s.deployer.ClientID,
		"jti": uuid.NewString(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	token.Header["x5t"] = base64.RawURLEncoding.EncodeToString(thumbprint[:])
	return token.SignedString(private)
}
