package tenant

import (
	"fmt"
	"slices"
	"strings"
)

// This file audits credentials: each one that could sign in, and when it ends.

// credentials compares the credentials of an app registration with the declared
// ones, by id. Any client's access may list them.
func (a *auditor) credentials(subject string, app application, federations []federation) {
	seen := make(map[string]bool)
	for kind, keys := range map[string][]key{kindSecret: app.Secrets, kindCertificate: app.Certificates} {
		for _, k := range keys {
			seen[strings.ToLower(k.KeyID)] = true
			_, declared := a.declared.credential(kind, k.KeyID)
			a.seen.key(subject, kind, k, declared)
			if !declared {
				a.add(CredentialUndeclared, subject, "", k.KeyID, "%s: %s %s, valid until %s, is not declared: anyone who has it can sign in as %s", subject, noun(kind), k.describe(), day(k.End), app.DisplayName)
				a.target(k.target(kind, "applications/"+app.ID))
				continue
			}
			switch {
			case !a.options.Now.Before(k.End):
				a.add(CredentialExpired, subject, "", day(k.End), "%s: %s %s expired on %s", subject, noun(kind), k.describe(), day(k.End))
			case a.options.Now.Add(a.options.Expiring).After(k.End):
				a.add(CredentialExpiring, subject, "", day(k.End), "%s: %s %s expires on %s", subject, noun(kind), k.describe(), day(k.End))
			}
		}
	}
	for _, f := range federations {
		seen[strings.ToLower(f.ID)] = true
		a.federation(subject, app, f)
	}
	for _, access := range a.declared.Access {
		if !sameID(access.ApplicationObjectID, app.ID) {
			continue
		}
		for _, c := range access.Credentials {
			if !seen[strings.ToLower(c.ID)] {
				a.seen.lives = append(a.seen.lives, Life{Subject: subject, Kind: noun(c.Kind), ID: c.ID, Declared: true, Missing: true})
				a.add(CredentialMissing, subject, c.ID, "", "%s: the declared %s %s is gone", subject, noun(c.Kind), c.ID)
			}
		}
	}
}

// federation compares one federated identity credential with the declared one.
func (a *auditor) federation(subject string, app application, f federation) {
	found := fmt.Sprintf("issuer %s, subject %s, audience %s", f.Issuer, f.Subject, strings.Join(f.Audiences, " "))
	declared, ok := a.declared.credential(kindFederated, f.ID)
	a.seen.lives = append(a.seen.lives, Life{Subject: subject, Kind: noun(kindFederated), ID: f.ID, Name: f.Name, Declared: ok, Trusts: "issuer " + f.Issuer + ", subject " + f.Subject})
	if !ok {
		a.add(CredentialUndeclared, subject, "", f.Name, "%s: federated identity credential %q (%s) is not declared: anyone who has such a token can sign in as %s", subject, f.Name, found, app.DisplayName)
		a.target(f.target("applications/" + app.ID))
		return
	}
	if f.Issuer != declared.Issuer || f.Subject != declared.Subject || !slices.Equal(f.Audiences, []string{declared.Audience}) {
		wanted := fmt.Sprintf("issuer %s, subject %s, audience %s", declared.Issuer, declared.Subject, declared.Audience)
		a.add(CredentialChanged, subject, wanted, found, "%s: federated identity credential %q trusts %s; declared is %s", subject, f.Name, found, wanted)
	}
}

// credential finds a declared credential of any client.
func (d Declaration) credential(kind, id string) (Credential, bool) {
	for _, access := range d.Access {
		for _, c := range access.Credentials {
			if c.Kind == kind && sameID(c.ID, id) {
				return c, true
			}
		}
	}
	return Credential{}, false
}

func noun(kind string) string {
	switch kind {
	case kindSecret:
		return "client secret"
	case kindCertificate:
		return "certificate"
	}
	return "federated identity credential"
}
