package requests

import (
	"errors"
	"fmt"
	"strings"
)

// ReceiptSchema is the version of a receipt.
const ReceiptSchema = "app-to-app/receipt/v1"

// A Receipt is what `tenant grant` saw in the tenant when it was done. It gives
// nobody access: it tells a program that may not read the tenant that a client's
// code can be published. Whoever makes one up publishes too early, and no more.
type Receipt struct {
	Schema        string       `json:"schema"`
	Project       string       `json:"project"`
	Stack         string       `json:"stack"`
	TenantID      string       `json:"tenantId"`
	API           API          `json:"api"`
	GrantedBy     string       `json:"grantedBy"` // object id of who ran it last
	Registrations []Registered `json:"registrations,omitzero"`
	Assignments   []Assignment `json:"assignments"`
}

// An Assignment is an app role that a client holds.
type Assignment struct {
	ID          string `json:"id"`
	Client      string `json:"client"`
	PrincipalID string `json:"principalId"`
	Role        Role   `json:"role"`
	CreatedOn   string `json:"createdOn"` // RFC 3339
}

// ParseReceipt reads a receipt.
func ParseReceipt(data []byte) (Receipt, error) {
	var r Receipt
	if err := decode(data, &r); err != nil {
		return Receipt{}, fmt.Errorf("read the receipt: %w", err)
	}
	problems := []error{
		expect("schema", r.Schema, ReceiptSchema), guid("tenantId", r.TenantID), guid("grantedBy", r.GrantedBy),
		guid("api.clientId", r.API.ClientID), guid("api.servicePrincipalId", r.API.ServicePrincipalID),
		pulumiName("project", r.Project), pulumiName("stack", r.Stack), name("api.name", r.API.Name),
	}
	for i, made := range r.Registrations {
		problems = append(problems, made.check(fmt.Sprintf("registrations[%d].", i), r.Registrations[:i]))
	}
	for i, a := range r.Assignments {
		at := fmt.Sprintf("assignments[%d].", i)
		problems = append(problems, name(at+"id", a.ID), name(at+"client", a.Client), name(at+"role.value", a.Role.Value), name(at+"createdOn", a.CreatedOn),
			guid(at+"principalId", a.PrincipalID), guid(at+"role.id", a.Role.ID))
	}
	if err := errors.Join(problems...); err != nil {
		return Receipt{}, fmt.Errorf("read the receipt: %w", err)
	}
	return r, nil
}

// Encode is the receipt as text.
func (r Receipt) Encode() ([]byte, error) { return encode(r) }

// CheckFor refuses the receipt of another tenant, API or stack.
func (r Receipt) CheckFor(project, stack, tenantID, servicePrincipalID string) error {
	var problems []error
	for _, tt := range []struct{ at, got, want string }{
		{"project", r.Project, project}, {"stack", r.Stack, stack}, {"tenantId", r.TenantID, tenantID}, {"api.servicePrincipalId", r.API.ServicePrincipalID, servicePrincipalID},
	} {
		if !strings.EqualFold(tt.got, tt.want) {
			problems = append(problems, fmt.Errorf("%s: expected %q, got %q", tt.at, tt.want, cut(tt.got)))
		}
	}
	return errors.Join(problems...)
}

// Held are the app roles of one API that principals hold.
type Held map[held]bool

type held struct{ principalID, roleID string }

// Add notes that a principal holds a role.
func (h Held) Add(principalID, roleID string) {
	h[held{strings.ToLower(principalID), strings.ToLower(roleID)}] = true
}

// Missing are those of the roles that a principal does not hold. A principal that
// does not exist yet ("") holds none.
func (h Held) Missing(principalID string, roles []Role) (missing []Role) {
	for _, role := range roles {
		if principalID == "" || !h[held{strings.ToLower(principalID), strings.ToLower(role.ID)}] {
			missing = append(missing, role)
		}
	}
	return missing
}

// Held is what a receipt says.
func (r Receipt) Held() Held {
	all := make(Held)
	for _, a := range r.Assignments {
		all.Add(a.PrincipalID, a.Role.ID)
	}
	return all
}
