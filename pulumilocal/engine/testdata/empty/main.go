// Command empty is a Pulumi program without resources.
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		ctx.Export("greeting", pulumi.String("hello from "+ctx.Stack()))
		return nil
	})
}
