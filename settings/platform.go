package settings

import (
	"context"
	"net/http"

	"app-to-app/azurecloud/endpoints"
)

// Platform is what the function apps of a cloud run on, as GOOS/GOARCH, by
// ARM_METADATA_HOSTNAME: linux/amd64 in Azure, the sandbox's own in a sandbox. It is
// not a setting: a package for anything else would not start.
func Platform(ctx context.Context, httpClient *http.Client, metadataHost string) (string, error) {
	return endpoints.FunctionsPlatform(ctx, httpClient, metadataHost)
}
