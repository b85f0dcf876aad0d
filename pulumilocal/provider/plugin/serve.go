package plugin

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Serve runs a plugin process: it listens on a free loopback port, prints the
// port on stdout, and serves until the engine interrupts it or exits.
// The engine gives its own address as the only argument; without one, the
// provider waits to be attached (PULUMI_DEBUG_PROVIDERS).
func Serve(arguments []string, stdout io.Writer, definition Definition) error {
	flags := flag.NewFlagSet(definition.Name, flag.ContinueOnError)
	// The engine passes its own logging flags on when it is verbose
	// (--logtostderr, -v=N, --tracing URL; those of glog). They are accepted and
	// ignored: the sandbox's request history shows more than such a log.
	for _, name := range []string{"logtostderr", "alsologtostderr", "logflow"} {
		flags.Bool(name, false, "ignored")
	}
	for _, name := range []string{"tracing", "stderrthreshold", "vmodule", "log_backtrace_at", "log_dir", "log_link", "logbuflevel"} {
		flags.String(name, "", "ignored")
	}
	flags.Int("v", 0, "ignored")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 1 {
		return fmt.Errorf("expected the engine's address as the only argument, got %d arguments", flags.NArg())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	engine := &engineLog{}
	defer engine.Close()
	if flags.NArg() == 1 {
		if err := engine.Attach(flags.Arg(0)); err != nil {
			return fmt.Errorf("connect to the engine: %w", err)
		}
		if err := rpcutil.Healthcheck(ctx, flags.Arg(0), 5*time.Minute, stop); err != nil {
			return fmt.Errorf("watch the engine: %w", err)
		}
	}
	done := make(chan bool)
	context.AfterFunc(ctx, func() { close(done) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: done,
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(s, NewServer(definition, engine))
			return nil
		},
	})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "%d\n", handle.Port); err != nil {
		return err
	}
	return <-handle.Done
}

// An engineLog shows lines to the user through the engine. It is safe for
// concurrent use, and silent while no engine is attached.
type engineLog struct {
	mu   sync.Mutex
	conn *grpc.ClientConn
}

// Attach connects to the engine's address.
func (l *engineLog) Attach(address string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var old error
	if l.conn != nil {
		old = l.conn.Close()
	}
	l.conn = conn
	return old
}

func (l *engineLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return errors.New("no engine attached")
	}
	return l.conn.Close()
}

func (l *engineLog) Info(ctx context.Context, urn resource.URN, message string) {
	l.log(ctx, pulumirpc.LogSeverity_INFO, urn, message)
}

func (l *engineLog) Warn(ctx context.Context, urn resource.URN, message string) {
	l.log(ctx, pulumirpc.LogSeverity_WARNING, urn, message)
}

// log shows one message. It ignores an engine that no longer listens: the
// operation behind the message should not fail for that.
func (l *engineLog) log(ctx context.Context, severity pulumirpc.LogSeverity, urn resource.URN, message string) {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn == nil {
		return
	}
	_, _ = pulumirpc.NewEngineClient(conn).Log(ctx, &pulumirpc.LogRequest{
		Severity: severity, Message: strings.ToValidUTF8(message, "\uFFFD"), Urn: string(urn),
	})
}
