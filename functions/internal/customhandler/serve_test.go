package customhandler_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"app-to-app/functions/internal/customhandler"
)

func environ(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// address reads the log up to the line that says where the handler listens.
func address(t *testing.T, log io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var entry struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Fatalf("got log line %q, want JSON", lines.Text())
		}
		if entry.Msg == "handler listening" {
			go func() { _, _ = io.Copy(io.Discard, log) }() // so that the handler never waits for a reader
			return entry.Address
		}
	}
	t.Fatal("the handler ended without listening")
	return ""
}

func TestRunStopsGracefully(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	log, output := io.Pipe()
	running, finish := make(chan struct{}), make(chan struct{})
	exit := make(chan int, 1)
	go func() {
		exit <- customhandler.Run(ctx, environ(map[string]string{"FUNCTIONS_CUSTOMHANDLER_PORT": "0"}), output,
			func(_ context.Context, app *customhandler.App) error {
				app.HTTP("GET /api/slow", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					close(running)
					<-finish
					customhandler.WriteJSON(w, 200, "done")
				}))
				return nil
			})
		_ = output.Close()
	}()
	host := address(t, log)
	if !strings.HasPrefix(host, "127.0.0.1:") {
		t.Errorf("got address %q, want one on 127.0.0.1", host)
	}
	answered := make(chan int, 1)
	go func() {
		response, err := http.Get("http://" + host + "/api/slow")
		if err != nil {
			t.Error(err)
			answered <- 0
			return
		}
		_ = response.Body.Close()
		answered <- response.StatusCode
	}()
	<-running
	stop()
	close(finish)
	if got := <-answered; got != 200 {
		t.Errorf("running invocation: got %d, want 200", got)
	}
	if got := <-exit; got != 0 {
		t.Errorf("got exit code %d, want 0", got)
	}
}

func TestRunReportsEveryProblem(t *testing.T) {
	t.Parallel()
	log := &captured{}
	code := customhandler.Run(t.Context(), environ(map[string]string{
		"FUNCTIONS_CUSTOMHANDLER_PORT": "eighty", "A_URL": "http://user:secret@host", "A_GUID": "1234", "SOME": "a,b",
	}), log, func(_ context.Context, app *customhandler.App) error {
		app.Settings.HTTPS("A_URL", "a URL")
		app.Settings.GUID("A_GUID", "an id")
		app.Settings.Required("MISSING", "the thing that is missing")
		app.Settings.GUIDs("SOME")
		return nil
	})
	if code != 1 {
		t.Errorf("got exit code %d, want 1", code)
	}
	for _, want := range []string{"FUNCTIONS_CUSTOMHANDLER_PORT", "A_URL", "A_GUID", "MISSING", "the thing that is missing", "SOME"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got %s, want %q named", log, want)
		}
	}
}

// TestSecretInThePlaceOfAnID: they are next to each other in the portal and get
// mixed up.
func TestSecretInThePlaceOfAnID(t *testing.T) {
	t.Parallel()
	settings := customhandler.NewAppSettings(environ(map[string]string{"ID": "sent1nel~secret", "SOME": "sent1nel~secret,b"}))
	settings.OptionalGUID("ID")
	settings.GUID("ID", "an id")
	settings.GUIDs("SOME")
	if err := settings.Err(); err == nil || strings.Contains(err.Error(), "sent1nel") {
		t.Errorf("got %v, want the settings refused and not quoted", err)
	}
}

func TestRunWithoutAPort(t *testing.T) {
	t.Parallel()
	for name, port := range map[string]string{"missing": "", "too large": "65536", "negative": "-1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &captured{}
			code := customhandler.Run(t.Context(), environ(map[string]string{"FUNCTIONS_CUSTOMHANDLER_PORT": port}), log,
				func(context.Context, *customhandler.App) error { return nil })
			if code != 1 || !strings.Contains(log.String(), "FUNCTIONS_CUSTOMHANDLER_PORT") {
				t.Errorf("got exit code %d and log %s", code, log)
			}
		})
	}
}

func TestRunEndsWhenStartFails(t *testing.T) {
	t.Parallel()
	log := &captured{}
	var started context.Context
	code := customhandler.Run(t.Context(), environ(map[string]string{"FUNCTIONS_CUSTOMHANDLER_PORT": "0"}), log,
		func(ctx context.Context, _ *customhandler.App) error {
			started = ctx
			return errors.New("no providers")
		})
	if code != 1 || !strings.Contains(log.String(), "no providers") {
		t.Errorf("got exit code %d and log %s, want 1 and the cause", code, log)
	}
	if started.Err() == nil {
		t.Error("the app's context has not ended")
	}
}

func TestAppSettings(t *testing.T) {
	t.Parallel()
	settings := customhandler.NewAppSettings(environ(map[string]string{
		"GUID": " 6F0F2C1E-9D35-4F0E-8A4B-0C5F3F1D7A01 ", "URL": "https://127.0.0.1:8443/", "LIST": " a, ,b,",
	}))
	if got, want := settings.GUID("GUID", "an id"), "6f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a01"; got != want {
		t.Errorf("got GUID %q, want %q", got, want)
	}
	if got, want := settings.HTTPS("URL", "a URL"), "https://127.0.0.1:8443"; got != want {
		t.Errorf("got URL %q, want %q", got, want)
	}
	if got := settings.List("LIST"); len(got) != 2 || got[0] != "a" || got[1] != "b" {
		t.Errorf("got list %q, want a and b", got)
	}
	if settings.OptionalGUID("NONE") != "" || settings.GUIDs("NONE") != nil || settings.Optional("NONE") != "" {
		t.Error("got values for a setting that is not set")
	}
	if err := settings.Err(); err != nil {
		t.Errorf("got %v, want no problem", err)
	}
}

func TestListsWithoutEntries(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]string{"a comma": ",", "commas and spaces": " , ,"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := customhandler.NewAppSettings(environ(map[string]string{"SOME": list}))
			if s.GUIDs("SOME"); s.Err() == nil {
				t.Error("got no error for a list without entries")
			}
		})
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]string{
		"http": "http://host", "no scheme": "host", "no host": "https://", "query": "https://host?code=x", "empty query": "https://host?",
		"fragment": "https://host#x", "user": "https://u@host", "another scheme": "ftp://host",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := customhandler.NewAppSettings(environ(map[string]string{"URL": bad}))
			if s.HTTPS("URL", "a URL"); s.Err() == nil {
				t.Errorf("got no error for %q", bad)
			}
		})
	}
}

// TestURLsOnThisMachine: https anywhere, http for a loopback address only.
func TestURLsOnThisMachine(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"https://host/x": true, "http://localhost:7071/api/orders": true, "http://127.0.0.1:7071": true, "http://[::1]/x": true,
		"http://host": false, "http://localhost.example": false, "http://127.0.0.1.example": false, "http://10.0.0.1": false, "http://0.0.0.0": false,
		"ftp://127.0.0.1": false, "http://u@127.0.0.1": false, "http://127.0.0.1/?code=x": false,
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			s := customhandler.NewAppSettings(environ(map[string]string{"URL": value}))
			s.LocalHTTPS("URL", "a URL")
			if accepted := s.Err() == nil; accepted != want {
				t.Errorf("got accepted %v, want %v", accepted, want)
			}
		})
	}
}

func TestSecretsInURLsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]string{
		"password": "https://user:secret@host/x", "query": "https://host/x?code=secret", "password over http": "http://user:secret@host",
		"another scheme": "ftp://x@h?code=secret", "port that is not a number": "https://host:port/?code=secret",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := customhandler.NewAppSettings(environ(map[string]string{"URL": bad}))
			s.HTTPS("URL", "a URL")
			if err := s.Err(); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error without the secret", err)
			}
		})
	}
}

// TestUnresolvedReference: the text of a reference must not be used as the secret.
func TestUnresolvedReference(t *testing.T) {
	t.Parallel()
	settings := customhandler.NewAppSettings(environ(map[string]string{"SECRET": "@Microsoft.KeyVault(SecretUri=https://vault.test/secrets/s)"}))
	if got := settings.Required("SECRET", "a secret"); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
	err := settings.Err()
	if err == nil || strings.Count(err.Error(), "SECRET: ") != 1 || !strings.Contains(err.Error(), "SECRET: the Key Vault reference is not resolved; give the app's identity the role Key Vault Secrets User") {
		t.Errorf("got %v, want the reference refused, once", err)
	}
}
