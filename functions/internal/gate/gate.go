// Package gate admits the callers of an API's operations by their app role.
//
// An API has a table of [Operation], each with the app role that it needs. The
// gate reads the app settings that say whose tokens count, and checks the caller
// before anything else of a request, so that strangers do not learn what there
// is. What a token must have is the business of package verify.
package gate

import (
	"context"
	"log/slog"
	"net/http"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/verify"
)

// An Answer answers a request whose caller has been admitted.
type Answer func(http.ResponseWriter, *http.Request, verify.Claims)

// An Operation is what a caller may ask for, with the app role that it needs.
type Operation struct {
	Pattern string // of [customhandler.App.HTTP], such as GET /api/orders
	Role    string // app role; if the API does not offer it, nobody has it
	Answer  Answer
}

// A Gate verifies access tokens. Its zero value is not usable; see [Open].
type Gate struct {
	app      *customhandler.App
	verifier *verify.Verifier
	role     string
}

// Open reads the app settings whose names begin with the prefix and an underscore,
// and fetches signing keys until ctx ends.
func Open(ctx context.Context, app *customhandler.App, prefix string) (*Gate, error) {
	settings, err := readSettings(app.Settings, prefix)
	if err != nil {
		return nil, err
	}
	keys, err := verify.NewKeys(verify.KeysConfig{
		TenantID: settings.tenantID, AuthorityHost: settings.authorityHost, Logger: app.Logger,
	})
	if err != nil {
		return nil, err
	}
	verifier, err := verify.NewVerifier(settings.verifier(keys))
	if err != nil {
		return nil, err
	}
	go keys.Run(ctx)
	return &Gate{app: app, verifier: verifier, role: settings.role}, nil
}

// Role is the app role that the app settings name: the first one of the API.
func (g *Gate) Role() string { return g.role }

// Logger is for what is done for an admitted caller: its lines say which app role
// admitted it, for `tenant why -id`.
func (g *Gate) Logger(role string) *slog.Logger {
	return g.app.Logger.With("decision", "admitted", "role", role)
}

// Serve registers the operations.
func (g *Gate) Serve(operations ...Operation) {
	for _, o := range operations {
		g.app.HTTP(o.Pattern, &guarded{app: g.app, verifier: g.verifier.ForRole(o.Role), role: o.Role, answer: o.Answer})
	}
}

// guarded is one operation behind the gate.
type guarded struct {
	app      *customhandler.App
	verifier *verify.Verifier
	role     string
	answer   Answer
}

func (g *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	caller, err := g.verifier.Authenticate(r)
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	g.answer(w, r, caller)
}

// knownCallers is how many refusals of one reason are logged a minute when the
// tenant vouches for the caller. They are mistakes that somebody wants to find, so
// all of them are logged unless a client calls in a loop.
const knownCallers = 60

// refuse logs the reason and answers without it. Of refusals that anyone can cause,
// the log gets one a minute for each reason, and the ids of the others. `tenant why
// -id` reads these lines.
func (g *guarded) refuse(w http.ResponseWriter, r *http.Request, err error) {
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
