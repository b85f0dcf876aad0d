package verify_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// The tokens of these tests name an authority that is never called, so that the
// corpus in testdata stays valid.
const fuzzAuthority = "https://login.example"

func newFuzzVerifier(f *testing.F, keys verify.KeySource) *verify.Verifier {
	f.Helper()
	verifier, err := verify.NewVerifier(verify.Config{
		TenantID: verifytest.TenantID, AuthorityHost: fuzzAuthority, Audience: verifytest.Audience, Role: verifytest.Role,
		Keys: keys, Now: func() time.Time { return now },
	})
	if err != nil {
		f.Fatal(err)
	}
	return verifier
}

const goodPayload = `{"iss":"` + fuzzAuthority + `/` + verifytest.TenantID + `/v2.0","tid":"` + verifytest.TenantID +
	`","aud":"` + verifytest.Audience + `","nbf":1780310000,"exp":1780320000,"idtyp":"app","oid":"` + verifytest.ObjectID +
	`","sub":"` + verifytest.ObjectID + `","azp":"` + verifytest.ClientID + `","roles":["` + verifytest.Role + `"]}`

// FuzzToken: no text makes Verify panic, and only the signed token is accepted.
func FuzzToken(f *testing.F) {
	key := verifytest.Key(f, "key-1", 2048)
	verifier := newFuzzVerifier(f, fixedKey{ID: key.ID, Public: &key.Private.PublicKey})
	good := verifytest.Sign(f, key, []byte(`{"alg":"RS256","kid":"key-1"}`), []byte(goodPayload))
	if _, err := verifier.Verify(f.Context(), good); err != nil {
		f.Fatalf("the good token: got %v, want none", err)
	}
	for _, seed := range []string{"", ".", "..", "...", "eyJ.e30.AA", good, good + ".", " " + good, strings.Repeat("A", 9000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := verifier.Verify(t.Context(), token)
		if err == nil && token != good {
			t.Errorf("got %q accepted", token)
		}
		if err != nil && token == good {
			t.Errorf("got %v for the good token", err)
		}
	})
}

// FuzzPayload signs any payload. If Verify accepts it, encoding/json must read the
// same values from it: two parsers of one token must not differ.
func FuzzPayload(f *testing.F) {
	key := verifytest.Key(f, "key-1", 2048)
	verifier := newFuzzVerifier(f, fixedKey{ID: key.ID, Public: &key.Private.PublicKey})
	for _, seed := range []string{
		goodPayload, "{}", "[]", "null", `{"exp":1e400}`, `{"":{"":[[],{},"\u0000\ud83d\ude00",-0.1e+1]}}`,
		strings.Replace(goodPayload, "{", `{ "x" : [true, false, null, 0.5E-1] , `, 1),
		strings.Replace(goodPayload, `"oid"`, `"oi\u0064"`, 1),
		strings.Replace(goodPayload, "{", `{"OID":"x",`, 1),
		goodPayload + " ", goodPayload + "{}",
	} {
		f.Add([]byte(seed))
	}
	header := []byte(`{"alg":"RS256","kid":"key-1"}`)
	f.Fuzz(func(t *testing.T, payload []byte) {
		if len(payload) > 4<<10 {
			t.Skip("longer than a token may be")
		}
		claims, err := verifier.Verify(t.Context(), verifytest.Sign(t, key, header, payload))
		if err != nil {
			return
		}
		var other map[string]any
		decoder := json.NewDecoder(bytes.NewReader(payload))
		decoder.UseNumber()
		if err := decoder.Decode(&other); err != nil {
			t.Fatalf("accepted %q, which encoding/json refuses: %v", payload, err)
		}
		same := map[string]string{"oid": claims.ObjectID, "azp": claims.ClientID, "tid": claims.TenantID, "aud": verifytest.Audience, "sub": claims.ObjectID}
		for name, value := range same {
			if other[name] != value {
				t.Errorf("claim %q: got %q, encoding/json reads %v", name, value, other[name])
			}
		}
		if _, delegated := other["scp"]; delegated {
			t.Error("accepted a token with scp")
		}
	})
}
