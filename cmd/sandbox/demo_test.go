package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestDemo runs the main job and compares what it says with the README.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	binary, dir := build(t), shared(t)
	cmd := exec.Command(binary, "demo", "-json")
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	checkReport(t, stdout.Bytes())
	checkScreen(t, stderr.String(), filepath.Join(dir, "README.md"))
	if strings.Contains(stdout.String()+stderr.String(), "eyJ") {
		t.Error("expected no token in the output, got something that looks like one")
	}
	if got := git(t, dir, "status", "--porcelain"); got != "" {
		t.Errorf("expected a clean tree, got:\n%s", got)
	}
}

// checkReport checks that the object on stdout has the promised members.
func checkReport(t *testing.T, data []byte) {
	t.Helper()
	var report struct {
		Stack     string `json:"stack"`
		Resources struct {
			Created int `json:"created"`
		} `json:"resources"`
		Orders    []map[string]any `json:"orders"`
		Providers []struct {
			Client     string `json:"client"`
			Name       string `json:"name"`
			Credential string `json:"credential"`
			Status     int    `json:"status"`
			Caller     struct {
				ObjectID string   `json:"objectId"`
				ClientID string   `json:"clientId"`
				Roles    []string `json:"roles"`
			} `json:"caller"`
			TokenSource string `json:"tokenSource"`
		} `json:"providers"`
		PreviewChanges int            `json:"previewChanges"`
		LeftBehind     map[string]int `json:"leftBehind"`
		RecycleBin     map[string]int `json:"recycleBin"`
		Seconds        map[string]float64
		Parts          []struct {
			Part    string  `json:"part"`
			Seconds float64 `json:"seconds"`
		} `json:"parts"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&report); err != nil {
		t.Fatalf("expected one JSON object on stdout: %v\n%s", err, data)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Errorf("expected one JSON object on stdout, got more:\n%s", data)
	}
	if report.Stack != "dev" || report.Resources.Created < 20 || len(report.Orders) != 5 || report.PreviewChanges != 0 {
		t.Errorf("got stack %q, %d created, %d orders, %d preview changes; want dev, 20 or more, 5, 0",
			report.Stack, report.Resources.Created, len(report.Orders), report.PreviewChanges)
	}
	for _, p := range report.Providers {
		if p.Status != 200 || p.Caller.ObjectID == "" || p.Caller.ObjectID == p.Caller.ClientID || len(p.Caller.Roles) != 1 {
			t.Errorf("got provider %+v, want 200 and a caller with one role and two ids", p)
		}
	}
	var parts []string
	for _, p := range report.Parts {
		parts = append(parts, p.Part)
		if p.Seconds < 0 || p.Seconds > report.Seconds["total"] {
			t.Errorf("got %+v of %v seconds in total", p, report.Seconds["total"])
		}
	}
	slices.Sort(parts[:min(2, len(parts))]) // they are built at once
	if got, want := strings.Join(parts, ", "), "the Pulumi CLI, the stand-in, build, neighbour, deploy, call, preview, destroy, prove"; got != want {
		t.Errorf("got the parts %s, want %s", got, want)
	}
	if len(report.Providers) == 0 {
		t.Error("got no token providers, want at least one")
	}
	for _, kind := range []string{"resources", "resourceGroups", "roleAssignments", "applications", "servicePrincipals", "appRoleAssignments"} {
		if n, ok := report.LeftBehind[kind]; !ok || n != 0 {
			t.Errorf("got leftBehind.%s %d (there %t), want 0", kind, n, ok)
		}
	}
	for _, kind := range []string{"applications", "servicePrincipals"} {
		if n := report.RecycleBin[kind]; n < 1 {
			t.Errorf("got recycleBin.%s %d, want what destroy deleted", kind, n)
		}
	}
}

var (
	guid     = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	duration = regexp.MustCompile(`\b\d+ s\b`)
)

// masked is a line without what differs from run to run.
func masked(line string) string {
	line = guid.ReplaceAllString(strings.TrimSpace(line), "GUID")
	return duration.ReplaceAllString(line, "N s")
}

// checkScreen compares the last screen of the demo with the README's, and checks
// that it fits a terminal and that the demo is short.
func checkScreen(t *testing.T, output, readme string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "$ go run ./cmd/sandbox demo\n…\n")
	want, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("expected the last screen of the demo in the README, got none")
	}
	_, got, ok := strings.Cut(output, "\nWho called whom")
	if got = "Who called whom" + got; !ok {
		t.Fatalf("expected the demo to end with its screen, got:\n%s", output)
	}
	if masked(got) != masked(want) {
		t.Errorf("got the screen:\n%s\nwant that of the README:\n%s", got, want)
	}
	if lines := strings.Count(got, "\n"); lines > 20 {
		t.Errorf("got a screen of %d lines, want at most 20", lines)
	}
	if lines := strings.Count(output, "\n"); lines > 60 {
		t.Errorf("got %d lines, want at most 60:\n%s", lines, output)
	}
	for line := range strings.Lines(output) {
		if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > 79 {
			t.Errorf("got a line of %d columns, want at most 79: %s", width, line)
		}
	}
}

// TestAnInterruptedDemo ends the demo as Ctrl-C does, in each of the steps that
// take long.
func TestAnInterruptedDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	binary, dir := build(t), shared(t)
	for _, tt := range []struct {
		step string
		args []string
	}{
		{step: "build", args: []string{"demo"}},
		{step: "deploy", args: []string{"demo"}},
		{step: "destroy", args: []string{"demo", "-v"}},
	} {
		t.Run(tt.step, func(t *testing.T) {
			temporary := t.TempDir()
			cmd := exec.Command(binary, tt.args...)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+temporary)
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			said := bufio.NewScanner(stdout)
			reached, engine := false, false
			for said.Scan() {
				engine = engine || strings.Contains(said.Text(), "pulumi:pulumi:Stack app-to-app-dev")
				if !reached && strings.HasPrefix(said.Text(), tt.step+" ") {
					reached = true
					if err := cmd.Process.Signal(os.Interrupt); err != nil {
						t.Fatal(err)
					}
				}
			}
			err = cmd.Wait()
			if !reached || err == nil || stderr.String() != "sandbox: error: interrupted\n" {
				t.Errorf("got %v, step reached %t; want an interrupted demo:\n%s", err, reached, &stderr)
			}
			if verbose := slices.Contains(tt.args, "-v"); engine != verbose {
				t.Errorf("got Pulumi's output shown %t, want %t", engine, verbose)
			}
			left, err := os.ReadDir(temporary)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range left {
				if !strings.HasPrefix(entry.Name(), "go-build") { // of the go command
					t.Errorf("left in the temporary folder: %s", entry.Name())
				}
			}
			for _, pid := range processesIn(t, temporary) {
				if !gone(pid) {
					t.Errorf("process %d outlived the demo", pid)
				}
			}
		})
	}
	if got := git(t, dir, "status", "--porcelain"); got != "" {
		t.Errorf("expected a clean tree, got:\n%s", got)
	}
}
