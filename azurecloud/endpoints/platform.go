package endpoints

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// azurePlatform is what function apps run on in Azure: the workers of Flex
// Consumption are Linux on x64
// (https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers).
const azurePlatform = "linux/amd64"

// FunctionsPlatform is what the function apps of a cloud run on, as GOOS/GOARCH, by
// the host of its Resource Manager; no host means the public cloud. It is
// linux/amd64, except in a sandbox on another machine: that adds the member
// appToAppFunctionsPlatform to its metadata document. The public cloud is not asked.
func FunctionsPlatform(ctx context.Context, httpClient *http.Client, host string) (string, error) {
	if host == "" {
		return azurePlatform, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	document, err := ReadMetadata(ctx, httpClient, host)
	if err != nil {
		return "", fmt.Errorf("find the platform of function apps: get the metadata of ARM_METADATA_HOSTNAME=%s: %w", host, err)
	}
	if document.FunctionsPlatform == "" {
		return azurePlatform, nil
	}
	return document.FunctionsPlatform, nil
}
