package customhandler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// stopTimeout limits the wait for running invocations when the host stops the
// handler. App Service kills a process that exceeds its own grace period.
const stopTimeout = 10 * time.Second

// Main runs a function app in this process until the Functions host ends it,
// and returns the process's exit code: 0 after being told to stop, 1 if it could
// not start or serve. The host counts any code but 0 as an error and gives up
// after three within half an hour.
//
// start reads the app's settings, registers its functions and returns; its
// context ends when the app stops. name is the function app's folder, where a
// developer can keep a local.settings.json to run it without the host.
func Main(name string, start func(context.Context, *App) error) int {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	file, err := useLocalSettings(name)
	if err != nil {
		NewLogger(os.Stdout).Error("handler stopped", "error", err)
		return 1
	}
	if file != "" {
		NewLogger(os.Stdout).Info("app settings read", "file", file)
	}
	return Run(ctx, os.Getenv, os.Stdout, start)
}

// Run is [Main] with the caller's environment, log and context. Port 0 listens on
// a free port, which the log names.
func Run(ctx context.Context, lookup func(string) string, output io.Writer, start func(context.Context, *App) error) int {
	logger := NewLogger(output)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	app := NewApp(NewAppSettings(lookup), logger)
	port := app.Settings.Port()
	err := start(ctx, app)
	if err == nil {
		err = app.Settings.Err()
	}
	if err == nil {
		err = app.serve(ctx, port)
	}
	if err != nil {
		logger.Error("handler stopped", "error", err)
		return 1
	}
	logger.Info("handler stopped")
	return 0
}

// serve listens where the host dials (127.0.0.1, IPv4, never another
// interface) until ctx ends.
func (a *App) serve(ctx context.Context, port int) error {
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("listen on the port of FUNCTIONS_CUSTOMHANDLER_PORT: %w", err)
	}
	var handler http.Handler = a
	if !a.Settings.InAzure() {
		handler = a.onLoopback(a)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		// No WriteTimeout: functionTimeout in host.json limits an invocation.
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(a.Logger.Handler(), slog.LevelWarn),
	}
	go a.Sampler.Run(ctx, nil)
	defer a.Sampler.Flush() // what the last invocations left out
	a.Logger.Info("handler listening", "address", listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		_ = server.Close() // cuts off what still runs
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("stop: %w", err)
		}
		a.Logger.Warn("invocations cut off", "after", stopTimeout.String())
	}
	return nil
}
