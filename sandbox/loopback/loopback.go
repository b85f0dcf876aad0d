// Package loopback chooses the addresses that a sandbox keeps. A port that is
// remembered must still be free after a restart, so it is not taken from the
// range out of which the kernel serves every outgoing connection and every
// listener on port 0 (ip_local_port_range, from 32768 on Linux).
package loopback

import (
	"context"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports to choose from: below the kernel's own range, above the services
// that people run by hand.
const (
	firstPort = 20000
	lastPort  = 32000
)

// Listen listens on a port of 127.0.0.1.
func Listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// ListenFree listens on a free port of 127.0.0.1 that is likely to be free
// again later.
func ListenFree(ctx context.Context) (net.Listener, error) {
	for range 64 {
		if l, err := Listen(ctx, firstPort+rand.IntN(lastPort-firstPort+1)); err == nil {
			return l, nil
		}
	}
	return Listen(ctx, 0) // a crowded machine: any port is better than none
}
