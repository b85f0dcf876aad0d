package appservice_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/store"
)

// A ticked is one timer invocation as the handler got it.
type ticked struct {
	Data struct {
		Timer struct {
			Schedule       struct{ AdjustForDST bool }
			ScheduleStatus *struct{ Last, Next, LastUpdated string }
			IsPastDue      bool
		} `json:"timer"`
	}
	Metadata struct {
		Sys struct{ MethodName, UtcNow, RandGuid string } `json:"sys"`
	}
}

// fired returns the invocations that the running handler got.
func (w *world) fired() (calls []ticked) {
	w.t.Helper()
	w.get("/api/fired").json(w.t, &calls)
	return calls
}

// advance moves the sandbox's clock and lets the timers see it.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	if err := w.store.Advance(d); err != nil {
		w.t.Fatal(err)
	}
	w.service.Tick(w.store.Now())
}

const everyTen = `,"schedule":"0 */10 * * * *"`

func TestTimer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything, timerFunction("Tick", everyTen)))
	w.advance(9 * time.Minute) // 12:09:30
	if got := w.fired(); len(got) != 0 {
		t.Fatalf("got %d invocations before the first is due, want none", len(got))
	}
	w.advance(time.Minute)
	w.advance(0)
	w.advance(25 * time.Minute) // two are due, and run as one
	got := w.fired()
	if len(got) != 2 {
		t.Fatalf("got %d invocations, want 2", len(got))
	}
	for i, want := range []struct{ last, next, updated string }{
		{"0001-01-01T00:00:00", "2026-01-05T12:10:00+00:00", "0001-01-01T00:00:00"},
		{"2026-01-05T12:10:30+00:00", "2026-01-05T12:20:00+00:00", "2026-01-05T12:10:30+00:00"},
	} {
		timer := got[i].Data.Timer
		if timer.IsPastDue || !timer.Schedule.AdjustForDST || timer.ScheduleStatus == nil ||
			timer.ScheduleStatus.Last != want.last || timer.ScheduleStatus.Next != want.next || timer.ScheduleStatus.LastUpdated != want.updated {
			t.Errorf("invocation %d: got %+v with status %+v, want %+v", i, timer, timer.ScheduleStatus, want)
		}
		if sys := got[i].Metadata.Sys; sys.MethodName != "Tick" || sys.RandGuid == "" || !strings.HasPrefix(sys.UtcNow, "2026-01-05T12:") {
			t.Errorf("invocation %d: got sys %+v", i, sys)
		}
	}
	if !strings.Contains(w.said.String(), "orders: ticked") || !strings.Contains(w.said.String(), "Executed 'Functions.Tick' (Succeeded") {
		t.Errorf("got no lines of the invocation in the output:\n%s", w.said)
	}
}

func TestMissedTimer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, trigger string
		away          time.Duration
		want          int
	}{
		{"one missed", everyTen, 11 * time.Minute, 1},
		{"many missed are one", everyTen, 5 * time.Hour, 1},
		{"none missed", everyTen, 5 * time.Minute, 0},
		{"without a monitor", everyTen + `,"useMonitor":false`, 11 * time.Minute, 0},
		{"more than once a minute", `,"schedule":"*/20 * * * * *"`, 11 * time.Minute, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.run(standard(everything, timerFunction("Tick", tt.trigger)))
			w.stop()
			w.clock.add(tt.away)
			w.start()
			w.advance(0)
			got := w.fired()
			if len(got) != tt.want {
				t.Fatalf("got %d invocations, want %d", len(got), tt.want)
			}
			if len(got) > 0 && !got[0].Data.Timer.IsPastDue {
				t.Error("got a missed occurrence that is not past due")
			}
			w.restart()
			w.advance(0)
			if got := w.fired(); len(got) != 0 {
				t.Errorf("got %d invocations after another restart, want none", len(got))
			}
		})
	}
}

func TestTimerWithoutMonitor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything, timerFunction("Tick", everyTen+`,"useMonitor":false`)))
	w.advance(10 * time.Minute)
	if got := w.fired(); len(got) != 1 || got[0].Data.Timer.ScheduleStatus != nil {
		t.Errorf("got %+v, want one invocation without a status", got)
	}
}

func TestRunOnStartup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything, timerFunction("Tick", everyTen+`,"runOnStartup":true`)))
	w.said.wait("Executed 'Functions.Tick' (Succeeded", 1)
	if got := w.fired(); len(got) != 1 || got[0].Data.Timer.IsPastDue {
		t.Errorf("got %+v, want one invocation that is not past due", got)
	}
}

func TestScheduleFromASetting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"SCHEDULE": "0 0 * * * *"})
	w.run(standard(everything, timerFunction("Tick", `,"schedule":"%SCHEDULE%"`)))
	w.advance(30 * time.Minute)
	if got := w.fired(); len(got) != 0 {
		t.Fatalf("got %d invocations of an hourly timer, want none", len(got))
	}
	// A new schedule has not missed an occurrence, even if the old one had.
	if err := w.store.Advance(2 * time.Hour); err != nil {
		t.Fatal(err)
	}
	w.set("SCHEDULE", "0 */5 * * * *")
	w.advance(0)
	if got := w.fired(); len(got) != 0 {
		t.Errorf("got %d invocations, want none", len(got))
	}
	w.advance(5 * time.Minute)
	if got := w.fired(); len(got) != 1 || got[0].Data.Timer.IsPastDue {
		t.Errorf("got %+v, want one invocation of the new schedule", got)
	}
}

func TestFunctionsInError(t *testing.T) {
	t.Parallel()
	functions := []struct{ name, function, want string }{
		{"bad schedule", `{"bindings":[{"type":"timerTrigger","direction":"in","name":"t","schedule":"every day"}]}`, "schedule: expected an NCRONTAB expression"},
		{"five fields", `{"bindings":[{"type":"timerTrigger","direction":"in","name":"t","schedule":"*/5 * * * *"}]}`, "six fields"},
		{"unset setting", `{"bindings":[{"type":"timerTrigger","direction":"in","name":"t","schedule":"%NO_SUCH%"}]}`, `"%NO_SUCH%" does not resolve to a value`},
		{"no schedule", `{"bindings":[{"type":"timerTrigger","direction":"in","name":"t"}]}`, "NCRONTAB"},
		{"no bindings", `{"bindings":[]}`, "httpTrigger or timerTrigger"},
		{"no name", `{"bindings":[{"type":"httpTrigger","direction":"in"}]}`, "expected a name"},
		{"wrong direction", `{"bindings":[{"type":"httpTrigger","direction":"out","name":"req"}]}`, `expected direction "in"`},
		{"two triggers", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"a"},{"type":"timerTrigger","direction":"in","name":"b","schedule":"0 * * * * *"}]}`, "one trigger"},
		{"property of another binding", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"a","schedule":"0 * * * * *"}]}`, "properties of type httpTrigger only"},
		{"unknown level", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"a","authLevel":"user"}]}`, "authLevel"},
		{"a built-in word below the prefix", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"a","route":"admin/x"}]}`, ""},
		{"malformed route", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"a","route":"x/{id"}]}`, "route"},
		{"optional parameter in the middle", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"a","route":"{id?}/x"}]}`, "optional parameter at the end only"},
		{"no JSON", `{`, "function.json"},
	}
	entries := []entry{everything}
	for i, tt := range functions {
		entries = append(entries, entry{fmt.Sprintf("F%d/function.json", i), tt.function, 0o644})
	}
	w := newWorld(t, nil)
	w.run(standard(entries...))
	w.hear("/api/echo") // a function in error does not keep the others from running
	lines := w.service.Logs(siteID)
	var status struct{ Errors []string }
	w.get("/admin/host/status", "x-functions-key", w.site.MasterKey).json(t, &status)
	inError := 0
	for i, tt := range functions {
		about := fmt.Sprintf("function \"F%d\"", i)
		at := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, about) })
		if at < 0 {
			t.Errorf("%s: got no line about it in the log", tt.name)
			continue
		}
		if tt.want == "" {
			if !strings.Contains(lines[at], "is loaded") {
				t.Errorf("%s: got %q, want it loaded", tt.name, lines[at])
			}
			continue
		}
		inError++
		if !strings.Contains(lines[at], "[Error] "+about+" is in error") || !strings.Contains(lines[at], tt.want) {
			t.Errorf("%s: got %q, want an error with %q", tt.name, lines[at], tt.want)
		}
	}
	if len(status.Errors) != inError {
		t.Errorf("got %d errors in the status, want %d: %q", len(status.Errors), inError, status.Errors)
	}
}

func TestTimerAnswers(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"500": "2xx status, got 500", "text": `Content-Type "application/json", got "text/plain"`,
		"null": "empty answer", " ": "empty answer", "[]": "JSON object", "not json": "JSON object", `{"Outputs":7}`: "JSON object",
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"HANDLER_TICK": answer})
			w.run(standard(everything, timerFunction("Tick", everyTen)))
			w.advance(10 * time.Minute)
			log := strings.Join(w.service.Logs(siteID), "\n")
			if !strings.Contains(log, "[Error] Executed 'Functions.Tick' (Failed") || !strings.Contains(log, want) {
				t.Errorf("got logs:\n%s\nwant a failure: %s", log, want)
			}
			w.advance(10 * time.Minute)
			if got := w.fired(); len(got) != 2 {
				t.Errorf("got %d invocations, want 2: a failure does not stop the timer", len(got))
			}
		})
	}
}

func TestRunNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.unemulated = true
	w.run(standard(everything, timerFunction("Tick", everyTen)))
	for _, tt := range []struct {
		name, path, key string
		status          int
	}{
		{"without a key", "/admin/functions/Tick", "", 401},
		{"with a host key", "/admin/functions/Tick", w.site.HostKeys["default"], 401},
		{"unknown function", "/admin/functions/Tock", w.site.MasterKey, 404},
		{"HTTP function", "/admin/functions/Everything", w.site.MasterKey, 501},
		{"other admin API", "/admin/vfs", w.site.MasterKey, 501},
		{"runtime API", "/Runtime/webhooks", w.site.MasterKey, 501},
		{"with the master key", "/ADMIN/functions/tick", w.site.MasterKey, 202},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := strings.NewReader(`{"input":""}`)
			r := w.send(http.MethodPost, w.app(tt.path), body, "x-functions-key", tt.key, "Content-Type", "application/json")
			if r.status != tt.status {
				t.Errorf("got %d %s, want %d", r.status, r.body, tt.status)
			}
		})
	}
	if t.Failed() {
		return // nothing runs that could be waited for
	}
	w.said.wait("Executed 'Functions.Tick' (Succeeded", 1)
	if got := w.fired(); len(got) != 1 || got[0].Data.Timer.IsPastDue || got[0].Data.Timer.ScheduleStatus.Next != "2026-01-05T12:10:00+00:00" {
		t.Errorf("got %+v, want one invocation", got)
	}
}

func TestTimersOfDisabledFunctionsAndStoppedSites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"AzureWebJobs.Tick.Disabled": "true"})
	w.run(standard(everything, timerFunction("Tick", everyTen)))
	w.advance(10 * time.Minute)
	if got := w.fired(); len(got) != 0 {
		t.Errorf("got %d invocations of a disabled function, want none", len(got))
	}
	w.set("AzureWebJobs.Tick.Disabled", "")
	w.change(func(p map[string]any) { p["state"] = "Stopped" })
	w.advance(time.Hour)
	if strings.Contains(w.said.String(), "Executing 'Functions.Tick'") {
		t.Error("a timer of a stopped site ran")
	}
}

func TestTimerInRealTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.clock.mu.Lock()
	w.clock.real = true
	w.clock.mu.Unlock()
	w.run(standard(everything, timerFunction("Tick", `,"schedule":"* * * * * *"`)))
	w.said.wait("Executed 'Functions.Tick' (Succeeded", 2)
}

// TestStoredTimers guards the names under which the status is kept.
func TestStoredTimers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything, timerFunction("Tick", everyTen)))
	w.advance(10 * time.Minute)
	var site store.Site
	if err := w.store.View(func(tx *store.Tx) error {
		site, _ = store.Sites.Get(tx, store.ResourceKey(siteID))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(site.Timers)
	if want := `{"Tick":{"Schedule":"0 */10 * * * *","Last":"2026-01-05T12:10:30Z","Next":"2026-01-05T12:20:00Z","LastUpdated":"2026-01-05T12:10:30Z"}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	w.run(standard(everything))
	if err := w.store.View(func(tx *store.Tx) error {
		site, _ = store.Sites.Get(tx, store.ResourceKey(siteID))
		return nil
	}); err != nil || len(site.Timers) != 0 {
		t.Errorf("got %v, %v: a function that is gone still has a timer", site.Timers, err)
	}
}
