package main

import (
	"bytes"
	"errors"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newProject copies what function apps are built from.
func newProject(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, path := range []string{"go.mod", "go.sum", "Pulumi.yaml", "functions/internal", "functions/items-api", "functions/items-client", "azurecloud/endpoints", "sdks"} {
		from, to := filepath.Join("..", "..", filepath.FromSlash(path)), filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			err = os.CopyFS(to, os.DirFS(from))
		} else {
			var content []byte
			if content, err = os.ReadFile(from); err == nil {
				err = os.WriteFile(to, content, 0o644)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestNewAppsWork makes both kinds for a name of two words, and builds and tests
// what was made.
func TestNewAppsWork(t *testing.T) {
	t.Parallel()
	root := newProject(t)
	for _, kind := range []string{"api", "client"} {
		var out bytes.Buffer
		if err := run(root, []string{kind, "stock-rooms"}, &out); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"functions/stock-rooms-" + kind + " is made", "pulumi config set --path app-to-app:api.name stock-rooms", "StockRooms.Read", "the client stock-rooms-client"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: got %q, want %q in it", kind, out.String(), want)
			}
		}
		if other := strings.Contains(out.String(), "go run ./cmd/new"); other != (kind == "api") {
			t.Errorf("%s: got %q", kind, out.String())
		}
	}
	wanted := map[string][]string{
		"stock-rooms-api/main.go":                              {`prefix = "STOCK_ROOMS"`, `customhandler.Main("stock-rooms-api"`, `"GET /api/stock-rooms"`},
		"stock-rooms-api/GetStockRooms/function.json":          {`"route": "stock-rooms"`, `"authLevel": "anonymous"`},
		"stock-rooms-client/CallStockRooms/function.json":      {`"route": "CallStockRooms"`, `"authLevel": "function"`},
		"stock-rooms-client/CallStockRoomsTimer/function.json": {`%STOCK_ROOMS_SCHEDULE%`},
		"stock-rooms-client/local.settings.example.json":       {`STOCK_ROOMS_URL`},
	}
	for path, texts := range wanted {
		content, err := os.ReadFile(filepath.Join(root, "functions", filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if !strings.Contains(string(content), text) {
				t.Errorf("%s: expected %s", path, text)
			}
		}
	}
	err := filepath.WalkDir(filepath.Join(root, "functions"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.Contains(path, "stock-rooms") {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(strings.ToLower(path+string(content)), exampleName) {
			t.Errorf("%s: got the example's name in it", path)
		}
		if formatted, err := format.Source(content); filepath.Ext(path) == ".go" && (err != nil || !bytes.Equal(formatted, content)) {
			t.Errorf("%s: expected gofmt's form, %v", path, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "test", "./functions/stock-rooms-api", "./functions/stock-rooms-client")
	command.Dir, command.Env = root, append(os.Environ(), "GOWORK=off")
	if output, err := command.CombinedOutput(); err != nil || strings.Count(string(output), "ok ") != 2 {
		t.Errorf("go test of what was made: %v\n%s", err, output)
	}
}

func TestRefusedInput(t *testing.T) {
	t.Parallel()
	root := newProject(t)
	if err := os.Mkdir(filepath.Join(root, "functions", "shop-api"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(root, "functions", "link-client")); err != nil {
		t.Fatal(err)
	}
	bare := t.TempDir()
	for _, tt := range []struct {
		name, root string
		args       []string
		want, hint string
	}{
		{"nothing", root, nil, "expected api or client and a name, got 0 arguments", "go run ./cmd/new api stock"},
		{"no name", root, []string{"api"}, "got 1 arguments", "go run ./cmd/new api stock"},
		{"two names", root, []string{"api", "a", "b"}, "got 3 arguments", "go run ./cmd/new api stock"},
		{"another kind", root, []string{"server", "stock"}, `expected api or client, got "server"`, "go run ./cmd/new api 'stock'"},
		{"empty name", root, []string{"api", ""}, "expected at most 24 lower-case letters", "choose another name"},
		{"capitals", root, []string{"api", "Stock_Room"}, "expected lower-case letters, digits and single hyphens", "use the name stock-room"},
		{"a path", root, []string{"api", "../stock"}, "expected at most 24 lower-case letters", "choose another name"},
		{"with -api", root, []string{"api", "stock-api"}, "expected a name without -api, which is added", "use the name stock"},
		{"the platform's", root, []string{"api", "azure"}, "app settings that begin with AZURE_ belong to Azure", "choose another name"},
		{"the host's", root, []string{"api", "administration"}, `does not begin with "admin"`, "choose another name"},
		{"the host's too", root, []string{"client", "runtime"}, `does not begin with "runtime"`, "choose another name"},
		{"the example's", root, []string{"api", "items"}, "expected no folder functions/items-api, and there is one", "go test ./functions/items-api"},
		{"a folder that exists", root, []string{"api", "shop"}, "expected no folder functions/shop-api, and there is one", "choose another name"},
		{"a link that exists", root, []string{"client", "link"}, "expected no folder functions/link-client, and there is one", "choose another name"},
		{"outside of the repository", bare, []string{"api", "stock"}, "expected the project with its examples", "run it in the folder of the project"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := folders(t, tt.root)
			err := run(tt.root, tt.args, new(bytes.Buffer))
			var hinted *hintError
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, &hinted) || !strings.Contains(hinted.hint, tt.hint) {
				t.Errorf("got %v, want %q with the hint %q", err, tt.want, tt.hint)
			}
			if after := folders(t, tt.root); after != before {
				t.Errorf("got functions %s, want %s", after, before)
			}
		})
	}
}

// folders are the names in functions.
func folders(t *testing.T, root string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}
