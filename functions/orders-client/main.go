// Orders-client is the handler of the function app that fetches the orders as
// an application: on a schedule (ProcessOrdersTimer) and over HTTP
// (ProcessOrders). It does so once with each configured token provider.
//
// It runs under the Azure Functions host as the custom handler named in
// host.json, built as handler, in Azure for linux/amd64. ProcessOrders requires a function
// key: without one, anyone could read the orders with this app's identity.
package main

import (
	"context"
	"net/http"
	"os"

	"app-to-app/functions/internal/caller"
	"app-to-app/functions/internal/customhandler"
)

// prefix begins the names of the app settings: that of the API orders.
const prefix = "ORDERS"

func main() { os.Exit(customhandler.Main("orders-client", start)) }

func start(_ context.Context, app *customhandler.App) error {
	settings, err := caller.ReadSettings(app.Settings, prefix, app.Logger)
	if err != nil {
		return err
	}
	app.Logger.Info("client configured", "settings", settings)
	processor := newProcessor(settings.Providers, settings.URL, &http.Client{}, app.Logger)
	app.HTTP("GET /api/ProcessOrders", http.HandlerFunc(processor.serveHTTP))
	app.HTTP("POST /api/ProcessOrders", http.HandlerFunc(processor.serveHTTP))
	app.Timer("ProcessOrdersTimer", "timer", func(ctx context.Context, timer customhandler.Timer) error {
		return processor.tick(ctx, timer.IsPastDue)
	})
	return nil
}
