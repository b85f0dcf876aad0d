package appservice

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"app-to-app/sandbox/loopback"
)

// This file keeps a custom handler running. The rules are those of
// HttpFunctionInvocationDispatcher, HttpWorkerChannel and WorkerProcess of
// Azure/azure-functions-host: any HTTP answer to GET / means ready; exit code 0
// was intended and is final; 200 asks for a restart; everything else is an
// error, after which the handler is started again. After three errors, each within
// half an hour of the one before, the host gives up.

const (
	readinessInterval = 25 * time.Millisecond // WorkerReadyCheckPollingIntervalMilliseconds
	maxErrors         = 3                     // ErrorEventsThreshold
	errorsApart       = 30 * time.Minute      // WorkerRestartErrorIntervalThresholdInMinutes
	restartExitCode   = 200                   // IntentionalRestartExitCode
)

// errGaveUp is why a handler is not started again.
var errGaveUp = errors.New("the handler failed three times; the functions host has shut down")

type handlerState int

const (
	handlerStarting handlerState = iota
	handlerReady
	handlerEnded  // with exit code 0: calls fail to connect
	handlerGaveUp // after too many errors
)

// A handler is the custom handler of a host. It runs one process at a time.
type handler struct {
	host    *functionsHost
	environ []string
	done    chan struct{} // closed when run returned

	mu     sync.Mutex
	state  handlerState
	port   int
	moved  chan struct{} // closed when state changes
	errors []time.Time   // on the sandbox's clock
}

// run starts the handler, and restarts it, until ctx ends.
func (h *handler) run(ctx context.Context) {
	defer close(h.done)
	journal := h.host.app.journal
	for {
		code, err := h.runOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && code == 0:
			journal.host(information, "the handler ended with exit code 0 and is not started again")
			h.set(handlerEnded, h.port)
			return
		case err == nil && code == restartExitCode:
			journal.host(information, "the handler asked for a restart with exit code %d", code)
		default:
			if err == nil {
				err = fmt.Errorf("the handler ended with exit code %d", code)
			}
			n := h.failed()
			journal.host(failure, "%s (error %d of %d)", err, n, maxErrors)
			if n >= maxErrors {
				journal.host(failure, "exceeded the handler's restart count; shutting down the functions host")
				h.set(handlerGaveUp, 0)
				return
			}
		}
		h.set(handlerStarting, 0)
	}
}

// failed counts an error and returns the count, which starts again at one when
// the previous error is long ago.
func (h *handler) failed() int {
	now := h.host.app.service.config.Store.Now()
	if n := len(h.errors); n > 0 && now.Sub(h.errors[n-1]) > errorsApart {
		h.errors = nil
	}
	h.errors = append(h.errors, now)
	return len(h.errors)
}

func (h *handler) set(state handlerState, port int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state, h.port = state, port
	close(h.moved)
	h.moved = make(chan struct{})
}

func (h *handler) isReady() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state == handlerReady
}

// await returns the port of the handler once it is ready.
func (h *handler) await(ctx context.Context) (port int, err error) {
	for {
		h.mu.Lock()
		state, port, moved := h.state, h.port, h.moved
		h.mu.Unlock()
		switch state {
		case handlerReady, handlerEnded:
			return port, nil
		case handlerGaveUp:
			return 0, errGaveUp
		}
		select {
		case <-moved:
		case <-h.done:
			return 0, errors.New("the functions host is restarting")
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for the handler to start: %w", ctx.Err())
		}
	}
}

// runOnce runs one process to its end. An error means that it never ran
// properly.
func (h *handler) runOnce(ctx context.Context) (code int, err error) {
	host := h.host
	port, err := freePort()
	if err != nil {
		return 0, fmt.Errorf("find a port for the handler: %w", err)
	}
	command := exec.Command(host.executable, host.config.Arguments...)
	command.Dir = filepath.Join(host.root, filepath.FromSlash(host.config.WorkingDirectory))
	command.Env = append(h.environ[:len(h.environ):len(h.environ)], handlerVariables(port, host.root)...)
	stdout, stderr := host.app.journal.stdout(), host.app.journal.stderr()
	command.Stdout, command.Stderr = stdout, stderr
	running, err := host.app.service.starter.start(command)
	if err != nil {
		return 0, fmt.Errorf("start the handler: %w", err)
	}
	defer stdout.flush()
	defer stderr.flush()
	if err := h.untilReady(ctx, running, port); err != nil {
		running.stop(host.app.service.config.StopGrace)
		return 0, err
	}
	select {
	case <-running.exited: // before it was ready
		return running.code, nil
	default:
	}
	host.app.journal.host(information, "the handler is ready")
	h.set(handlerReady, port)
	select {
	case <-running.exited:
		return running.code, nil
	case <-ctx.Done():
	}
	if !running.stop(host.app.service.config.StopGrace) {
		host.app.journal.host(warning, "the handler did not stop within %s and was killed", host.app.service.config.StopGrace)
	}
	return running.code, nil
}

// untilReady asks GET / until anything answers or the process ends.
func (h *handler) untilReady(ctx context.Context, running *process, port int) error {
	ctx, cancel := context.WithTimeout(ctx, h.host.config.InitTimeout)
	defer cancel()
	again := time.NewTicker(readinessInterval)
	defer again.Stop()
	for {
		if h.answers(ctx, port) {
			return nil
		}
		select {
		case <-running.exited:
			return nil
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("expected the handler to answer GET / within %s, got nothing; it must listen on 127.0.0.1 and the port in FUNCTIONS_CUSTOMHANDLER_PORT", h.host.config.InitTimeout)
		}
	}
}

func (h *handler) answers(ctx context.Context, port int) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, handlerURL(port)+"/", nil)
	if err != nil {
		return false
	}
	resp, err := h.host.transport.RoundTrip(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return true
}

func handlerURL(port int) string {
	return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// freePort finds a port that nobody listens on.
func freePort() (int, error) {
	l, err := loopback.ListenFree(context.Background())
	if err != nil {
		return 0, err
	}
	return loopback.Port(l), l.Close()
}
