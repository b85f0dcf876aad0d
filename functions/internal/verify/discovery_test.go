package verify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// unusable are entries of a key set that are not signing keys, each made from a
// good one.
var unusable = []struct {
	name string
	edit func(entry map[string]any)
}{
	{"another kind of key", func(e map[string]any) { e["kty"] = "NEW" }},
	{"another kind of key with a number for its id", func(e map[string]any) { e["kty"], e["kid"] = "NEW", 5 }},
	{"kty that is a list", member("kty", []string{"RSA"})},
	{"kid that is a number", member("kid", 5)},
	{"use that is a list", member("use", []string{"sig"})},
	{"alg that is an object", member("alg", map[string]any{"name": "RS256"})},
	{"n that is a number", member("n", 65537)},
	{"e that is a number", member("e", 65537)},
	{"issuer that is a list", member("issuer", []string{"https://login.microsoftonline.com/{tenantid}/v2.0"})},
	{"key for encryption", member("use", "enc")},
	{"use empty", member("use", "")},
	{"use null", member("use", nil)},
	{"use in another case", member("use", "SIG")},
	{"key for signing", member("key_ops", []string{"sign"})},
	{"key for encryption by its operations", member("key_ops", []string{"encrypt", "wrapKey"})},
	{"key for no operation", member("key_ops", []string{})},
	{"operation in another case", member("key_ops", []string{"Verify"})},
	{"key_ops null", member("key_ops", nil)},
	{"key_ops that is a text", member("key_ops", "verify")},
	{"key_ops with a number", member("key_ops", []any{"verify", 5})},
	{"key for verifying whose use is encryption", func(e map[string]any) { e["use"], e["key_ops"] = "enc", []string{"verify"} }},
	{"key of another algorithm", member("alg", "PS256")},
	{"alg null", member("alg", nil)},
	{"no id", func(e map[string]any) { delete(e, "kid") }},
	{"modulus too long", member("n", strings.Repeat("_", 2000))},
	{"modulus that is not base64", member("n", "!")},
	{"exponent too long", member("e", "AQAAAAAB")},
	{"nothing at all", func(e map[string]any) { clear(e) }},
}

func member(name string, value any) func(map[string]any) {
	return func(entry map[string]any) { entry[name] = value }
}

// TestUnusableKeyIsSkipped: with each entry before or after a good key, the good
// key works; with the entry alone, there is no key.
func TestUnusableKeyIsSkipped(t *testing.T) {
	t.Parallel()
	for _, test := range unusable {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tenant := verifytest.NewTenant(t)
			odd := tenant.Entry(verifytest.Key(t, "key-2", 2048))
			test.edit(odd)
			good := tenant.Entry(tenant.Signing)
			for _, entries := range [][]map[string]any{{odd, good}, {good, odd}} {
				tenant.PublishEntries(entries...)
				keys := newKeys(t, tenant, newClock().Now)
				mustKey(t, keys, tenant.Signing.ID)
				for _, id := range []string{"key-2", "5", ""} {
					if _, err := keys.Key(t.Context(), id); !isRefusal(err, verify.ErrSignature) {
						t.Errorf("key %q: got %v, want %v", id, err, verify.ErrSignature)
					}
				}
			}
			tenant.PublishEntries(odd)
			_, err := newKeys(t, tenant, newClock().Now).Key(t.Context(), "key-2")
			if !isRefusal(err, verify.ErrKeysUnavailable) || !strings.Contains(err.Error(), "at least one RSA signing key") {
				t.Errorf("alone: got %v, want %v", err, verify.ErrKeysUnavailable)
			}
		})
	}
}

// TestOracleOfKeySets: go-jose reads the same entries. It must be able to use what
// we use, and must find nothing to use in what we skip. It does not know key_ops,
// so the test adds that.
func TestOracleOfKeySets(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	entries := map[string]map[string]any{}
	for _, use := range []any{"absent", "sig", "enc"} {
		for _, operations := range []any{"absent", []string{"verify"}, []string{"sign", "verify"}, []string{"sign"}, []string{"wrapKey"}, []string{}} {
			for _, algorithm := range []any{"absent", "RS256", "RS512", "RSA-OAEP"} {
				entry := tenant.Entry(verifytest.Key(t, "key-2", 2048))
				delete(entry, "x5t") // the key's id, which go-jose takes for a thumbprint
				for name, value := range map[string]any{"use": use, "key_ops": operations, "alg": algorithm} {
					if delete(entry, name); value != "absent" {
						entry[name] = value
					}
				}
				entries[fmt.Sprint(use, operations, algorithm)] = entry
			}
		}
	}
	used := 0
	for name, entry := range entries {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(encodeJSON(t, entry)); err != nil {
			t.Fatal(err)
		}
		operations, named := entry["key_ops"].([]string)
		want := key.Valid() && (key.Use == "" || key.Use == "sig") && (key.Algorithm == "" || key.Algorithm == "RS256") &&
			(!named || slices.Contains(operations, "verify"))
		tenant.PublishEntries(tenant.Entry(tenant.Signing), entry)
		_, err := newKeys(t, tenant, newClock().Now).Key(t.Context(), "key-2")
		if (err == nil) != want {
			t.Errorf("%s: got %v, the oracle takes the key: %v", name, err, want)
		}
		if want {
			used++
		}
	}
	if used != 12 {
		t.Errorf("got %d of %d entries used, want 12", used, len(entries))
	}
}

// TestEntriesThatAreNoObjects: entries of the list may have any type; the document
// must be an object.
func TestEntriesThatAreNoObjects(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	good := string(encodeJSON(t, tenant.Entry(tenant.Signing)))
	for _, test := range []struct {
		name, document string
		want           error
	}{
		{"null, a number, a text and a list", `{"keys":[null,5,"RSA",[],` + good + `]}`, nil},
		{"none of them a key", `{"keys":[null,5,"RSA",[]]}`, verify.ErrKeysUnavailable},
		{"keys that are an object", `{"keys":{"0":` + good + `}}`, verify.ErrKeysUnavailable},
		{"a list alone", `[` + good + `]`, verify.ErrKeysUnavailable},
		{"no JSON behind a key", `{"keys":[` + good + `,}`, verify.ErrKeysUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			tenant.PublishDocument(test.document)
			_, err := newKeys(t, tenant, newClock().Now).Key(t.Context(), tenant.Signing.ID)
			if test.want == nil && err != nil || test.want != nil && !isRefusal(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestFirstOfTwoKeysWithOneIDStays(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	second := tenant.Entry(verifytest.Key(t, "key-2", 2048))
	second["kid"] = tenant.Signing.ID
	tenant.PublishEntries(tenant.Entry(tenant.Signing), second)
	key := mustKey(t, newKeys(t, tenant, newClock().Now), tenant.Signing.ID)
	if !key.Public.Equal(&tenant.Signing.Private.PublicKey) {
		t.Error("got the second key under the id")
	}
}
