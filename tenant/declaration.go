package tenant

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Declaration is what a stack expects to find in its tenant and subscription:
// what its exports say, and what its state adds ([Declaration.ReadState]).
type Declaration struct {
	APIName     string            `json:"apiName"` // "" of a stack that an older program deployed: orders
	APIClientID string            `json:"apiClientId"`
	APIObjectID string            `json:"apiObjectId"` // of the app registration
	APISiteID   string            `json:"apiSiteId"`
	Audience    string            `json:"audience"`
	RoleIDs     map[string]string `json:"roleIds"` // by value
	Owners      []string          `json:"owners"`  // object ids; nil: not declared
	Environment string            `json:"environment"`
	Access      []Access          `json:"access"`
	ClientSites map[string]string `json:"clientSites"`     // by client
	APIStack    string            `json:"apiStack"`        // whose API it is; "" for the stack's own
	Assignments string            `json:"assignments"`     // "requested": somebody else makes them
	Registered  string            `json:"apiRegistration"` // "existing": somebody else owns the API's app registration
	Stack       string            `json:"-"`               // its name, for messages

	state  *state
	others []Declaration // of other stacks of the same API
	asking []Access      // of clients that wait for their app registration: they have no id yet
}

// An Access is one client and what it may do.
type Access struct {
	Client              string       `json:"client"`
	Identity            string       `json:"identity"` // managedIdentity, systemAssigned, clientSecret, certificate, federated, existing
	ClientID            string       `json:"clientId"`
	ObjectID            string       `json:"objectId"`            // of the service principal
	ApplicationObjectID string       `json:"applicationObjectId"` // "" without an app registration of the stack
	Roles               []string     `json:"roles"`
	SiteID              string       `json:"siteId"`
	Credentials         []Credential `json:"credentials"`

	// Requested says that the app registration was made by somebody else, because the
	// client asked for it with these owners.
	Requested bool     `json:"requested"`
	Owners    []string `json:"owners"`
}

// The kinds of credentials.
const (
	kindSecret      = "clientSecret"
	kindCertificate = "certificate"
	kindFederated   = "federated"
)

// A Credential is something that a client can sign in with.
type Credential struct {
	Kind      string `json:"kind"`
	ID        string `json:"id"` // key id, or the id of the federated identity credential
	ExpiresOn string `json:"expiresOn"`
	Issuer    string `json:"issuer"`
	Subject   string `json:"subject"`
	Audience  string `json:"audience"`
}

// ReadOutputs reads the exports of a stack, as `pulumi stack output --json`
// writes them.
func ReadOutputs(data []byte) (Declaration, error) {
	var d Declaration
	if err := json.Unmarshal(data, &d); err != nil {
		return Declaration{}, fmt.Errorf("read the stack's outputs: expected the output of pulumi stack output --json: %w", err)
	}
	waits := func(access Access) bool { return access.Requested && access.ObjectID == "" }
	for _, access := range d.Access {
		if waits(access) {
			d.asking = append(d.asking, access)
		}
	}
	d.Access = slices.DeleteFunc(d.Access, waits)
	var problems []error
	for _, output := range [][2]string{{"apiClientId", d.APIClientID}, {"apiObjectId", d.APIObjectID}} {
		if name, value := output[0], output[1]; value == "" {
			problems = append(problems, fmt.Errorf("expected the output %q, got none; is the stack deployed, by this version of the program?", name))
		}
	}
	if len(d.RoleIDs) == 0 {
		problems = append(problems, errors.New("expected app roles in the output \"roleIds\", got none"))
	}
	for _, access := range d.Access {
		if access.ObjectID == "" {
			problems = append(problems, fmt.Errorf("client %q: expected its objectId in the output \"access\", got none", access.Client))
		}
		for _, role := range access.Roles {
			if d.RoleIDs[role] == "" {
				problems = append(problems, fmt.Errorf("client %q: expected its role %q in the output \"roleIds\", got none", access.Client, role))
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return Declaration{}, fmt.Errorf("read the stack's outputs: %w", err)
	}
	return d, nil
}

// setting is the full name of an app setting of the API's code and its clients'.
func (d Declaration) setting(name string) string {
	prefix := strings.ToUpper(strings.ReplaceAll(cmp.Or(d.APIName, "orders"), "-", "_"))
	return prefix + "_" + name
}

// Setting is the full name of an app setting of the API's code, such as
// ORDERS_ROLE.
func (d Declaration) Setting(name string) string { return d.setting(name) }

// client finds a client by name.
func (d Declaration) client(name string) (Access, bool) {
	for _, access := range d.Access {
		if access.Client == name {
			return access, true
		}
	}
	return Access{}, false
}

// An assignment is an app role of the API that a principal holds.
type assignment struct{ principalID, roleID string }

// assignments are the declared app role assignments, each with the name of its
// client or resource.
func (d Declaration) assignments() map[assignment]string {
	all := make(map[assignment]string)
	if d.state != nil {
		for a, name := range d.state.assignments {
			all[a] = name
		}
	}
	for _, access := range d.Access {
		for _, role := range access.Roles {
			all[assignment{strings.ToLower(access.ObjectID), strings.ToLower(d.RoleIDs[role])}] = access.Client
		}
	}
	return all
}

// roleValue is the value of a declared role by its id, else the id.
func (d Declaration) roleValue(id string) string {
	for value, known := range d.RoleIDs {
		if sameID(known, id) {
			return value
		}
	}
	return id
}

// sites are the ids of the declared function apps, by the name that messages
// give them.
func (d Declaration) sites() map[string]string {
	sites := make(map[string]string)
	if d.APISiteID != "" {
		sites["API"] = d.APISiteID
	}
	for client, id := range d.ClientSites {
		sites["client "+client] = id
	}
	return sites
}
