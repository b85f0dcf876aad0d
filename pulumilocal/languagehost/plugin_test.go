package languagehost

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// talkingPlugin prints what it was started with and, told so, waits to be stopped.
const talkingPlugin = `package main

import (
	"fmt"
	"os"
	"os/signal"
)

func main() {
	folder, _ := os.Getwd()
	fmt.Println(4242, os.Args[1:], folder, os.Getenv("GREETING"))
	fmt.Fprintln(os.Stderr, "a complaint")
	if os.Args[1] == "wait" {
		stopped := make(chan os.Signal, 1)
		signal.Notify(stopped, os.Interrupt)
		fmt.Println("ready")
		<-stopped
		os.WriteFile(os.Args[2], nil, 0o600)
	}
	os.Exit(7)
}
`

// host is a served language host, and the folder of a plugin.
func host(t *testing.T) (pulumirpc.LanguageRuntimeClient, *pulumirpc.ProgramInfo) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module plugin.test\n\ngo 1.26\n", "main.go": talkingPlugin, "PulumiPlugin.yaml": "runtime: go\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ownPrograms(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pulumirpc.RegisterLanguageRuntimeServer(server, &languageHost{stop: func() {}, ctx: t.Context()})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return pulumirpc.NewLanguageRuntimeClient(conn), &pulumirpc.ProgramInfo{RootDirectory: folder, ProgramDirectory: folder, EntryPoint: "."}
}

func TestRunPlugin(t *testing.T) {
	client, info := host(t)
	folder := t.TempDir()
	stream, err := client.RunPlugin(t.Context(), &pulumirpc.RunPluginRequest{Info: info, Pwd: folder, Args: []string{"127.0.0.1:1"}, Env: []string{"GREETING=hello"}, Kind: "resource"})
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	code := int32(-1)
	for {
		response, err := stream.Recv()
		if err != nil {
			break
		}
		stdout.Write(response.GetStdout())
		stderr.Write(response.GetStderr())
		if exit, ok := response.GetOutput().(*pulumirpc.RunPluginResponse_Exitcode); ok {
			code = exit.Exitcode
		}
	}
	if want := "4242 [127.0.0.1:1] " + folder + " hello\n"; stdout.String() != want || stderr.String() != "a complaint\n" || code != 7 {
		t.Errorf("got %q, %q and exit code %d, want %q, a complaint and 7", stdout.String(), stderr.String(), code, want)
	}
}

// TestRunPluginStops lets the engine leave while a plugin runs.
func TestRunPluginStops(t *testing.T) {
	client, info := host(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tidied := filepath.Join(t.TempDir(), "tidied")
	if err := os.MkdirAll(filepath.Dir(tidied), 0o700); err != nil {
		t.Fatal(err)
	}
	stream, err := client.RunPlugin(ctx, &pulumirpc.RunPluginRequest{Info: info, Pwd: t.TempDir(), Args: []string{"wait", tidied}})
	if err != nil {
		t.Fatal(err)
	}
	for output := ""; !strings.Contains(output, "ready"); {
		response, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		output += string(response.GetStdout())
	}
	cancel()
	for { // the plugin is told, and tidies up
		if _, err := os.Stat(tidied); err == nil {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("expected the plugin to be interrupted")
		}
	}
}

func TestRunPluginThatDoesNotBuild(t *testing.T) {
	client, info := host(t)
	if err := os.WriteFile(filepath.Join(info.GetRootDirectory(), "main.go"), []byte("package main\n\nfunc main() { nothing() }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stream, err := client.RunPlugin(t.Context(), &pulumirpc.RunPluginRequest{Info: info, Pwd: t.TempDir()})
	if err == nil {
		_, err = stream.Recv()
	}
	if err == nil || !strings.Contains(err.Error(), "undefined: nothing") {
		t.Errorf("got %v, want what the compiler says", err)
	}
}
