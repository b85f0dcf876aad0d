package recover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// This file looks into a backend of files: at its locks, and at the files that a
// killed engine leaves half written. What it knows of the layout is that of the
// backend's source (pulumi, pkg/backend/diy). In any other backend a lock shows
// only in the CLI's error text.

// ErrRunning is the refusal to touch a stack that an update is changing.
var ErrRunning = errors.New("an update of the stack is running")

// A Host is the computer that the command runs on.
type Host struct {
	Name string
	// Runs reports whether a process is a running Pulumi CLI.
	Runs func(pid int) bool
}

// ThisHost is the computer of this process.
func ThisHost() (Host, error) {
	name, err := os.Hostname()
	return Host{Name: name, Runs: runsPulumi}, err
}

// files are a stack's files in a backend of files.
type files struct{ root, project, stack string }

// filesOf is nil for another backend. The address is that of `pulumi whoami`.
func filesOf(address, project, stack string) (*files, error) {
	path, ok := strings.CutPrefix(address, "file://")
	if !ok {
		return nil, nil
	}
	path, _, _ = strings.Cut(path, "?")
	if rest, ok := strings.CutPrefix(path, "~"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		path = filepath.Join(home, rest)
	}
	return &files{root: filepath.Join(filepath.FromSlash(path), ".pulumi"), project: project, stack: stack}, nil
}

// A lock is what the backend writes into a lock file.
type lock struct {
	PID       int       `json:"pid"`
	User      string    `json:"username"`
	Host      string    `json:"hostname"`
	Timestamp time.Time `json:"timestamp"`
}

// locks reads the stack's locks. One that is cut off has no owner to ask for.
func (f *files) locks() (all []lock, err error) {
	paths, err := filepath.Glob(filepath.Join(f.root, "locks", "organization", f.project, f.stack, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // released since
		}
		if err != nil {
			return nil, err
		}
		var l lock
		_ = json.Unmarshal(data, &l) // its process was killed while it wrote it
		all = append(all, l)
	}
	return all, nil
}

// dead says why the process that took a lock cannot be running. An error says
// that it is, or that it cannot be known.
func (o Options) dead(l lock) (why string, err error) {
	owner := fmt.Sprintf("%s@%s (pid %d) since %s", l.User, l.Host, l.PID, l.Timestamp.UTC().Format(time.RFC3339))
	switch {
	case l.Host == "":
		return "its lock was left half written", nil
	case l.Host == o.Host.Name && o.Host.Runs(l.PID):
		return "", azurecloud.WithHint(fmt.Errorf("%w: by %s", ErrRunning, owner), "wait until it has ended, or interrupt it with Ctrl-C")
	case l.Host == o.Host.Name:
		return "process of " + owner + " is gone", nil
	case o.BreakLock:
		return "taken by " + owner + ", on another computer, and -break-lock is given", nil
	}
	return "", azurecloud.WithHint(fmt.Errorf("the stack is locked by %s, on another computer: this one cannot tell whether it is running", owner),
		"make sure that it is not, then: tenant recover -break-lock -stack "+o.Name)
}

// unlock removes the locks of dead processes. It is also where the files of the
// state are repaired, because a CLI that cannot read them removes no lock.
func (o Options) unlock(ctx context.Context) error {
	address, err := o.Stack.Backend(ctx)
	if err != nil {
		return err
	}
	f, err := filesOf(address, o.Project, o.Name)
	if err != nil {
		return err
	}
	var plan Plan
	if f == nil {
		if !o.BreakLock {
			return nil
		}
		plan = append(plan, Step{Action: RemoveLock, What: "stack " + o.Name, Why: "-break-lock is given"})
		return o.carryOut(ctx, plan, func() error { return o.Stack.Cancel(ctx) })
	}
	locks, err := f.locks()
	if err != nil {
		return err
	}
	for _, l := range locks {
		why, err := o.dead(l)
		if err != nil {
			return err
		}
		plan = append(plan, Step{Action: RemoveLock, What: "stack " + o.Name, Why: why})
	}
	repairs, err := f.damage()
	if err != nil {
		return err
	}
	for _, r := range repairs {
		plan = append(plan, Step{Action: RepairFile, What: r.path, Why: r.why})
	}
	return o.carryOut(ctx, plan, func() error {
		for _, r := range repairs {
			if err := r.do(); err != nil {
				return err
			}
		}
		if len(locks) == 0 {
			return nil
		}
		return o.Stack.Cancel(ctx)
	})
}
