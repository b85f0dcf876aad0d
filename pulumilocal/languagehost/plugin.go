package languagehost

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// This file runs a plugin that is written in Go, from the folder of its source:
// one whose PulumiPlugin.yaml says `runtime: go`. The engine reads the plugin's
// port from the first line of its output, so that is sent as it comes.

// RunPlugin builds and runs a plugin, in the folder of the program that uses it.
func (h *languageHost) RunPlugin(req *pulumirpc.RunPluginRequest, stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse]) error {
	if req.GetAttachDebugger() {
		return status.Error(codes.Unimplemented, "the sandbox's language host cannot attach a debugger")
	}
	plugin, done, err := buildProgram(stream.Context(), req.GetInfo())
	if err != nil {
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	defer done()
	out := &pluginOutput{stream: stream}
	code, err := h.runPlugin(stream.Context(), plugin, req, out)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return out.send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)}})
}

// runPlugin runs a plugin until it exits, or the engine has enough of it: then it
// is interrupted first, so that it can close its connections.
func (h *languageHost) runPlugin(ctx context.Context, path string, req *pulumirpc.RunPluginRequest, out *pluginOutput) (code int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)() // the engine may exit without a word
	cmd := exec.CommandContext(ctx, path, req.GetArgs()...)
	cmd.Dir = req.GetPwd()
	cmd.Env = append(os.Environ(), req.GetEnv()...)
	cmd.Stdout, cmd.Stderr = out.writer(false), out.writer(true)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	h.track(cmd.Process, true)
	defer h.track(cmd.Process, false)
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	case ctx.Err() != nil:
		return 0, nil
	}
	return 0, err
}

// A pluginOutput sends what a plugin prints. A stream takes one message at a time.
type pluginOutput struct {
	mu     sync.Mutex
	stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse]
}

func (o *pluginOutput) send(response *pulumirpc.RunPluginResponse) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stream.Send(response)
}

func (o *pluginOutput) writer(toStderr bool) outputWriter {
	return func(line []byte) error {
		if toStderr {
			return o.send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: line}})
		}
		return o.send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: line}})
	}
}

type outputWriter func([]byte) error

func (w outputWriter) Write(p []byte) (int, error) {
	if err := w(append([]byte(nil), p...)); err != nil { // a message keeps its bytes
		return 0, err
	}
	return len(p), nil
}
