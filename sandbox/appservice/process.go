//go:build linux || darwin

package appservice

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// This file runs processes. The rules are: a process dies with the sandbox, on
// Linux even if the sandbox is killed with -9; it leads a process group, which is
// killed when the process ends, so that nothing that it started is left.

// A starter starts processes from one thread of the operating system. Linux
// sends the parent death signal when the thread that started a process
// ends, not its process (prctl(2), PR_SET_PDEATHSIG), and Go's threads come
// and go.
type starter struct {
	once     sync.Once
	requests chan startRequest
	closed   chan struct{}
}

type startRequest struct {
	command *exec.Cmd
	started chan error
}

func newStarter() *starter {
	return &starter{requests: make(chan startRequest), closed: make(chan struct{})}
}

func (s *starter) run() {
	// Never unlocked: the thread ends with the goroutine.
	runtime.LockOSThread()
	for {
		select {
		case r := <-s.requests:
			r.started <- r.command.Start()
		case <-s.closed:
			return
		}
	}
}

// close ends the thread, and with it whatever still runs.
func (s *starter) close() {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
}

// A process is a started command and its process group.
type process struct {
	command *exec.Cmd
	exited  chan struct{} // closed when it ended and its output was read
	code    int           // exit code, -1 when a signal ended it; valid after exited

	mu   sync.Mutex
	gone bool // the process is reaped, or about to be: its id may be reused
}

// start starts command in a process group of its own.
func (s *starter) start(command *exec.Cmd) (*process, error) {
	s.once.Do(func() { go s.run() })
	command.SysProcAttr = inOwnGroup()
	// A process that left the group may hold the output open; what it prints
	// later is lost.
	command.WaitDelay = time.Second
	r := startRequest{command: command, started: make(chan error, 1)}
	select {
	case s.requests <- r:
	case <-s.closed:
		return nil, errors.New("start process: the sandbox is stopping")
	}
	if err := <-r.started; err != nil {
		return nil, err
	}
	p := &process{command: command, exited: make(chan struct{})}
	go p.wait()
	return p, nil
}

// wait waits for the end of the process and then kills its group, before the
// process is reaped: until then its id cannot be reused.
func (p *process) wait() {
	defer close(p.exited)
	awaitEnd(p.command.Process.Pid)
	p.mu.Lock()
	p.gone = true
	syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	p.mu.Unlock()
	p.command.Wait() // its result is in ProcessState
	p.code = p.command.ProcessState.ExitCode()
}

// signal sends a signal to the process group.
func (p *process) signal(signal syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		syscall.Kill(-p.command.Process.Pid, signal)
	}
}

// stop asks the process group to end, kills it after grace, and returns when
// the process has ended. It reports whether asking was enough.
func (p *process) stop(grace time.Duration) (asked bool) {
	p.signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
	}
	p.signal(syscall.SIGKILL)
	<-p.exited
	return false
}
