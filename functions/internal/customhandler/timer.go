package customhandler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// A Timer is what the Functions host says about the tick that started a timer
// function.
//
// Its ScheduleStatus is left out on purpose: nothing here needs it, it is
// absent with useMonitor false, and before the first tick its times are .NET's
// zero, which has no time zone and is no RFC 3339 time.
type Timer struct {
	IsPastDue bool // the tick is late: it was missed at its time
}

// invocation is the host's envelope for every trigger that is not HTTP.
type invocation struct {
	Data     map[string]json.RawMessage
	Metadata map[string]json.RawMessage
}

// result is the answer to an envelope. It always has all three members: after an
// empty or null answer the host waits until its functionTimeout
// (HttpFunctionInvocationDispatcher never completes the invocation).
type result struct {
	Outputs     map[string]any
	Logs        []string
	ReturnValue any
}

// Timer registers a function with a timer trigger: its name, which is the name
// of its folder, and the name of its binding in function.json. The invocation
// fails when run returns an error.
func (a *App) Timer(function, binding string, run func(context.Context, Timer) error) {
	a.HTTP("POST /"+function, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timer, err := decodeTimer(r.Body, binding)
		if err != nil {
			a.Logger.WarnContext(r.Context(), "timer invocation refused", "function", function, "error", err)
			answer(w, http.StatusBadRequest, "the invocation could not be read")
			return
		}
		if err := run(r.Context(), timer); err != nil {
			a.Logger.ErrorContext(r.Context(), "timer function failed", "function", function, "error", err)
			answer(w, http.StatusInternalServerError, "the function failed; see its log")
			return
		}
		answer(w, http.StatusOK)
	}))
}

// answer ends an invocation. Any status but 2xx is a failure for the host.
func answer(w http.ResponseWriter, status int, logs ...string) {
	WriteJSON(w, status, result{Outputs: map[string]any{}, Logs: append([]string{}, logs...)})
}

func decodeTimer(body io.Reader, binding string) (Timer, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return Timer{}, fmt.Errorf("read invocation: %w", err)
	}
	var envelope invocation
	if err := json.Unmarshal(content, &envelope); err != nil {
		return Timer{}, fmt.Errorf("decode invocation: %w", err)
	}
	data, ok := envelope.Data[binding]
	if !ok {
		return Timer{}, fmt.Errorf("decode invocation: expected %q in Data, the name of the binding in function.json", binding)
	}
	// The host sends an object; some older ones send it as the text of a JSON
	// string.
	if bytes.HasPrefix(data, []byte(`"`)) {
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return Timer{}, fmt.Errorf("decode timer: %w", err)
		}
		data = json.RawMessage(text)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return Timer{}, errors.New("decode timer: expected an object, or an object as a string")
	}
	var timer Timer
	if err := json.Unmarshal(data, &timer); err != nil {
		return Timer{}, fmt.Errorf("decode timer: %w", err)
	}
	return timer, nil
}
