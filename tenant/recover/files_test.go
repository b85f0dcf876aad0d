package recover

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A fileStack is a stack in a backend of files, without a CLI.
type fileStack struct {
	Stack
	root     string
	canceled bool
}

func (s *fileStack) Backend(context.Context) (string, error) {
	return "file://" + s.root + "?metadata=skip", nil
}
func (s *fileStack) Cancel(context.Context) error { s.canceled = true; return nil }

// Preview is of a stack that nothing is missing from.
func (s *fileStack) Preview(context.Context) ([]byte, error) { return []byte(`{"steps":[]}`), nil }

func newFileStack(t *testing.T) (*fileStack, Options) {
	t.Helper()
	s := &fileStack{root: t.TempDir()}
	return s, Options{Name: "dev", Project: "app-to-app", Stack: s, Log: io.Discard, Confirm: func(Plan) error { return nil },
		Host: Host{Name: "here", Runs: func(pid int) bool { return pid == 1 }}}
}

func (s *fileStack) write(t *testing.T, path, content string) {
	t.Helper()
	path = filepath.Join(s.root, ".pulumi", path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *fileStack) read(path string) string {
	data, err := os.ReadFile(filepath.Join(s.root, ".pulumi", path))
	if err != nil {
		return "none"
	}
	return string(data)
}

// TestFilesOf reads the addresses that Pulumi takes for a backend of files.
func TestFilesOf(t *testing.T) {
	t.Parallel()
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"file:///srv/pulumi":                               "/srv/pulumi/.pulumi",
		"file:///srv/pulumi?metadata=skip":                 "/srv/pulumi/.pulumi",
		"file:///srv/pulumi?metadata=skip&no_tmp_dir=true": "/srv/pulumi/.pulumi",
		"file://~":                     filepath.Join(home, ".pulumi"),
		"file://~/state?metadata=skip": filepath.Join(home, "state", ".pulumi"),
		"azblob://state?domain=127.0.0.1:10555&localemu=true": "",
		"https://api.pulumi.com":                              "",
	} {
		got, err := filesOf(address, "app-to-app", "dev")
		if err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if got == nil {
			got = &files{}
		}
		if got.root != want {
			t.Errorf("%s: got %q, want %q", address, got.root, want)
		}
	}
}

func TestLocks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, lock string
		breakLock  bool
		canceled   bool
		want       string // in the error
	}{
		{name: "none"},
		{name: "process that runs", lock: `{"pid":1,"username":"ann","hostname":"here"}`, want: "an update of the stack is running: by ann@here (pid 1)"},
		{name: "process that runs, whatever is asked for", lock: `{"pid":1,"hostname":"here"}`, breakLock: true, want: "an update of the stack is running"},
		{name: "process that is gone", lock: `{"pid":2,"hostname":"here"}`, canceled: true},
		{name: "another computer", lock: `{"pid":2,"hostname":"there"}`, want: "on another computer: this one cannot tell whether it is running"},
		{name: "another computer, by flag", lock: `{"pid":1,"hostname":"there"}`, breakLock: true, canceled: true},
		{name: "half written", lock: `{"pid":1,"host`, canceled: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, o := newFileStack(t)
			if o.BreakLock = tt.breakLock; tt.lock != "" {
				s.write(t, "locks/organization/app-to-app/dev/1.json", tt.lock)
			}
			err := o.unlock(t.Context())
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) || s.canceled != tt.canceled {
				t.Errorf("got canceled %v, %v, want %v and %q", s.canceled, err, tt.canceled, tt.want)
			}
		})
	}
}

func TestFilesLeftHalfWritten(t *testing.T) {
	t.Parallel()
	const path = "stacks/app-to-app/dev.json"
	for _, tt := range []struct {
		name                      string
		state, backup, attributes string
		wantState, wantAttributes string
		wantError                 string
	}{
		{name: "intact", state: "{}", backup: `{"old":1}`, attributes: "{}", wantState: "{}", wantAttributes: "{}"},
		{name: "empty attributes", state: "{}", wantState: "{}", wantAttributes: "none"},
		{name: "empty state", backup: `{"old":1}`, attributes: "{}", wantState: `{"old":1}`, wantAttributes: "{}"},
		{name: "cut state", state: `{"a":`, backup: `{"old":1}`, attributes: "{}", wantState: `{"old":1}`, wantAttributes: "{}"},
		{name: "both cut", state: `{"a":`, backup: "{", attributes: "{}", wantState: `{"a":`, wantAttributes: "{}", wantError: "so is the copy beside it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, o := newFileStack(t)
			s.write(t, path, tt.state)
			s.write(t, path+".attrs", tt.attributes)
			if tt.backup != "" {
				s.write(t, path+".bak", tt.backup)
			}
			err := o.unlock(t.Context())
			if (err != nil) != (tt.wantError != "") || err != nil && !strings.Contains(err.Error(), tt.wantError) {
				t.Errorf("got %v, want %q", err, tt.wantError)
			}
			if got := s.read(path); got != tt.wantState {
				t.Errorf("got state %s, want %s", got, tt.wantState)
			}
			if got := s.read(path + ".attrs"); got != tt.wantAttributes {
				t.Errorf("got attributes %s, want %s", got, tt.wantAttributes)
			}
		})
	}
}

func TestRefusedPlanDoesNothing(t *testing.T) {
	t.Parallel()
	s, o := newFileStack(t)
	s.write(t, "locks/organization/app-to-app/dev/1.json", `{"pid":2,"hostname":"here"}`)
	refused := errors.New("no")
	o.Confirm = func(Plan) error { return refused }
	if err := o.unlock(t.Context()); !errors.Is(err, refused) || s.canceled {
		t.Errorf("got canceled %v, %v, want the refusal and nothing done", s.canceled, err)
	}
}

func TestIsRunningPulumi(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bool{
		"7 (pulumi) S 1": true, "7 (pulumi) Z 1": false, "7 (bash) S 1": false, "7 (a) (b) R 1": false, "": false,
	} {
		if got := isRunningPulumi(status); got != want {
			t.Errorf("%q: got %v, want %v", status, got, want)
		}
	}
}
