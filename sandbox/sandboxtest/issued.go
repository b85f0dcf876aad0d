package sandboxtest

import (
	"testing"

	"app-to-app/sandbox"
)

// Issued adds every secret that a sandbox issued. Values of less than eight
// bytes, which only a key vault can have, are left out: they are found by chance.
func (l *Leaks) Issued(t testing.TB, s *sandbox.Sandbox) {
	t.Helper()
	issued, err := s.Issued()
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range issued.AccessTokens {
		l.Token("an access token", token)
	}
	for name, secrets := range map[string][]string{
		"a client secret": issued.ClientSecrets, "a function key": issued.FunctionKeys, "an identity header": issued.IdentityHeaders,
		"a key vault secret": issued.VaultSecrets, "a secret of the sandbox itself": issued.Own,
	} {
		for _, secret := range secrets {
			if len(secret) >= shortest {
				l.Secret(name, secret)
			}
		}
	}
}
