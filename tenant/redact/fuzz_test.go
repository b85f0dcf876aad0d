package redact_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"app-to-app/tenant/redact"
)

// FuzzMake has a secret, and a part of it in plain text between other texts. A
// copy is made only if no text in it has the secret.
func FuzzMake(f *testing.F) {
	f.Add("s3cret/Of+the~client", "", "", uint8(0))
	f.Add("s3cret/Of+the~client", "x", "y", uint8(255))
	f.Add("RunAs=App;AppId="+app+";TenantId="+tenant+";AppKey=12345678", "", "", uint8(8))
	f.Add("-----BEGIN X-----\nAAAA\n-----END X-----", "{", `"`, uint8(60))
	f.Add("placeholder-1", "", "", uint8(4))
	f.Fuzz(func(t *testing.T, secret, before, after string, length uint8) {
		if !utf8.ValidString(secret) || len(secret) < 8 {
			t.Skip("not a text of JSON, or one that is refused")
		}
		plain := before + secret[:min(int(length), len(secret))] + after
		made, err := redact.Make(source(map[string]any{"secret": envelope(secret), "plain": plain}, map[string]any{
			"key": map[string]any{"value": secret, "secret": true},
		}))
		if err != nil {
			return
		}
		got := secretOutput(t, made)
		if strings.Contains(plain, secret) {
			t.Errorf("expected no copy with the secret in plain text, got one")
		}
		if public := strings.HasPrefix(secret, "RunAs=App;"); !public && strings.Contains(got, strings.TrimSpace(secret)) && !strings.Contains(secret, "BEGIN CERTIFICATE") {
			t.Errorf("got %q in the place of %q", got, secret)
		}
		if made.Settings["key"] == secret && !strings.HasPrefix(secret, "RunAs=App;") && !strings.Contains(secret, "BEGIN CERTIFICATE") {
			t.Errorf("got the setting itself, %q", secret)
		}
	})
}

// secretOutput is the output secret of the one resource in a copy.
func secretOutput(t *testing.T, c redact.Copy) (text string) {
	t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct {
				Outputs struct {
					Secret struct{ Plaintext string }
				}
			}
		}
	}
	if err := json.Unmarshal(c.State, &state); err != nil {
		t.Fatalf("expected a state that can be read, got %v", err)
	}
	if err := json.Unmarshal([]byte(state.Deployment.Resources[0].Outputs.Secret.Plaintext), &text); err != nil {
		t.Fatal(err)
	}
	return text
}
