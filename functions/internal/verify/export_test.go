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

// WithoutCheck returns a new verifier, with nothing remembered, whose check of
// that name lets everything through.
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

// OnlyOnce returns a new verifier, with nothing remembered, whose check of that
// name does not run for a token that is remembered.
func OnlyOnce(v *Verifier, name string) *Verifier {
	mutant := WithoutCheck(v, "")
	for i := range mutant.checks {
		if mutant.checks[i].name == name {
			mutant.checks[i].always = false
		}
	}
	return mutant
}

// AlwaysRun lists the checks that a token that is remembered must pass again.
func AlwaysRun() []string {
	var names []string
	for _, c := range checks {
		if c.always {
			names = append(names, c.name)
		}
	}
	return names
}
