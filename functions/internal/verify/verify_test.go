package verify_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
	"app-to-app/functions/internal/verify/verifytest/attacks"
)

// now is the time in these tests.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// An attempt is an access token and a verifier that admits it, until a row of a
// table changes one thing.
type attempt struct {
	t              *testing.T
	tenant         *verifytest.Tenant
	key            *verifytest.SigningKey
	header, claims map[string]any
	payload        func(payload string) string // of the encoded claims, nil for none
	token          func(token string) string   // of the signed token, nil for none
	config         verify.Config
	keysClock      *clock // of the keys alone
}

func newAttempt(t *testing.T) *attempt {
	t.Helper()
	tenant := verifytest.NewTenant(t)
	return &attempt{
		t: t, tenant: tenant, key: tenant.Signing, header: tenant.Header(), claims: tenant.Claims(now), keysClock: newClock(),
		config: verify.Config{
			TenantID: verifytest.TenantID, AuthorityHost: tenant.AuthorityHost(),
			Audience: verifytest.Audience, Role: verifytest.Role, Now: func() time.Time { return now },
		},
	}
}

// signed is the token of the attempt.
func (a *attempt) signed() string {
	a.t.Helper()
	payload := string(encodeJSON(a.t, a.claims))
	if a.payload != nil {
		payload = a.payload(payload)
	}
	signed := verifytest.Sign(a.t, a.key, encodeJSON(a.t, a.header), []byte(payload))
	if a.token != nil {
		signed = a.token(signed)
	}
	return signed
}

// verifier is the verifier of the attempt.
func (a *attempt) verifier() *verify.Verifier {
	a.t.Helper()
	if a.config.Keys == nil {
		a.config.Keys = newKeys(a.t, a.tenant, a.keysClock.Now)
	}
	verifier, err := verify.NewVerifier(a.config)
	if err != nil {
		a.t.Fatal(err)
	}
	return verifier
}

// admit checks that a verifier admits a token.
func admit(t *testing.T, verifier *verify.Verifier, token string) {
	t.Helper()
	if _, err := verifier.Verify(t.Context(), token); err != nil {
		t.Fatalf("got %v, want none", err)
	}
}

// refuse checks that a verifier refuses a token for this reason.
func refuse(t *testing.T, verifier *verify.Verifier, token string, want error) {
	t.Helper()
	if _, err := verifier.Verify(t.Context(), token); !isRefusal(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func newKeys(t testing.TB, tenant *verifytest.Tenant, now func() time.Time) *verify.Keys {
	t.Helper()
	keys, err := verify.NewKeys(verify.KeysConfig{
		TenantID: verifytest.TenantID, AuthorityHost: tenant.AuthorityHost(), HTTPClient: tenant.Client(), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func encodeJSON(t *testing.T, value any) []byte {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// verifyTest changes one thing about a good token, or about who checks it.
type verifyTest struct {
	name string
	edit func(a *attempt)
	want error // nil means accepted
}

func claim(name string, value any) func(*attempt) {
	return func(a *attempt) { a.claims[name] = value }
}

func without(names ...string) func(*attempt) {
	return func(a *attempt) {
		for _, name := range names {
			delete(a.claims, name)
		}
	}
}

func header(name string, value any) func(*attempt) {
	return func(a *attempt) { a.header[name] = value }
}

func spelt(change func(token string) string) func(*attempt) {
	return func(a *attempt) { a.token = change }
}

// parts rejoins a token whose parts change has rewritten.
func parts(change func(parts []string)) func(*attempt) {
	return spelt(func(token string) string {
		list := strings.Split(token, ".")
		change(list)
		return strings.Join(list, ".")
	})
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestVerify(t *testing.T) {
	t.Parallel()
	for _, table := range [][]verifyTest{shapeTests, keyTests, claimTests, callerTests, v1Tests} {
		for _, test := range table {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				a := newAttempt(t)
				test.edit(a)
				verifier, token := a.verifier(), a.signed()
				// Twice, because the second may come from the cache.
				for range 2 {
					a.keysClock.advance(30 * time.Second) // an unknown key may be looked for again
					claims, err := verifier.Verify(t.Context(), token)
					if !errors.Is(err, test.want) {
						t.Fatalf("got %v, want %v", err, test.want)
					}
					if (test.want == nil) != (claims.ObjectID == verifytest.ObjectID) {
						t.Errorf("got claims %+v with error %v", claims, err)
					}
				}
			})
		}
	}
}

var shapeTests = []verifyTest{
	{"nothing wrong", func(*attempt) {}, nil},
	{"empty", spelt(func(string) string { return "" }), verify.ErrMalformed},
	{"longer than 8 KiB", claim("aio", strings.Repeat("k", 8<<10)), verify.ErrMalformed},
	{"one part missing", spelt(func(token string) string { return token[:strings.LastIndex(token, ".")] }), verify.ErrMalformed},
	{"a part too many", spelt(func(token string) string { return token + ".e30" }), verify.ErrMalformed},
	{"four dots", spelt(func(token string) string { return token + "..." }), verify.ErrMalformed},
	{"signature stripped", parts(func(p []string) { p[2] = "" }), verify.ErrMalformed},
	{"padded base64", parts(func(p []string) { p[2] += "==" }), verify.ErrMalformed},
	{"standard base64 alphabet", parts(func(p []string) { p[2] = "+" + p[2][1:] }), verify.ErrMalformed},
	{"line break in the signature", parts(func(p []string) { p[2] = p[2][:9] + "\n" + p[2][9:] }), verify.ErrMalformed},
	{"stray bits at the end", parts(func(p []string) { p[2] = p[2][:len(p[2])-1] + attacks.NextDigit(p[2][len(p[2])-1]) }), verify.ErrMalformed},
	{"header not base64", parts(func(p []string) { p[0] = "a" }), verify.ErrMalformed},
	{"header not JSON", parts(func(p []string) { p[0] = encode("alg=RS256") }), verify.ErrMalformed},
	{"header an array", parts(func(p []string) { p[0] = encode(`["RS256"]`) }), verify.ErrMalformed},
	{"header with trailing data", parts(func(p []string) { p[0] = encode(`{"alg":"RS256","kid":"key-1"}{}`) }), verify.ErrMalformed},
	{"header with a name twice", parts(func(p []string) { p[0] = encode(`{"alg":"none","alg":"RS256","kid":"key-1"}`) }), verify.ErrMalformed},
	{"algorithm a number", header("alg", 256), verify.ErrMalformed},
	{"type of another token", header("typ", "at+jwt"), verify.ErrMalformed},
	{"type in lower case", header("typ", "jwt"), nil},
	{"no type", func(a *attempt) { delete(a.header, "typ") }, nil},
	{"critical extension", header("crit", []string{"b64"}), verify.ErrMalformed},
	{"b64: payload not encoded", header("b64", false), verify.ErrMalformed},
	{"enc: encrypted", header("enc", "A256GCM"), verify.ErrMalformed},
	{"zip: compressed", header("zip", "DEF"), verify.ErrMalformed},
	{"cty: nested token", header("cty", "JWT"), verify.ErrMalformed},
	{"key set address in the header", header("jku", "https://127.0.0.1/keys"), verify.ErrMalformed},
	{"certificate address in the header", header("x5u", "https://127.0.0.1/cert"), verify.ErrMalformed},
	{"certificate in the header", header("x5c", []string{"MIIB"}), verify.ErrMalformed},
	{"payload with a name twice", func(a *attempt) {
		a.payload = func(p string) string { return p[:len(p)-1] + `,"aud":"` + verifytest.Audience + `"}` }
	}, verify.ErrMalformed},
	{"payload with a name twice, once escaped", func(a *attempt) {
		a.payload = func(p string) string { return p[:len(p)-1] + `,"\u0061ud":"` + verifytest.Audience + `"}` }
	}, verify.ErrMalformed},
	{"payload with a name twice further in", func(a *attempt) {
		a.payload = func(p string) string { return p[:len(p)-1] + `,"x":[{"a":1,"a":2}]}` }
	}, verify.ErrMalformed},
	{"payload with trailing data", func(a *attempt) { a.payload = func(p string) string { return p + "{}" } }, verify.ErrMalformed},
	{"payload with invalid UTF-8", func(a *attempt) {
		a.payload = func(p string) string { return p[:len(p)-1] + ",\"x\":\"\xff\"}" }
	}, verify.ErrMalformed},
	{"payload with invalid UTF-8 behind an escape", func(a *attempt) {
		a.payload = func(p string) string { return p[:len(p)-1] + ",\"x\":\"\\n\xff\"}" }
	}, verify.ErrMalformed},
	{"payload with a control character behind an escape", func(a *attempt) {
		a.payload = func(p string) string { return p[:len(p)-1] + ",\"x\":\"\\n\x01\"}" }
	}, verify.ErrMalformed},
	{"payload that ends in an escape", payloadEnd(`,"x":"\`), verify.ErrMalformed},
	{"payload that ends in a Unicode escape", payloadEnd(`,"x":"\u12`), verify.ErrMalformed},
	{"payload with half a surrogate pair and letters", payloadEnd(`,"x":"\ud83dxxde00"}`), verify.ErrMalformed},
	{"payload with two first halves of a surrogate pair", payloadEnd(`,"x":"\ud83d\ud83d"}`), verify.ErrMalformed},
	{"payload with 129 names in one object", func(a *attempt) { a.claims["x"] = manyNames(129) }, verify.ErrMalformed},
	{"payload with 128 names in one object", func(a *attempt) { a.claims["x"] = manyNames(128) }, nil},
	{"payload with a number too large to hold", func(a *attempt) {
		a.payload = func(p string) string { return p[:len(p)-1] + `,"x":[0,-1e400]}` }
	}, verify.ErrMalformed},
	{"payload nested too deep", func(a *attempt) {
		a.payload = func(p string) string {
			return p[:len(p)-1] + `,"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + "}"
		}
	}, verify.ErrMalformed},
	{"unknown claims of any type", func(a *attempt) {
		a.payload = func(p string) string {
			return p[:len(p)-1] + ` , "x" : {"y":[1, -2.5e+3, true, false, null, "\ud83d\ude00"]} }`
		}
	}, nil},
}

// payloadEnd replaces the payload's last brace.
func payloadEnd(end string) func(*attempt) {
	return func(a *attempt) { a.payload = func(p string) string { return p[:len(p)-1] + end } }
}

// instead writes a claim as it is, where JSON encoding would not.
func instead(name, value string) func(*attempt) {
	return func(a *attempt) {
		delete(a.claims, name)
		a.payload = func(p string) string { return p[:len(p)-1] + `,"` + name + `":` + value + "}" }
	}
}

func manyNames(count int) map[string]int {
	names := map[string]int{}
	for i := range count {
		names[fmt.Sprint("n", i)] = i
	}
	return names
}

var claimTests = []verifyTest{
	{"issuer missing", without("iss"), verify.ErrIssuer},
	{"issuer of another host", claim("iss", "https://login.microsoftonline.com/"+verifytest.TenantID+"/v2.0"), verify.ErrIssuer},
	{"issuer with a trailing slash", func(a *attempt) { a.claims["iss"] = a.claims["iss"].(string) + "/" }, verify.ErrIssuer},
	{"issuer in another case", func(a *attempt) { a.claims["iss"] = strings.ToUpper(a.claims["iss"].(string)) }, verify.ErrIssuer},
	{"issuer of version 1", claim("iss", "https://sts.windows.net/"+verifytest.TenantID+"/"), verify.ErrIssuer},
	{"issuer of another tenant", func(a *attempt) {
		a.claims["iss"] = a.tenant.AuthorityHost() + "/9f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a99/v2.0"
	}, verify.ErrIssuer},
	{"issuer an object", claim("iss", map[string]string{}), verify.ErrMalformed},
	{"tenant missing", without("tid"), verify.ErrTenant},
	{"tenant other than the issuer's", claim("tid", "9f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a99"), verify.ErrTenant},
	{"audience missing", without("aud"), verify.ErrAudience},
	{"audience of another API", claim("aud", "00000003-0000-0000-c000-000000000000"), verify.ErrAudience},
	{"audience with our client ID as prefix", claim("aud", verifytest.Audience+"0"), verify.ErrAudience},
	{"audience as identifier URI", claim("aud", "api://"+verifytest.Audience), verify.ErrAudience},
	{"audience a list", claim("aud", []string{verifytest.Audience}), verify.ErrMalformed},
	{"expiry missing", without("exp"), verify.ErrExpired},
	{"expired a minute ago", claim("exp", now.Add(-verify.Skew).Unix()), verify.ErrExpired},
	{"expired, within the skew", claim("exp", now.Add(-verify.Skew+time.Second).Unix()), nil},
	{"expiry at zero", claim("exp", 0), verify.ErrExpired},
	{"expiry a string", claim("exp", "9999999999"), verify.ErrMalformed},
	{"expiry negative", claim("exp", -1), verify.ErrMalformed},
	{"expiry beyond the year 9999", claim("exp", 253402300800), verify.ErrMalformed},
	{"expiry with a fraction", claim("exp", 1780999999.5), verify.ErrMalformed},
	{"expiry in scientific notation", func(a *attempt) {
		a.payload = func(p string) string { return strings.Replace(p, `"exp":`, `"exp":1e9,"was":`, 1) }
	}, verify.ErrMalformed},
	{"issued later than the skew", claim("iat", now.Add(verify.Skew+time.Second).Unix()), verify.ErrNotYetValid},
	{"issued within the skew", claim("iat", now.Add(verify.Skew).Unix()), nil},
	{"iat missing", without("iat"), nil},
	{"issued at a string", claim("iat", "1780310000"), verify.ErrMalformed},
	{"start missing", without("nbf"), verify.ErrNotYetValid},
	{"starts later than the skew", claim("nbf", now.Add(verify.Skew+time.Second).Unix()), verify.ErrNotYetValid},
	{"starts within the skew", claim("nbf", now.Add(verify.Skew).Unix()), nil},
	{"starts in the far future", claim("nbf", 253402300799), verify.ErrNotYetValid},
	{"start a list", claim("nbf", []int{1}), verify.ErrMalformed},
	{"start at zero", claim("nbf", 0), verify.ErrNotYetValid},
	{"start at minus zero", instead("nbf", "-0"), verify.ErrMalformed},
	{"expiry at minus zero", instead("exp", "-0"), verify.ErrMalformed},
	{"issued at minus zero", instead("iat", "-0"), verify.ErrMalformed},
	{"start after the expiry, both within the skew", func(a *attempt) {
		a.claims["nbf"], a.claims["exp"] = now.Add(30*time.Second).Unix(), now.Add(-30*time.Second).Unix()
	}, verify.ErrMalformed},
	{"start at the expiry, both now", func(a *attempt) { a.claims["nbf"], a.claims["exp"] = now.Unix(), now.Unix() }, verify.ErrMalformed},
	{"start a second before the expiry", func(a *attempt) { a.claims["nbf"], a.claims["exp"] = now.Unix(), now.Add(time.Second).Unix() }, nil},
	{"bound to a key by thumbprint", claim("cnf", map[string]string{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}), verify.ErrBound},
	{"bound to a certificate", claim("cnf", map[string]string{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}), verify.ErrBound},
	{"bound to a key it does not name", claim("cnf", map[string]string{}), verify.ErrBound},
	{"bound to null", claim("cnf", nil), verify.ErrBound},
	{"bound, but in other letters", claim("CNF", map[string]string{}), nil},
}

var callerTests = []verifyTest{
	{"delegated permissions", claim("scp", "Orders.Read"), verify.ErrNotAppOnly},
	{"empty delegated permissions", claim("scp", ""), verify.ErrNotAppOnly},
	{"delegated permissions null", claim("scp", nil), verify.ErrNotAppOnly},
	{"identity type user", claim("idtyp", "user"), verify.ErrNotAppOnly},
	{"identity type empty", claim("idtyp", ""), verify.ErrNotAppOnly},
	{"identity type absent", without("idtyp"), nil},
	{"subject that is not the object id", claim("sub", "Zm9yIG9uZSBBUEk"), verify.ErrNotAppOnly},
	{"subject missing", without("sub"), verify.ErrNotAppOnly},
	{"roles absent", without("roles"), verify.ErrAppRole},
	{"roles empty", claim("roles", []string{}), verify.ErrAppRole},
	{"another role", claim("roles", []string{"Orders.Write"}), verify.ErrAppRole},
	{"role in another case", claim("roles", []string{"orders.read"}), verify.ErrAppRole},
	{"role with ours as prefix", claim("roles", []string{"Orders.ReadWrite.All"}), verify.ErrAppRole},
	{"role in one string with others", claim("roles", []string{"Orders.Read Orders.Write"}), verify.ErrAppRole},
	{"role among others", claim("roles", []string{"Orders.Write", "Orders.Read"}), nil},
	{"roles a string", claim("roles", "Orders.Read"), verify.ErrMalformed},
	{"roles an object", claim("roles", map[string]bool{"Orders.Read": true}), verify.ErrMalformed},
	{"roles null", claim("roles", nil), verify.ErrMalformed},
	{"roles with a number", claim("roles", []any{"Orders.Read", 1}), verify.ErrMalformed},
	{"client id missing", without("azp"), verify.ErrCaller},
	{"object id and subject missing", without("oid", "sub"), verify.ErrCaller},
	{"client on the list", func(a *attempt) { a.config.AllowedClients = []string{strings.ToUpper(verifytest.ClientID)} }, nil},
	{"client not on the list", func(a *attempt) { a.config.AllowedClients = []string{verifytest.ObjectID} }, verify.ErrCaller},
	{"client blocked", func(a *attempt) { a.config.BlockedCallers = []string{strings.ToUpper(verifytest.ClientID)} }, verify.ErrCaller},
	{"object blocked", func(a *attempt) { a.config.BlockedCallers = []string{verifytest.ObjectID} }, verify.ErrCaller},
	{"someone else blocked", func(a *attempt) { a.config.BlockedCallers = []string{verifytest.Audience} }, nil},
}

// sentinels are the package's sentinels by name.
var sentinels = map[string]error{
	"ErrNoToken": verify.ErrNoToken, "ErrInvalidRequest": verify.ErrInvalidRequest, "ErrMalformed": verify.ErrMalformed,
	"ErrSignature": verify.ErrSignature, "ErrIssuer": verify.ErrIssuer, "ErrAudience": verify.ErrAudience,
	"ErrTenant": verify.ErrTenant, "ErrExpired": verify.ErrExpired, "ErrNotYetValid": verify.ErrNotYetValid,
	"ErrBound":      verify.ErrBound,
	"ErrNotAppOnly": verify.ErrNotAppOnly, "ErrAppRole": verify.ErrAppRole, "ErrCaller": verify.ErrCaller,
	"ErrKeysUnavailable": verify.ErrKeysUnavailable,
}

func TestEverySentinelHasARow(t *testing.T) {
	t.Parallel()
	hit := map[error]bool{}
	for _, table := range [][]verifyTest{shapeTests, keyTests, claimTests, callerTests, v1Tests} {
		for _, test := range table {
			hit[test.want] = true
		}
	}
	for _, test := range requestTests {
		hit[test.want] = true
	}
	for _, name := range declaredSentinels(t) {
		sentinel, ok := sentinels[name]
		if !ok {
			t.Errorf("%s is declared in refusal.go and not known to this test", name)
		} else if !hit[sentinel] {
			t.Errorf("%s has no row", name)
		}
		if answer := verify.AnswerTo(sentinel); answer.Status == 500 {
			t.Errorf("%s has no answer", name)
		}
	}
}

// declaredSentinels reads the names from the source, so that none is forgotten.
func declaredSentinels(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "refusal.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Err") {
			names = append(names, spec.Names[0].Name)
		}
		return true
	})
	if len(names) < 10 {
		t.Fatalf("got %d sentinels in refusal.go, want at least 10: %v", len(names), names)
	}
	return names
}
