package evidence

import (
	"encoding/json"
	"fmt"
	"strings"

	"app-to-app/tenant"
)

// This file shows what is unused, and proposes how to remove it. It removes nothing.

// An UnusedReport is what [Reader.Unused] found.
type UnusedReport struct {
	Days int   `json:"days"`
	Uses []Use `json:"uses"`
	Gaps []Gap `json:"gaps"`

	commands int // of the proposals
}

// Count is how many holdings have a state.
func (r UnusedReport) Count(state string) int {
	n := 0
	for _, u := range r.Uses {
		if u.State == state {
			n++
		}
	}
	return n
}

// A Setting finds things in a stack's settings; "" means that it is not there.
type Setting struct {
	Client func(client string) string       // the key of a client, such as app-to-app:clients[1]
	Role   func(client, role string) string // the key of one of its roles, "" when it is not named there
	Owner  func(objectID string) string     // the key of an owner
}

// Propose adds how to remove what nobody used. A client goes if nobody used any of
// its roles, and its credentials with it; else its unused roles go. A command names an
// entry by its index and renumbers the entries after it, so each is proposed once.
func (r *UnusedReport) Propose(s Setting) {
	unused := make(map[string]bool) // clients of which no role was used
	for _, u := range r.Uses {
		if u.Kind == tenant.HoldingAssignment && u.Client != "" {
			before, seen := unused[u.Client]
			unused[u.Client] = u.State == Unused && (before || !seen)
		}
	}
	proposed := make(map[string]bool)
	for i := range r.Uses {
		u := &r.Uses[i]
		switch {
		case u.State != Unused:
			continue
		case u.Declared && u.Kind != tenant.HoldingOwner && unused[u.Client] && proposed[u.Client]:
			u.Proposal = "goes with client " + u.Client
			continue
		}
		u.Proposal = propose(*u, unused[u.Client], s)
		proposed[u.Client] = proposed[u.Client] || u.Declared && u.Kind != tenant.HoldingOwner
		r.commands += strings.Count(u.Proposal, "pulumi config rm")
	}
}

const undeclared = "the stack does not declare it: tenant audit names it, and nothing in the settings keeps it"

func propose(u Use, client bool, s Setting) string {
	remove := func(key, what string) string {
		if key == "" {
			return "remove " + what + " from the settings, then pulumi up"
		}
		return "pulumi config rm --path '" + key + "' && pulumi up, which removes " + what
	}
	switch {
	case !u.Declared:
		return undeclared
	case u.Kind == tenant.HoldingOwner:
		return remove(s.Owner(u.ID), "the owner "+u.ID)
	case client && u.Client != "":
		return remove(s.Client(u.Client), "client "+u.Client)
	case u.Kind == tenant.HoldingAssignment && s.Role(u.Client, u.Role) != "":
		return remove(s.Role(u.Client, u.Role), "the role "+u.Role+" of client "+u.Client)
	case u.Kind == tenant.HoldingAssignment:
		return "leave the role " + u.Role + " out of the roles of client " + u.Client + ", then pulumi up"
	}
	return "the client is in use and signs in with another credential: a rotation replaces this one, or another identity of the client needs none (docs/identities.md)"
}

// String is the report for people.
func (r UnusedReport) String() string {
	var text strings.Builder
	for _, state := range []string{Unused, Unknown, Used} {
		if n := r.Count(state); n > 0 {
			fmt.Fprintf(&text, "%s in the last %d days: %d\n", state, r.Days, n)
		}
		for _, u := range r.Uses {
			if u.State != state {
				continue
			}
			last := "never seen"
			if u.Last != nil {
				last = "last " + moment(*u.Last)
			}
			fmt.Fprintf(&text, "  %s: %s; %s\n", u.title(), last, u.Text)
			if u.Proposal != "" {
				fmt.Fprintf(&text, "    to remove it: %s\n", u.Proposal)
			}
		}
	}
	if r.commands > 1 {
		text.WriteString("run one of the commands, then ask again: removing an entry of a list renumbers those after it\n")
	}
	if len(r.Uses) == 0 {
		text.WriteString("the tenant has no assignment, credential or owner of this stack\n")
	}
	return text.String() + gapsText(r.Gaps)
}

// title names a holding.
func (u Use) title() string {
	switch u.Kind {
	case tenant.HoldingAssignment:
		return fmt.Sprintf("assignment of %s to %s (%s)", u.Role, nameOf(u), u.Principal)
	case tenant.HoldingCredential:
		if !strings.Contains(u.Name, u.ID) {
			return fmt.Sprintf("%s (%s) of client %s", u.Name, u.ID, u.Client)
		}
		return fmt.Sprintf("%s of client %s", u.Name, u.Client)
	}
	return fmt.Sprintf("owner %s (%s)", u.Name, u.ID)
}

func nameOf(u Use) string {
	if u.Client != "" {
		return "client " + u.Client
	}
	return fmt.Sprintf("%q, which the stack does not declare", u.Name)
}

// JSON is the report for programs.
func (r UnusedReport) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }
