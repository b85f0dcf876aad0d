package azurecloud

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"app-to-app/azurecloud/endpoints"
)

// This file signs in. The rules are those of the azure-native provider: the
// first form that is configured is used, in the order certificate, secret,
// OIDC, managed identity, Azure CLI; if it fails, no other is tried. Values of the
// variables are never printed.

// A Method is a way to sign in.
type Method string

// The methods, in the order of preference.
const (
	ClientCertificate Method = "client certificate"
	ClientSecret      Method = "client secret"
	OIDC              Method = "OpenID Connect"
	ManagedIdentity   Method = "managed identity"
	AzureCLI          Method = "Azure CLI"
)

// A login holds what a sign-in needs.
type login struct {
	getenv             func(string) string
	tenantID, clientID string
	options            azcore.ClientOptions
	private            bool // instance discovery must be off
	httpClient         *http.Client
}

// NewCredential is the credential of the ARM_* variables.
func NewCredential(c endpoints.Cloud, httpClient *http.Client, getenv func(string) string) (azcore.TokenCredential, error) {
	l := login{
		getenv: getenv, tenantID: getenv("ARM_TENANT_ID"), clientID: getenv("ARM_CLIENT_ID"),
		options:    azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: c.AuthorityHost}, Transport: httpClient},
		private:    !endpoints.IsMicrosoft(c.AuthorityHost),
		httpClient: httpClient,
	}
	credential, err := l.credential()
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	return credential, nil
}

func (l login) credential() (azcore.TokenCredential, error) {
	method, err := MethodOf(l.getenv)
	if err != nil {
		return nil, err
	}
	switch method {
	case ClientCertificate:
		return l.certificate()
	case ClientSecret:
		return l.secret()
	case OIDC:
		return l.oidc()
	case ManagedIdentity:
		return l.managedIdentity()
	}
	return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: l.tenantID})
}

// MethodOf is how the ARM_* variables say to sign in.
func MethodOf(getenv func(string) string) (Method, error) {
	var problems []error
	flag := func(name, otherwise string) bool {
		on, err := strconv.ParseBool(first(getenv(name), otherwise))
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: expected true or false", name))
		}
		return on
	}
	oidc, managed, cli := flag("ARM_USE_OIDC", "false"), flag("ARM_USE_MSI", "false"), flag("ARM_USE_CLI", "true")
	var method Method
	switch {
	case getenv("ARM_CLIENT_CERTIFICATE_PATH") != "" || getenv("ARM_CLIENT_CERTIFICATE") != "":
		method = ClientCertificate
	case getenv("ARM_CLIENT_SECRET") != "":
		method = ClientSecret
	case oidc:
		method = OIDC
		if _, err := (login{getenv: getenv}).assertion(); err != nil {
			problems = append(problems, err)
		}
	case managed:
		return ManagedIdentity, errors.Join(problems...)
	case cli:
		return AzureCLI, errors.Join(problems...)
	default:
		return "", errors.New("expected a way to sign in, got none: set ARM_CLIENT_ID, ARM_TENANT_ID and ARM_CLIENT_SECRET, or run az login without ARM_USE_CLI=false")
	}
	for _, name := range []string{"ARM_TENANT_ID", "ARM_CLIENT_ID"} {
		if getenv(name) == "" {
			problems = append(problems, fmt.Errorf("%s: missing", name))
		}
	}
	return method, errors.Join(problems...)
}

func (l login) secret() (azcore.TokenCredential, error) {
	return azidentity.NewClientSecretCredential(l.tenantID, l.clientID, l.getenv("ARM_CLIENT_SECRET"),
		&azidentity.ClientSecretCredentialOptions{ClientOptions: l.options, DisableInstanceDiscovery: l.private})
}

func (l login) certificate() (azcore.TokenCredential, error) {
	chain, key, err := Certificate(l.getenv)
	if err != nil {
		return nil, err
	}
	return azidentity.NewClientCertificateCredential(l.tenantID, l.clientID, chain, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: l.options, DisableInstanceDiscovery: l.private})
}

// Certificate is the certificate of the ARM_* variables, and its private key.
func Certificate(getenv func(string) string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	var data []byte
	var err error
	if path := getenv("ARM_CLIENT_CERTIFICATE_PATH"); path != "" {
		data, err = os.ReadFile(path)
	} else {
		data, err = base64.StdEncoding.DecodeString(getenv("ARM_CLIENT_CERTIFICATE"))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the client certificate: %w", err)
	}
	chain, key, err := azidentity.ParseCertificates(data, []byte(getenv("ARM_CLIENT_CERTIFICATE_PASSWORD")))
	if err != nil {
		return nil, nil, errors.New("read the client certificate: expected PKCS#12 or PEM with a private key, and ARM_CLIENT_CERTIFICATE_PASSWORD if it has one")
	}
	return chain, key, nil
}

func (l login) managedIdentity() (azcore.TokenCredential, error) {
	options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: l.options}
	if l.clientID != "" {
		options.ID = azidentity.ClientID(l.clientID)
	}
	return azidentity.NewManagedIdentityCredential(options)
}

// oidc signs in with a token of another issuer, such as a CI system's.
func (l login) oidc() (azcore.TokenCredential, error) {
	assertion, err := l.assertion()
	if err != nil {
		return nil, err
	}
	return azidentity.NewClientAssertionCredential(l.tenantID, l.clientID, assertion,
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: l.options, DisableInstanceDiscovery: l.private})
}

// assertion is how to get the outside token: from a variable, a file that its
// issuer keeps fresh, or the issuer itself. A token in a variable lives for minutes;
// if the issuer can be asked, it is asked for another one then.
func (l login) assertion() (func(context.Context) (string, error), error) {
	// GitHub's own names are the fallback
	// (https://docs.github.com/actions/reference/openid-connect-reference).
	requestURL := first(l.getenv("ARM_OIDC_REQUEST_URL"), l.getenv("ACTIONS_ID_TOKEN_REQUEST_URL"))
	requestToken := first(l.getenv("ARM_OIDC_REQUEST_TOKEN"), l.getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
	canRequest := requestURL != "" && requestToken != ""
	if token := l.getenv("ARM_OIDC_TOKEN"); token != "" {
		return func(ctx context.Context) (string, error) {
			if canRequest && runsOut(token, time.Now()) {
				return l.requestAssertion(ctx, requestURL, requestToken)
			}
			return token, nil
		}, nil
	}
	if path := l.getenv("ARM_OIDC_TOKEN_FILE_PATH"); path != "" {
		return func(context.Context) (string, error) {
			token, err := os.ReadFile(path)
			return strings.TrimSpace(string(token)), err
		}, nil
	}
	if !canRequest {
		return nil, errors.New("ARM_USE_OIDC: expected ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH, or ARM_OIDC_REQUEST_URL and ARM_OIDC_REQUEST_TOKEN, got none")
	}
	return func(ctx context.Context) (string, error) { return l.requestAssertion(ctx, requestURL, requestToken) }, nil
}

func (l login) requestAssertion(ctx context.Context, requestURL, requestToken string) (string, error) {
	u, err := url.Parse(requestURL)
	if err != nil {
		return "", errors.New("request an OIDC token: expected a URL in ARM_OIDC_REQUEST_URL")
	}
	query := u.Query()
	if !query.Has("audience") {
		query.Set("audience", endpoints.Public().ExchangeAudience)
	}
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", errors.New("request an OIDC token: expected a URL in ARM_OIDC_REQUEST_URL")
	}
	req.Header.Set("Authorization", "Bearer "+requestToken)
	req.Header.Set("Accept", "application/json")
	resp, err := l.httpClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("request an OIDC token: %w", err)
	}
	defer resp.Body.Close()
	var response struct {
		Value string `json:"value"`
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("request an OIDC token: expected status 200, got %s", resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&response); err != nil || response.Value == "" {
		return "", errors.New("request an OIDC token: expected JSON with a value")
	}
	return response.Value, nil
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}

// expiredAssertion starts Entra's refusal of an identity token that has run out
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
const expiredAssertion = "AADSTS700024:"

func isBusy(err error) bool {
	var failed *azidentity.AuthenticationFailedError
	if errors.As(err, &failed) && failed.RawResponse != nil {
		return failed.RawResponse.StatusCode >= 500 || failed.RawResponse.StatusCode == http.StatusTooManyRequests
	}
	var untrusted *tls.CertificateVerificationError
	var connection net.Error
	return errors.As(err, &connection) && !errors.As(err, &untrusted)
}

// entraError is what Entra says, in the JSON of a response that azidentity quotes
// or in the words of MSAL. In JSON a quote within it is escaped.
var entraError = regexp.MustCompile(`AADSTS\d+: (?:[^"\\\r\n]|\\.)*`)

// saidByEntra is the first line of what Entra says in an error; "" if it says
// nothing.
func saidByEntra(text string) string {
	found := entraError.FindString(text)
	var decoded string
	if json.Unmarshal([]byte(`"`+found+`"`), &decoded) == nil {
		found = decoded
	}
	line, _, _ := strings.Cut(found, "\n")
	return strings.TrimSpace(line)
}

// ErrBusy is in a sign-in error that may pass: the token endpoint answered that it
// is busy or broken, or not at all.
var ErrBusy = errors.New("the token endpoint does not answer as it should")

// useCLI leaves no other way to sign in than the Azure CLI: [MethodOf] prefers each
// of the others, and the CLI would be asked for a token of ARM_TENANT_ID.
const useCLI = "unset ARM_TENANT_ID ARM_CLIENT_CERTIFICATE_PATH ARM_CLIENT_CERTIFICATE ARM_CLIENT_SECRET ARM_USE_OIDC ARM_USE_MSI && az login"

// SignInError is an error of [azcore.TokenCredential] without azidentity's dump
// of the response. It wraps [ErrBusy] if the same sign-in may work later.
func SignInError(err error) error {
	message := saidByEntra(err.Error())
	if message == "" {
		message, _, _ = strings.Cut(err.Error(), "\n")
	}
	if isBusy(err) {
		return WithHint(fmt.Errorf("sign in: %w: %s", ErrBusy, message), "try again in a few minutes; https://azure.status.microsoft says whether sign-in is disturbed")
	}
	if strings.HasPrefix(message, expiredAssertion) {
		return WithHint(fmt.Errorf("sign in: %s", message),
			"an identity token in ARM_OIDC_TOKEN or in the file of ARM_OIDC_TOKEN_FILE_PATH has run out; unset both and set ARM_OIDC_REQUEST_URL and ARM_OIDC_REQUEST_TOKEN, to get a new one for each sign-in (GitHub sets them as ACTIONS_ID_TOKEN_REQUEST_* in a job with the permission id-token: write); with a certificate, the machine's clock is wrong")
	}
	return WithHint(fmt.Errorf("sign in: %s", message),
		"check ARM_TENANT_ID, ARM_CLIENT_ID and the credential in ARM_*; or, to sign in with the Azure CLI: "+useCLI+"; settings of the providers in the stack do not reach this command")
}
