package tenant

import (
	"slices"
	"strings"
	"time"
)

// This file names what can be removed. An audit describes differences to people;
// a [Target] says by ids which one thing in the tenant a difference is about, so
// that whoever removes it can look at exactly that again first.

// The types of targets.
const (
	TargetAssignment  = "appRoleAssignment"
	TargetSecret      = "clientSecret"
	TargetCertificate = "certificate"
	TargetFederation  = "federatedIdentityCredential"
	TargetOwner       = "owner"
)

// A Target is a thing in the tenant that the stack does not declare.
type Target struct {
	Type   string `json:"type"`
	Holder string `json:"holder"` // what has it: applications/ID or servicePrincipals/ID
	ID     string `json:"id"`     // its own id, unique in the holder
	// Seen is what it was when it was found, without anything secret. Another
	// text under the same id is another thing.
	Seen string `json:"seen"`
	// Stack is the stack whose mark the holder of an app role carries, if that is
	// none of the audited ones: it may declare what they do not.
	Stack string `json:"stack,omitempty"`
	// Unread is what would say so and may not be read: any stack may have made it.
	Unread string `json:"unread,omitempty"`
}

// target adds to the difference that was found last what it is about.
func (a *auditor) target(t Target) {
	a.report.Differences[len(a.report.Differences)-1].Target = &t
}

func (h appRoleAssignment) target(apiPrincipalID string) Target {
	return Target{Type: TargetAssignment, Holder: "servicePrincipals/" + apiPrincipalID, ID: h.ID, Seen: SeenAssignment(h.PrincipalID, h.AppRoleID)}
}

func (k key) target(kind, holder string) Target {
	t := Target{Type: TargetSecret, Holder: holder, ID: k.KeyID, Seen: SeenKey(k.DisplayName, k.End)}
	if kind == kindCertificate {
		t.Type = TargetCertificate
	}
	return t
}

func (f federation) target(holder string) Target {
	return Target{Type: TargetFederation, Holder: holder, ID: f.ID, Seen: SeenFederation(f.Issuer, f.Subject, f.Audiences)}
}

// SeenAssignment is [Target].Seen of an app role assignment.
func SeenAssignment(principalID, appRoleID string) string {
	return strings.ToLower("principal " + principalID + ", app role " + appRoleID)
}

// SeenKey is that of a client secret or a certificate.
func SeenKey(displayName string, end time.Time) string {
	return displayName + ", valid until " + end.UTC().Format(time.RFC3339)
}

// SeenFederation is that of a federated identity credential.
func SeenFederation(issuer, subject string, audiences []string) string {
	return "issuer " + issuer + ", subject " + subject + ", audience " + strings.Join(slices.Sorted(slices.Values(audiences)), " ")
}

// Recorded reports whether the state of a stack has something with that id. An
// update that failed leaves its credentials in the state and not in the exports,
// so an audit calls them undeclared although the stack made them.
func (d Declaration) Recorded(id string) bool {
	for _, s := range d.states() {
		if s == nil || id == "" {
			continue
		}
		for recorded := range s.ids {
			if slices.Contains(strings.Split(recorded, "/"), strings.ToLower(id)) {
				return true
			}
		}
	}
	return false
}

// HasState reports whether [Declaration.ReadState] was called, for each stack.
func (d Declaration) HasState() bool { return !slices.Contains(d.states(), nil) }

// Unfinished are the resources that an update has begun and not finished: one is
// running now, or was interrupted.
func (d Declaration) Unfinished() (names []string) {
	for _, s := range d.states() {
		if s != nil {
			names = append(names, s.unfinished...)
		}
	}
	return names
}

// states are those of all stacks; nil for one that was not read.
func (d Declaration) states() []*state {
	states := []*state{d.state}
	for _, other := range d.others {
		states = append(states, other.state)
	}
	return states
}
