// Notes-api is an example of an API that writes: the handler of a function app
// that keeps notes as blobs, with the identity of its code and without any key.
//
// A caller needs the app role Notes.Write to write a note, and the one that the
// app settings name (Notes.Read) to read its own. The stack needs api.container.
package main

import (
	"context"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/gate"
)

// prefix begins the names of the app settings: that of the API.
const prefix = "NOTES"

// writeRole is the app role that writing needs. If the API does not offer it,
// nobody has it.
const writeRole = "Notes.Write"

func main() { os.Exit(customhandler.Main("notes-api", start)) }

func start(ctx context.Context, app *customhandler.App) error {
	url := app.Settings.HTTPS(prefix+"_CONTAINER_URL", "the URL of the blob container, as https://host/container")
	identity := app.Settings.OptionalGUID(prefix + "_MANAGED_IDENTITY_CLIENT_ID")
	admit, err := gate.Open(ctx, app, prefix)
	if err != nil {
		return err
	}
	credential, err := credentialOf(identity, app.Settings.InAzure())
	if err != nil {
		return err
	}
	blobs, err := container.NewClient(url, credential, nil)
	if err != nil {
		return err
	}
	n := notes{blobs: blobs, logger: app.Logger}
	admit.Serve(
		gate.Operation{Pattern: "POST /api/notes", Role: writeRole, Answer: n.write},
		gate.Operation{Pattern: "GET /api/notes/{key}", Role: admit.Role(), Answer: n.read},
	)
	return nil
}

// credentialOf is the identity of the code, or a developer's login on his machine.
// It never tries another one: the host has an identity too.
func credentialOf(identity string, inAzure bool) (azcore.TokenCredential, error) {
	if !inAzure {
		return azidentity.NewAzureCLICredential(nil)
	}
	return azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(identity)})
}
