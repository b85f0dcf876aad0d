// Command failing is a Pulumi program that reports its own failure.
package main

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(*pulumi.Context) error { return errors.New("expected better weather") })
}
