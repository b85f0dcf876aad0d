package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// This file reads what the API printed. Each line is one JSON object, which the
// Functions host passes on as the message of a row of FunctionAppLogs
// (https://learn.microsoft.com/azure/azure-monitor/reference/tables/functionapplogs).

// A Decision is a line that the API printed about one caller.
type Decision struct {
	At       time.Time `json:"-"`
	Decision string    `json:"decision"` // admitted or refused
	Role     string    `json:"role"`     // that the operation needs
	Status   int       `json:"status"`   // of a refusal
	Cause    string    `json:"cause"`    // of a refusal: one of the API's reasons
	Reason   string    `json:"reason"`   // likewise, with what was expected and what came
	Caller   Caller    `json:"caller"`   // of a token that the tenant signed

	InvocationID    string `json:"invocationId"`
	RequestID       string `json:"requestId"`
	ClientRequestID string `json:"clientRequestId"`

	// Of a line about lines that were left out.
	Kind string   `json:"kind"`
	IDs  []string `json:"ids"`
}

// A Caller is what a verified token says about its holder.
type Caller struct {
	ClientID string   `json:"clientId"`
	ObjectID string   `json:"objectId"`
	Roles    []string `json:"roles"`
	TokenID  string   `json:"uti"`
}

// refusedKind is how lines that were left out are called, before their reason.
const refusedKind = "caller refused: "

// concerns reports whether the line is about the request with that id.
func (d Decision) concerns(id string) bool {
	for _, known := range append([]string{d.InvocationID, d.RequestID, d.ClientRequestID}, d.IDs...) {
		if strings.EqualFold(known, id) {
			return true
		}
	}
	return false
}

// logsPath is the address of a query for the logs of one resource
// (https://learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries).
func logsPath(siteID, query string, days int) string {
	return fmt.Sprintf("%s/providers/microsoft.insights/logs?api-version=2018-03-01-preview&timespan=P%dD&query=%s", siteID, days, url.QueryEscape(query))
}

// A table is the answer to a query
// (https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format).
type table struct {
	Columns []struct{ Name string }
	Rows    [][]json.RawMessage
}

// text is one cell.
func (t table) text(row int, column string) string {
	for i, c := range t.Columns {
		var text string
		if c.Name == column && i < len(t.Rows[row]) && json.Unmarshal(t.Rows[row][i], &text) == nil {
			return text
		}
	}
	return ""
}

// printed are the rows that handlers print.
const printed = `FunctionAppLogs | where Category == "Host.Function.Console"`

// query runs a query over the API's log.
func (r Reader) query(ctx context.Context, query string, days int) (table, *Gap, error) {
	if r.SiteID == "" {
		return table{}, &Gap{Log: apiLog, Text: "is not known: the stack's outputs name no function app of the API (apiSiteId)"}, nil
	}
	var answer struct{ Tables []table }
	err := r.Session.ResourceManager.Get(ctx, logsPath(r.SiteID, query, days), &answer)
	switch {
	case azurecloud.StatusOf(err) == http.StatusForbidden:
		caller, err := r.Session.ResourceManager.Caller(ctx)
		return table{}, &Gap{Log: apiLog, Text: "is not available: this login may not read the logs of " + r.SiteID,
			Fix: fmt.Sprintf("az role assignment create --role \"Monitoring Reader\" --assignee %s --scope %s", caller.ObjectID, r.SiteID)}, err
	case azurecloud.IsNotFound(err):
		return table{}, &Gap{Log: apiLog, Text: "is not available: there is no function app " + r.SiteID}, nil
	case err != nil:
		return table{}, nil, err
	case len(answer.Tables) == 0:
		return table{}, nil, fmt.Errorf("query the %s: expected a table, got none", apiLog)
	}
	return answer.Tables[0], nil, nil
}

// decisions reads the API's lines that have a text, the newest first.
func (r Reader) decisions(ctx context.Context, text string, days, top int) ([]Decision, *Gap, error) {
	query := fmt.Sprintf(`%s | where Message has %q | order by TimeGenerated desc | take %d | project TimeGenerated, Message`, printed, text, top)
	t, gap, err := r.query(ctx, query, days)
	if err != nil || gap != nil {
		return nil, gap, err
	}
	var all []Decision
	for i := range t.Rows {
		var d Decision
		if json.Unmarshal([]byte(t.text(i, "Message")), &d) != nil { // not one of ours
			continue
		}
		if d.At, err = time.Parse(time.RFC3339, t.text(i, "TimeGenerated")); err != nil {
			return nil, nil, fmt.Errorf("read the %s: %w", apiLog, err)
		}
		if d.Kind != "" {
			cause, ok := strings.CutPrefix(d.Kind, refusedKind)
			if !ok {
				continue
			}
			d.Decision, d.Cause = "refused", cause
		}
		if d.Decision != "" {
			all = append(all, d)
		}
	}
	return all, nil, nil
}

// A useOfRole is when a caller last used an app role.
type useOfRole struct{ objectID, role string }

// whole reports whether the API printed something on each day of a period. On a day
// without a line nobody called it, or its log was not kept: that cannot be told apart.
func (r Reader) whole(ctx context.Context, days int) (*Gap, error) {
	t, gap, err := r.query(ctx, printed+` | summarize Lines = count() by Day = startofday(TimeGenerated)`, days)
	if err != nil || gap != nil {
		return gap, err
	}
	seen := make(map[string]bool)
	for i := range t.Rows {
		at, err := time.Parse(time.RFC3339, t.text(i, "Day"))
		if err != nil {
			return nil, fmt.Errorf("read the %s: %w", apiLog, err)
		}
		seen[day(at)] = true
	}
	if len(seen) == 0 {
		return &Gap{Log: apiLog, Text: fmt.Sprintf("has no line of the last %d days: does a diagnostic setting of %s send FunctionAppLogs to a workspace?", days, r.SiteID)}, nil
	}
	for back := days - 1; back > 0; back-- {
		if of := day(r.Now.AddDate(0, 0, -back)); !seen[of] {
			return &Gap{Log: apiLog, Text: "has no line of " + of + ", so it says nothing about calls on that day"}, nil
		}
	}
	return nil, nil
}

// usesOfRoles are the last admitted calls by caller and role in the period.
func (r Reader) usesOfRoles(ctx context.Context, days int) (map[useOfRole]time.Time, *Gap, error) {
	const by = ` | where Message has "admitted" | extend m = parse_json(Message) | where tostring(m.decision) == "admitted"` +
		` | summarize Last = max(TimeGenerated) by Caller = tostring(m.caller.objectId), Role = tostring(m.role)`
	t, gap, err := r.query(ctx, printed+by, days)
	if err != nil || gap != nil {
		return nil, gap, err
	}
	uses := make(map[useOfRole]time.Time)
	for i := range t.Rows {
		last, err := time.Parse(time.RFC3339, t.text(i, "Last"))
		if err != nil {
			return nil, nil, fmt.Errorf("read the %s: %w", apiLog, err)
		}
		uses[useOfRole{strings.ToLower(t.text(i, "Caller")), t.text(i, "Role")}] = last
	}
	return uses, nil, nil
}

// LastAccepted is when the API last admitted one of these callers, by its log of
// the last days; zero if the log has no such line. A gap says why that is not
// known. The log may be minutes behind
// (https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time).
func (r Reader) LastAccepted(ctx context.Context, objectIDs []string, days int) (last time.Time, gap *Gap, err error) {
	uses, gap, err := r.usesOfRoles(ctx, days)
	for use, at := range uses {
		named := slices.ContainsFunc(objectIDs, func(id string) bool { return strings.EqualFold(id, use.objectID) })
		if named && at.After(last) {
			last = at
		}
	}
	return last, gap, err
}
