package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file finds one request by the id that its client's error printed.

// logDays is how far back logs are searched for one request: the retention of the
// sign-in log.
const logDays = 30

// An Event is one thing that a log has.
type Event struct {
	At   time.Time `json:"at"`
	Log  string    `json:"log"`
	Text string    `json:"text"`
}

// A TraceReport is what the logs have under one id.
type TraceReport struct {
	ID     string  `json:"id"`
	Causes []Cause `json:"causes"` // of refusals; several if callers sent the same id
	Events []Event `json:"events"` // oldest first
	Gaps   []Gap   `json:"gaps"`
}

// Found reports whether any log has the id.
func (t TraceReport) Found() bool { return len(t.Events) > 0 }

// Trace says why the request with that id was refused, from logs alone. The id is
// one that the client's error printed: of a token request, or of a call of the API.
func (r Reader) Trace(ctx context.Context, id string) (TraceReport, error) {
	if err := CheckID(id); err != nil {
		return TraceReport{}, err
	}
	id = strings.ToLower(id)
	report := TraceReport{ID: id, Causes: []Cause{}, Events: []Event{}, Gaps: []Gap{}}
	signIns, gap, err := r.signIns(ctx, 50, fmt.Sprintf("(correlationId eq '%s' or id eq '%[1]s')", id))
	if err != nil {
		return TraceReport{}, fmt.Errorf("read the %s: %w", signInLog, err)
	}
	report.gap(gap)
	for _, s := range signIns {
		report.signIn(s)
	}
	decisions, gap, err := r.decisions(ctx, id, logDays, 50)
	if err != nil {
		return TraceReport{}, fmt.Errorf("read the %s: %w", apiLog, err)
	}
	report.gap(gap)
	for _, d := range decisions {
		if !d.concerns(id) { // another line that only mentions it
			continue
		}
		report.decision(d)
		issued, gap, err := r.ofToken(ctx, d.Caller, d.At)
		if err != nil {
			return TraceReport{}, fmt.Errorf("read the %s: %w", signInLog, err)
		}
		report.gap(gap)
		if issued != nil {
			report.issued(*issued, d)
		}
	}
	slices.SortStableFunc(report.Events, func(a, b Event) int { return a.At.Compare(b.At) })
	return report, nil
}

// gap adds a gap once.
func (t *TraceReport) gap(g *Gap) {
	if g != nil && !slices.Contains(t.Gaps, *g) {
		t.Gaps = append(t.Gaps, *g)
	}
}

// cause adds a cause once.
func (t *TraceReport) cause(c Cause) {
	if !slices.Contains(t.Causes, c) {
		t.Causes = append(t.Causes, c)
	}
}

func (t *TraceReport) add(at time.Time, log, format string, args ...any) {
	t.Events = append(t.Events, Event{at, log, fmt.Sprintf(format, args...)})
}

func (t *TraceReport) signIn(s SignIn) {
	t.add(s.At, signInLog, "%s", describe(s))
	if s.Status.Code != 0 {
		t.cause(causeOf(s))
	}
}

func (t *TraceReport) decision(d Decision) {
	t.add(d.At, apiLog, "%s", describeDecision(d))
	if d.Decision == "refused" {
		t.cause(causeOfDecision(d))
	}
}

// issued tells of the token that a decision was about.
func (t *TraceReport) issued(s SignIn, d Decision) {
	age := d.At.Sub(s.At).Round(time.Second)
	t.add(s.At, signInLog, "%s; the token was %s old when the API saw it", describe(s), age)
}

// describe is a sign-in in a sentence.
func describe(s SignIn) string {
	client := fmt.Sprintf("client %s", s.ClientID)
	if s.Client != "" {
		client = fmt.Sprintf("%s (client id %s, object id %s)", s.Client, s.ClientID, s.ServicePrincipalID)
	}
	with := s.CredentialType
	switch {
	case s.KeyID != "":
		with += " " + s.KeyID
	case s.FederatedID != "":
		with += " " + s.FederatedID
	case s.managedIdentity():
		with = "managed identity"
	}
	resource := s.Resource
	if resource == "" {
		resource = "something that the tenant does not have"
	}
	if s.Status.Code == 0 {
		return fmt.Sprintf("%s got a token for %s, with %s", client, resource, with)
	}
	return fmt.Sprintf("%s got no token for %s: AADSTS%d", client, resource, s.Status.Code)
}

// describeDecision is a line of the API's log in a sentence.
func describeDecision(d Decision) string {
	caller := "a caller without a token that the tenant signed"
	if d.Caller.ObjectID != "" {
		caller = fmt.Sprintf("client id %s, object id %s, roles %v", d.Caller.ClientID, d.Caller.ObjectID, d.Caller.Roles)
	}
	switch {
	case d.Decision != "refused":
		return fmt.Sprintf("the API admitted %s, for the role %s", caller, d.Role)
	case d.Kind != "":
		return fmt.Sprintf("the API refused %s: %s (one of several within a minute, of which the log has no more than the id)", caller, d.Cause)
	}
	return fmt.Sprintf("the API refused %s with %d: %s", caller, d.Status, d.Reason)
}

// String is the report for people.
func (t TraceReport) String() string {
	var text strings.Builder
	for _, c := range t.Causes {
		fmt.Fprintf(&text, "%s: %s\n  next: %s\n", c.Code, c.Text, c.Next)
	}
	for _, e := range t.Events {
		fmt.Fprintf(&text, "%s  %s: %s\n", moment(e.At), e.Log, e.Text)
	}
	switch {
	case len(t.Causes) > 1:
		text.WriteString("several requests have this id: a caller chooses the id that it sends\n")
	case len(t.Causes) == 0 && t.Found():
		text.WriteString("no log has a refusal under this id\n")
	case !t.Found():
		fmt.Fprintf(&text, "no log that could be read has the id %s: it may be too new (logs are minutes late) or older than %d days, the request may have named no client or no tenant, "+
			"or it was one of more than a hundred refused for one reason within a minute\n", t.ID, logDays)
	}
	return text.String() + gapsText(t.Gaps)
}

// JSON is the report for programs.
func (t TraceReport) JSON() ([]byte, error) { return json.MarshalIndent(t, "", "  ") }
