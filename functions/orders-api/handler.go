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
}

func newGetOrders(verifier *verify.Verifier, list []orders.Order, logger *slog.Logger) http.Handler {
	return &getOrders{verifier: verifier, orders: list, logger: logger}
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

// refuse logs the reason and answers without it.
func (g *getOrders) refuse(w http.ResponseWriter, r *http.Request, err error) {
	answer := verify.AnswerTo(err)
	g.logger.WarnContext(r.Context(), "caller refused", "status", answer.Status, "code", answer.Code, "reason", err)
	answer.SetHeader(w.Header())
	customhandler.WriteError(w, answer.Status, answer.Code, answer.Message)
}
