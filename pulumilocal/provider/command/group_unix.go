//go:build unix

package command

import (
	"os/exec"
	"syscall"
	"time"
)

// group puts a command and what it starts into a process group, so that a
// cancelled run leaves none of them running (go run starts the program as its
// child).
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
}
