package main_test

import (
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"app-to-app/settings/settingstest"
)

var update = flag.Bool("update", false, "rewrite the sandbox's commands in docs/wrong-inputs.md")

// TestWrongCommands runs command lines that are not right, each in a moment: none of
// them starts to build or to serve. Then it does what their answers offer.
func TestWrongCommands(t *testing.T) {
	t.Parallel()
	binary := build(t)
	project, folder := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{"Pulumi.yaml": "name: app-to-app\nruntime: go\n", "Pulumi.dev.yaml": "config: {}\n"} {
		if err := os.WriteFile(filepath.Join(project, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	corrupt, file := filepath.Join(folder, "corrupt"), filepath.Join(folder, "file")
	if err := os.Mkdir(corrupt, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(corrupt, "state.db")} {
		if err := os.WriteFile(path, []byte("not a database\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	fresh, used := filepath.Join(folder, "fresh"), filepath.Join(folder, "used")
	places := strings.NewReplacer("CORRUPT", corrupt, "FILE", file, "FRESH", fresh, "USED", used, "TAKEN", listener.Addr().String())
	offers := &follower{binary: binary, project: project, works: make(map[string]bool)}
	if err := offers.goesOn(typed{[]string{"serve", "-dir", used}, project}); err != nil {
		t.Fatal(err)
	}
	var rows []settingstest.Row
	for _, tt := range []struct{ args, in, answer string }{
		{"", project, "expected a verb, got nothing\nsandbox: hint: sandbox demo shows the whole story"},
		{"sevre", project, `expected serve or demo, got "sevre"`},
		{"serve -port 8443", project, "flag provided but not defined: -port\nsandbox: hint: sandbox help lists the flags"},
		{"serve 8443", project, `expected only flags after serve, got "8443"`},
		{"serve", folder, "expected Pulumi.yaml in the working directory, got none in"},
		{"serve -dir FRESH -addr 8443", project, `expected an address like 127.0.0.1:8443, got "8443"`},
		{"serve -dir FRESH -addr localhost:8443", project, `expected the loopback address 127.0.0.1, got "localhost"`},
		{"serve -dir FRESH -addr 0.0.0.0:8443", project, `expected the loopback address 127.0.0.1, got "0.0.0.0": the sandbox never listens elsewhere`},
		{"serve -dir FRESH -addr 127.0.0.1:https", project, `expected a port number, got "https"`},
		{"serve -dir FRESH -addr TAKEN", project, "bind: address already in use; fix: leave out the address, to take a free port"},
		{"serve -dir CORRUPT", project, "expected the state of a sandbox in CORRUPT/state.db, got invalid database; fix: rm -r 'CORRUPT'"},
		{"serve -dir USED -addr 127.0.0.1:0", project, `the address that this sandbox's stacks and function apps use, got "127.0.0.1:0"`},
		{"serve -dir FILE", project, "FILE: not a directory"},
		{"demo -stack", project, "flag needs an argument: -stack"},
		{"demo -stack typo", project, "sandbox: hint: name one of the Pulumi.*.yaml files with -stack"},
		{"demo -stack neighbour", project, `expected a stack of this project, got "neighbour", which the demo uses itself`},
		{"demo -keep -json", project, "expected one of -keep and -json, got both"},
		{"demo dev", project, `expected only flags after demo, got "dev"`},
		{"demo", folder, "sandbox: hint: cd to the repository's folder"},
	} {
		cmd := exec.Command(binary, strings.Fields(places.Replace(tt.args))...)
		cmd.Dir = tt.in
		out, err := cmd.CombinedOutput()
		for _, err := range offers.follow(typed{cmd.Args[1:], tt.in}, string(out)) {
			t.Errorf("sandbox %s: %v; the answer was:\n%s", tt.args, err, out)
		}
		if err := os.RemoveAll(fresh); err != nil { // which an offer has filled
			t.Fatal(err)
		}
		printed := string(out)
		for path, name := range map[string]string{corrupt: "CORRUPT", file: "FILE", listener.Addr().String(): "TAKEN", project: "PROJECT"} {
			printed = strings.ReplaceAll(printed, path, name)
		}
		printed = strings.ReplaceAll(printed, folder, "FOLDER")
		if err == nil || !strings.Contains(printed, tt.answer) || strings.Count(printed, "\n") > 4 {
			t.Errorf("sandbox %s: got %v and:\n%s\nwant %q in a few lines", tt.args, err, printed, tt.answer)
		}
		printed = regexp.MustCompile(`127\.0\.0\.1:\d{4,}(: bind|, the address)`).ReplaceAllString(printed, "127.0.0.1:PORT$1")
		rows = append(rows, settingstest.Row{Input: strings.TrimSpace("sandbox " + tt.args), Answer: strings.TrimSpace(printed)})
	}
	settingstest.ComparePart(t, "../../docs/wrong-inputs.md", "sandbox", rows, *update)
}
