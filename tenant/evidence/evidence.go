// Package evidence says what happened, and what is still used, from logs: the
// sign-in log of Microsoft Entra, which Graph shows, and what the API's function app
// printed about each decision, which its Log Analytics workspace has.
//
//   - [Reader.Trace] finds the cause of one refusal by the id that the client's error
//     printed.
//   - [Reader.Happened] says what happened to one client lately.
//   - [Reader.Unused] says which assignments, credentials and owners nobody used.
//
// A log that cannot be read is a [Gap], which says why, and how to open it; the
// rest is still read. What a log does not have is unknown: a log that is missing,
// late, or younger than the question never says that something did not happen.
//
// Nothing here changes anything, or reads a token: tokens are joined by their id,
// claim uti, which the sign-in log has as uniqueTokenIdentifier
// (https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-track-linkable-identifiers).
package evidence

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// A Reader reads the logs. Times are those of the logs, so a test moves both clocks.
type Reader struct {
	Session *azurecloud.Session
	// SiteID is the API's function app. Empty means that its log is not known.
	SiteID string
	// APIClientID is the API that clients get tokens for.
	APIClientID string
	Now         time.Time
}

// The logs.
const (
	signInLog      = "sign-in log"
	activityReport = "report of last sign-ins"
	apiLog         = "API's log"
)

// A Gap is a log that could not be read, or does not say enough.
type Gap struct {
	Log  string `json:"log"`
	Text string `json:"text"`
	Fix  string `json:"fix"` // "" when there is none to run
}

// String is the gap for people.
func (g Gap) String() string {
	text := fmt.Sprintf("the %s %s", g.Log, g.Text)
	if g.Fix != "" {
		text += "; fix: " + g.Fix
	}
	return text
}

// gapsText lists gaps, a line each.
func gapsText(gaps []Gap) string {
	var text strings.Builder
	for _, gap := range gaps {
		fmt.Fprintf(&text, "not looked at: %s\n", gap)
	}
	return text.String()
}

// guidPattern is what an id has to be before it goes into a query.
var guidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// CheckID refuses what cannot be the id of a request.
func CheckID(id string) error {
	if !guidPattern.MatchString(id) {
		return fmt.Errorf("expected the id that the client's error printed, a GUID after \"request id\" or \"Correlation ID\", got %q", id)
	}
	return nil
}

// day is how dates are shown.
func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// moment is how times are shown.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
