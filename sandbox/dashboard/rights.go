package dashboard

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/store"
)

// A right is what one caller may do, or tried to do, at one API: one role that it
// holds, or none although it called.
type right struct {
	Caller, API  party
	Role         string // its value; "" if the caller holds none
	AssignmentID string // "" if the caller holds none
	MadeBy       string // name of who made the assignment
	MadeAt       time.Time
	Last         call // the newest one of this caller to this API; At is zero if there was none
	Count        int  // calls of this caller to this API
	Turned       int  // of these, those that were turned away
}

// A party is a service principal, or somebody without a token.
type party struct {
	ObjectID string // "" is somebody without a token
	Name     string
	Kind     string
	Stack    string   // the stack that its tags name, PROJECT/STACK; "" if none
	Sites    []string // function apps that use it
	Gone     bool     // a token named it, and it is no longer there
}

// Held reports whether there is an assignment.
func (r right) Held() bool { return r.AssignmentID != "" }

// State is the one word for a right: held and used, held and never used, or used
// without an assignment. The page shows the word besides its colour.
func (r right) State() string {
	switch {
	case !r.Held():
		return "no role"
	case r.Last.At.IsZero():
		return "not used"
	case r.Last.Refused():
		return "refused"
	}
	return "calls"
}

// Class is the style of a right's state.
func (r right) Class() string { return strings.ReplaceAll(r.State(), " ", "-") }

// rights joins the assignments with the calls. APIs of Microsoft are left out:
// what deployers may do there is not the subject of the page.
func (w *world) rights(calls []call) []right {
	type pair struct{ caller, api string }
	last, count, turned := map[pair]call{}, map[pair]int{}, map[pair]int{}
	for _, c := range calls {
		if c.Site == "" || c.Resource == "" && c.Token != nil {
			continue
		}
		key := pair{api: c.Resource}
		if c.Token != nil {
			key.caller = c.Token.ObjectID
		} else if key.api = w.apiOf(c.Site); key.api == "" || !c.Refused() {
			continue // a timer's or a person's call, which needs no token
		}
		last[key] = c
		count[key]++
		if c.Refused() {
			turned[key]++
		}
	}
	var found []right
	seen := map[pair]bool{}
	for _, a := range w.assignments {
		api := w.principals[a.ResourceID]
		if api.FirstParty {
			continue
		}
		key := pair{a.PrincipalID, a.ResourceID}
		seen[key] = true
		found = append(found, right{
			Caller: w.party(a.PrincipalID), API: w.party(a.ResourceID), Role: w.roleValue(api, a.AppRoleID), AssignmentID: a.ID,
			MadeBy: cmp.Or(w.principals[a.CreatedBy].DisplayName, a.CreatedBy), MadeAt: a.CreatedAt,
			Last: last[key], Count: count[key], Turned: turned[key],
		})
	}
	for key, c := range last {
		if !seen[key] && !w.principals[key.api].FirstParty {
			found = append(found, right{Caller: w.party(key.caller), API: w.party(key.api), Last: c, Count: count[key], Turned: turned[key]})
		}
	}
	slices.SortFunc(found, func(a, b right) int {
		return cmp.Or(strings.Compare(a.API.Name, b.API.Name), strings.Compare(a.Caller.Name, b.Caller.Name), strings.Compare(a.Role, b.Role),
			strings.Compare(a.Caller.ObjectID, b.Caller.ObjectID), strings.Compare(a.API.ObjectID, b.API.ObjectID))
	})
	return found
}

// apiOf is the service principal with app roles that a function app has among its
// settings: whom a call without a token was for. It is "" if there is not just one.
func (w *world) apiOf(site string) (api string) {
	for id, sites := range w.usedBy {
		if slices.Contains(sites, site) && len(w.applications[w.principals[id].ClientID].AppRoles) > 0 {
			if api != "" {
				return ""
			}
			api = id
		}
	}
	return api
}

func (w *world) roleValue(api store.ServicePrincipal, id string) string {
	for _, role := range w.applications[api.ClientID].AppRoles {
		if role.ID == id {
			return role.Value
		}
	}
	return "the default role" // 00000000-…: assigned, without a role
}

func (w *world) party(objectID string) party {
	if objectID == "" {
		return party{Name: "somebody without a token", Kind: "nobody"}
	}
	sp, ok := w.principals[objectID]
	if !ok {
		return party{ObjectID: objectID, Name: objectID, Kind: "deleted, or of another tenant", Gone: true}
	}
	p := party{ObjectID: objectID, Name: sp.DisplayName, Kind: "app registration", Stack: markOf(sp.Tags), Sites: w.usedBy[objectID]}
	if sp.Type == store.ServicePrincipalManagedIdentity {
		p.Kind = "managed identity"
	}
	if p.Stack == "" {
		p.Stack = markOf(w.applications[sp.ClientID].Tags)
	}
	return p
}

// A matrix is the rights as a table: a row a caller, a column a role of an API.
type matrix struct {
	Columns []column
	Rows    []row
}

type column struct {
	API  party
	Role string
}

type row struct {
	Caller party
	Cells  []*right // one a column; nil: does not hold it
	Other  []right  // calls without a role
}

func (w *world) matrix(rights []right) (m matrix) {
	for _, sp := range w.principals {
		for _, role := range w.applications[sp.ClientID].AppRoles {
			m.Columns = append(m.Columns, column{w.party(sp.ObjectID), role.Value})
		}
	}
	slices.SortFunc(m.Columns, func(a, b column) int {
		return cmp.Or(strings.Compare(a.API.Name, b.API.Name), strings.Compare(a.API.ObjectID, b.API.ObjectID), strings.Compare(a.Role, b.Role))
	})
	rows := map[string]int{}
	for _, r := range rights {
		i, ok := rows[r.Caller.ObjectID]
		if !ok {
			i = len(m.Rows)
			rows[r.Caller.ObjectID] = i
			m.Rows = append(m.Rows, row{Caller: r.Caller, Cells: make([]*right, len(m.Columns))})
		}
		at := slices.IndexFunc(m.Columns, func(c column) bool { return c.API.ObjectID == r.API.ObjectID && c.Role == r.Role })
		if at < 0 {
			m.Rows[i].Other = append(m.Rows[i].Other, r)
			continue
		}
		m.Rows[i].Cells[at] = &r
	}
	return m
}
