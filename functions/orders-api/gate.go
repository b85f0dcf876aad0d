package main

import (
	"log/slog"
	"net/http"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/verify"
)

// admitted answers a request whose caller has been admitted.
type admitted func(http.ResponseWriter, *http.Request, verify.Claims)

// A gate admits the callers of one operation. It checks the caller before
// anything else of the request, so that strangers do not learn which queries
// there are.
type gate struct {
	verifier *verify.Verifier
	role     string // that the operation needs
	app      *customhandler.App
	admit    admitted
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	caller, err := g.verifier.Authenticate(r)
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	g.admit(w, r, caller)
}

// knownCallers is how many refusals of one reason are logged a minute when the
// tenant vouches for the caller. They are mistakes that somebody wants to find, so
// all of them are logged unless a client calls in a loop.
const knownCallers = 60

// refuse logs the reason and answers without it. Of refusals that anyone can cause,
// the log gets one a minute for each reason, and the ids of the others. `tenant why
// -id` reads these lines.
func (g *gate) refuse(w http.ResponseWriter, r *http.Request, err error) {
	answer := verify.AnswerTo(err)
	line := customhandler.Line{Kind: "caller refused: " + answer.Reason, Level: slog.LevelWarn, KeepIDs: true}
	if answer.Status == http.StatusForbidden { // only a token whose signature is good gets this far
		line.Limit = knownCallers
	}
	args := []any{"decision", "refused", "role", g.role, "status", answer.Status, "code", answer.Code, "cause", answer.Reason, "reason", err}
	if caller, ok := verify.CallerOf(err); ok {
		args = append(args, "caller", caller)
	}
	g.app.Sampler.Log(r.Context(), line, "caller refused", args...)
	answer.SetHeader(w.Header())
	customhandler.WriteError(w, answer.Status, answer.Code, answer.Message)
}
