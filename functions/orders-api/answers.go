package main

import (
	"fmt"
	"log/slog"
	"net/http"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/gate"
	"app-to-app/functions/internal/orders"
	"app-to-app/functions/internal/verify"
)

// getOrders is the function GetOrders: the orders that a query selects, and who
// the caller is.
func getOrders(list []orders.Order, logger *slog.Logger) gate.Answer {
	return func(w http.ResponseWriter, r *http.Request, caller verify.Claims) {
		filter, ok := filterOf(w, r)
		if !ok {
			return
		}
		selected := filter.Apply(list)
		logger.InfoContext(r.Context(), "orders given", "caller", caller, "orders", len(selected))
		customhandler.WriteJSON(w, http.StatusOK, orders.Answer{
			Orders: selected,
			Caller: orders.Caller{ObjectID: caller.ObjectID, ClientID: caller.ClientID, Roles: caller.Roles.Strings()},
		})
	}
}

// exportOrders is the function ExportOrders: the orders that a query selects, in
// the format that the caller accepts, an order at a time.
func exportOrders(list []orders.Order, logger *slog.Logger) gate.Answer {
	return func(w http.ResponseWriter, r *http.Request, caller verify.Claims) {
		filter, ok := filterOf(w, r)
		if !ok {
			return
		}
		format, ok := orders.FormatFor(r.Header.Values("Accept"))
		if !ok {
			customhandler.WriteError(w, http.StatusNotAcceptable, "not_acceptable", "orders are exported as "+orders.MediaTypes())
			return
		}
		header := w.Header()
		header.Set("Content-Type", format.ContentType)
		header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "orders"+format.Extension))
		header.Set("Cache-Control", "no-store")
		header.Set("Vary", "Accept")
		header.Set("X-Content-Type-Options", "nosniff")
		n, err := format.Write(w, filter.Select(list))
		if err != nil {
			logger.WarnContext(r.Context(), "export broken off", "caller", caller, "orders", n, "cause", err)
			panic(http.ErrAbortHandler) // so that the caller does not take a part for the whole
		}
		logger.InfoContext(r.Context(), "orders exported", "caller", caller, "orders", n, "type", format.ContentType)
	}
}

// filterOf reads the query, or answers that it cannot be read.
func filterOf(w http.ResponseWriter, r *http.Request) (orders.Filter, bool) {
	filter, err := orders.ParseFilter(r.URL.RawQuery)
	if err != nil {
		customhandler.WriteError(w, http.StatusBadRequest, "invalid_query", err.Error())
	}
	return filter, err == nil
}
