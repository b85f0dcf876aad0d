package sandbox_test

import (
	"context"
	"net/http"
	"testing"

	"app-to-app/sandbox"
)

// BenchmarkStart measures from Start to the first answer: in an empty directory,
// where keys and a certificate authority must be made, and in a used one.
func BenchmarkStart(b *testing.B) {
	b.Run("empty", func(b *testing.B) {
		for b.Loop() {
			firstAnswer(b, b.TempDir())
		}
	})
	b.Run("used", func(b *testing.B) {
		dir := b.TempDir()
		for b.Loop() {
			firstAnswer(b, dir)
		}
	})
}

func firstAnswer(b *testing.B, dir string) {
	b.Helper()
	s, err := sandbox.Start(context.Background(), sandbox.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	resp, err := s.HTTPClient().Get(s.BaseURL + "/" + s.Tenants()[0].ID + "/v2.0/.well-known/openid-configuration")
	if err != nil {
		b.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b.Fatalf("got status %d, want 200", resp.StatusCode)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
