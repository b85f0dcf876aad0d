package command_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"app-to-app/pulumilocal/provider/command"
	"app-to-app/pulumilocal/provider/enginetest"
)

const token = "command:local:Command"

func newCommand(t *testing.T) (*enginetest.Engine, string) {
	t.Helper()
	dir := t.TempDir()
	return enginetest.New(t, command.New(command.Options{Environ: []string{"PATH=" + os.Getenv("PATH"), "FROM_THE_SHELL=yes"}, Dir: dir})), dir
}

func TestCreateUpdateDelete(t *testing.T) {
	t.Parallel()
	engine, dir := newCommand(t)
	inputs := map[string]any{
		"create": `echo "$FROM_THE_SHELL $OWN"; echo problem >&2; pwd; touch made`, "environment": map[string]any{"OWN": "value"},
		"update": `echo "before: $PULUMI_COMMAND_STDERR"`, "delete": `echo "$PULUMI_COMMAND_STDOUT" > last; rm made`,
	}
	state := engine.MustCreate(token, "it", enginetest.Of(inputs))
	here, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := state.Text("stdout"), "yes value\n"+here; got != want {
		t.Errorf("stdout: got %q, want %q", got, want)
	}
	if got := state.Text("stderr"); got != "problem" {
		t.Errorf("stderr: got %q, want %q", got, "problem")
	}
	if got := state.Text("create"); got != inputs["create"] {
		t.Errorf("create: got %q, want the input", got)
	}
	lines := engine.Lines()
	slices.Sort(lines)
	if want := []string{here, "problem", "yes value"}; !slices.Equal(lines, want) {
		t.Errorf("got lines %q, want %q", lines, want)
	}
	inputs["environment"] = map[string]any{"OWN": "other"}
	state, err = engine.Update(state, enginetest.Of(inputs))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := state.Text("stdout"), "before: problem"; got != want {
		t.Errorf("update: got %q, want %q", got, want)
	}
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	last, err := os.ReadFile(filepath.Join(dir, "last"))
	if err != nil || string(last) != "before: problem\n" {
		t.Errorf("delete: got %q, %v, want the output of the update", last, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "made")); !os.IsNotExist(err) {
		t.Errorf("delete: got %v, want the file removed", err)
	}
}

func TestUpdateWithoutUpdateCommandCreatesAgain(t *testing.T) {
	t.Parallel()
	engine, _ := newCommand(t)
	state := engine.MustCreate(token, "it", enginetest.Of(map[string]any{"create": "echo $N", "environment": map[string]any{"N": "1"}}))
	state, err := engine.Update(state, enginetest.Of(map[string]any{"create": "echo $N", "environment": map[string]any{"N": "2"}}))
	if err != nil || state.Text("stdout") != "2" {
		t.Errorf("got %q, %v, want 2", state.Text("stdout"), err)
	}
}

func TestFailureShowsCodeAndOutput(t *testing.T) {
	t.Parallel()
	engine, _ := newCommand(t)
	state, err := engine.Create(token, "it", enginetest.Of(map[string]any{"create": "echo it broke >&2; exit 7"}))
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "it broke") {
		t.Errorf("got %v, want the exit code and the output", err)
	}
	if state.ID != "" {
		t.Errorf("got id %q, want nothing kept", state.ID)
	}
}

func TestStdinInterpreterDirLogging(t *testing.T) {
	t.Parallel()
	engine, _ := newCommand(t)
	other := t.TempDir()
	state := engine.MustCreate(token, "it", enginetest.Of(map[string]any{
		"create": "cat; touch here", "stdin": "in", "dir": other, "interpreter": []any{"/bin/sh", "-e", "-c"}, "logging": "none",
	}))
	if got := state.Text("stdout"); got != "in" {
		t.Errorf("got %q, want the stdin", got)
	}
	if _, err := os.Stat(filepath.Join(other, "here")); err != nil {
		t.Errorf("dir: %v", err)
	}
	if lines := engine.Lines(); len(lines) != 0 {
		t.Errorf("got lines %q, want none", lines)
	}
}

func TestPreviousOutputCanBeLeftOut(t *testing.T) {
	t.Parallel()
	engine, _ := newCommand(t)
	inputs := map[string]any{"create": `echo "[$PULUMI_COMMAND_STDOUT]"`, "addPreviousOutputInEnv": false}
	state := engine.MustCreate(token, "it", enginetest.Of(inputs))
	inputs["stdin"] = "changed"
	state, err := engine.Update(state, enginetest.Of(inputs))
	if err != nil || state.Text("stdout") != "[]" {
		t.Errorf("got %q, %v, want nothing from before", state.Text("stdout"), err)
	}
}

func TestSecretInputMakesOutputSecret(t *testing.T) {
	t.Parallel()
	engine, _ := newCommand(t)
	state := engine.MustCreate(token, "it", enginetest.Of(map[string]any{
		"create": "echo $KEY", "environment": map[string]any{"KEY": enginetest.Secret("hunter2")},
	}))
	if !state.Outputs["stdout"].IsSecret() || !state.Outputs["environment"].ContainsSecrets() {
		t.Errorf("got outputs %v, want stdout and environment secret", state.Outputs)
	}
	if state.Outputs["create"].IsSecret() {
		t.Errorf("create: got a secret, want it as it was given")
	}
}

func TestPreviewRunsNothing(t *testing.T) {
	t.Parallel()
	engine, dir := newCommand(t)
	inputs := enginetest.Of(map[string]any{"create": "touch made", "environment": map[string]any{"A": enginetest.Unknown}})
	outputs := engine.Preview(token, nil, inputs)
	if !outputs["stdout"].IsComputed() || !outputs["create"].IsString() {
		t.Errorf("got %v, want stdout unknown and create known", outputs)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v, want nothing made", entries, err)
	}
}

func TestTriggersReplace(t *testing.T) {
	t.Parallel()
	engine, _ := newCommand(t)
	of := func(trigger string, more map[string]any) enginetest.Properties {
		all := map[string]any{"create": "true", "triggers": []any{trigger, 1}}
		for name, value := range more {
			all[name] = value
		}
		return enginetest.Of(all)
	}
	if got := engine.Diff(token, of("a", nil), of("b", nil)); !slices.Equal(got.GetReplaces(), []string{"triggers[0]"}) {
		t.Errorf("got %v, want a replacement", got)
	}
	update := map[string]any{"update": "true"}
	if got := engine.Diff(token, of("a", update), of("b", update)); len(got.GetReplaces()) != 0 || got.GetChanges() != pulumirpc.DiffResponse_DIFF_SOME {
		t.Errorf("with an update command: got %v, want an update", got)
	}
	if got := engine.Diff(token, of("a", nil), of("a", map[string]any{"create": "false"})); len(got.GetReplaces()) != 0 || got.GetChanges() != pulumirpc.DiffResponse_DIFF_SOME {
		t.Errorf("another command: got %v, want an update", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	engine, _ := newCommand(t)
	for _, test := range []struct {
		name   string
		inputs map[string]any
		want   string
	}{
		{"asset paths", map[string]any{"assetPaths": []any{"*"}}, "assetPaths"},
		{"archive paths", map[string]any{"archivePaths": []any{"*"}}, "archivePaths"},
		{"logging", map[string]any{"logging": "stdin"}, "logging"},
		{"unknown", map[string]any{"creat": "x"}, `did you mean "create"?`},
		{"environment", map[string]any{"environment": map[string]any{"A": 1}}, "environment.A"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, failures := engine.Check(token, "it", nil, enginetest.Of(test.inputs))
			if len(failures) != 1 || !strings.Contains(failures[0], test.want) {
				t.Errorf("got %q, want one failure with %q", failures, test.want)
			}
		})
	}
}

func TestCancelEndsTheWholeCommand(t *testing.T) {
	t.Parallel()
	engine, dir := newCommand(t)
	fifo := filepath.Join(dir, "started")
	engine.MustCreate(token, "fifo", enginetest.Of(map[string]any{"create": "mkfifo started"}))
	done := make(chan error)
	go func() {
		// The grandchild inherits the output: unless the whole group is ended,
		// the command runs for a minute.
		_, err := engine.Create(token, "it", enginetest.Of(map[string]any{"create": "sh -c 'echo > started; sleep 60'; true"}))
		done <- err
	}()
	if _, err := os.ReadFile(fifo); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Server().Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Error("got no error, want a cancelled command")
	}
}
