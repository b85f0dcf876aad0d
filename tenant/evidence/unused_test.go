package evidence_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/tenant"
	"app-to-app/tenant/evidence"
	"app-to-app/tenant/tenanttest"
)

const aDay = 24 * time.Hour

// unused judges the last days as a caller.
func (w *world) unused(declared tenant.Declaration, r evidence.Reader, days int) evidence.UnusedReport {
	w.Helper()
	holdings, err := tenant.Holdings(w.Context(), w.deployer, declared)
	w.must(err)
	report, err := r.Unused(w.Context(), holdings, days)
	w.must(err)
	return report
}

// states are a report's states, by the title that a test gives the holding.
func (w *world) states(report evidence.UnusedReport) map[string]string {
	states := make(map[string]string)
	for _, u := range report.Uses {
		name := u.Client
		if name == "" {
			name = u.Name
		}
		switch u.Kind {
		case tenant.HoldingAssignment:
			name += " " + u.Role
		case tenant.HoldingCredential:
			name += " " + w.names[u.ID]
		default:
			name = "owner " + u.Name
		}
		if states[name] != "" {
			w.Errorf("got two holdings called %q", name)
		}
		states[name] = u.State
	}
	return states
}

func (w *world) want(what string, report evidence.UnusedReport, want map[string]string) {
	w.Helper()
	got := w.states(report)
	for name, state := range want {
		if got[name] != state {
			w.Errorf("%s: %s: got %q, want %q", what, name, got[name], state)
		}
	}
	for name, state := range got {
		if _, ok := want[name]; !ok {
			w.Errorf("%s: %s: got %q, and expected nothing of that name", what, name, state)
		}
	}
	if w.Failed() {
		w.Logf("%s:\n%s", what, report)
	}
}

// with changes some of the states wanted.
func with(states map[string]string, more ...string) map[string]string {
	changed := make(map[string]string)
	for name, state := range states {
		changed[name] = state
	}
	for i := 0; i < len(more); i += 2 {
		changed[more[i]] = more[i+1]
	}
	return changed
}

// story is 33 days of a stack, of which the last 30 are asked for.
func story(t *testing.T) (w *world, declared tenant.Declaration) {
	t.Helper()
	w = newWorld(t)
	w.secretClient("daily", "Orders.Read", "Orders.Export")
	w.secretClient("asks", "Orders.Read") // for tokens, and makes no call
	w.secretClient("quiet", "Orders.Read")
	w.secretClient("never", "Orders.Read")
	w.identityClient("identity", "Orders.Read")
	w.identityClient("idle", "Orders.Read")
	w.federatedClient("federated", "Orders.Read")
	spareSecret, _ := w.addSecret(w.clients["daily"].ObjectID)
	w.names[spareSecret] = "spare"
	w.recorded(w.clients["federated"].federated)
	spareTrust := w.trust(w.clients["federated"].ObjectID, "spare", "nobody")
	w.names[spareTrust] = "spare"
	w.recorded(spareTrust)
	stranger := w.register("stranger", nil)
	w.assign(stranger.PrincipalID, exportRole)
	former := w.register("former", nil)
	w.post("/v1.0/applications/"+w.api.ObjectID+"/owners/$ref", object{"@odata.id": w.deployer.Cloud.Graph + "/v1.0/directoryObjects/" + former.PrincipalID}, nil)
	w.token("quiet")
	for today := range 33 {
		w.calls("daily", "Orders.Read")
		w.token("asks")
		w.calls("identity", "Orders.Read")
		if today%7 == 0 {
			w.calls("federated", "Orders.Read")
		}
		if today == 28 {
			w.secretClient("fresh", "Orders.Read")
			w.names[w.trust(w.clients["federated"].ObjectID, "unrecorded", "another")] = "unrecorded"
		}
		w.advance(aDay)
	}
	w.deployer = tenanttest.SignIn(t, w.sandbox, w.tenant, nil) // an owner who is still there
	return w, w.declaration(w.tenant.Deployer.ObjectID, former.PrincipalID)
}

// inStory are the states that all logs together give the story's holdings.
var inStory = map[string]string{
	"daily Orders.Read": "used", "daily Orders.Export": "unused", "daily credential": "used", "daily spare": "unused",
	"asks Orders.Read": "unused", "asks credential": "used",
	"quiet Orders.Read": "unused", "quiet credential": "unused",
	"never Orders.Read": "unused", "never credential": "unused",
	"identity Orders.Read": "used", "idle Orders.Read": "unused",
	"federated Orders.Read": "used", "federated credential": "used", "federated spare": "unused", "federated unrecorded": "unknown",
	"fresh Orders.Read": "unknown", "fresh credential": "unknown",
	"stranger Orders.Export": "unused", "owner former": "unused", "owner contoso deployer": "used",
}

// withoutSignIns are the states if no sign-in can be read: the API's log still tells
// of assignments, and nothing tells of credentials and owners.
func withoutSignIns() map[string]string {
	states := make(map[string]string)
	for name, state := range inStory {
		if !strings.Contains(name, "Orders.") {
			state = "unknown"
		}
		states[name] = state
	}
	return states
}

func TestUnusedAfterAMonth(t *testing.T) {
	t.Parallel()
	w, declared := story(t)
	all := w.reader(w.auditor)
	first := w.unused(declared, all, 30)
	before := first.String()
	w.want("all logs", first, inStory)
	if len(first.Gaps) > 0 {
		t.Errorf("got gaps %v, want none", first.Gaps)
	}
	w.proposals(first)
	if again := w.unused(declared, all, 30); again.String() != before {
		t.Errorf("twice in a row: got\n%s\nand then\n%s", before, again)
	}

	blind := all
	blind.SiteID = ""
	w.want("without the API's log", w.unused(declared, blind, 30), with(inStory, "daily Orders.Export", "used", "asks Orders.Read", "used"))

	denied := w.reader(w.signIn("Application.Read.All"))
	report := w.unused(declared, denied, 30)
	w.want("without the permission", report, withoutSignIns())
	w.gap(report.Gaps, "lacks the permission AuditLog.Read.All", "az ad app permission add")

	// What is asked of the log beyond its retention, only the reports can tell.
	report = w.unused(declared, blind, 32)
	w.want("more days than the log has", report, with(inStory, "daily Orders.Export", "used", "asks Orders.Read", "used",
		"daily spare", "unknown", "never Orders.Read", "unknown", "never credential", "unknown", "idle Orders.Read", "unknown",
		"federated spare", "unknown", "stranger Orders.Export", "unknown", "owner former", "unknown"))
	w.gap(report.Gaps, "has no entry of", "")

	w.must(w.sandbox.SetPremium(w.tenant, false))
	report = w.unused(declared, all, 30)
	w.want("without the licence", report, withoutSignIns())
	w.gap(report.Gaps, "no licence of Microsoft Entra ID P1 or P2", "")
	report = w.unused(declared, blind, 30)
	for name, state := range w.states(report) {
		if state != evidence.Unknown {
			t.Errorf("without any log: %s: got %q", name, state)
		}
	}
	for _, entry := range w.sandbox.History() {
		if entry.Method != http.MethodGet && entry.CallerID != "" && entry.Time.After(all.Now) && entry.Service != "entra" {
			t.Errorf("got a change by unused: %s %s", entry.Method, entry.URL)
		}
	}
}

// gap expects a gap with this text and fix.
func (w *world) gap(gaps []evidence.Gap, text, fix string) {
	w.Helper()
	if !slices.ContainsFunc(gaps, func(g evidence.Gap) bool { return strings.Contains(g.Text, text) && strings.Contains(g.Fix, fix) }) {
		w.Errorf("got gaps %v, want %q with fix %q", gaps, text, fix)
	}
}

// TestYoungLogs: a log that is younger than the period says nothing about it, even
// of what is older: here the tenant got its logs ten days ago.
func TestYoungLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secretClient("daily", "Orders.Read")
	w.secretClient("never", "Orders.Read")
	w.advance(40 * aDay)
	for range 10 {
		w.calls("daily", "Orders.Read")
		w.advance(aDay)
	}
	report := w.unused(w.declaration(), w.reader(w.auditor), 30)
	w.want("ten days of logs", report, map[string]string{"daily Orders.Read": "used", "daily credential": "used",
		"never Orders.Read": "unknown", "never credential": "unknown", "owner contoso deployer": "unused"}) // the report knows its last sign-in
	w.gap(report.Gaps, "has no entry of", "")
	w.gap(report.Gaps, "has no line of", "")
	w.want("a week of logs", w.unused(w.declaration(), w.reader(w.auditor), 7), map[string]string{"daily Orders.Read": "used", "daily credential": "used",
		"never Orders.Read": "unused", "never credential": "unused", "owner contoso deployer": "unused"})
}

// TestAHoleInTheAPIsLog: on a day of which the API's log has nothing, a call may have
// been made that it does not have.
func TestAHoleInTheAPIsLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secretClient("daily", "Orders.Read", "Orders.Export")
	w.secretClient("never", "Orders.Read")
	for today := range 12 {
		if w.token("daily"); today != 8 { // it calls, but its line is lost
			w.calls("daily", "Orders.Read")
		}
		w.advance(aDay)
	}
	report := w.unused(w.declaration(), w.reader(w.auditor), 10)
	w.want("a hole", report, map[string]string{"daily Orders.Read": "used", "daily Orders.Export": "used", "daily credential": "used",
		"never Orders.Read": "unused", "never credential": "unused", "owner contoso deployer": "unused"}) // by the sign-in log
	w.gap(report.Gaps, "so it says nothing about calls on that day", "")
	w.must(w.sandbox.SetPremium(w.tenant, false))
	w.want("a hole, and no licence", w.unused(w.declaration(), w.reader(w.auditor), 10), map[string]string{"daily Orders.Read": "used", "daily Orders.Export": "unknown", "daily credential": "unknown",
		"never Orders.Read": "unknown", "never credential": "unknown", "owner contoso deployer": "unknown"})
}

// proposals expects each removal to be proposed once, by the key that the settings
// have.
func (w *world) proposals(report evidence.UnusedReport) {
	t := w.T
	t.Helper()
	report.Uses = slices.Clone(report.Uses)
	report.Propose(evidence.Setting{
		Client: func(client string) string {
			if client == "idle" {
				return "" // in no setting that can be read
			}
			return "app-to-app:clients[" + client + "]"
		},
		Role:  func(client, role string) string { return "app-to-app:clients[" + client + "].roles[" + role + "]" },
		Owner: func(string) string { return "app-to-app:owners[1]" },
	})
	commands := make(map[string]int)
	for _, u := range report.Uses {
		if (u.Proposal != "") != (u.State == evidence.Unused) {
			t.Errorf("%s %s: got state %s and proposal %q", u.Client, u.Name, u.State, u.Proposal)
		}
		if command, _, ok := strings.Cut(u.Proposal, " && "); ok {
			commands[command]++
		}
	}
	for _, want := range []string{"app-to-app:clients[quiet]", "app-to-app:clients[never]", "app-to-app:clients[asks]", "app-to-app:clients[daily].roles[Orders.Export]", "app-to-app:owners[1]"} {
		if commands["pulumi config rm --path '"+want+"'"] != 1 {
			t.Errorf("got commands %v, want one that removes %s", commands, want)
		}
	}
	if len(commands) != 5 {
		t.Errorf("got commands %v, want five", commands)
	}
	for _, want := range []string{"remove client idle from the settings, then pulumi up", "goes with client never", "the stack does not declare it: tenant audit", "run one of the commands, then ask again"} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("got\n%s\nwant %q in it", report, want)
		}
	}
}
