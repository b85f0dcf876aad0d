package requests

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// This file has the app registration that a client asks for, and what was made of
// it. The rules are:
//   - it has no secret and no certificate: whoever made one would have to hand it
//     over
//   - it trusts exactly one kind of token, so no member is a list or a pattern
//   - nothing in a file names a registration that exists: it is found by the mark of
//     the stack and the client, so that a file cannot take over somebody else's

// A Registration is an app registration with one federated identity credential and
// nothing else that can sign in
// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation).
type Registration struct {
	DisplayName string   `json:"displayName"`
	Owners      []string `json:"owners,omitzero"` // object ids; each can give it credentials
	Issuer      string   `json:"issuer"`
	Subject     string   `json:"subject"` // of a managed identity: its object id
	Audience    string   `json:"audience"`
}

// A Registered is what was made of it.
type Registered struct {
	Client             string `json:"client"`
	DisplayName        string `json:"displayName"`
	ClientID           string `json:"clientId"`
	ObjectID           string `json:"objectId"` // of the app registration
	ServicePrincipalID string `json:"servicePrincipalId"`
	CredentialID       string `json:"credentialId"` // of the federated identity credential
	Issuer             string `json:"issuer"`
	Subject            string `json:"subject"`
	Audience           string `json:"audience"`
}

// federated is the only kind of identity whose registration can be asked for.
const federated = "federated"

// credentialName is what a federated identity credential, which is named like its
// client, can be called
// (https://learn.microsoft.com/graph/api/resources/federatedidentitycredential).
var credentialName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$`)

// checkRegistration checks a request for a registration.
func (r Request) checkRegistration(at string, before []Request) error {
	problems := []error{r.Registration.check(at + "registration.")}
	if !credentialName.MatchString(r.Client) {
		problems = append(problems, fmt.Errorf("%sclient: expected 3 to 120 letters, digits, hyphens and underscores, got %q", at, cut(r.Client)))
	}
	if r.Identity != federated {
		problems = append(problems, fmt.Errorf("%sidentity: expected %q for a registration, because any other credential would have to be handed over, got %q", at, federated, cut(r.Identity)))
	}
	if r.PrincipalID != "" || r.PrincipalName != "" {
		problems = append(problems, fmt.Errorf("%sprincipalId: expected none beside a registration, which has its own", at))
	}
	if slices.ContainsFunc(before, func(other Request) bool {
		return other.Registration != nil && strings.EqualFold(other.Client, r.Client)
	}) {
		problems = append(problems, fmt.Errorf("%sclient: expected one registration for %q", at, cut(r.Client)))
	}
	if slices.ContainsFunc(before, func(other Request) bool {
		return other.Registration != nil && strings.EqualFold(other.Registration.DisplayName, r.Registration.DisplayName)
	}) {
		problems = append(problems, fmt.Errorf("%sregistration.displayName: expected one registration with the name %q: people would take one for the other", at, cut(r.Registration.DisplayName)))
	}
	return errors.Join(problems...)
}

// mostOwners is how many references Graph takes in one request
// (https://learn.microsoft.com/graph/api/application-post-applications).
const mostOwners = 20

func (r Registration) check(at string) error {
	problems := []error{name(at+"displayName", r.DisplayName), printable(at+"displayName", r.DisplayName), trusted(at, r.Issuer, r.Subject, r.Audience)}
	if len(r.Owners) > mostOwners {
		problems = append(problems, fmt.Errorf("%sowners: expected at most %d, got %d", at, mostOwners, len(r.Owners)))
	}
	for i, id := range r.Owners {
		at := fmt.Sprintf("%sowners[%d]", at, i)
		problems = append(problems, guid(at, id))
		if slices.ContainsFunc(r.Owners[:i], func(other string) bool { return strings.EqualFold(other, id) }) {
			problems = append(problems, fmt.Errorf("%s: expected %q once", at, cut(id)))
		}
	}
	return errors.Join(problems...)
}

// printable refuses a name that would not show as it is: it gets into lists and
// messages of others.
func printable(at, value string) error {
	if strings.TrimSpace(value) != value || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%s: expected printable characters, with no space at the ends, got %q", at, cut(value))
	}
	return nil
}

func (r Registered) check(at string, before []Registered) error {
	problems := []error{name(at+"client", r.Client), name(at+"displayName", r.DisplayName), guid(at+"clientId", r.ClientID), guid(at+"objectId", r.ObjectID),
		guid(at+"servicePrincipalId", r.ServicePrincipalID), name(at+"credentialId", r.CredentialID), trusted(at, r.Issuer, r.Subject, r.Audience)}
	if slices.ContainsFunc(before, func(other Registered) bool { return other.Client == r.Client }) {
		problems = append(problems, fmt.Errorf("%sclient: expected %q once", at, cut(r.Client)))
	}
	return errors.Join(problems...)
}

// mostTrusted is how long an issuer, a subject or an audience can be
// (https://learn.microsoft.com/graph/api/resources/federatedidentitycredential).
const mostTrusted = 600

// trusted checks which tokens are trusted: those of one issuer with one subject.
func trusted(at, issuer, subject, audience string) error {
	var problems []error
	// The issuer is an https URL without a query (OpenID Connect Core 1.0, section 2), so
	// it has no letter of another alphabet that looks like one of its own (RFC 3986
	// section 2).
	u, err := url.Parse(issuer)
	isOther := func(r rune) bool { return r <= ' ' || r > '~' }
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(issuer, "?#*") || strings.ContainsFunc(issuer, isOther) || len(issuer) > mostTrusted {
		problems = append(problems, fmt.Errorf("%sissuer: expected an https URL of at most %d ASCII characters, without a query, got %+q", at, mostTrusted, cut(issuer)))
	}
	for _, part := range []struct{ name, value string }{{"subject", subject}, {"audience", audience}} {
		if part.value == "" || strings.TrimSpace(part.value) != part.value || strings.Contains(part.value, "*") || len(part.value) > mostTrusted {
			problems = append(problems, fmt.Errorf("%s%s: expected an exact text of at most %d bytes, without *, got %q", at, part.name, mostTrusted, cut(part.value)))
		}
	}
	return errors.Join(problems...)
}

// Registered is the registration that a receipt has for a client.
func (r Receipt) Registered(client string) (Registered, bool) {
	i := slices.IndexFunc(r.Registrations, func(made Registered) bool { return made.Client == client })
	if i < 0 {
		return Registered{}, false
	}
	return r.Registrations[i], true
}
