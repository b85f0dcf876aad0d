package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file runs what the answers to wrong command lines offer: what stands behind
// "hint:" or "fix:". Every offer must be of a form that is known here, so that a new
// one cannot be left out. After it the same input, or the one that the offer leads to,
// goes on to build the engine, where it is interrupted.

// A typed command line is the arguments of the command and the folder it is run in.
type typed struct {
	args []string
	in   string
}

// A follower does what answers offer.
type follower struct {
	binary, project string
	works           map[string]bool // command lines that were seen to go on
}

// follow follows each offer of an answer, and says what did not work.
func (f *follower) follow(line typed, answer string) (problems []error) {
	for _, offer := range offerIn.FindAllStringSubmatch(answer, -1) {
		if err := f.followOne(line, answer, offer[1]); err != nil {
			problems = append(problems, fmt.Errorf("offer %q: %w", offer[1], err))
		}
	}
	return problems
}

var offerIn = regexp.MustCompile(`(?m)(?:^sandbox: hint: |; fix: )(.+)$`)

func (f *follower) followOne(line typed, answer, offer string) error {
	lines, err := f.do(line, answer, offer)
	if err == nil && len(lines) == 0 {
		err = errors.New("expected a form of offer that the test can follow")
	}
	for _, next := range lines {
		err = errors.Join(err, f.goesOn(next))
	}
	return err
}

// do does what an offer says, and returns the lines that a reader then types.
func (f *follower) do(line typed, answer, offer string) ([]typed, error) {
	if removal := regexp.MustCompile(`^(rm -r '[^']+'), which `).FindStringSubmatch(offer); removal != nil {
		out, err := exec.Command("sh", "-c", removal[1]).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
		return []typed{line}, err
	}
	without := func(flag string, values int) typed {
		at := slices.Index(line.args, flag)
		return typed{slices.Delete(slices.Clone(line.args), at, at+1+values), line.in}
	}
	switch offer {
	case "sandbox demo shows the whole story":
		return []typed{{[]string{"demo"}, line.in}}, nil
	case "sandbox help lists the flags":
		return f.help(line, answer)
	case "cd to the repository's folder":
		return []typed{{line.args, f.project}}, nil
	case "leave out the address, to take a free port":
		return []typed{without("-addr", 1)}, nil
	case "leave out the address, or choose another directory":
		return []typed{without("-addr", 1), {append(without("-dir", 1).args, "-dir", filepath.Join(f.project, "another")), line.in}}, nil
	case "pass only one of them":
		return []typed{without("-keep", 0), without("-json", 0)}, nil
	case "name one of the Pulumi.*.yaml files with -stack":
		files, err := filepath.Glob(filepath.Join(line.in, "Pulumi.*.yaml"))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("expected a stack file in %s, got none, %v", line.in, err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(files[0]), "Pulumi."), ".yaml")
		return []typed{{[]string{"demo", "-stack", name}, line.in}}, nil
	}
	return nil, nil
}

// help asks for the help, which has what the answer asks for and not what it refuses.
func (f *follower) help(line typed, answer string) ([]typed, error) {
	out, err := exec.Command(f.binary, "help").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	verb := line.args[0]
	if refused := regexp.MustCompile(`not defined: (-\S+)|got "(\S+)"`).FindStringSubmatch(answer); refused != nil {
		if strings.Contains(string(out), refused[1]+refused[2]+" ") {
			return nil, fmt.Errorf("expected no %s in:\n%s", refused[1]+refused[2], out)
		}
	}
	if !strings.Contains(string(out), "sandbox "+verb) {
		verb = "serve" // a slip of it
	}
	for _, flag := range append(regexp.MustCompile(`argument: (-\S+)`).FindStringSubmatch(answer), "", "sandbox "+verb)[1:] {
		if !strings.Contains(string(out), flag) {
			return nil, fmt.Errorf("expected %q in:\n%s", flag, out)
		}
	}
	return []typed{{[]string{verb}, line.in}}, nil
}

// goesOn runs a command line until it builds, then interrupts it.
func (f *follower) goesOn(line typed) error {
	key := strings.Join(line.args, " ") + " in " + line.in
	if f.works[key] {
		return nil
	}
	cmd := exec.Command(f.binary, line.args...)
	cmd.Dir = line.in
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	var printed bytes.Buffer
	for said := bufio.NewScanner(out); said.Scan(); {
		fmt.Fprintln(&printed, said.Text())
		if strings.HasPrefix(said.Text(), "build ") && !f.works[key] {
			f.works[key] = true
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				return err
			}
		}
	}
	if err := cmd.Wait(); !f.works[key] {
		return fmt.Errorf("expected sandbox %s to go on and build, got %v and:\n%s", key, err, &printed)
	}
	return nil
}

// TestOffersThatDoNotWork plants them.
func TestOffersThatDoNotWork(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	f := &follower{binary: build(t), project: folder, works: make(map[string]bool)}
	for _, tt := range []struct{ name, args, answer, want string }{
		{"a command that nobody knows how to run", "serve", "sandbox: error: x\nsandbox: hint: go mod tidy\n", "expected a form of offer"},
		{"behind a fix", "serve", "sandbox: error: x; fix: use another port\n", "expected a form of offer"},
		{"a removal that fails", "serve", "sandbox: error: x; fix: rm -r '" + folder + "/none', which is nothing\n", "exit status 1"},
		{"a folder that is none", "serve", "sandbox: error: x\nsandbox: hint: cd to the repository's folder\n", "to go on and build"},
		{"a flag that the help lists", "serve -addr", "sandbox: error: flag provided but not defined: -addr\nsandbox: hint: sandbox help lists the flags\n", "expected no -addr"},
		{"a flag that the help does not list", "demo -fast", "sandbox: error: flag needs an argument: -fast\nsandbox: hint: sandbox help lists the flags\n", `expected "-fast"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := f.follow(typed{strings.Fields(tt.args), folder}, tt.answer)
			if len(got) != 1 || !strings.Contains(got[0].Error(), tt.want) {
				t.Errorf("got %v, want one problem with %q", got, tt.want)
			}
		})
	}
}
