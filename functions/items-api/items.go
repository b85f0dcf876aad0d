package main

import (
	"log/slog"
	"net/http"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/gate"
	"app-to-app/functions/internal/verify"
)

// An item is one of what the API has.
type item struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// An answer has the list, and the caller as the API saw it.
type answer struct {
	List   []item `json:"list"`
	Caller caller `json:"caller"`
}

type caller struct {
	ObjectID string   `json:"objectId"`
	ClientID string   `json:"clientId"`
	Roles    []string `json:"roles"`
}

// getItems is the function GetItems. The caller has been admitted.
func getItems(logger *slog.Logger) gate.Answer {
	list := []item{{"1", "first"}, {"2", "second"}}
	return func(w http.ResponseWriter, r *http.Request, from verify.Claims) {
		logger.InfoContext(r.Context(), "items given", "caller", from, "items", len(list))
		customhandler.WriteJSON(w, http.StatusOK, answer{
			List:   list,
			Caller: caller{ObjectID: from.ObjectID, ClientID: from.ClientID, Roles: from.Roles.Strings()},
		})
	}
}
