// Package requests holds what two teams exchange when the one that deploys a
// stack may not assign app roles: the requests that the stack exports, as a file
// for who may, and the receipt that comes back.
//
// It only reads and checks the two files. The program exports the requests and
// reads the receipt; `tenant request` and `tenant grant` write the files.
package requests

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Schema is the version of a file of requests. A reader refuses any other.
const Schema = "app-to-app/requests/v1"

// A File is what the clients of one stack ask of one API: all that the stack
// declares, whether somebody has granted it already or not, so that granting it
// again changes nothing.
type File struct {
	Schema      string    `json:"schema"`
	Project     string    `json:"project"`
	Stack       string    `json:"stack"`
	Environment string    `json:"environment"`
	TenantID    string    `json:"tenantId"`
	API         API       `json:"api"`
	Requests    []Request `json:"requests"`
}

// An API is the one whose app roles are asked for.
type API struct {
	Name               string `json:"name"` // for people; the ids decide
	ClientID           string `json:"clientId"`
	ServicePrincipalID string `json:"servicePrincipalId"` // object id
}

// A Request is one client that asks for app roles, and perhaps for an app
// registration to hold them. Its service principal is either one that exists or that
// of the registration.
type Request struct {
	Client        string        `json:"client"`
	Identity      string        `json:"identity"`                // its kind
	PrincipalID   string        `json:"principalId,omitempty"`   // object id of its service principal
	PrincipalName string        `json:"principalName,omitempty"` // "" for one made elsewhere whose name the stack may not read
	Registration  *Registration `json:"registration,omitempty"`
	Roles         []Role        `json:"roles"`
}

// A Role is an app role of the API.
type Role struct {
	Value string `json:"value"`
	ID    string `json:"id"`
}

// existing is the kind of identity that was made elsewhere.
const existing = "existing"

// Parse reads a file of requests and refuses anything that it does not know: who
// grants it must be able to rely on having seen all of it.
func Parse(data []byte) (File, error) {
	var f File
	if err := decode(data, &f); err != nil {
		return File{}, fmt.Errorf("read the requests: %w", err)
	}
	if err := f.check(); err != nil {
		return File{}, fmt.Errorf("read the requests: %w", err)
	}
	return f, nil
}

// FromOutputs makes a file of a stack's exports, as `pulumi stack output --json`
// writes them.
func FromOutputs(data []byte, project, stack string) (File, error) {
	var exported struct {
		Environment        string    `json:"environment"`
		TenantID           string    `json:"tenantId"`
		APIName            string    `json:"apiName"`
		APIClientID        string    `json:"apiClientId"`
		ServicePrincipalID string    `json:"apiServicePrincipalId"`
		Requests           []Request `json:"requests"`
	}
	if err := json.Unmarshal(data, &exported); err != nil {
		return File{}, fmt.Errorf("read the stack's outputs: expected the output of pulumi stack output --json: %w", err)
	}
	f := File{
		Schema: Schema, Project: project, Stack: stack, Environment: exported.Environment, TenantID: exported.TenantID,
		API:      API{Name: exported.APIName, ClientID: exported.APIClientID, ServicePrincipalID: exported.ServicePrincipalID},
		Requests: exported.Requests,
	}
	if len(f.Requests) == 0 {
		return File{}, ErrNone
	}
	if err := f.check(); err != nil {
		return File{}, fmt.Errorf("read the stack's outputs: %w", err)
	}
	return f, nil
}

// ErrNone is returned for a stack that asks for nothing.
var ErrNone = errors.New("expected requests in the output \"requests\", got none; a stack has some with the setting assignments: requested, once pulumi up has made its identities")

// Encode is the file as text.
func (f File) Encode() ([]byte, error) { return encode(f) }

func (f File) check() error {
	problems := []error{
		expect("schema", f.Schema, Schema),
		guid("tenantId", f.TenantID), guid("api.clientId", f.API.ClientID), guid("api.servicePrincipalId", f.API.ServicePrincipalID),
		pulumiName("project", f.Project), pulumiName("stack", f.Stack), name("environment", f.Environment), name("api.name", f.API.Name),
	}
	if len(f.Requests) == 0 {
		problems = append(problems, errors.New("requests: expected at least one, got none"))
	}
	for i, r := range f.Requests {
		at := fmt.Sprintf("requests[%d].", i)
		problems = append(problems, name(at+"client", r.Client), name(at+"identity", r.Identity), r.checkPrincipal(at, f.Requests[:i]))
		if len(r.Roles) == 0 && r.Registration == nil {
			problems = append(problems, fmt.Errorf("%sroles: expected at least one, got none", at))
		}
		for n, role := range r.Roles {
			at := fmt.Sprintf("%sroles[%d].", at, n)
			problems = append(problems, name(at+"value", role.Value), guid(at+"id", role.ID))
			if slices.ContainsFunc(r.Roles[:n], func(other Role) bool { return strings.EqualFold(other.ID, role.ID) }) {
				problems = append(problems, fmt.Errorf("%sid: expected %q once", at, role.ID))
			}
		}
	}
	return errors.Join(problems...)
}

// checkPrincipal checks who gets the roles. before are the requests that precede it
// in the file.
func (r Request) checkPrincipal(at string, before []Request) error {
	if r.Registration != nil {
		return r.checkRegistration(at, before)
	}
	problems := []error{guid(at+"principalId", r.PrincipalID)}
	if r.PrincipalName != "" || r.Identity != existing {
		problems = append(problems, name(at+"principalName", r.PrincipalName))
	}
	if slices.ContainsFunc(before, func(other Request) bool { return strings.EqualFold(other.PrincipalID, r.PrincipalID) }) {
		problems = append(problems, fmt.Errorf("%sprincipalId: expected %q once", at, cut(r.PrincipalID)))
	}
	return errors.Join(problems...)
}

// guidPattern is the text form of RFC 9562 section 4. Other spellings of an id
// that some service would take are refused.
var guidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func guid(at, value string) error {
	if !guidPattern.MatchString(value) {
		return fmt.Errorf("%s: expected a GUID, got %q", at, cut(value))
	}
	return nil
}

// mostName is how long a display name can be
// (https://learn.microsoft.com/graph/api/resources/application).
const mostName = 256

func name(at, value string) error {
	if value == "" || len(value) > mostName {
		return fmt.Errorf("%s: expected a text of at most %d bytes, got %q", at, mostName, cut(value))
	}
	return nil
}

// pulumiNames are those of projects and stacks (sdk/go/common/tokens). They become
// part of commands that are shown.
var pulumiNames = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

func pulumiName(at, value string) error {
	if !pulumiNames.MatchString(value) {
		return fmt.Errorf("%s: expected 1 to 100 letters, digits, %q, got %q", at, "_.-", cut(value))
	}
	return nil
}

func expect(at, got, want string) error {
	if got != want {
		return fmt.Errorf("%s: expected %q, got %q", at, want, cut(got))
	}
	return nil
}

// cut shortens what a file says before it is repeated.
func cut(value string) string {
	const most = 60
	if len(value) > most {
		return value[:most] + "…"
	}
	return value
}
