// Gated tells that it runs by making the file $GATE.started, and ends once there
// is a file $GATE.
package main

import (
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		gate := os.Getenv("GATE")
		if err := os.WriteFile(gate+".started", nil, 0o600); err != nil {
			return err
		}
		for {
			if _, err := os.Stat(gate); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		ctx.Export("gate", pulumi.String(os.Getenv("GATE_NAME")))
		return nil
	})
}
