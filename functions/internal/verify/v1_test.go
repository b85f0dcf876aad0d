package verify_test

import (
	"strings"
	"testing"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

const (
	v1Issuer   = "https://sts.windows.net/" + verifytest.TenantID + "/"
	v1Audience = "api://" + verifytest.Audience
)

// v1 turns the attempt into a v1.0 token and a verifier that accepts these, and
// then changes one thing.
func v1(edit func(*attempt)) func(*attempt) {
	return func(a *attempt) {
		a.config.V1Issuer, a.config.V1Audience = v1Issuer, v1Audience
		a.claims["iss"], a.claims["aud"], a.claims["ver"] = v1Issuer, v1Audience, "1.0"
		a.claims["appid"], a.claims["appidacr"] = a.claims["azp"], a.claims["azpacr"]
		delete(a.claims, "azp")
		delete(a.claims, "azpacr")
		edit(a)
	}
}

// v1Tests are about v1.0 tokens.
var v1Tests = []verifyTest{
	{"version 1", v1(func(*attempt) {}), nil},
	{"version 2 where version 1 is configured too", func(a *attempt) {
		a.config.V1Issuer, a.config.V1Audience = v1Issuer, v1Audience
	}, nil},
	{"version 1 not configured", v1(func(a *attempt) { a.config.V1Issuer, a.config.V1Audience = "", "" }), verify.ErrIssuer},
	{"version 1 of another tenant", v1(claim("iss", "https://sts.windows.net/9f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a99/")), verify.ErrIssuer},
	{"version 1 without the slash", v1(claim("iss", strings.TrimSuffix(v1Issuer, "/"))), verify.ErrIssuer},
	{"version 1, tenant other than the issuer's", v1(claim("tid", "9f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a99")), verify.ErrTenant},
	{"version 1 with version 2's audience", v1(claim("aud", verifytest.Audience)), verify.ErrAudience},
	{"version 2 with version 1's audience", func(a *attempt) {
		a.config.V1Issuer, a.config.V1Audience = v1Issuer, v1Audience
		a.claims["aud"] = v1Audience
	}, verify.ErrAudience},
	{"version 1 with version 2's client ID only", v1(func(a *attempt) {
		delete(a.claims, "appid")
		a.claims["azp"] = verifytest.ClientID
	}), verify.ErrCaller},
	{"version 1, client blocked", v1(func(a *attempt) { a.config.BlockedCallers = []string{verifytest.ClientID} }), verify.ErrCaller},
	{"version 1, client not on the list, another in azp is", v1(func(a *attempt) {
		a.config.AllowedClients = []string{verifytest.ClientID}
		a.claims["appid"], a.claims["azp"] = verifytest.ObjectID, verifytest.ClientID
	}), verify.ErrCaller},
	{"version 2, client not on the list, another in appid is", func(a *attempt) {
		a.config.V1Issuer, a.config.V1Audience = v1Issuer, v1Audience
		a.config.AllowedClients = []string{verifytest.ClientID}
		a.claims["azp"], a.claims["appid"] = verifytest.ObjectID, verifytest.ClientID
	}, verify.ErrCaller},
	{"version 1, role missing", v1(without("roles")), verify.ErrAppRole},
	{"version 1, delegated permissions", v1(claim("scp", "user_impersonation")), verify.ErrNotAppOnly},
}

func TestV1NeedsBothAndTheTenant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, issuer, audience string }{
		{"no audience", v1Issuer, ""},
		{"no issuer", "", v1Audience},
		{"issuer of another tenant", "https://sts.windows.net/9f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a99/", v1Audience},
		{"issuer of every tenant", "https://sts.windows.net/{tenantid}/", v1Audience},
		{"issuer without https", strings.TrimPrefix(v1Issuer, "https://"), v1Audience},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAttempt(t)
			a.config.Keys = fixedKey{}
			a.config.V1Issuer, a.config.V1Audience = test.issuer, test.audience
			if _, err := verify.NewVerifier(a.config); err == nil || !strings.Contains(err.Error(), "v1.0") {
				t.Errorf("got %v, want an error about v1.0", err)
			}
		})
	}
}
