// Command yaml is Pulumi's language host for programs in YAML, pulumi-language-yaml,
// with the one call that this CLI makes and that version does not answer: Link,
// after `pulumi package add`. A program in YAML names the types of a package and
// imports nothing, so there is nothing to link.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/pulumi/pulumi-yaml/pkg/server"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-yaml: error: %v\n", err)
		os.Exit(1)
	}
}

// serve answers until the engine exits. The engine passes its address.
func serve() error {
	for _, name := range []string{"tracing", "root", "compiler"} {
		flag.String(name, "", "ignored")
	}
	flag.Parse()
	logging.InitLogging(false, 0, false)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	engine := flag.Arg(0)
	if engine != "" {
		if err := rpcutil.Healthcheck(ctx, engine, 5*time.Minute, stop); err != nil {
			return fmt.Errorf("watch engine: %w", err)
		}
	}
	cancel := make(chan bool)
	context.AfterFunc(ctx, func() { close(cancel) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: cancel, Init: func(s *grpc.Server) error {
		pulumirpc.RegisterLanguageRuntimeServer(s, host{server.NewLanguageHost(engine, "", false)})
		return nil
	}})
	if err != nil {
		return err
	}
	fmt.Printf("%d\n", handle.Port) // how the engine learns the port
	return <-handle.Done
}

type host struct {
	pulumirpc.LanguageRuntimeServer
}

// Link says how a program uses a package.
func (host) Link(context.Context, *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	return &pulumirpc.LinkResponse{ImportInstructions: "Use the types of the package in the program's resources."}, nil
}
