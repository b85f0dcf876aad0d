// Items-client is the handler of the function app that calls the API items as an
// application: on a schedule (CallItemsTimer) and over HTTP (CallItems). It does
// so once with each configured token provider.
//
// CallItems requires a function key: without one, anyone could call the API with
// this app's identity.
package main

import (
	"context"
	"net/http"
	"os"

	"app-to-app/functions/internal/caller"
	"app-to-app/functions/internal/customhandler"
)

// prefix begins the names of the app settings: that of the API.
const prefix = "ITEMS"

func main() { os.Exit(customhandler.Main("items-client", start)) }

func start(_ context.Context, app *customhandler.App) error {
	settings, err := caller.ReadSettings(app.Settings, prefix, app.Logger)
	if err != nil {
		return err
	}
	app.Logger.Info("client configured", "settings", settings)
	calls := &calls{providers: settings.Providers, url: settings.URL, httpClient: &http.Client{}, logger: app.Logger}
	app.HTTP("GET /api/CallItems", http.HandlerFunc(calls.serveHTTP))
	app.HTTP("POST /api/CallItems", http.HandlerFunc(calls.serveHTTP))
	app.Timer("CallItemsTimer", "timer", func(ctx context.Context, _ customhandler.Timer) error { return calls.tick(ctx) })
	return nil
}
