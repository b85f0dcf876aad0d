package loopback_test

import (
	"net"
	"testing"

	"app-to-app/sandbox/loopback"
)

func TestAClosedPortIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	first, err := loopback.ListenFree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	port := loopback.Port(first)
	if port >= 32768 {
		t.Errorf("got port %d, want one below the range of outgoing connections", port)
	}
	if host, _, _ := net.SplitHostPort(first.Addr().String()); host != "127.0.0.1" {
		t.Errorf("got host %q, want 127.0.0.1", host)
	}
	// A copy of the file, as a process that is being started has it.
	copied, err := net.Listener(first).(interface{ Unwrap() *net.TCPListener }).Unwrap().File()
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := loopback.Listen(t.Context(), port)
	if err != nil {
		t.Fatalf("expected port %d to be free as soon as it is closed: %v", port, err)
	}
	second.Close()
}

func TestATakenPortIsRefused(t *testing.T) {
	t.Parallel()
	first, err := loopback.ListenFree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if second, err := loopback.Listen(t.Context(), loopback.Port(first)); err == nil {
		second.Close()
		t.Error("got a second listener on one port, want a refusal")
	}
}
