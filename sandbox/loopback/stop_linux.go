package loopback

import (
	"net"
	"syscall"
)

// stopListening stops a listener and all copies of it. Its port can be bound
// again while copies are still open (tcp(7), SO_REUSEADDR).
func stopListening(l net.Listener) {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { syscall.Shutdown(int(fd), syscall.SHUT_RDWR) })
	}
}
