package policy

import (
	"fmt"
	"math"
	"time"
)

// This file judges clients by policies. The rules are: one finding for each
// credential, the restriction that Graph meets first; the lifetime is the longest
// that the program ever gives a credential of the client, so that the next
// rotation is judged too; a fix that changes rotationDays suits all clients.

// The kinds of credentials that a policy can limit.
const (
	ClientSecret = "clientSecret"
	Certificate  = "certificate"
)

// A Credential is a client's way to sign in, as the program makes it.
type Credential struct {
	Client   string
	Key      string // of the setting that chooses it, such as app-to-app:clients[1].identity
	Kind     string
	Lifetime time.Duration // the longest that it is valid
	// Brought says that the certificate was made elsewhere: it does not rotate, and
	// anyone may have issued it.
	Brought bool
	// ApplicationID is the object id of the client's app registration, "" if there
	// is none yet, and Created when that was made.
	ApplicationID string
	Created       time.Time
}

// noun names the credential for people.
func (c Credential) noun() string {
	if c.Kind == ClientSecret {
		return "client secret"
	}
	return "certificate"
}

// A Finding is a credential that a policy would refuse.
type Finding struct {
	Credential
	Restriction string
	Policy      string // id
	// Over is how much longer than allowed it is valid; zero if it is forbidden
	// altogether.
	Over time.Duration
	Text string
	// RotationDays is the largest value of that setting that passes, 0 if none does.
	RotationDays int
}

// Days is how many days too long it is valid, begun ones included.
func (f Finding) Days() int { return int(math.Ceil(f.Over.Hours() / 24)) }

// shortestRotation is the least value of the setting rotationDays.
const shortestRotation = 8

// Passes are the kinds of identities that no such policy limits, in words.
const Passes = "managedIdentity, systemAssigned and federated have no credential that a policy limits"

// Judge finds the credentials that the policies would refuse. Notes say what could
// not be judged.
func Judge(policies Policies, credentials []Credential, now time.Time) (findings []Finding, notes []string) {
	for _, c := range credentials {
		finding, note := policies.judge(c, now)
		if note != "" {
			notes = append(notes, note)
		}
		if finding != nil {
			findings = append(findings, *finding)
		}
	}
	least := 0
	for _, f := range findings {
		if f.RotationDays > 0 && (least == 0 || f.RotationDays < least) {
			least = f.RotationDays
		}
	}
	for i := range findings {
		if findings[i].RotationDays > 0 {
			findings[i].RotationDays = least
		}
	}
	return findings, notes
}

// judge is for one credential.
func (p Policies) judge(c Credential, now time.Time) (*Finding, string) {
	forbids, limits := PasswordAddition, PasswordLifetime
	if c.Kind == Certificate {
		forbids, limits = CertificateAuthority, CertificateLifetime
	}
	var note string
	if r, policy, ok := p.of(forbids, c.ApplicationID); ok && r.applies(c.Created, now) {
		switch {
		case c.Kind == Certificate && c.Brought:
			note = fmt.Sprintf("client %q: whether its certificate is issued by an authority that policy %s trusts was not looked at", c.Client, policy.label())
		case r.Exempts != nil:
			note = exempted(c, r, policy)
		default:
			f := Finding{Credential: c, Restriction: r.Type, Policy: policy.ID}
			f.Text = fmt.Sprintf("client %q: policy %s forbids a new %s (%s%s)", c.Client, policy.label(), c.noun(), r.Type, r.since())
			if c.Kind == Certificate {
				f.Text = fmt.Sprintf("client %q: policy %s wants certificates of certain authorities, and the program's is self-signed (%s%s)", c.Client, policy.label(), r.Type, r.since())
			}
			return &f, ""
		}
	}
	r, policy, ok := p.of(limits, c.ApplicationID)
	if !ok || !r.applies(c.Created, now) {
		return nil, note
	}
	most, readable := duration(r.Most)
	switch {
	case !readable:
		return nil, fmt.Sprintf("client %q: policy %s: expected a duration in maxLifetime of %s, got %q: not judged", c.Client, policy.label(), r.Type, r.Most)
	case c.Lifetime <= most:
		return nil, note
	case r.Exempts != nil:
		return nil, exempted(c, r, policy)
	}
	f := Finding{Credential: c, Restriction: r.Type, Policy: policy.ID, Over: c.Lifetime - most}
	f.Text = fmt.Sprintf("client %q: its %s is valid for up to %s, policy %s allows %s: %s too long (%s%s)",
		c.Client, c.noun(), inDays(c.Lifetime), policy.label(), inDays(most), count(f.Days(), "day"), r.Type, r.since())
	if rotation := int(most / (2 * 24 * time.Hour)); !c.Brought && rotation >= shortestRotation { // a generation lives for two periods
		f.RotationDays = rotation
	}
	return &f, note
}

// exempted is the note about a restriction that may not concern this login.
func exempted(c Credential, r Restriction, policy Policy) string {
	return fmt.Sprintf("client %q: policy %s would refuse its %s (%s), unless this login is one of the actors that it exempts", c.Client, policy.label(), c.noun(), r.Type)
}

func (p Policy) label() string { return fmt.Sprintf("%q (%s)", p.Name, p.ID) }

// since says for which apps the restriction is.
func (r Restriction) since() string {
	if r.Since == nil {
		return ""
	}
	return ", for apps created since " + r.Since.UTC().Format(time.DateOnly)
}

// inDays writes a duration in days, with hours if it has some.
func inDays(d time.Duration) string {
	days := d / (24 * time.Hour)
	if rest := d % (24 * time.Hour); rest != 0 {
		return count(int(days), "day") + " and " + rest.String()
	}
	return count(int(days), "day")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
