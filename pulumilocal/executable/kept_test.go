package executable_test

import (
	"os"
	"path/filepath"
	"testing"

	"app-to-app/pulumilocal/executable"
)

func TestKept(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "[cache") // a pattern that is none
	t.Setenv("XDG_CACHE_HOME", cache)
	sources := t.TempDir()
	keep := func(kind, name string) string {
		t.Helper()
		source := filepath.Join(sources, name)
		if err := os.MkdirAll(source, 0o700); err != nil {
			t.Fatal(err)
		}
		folder, err := executable.Kept(kind, source)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, kind), nil, 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
		return folder
	}
	there := func(folder string) bool {
		_, err := os.Stat(folder)
		return err == nil
	}
	first, second, otherKind := keep("program", "first"), keep("program", "second"), keep("other", "first")
	if first == second || first == otherKind || first != keep("program", "first") {
		t.Errorf("expected a folder for each kind and source, and the same again, got %q, %q and %q", first, second, otherKind)
	}
	if err := os.RemoveAll(filepath.Join(sources, "first")); err != nil {
		t.Fatal(err)
	}
	if keep("program", "second"); !there(first) {
		t.Error("expected a folder that is known to cost no look at the others")
	}
	// Neither is one that Kept has made for the source that it names.
	written, longer := filepath.Join(cache, "app-to-app", "program-mine"), keep("program-long", "first")
	for _, folder := range []string{written, longer} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "source"), []byte(filepath.Join(sources, "nowhere")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(sources, "first")); err != nil {
		t.Fatal(err)
	}
	third := keep("program", "third")
	if !there(written) || !there(longer) {
		t.Errorf("expected folders of others to stay, got %t and %t", there(written), there(longer))
	}
	if there(first) || !there(second) || !there(third) || !there(otherKind) {
		t.Errorf("expected only the program of the source that is gone to be removed, got first %t, second %t, third %t, other kind %t", there(first), there(second), there(third), there(otherKind))
	}
}
