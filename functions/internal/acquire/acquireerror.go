package acquire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/go-autorest/autorest/adal"
	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
)

// advice says what to do about common refusals; the first match wins. It looks
// for the AADSTS number, or for the identity endpoint's text
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes,
// https://learn.microsoft.com/azure/app-service/overview-managed-identity).
var advice = []struct{ text, todo string }{
	{"AADSTS501051", "the API requires an app role assignment and this client has none; assign the app role to its service principal (the assignment can take minutes to take effect)"},
	{"AADSTS500011", "no API in this tenant has the identifier URI in the scope; compare ORDERS_SCOPE with the API's identifier URI"},
	{"AADSTS500014", "the API's service principal is disabled"},
	{"AADSTS7000215", "the client secret is wrong; give its value, not its id, in ORDERS_CLIENT_SECRET or as AppKey"},
	{"AADSTS7000222", "the client secret has expired; make a new one"},
	{"AADSTS700016", "the tenant has no such app registration with a service principal; compare ORDERS_CLIENT_ID and ORDERS_TENANT_ID with the deployment"},
	{"AADSTS7000112", "the client's service principal is disabled"},
	{"AADSTS700027", "the certificate is not registered on the app registration, or no longer valid; compare thumbprints"},
	{"AADSTS70021", "no federated identity credential of the app registration fits the managed identity; compare its issuer, subject and audience"}, // and 700211 to 700213
	{"AADSTS90002", "there is no such tenant; compare ORDERS_TENANT_ID and ORDERS_AUTHORITY_HOST with the deployment"},
	{"No User Assigned or Delegated Managed Identity", "the function app has no such identity; attach it, or correct ORDERS_MANAGED_IDENTITY_CLIENT_ID"},
	{"Unable to load the proper Managed Identity", "the function app has no system-assigned identity; switch it on, or name a user-assigned one in ORDERS_MANAGED_IDENTITY_CLIENT_ID"},
	{"az login", "sign in with the Azure CLI on this machine"},
}

// acquireError turns a library's error into one line without the secret: the
// status, what the service said, and what to do. The libraries' own texts quote
// the whole response over many lines.
func acquireError(err error, secret Secret) error {
	mask := func(text string) string { return text }
	if secret.IsSet() {
		mask = strings.NewReplacer(secret.Reveal(), hiddenSecret, url.QueryEscape(secret.Reveal()), hiddenSecret).Replace
	}
	// Mask before oneLine cuts the text: the replacer would not find half a
	// secret.
	text := oneLine(mask(bare(err.Error())))
	said := text
	if response := refusal(err); response != nil {
		said = "the answer could not be read"
		if body, err := runtime.Payload(response); err == nil {
			said = message(body)
		}
		if response.StatusCode == http.StatusOK {
			said = "the answer holds no token"
		}
		text = fmt.Sprintf("the token was refused with status %d: %s", response.StatusCode, oneLine(mask(said)))
		// The id is what the sign-in log has; it comes last and is cut first.
		if id := correlationID.FindString(said); id != "" && !strings.Contains(text, id) {
			text += " " + id
		}
	}
	for _, row := range advice {
		if strings.Contains(said, row.text) {
			text += "; " + row.todo
			break
		}
	}
	return errors.New(text)
}

// refusal returns the HTTP response in a library's error, or nil.
func refusal(err error) *http.Response {
	var failed *azidentity.AuthenticationFailedError
	var call msal.CallErr
	var refresh adal.TokenRefreshError
	switch {
	case errors.As(err, &call):
		return call.Resp
	case errors.As(err, &failed):
		return failed.RawResponse
	case errors.As(err, &refresh):
		return refresh.Response()
	}
	return nil
}

// bare cuts off a response that a library quotes because it could not parse it:
// there may be a token in it.
func bare(text string) string {
	for _, mark := range []string{"raw message was", "json message bytes were", "JSON = ", "Response body: "} {
		text, _, _ = strings.Cut(text, mark)
	}
	return text
}

// message returns the text of an error body, which has the form of the identity
// endpoint or of OAuth (RFC 6749 section 5.2).
func message(body []byte) string {
	var said struct {
		Message       string `json:"message"`
		CorrelationID string `json:"correlationId"`
		Error         any    `json:"error"`
		Description   string `json:"error_description"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return "the answer is not JSON"
	}
	code, _ := said.Error.(string)
	switch {
	case said.Message != "" && guid.MatchString(said.CorrelationID):
		return said.Message + " Correlation ID: " + said.CorrelationID
	case said.Message != "":
		return said.Message
	case said.Description != "":
		return strings.TrimSpace(code + ": " + said.Description)
	case code != "":
		return code
	}
	return "no reason given"
}

var (
	guid          = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	correlationID = regexp.MustCompile(`Correlation ID: [0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)
)

// tokenShaped matches anything in an error text that could be a token.
var tokenShaped = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*)*`)

// oneLine makes somebody else's text safe to quote in an error: no tokens, no
// line breaks, a few sentences at most.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(tokenShaped.ReplaceAllString(text, "[redacted]")), " ")
	const limit = 600
	if len(text) > limit {
		text = text[:limit] + "…"
	}
	return text
}
