package verify

import "context"

// CheckNames lists the checks in the order in which they run.
func CheckNames() []string {
	var names []string
	for _, c := range checks {
		names = append(names, c.name)
	}
	return names
}

// WithoutCheck returns a copy of a verifier with an empty cache, in which the check
// of that name passes everything.
func WithoutCheck(v *Verifier, name string) *Verifier {
	mutant := &Verifier{
		issuer: v.issuer, tenantID: v.tenantID, audience: v.audience, role: v.role,
		v1Issuer: v.v1Issuer, v1Audience: v.v1Audience,
		keys: v.keys, allowed: v.allowed, blocked: v.blocked, now: v.now,
	}
	for _, c := range v.checks {
		if c.name == name {
			c.run = func(context.Context, *Verifier, *candidate) error { return nil }
		}
		mutant.checks = append(mutant.checks, c)
	}
	return mutant
}

// OnlyOnce returns a copy of a verifier with an empty cache, in which the check of
// that name does not run for a cached token.
func OnlyOnce(v *Verifier, name string) *Verifier {
	mutant := WithoutCheck(v, "")
	for i := range mutant.checks {
		if mutant.checks[i].name == name {
			mutant.checks[i].always = false
		}
	}
	return mutant
}

// AlwaysRun lists the checks that run for cached tokens too.
func AlwaysRun() []string {
	var names []string
	for _, c := range checks {
		if c.always {
			names = append(names, c.name)
		}
	}
	return names
}
