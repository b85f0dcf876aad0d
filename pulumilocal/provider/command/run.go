package command

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi-command/sdk/go/command/local"

	"app-to-app/pulumilocal/provider/plugin"
)

// forever is the timeout of a command for which the program sets none, because
// the official provider has no limit.
const forever = 24 * time.Hour

// execute runs one command and shows its output line by line.
func (r runner) execute(ctx context.Context, call plugin.Call, command string, inputs, before plugin.Object) (stdout, stderr string, err error) {
	arguments := []string{"/bin/sh", "-c"}
	if interpreter, ok := inputs["interpreter"].([]any); ok && len(interpreter) > 0 {
		arguments = nil
		for _, argument := range interpreter {
			arguments = append(arguments, fmt.Sprint(argument))
		}
	}
	arguments = append(arguments, command)
	cmd := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	cmd.Dir = text(inputs, "dir")
	if cmd.Dir == "" {
		cmd.Dir = r.options.Dir
	}
	cmd.Env = r.environ(inputs, before)
	if stdin := text(inputs, "stdin"); stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	group(cmd)
	logging := local.Logging(text(inputs, "logging"))
	all := &transcript{show: func(line string) { call.Info(ctx, line) }}
	out := &stream{transcript: all, shown: logging == "" || logging == local.LoggingStdout || logging == local.LoggingStdoutAndStderr}
	errs := &stream{transcript: all, shown: logging == "" || logging == local.LoggingStderr || logging == local.LoggingStdoutAndStderr}
	cmd.Stdout, cmd.Stderr = out, errs
	err = cmd.Run()
	out.flush()
	errs.flush()
	if err != nil {
		return "", "", fmt.Errorf("%w: running %q:\n%s", err, command, all.text.String())
	}
	return strings.TrimSuffix(out.text.String(), "\n"), strings.TrimSuffix(errs.text.String(), "\n"), nil
}

// environ is the plugin's environment, the command's own, and the output of
// the run before.
func (r runner) environ(inputs, before plugin.Object) []string {
	environ := append([]string(nil), r.options.Environ...)
	own, _ := inputs["environment"].(plugin.Object)
	for name, value := range own {
		environ = append(environ, fmt.Sprintf("%s=%v", name, value))
	}
	if add, ok := inputs["addPreviousOutputInEnv"].(bool); ok && !add {
		return environ
	}
	for _, name := range []string{"stdout", "stderr"} {
		if value := text(before, name); value != "" {
			environ = append(environ, "PULUMI_COMMAND_"+strings.ToUpper(name)+"="+value)
		}
	}
	return environ
}

// A transcript is what both streams of a command wrote, in order.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
	show func(line string)
}

// A stream is one of the two.
type stream struct {
	transcript *transcript
	shown      bool
	text       bytes.Buffer
	line       []byte // not complete yet
}

func (s *stream) Write(data []byte) (int, error) {
	s.transcript.mu.Lock()
	defer s.transcript.mu.Unlock()
	s.text.Write(data)
	s.transcript.text.Write(data)
	s.line = append(s.line, data...)
	for {
		line, rest, ok := bytes.Cut(s.line, []byte("\n"))
		if !ok {
			return len(data), nil
		}
		s.line = rest
		s.display(string(line))
	}
}

func (s *stream) display(line string) {
	if s.shown && line != "" {
		s.transcript.show(strings.TrimSuffix(line, "\r"))
	}
}

func (s *stream) flush() {
	s.transcript.mu.Lock()
	defer s.transcript.mu.Unlock()
	s.display(string(s.line))
	s.line = nil
}
