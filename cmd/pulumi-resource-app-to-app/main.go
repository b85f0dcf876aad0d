// Command pulumi-resource-app-to-app is the plugin that serves the components to
// Pulumi programs in any language (app-to-app/plugin). The CLI runs it
// from this folder: `pulumi package add PATH/cmd/pulumi-resource-app-to-app`.
package main

import (
	"fmt"
	"os"

	"app-to-app/plugin"
)

func main() {
	if err := plugin.Serve(); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-app-to-app: error: %v\n", err)
		os.Exit(1)
	}
}
