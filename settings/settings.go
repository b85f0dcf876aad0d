// Package settings turns the configuration of a stack into checked [Settings].
//
// [Parse] is pure: the configuration and the time go in, settings and every
// problem come out, those of the environment's rules included. [Load] also asks
// who is signed in and what exists. Every problem is found in one run,
// before anything is registered, and names its key and the command that fixes
// it. Defaults are those of Pulumi.yaml.
//
// The package does not link Pulumi, so that commands can check a stack's
// configuration the way the program does. It asks Pulumi's providers through
// the interface [Providers], which package lookup implements.
package settings

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"app-to-app/components/requests"
	"app-to-app/spelling"
)

// Namespace is the namespace of our keys, and the name of the project.
const Namespace = "app-to-app"

const locationKey = "azure-native:location"

// keys are the names of all settings.
var keys = []string{"api", "asOf", "assignments", "assignmentsReceipt", "authorityHost", "blockedCallers", "certificates", "clients", "dailyLogCapGb", "environment", "expiresOn", "owners", "patience", "protect", "roles",
	"rotationDays", "subscriptionId", "tenantId", "withoutClients"}

// environments are the values of the setting environment.
var environments = []string{"dev", "test", "prod"}

// Settings are the stack configuration after validation.
type Settings struct {
	Environment      string // dev, test or prod
	TenantID         string // the pinned one, else the login's
	SubscriptionID   string // the pinned one, else the login's
	AuthorityHost    string // without a trailing slash
	ExchangeAudience string // of federated identity credentials in that cloud
	Location         string
	ExpiresOn        string        // of test stacks, else ""
	Owners           []string      // object ids
	OwnersPinned     bool          // false: Owners is whoever is signed in
	BlockedCallers   []string      // client or object ids
	DailyLogCapGB    float64       // of logs that one function app may write
	WithoutClients   bool          // the stack may lose its last client
	Patience         time.Duration // how long an update tries again what only time heals
	Protect          bool          // keep what all access depends on from being deleted by accident
	API              API
	Registration     *Registration // that the API has already; nil if the stack makes it
	Deployed         *DeployedAPI  // that of another stack; nil for this stack's own
	Assignments      string        // [MadeAssignments] or [RequestedAssignments]

	// These belong to requested assignments. Receipt is nil as long as nobody has
	// written one.
	AssignmentsReceipt string            // path of the receipt from the project's folder, "" without one
	Receipt            *requests.Receipt // what it says
	Graph              string            // address of Microsoft Graph, "" if the cloud is not known
	Roles              []Role
	Clients            []Client
}

// A Role is an app role of the API.
type Role struct {
	Value       string // in the roles claim, such as Orders.Read
	DisplayName string
	Description string
}

// A Client is one calling application, as the settings describe it.
type Client struct {
	Name           string
	Identity       Identity
	Previous       *Identity // that it moves away from; usually nil
	Roles          []string  // values of app roles
	FunctionApp    bool      // false: only the identity and its assignments
	Code           string    // folder of the function app in functions
	TokenProviders []string
	Schedule       string // six fields
}

// Parse parses a configuration, with keys and values as Pulumi hands them to a
// program. It makes no look-ups: the tenant, the subscription, the authority
// host and the owners are empty unless they are pinned, and existing identities
// are not looked up. Rotation uses now unless the setting asOf says otherwise.
func Parse(configuration map[string]string, now time.Time) (Settings, Problems) {
	s, problems := parse(configuration, now)
	return s, problems.inOrder()
}

func parse(configuration map[string]string, now time.Time) (Settings, Problems) {
	p := &parser{values: configuration}
	p.refuseUnknownKeys()
	s := Settings{
		Environment:    p.oneOf("environment", environments...),
		TenantID:       p.guid("tenantId"),
		SubscriptionID: p.guid("subscriptionId"),
		AuthorityHost:  p.authorityHost(),
		Location:       p.location(),
		Owners:         p.guids("owners"),
		BlockedCallers: p.guids("blockedCallers"),
		API:            p.api(),
	}
	s.Assignments, s.AssignmentsReceipt = p.assignments()
	p.refuseAPISettings(s.API)
	s.Roles = p.roles(s.API)
	s.OwnersPinned = len(s.Owners) > 0
	s.ExpiresOn = p.expiresOn(s.Environment, now)
	s.Clients = p.clients(s.API, s.Roles, p.secrets(now))
	p.nameBlocked(s.Clients)
	s.DailyLogCapGB = p.dailyLogCap()
	s.Patience = p.patience()
	s.Protect = p.truth("protect", s.Environment == "prod")
	s.WithoutClients = p.truth("withoutClients", false)
	p.applyRules(s)
	p.checkRequested(s)
	p.refuseOutsideSecrets(s)
	return s, p.Problems
}

// A parser parses the values of a configuration and keeps what is wrong with
// them.
type parser struct {
	values map[string]string
	Problems
}

// refuseUnknownKeys refuses unknown keys in our namespace: a typing mistake
// would otherwise be ignored.
func (p *parser) refuseUnknownKeys() {
	for _, key := range slices.Sorted(maps.Keys(p.values)) {
		name, ours := strings.CutPrefix(key, Namespace+":")
		if ours && !slices.Contains(keys, name) {
			// No --path: a dot is part of the key.
			p.refuseUnknown(key, name, keys, "pulumi config rm "+shellWord(key), "keys")
		}
	}
}

// refuseUnknown refuses a name that is not known. One that is mistyped is to be
// renamed: to remove it would lose what was set.
func (p *parser) refuseUnknown(key, name string, known []string, remove, plural string) {
	if meant := spelling.Closest(name, known); meant != "" {
		p.ask(key, fmt.Sprintf("rename it to %s in the stack's file, Pulumi.STACK.yaml", meant), "expected one of the %s %s; did you mean %q?", plural, strings.Join(known, ", "), meant)
		return
	}
	p.refuse(key, remove, "expected one of the %s %s", plural, strings.Join(known, ", "))
}

// text is the value of a key of ours; "" when it is not set, or null.
func (p *parser) text(name string) string {
	if value := p.values[Namespace+":"+name]; value != "null" {
		return value
	}
	return ""
}

func (p *parser) oneOf(name string, values ...string) string {
	value := p.text(name)
	if !slices.Contains(values, value) {
		key := Namespace + ":" + name
		p.choose(key, value, values, "expected one of %s, got %q", strings.Join(values, ", "), value)
	}
	return value
}

// guidPattern is the text form of RFC 9562 section 4.
var guidPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// guid is a key that holds a GUID or nothing, in lower case as Microsoft Entra
// ID writes them.
func (p *parser) guid(name string) string {
	value := strings.ToLower(p.text(name))
	if value != "" && !guidPattern.MatchString(value) {
		key := Namespace + ":" + name
		p.ask(key, "pulumi config set "+key+" GUID, or pulumi config rm "+key+" to follow the login", "expected a GUID, got %q", value)
		return ""
	}
	return value
}

func (p *parser) guids(name string) []string {
	values := p.list(name)
	for i, value := range values {
		key := fmt.Sprintf("%s:%s[%d]", Namespace, name, i)
		values[i] = strings.ToLower(value)
		if !guidPattern.MatchString(values[i]) {
			p.ask(key, "pulumi config set --path "+shellWord(key)+" OBJECT-ID, "+idSources[name], "expected a GUID, got %q", value)
		} else if slices.Contains(values[:i], values[i]) {
			p.refuse(key, removeCommand(key), "expected %q once", values[i])
		}
	}
	return values
}

// nameBlocked says so where a blocked caller is the name of a client: only the
// API's app registration and the tenant know its ids.
func (p *parser) nameBlocked(clients []Client) {
	for n, problem := range p.Problems {
		if !strings.HasPrefix(problem.Key, Namespace+":blockedCallers[") {
			continue
		}
		for _, client := range clients {
			if strings.HasSuffix(problem.Text, strconv.Quote(client.Name)) {
				p.Problems[n].Text = fmt.Sprintf("expected the object id of the client %q, got its name", client.Name)
			}
		}
	}
}

// idSources are the commands that show the ids for a list. To remove a wrong
// entry is no fix: it would admit a caller, or take the rights of an owner.
var idSources = map[string]string{
	"owners":         "which is shown by: az ad user show --id USER --query id",
	"blockedCallers": "which is shown, for each client, by: pulumi stack output access",
}

// list is a key that holds a list of texts.
func (p *parser) list(name string) []string {
	value := p.text(name)
	if value == "" {
		return nil
	}
	var values []string
	if err := json.Unmarshal([]byte(value), &values); err != nil {
		key := Namespace + ":" + name
		if guidPattern.MatchString(strings.ToLower(value)) {
			p.refuse(key, removeCommand(key)+" && "+SetCommand(key+"[0]", value), "expected a list of texts, got one text")
			return nil
		}
		p.ask(key, removeCommand(key)+" && pulumi config set --path "+shellWord(key+"[0]")+" OBJECT-ID, "+idSources[name], "expected a list of texts, got %s", formOf([]byte(value)))
		return nil
	}
	return values
}

// locationPattern is how Azure names regions to programs (westeurope), as
// `az account list-locations` lists them; the display name (West Europe) would
// differ from what Azure answers.
var locationPattern = regexp.MustCompile(`^[a-z][a-z0-9]+$`)

func (p *parser) location() string {
	value := p.values[locationKey]
	plain := strings.ReplaceAll(strings.ToLower(value), " ", "")
	switch {
	case value == "":
		p.ask(locationKey, setRegion, "missing; every resource is created there")
	case locationPattern.MatchString(value):
	case locationPattern.MatchString(plain): // the display name
		p.refuse(locationKey, SetCommand(locationKey, plain), "expected the name of a region, such as westeurope, got %q", value)
	default:
		p.ask(locationKey, setRegion, "expected the name of a region, such as westeurope, got %q", value)
	}
	return value
}

const setRegion = "pulumi config set " + locationKey + " REGION, one of: az account list-locations --query '[].name'"

// stackLife is how long a test stack is offered to live.
const stackLife = 30 * 24 * time.Hour

// expiresOn is a date of RFC 3339 (full-date or date-time). It is absolute, so
// that a preview tomorrow is as empty as one today.
func (p *parser) expiresOn(environment string, now time.Time) string {
	const key = Namespace + ":expiresOn"
	value, at := date(p.text("expiresOn"))
	later := SetCommand(key, now.Add(stackLife).UTC().Format(time.DateOnly))
	switch {
	case !slices.Contains(environments, environment): // already reported; which rule applies is unknown
	case environment != "test" && value != "":
		p.refuse(key, removeCommand(key), "only test stacks expire, this one is %s", environment)
	case environment != "test":
	case value == "":
		p.refuse(key, later, "missing; a test stack says when it may be deleted")
	case at.IsZero():
		p.refuse(key, later, "expected a date of RFC 3339, such as 2027-06-30, got %q", value)
	}
	return value
}

// date reads a date of RFC 3339, with or without a time. YAML makes a time of a
// date without quotes, which Pulumi hands on as Go prints it: that is read as the
// date that somebody wrote. The time is zero if it is no date.
func date(value string) (string, time.Time) {
	if at, err := time.Parse("2006-01-02 15:04:05 -0700 MST", value); err == nil {
		value = at.Format(time.RFC3339)
		if at.Equal(at.Truncate(24 * time.Hour)) {
			value = at.Format(time.DateOnly)
		}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, value); err == nil {
			return value, at
		}
	}
	return value, time.Time{}
}
