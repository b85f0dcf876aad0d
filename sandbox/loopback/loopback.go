// Package loopback opens the sandbox's ports. The rules are: 127.0.0.1 only; the
// caller stores its port and uses it again after a restart. To keep it free until
// then, ports are below the range that Linux uses for outgoing connections and for
// listeners on port 0 (ip_local_port_range, 32768 and up), and closing a listener
// frees its port at once.
package loopback

import (
	"context"
	"math/rand/v2"
	"net"
	"strconv"
)

const (
	firstPort = 20000
	lastPort  = 32767
)

// Listen listens on a port of 127.0.0.1.
func Listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return socket{l}, nil
}

// ListenFree listens on a free port of 127.0.0.1 that is likely to be free
// again later.
func ListenFree(ctx context.Context) (net.Listener, error) {
	for range 64 {
		if l, err := Listen(ctx, firstPort+rand.IntN(lastPort-firstPort+1)); err == nil {
			return l, nil
		}
	}
	return Listen(ctx, 0) // all tries were taken: use any port
}

// Port is the port of a listener of this package.
func Port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// A socket is a listener whose port is free as soon as it is closed. Between
// fork and exec, a child process has copies of all our files
// (golang.org/issue/22315); if we only closed ours, its copy would go on
// listening.
type socket struct{ net.Listener }

// Unwrap returns the listener itself.
func (s socket) Unwrap() *net.TCPListener { return s.Listener.(*net.TCPListener) }

func (s socket) Close() error {
	stopListening(s.Listener)
	return s.Listener.Close()
}
