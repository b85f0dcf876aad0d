package customhandler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/customhandler"
)

// lines are the log's lines as "message kind count", for those that have these.
func lines(t *testing.T, log *captured) (list []string) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(log.String()))
	for {
		var line struct {
			Msg, Kind string
			N, Count  int
		}
		if err := decoder.Decode(&line); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %d %s %d", line.Msg, line.N, line.Kind, line.Count)))
	}
}

func wantLines(t *testing.T, log *captured, want ...string) {
	t.Helper()
	if got := lines(t, log); !slices.Equal(got, want) {
		t.Errorf("got lines\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestSamplerWritesTheFirstAndCountsTheRest over four minutes of a flood of two
// kinds, and then the end.
func TestSamplerWritesTheFirstAndCountsTheRest(t *testing.T) {
	t.Parallel()
	log := &captured{}
	sampler := customhandler.NewSampler(customhandler.NewLogger(log))
	flood := func(kind string, from, to int) {
		for i := from; i <= to; i++ {
			sampler.Log(t.Context(), customhandler.Line{Kind: kind, Level: slog.LevelWarn}, "refused", "n", i, "kind", kind)
		}
	}
	flood("b", 1, 1000)
	flood("a", 1, 3)
	sampler.Flush()
	flood("b", 1001, 1500)
	sampler.Flush() // a was quiet: its next line is written again
	flood("a", 4, 5)
	sampler.Flush()
	sampler.Flush()
	flood("b", 1501, 1502)
	sampler.Flush() // the end
	wantLines(t, log,
		"refused 1 b 0", "refused 1 a 0", "lines left out 0 a 2", "lines left out 0 b 999",
		"lines left out 0 b 500",
		"refused 4 a 0", "lines left out 0 a 1",
		"refused 1501 b 0", "lines left out 0 b 1")
}

func TestSamplerWritesUpToTheLimit(t *testing.T) {
	t.Parallel()
	log := &captured{}
	sampler := customhandler.NewSampler(customhandler.NewLogger(log))
	for range 2 {
		for i := range 5 {
			sampler.Log(t.Context(), customhandler.Line{Kind: "known", Limit: 3}, "refused", "n", i)
		}
		sampler.Flush()
	}
	wantLines(t, log, "refused 0  0", "refused 1  0", "refused 2  0", "lines left out 0 known 2",
		"refused 0  0", "refused 1  0", "lines left out 0 known 3")
}

// TestSamplerRuns: counts are said each minute and at the end.
func TestSamplerRuns(t *testing.T) {
	t.Parallel()
	log := &captured{}
	sampler := customhandler.NewSampler(customhandler.NewLogger(log))
	pauses, tick := make(chan time.Duration), make(chan time.Time)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sampler.Run(ctx, func(d time.Duration) <-chan time.Time { pauses <- d; return tick })
	}()
	two := func() {
		for i := range 2 {
			sampler.Log(ctx, customhandler.Line{Kind: "x"}, "refused", "n", i)
		}
	}
	if got := <-pauses; got != time.Minute {
		t.Errorf("got a pause of %s, want a minute", got)
	}
	two()
	tick <- time.Time{}
	<-pauses
	wantLines(t, log, "refused 0  0", "lines left out 0 x 1")
	two()
	stop()
	<-ended
	wantLines(t, log, "refused 0  0", "lines left out 0 x 1", "lines left out 0 x 2")
}

// TestFloodOfRefusedRequestsIsSampled: one line for each route and status, and the
// count; requests that succeed have a line each.
func TestFloodOfRefusedRequestsIsSampled(t *testing.T) {
	t.Parallel()
	log := &captured{}
	app := customhandler.NewApp(customhandler.NewAppSettings(environ(nil)), customhandler.NewLogger(log))
	app.HTTP("GET /api/x", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" {
			customhandler.WriteError(w, http.StatusUnauthorized, "no", "no")
			return
		}
		customhandler.WriteJSON(w, http.StatusOK, "yes")
	}))
	for i := range 100 {
		for _, target := range []string{"/api/x", "/api/x?yes", fmt.Sprint("/nothing/", i)} {
			app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
		}
	}
	app.Sampler.Flush()
	got := lines(t, log)
	if count := len(got); count != 100+2+2 {
		t.Errorf("got %d lines, want one for each of 100 answers, and two for each kind of refusal:\n%s", count, strings.Join(got, "\n"))
	}
	for _, want := range []string{"lines left out 0 request GET /api/x 401 99", "lines left out 0 request none 404 99"} {
		if !slices.Contains(got, want) {
			t.Errorf("got no line %q", want)
		}
	}
}
