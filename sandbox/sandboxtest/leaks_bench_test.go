package sandboxtest_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"app-to-app/sandbox/sandboxtest"
)

// BenchmarkTokens adds as many access tokens as a test under load has issued.
func BenchmarkTokens(b *testing.B) {
	encode := base64.RawURLEncoding.EncodeToString
	for b.Loop() {
		var leaks sandboxtest.Leaks
		for i := range 5_000 {
			claims := fmt.Sprintf(`{"aud":"api://orders","iss":"https://login.sandbox.test","uti":"%08d"}`, i)
			leaks.Token("a token", encode([]byte(`{"alg":"RS256"}`))+"."+encode([]byte(claims))+"."+encode(fmt.Appendf(nil, "%032d", i)))
		}
	}
}
