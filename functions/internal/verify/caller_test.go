package verify_test

import (
	"errors"
	"testing"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// TestCallerOf: a refusal names the caller only if the tenant signed the token.
func TestCallerOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		edit  func(*attempt)
		want  error
		named bool
	}{
		{name: "without the role", edit: func(a *attempt) { delete(a.claims, "roles") }, want: verify.ErrAppRole, named: true},
		{name: "blocked", edit: func(a *attempt) { a.config.BlockedCallers = []string{verifytest.ClientID} }, want: verify.ErrCaller, named: true},
		{name: "for another API", edit: func(a *attempt) { a.claims["aud"] = "other" }, want: verify.ErrAudience, named: true},
		{name: "of a stranger's key", edit: func(a *attempt) { a.key = verifytest.Key(t, "key-foreign", 2048) }, want: verify.ErrSignature},
		{name: "changed after it was signed", edit: func(a *attempt) {
			a.token = func(token string) string { return token[:len(token)-12] + "AAAAAAAAAAAA" }
		}, want: verify.ErrSignature},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAttempt(t)
			a.claims["uti"] = "token-id"
			tt.edit(a)
			_, err := a.verifier().Verify(t.Context(), a.signed())
			caller, named := verify.CallerOf(err)
			if !errors.Is(err, tt.want) || named != tt.named || named && (caller.ClientID != verifytest.ClientID || caller.UniqueID != "token-id") {
				t.Errorf("got %v with caller %+v %t, want %v and a caller %t", err, caller, named, tt.want, tt.named)
			}
		})
	}
	if _, named := verify.CallerOf(nil); named {
		t.Error("no refusal: got a caller")
	}
}

// TestCallerOfACachedToken: what is checked on every call names the caller too.
func TestCallerOfACachedToken(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	verifier, token := a.verifier(), a.signed()
	admit(t, verifier, token)
	_, err := verifier.ForRole("Orders.Export").Verify(t.Context(), token)
	if caller, ok := verify.CallerOf(err); !ok || caller.ObjectID != verifytest.ObjectID || !errors.Is(err, verify.ErrAppRole) {
		t.Errorf("got %v with caller %+v %t", err, caller, ok)
	}
}
