package components

import (
	"fmt"
	"slices"
	"strings"
)

// A Platform is what the handlers of function apps are built for, as GOOS/GOARCH.
// Empty means [AzurePlatform].
type Platform string

// AzurePlatform is that of Azure: the workers of Flex Consumption run Linux on x64
// (https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan,
// https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers).
const AzurePlatform Platform = "linux/amd64"

// platforms are those that a cloud may have: Azure's, and those of the machines
// that a sandbox runs on.
var platforms = []Platform{AzurePlatform, "linux/arm64", "darwin/amd64", "darwin/arm64"}

// environ are the variables of the go command that choose the platform. GOAMD64 is
// set for all: it would change nothing elsewhere.
func (p Platform) environ() ([]string, error) {
	if p == "" {
		p = AzurePlatform
	}
	system, architecture, _ := strings.Cut(string(p), "/")
	if !slices.Contains(platforms, p) {
		return nil, fmt.Errorf("expected the platform of the function apps to be one of %v, got %q", platforms, string(p))
	}
	return []string{"GOOS=" + system, "GOARCH=" + architecture, "GOAMD64=v1"}, nil
}
