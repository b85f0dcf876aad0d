package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/sandbox/entra"
)

// perSecond is the pace of the load, and atOnce how many requests may be under
// way: on a machine that cannot keep the pace, they do not pile up.
const (
	perSecond = 20
	atOnce    = 6
)

// A load is requests at a steady pace to a client's function, each of which
// makes the client call the API.
type load struct {
	request *http.Request
	client  *http.Client
	began   time.Time
	pace    *time.Ticker
	end     chan struct{}
	stop    func() // ends the load and waits for what is under way
	running sync.WaitGroup

	mu       sync.Mutex
	done     int
	failures []string
}

// startLoad starts the load. Tokens live so short from now on that no library
// takes one from its cache: each call uses the client's credential.
func (w *world) startLoad(client string) *load {
	w.t.Helper()
	w.sandbox.Entra().SetLifetimes(entra.Lifetimes{AccessToken: time.Minute, ManagedIdentity: 24 * time.Hour})
	e := w.exports()
	key, err := w.azure.HostKey(w.t.Context(), e.ClientSites[client])
	if err != nil {
		w.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodGet, e.ClientURLs[client], nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("x-functions-key", key)
	l := &load{request: request, client: w.sandbox.HTTPClient(), began: time.Now(),
		pace: time.NewTicker(time.Second / perSecond), end: make(chan struct{})}
	l.stop = sync.OnceFunc(func() {
		l.pace.Stop()
		close(l.end)
		l.running.Wait()
	})
	for range atOnce {
		l.running.Go(l.run)
	}
	return l
}

// run makes one request after the other, at the shared pace.
func (l *load) run() {
	for {
		select {
		case <-l.end:
			return
		case <-l.pace.C:
		}
		failure := l.call()
		l.mu.Lock()
		if l.done++; failure != "" {
			l.failures = append(l.failures, failure)
		}
		l.mu.Unlock()
	}
}

// call makes one request and returns what went wrong, "" if nothing.
func (l *load) call() string {
	resp, err := l.client.Do(l.request.Clone(l.request.Context()))
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil || len(a.Results) == 0 {
		return fmt.Sprintf("status %d without results", resp.StatusCode)
	}
	for _, r := range a.Results {
		if r.Status != http.StatusOK || len(r.Orders) != 5 {
			return fmt.Sprintf("%s: status %d: %s", r.TokenProvider, r.Status, r.Error)
		}
	}
	return ""
}

// finished is how many requests were made and what failed, from the beginning.
func (l *load) finished() (done int, failures []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done, l.failures
}

// await waits until n more requests have been answered.
func (l *load) await(t *testing.T, n int) {
	t.Helper()
	before, _ := l.finished()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if done, _ := l.finished(); done >= before+n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("expected %d more requests to be answered", n)
		}
	}
}

// expectNone fails the test if any request failed.
func (l *load) expectNone(t *testing.T) {
	t.Helper()
	done, failures := l.finished()
	if len(failures) > 0 {
		t.Errorf("got %d failed requests of %d, want none; the first: %s", len(failures), done, strings.Join(failures[:min(3, len(failures))], "\n"))
	}
	t.Logf("%d requests in %.0f s, %.0f a second, %d failed", done, time.Since(l.began).Seconds(), float64(done)/time.Since(l.began).Seconds(), len(failures))
}
