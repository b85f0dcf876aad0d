package evidence

import (
	"fmt"
	"strings"
)

// This file says what a refusal in the logs means. The rules are: Entra's refusals
// go by their AADSTS number
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes), the
// API's by the reason that it logs; a cause says what is wrong, and next what to
// look at. Nothing here knows what the stack declares.

// A Cause is why a request was refused.
type Cause struct {
	Code string `json:"code"` // AADSTS and its number, or the API's reason
	Text string `json:"text"`
	Next string `json:"next"` // what to do about it
}

// whyClient is the advice that leads on.
const whyClient = "tenant why CLIENT compares the client with what the stack declares"

// tokenCauses are Entra's refusals.
var tokenCauses = map[int]Cause{
	50000:   {Text: "Entra failed to issue the token", Next: "try again; if it stays, see https://azure.status.microsoft"},
	50027:   {Text: "the client's assertion is not a JWT that Entra can read", Next: "look at how the client makes its assertion"},
	50049:   {Text: "the authority host is not one that Entra knows", Next: "compare the client's ORDERS_AUTHORITY_HOST with the cloud's"},
	50059:   {Text: "the request names no tenant", Next: "compare the client's ORDERS_TENANT_ID with the stack's"},
	50196:   {Text: "the client asked for tokens in a loop, and Entra stopped answering it", Next: "find out why the client does not keep its token"},
	70003:   {Text: "the request has a grant type that Entra does not know", Next: "the client credentials grant is grant_type=client_credentials"},
	70011:   {Text: "the scope is not valid", Next: "ORDERS_SCOPE is the API's identifier URI and then /.default"},
	70021:   {Text: "the app registration has no federated identity credential that fits the assertion", Next: whyClient},
	90002:   {Text: "there is no such tenant", Next: "compare the client's ORDERS_TENANT_ID and ORDERS_AUTHORITY_HOST with the stack's"},
	90006:   {Text: "Entra could not be reached in time", Next: "try again"},
	90024:   {Text: "Entra is busy", Next: "try again"},
	90033:   {Text: "Entra is busy", Next: "try again"},
	90055:   {Text: "the tenant sent too many requests", Next: "try again, less often"},
	500011:  {Text: "no API in the tenant has the name that the scope asks for, or it has no service principal", Next: "compare the client's ORDERS_SCOPE with the API's identifier URI; " + whyClient},
	500014:  {Text: "the API's service principal is disabled", Next: "az ad sp update --id API-CLIENT-ID --set accountEnabled=true, if it may be enabled"},
	501051:  {Text: "the client holds no app role of the API, which requires an assignment", Next: "pulumi up, if the stack declares one; " + whyClient},
	501661:  {Text: "Entra could not get the keys of the assertion's issuer", Next: "look at the discovery document of the issuer that the federated identity credential names"},
	700016:  {Text: "the tenant has no such client", Next: "compare the client's ORDERS_CLIENT_ID and ORDERS_TENANT_ID with the stack's; " + whyClient},
	700021:  {Text: "the assertion's issuer or subject is not the client", Next: "look at how the client makes its assertion"},
	700022:  {Text: "the scope names more than one API", Next: "ORDERS_SCOPE is one identifier URI and then /.default"},
	700023:  {Text: "the assertion is made out to somebody else than the tenant's token endpoint", Next: "compare the client's ORDERS_AUTHORITY_HOST and ORDERS_TENANT_ID with the stack's"},
	700024:  {Text: "the assertion is not valid now: it is too old, or the client's clock is wrong", Next: "look at the client's clock"},
	700027:  {Text: "the client's certificate is not registered, or not valid now, or did not sign the assertion", Next: whyClient},
	700038:  {Text: "the client id is not that of an application", Next: "compare the client's ORDERS_CLIENT_ID with the stack's"},
	700211:  {Text: "no federated identity credential of the client has the assertion's issuer", Next: whyClient},
	700212:  {Text: "no federated identity credential of the client has the assertion's audience", Next: whyClient},
	700213:  {Text: "no federated identity credential of the client has the assertion's subject", Next: whyClient},
	700226:  {Text: "the assertion is the token of something else than a user-assigned managed identity", Next: "let the client use a user-assigned identity"},
	700229:  {Text: "the assertion is a user's token", Next: "let the client use a user-assigned identity"},
	700236:  {Text: "the assertion is a token of another tenant of Entra", Next: "use a managed identity of the same tenant"},
	900023:  {Text: "the tenant's id is neither a GUID nor a domain", Next: "compare the client's ORDERS_TENANT_ID with the stack's"},
	900144:  {Text: "the request lacks a parameter", Next: "look at the version of the client's library"},
	900561:  {Text: "the token endpoint was asked with GET", Next: "look at what sent it"},
	901002:  {Text: "the request has the parameter resource, which the v2 endpoint does not take", Next: "name the API in the scope"},
	1002012: {Text: "the scope does not end in /.default", Next: "ORDERS_SCOPE is the API's identifier URI and then /.default"},
	7000112: {Text: "the client's service principal is disabled", Next: "az ad sp update --id CLIENT-ID --set accountEnabled=true, if it may be enabled"},
	7000215: {Text: "the client secret is wrong: it was replaced or removed, or its id was sent instead of its value", Next: whyClient},
	7000216: {Text: "the client sent neither a secret nor an assertion", Next: "look at the client's ORDERS_CLIENT_SECRET or ORDERS_CLIENT_CERTIFICATE"},
	7000222: {Text: "the client secret has expired", Next: "pulumi up makes a new one, if the stack rotates it; " + whyClient},
	7000229: {Text: "the client's app registration has no service principal in the tenant", Next: whyClient},
	9000411: {Text: "the request has a parameter twice", Next: "look at the version of the client's library"},
	9001023: {Text: "the request names no tenant, and this grant needs one", Next: "compare the client's ORDERS_TENANT_ID with the stack's"},
}

// apiCauses are the reasons of the API (functions/internal/verify, refusal.go).
var apiCauses = map[string]Cause{
	"no access token":                   {Text: "the request carried no access token in the Authorization header", Next: "the caller is not one of the stack's clients, or sends its token elsewhere"},
	"invalid request":                   {Text: "the request carried more than one access token, or more than one Authorization header", Next: "look at what is between the caller and the API"},
	"malformed access token":            {Text: "what the caller sent as a token is not one that Entra signs", Next: "the caller is not one of the stack's clients"},
	"not signed by the tenant":          {Text: "the token is not signed by a key of the API's tenant: it is forged, damaged, or of another tenant", Next: "if the caller is one of the stack's clients, compare ORDERS_TENANT_ID and ORDERS_AUTHORITY_HOST of both"},
	"wrong issuer":                      {Text: "the tenant signed the token, but as another issuer than the API expects", Next: "compare the API's ORDERS_AUTHORITY_HOST and ORDERS_TENANT_ID with the stack's, and that its app registration asks for tokens of version 2"},
	"wrong audience":                    {Text: "the token is for another API", Next: "compare the client's ORDERS_SCOPE with the API's identifier URI, and ORDERS_AUDIENCE with its client id"},
	"wrong tenant":                      {Text: "the token is of another tenant", Next: "compare ORDERS_TENANT_ID of the client and of the API"},
	"access token expired":              {Text: "the token has expired", Next: "the caller keeps a token for too long, or its clock is wrong"},
	"access token not yet valid":        {Text: "the token is not valid yet", Next: "look at the clocks of the caller and of the API"},
	"access token bound to a key":       {Text: "the token is bound to a key of its client, which this API cannot check", Next: "let the client ask for a bearer token"},
	"not an application's access token": {Text: "the token is not one of an application acting for itself", Next: "a person, or an application for a person, is not admitted: let the client use the client credentials grant"},
	"missing app role":                  {Text: "the token lacks the app role that the operation needs", Next: "if the role was assigned after the token was issued, wait for the next one: a managed identity's can be a day old; else " + whyClient},
	"caller not admitted":               {Text: "the caller is blocked, or not among the clients that the API lists", Next: "look at the API's ORDERS_BLOCKED_CALLERS and ORDERS_ALLOWED_CLIENTS"},
	"signing keys unavailable":          {Text: "the API could not get the tenant's signing keys, and refused everybody", Next: "compare the API's ORDERS_AUTHORITY_HOST with the cloud's, and whether it reaches it"},
}

// TokenCause is the cause of a refusal with that AADSTS number, and whether it is one
// that is known.
func TokenCause(number int) (Cause, bool) {
	cause, ok := tokenCauses[number]
	return cause, ok
}

// APICause is the cause of a refusal for that reason of the API, and whether it is one
// that is known.
func APICause(reason string) (Cause, bool) {
	cause, ok := apiCauses[reason]
	return cause, ok
}

// causeOf is the cause of a refusal in the sign-in log.
func causeOf(s SignIn) Cause {
	code := fmt.Sprintf("AADSTS%d", s.Status.Code)
	cause, ok := tokenCauses[s.Status.Code]
	if !ok {
		cause = Cause{Text: "Entra refused the token: " + s.Status.Reason, Next: "see https://login.microsoftonline.com/error?code=" + strings.TrimPrefix(code, "AADSTS")}
	}
	cause.Code = code
	return cause
}

// causeOfDecision is the cause of a refusal in the API's log.
func causeOfDecision(d Decision) Cause {
	cause, ok := apiCauses[d.Cause]
	if !ok {
		cause = Cause{Text: "the API refused the caller: " + d.Cause, Next: "look at the API's log"}
	}
	cause.Code = d.Cause
	if detail, ok := strings.CutPrefix(d.Reason, d.Cause+": "); ok && detail != "" {
		cause.Text += " (" + detail + ")"
	}
	return cause
}
