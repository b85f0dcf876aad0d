package tenant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/spelling"
)

// A Cause is a reason why a client gets no token, or why the API refuses the
// one it has.
type Cause struct {
	Check   string `json:"check"`   // one of the constants below
	Symptom string `json:"symptom"` // what the client sees
	Found   string `json:"found"`
	Text    string `json:"text"` // the sentence for people
	Fix     string `json:"fix"`
}

// The checks of [Why], in order.
const (
	CheckAPIApplication    = "apiApplication"    // the API's app registration exists
	CheckAPIPrincipal      = "apiPrincipal"      // and has a service principal
	CheckAPIEnabled        = "apiEnabled"        // which is enabled
	CheckTokenVersion      = "tokenVersion"      // tokens for it are of version 2
	CheckEasyAuth          = "easyAuth"          // App Service does not answer for the API
	CheckSites             = "sites"             // both function apps exist and run
	CheckClientApplication = "clientApplication" // the client's app registration exists
	CheckClientPrincipal   = "clientPrincipal"   // and has a service principal
	CheckClientEnabled     = "clientEnabled"     // which is enabled
	CheckTenantSetting     = "tenantSetting"     // both apps name this tenant
	CheckAuthoritySetting  = "authoritySetting"  // and this cloud's authority host
	CheckScopeSetting      = "scopeSetting"      // the client asks for a token for the API
	CheckAudienceSetting   = "audienceSetting"   // and the API expects one for itself
	CheckClientIDSetting   = "clientIdSetting"   // the client names its own identity
	CheckIdentityAttached  = "identityAttached"  // which its function app has
	CheckCredential        = "credential"        // it has a credential that is valid now
	CheckCredentialValue   = "credentialValue"   // and it is the one in its settings
	CheckFederation        = "federation"        // or an identity that the app registration trusts
	CheckFederatedIssuer   = "federatedIssuer"
	CheckFederatedSubject  = "federatedSubject"
	CheckFederatedAudience = "federatedAudience"
	CheckRole              = "role"        // the role that the API demands exists
	CheckRoleEnabled       = "roleEnabled" // and is enabled
	CheckAssignment        = "assignment"  // the client holds it
	CheckAllowed           = "allowedClients"
	CheckBlocked           = "blockedCallers"
	CheckTokenAge          = "tokenAge" // it has held it for longer than tokens live
)

// A WhyReport is what [Why] found. Without causes, nothing in the tenant keeps
// the client out.
type WhyReport struct {
	Client string  `json:"client"`
	Causes []Cause `json:"causes"` // in the order in which the client meets them
	// Possible may keep the client out for a while, and nothing in the tenant says
	// whether it does.
	Possible []Cause  `json:"possible"`
	Passed   []string `json:"passed"`
	Notes    []string `json:"notes"` // what could not be looked at
}

// Why explains why a client of the stack is refused. An error means that it
// could not find out.
func Why(ctx context.Context, session *azurecloud.Session, declared Declaration, name string, now time.Time) (WhyReport, error) {
	if report, waits := declared.waits(name); waits {
		return report, nil
	}
	access, ok := declared.client(name)
	if !ok {
		return WhyReport{}, declared.noClient(name)
	}
	caller, err := session.Graph.Caller(ctx)
	if err != nil {
		return WhyReport{}, err
	}
	e := &explainer{reader: reader{session}, declared: declared, access: access, tenantID: caller.TenantID, authorityHost: session.Cloud.AuthorityHost, now: now,
		report: WhyReport{Client: name, Causes: []Cause{}, Possible: []Cause{}, Passed: []string{}, Notes: []string{}}}
	for _, look := range []func(context.Context) (bool, error){
		e.sites, e.api, e.client, e.settings, e.identity, e.credentials, e.rights, e.lists,
	} {
		goOn, err := look(ctx)
		if err != nil {
			return WhyReport{}, fmt.Errorf("why: %w", err)
		}
		if !goOn { // the remaining checks would only repeat this
			break
		}
	}
	slices.SortStableFunc(e.report.Causes, func(a, b Cause) int { return cmp.Compare(a.stage(), b.stage()) })
	return e.report, nil
}

// noClient is the error for a client that the stack does not declare.
func (d Declaration) noClient(name string) error {
	var names []string
	for _, known := range d.Access {
		names = append(names, known.Client)
	}
	text := fmt.Sprintf("why: expected one of the stack's clients %s, got %q", strings.Join(names, ", "), name)
	if meant := spelling.Closest(name, names); meant != "" {
		text += "; did you mean " + meant + "?"
	}
	return errors.New(text)
}

// stage sorts causes by when the client meets them: 0 when it asks for a token,
// 1 when it calls the API. The symptoms at the API begin with an HTTP status.
func (c Cause) stage() int {
	if strings.HasPrefix(c.Symptom, "401") || strings.HasPrefix(c.Symptom, "403") || strings.HasPrefix(c.Symptom, "503") {
		return 1
	}
	return 0
}

// An explainer is one run of [Why] and what it has read so far.
type explainer struct {
	reader                  reader
	declared                Declaration
	access                  Access
	tenantID, authorityHost string
	now                     time.Time
	report                  WhyReport

	apiApplication application
	apiPrincipal   principal
	principal      principal   // the client's
	application    application // "" without an app registration of the stack
	apiSite        site
	clientSite     site
	apiSettings    map[string]string // nil when there is none to read
	clientSettings map[string]string
}

// fail notes a cause, pass that a check found nothing.
func (e *explainer) fail(check, symptom, found, fix, format string, args ...any) {
	e.report.Causes = append(e.report.Causes, Cause{check, symptom, found, fmt.Sprintf(format, args...), fix})
}

func (e *explainer) pass(check string) { e.report.Passed = append(e.report.Passed, check) }

// judge notes a check as failed or passed.
func (e *explainer) judge(good bool, check, symptom, found, fix, format string, args ...any) bool {
	if good {
		e.pass(check)
	} else {
		e.fail(check, symptom, found, fix, format, args...)
	}
	return good
}

func (e *explainer) note(format string, args ...any) {
	e.report.Notes = append(e.report.Notes, fmt.Sprintf(format, args...))
}

func (c Cause) paragraph() string {
	return fmt.Sprintf("%s\n  seen as: %s\n  found:   %s\n  fix:     %s\n", c.Text, c.Symptom, c.Found, c.Fix)
}

// String is the report for people.
func (r WhyReport) String() string {
	var text strings.Builder
	for i, c := range r.Causes {
		also := ""
		if i > 0 {
			also = "also, "
		}
		text.WriteString(also + c.paragraph())
	}
	if len(r.Causes) == 0 {
		fmt.Fprintf(&text, "nothing that the tenant holds keeps client %s from calling the API\n", r.Client)
	}
	for _, c := range r.Possible {
		text.WriteString("perhaps, for a while: " + c.paragraph())
	}
	if len(r.Passed) > 0 {
		fmt.Fprintf(&text, "looked at and fine: %s\n", strings.Join(passedWords(r.Passed), "; "))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&text, "note: %s\n", note)
	}
	return text.String()
}

// JSON is the report for programs.
func (r WhyReport) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }
