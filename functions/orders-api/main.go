// Orders-api is the handler of the function app that serves the orders. It admits
// only applications of its tenant that have the app role of the operation: one to
// get orders, another to export them.
//
// It runs under the Azure Functions host as the custom handler named in
// host.json, built for linux/amd64 as handler. It requires an access token and no
// function key (authLevel anonymous): a key would be one more secret, and does
// not say who calls.
package main

import (
	"context"
	"log/slog"
	"os"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/orders"
	"app-to-app/functions/internal/verify"
)

func main() { os.Exit(customhandler.Main("orders-api", start)) }

func start(ctx context.Context, app *customhandler.App) error {
	settings, err := readSettings(app.Settings)
	if err != nil {
		return err
	}
	keys, err := verify.NewKeys(verify.KeysConfig{
		TenantID: settings.tenantID, AuthorityHost: settings.authorityHost, Logger: app.Logger,
	})
	if err != nil {
		return err
	}
	verifier, err := verify.NewVerifier(settings.verifier(keys))
	if err != nil {
		return err
	}
	go keys.Run(ctx)
	for _, o := range operations(settings.role) {
		app.HTTP(o.pattern, &gate{
			verifier: verifier.ForRole(o.role), role: o.role, app: app,
			admit: o.answer(orders.Sample(), app.Logger.With("decision", "admitted", "role", o.role)),
		})
	}
	return nil
}

// exportRole is the app role that exporting needs. If the API does not offer it,
// nobody has it.
const exportRole = "Orders.Export"

// An operation is what a caller may ask for, with the app role that it needs.
type operation struct {
	pattern, role string
	answer        func([]orders.Order, *slog.Logger) admitted
}

func operations(role string) []operation {
	return []operation{
		{"GET /api/orders", role, getOrders},
		{"GET /api/orders/export", exportRole, exportOrders},
	}
}
