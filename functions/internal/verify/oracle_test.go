package verify_test

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
	"app-to-app/functions/internal/verify/verifytest/attacks"
)

// This file asks two libraries that share no code with ours about the same
// tokens. The rules are:
//   - both must admit what we admit
//   - we refuse more on purpose: neither checks for an application's token, and
//     both accept several encodings of one token
//   - each is given the same keys, algorithm, issuer, audience, time and skew,
//     and none of our code
//   - what neither library checks is added to both from the claims as the
//     library read them: see extraPolicy

// An oracle says whether a token is good as far as its library can tell.
type oracle struct {
	name  string
	judge func(token string) error
}

// A policy is what the oracles and the verifier are configured with.
type policy struct {
	issuer string
	keys   map[string]*rsa.PublicKey
}

func oracles(p policy) []oracle {
	return []oracle{{"golang-jwt", p.golangJWT}, {"go-jose", p.goJose}}
}

func (p policy) golangJWT(token string) error {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(p.issuer), jwt.WithAudience(verifytest.Audience),
		jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		jwt.WithLeeway(verify.Skew), jwt.WithTimeFunc(func() time.Time { return now }))
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(token, claims, func(token *jwt.Token) (any, error) {
		id, _ := token.Header["kid"].(string)
		if key := p.keys[id]; key != nil {
			return key, nil
		}
		return nil, fmt.Errorf("no key %q", id)
	})
	if err != nil {
		return err
	}
	return extraPolicy(claims)
}

// extraPolicy is what neither library does: it refuses a token that is bound to
// a key, one that starts at zero (golang-jwt does, go-jose does not) and one that
// ends before it starts.
func extraPolicy(claims map[string]any) error {
	start, _ := claims["nbf"].(float64)
	end, _ := claims["exp"].(float64)
	if _, bound := claims["cnf"]; bound || start <= 0 || start >= end {
		return fmt.Errorf("bound %v, starts at %v and ends at %v", bound, start, end)
	}
	return nil
}

func (p policy) goJose(token string) error {
	parsed, err := josejwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return err
	}
	if len(parsed.Headers) != 1 || p.keys[parsed.Headers[0].KeyID] == nil {
		return errors.New("no key of that id")
	}
	var claims josejwt.Claims
	all := map[string]any{}
	if err := parsed.Claims(p.keys[parsed.Headers[0].KeyID], &claims, &all); err != nil {
		return err
	}
	if claims.Expiry == nil || claims.NotBefore == nil {
		return errors.New("no exp or nbf")
	}
	if err := claims.ValidateWithLeeway(josejwt.Expected{
		Issuer: p.issuer, AnyAudience: josejwt.Audience{verifytest.Audience}, Time: now,
	}, verify.Skew); err != nil {
		return err
	}
	return extraPolicy(all)
}

// A tally counts the results.
type tally struct{ tokens, admitted, refusedByAll int }

// compare judges one token. Both libraries must refuse what is refused for these
// reasons, which do not depend on what only we ask of a token.
func (n *tally) compare(t *testing.T, name string, verifier *verify.Verifier, with []oracle, token string) {
	t.Helper()
	n.tokens++
	_, err := verifier.Verify(context.Background(), token)
	refused := 0
	for _, oracle := range with {
		judgement := oracle.judge(token)
		if judgement != nil {
			refused++
		}
		if err == nil && judgement != nil {
			t.Errorf("%s: admitted, and %s refuses it: %v", name, oracle.name, judgement)
		}
	}
	if (errors.Is(err, verify.ErrNotYetValid) || errors.Is(err, verify.ErrBound) || err != nil && strings.Contains(err.Error(), "claim nbf")) && refused < len(with) {
		t.Errorf("%s: %d of %d libraries admit what was refused: %v", name, len(with)-refused, len(with), err)
	}
	switch {
	case err == nil:
		n.admitted++
	case refused == len(with):
		n.refusedByAll++
	}
}

// TestOracles judges the rows of both tables, and good tokens mangled at
// random with a fixed seed.
func TestOracles(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	verifier := newTenantVerifier(t, tenant, newClock())
	with := oracles(policy{
		issuer: tenant.Issuer,
		keys:   map[string]*rsa.PublicKey{tenant.Signing.ID: &tenant.Signing.Private.PublicKey},
	})
	var total tally
	var stock []string
	for _, row := range readAttacks(t) {
		token := attacks.OfTenant(t, tenant, now).Token(t, row)
		total.compare(t, row.Name, verifier, with, token)
		stock = append(stock, token)
	}
	for _, table := range [][]verifyTest{shapeTests, keyTests, claimTests, callerTests} {
		for _, test := range table {
			a := newAttempt(t)
			a.tenant.Publish(tenant.Signing) // undo what the row changed
			test.edit(a)
			a.claims["iss"] = strings.Replace(fmt.Sprint(a.claims["iss"]), a.tenant.AuthorityHost(), tenant.AuthorityHost(), 1)
			token := a.signed()
			total.compare(t, test.name, verifier, with, token)
			stock = append(stock, token)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		token := mangle(random, stock)
		total.compare(t, fmt.Sprintf("mangled %d", i), verifier, with, token)
	}
	t.Logf("%d tokens: %d admitted by all, %d refused by all", total.tokens, total.admitted, total.refusedByAll)
	if total.admitted < 30 || total.refusedByAll < 1000 {
		t.Errorf("got %+v, want a corpus with many tokens of both kinds", total)
	}
}

// mangle changes a token of the stock: a letter, a piece, the order of parts,
// or parts of another. Every tenth stays as it is.
func mangle(random *rand.Rand, stock []string) string {
	token := stock[random.IntN(len(stock))]
	if len(token) < 3 {
		return token
	}
	at := random.IntN(len(token))
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\x00\xff"
	letter := string(letters[random.IntN(len(letters))])
	switch random.IntN(10) {
	case 0:
		return token
	case 1, 2:
		return token[:at] + letter + token[at+1:]
	case 3:
		return token[:at] + letter + token[at:]
	case 4:
		return token[:at] + token[at+1:]
	case 5:
		return token[:at]
	case 6:
		return token[:len(token)-1] + letter
	case 7:
		return token + letter
	}
	p, q := strings.Split(token, "."), strings.Split(stock[random.IntN(len(stock))], ".")
	for i := range p {
		if i < len(q) && random.IntN(2) == 0 {
			p[i] = q[i]
		}
	}
	return strings.Join(p, ".")
}
