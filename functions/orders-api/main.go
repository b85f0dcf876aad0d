// Orders-api is the handler of the function app that serves the orders. It admits
// only applications of its tenant that have the app role of the operation: one to
// get orders, another to export them.
//
// It runs under the Azure Functions host as the custom handler named in
// host.json, built as handler, in Azure for linux/amd64. It requires an access token and no
// function key (authLevel anonymous): a key would be one more secret, and does
// not say who calls.
package main

import (
	"context"
	"os"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/gate"
	"app-to-app/functions/internal/orders"
)

func main() { os.Exit(customhandler.Main("orders-api", start)) }

func start(ctx context.Context, app *customhandler.App) error {
	admit, err := gate.Open(ctx, app, "ORDERS")
	if err != nil {
		return err
	}
	admit.Serve(operations(admit, orders.Sample())...)
	return nil
}

// exportRole is the app role that exporting needs. If the API does not offer it,
// nobody has it.
const exportRole = "Orders.Export"

func operations(admit *gate.Gate, list []orders.Order) []gate.Operation {
	role := admit.Role()
	return []gate.Operation{
		{Pattern: "GET /api/orders", Role: role, Answer: getOrders(list, admit.Logger(role))},
		{Pattern: "GET /api/orders/export", Role: exportRole, Answer: exportOrders(list, admit.Logger(exportRole))},
	}
}
