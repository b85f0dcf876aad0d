package loopback

import (
	"net"
	"syscall"
)

// stopListening takes a listener out of service for all who share it; its port
// can be bound again while copies are still open (tcp(7), SO_REUSEADDR).
func stopListening(l net.Listener) {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { syscall.Shutdown(int(fd), syscall.SHUT_RDWR) })
	}
}
