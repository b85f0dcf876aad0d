package settings

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// This file parses the setting api. Everything that has the API's name has it
// from here: without the setting it is orders.

// defaultAPI is the name of the API without the setting.
const defaultAPI = "orders"

// Where the API's app registration comes from.
const (
	ManagedRegistration  = "managed"  // made by this program
	ExistingRegistration = "existing" // made elsewhere, and only read
)

// apiFields are the fields of the setting api.
var apiFields = []string{"name", "code", "route", "container", "registration", "clientId", "stack"}

// An API is what the clients call, as the settings describe it.
type API struct {
	Name         string // such as orders; resources, roles and app settings are named after it
	Code         string // its folder in functions; without meaning for the API of another stack
	Route        string // path of its URL, without a leading slash; likewise
	Container    bool   // its code has a blob container, and an identity that may write there
	Registration string // [ManagedRegistration] or [ExistingRegistration]; likewise
	ClientID     string // of an existing registration, else ""
	Stack        string // that deploys the API, as ORG/PROJECT/STACK; "" means this one
}

// ResourceName is the logical name of the API, which no client may have.
func (a API) ResourceName() string { return a.Name + "-api" }

// ClientName is the name of a client's function app unless it says otherwise,
// and of the only client unless there is a list of clients.
func (a API) ClientName() string { return a.Name + "-client" }

// Prefix is what the names of the code's app settings begin with, followed by
// an underscore.
func (a API) Prefix() string {
	return strings.ToUpper(strings.ReplaceAll(a.Name, "-", "_"))
}

// Role is the app role that the API has unless there is a list of roles.
func (a API) Role() Role {
	words := strings.Split(a.Name, "-")
	value := ""
	for _, word := range words {
		value += strings.ToUpper(word[:min(1, len(word))]) + word[min(1, len(word)):]
	}
	text := strings.Join(words, " ")
	return Role{Value: value + ".Read", DisplayName: "Read " + text, Description: "Read all " + text}
}

// NamedAPI is the API of a stack that sets only its name, or the problem with that
// name.
func NamedAPI(name string) (API, *Problem) {
	value, err := json.Marshal(map[string]string{"name": name})
	if err != nil {
		panic(err) // never of texts
	}
	p := &parser{values: map[string]string{Namespace + ":api": string(value)}}
	api := p.api()
	if len(p.Problems) > 0 {
		return API{}, &p.Problems[0]
	}
	return api, nil
}

func (p *parser) api() API {
	i := p.object("api", apiFields...)
	a := API{Name: i.apiName()}
	a.Code = i.code(a.ResourceName())
	a.Route = i.route("api/" + a.Name)
	a.Container = i.flag("container", false)
	a.Registration = i.registration()
	a.ClientID = i.clientID(a.Registration)
	a.Stack = i.stack()
	return a
}

// object reads an object that has no other fields than those named. Without a
// value, or with null, it has none. A text is taken for the first field.
func (p *parser) object(name string, known ...string) item {
	i := item{p: p, path: Namespace + ":" + name}
	value := cmp.Or(p.text(name), "{}")
	if json.Unmarshal([]byte(value), &i.fields) != nil {
		expected := fmt.Sprintf("expected an object with the fields %s, got %s", strings.Join(known, ", "), formOf([]byte(value)))
		if apiNamePattern.MatchString(value) {
			p.refuse(i.path, removeCommand(i.path)+" && "+SetCommand(i.key(known[0]), value), "%s", expected)
		} else {
			p.refuse(i.path, removeCommand(i.path), "%s", expected)
		}
		return item{p: p, path: i.path}
	}
	i.refuseUnknownFields(known)
	return i
}

// apiNamePattern leaves room for -client behind the name: see clientNamePattern.
var apiNamePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$`)

// platformPrefixes begin the names of app settings that mean something to the
// platform or to a library in it
// (https://learn.microsoft.com/azure/app-service/reference-app-settings,
// https://learn.microsoft.com/azure/azure-functions/functions-app-settings,
// https://learn.microsoft.com/azure/developer/go/sdk/authentication/authentication-overview):
// AZURE_CLIENT_ID would be both the API's and the host's.
var platformPrefixes = []string{"appinsights", "applicationinsights", "appsetting", "azure", "docker", "functions", "scm", "website", "websites"}

func (i item) apiName() string {
	name, key := i.text("name", defaultAPI), i.key("name")
	ask := "pulumi config set --path " + shellWord(key) + " NAME"
	plain := strings.TrimSuffix(plainName(name), "-api")
	first, _, _ := strings.Cut(plain, "-")
	switch {
	case i.p.has(key):
		return defaultAPI
	case slices.Contains(platformPrefixes, first):
		i.p.ask(key, ask, "expected a name that does not begin with %q, because app settings that begin with %s_ belong to Azure, got %q", first, strings.ToUpper(first), name)
	case apiNamePattern.MatchString(name) && name == plain && !strings.Contains(name, "--"):
		return name
	case apiNamePattern.MatchString(plain) && !strings.Contains(plain, "--") && strings.HasSuffix(plainName(name), "-api"):
		i.p.refuse(key, SetCommand(key, plain), "expected a name without -api, which is added, got %q", name)
	case apiNamePattern.MatchString(plain) && !strings.Contains(plain, "--"):
		i.p.refuse(key, SetCommand(key, plain), "expected lower-case letters, digits and single hyphens, starting with a letter and not ending with a hyphen, got %q", name)
	default:
		i.p.ask(key, ask, "expected at most 24 lower-case letters, digits and single hyphens, starting with a letter and not ending with a hyphen, got %q", name)
	}
	return defaultAPI
}

// codePattern is a folder's name that is a name of a package to the go command
// and a name of a file everywhere.
var codePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// code is a folder in functions. functions/internal holds what function apps
// have in common.
func (i item) code(otherwise string) string {
	code, key := i.text("code", otherwise), i.key("code")
	fits := func(code string) bool { return codePattern.MatchString(code) && code != "internal" }
	inside, _ := strings.CutPrefix(strings.TrimSuffix(strings.TrimPrefix(code, "./"), "/"), "functions/")
	switch {
	case i.p.has(key):
		return otherwise
	case fits(code):
		return code
	case fits(inside):
		i.p.refuse(key, SetCommand(key, inside), "expected the name of a folder in functions, got %q", code)
	default:
		i.p.ask(key, "pulumi config set --path "+shellWord(key)+" FOLDER, which is shown by: ls functions", "expected the name of a folder in functions, got %q", code)
	}
	return otherwise
}

// routePattern is a path of unreserved characters (RFC 3986 section 2.3), which
// no client has to escape.
var routePattern = regexp.MustCompile(`^[A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)

func (i item) route(otherwise string) string {
	route, key := i.text("route", otherwise), i.key("route")
	plain := strings.Trim(route, "/")
	switch {
	case i.p.has(key):
		return otherwise
	case routePattern.MatchString(route):
		return route
	case routePattern.MatchString(plain):
		i.p.refuse(key, SetCommand(key, plain), "expected a path without a slash before or behind it, got %q", route)
	default:
		i.p.ask(key, "pulumi config set --path "+shellWord(key)+" PATH, such as "+otherwise, "expected a path such as %s, of letters, digits and -._~, got %q", otherwise, route)
	}
	return otherwise
}

func (i item) registration() string {
	possible := []string{ManagedRegistration, ExistingRegistration}
	registration, key := i.text("registration", ManagedRegistration), i.key("registration")
	if !slices.Contains(possible, registration) && !i.p.has(key) {
		i.p.choose(key, registration, possible, "expected one of %s, got %q", strings.Join(possible, ", "), registration)
	}
	return registration
}

// clientID is that of an existing registration.
func (i item) clientID(registration string) string {
	clientID, key := strings.ToLower(i.text("clientId", "")), i.key("clientId")
	set := "pulumi config set --path " + shellWord(key) + " CLIENT-ID, which is shown by: az ad app list --all --query '[].[displayName,appId]'"
	switch {
	case i.p.has(key) || i.p.has(i.key("registration")):
	case registration != ExistingRegistration && i.has("clientId"):
		registrationKey := i.key("registration")
		i.p.ask(key, SetCommand(registrationKey, ExistingRegistration)+" to use that registration, or "+removeCommand(key)+" to have one made", "expected none for a registration that this stack makes")
	case registration != ExistingRegistration:
	case clientID == "":
		i.p.ask(key, set, "missing; the registration is found by its client id")
	case !guidPattern.MatchString(clientID):
		i.p.ask(key, set, "expected a GUID, got %q", clientID)
	default:
		return clientID
	}
	return ""
}

// stackPattern is a stack's full name
// (https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences); on a
// backend without organizations the first part is organization.
var stackPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)

// stack is the stack that deploys the API. Here, the API then has neither code
// nor a registration.
func (i item) stack() string {
	stack, key := i.text("stack", ""), i.key("stack")
	switch {
	case stack == "" || i.p.has(key):
		return ""
	case !stackPattern.MatchString(stack):
		i.p.ask(key, "pulumi config set --path "+shellWord(key)+" ORGANIZATION/PROJECT/STACK, which is shown by: pulumi stack ls --all", "expected a stack's full name, such as organization/app-to-app/prod, got %q", stack)
		return ""
	}
	for _, field := range []string{"code", "route", "container", "registration", "clientId"} {
		if i.has(field) {
			i.p.refuse(i.key(field), removeCommand(i.key(field)), "expected none for an API of another stack, which has its own")
		}
	}
	return stack
}

// plainName is a name without what a client's name cannot have.
func plainName(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r == '_' || r == '.' || r == ' ' {
			return '-'
		}
		return unicode.ToLower(r)
	}, name), "-")
}
