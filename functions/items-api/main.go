// Items-api is the handler of the function app that serves items. It admits only
// applications of its tenant that have the app role of the operation.
//
// It runs under the Azure Functions host as the custom handler named in
// host.json. It requires an access token and no function key.
package main

import (
	"context"
	"os"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/gate"
)

// prefix begins the names of the app settings: that of the API.
const prefix = "ITEMS"

func main() { os.Exit(customhandler.Main("items-api", start)) }

// start registers the operations. A new one also needs a folder with a
// function.json that has its route, and, if it takes a role of its own, that role
// in the stack's setting roles.
func start(ctx context.Context, app *customhandler.App) error {
	admit, err := gate.Open(ctx, app, prefix)
	if err != nil {
		return err
	}
	admit.Serve(
		gate.Operation{Pattern: "GET /api/items", Role: admit.Role(), Answer: getItems(app.Logger)},
	)
	return nil
}
