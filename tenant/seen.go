package tenant

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// This file keeps what an audit saw, for pictures of it. The rules are:
//   - it keeps what the audit read for its comparison, and reads nothing again, so
//     that the picture and the differences cannot tell two stories
//   - what was not looked at is [CellUnknown], never empty

// Seen is what an audit saw of who may call the API.
type Seen struct {
	API   string // its name
	Roles []SeenRole
	Rows  []SeenRow
	Lives []Life
	// Owners are the declared owners, and those of the API and its clients, by
	// object id.
	Owners []SeenOwner
	// Partial: the API is another stack's, so that only the clients of this one
	// could be compared.
	Partial bool
	Unread  []string // what was not read, besides the notes of the report
}

// A SeenRole is an app role of the API.
type SeenRole struct {
	Value, ID       string
	Declared, Found bool
	Disabled        bool
}

// A SeenRow is one holder of app roles, or one that should hold some.
type SeenRow struct {
	Name, Kind, ObjectID string
	Client               bool // of a stack that was audited
	State                string
	Cells                []SeenCell // one for each role
}

// A SeenCell is what a holder has of one role.
type SeenCell struct {
	State string
	Since time.Time // when it was assigned, if it was
	Mark  string    // of an undeclared one: the stack that says it made the holder
}

// The states of a cell.
const (
	CellNone       = ""           // neither declared nor held
	CellHeld       = "held"       // declared and held
	CellUndeclared = "undeclared" // held, and no stack that was audited declares it
	CellMissing    = "missing"    // declared, and not held
	CellDisabled   = "disabled"   // declared and held, but no token carries it
	CellUnknown    = "unknown"    // not looked at, or nothing here could say whether it is declared
)

// A SeenOwner is an owner of the API's or a client's registrations.
type SeenOwner struct {
	ObjectID, Name string
	Declared       bool
}

// A Life is one credential and when it begins and ends.
type Life struct {
	Subject, Kind, ID, Name string
	Declared, Missing       bool
	Start, End              time.Time // zero for a federated identity credential
	Trusts                  string    // of one
	Phase                   string    // in the rotation; "" when nothing says so
	Marks                   []Mark    // of the rotation, in order
}

// looks is what an auditor has seen so far.
type looks struct {
	read       bool // who holds the API's roles was read
	roles      []appRole
	held       []appRoleAssignment
	marks      map[string]Target    // of undeclared assignments, by id
	principals map[string]string    // "", gone or disabled, by object id in lower case
	owners     map[string]SeenOwner // likewise
	unowned    []string             // subjects whose owners were not read
	lives      []Life
}

func newLooks() *looks {
	return &looks{marks: make(map[string]Target), principals: make(map[string]string), owners: make(map[string]SeenOwner)}
}

func (l *looks) key(subject, kind string, k key, declared bool) {
	l.lives = append(l.lives, Life{Subject: subject, Kind: noun(kind), ID: k.KeyID, Name: k.DisplayName, Declared: declared, Start: k.Start, End: k.End})
}

// owner keeps an owner, as undeclared if it is that of any object.
func (l *looks) owner(o directoryObject, declared bool) {
	id := strings.ToLower(o.ID)
	known, ok := l.owners[id]
	l.owners[id] = SeenOwner{id, InOneLine(o.DisplayName), declared && (!ok || known.Declared)}
}

// add takes over what an audit of another stack saw.
func (l *looks) add(other *looks, prefix string) {
	maps.Copy(l.principals, other.principals)
	for _, o := range other.owners {
		l.owner(directoryObject{o.ObjectID, o.Name}, o.Declared)
	}
	for _, subject := range other.unowned {
		l.unowned = append(l.unowned, prefix+subject)
	}
	for _, life := range other.lives {
		life.Subject = prefix + life.Subject
		l.lives = append(l.lives, life)
	}
}

// picture is what was seen, in order.
func (a *auditor) picture() Seen {
	s := Seen{API: cmp.Or(a.declared.APIName, "orders"), Roles: a.seenRoles(), Partial: !a.declared.ownsAPI(), Lives: slices.Clone(a.seen.lives)}
	s.Rows = a.seenRows(s.Roles)
	for i := range s.Lives {
		l := &s.Lives[i]
		l.Subject, l.Name, l.Trusts = InOneLine(l.Subject), InOneLine(l.Name), InOneLine(l.Trusts)
		l.rotate(a.options.Now)
	}
	slices.SortStableFunc(s.Lives, func(x, y Life) int {
		return cmp.Or(cmp.Compare(x.Subject, y.Subject), x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
	})
	for _, id := range a.declared.Owners {
		if _, ok := a.seen.owners[strings.ToLower(id)]; !ok {
			a.seen.owner(directoryObject{id, id}, true)
		}
	}
	for _, id := range sortedKeys(a.seen.owners) {
		s.Owners = append(s.Owners, a.seen.owners[id])
	}
	for _, subject := range a.seen.unowned {
		s.Unread = append(s.Unread, "the owners of "+subject+" were not read: the stack declares none to compare with")
	}
	return s
}

func (a *auditor) seenRoles() (roles []SeenRole) {
	for _, value := range sortedKeys(a.declared.RoleIDs) {
		role := SeenRole{Value: InOneLine(value), ID: a.declared.RoleIDs[value], Declared: true}
		found, ok := roleByID(a.seen.roles, role.ID)
		role.Found, role.Disabled = ok, ok && !found.IsEnabled
		roles = append(roles, role)
	}
	known := func(id string) bool {
		return slices.ContainsFunc(roles, func(r SeenRole) bool { return sameID(r.ID, id) })
	}
	for _, role := range a.seen.roles {
		if !known(role.ID) {
			roles = append(roles, SeenRole{Value: InOneLine(role.Value), ID: role.ID, Found: true, Disabled: !role.IsEnabled})
		}
	}
	for _, h := range a.seen.held { // such as of a role that was removed, or no role
		if !known(h.AppRoleID) {
			roles = append(roles, SeenRole{Value: h.AppRoleID, ID: h.AppRoleID})
		}
	}
	return roles
}

// seenRows are the clients of the stacks, then whoever else holds a role.
func (a *auditor) seenRows(roles []SeenRole) (rows []SeenRow) {
	at := make(map[string]int)
	row := func(id, name, kind string, client bool) *SeenRow {
		id = strings.ToLower(id)
		if _, ok := at[id]; !ok {
			at[id] = len(rows)
			rows = append(rows, SeenRow{Name: InOneLine(name), Kind: kind, ObjectID: id, Client: client, State: a.seen.principals[id], Cells: make([]SeenCell, len(roles))})
		}
		return &rows[at[id]]
	}
	column := func(id string) int {
		return slices.IndexFunc(roles, func(r SeenRole) bool { return sameID(r.ID, id) })
	}
	for _, d := range append([]Declaration{a.declared}, a.declared.others...) {
		for _, access := range d.Access {
			name := access.Client
			if len(a.declared.others) > 0 {
				name += " of stack " + d.Stack
			}
			row(access.ObjectID, name, access.Identity, true)
		}
		for _, access := range d.asking { // it has no identity yet, so it holds nothing
			r := row("asked for "+access.Client, access.Client, "waits for its app registration", true)
			r.ObjectID = ""
			for _, value := range access.Roles {
				if i := column(a.declared.RoleIDs[value]); i >= 0 {
					r.Cells[i].State = CellMissing
				}
			}
		}
	}
	declared := a.declared.joinedAssignments()
	for _, key := range slices.SortedFunc(maps.Keys(declared), func(x, y assignment) int {
		return cmp.Or(cmp.Compare(x.principalID, y.principalID), cmp.Compare(x.roleID, y.roleID))
	}) {
		r := row(key.principalID, declared[key], "declared in the state", true)
		if i := column(key.roleID); i >= 0 {
			r.Cells[i].State = map[bool]string{true: CellMissing, false: CellUnknown}[a.seen.read]
		}
	}
	for _, h := range a.seen.held {
		r := row(h.PrincipalID, h.PrincipalName, h.PrincipalType, false)
		i := column(h.AppRoleID)
		_, wanted := declared[h.key()]
		r.Cells[i] = SeenCell{State: a.heldState(wanted, *r, roles[i]), Since: h.Created, Mark: InOneLine(a.seen.marks[h.ID].Stack)}
	}
	if !a.seen.read { // a role that is not declared may be held all the same
		for _, r := range rows {
			for i := range r.Cells {
				if r.ObjectID == "" {
					break // it has no identity yet
				}
				r.Cells[i].State = cmp.Or(r.Cells[i].State, CellUnknown)
			}
		}
	}
	slices.SortStableFunc(rows, func(x, y SeenRow) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), cmp.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)), cmp.Compare(x.ObjectID, y.ObjectID))
	})
	return rows
}

func (a *auditor) heldState(wanted bool, holder SeenRow, role SeenRole) string {
	switch {
	case !wanted && !a.declared.ownsAPI() && !holder.Client: // the API's stack or another may declare it
		return CellUnknown
	case !wanted:
		return CellUndeclared
	case role.Disabled || holder.State != "":
		return CellDisabled
	}
	return CellHeld
}

// rank puts what somebody has to look at first.
func (r SeenRow) rank() int {
	for i, state := range []string{CellUndeclared, CellMissing, CellDisabled, CellUnknown} {
		if slices.ContainsFunc(r.Cells, func(c SeenCell) bool { return c.State == state }) {
			return i
		}
	}
	return 4
}
