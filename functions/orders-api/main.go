// Orders-api is the handler of the function app that serves the orders. Its one
// function, GetOrders, admits only applications of its tenant that have the app
// role.
//
// It runs under the Azure Functions host as the custom handler named in
// host.json, built for linux/amd64 as handler. It requires an access token and no
// function key (authLevel anonymous): a key would be one more secret, and does
// not say who calls.
package main

import (
	"context"
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
	app.HTTP("GET /api/orders", newGetOrders(verifier, orders.Sample(), app))
	return nil
}
