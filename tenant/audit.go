package tenant

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"app-to-app/azurecloud"
)

// A Difference is one point where the tenant differs from what the stack
// declares.
type Difference struct {
	Kind     string `json:"kind"`
	Subject  string `json:"subject"`  // what it is about, by name
	Declared string `json:"declared"` // "" when the stack declares nothing
	Found    string `json:"found"`    // "" when nothing is there
	Text     string `json:"text"`     // the sentence for people
	Fix      string `json:"fix"`      // a command, or what to do
	// Target is what can be removed to end the difference; nil when that is not
	// how it ends.
	Target *Target `json:"target,omitempty"`
}

// The kinds of differences.
const (
	ApplicationMissing    = "applicationMissing"
	PrincipalMissing      = "principalMissing"
	PrincipalDisabled     = "principalDisabled"
	AssignmentUndeclared  = "assignmentUndeclared"
	AssignmentMissing     = "assignmentMissing"
	AssignmentNotRequired = "assignmentNotRequired"
	RoleUndeclared        = "roleUndeclared"
	RoleMissing           = "roleMissing"
	RoleDisabled          = "roleDisabled"
	CredentialUndeclared  = "credentialUndeclared"
	CredentialMissing     = "credentialMissing"
	CredentialChanged     = "credentialChanged" // a federated identity credential trusts another token
	CredentialExpired     = "credentialExpired"
	CredentialExpiring    = "credentialExpiring"
	OwnerUndeclared       = "ownerUndeclared"
	OwnerMissing          = "ownerMissing"
	SiteMissing           = "siteMissing"
	SettingAdded          = "settingAdded"
	SettingChanged        = "settingChanged"
	SettingRemoved        = "settingRemoved"
	KeyInSettings         = "keyInSettings" // of a storage account
	Unrecorded            = "unrecorded"    // made by the stack, and not in its state
	EasyAuthOn            = "easyAuthOn"
	BasicAuthOn           = "basicAuthOn"
	IdentityUndeclared    = "identityUndeclared"
	IdentityMissing       = "identityMissing"
)

// An AuditReport is all that [Audit] found.
type AuditReport struct {
	Environment string       `json:"environment"`
	Differences []Difference `json:"differences"`
	// LookedAt says what was compared, so that an empty list is not read as
	// covering more than that.
	LookedAt string `json:"-"`
	// Notes say what could not be compared, and why. They do not count as
	// differences.
	Notes []string `json:"notes"`
	// Seen is what there was to compare, for pictures.
	Seen Seen `json:"-"`
}

// Options of an audit.
type Options struct {
	Now      time.Time
	Expiring time.Duration // a credential that ends sooner is a difference
}

// Audit compares a declaration with the tenant and the subscription. An error
// means that it could not compare them; a difference is not an error.
func Audit(ctx context.Context, session *azurecloud.Session, declared Declaration, o Options) (AuditReport, error) {
	a := &auditor{reader: reader{session}, declared: declared, options: o, seen: newLooks(), report: AuditReport{
		Environment: declared.Environment, Differences: []Difference{}, LookedAt: declared.lookedAt(), Notes: []string{},
	}}
	for _, look := range []func(context.Context) error{a.api, a.clients, a.asking, a.sites, a.unrecorded} {
		if err := look(ctx); err != nil {
			return AuditReport{}, fmt.Errorf("audit: %w", err)
		}
	}
	for _, other := range declared.others {
		if err := a.stackOf(ctx, other); err != nil {
			return AuditReport{}, fmt.Errorf("audit: %w", err)
		}
	}
	a.report.Seen = a.picture()
	slices.SortFunc(a.report.Differences, func(x, y Difference) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.Found, y.Found))
	})
	return a.report, nil
}

// lookedAt is the text for [AuditReport].LookedAt.
func (d Declaration) lookedAt() string {
	if d.state == nil {
		return "looked at: the app registrations, service principals and function apps that the stack's exports name, and who holds the API's app roles; " +
			"not at anything that they do not name, such as another app registration"
	}
	return "looked at: the app registrations, service principals and function apps that the stack's exports and state name, who holds the API's app roles, " +
		"and what carries the stack's mark and is not in its state; not at anything else, such as an app registration of another name"
}

// An auditor carries out one audit.
type auditor struct {
	reader   reader
	declared Declaration
	options  Options
	report   AuditReport
	seen     *looks
}

func (a *auditor) add(kind, subject, declared, found, format string, args ...any) {
	d := Difference{Kind: kind, Subject: InOneLine(subject), Declared: InOneLine(declared), Found: InOneLine(found), Text: InOneLine(fmt.Sprintf(format, args...))}
	d.Fix = a.remedy(d)
	a.report.Differences = append(a.report.Differences, d)
}

func (a *auditor) note(format string, args ...any) {
	a.report.Notes = append(a.report.Notes, fmt.Sprintf(format, args...))
}

// String is the report for people.
func (r AuditReport) String() string {
	var text strings.Builder
	if len(r.Differences) == 0 {
		fmt.Fprintf(&text, "no difference from what the stack declares (%s)\n", r.LookedAt)
	}
	for _, d := range r.Differences {
		fmt.Fprintf(&text, "%s: %s\n  fix: %s\n", d.Kind, d.Text, d.Fix)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&text, "note: %s\n", note)
	}
	return text.String()
}

// Markdown is the report as a comment.
func (r AuditReport) Markdown() string {
	var text strings.Builder
	if len(r.Differences) == 0 {
		fmt.Fprintf(&text, "No difference from what the stack declares (%s).\n", r.LookedAt)
	} else {
		fmt.Fprintf(&text, "**The tenant differs from what the stack declares, in %d points.**\n\n| what | subject | declared | found |\n|---|---|---|---|\n", len(r.Differences))
	}
	for _, d := range r.Differences {
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", d.Kind, cell(d.Subject), cell(d.Declared), cell(d.Found))
	}
	for i, d := range r.Differences { // with the ids, which the table has no room for
		if i == 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "- %s: %s\n  Fix: %s\n", d.Kind, cell(d.Text), cell(d.Fix))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&text, "\n%s\n", note)
	}
	return text.String()
}

// InOneLine is a text without what moves the cursor, hides or turns around what is
// beside it. Names come from the tenant, and whoever wrote them may want something else
// to be read than is asked.
func InOneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// cell escapes a text for a Markdown table. Names come from the tenant, so they
// may contain anything.
func cell(text string) string {
	if text == "" {
		return "–"
	}
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", "`", "'", "@", "&#64;").Replace(text)
}

// JSON is the report for programs.
func (r AuditReport) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }
