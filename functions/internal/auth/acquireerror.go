package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// advice says what to do about refusals that deployments run into. The texts
// looked for are the AADSTS number, or the identity endpoint's own words
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes,
// https://learn.microsoft.com/azure/app-service/overview-managed-identity).
var advice = []struct{ text, todo string }{
	{"AADSTS501051", "the API requires an app role assignment and this client has none; assign the app role to its service principal (the assignment can take minutes to act)"},
	{"AADSTS500011", "the scope names no API of this tenant; compare ORDERS_SCOPE with the API's identifier URI"},
	{"AADSTS500014", "the API's service principal is disabled"},
	{"No User Assigned or Delegated Managed Identity", "the function app has no such identity; attach it, or correct ORDERS_MANAGED_IDENTITY_CLIENT_ID"},
	{"Unable to load the proper Managed Identity", "the function app has no system-assigned identity; switch it on, or name a user-assigned one in ORDERS_MANAGED_IDENTITY_CLIENT_ID"},
}

// acquireError puts a library's failure into one line: the status, what the
// service said, and what to do. azidentity's own text is a page with the whole
// response in it.
func acquireError(err error) error {
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return errors.New(oneLine(err.Error()))
	}
	body, readErr := runtime.Payload(failed.RawResponse)
	said := "an answer that could not be read"
	if readErr == nil {
		said = message(body)
	}
	text := fmt.Sprintf("the token was refused with status %d: %s", failed.RawResponse.StatusCode, oneLine(said))
	for _, row := range advice {
		if strings.Contains(said, row.text) {
			text += "; " + row.todo
			break
		}
	}
	return errors.New(text)
}

// message is what an error body says, in the shape of the identity endpoint or
// of OAuth (RFC 6749 section 5.2).
func message(body []byte) string {
	var said struct {
		Message     string `json:"message"`
		Error       any    `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return "an answer that is not JSON"
	}
	code, _ := said.Error.(string)
	switch {
	case said.Message != "":
		return said.Message
	case said.Description != "":
		return strings.TrimSpace(code + ": " + said.Description)
	case code != "":
		return code
	}
	return "no reason given"
}

// tokenShaped matches what could be a token in an error text.
var tokenShaped = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*)*`)

// oneLine makes a foreign text fit for an error: no tokens, no line breaks, no
// more than a few sentences.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(tokenShaped.ReplaceAllString(text, "[redacted]")), " ")
	const limit = 600
	if len(text) > limit {
		text = text[:limit] + "…"
	}
	return text
}
