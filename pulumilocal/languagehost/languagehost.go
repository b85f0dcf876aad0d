// Package languagehost replaces pulumi-language-go, which the CLI starts to run a
// Pulumi program written in Go and which is not available as a module. It answers
// only the calls that the engine makes for a program: plugin info, required
// packages, install dependencies, run, cancel; run plugin, for a plugin in Go; and
// generate program, without writing Go. The options `binary` and
// `buildTarget` work as documented
// (https://www.pulumi.com/docs/iac/languages-sdks/go/). It never writes into the
// project.
//
// Not for production.
package languagehost

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"app-to-app/pulumilocal/engine"
)

// Serve answers as the plugin pulumi-language-go until the engine exits. args are
// the process's arguments without its name.
func Serve(args []string) error {
	engineAddress, err := parseArguments(args)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	cancel := make(chan bool)
	if engineAddress != "" {
		if err := rpcutil.Healthcheck(ctx, engineAddress, 5*time.Second, func() {
			stop()
			close(cancel)
		}); err != nil {
			return fmt.Errorf("watch engine: %w", err)
		}
	}
	host := &languageHost{engine: engineAddress, stop: stop, ctx: ctx}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("serve language host: %w", err)
	}
	fmt.Printf("%d\n", handle.Port) // how the engine learns the port
	return <-handle.Done
}

// parseArguments returns the engine's address, if it is given.
func parseArguments(args []string) (engineAddress string, err error) {
	flags := flag.NewFlagSet(engine.LanguageHost, flag.ContinueOnError)
	// The engine passes these to every language host: options of programs, which
	// Run gets again with each program, and when it is verbose its own logging
	// flags (those of glog). They are accepted and ignored.
	for _, name := range []string{"root", "tracing", "binary", "buildTarget", "stderrthreshold", "vmodule", "log_backtrace_at", "log_dir", "log_link", "logbuflevel"} {
		flags.String(name, "", "ignored")
	}
	for _, name := range []string{"logtostderr", "alsologtostderr", "logflow"} {
		flags.Bool(name, false, "ignored")
	}
	flags.Int("v", 0, "ignored")
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	if flags.NArg() > 1 {
		return "", fmt.Errorf("expected the engine's address as the only argument, got %d arguments", flags.NArg())
	}
	return flags.Arg(0), nil
}

type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
	ctx    context.Context // ends with the engine
	stop   func()

	mu       sync.Mutex
	programs map[*os.Process]bool
}

func (h *languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: engine.Version}, nil
}

func (h *languageHost) GetRequiredPackages(ctx context.Context, req *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	packages, err := requiredPackages(ctx, req.GetInfo().GetProgramDirectory(), req.GetInfo().GetEntryPoint())
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	return &pulumirpc.GetRequiredPackagesResponse{Packages: packages}, nil
}

func (h *languageHost) InstallDependencies(req *pulumirpc.InstallDependenciesRequest, stream grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse]) error {
	err := downloadModules(stream.Context(), req.GetInfo().GetProgramDirectory(), func(line []byte) error {
		return stream.Send(&pulumirpc.InstallDependenciesResponse{Stderr: line})
	})
	if err != nil {
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	return nil
}

func (h *languageHost) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if req.GetAttachDebugger() {
		return nil, status.Error(codes.Unimplemented, "the sandbox's language host cannot attach a debugger")
	}
	environ, err := h.environ(req)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	program, done, err := buildProgram(ctx, req.GetInfo())
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	defer done()
	err = h.execute(ctx, program, req.GetPwd(), environ)
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.Is(err, errReported):
		return &pulumirpc.RunResponse{Bail: true}, nil
	}
	return &pulumirpc.RunResponse{Error: err.Error()}, nil
}

// GenerateProgram is asked for after `pulumi import`, to show the declarations to
// copy into the program. They are shown in Pulumi's own language, as a comment:
// writing Go takes Pulumi's code generator, which this host does not link.
func (h *languageHost) GenerateProgram(_ context.Context, req *pulumirpc.GenerateProgramRequest) (*pulumirpc.GenerateProgramResponse, error) {
	var text strings.Builder
	text.WriteString("// The sandbox's language host writes no Go; Pulumi's own does. The declarations in PCL:\n")
	for _, name := range slices.Sorted(maps.Keys(req.GetSource())) {
		for line := range strings.Lines(req.GetSource()[name]) {
			text.WriteString("// " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	return &pulumirpc.GenerateProgramResponse{Source: map[string][]byte{"main.go": []byte(text.String())}}, nil
}

func (h *languageHost) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for process := range h.programs {
		process.Signal(os.Interrupt)
	}
	return &emptypb.Empty{}, nil
}
