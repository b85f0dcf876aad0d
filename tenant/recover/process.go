package recover

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// runsPulumi reports whether a process is alive and, where /proc tells, is
// Pulumi: the system gives the number of a dead process to a new one.
func runsPulumi(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = process.Signal(syscall.Signal(0))
	if errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
		return false
	}
	others := errors.Is(err, syscall.EPERM)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil && others {
		return true // another user's, which /proc may hide
	}
	if err != nil {
		_, err := os.Stat("/proc/self/stat")
		return err != nil // without /proc, a process is taken for what the lock says
	}
	return isRunningPulumi(string(status))
}

// isRunningPulumi reads /proc/PID/stat (proc(5)): number, name in parentheses,
// state. A zombie has ended, and waits for its parent to notice.
func isRunningPulumi(status string) bool {
	_, rest, _ := strings.Cut(status, "(")
	end := strings.LastIndex(rest, ") ")
	return end > 0 && strings.HasPrefix(rest[:end], "pulumi") && !strings.HasPrefix(rest[end+2:], "Z")
}
