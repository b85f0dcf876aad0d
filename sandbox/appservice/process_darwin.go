package appservice

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// This file is compiled and vetted, and has never run (docs/machines.md).

// inOwnGroup makes a process the leader of a group. macOS has no parent death signal:
// a process outlives a sandbox that is killed with -9.
func inOwnGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// awaitEnd returns when a child has ended, and does not reap it. While the system has
// no file for a queue, it tries again.
func awaitEnd(pid int) {
	for {
		err := reportedEnd(pid)
		if err == nil || errors.Is(err, unix.ESRCH) {
			return
		}
		if !errors.Is(err, unix.EINTR) {
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// reportedEnd waits until the kernel reports that a child has ended, which it keeps as
// a zombie until somebody waits for it (kqueue(2), EVFILT_PROC, NOTE_EXIT). One that
// has ended before is not found: ESRCH. Children do not inherit a queue.
func reportedEnd(pid int) error {
	queue, err := unix.Kqueue()
	if err != nil {
		return err
	}
	defer unix.Close(queue)
	var end unix.Kevent_t
	unix.SetKevent(&end, pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	end.Fflags = unix.NOTE_EXIT
	got := make([]unix.Kevent_t, 1)
	_, err = unix.Kevent(queue, []unix.Kevent_t{end}, got, nil)
	if err == nil && got[0].Flags&unix.EV_ERROR != 0 {
		return syscall.Errno(got[0].Data)
	}
	return err
}
