package azuread

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // #nosec G505: the thumbprint of a certificate in a JWT header (RFC 7515 section 4.1.7) is SHA-1
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/uuid"

	"app-to-app/pulumilocal/provider/cloud"
)

// assertionType is the client_assertion_type of RFC 7523 section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// A tokenSource gets access tokens for Graph by posting a form, as the official
// provider's go-azure-sdk does, and not through MSAL.
type tokenSource struct {
	deployer  cloud.Deployer
	endpoints cloud.Endpoints
	options   Options

	mu      sync.Mutex
	current string
	renew   time.Time
}

func (s *tokenSource) claims(ctx context.Context) (cloud.Claims, error) {
	token, err := s.accessToken(ctx)
	if err != nil {
		return cloud.Claims{}, err
	}
	return cloud.ReadClaims(token)
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
	scope := s.endpoints.MicrosoftGraph + "/.default"
	switch s.deployer.Method {
	case cloud.AzureCLI:
		return s.azureCLI(ctx, scope)
	case cloud.ManagedIdentity:
		return s.managedIdentity(ctx)
	}
	form := url.Values{"client_id": {s.deployer.ClientID}, "grant_type": {"client_credentials"}, "scope": {scope}}
	address := s.endpoints.Login + "/" + s.deployer.TenantID + "/oauth2/v2.0/token"
	switch s.deployer.Method {
	case cloud.ClientSecret:
		form.Set("client_secret", s.deployer.Secret)
	case cloud.ClientCertificate:
		assertion, err := s.sign(address)
		if err != nil {
			return "", 0, err
		}
		form.Set("client_assertion", assertion)
		form.Set("client_assertion_type", assertionType)
	case cloud.OIDC:
		assertion, err := s.deployer.Assertion(ctx, s.options.HTTPClient)
		if err != nil {
			return "", 0, err
		}
		form.Set("client_assertion", assertion)
		form.Set("client_assertion_type", assertionType)
	}
	return s.ask(ctx, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return req, err
	})
}

// ask sends a token request, and again if the endpoint is busy or fails.
func (s *tokenSource) ask(ctx context.Context, make func() (*http.Request, error)) (string, time.Duration, error) {
	for attempt := 0; ; attempt++ {
		req, err := make()
		if err != nil {
			return "", 0, err
		}
		resp, err := s.options.HTTPClient.Do(req)
		if err != nil {
			return "", 0, err
		}
		body, err := cloud.ReadBody(resp)
		if err != nil {
			return "", 0, err
		}
		if resp.StatusCode == http.StatusOK {
			return readToken(body)
		}
		if busy := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented; !busy || attempt == maxRetries {
			return "", 0, tokenError(resp.StatusCode, body)
		}
		if err := s.options.Wait(ctx, backoff(attempt, resp)); err != nil {
			return "", 0, err
		}
	}
}

func readToken(body []byte) (string, time.Duration, error) {
	var answer struct {
		AccessToken string      `json:"access_token"`
		TokenType   string      `json:"token_type"`
		ExpiresIn   json.Number `json:"expires_in"` // a number, or a string from managed identity endpoints
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", 0, errors.New("expected a JSON object from the token endpoint")
	}
	seconds, err := answer.ExpiresIn.Int64()
	if answer.AccessToken == "" || answer.TokenType == "" || err != nil {
		return "", 0, errors.New("expected access_token, token_type and expires_in from the token endpoint")
	}
	return answer.AccessToken, time.Duration(seconds) * time.Second, nil
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
	certificates, key, err := azidentity.ParseCertificates(s.deployer.Certificate, []byte(s.deployer.CertificatePassword))
	if err != nil {
		return "", errors.New("expected a PFX certificate that its password opens")
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return "", errors.New("expected an RSA key with the certificate")
	}
	thumbprint := sha1.Sum(certificates[0].Raw) // #nosec G401: see the import
	now := s.options.Now()
	header, err := json.Marshal(map[string]any{"alg": "RS256", "typ": "JWT", "x5t": base64.RawURLEncoding.EncodeToString(thumbprint[:])})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(map[string]any{"aud": audience, "iss": s.deployer.ClientID, "sub": s.deployer.ClientID,
		"jti": uuid.NewString(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	if err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

func (s *tokenSource) azureCLI(ctx context.Context, scope string) (string, time.Duration, error) {
	arguments := []string{"account", "get-access-token", "--scope", scope}
	if s.deployer.TenantID != "" {
		arguments = append(arguments, "--tenant", s.deployer.TenantID)
	}
	var answer struct {
		AccessToken string `json:"accessToken"`
		ExpiresOn   int64  `json:"expires_on"`
	}
	if err := cloud.RunAzureCLI(ctx, &answer, arguments...); err != nil {
		return "", 0, err
	}
	if answer.AccessToken == "" {
		return "", 0, errors.New("expected an access token from az, got none")
	}
	return answer.AccessToken, time.Unix(answer.ExpiresOn, 0).Sub(s.options.Now()), nil
}

// managedIdentity asks the endpoint that the platform names. It does not try the
// address of virtual machines (169.254.169.254), which is not on this machine.
func (s *tokenSource) managedIdentity(ctx context.Context) (string, time.Duration, error) {
	query := url.Values{"resource": {s.endpoints.MicrosoftGraph}}
	if s.deployer.ClientID != "" {
		query.Set("client_id", s.deployer.ClientID)
	}
	endpoint, header, value := s.deployer.MSIEndpoint, "Metadata", "true"
	if endpoint == "" {
		endpoint, header, value = s.options.Getenv("IDENTITY_ENDPOINT"), "X-IDENTITY-HEADER", s.options.Getenv("IDENTITY_HEADER")
		query.Set("api-version", "2019-08-01")
	} else {
		query.Set("api-version", "2018-02-01")
	}
	if endpoint == "" {
		return "", 0, errors.New("expected a managed identity endpoint, got none: set msiEndpoint or ARM_MSI_ENDPOINT")
	}
	return s.ask(ctx, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"?"+query.Encode(), nil)
		if err == nil {
			req.Header.Set(header, value)
		}
		return req, err
	})
}
