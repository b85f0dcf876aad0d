package graph

import (
	"net/http"
	"regexp"
	"strconv"
	"time"

	"app-to-app/sandbox/store"
)

// This file refuses credentials that an app management policy forbids. The rules
// are: only a new credential is looked at, those that exist go on working; a
// restriction applies to objects created at or after its date, and a service
// principal without a date counts as created on 2019-01-01
// (https://learn.microsoft.com/graph/api/tenantappmanagementpolicy-update); a
// lifetime is from the credential's start to its end, which no page says.
//
// The codes and texts are those that clients of Graph handle (Microsoft's Teams
// Toolkit, src/component/driver/aad/utility/constants.ts, and people's reports).
// How a certificate of another issuer is refused is not known, so that is the
// generic code.

// effective are the restrictions of an object, by type, with the policy that each
// comes from.
func effective(tx *store.Tx, tenantID, objectID string, ofPrincipals bool) map[string]ruled {
	rules := make(map[string]ruled)
	add := func(p store.AppManagementPolicy) {
		if !p.IsEnabled {
			return
		}
		restrictions := p.Application
		if ofPrincipals {
			restrictions = p.ServicePrincipal
		}
		for _, r := range restrictions {
			rules[r.Type] = ruled{r, p.ID}
		}
	}
	add(defaultPolicy(tx, tenantID))
	for _, p := range store.AppManagementPolicies.All(tx, store.TenantKey(tenantID, "")) {
		if containsID(p.AppliesTo, objectID) {
			add(p)
		}
	}
	return rules
}

// A ruled is a restriction and the id of its policy.
type ruled struct {
	store.CredentialRestriction
	policy string
}

// applies says whether the restriction is in force for an object of that age.
func (r ruled) applies(created time.Time) bool {
	if created.IsZero() {
		created = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return r.Enabled && (r.AppsAfter == nil || !created.Before(*r.AppsAfter))
}

func (r ruled) typeNotAllowed() error {
	return &refusal{http.StatusBadRequest, "CredentialTypeNotAllowedAsPerAppPolicy", "Credential type not allowed as per assigned policy '" + r.policy + "'."}
}

// checkLifetime refuses a credential that is valid for too long.
func (r ruled) checkLifetime(start, end time.Time) error {
	if most, ok := lifetime(r.MaxLifetime); ok && end.Sub(start) > most {
		return &refusal{http.StatusBadRequest, "CredentialInvalidLifetimeAsPerAppPolicy", "Credential lifetime exceeds the max value allowed as per assigned policy '" + r.policy + "'."}
	}
	return nil
}

// checkPassword refuses a new client secret that a policy forbids.
func checkPassword(tx *store.Tx, tenantID, objectID string, created time.Time, ofPrincipal bool, c store.PasswordCredential) error {
	rules := effective(tx, tenantID, objectID, ofPrincipal)
	if r := rules[passwordAddition]; r.applies(created) {
		return r.typeNotAllowed()
	}
	if r := rules[passwordLifetime]; r.applies(created) {
		return r.checkLifetime(c.Start, c.End)
	}
	return nil
}

// checkKey refuses a new certificate that a policy forbids.
func checkKey(tx *store.Tx, app store.Application, k store.KeyCredential) error {
	rules := effective(tx, app.TenantID, app.ObjectID, false)
	if r := rules[trustedAuthority]; r.applies(app.CreatedAt) {
		return badRequest("The certificate is not issued by a certificate authority that policy '%s' trusts.", r.policy)
	}
	if r := rules[asymmetricKeyLifetime]; r.applies(app.CreatedAt) {
		return r.checkLifetime(k.Start, k.End)
	}
	return nil
}

// durationPattern is OData's duration: no years and months, whose length varies
// (https://docs.oasis-open.org/odata/odata-csdl-json/v4.01, Edm.Duration).
var durationPattern = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// lifetime reads a duration of ISO 8601.
func lifetime(text string) (time.Duration, bool) {
	parts := durationPattern.FindStringSubmatch(text)
	if parts == nil || text == "P" {
		return 0, false
	}
	var sum time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, err := strconv.Atoi("0" + parts[i+1])
		if err != nil || n > 36500 {
			return 0, false
		}
		sum += time.Duration(n) * unit
	}
	return sum, true
}
