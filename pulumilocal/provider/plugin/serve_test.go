package plugin_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"app-to-app/pulumilocal/provider/plugin"
)

// asPlugin makes the test's own executable a plugin process.
const asPlugin = "TEST_SERVES_AS_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) == "" {
		os.Exit(m.Run())
	}
	definition := plugin.Definition{Name: "test", Version: "1.2.3", Resources: map[string]plugin.Resource{
		boxToken: {Args: &plugin.Type{Kind: plugin.Record}, State: &plugin.Type{Kind: plugin.Record}, Lifecycle: talker{}},
	}}
	if err := plugin.Serve(os.Args[1:], os.Stdout, definition); err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
}

// A talker says something when it creates.
type talker struct{ plugin.Lifecycle }

func (talker) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	call.Info(ctx, "creating")
	call.Warn(ctx, "carefully")
	return plugin.Result{ID: "1"}, nil
}

// An engineServer is the engine's side of the log.
type engineServer struct {
	pulumirpc.UnimplementedEngineServer
	messages chan *pulumirpc.LogRequest
}

func (e *engineServer) Log(_ context.Context, req *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.messages <- req
	return &emptypb.Empty{}, nil
}

func TestServe(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	engine, log := grpc.NewServer(), &engineServer{messages: make(chan *pulumirpc.LogRequest, 2)}
	pulumirpc.RegisterEngineServer(engine, log)
	go func() { _ = engine.Serve(listener) }()
	t.Cleanup(engine.Stop)

	cmd := exec.Command(os.Args[0], "-v=9", "--logtostderr", "-alsologtostderr", "-log_dir=x", "--tracing", "127.0.0.1:1", listener.Addr().String())
	cmd.Env = append(os.Environ(), asPlugin+"=1")
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("read the port: %v", err)
	}
	conn, err := grpc.NewClient("127.0.0.1:"+strings.TrimSpace(port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := pulumirpc.NewResourceProviderClient(conn)
	info, err := client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.GetVersion() != "1.2.3" {
		t.Errorf("got %v, %v, want 1.2.3", info, err)
	}
	const urn = "urn:pulumi:test::app-to-app::" + boxToken + "::it"
	if _, err := client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		severity pulumirpc.LogSeverity
		message  string
	}{{pulumirpc.LogSeverity_INFO, "creating"}, {pulumirpc.LogSeverity_WARNING, "carefully"}} {
		t.Run("shows "+want.message, func(t *testing.T) {
			if got := <-log.messages; got.GetSeverity() != want.severity || got.GetMessage() != want.message || got.GetUrn() != urn {
				t.Errorf("got %v, want %v of the resource", got, want)
			}
		})
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after an interrupt: got %v, want a clean end", err)
	}
}
