package e2e_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/pulumilocal/engine"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// This file records what the real engine previews for one change each of the
// settings or of the program (previewsettings_test.go, previewprogram_test.go).
// The tests of tenant/diff compare what the report says of them. To record all
// of them again, after a change of the program or of Pulumi:
//
//	go test ./e2e -run TestRecordPreviews -record -timeout 60m
//	go test ./tenant/diff -run TestRecordedPreviews -update
//
// TestRecordPreviews/dev or TestRecordPreviews/kinds/subject records fewer. The
// rules are:
//   - a stack is deployed once; each change is previewed and undone
//   - the program runs from a copy of the tree, which the changes edit
//   - a recording has the steps that differ from those of the unchanged stack
//   - what depends on the run is replaced (recording_test.go), so recording
//     again gives the same bytes

var record = flag.Bool("record", false, "record the previews in tenant/diff/testdata/previews")

// recordings is where tenant/diff finds the previews, from the repository.
const recordings = "tenant/diff/testdata/previews"

// A previewCase is one change.
type previewCase struct {
	name string // of the recording
	note string // what is changed
	set  map[string]any
	edit []edit
}

// An edit replaces a text of the program that occurs once, or adds a file.
type edit struct{ file, old, new string }

// A recorder records the previews of one stack.
type recorder struct {
	*world
	source string // the copy of the tree that the program runs from
	file   string // the stack's settings
	base   recording
	// partners are object ids of service principals made elsewhere, by name.
	partners map[string]string
}

func TestRecordPreviews(t *testing.T) {
	if !*record {
		t.Skip("only with -record")
	}
	s := sandboxtest.Start(t, sandboxtest.Options{})
	install(t, s)
	source := copyTree(t)
	for _, stack := range previewStacks {
		t.Run(stack.name, func(t *testing.T) {
			r := newRecorder(t, s, source, stack)
			for _, c := range stack.cases(r) {
				t.Run(c.name, func(t *testing.T) { r.in(t).record(c) })
			}
		})
	}
}

// in is the same recorder, reporting to a subtest.
func (r *recorder) in(t *testing.T) *recorder {
	inner := *r
	inner.world = r.world.in(t)
	return &inner
}

// newRecorder deploys a stack and records its unchanged preview.
func newRecorder(t *testing.T, s *sandbox.Sandbox, source string, stack previewStack) *recorder {
	t.Helper()
	tenant := s.Tenants()[0]
	azure, err := deployer.New(t.Context(), s, tenant)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "project")
	if err := engine.NewScratch(source, dir, stack.file, stack.name); err != nil {
		t.Fatal(err)
	}
	r := &recorder{partners: make(map[string]string), source: source, file: filepath.Join(dir, "Pulumi."+stack.name+".yaml"), world: &world{
		t: t, sandbox: s, tenant: tenant, stack: stack.name, azure: azure, printed: &printed{to: t.Output()},
		leaks: &sandboxtest.Leaks{}, outputs: &exports{},
		project: engine.Project{Dir: dir, Environ: s.Overlay(os.Environ(), s.Environ(tenant)...)},
	}}
	r.pulumi("stack", "init", r.stack)
	r.set(stack.set(r))
	r.up()
	r.base = newRecording(t, r.preview(), nil, "")
	r.base.write(t, filepath.Join(recordings, stack.name+".json"))
	return r
}

// preview is what the engine prints.
func (r *recorder) preview() []byte {
	r.t.Helper()
	var out bytes.Buffer
	if err := r.project.Pulumi(r.t.Context(), &out, "preview", "--json", "--show-sames", "--stack", r.stack, "--non-interactive"); err != nil {
		r.t.Fatalf("%v\n%s", err, out.String())
	}
	return out.Bytes()
}

// record previews one change, undoes it and writes the recording.
func (r *recorder) record(c previewCase) {
	r.t.Helper()
	settings, err := os.ReadFile(r.file)
	if err != nil {
		r.t.Fatal(err)
	}
	defer r.restore(r.file, settings)
	if c.set != nil {
		r.set(c.set)
	}
	chosen := outsider + " " + another // other ids are of this run
	for _, e := range c.edit {
		defer r.apply(e)()
		chosen += e.new
	}
	difference := newRecording(r.t, r.preview(), r.base.known, chosen).minus(r.base)
	difference.note = c.note
	difference.write(r.t, filepath.Join(recordings, r.stack, c.name+".json"))
}

// apply edits a file of the program and returns what undoes it.
func (r *recorder) apply(e edit) (undo func()) {
	r.t.Helper()
	path := filepath.Join(r.source, filepath.FromSlash(e.file))
	if e.old == "" {
		r.restore(path, []byte(e.new))
		return func() {
			if err := os.Remove(path); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	if n := strings.Count(string(content), e.old); n != 1 {
		r.t.Fatalf("expected %s to have once the text that the change replaces, got it %d times: %q", e.file, n, e.old)
	}
	r.restore(path, []byte(strings.Replace(string(content), e.old, e.new, 1)))
	return func() { r.restore(path, content) }
}

func (r *recorder) restore(path string, content []byte) {
	r.t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// copyTree copies the program and what it is built from.
func copyTree(t *testing.T) string {
	t.Helper()
	target := filepath.Join(t.TempDir(), "tree")
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != ".":
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(target, path), 0o700)
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(target, path), content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return target
}
