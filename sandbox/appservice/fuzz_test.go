package appservice

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"
)

// This file gives the parsers of a package and of schedules what a broken or a
// hostile build may publish: no panic, no endless loop, and nothing outside the
// package's folder.

func FuzzSchedule(f *testing.F) {
	for _, expression := range []string{"0 */5 * * * *", "0 0 0 29 2 *", "0 0 0 31 2 *", "*/0 * * * * *", "0 0 0 13 * Fri", "0-59/7 1,2,3 9-17 * Jan 1-5", "0 0 0 ? * MON#1"} {
		f.Add(expression)
	}
	from := time.Date(2026, 1, 5, 12, 0, 30, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expression string) {
		s, err := parseSchedule(expression)
		if err != nil {
			return
		}
		for at, n := from, 0; n < 5; n++ {
			next := s.next(at)
			if next.IsZero() {
				return // the last occurrence was before
			}
			if !next.After(at) {
				t.Fatalf("%q: got occurrence %s after %s", expression, next, at)
			}
			at = next
		}
		s.subMinute()
	})
}

func FuzzPackage(f *testing.F) {
	add := func(names ...string) {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, name := range names {
			header := &zip.FileHeader{Name: name, Method: zip.Deflate}
			header.SetMode(0o755)
			entry, err := w.CreateHeader(header)
			if err != nil {
				f.Fatal(err)
			}
			if _, err := entry.Write(bytes.Repeat([]byte("x"), 100)); err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	add("host.json", "bin/handler", "GetOrders/function.json")
	add("../outside", "/absolute", "a/../../b")
	add("a", "a/b", "a")
	f.Fuzz(func(t *testing.T, data []byte) {
		outer := t.TempDir()
		file, dir := filepath.Join(outer, "package.zip"), filepath.Join(outer, "package")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		archive, err := openPackage(file)
		if err != nil {
			return
		}
		defer archive.Close()
		for _, entry := range archive.File {
			if entry.UncompressedSize64 > 64<<20 {
				t.Skip("would only fill the disk")
			}
		}
		_ = unpack(&archive.Reader, dir) // may be refused half-way; what counts is where it wrote
		t.Cleanup(func() { _ = setFolderModes(dir, 0o755) })
		err = filepath.WalkDir(outer, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && path != outer && path != file && path != dir && !isBelow(dir, path) {
				t.Errorf("got %q outside of the package's folder", path)
			}
			if err == nil && entry.Type()&fs.ModeSymlink != 0 {
				t.Errorf("got a link %q", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func isBelow(dir, path string) bool {
	inside, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(inside)
}

const plainHostJSON = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"},"enableProxyingHttpRequest":true}}`

func FuzzHostJSON(f *testing.F) {
	f.Add([]byte(plainHostJSON), "AzureFunctionsJobHost__functionTimeout", "00:05:00")
	f.Add([]byte(`{"version":"2.0","functionTimeout":"-1","extensions":{"http":{"routePrefix":"//"}}}`), "AzureFunctionsJobHost__a__b", "1")
	f.Add([]byte(`{"customHandler":{"port":"%PORT%"}}`), "AzureFunctionsJobHost__version", "9")
	f.Fuzz(func(t *testing.T, data []byte, name, value string) {
		files := fstest.MapFS{"host.json": {Data: data}, "handler": {Data: []byte("#!"), Mode: 0o755}}
		settings := map[string]string{name: value}
		config, err := readHostConfig(files, func(name string) string { return settings[name] }, settings)
		if err == nil && (config.Timeout < 0 || config.InitTimeout < 0) {
			t.Errorf("got timeouts %s and %s, want none below zero", config.Timeout, config.InitTimeout)
		}
	})
}

func FuzzFunctionJSON(f *testing.F) {
	f.Add([]byte(`{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","methods":["get"],"authLevel":"anonymous","route":"orders/{id:int?}"},{"type":"http","direction":"out","name":"res"}]}`))
	f.Add([]byte(`{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"%SCHEDULE%"}]}`))
	f.Add([]byte(`{"bindings":[{},null,[]],"disabled":"x"}`))
	def := definition{SiteID: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/app", Settings: map[string]string{"SCHEDULE": "0 */5 * * * *"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		functions, err := readFunctions(fstest.MapFS{"F/function.json": {Data: data}}, def, hostConfig{RoutePrefix: "api"})
		if err != nil || len(functions) != 1 {
			t.Errorf("got %d functions and %v, want the one, in error or not", len(functions), err)
		}
	})
}
