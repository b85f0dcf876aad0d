package evidence

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file says what happened to one client lately.

// A Client is whom to look for.
type Client struct {
	Name     string
	ObjectID string // of its service principal
}

// A HappenedReport is what the logs have about a client.
type HappenedReport struct {
	Client string  `json:"client"`
	Events []Event `json:"events"` // the newest of each kind, oldest first
	Causes []Cause `json:"causes"` // of the newest request, if it was refused
	Gaps   []Gap   `json:"gaps"`
}

// newest is how many entries of each log are shown.
const newest = 5

// Happened is what the logs have about a client in the last days: its newest token
// requests, and what the API decided about it, joined by the token.
func (r Reader) Happened(ctx context.Context, client Client, days int) (HappenedReport, error) {
	report := HappenedReport{Client: client.Name, Events: []Event{}, Causes: []Cause{}, Gaps: []Gap{}}
	if !guidPattern.MatchString(client.ObjectID) {
		return report, fmt.Errorf("client %q: expected an object id, got %q", client.Name, client.ObjectID)
	}
	signIns, gap, err := r.signIns(ctx, 50, ofPrincipal(client.ObjectID), since(r.Now.AddDate(0, 0, -days)))
	if err != nil {
		return report, fmt.Errorf("read the %s: %w", signInLog, err)
	}
	report.gap(gap)
	decisions, gap, err := r.decisions(ctx, client.ObjectID, days, 50)
	if err != nil {
		return report, fmt.Errorf("read the %s: %w", apiLog, err)
	}
	report.gap(gap)
	decisions = slices.DeleteFunc(decisions, func(d Decision) bool { return !strings.EqualFold(d.Caller.ObjectID, client.ObjectID) })
	report.last(signIns, decisions)
	for i, s := range signIns {
		if i < newest {
			report.Events = append(report.Events, Event{s.At, signInLog, describe(s)})
		}
	}
	for i, d := range decisions {
		if i < newest {
			report.Events = append(report.Events, Event{d.At, apiLog, describeDecision(d) + tokenOf(d, signIns)})
		}
	}
	slices.SortStableFunc(report.Events, func(a, b Event) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return report, nil
}

// last notes the cause if the client's newest request was refused.
func (h *HappenedReport) last(signIns []SignIn, decisions []Decision) {
	var at time.Time
	if len(signIns) > 0 {
		at = signIns[0].At
		if signIns[0].Status.Code != 0 {
			h.Causes = []Cause{causeOf(signIns[0])}
		}
	}
	if len(decisions) > 0 && decisions[0].At.After(at) {
		h.Causes = []Cause{}
		if decisions[0].Decision == "refused" {
			h.Causes = []Cause{causeOfDecision(decisions[0])}
		}
	}
}

// tokenOf says when the token of a decision was issued, if the log has that.
func tokenOf(d Decision, signIns []SignIn) string {
	for _, s := range signIns {
		if d.Caller.TokenID != "" && s.TokenID == d.Caller.TokenID {
			return "; its token was issued at " + moment(s.At)
		}
	}
	return ""
}

func (h *HappenedReport) gap(g *Gap) {
	if g != nil && !slices.Contains(h.Gaps, *g) {
		h.Gaps = append(h.Gaps, *g)
	}
}

// String is the report for people.
func (h HappenedReport) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "what happened to client %s:\n", h.Client)
	for _, e := range h.Events {
		fmt.Fprintf(&text, "  %s  %s: %s\n", moment(e.At), e.Log, e.Text)
	}
	if len(h.Events) == 0 {
		text.WriteString("  the logs that could be read have nothing about it\n")
	}
	for _, c := range h.Causes {
		fmt.Fprintf(&text, "its newest request was refused: %s: %s\n  next: %s\n", c.Code, c.Text, c.Next)
	}
	return text.String() + gapsText(h.Gaps)
}

// JSON is the report for programs.
func (h HappenedReport) JSON() ([]byte, error) { return json.MarshalIndent(h, "", "  ") }
