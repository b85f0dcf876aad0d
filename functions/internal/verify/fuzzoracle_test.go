package verify_test

import (
	"context"
	"crypto/rsa"
	"strings"
	"testing"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

const goodHeader = `{"typ":"JWT","alg":"RS256","kid":"key-1"}`

// onlyKey is a key source that, unlike fixedKey, looks keys up by ID, as the
// oracles do.
type onlyKey map[string]verify.Key

func (o onlyKey) Key(_ context.Context, id string) (verify.Key, error) {
	if key, ok := o[id]; ok {
		return key, nil
	}
	return verify.Key{}, verify.ErrSignature
}

func (o onlyKey) Generation() uint64 { return 0 }

// FuzzOracles signs any header and payload, then removes or inserts a piece of the
// token. The oracles must admit what Verify admits.
func FuzzOracles(f *testing.F) {
	key := verifytest.Key(f, "key-1", 2048)
	verifier := newFuzzVerifier(f, onlyKey{key.ID: {ID: key.ID, Public: &key.Private.PublicKey}})
	with := oracles(policy{
		issuer: fuzzAuthority + "/" + verifytest.TenantID + "/v2.0",
		keys:   map[string]*rsa.PublicKey{key.ID: &key.Private.PublicKey},
	})
	for _, seed := range []struct{ header, payload string }{
		{goodHeader, goodPayload},
		{`{"alg":"none"}`, goodPayload},
		{`{"alg":"RS256","kid":"key-1","nonce":1}`, goodPayload},
		{`{"alg":"RS256","kid":"key-1","x5t#S256":[]}`, goodPayload},
		{`{"alg":"RS256","kid":"key-1","b64":false}`, goodPayload},
		{goodHeader, strings.Replace(goodPayload, "{", `{"iat":1780310000,"jti":5,`, 1)},
		{goodHeader, strings.Replace(goodPayload, "{", `{"iat":1e999,`, 1)},
		{goodHeader, strings.Replace(goodPayload, "{", `{"x":{"y":[1e999,"\ud83d\ude00"]},`, 1)},
		{goodHeader, strings.Replace(goodPayload, `"oid"`, `"oi\u0064"`, 1)},
		{goodHeader, strings.Replace(goodPayload, "{", `{"AUD":5,"Exp":"x",`, 1)},
	} {
		f.Add([]byte(seed.header), []byte(seed.payload), uint16(0), uint8(0), "")
	}
	f.Add([]byte(goodHeader), []byte(goodPayload), uint16(4), uint8(1), "=")
	f.Fuzz(func(t *testing.T, header, payload []byte, at uint16, cut uint8, put string) {
		if len(header)+len(payload)+len(put) > 5<<10 {
			t.Skip("longer than a token may be")
		}
		token := verifytest.Sign(t, key, header, payload)
		start := int(at) % len(token)
		token = token[:start] + put + token[min(start+int(cut), len(token)):]
		_, err := verifier.Verify(t.Context(), token)
		if err != nil {
			return
		}
		for _, oracle := range with {
			if judgement := oracle.judge(token); judgement != nil {
				t.Errorf("admitted header %q payload %q, and %s refuses it: %v", header, payload, oracle.name, judgement)
			}
		}
	})
}
