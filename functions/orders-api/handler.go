package main

import (
	"log/slog"
	"net/http"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/orders"
	"app-to-app/functions/internal/verify"
)

// getOrders is the function GetOrders.
type getOrders struct {
	verifier *verify.Verifier
	orders   []orders.Order
	logger   *slog.Logger
	sampler  *customhandler.Sampler
}

func newGetOrders(verifier *verify.Verifier, list []orders.Order, app *customhandler.App) http.Handler {
	return &getOrders{verifier: verifier, orders: list, logger: app.Logger, sampler: app.Sampler}
}

// ServeHTTP checks the caller before the query, so that strangers do not learn
// which queries there are.
func (g *getOrders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	caller, err := g.verifier.Authenticate(r)
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	filter, err := orders.ParseFilter(r.URL.RawQuery)
	if err != nil {
		customhandler.WriteError(w, http.StatusBadRequest, "invalid_query", err.Error())
		return
	}
	selected := filter.Apply(g.orders)
	g.logger.InfoContext(r.Context(), "orders given", "caller", caller, "orders", len(selected))
	customhandler.WriteJSON(w, http.StatusOK, orders.Answer{
		Orders: selected,
		Caller: orders.Caller{ObjectID: caller.ObjectID, ClientID: caller.ClientID, Roles: caller.Roles.Strings()},
	})
}

// knownCallers is how many refusals of one reason are logged a minute when the
// tenant vouches for the caller. They are mistakes that somebody wants to find, so
// all of them are logged unless a client calls in a loop.
const knownCallers = 60

// refuse logs the reason and answers without it. Of refusals that anyone can cause,
// the log gets one a minute for each reason.
func (g *getOrders) refuse(w http.ResponseWriter, r *http.Request, err error) {
	answer := verify.AnswerTo(err)
	line := customhandler.Line{Kind: "caller refused: " + answer.Reason, Level: slog.LevelWarn}
	if answer.Status == http.StatusForbidden { // only a token whose signature is good gets this far
		line.Limit = knownCallers
	}
	g.sampler.Log(r.Context(), line, "caller refused", "status", answer.Status, "code", answer.Code, "reason", err)
	answer.SetHeader(w.Header())
	customhandler.WriteError(w, answer.Status, answer.Code, answer.Message)
}
