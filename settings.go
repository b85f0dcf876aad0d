package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
)

// This file reads the stack configuration; nothing else does. The rules are:
// defaults are those of Pulumi.yaml; every problem is found in one run, before
// anything is registered; each names its key and the command that mends it.

const (
	namespace   = "app-to-app"
	locationKey = "azure-native:location"
)

// keys are the settings there are.
var keys = []string{"asOf", "authorityHost", "blockedCallers", "certificates", "clients", "environment", "expiresOn", "owners", "protect", "roles",
	"rotationDays", "subscriptionId", "tenantId"}

// environments are what a stack can be.
var environments = []string{"dev", "test", "prod"}

// Settings are the stack configuration after validation.
type Settings struct {
	Environment    string // dev, test or prod
	TenantID       string // the pinned one, else the login's
	SubscriptionID string // the pinned one, else the login's
	AuthorityHost  string // without a trailing slash
	Location       string
	ExpiresOn      string   // of test stacks, else ""
	Owners         []string // object ids
	OwnersPinned   bool     // false: Owners is whoever is signed in
	BlockedCallers []string // client or object ids
	Protect        bool     // what would cost everybody their access is not deleted by accident
	Roles          []components.Role
	Clients        []Client
}

// A Client is one calling application, as the settings describe it.
type Client struct {
	Name           string
	Identity       components.Identity
	Previous       *components.Identity // that it moves away from; usually nil
	Roles          []string             // values of app roles
	FunctionApp    bool                 // false: only the identity and its assignments
	TokenProviders []string
	Schedule       string // six fields
}

// loadSettings reads and checks the configuration of the stack, and who is
// signed in. The error holds every problem.
func loadSettings(ctx *pulumi.Context, m machine) (Settings, error) {
	r := &reader{ctx: ctx}
	r.refuseUnknownKeys(m.getenv(pulumi.EnvConfig))
	s := Settings{
		Environment:    r.oneOf("environment", environments...),
		TenantID:       r.guid("tenantId"),
		SubscriptionID: r.guid("subscriptionId"),
		Location:       r.location(),
		Owners:         r.guids("owners"),
		BlockedCallers: r.guids("blockedCallers"),
		Roles:          r.roles(),
	}
	s.ExpiresOn = r.expiresOn(s.Environment)
	s.Clients = r.clients(s.Roles, r.secrets(m.now()))
	s.Protect = r.protect(s.Environment)
	r.keepRules(s)
	s.AuthorityHost = r.authorityHost(m)
	r.signIn(&s)
	if err := errors.Join(r.problems...); err != nil {
		return Settings{}, fmt.Errorf("settings of stack %q: %d to mend, nothing was changed\n%w", ctx.Stack(), len(r.problems), err)
	}
	return s, nil
}

// A reader reads settings and keeps what is wrong with them.
type reader struct {
	ctx      *pulumi.Context
	graph    string // Microsoft Graph of the cloud, if its Resource Manager was asked
	problems []error
}

// refuse notes a problem of a key and the command that mends it.
func (r *reader) refuse(key, mend, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s: %s; mend it with: %s", key, fmt.Sprintf(format, args...), mend))
}

// set is the command that sets a key.
func set(key, value string) string {
	command := "pulumi config set "
	if strings.ContainsAny(key, ".[") {
		command += "--path "
	}
	return command + shellWord(key) + " " + shellWord(value)
}

// remove is the command that removes a key.
func remove(key string) string {
	command := "pulumi config rm "
	if strings.ContainsAny(key, ".[") {
		command += "--path "
	}
	return command + shellWord(key)
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// refuseUnknownKeys reads PULUMI_CONFIG, the map of all keys that the engine
// hands to a program: the SDK can only ask for keys it knows.
func (r *reader) refuseUnknownKeys(encoded string) {
	if encoded == "" {
		return
	}
	var all map[string]string
	if err := json.Unmarshal([]byte(encoded), &all); err != nil {
		r.problems = append(r.problems, fmt.Errorf("read %s: %w", pulumi.EnvConfig, err))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		name, ours := strings.CutPrefix(key, namespace+":")
		if ours && !slices.Contains(keys, name) {
			r.refuse(key, remove(key), "expected one of the keys %s", strings.Join(keys, ", "))
		}
	}
}

// text is the value of a key of ours; "" when it is not set.
func (r *reader) text(name string) string {
	value, _ := r.ctx.GetConfig(namespace + ":" + name)
	return value
}

func (r *reader) oneOf(name string, values ...string) string {
	value := r.text(name)
	if !slices.Contains(values, value) {
		key := namespace + ":" + name
		r.refuse(key, set(key, values[0]), "expected one of %s, got %q", strings.Join(values, ", "), value)
	}
	return value
}

// guidPattern is the text form of RFC 9562 section 4.
var guidPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// guid is a key that holds a GUID or nothing, in lower case as Microsoft Entra
// ID writes them.
func (r *reader) guid(name string) string {
	value := strings.ToLower(r.text(name))
	if value != "" && !guidPattern.MatchString(value) {
		key := namespace + ":" + name
		r.refuse(key, set(key, ""), "expected a GUID, got %q", value) // empty follows the login
		return ""
	}
	return value
}

func (r *reader) guids(name string) []string {
	values := r.list(name)
	for i, value := range values {
		key := fmt.Sprintf("%s:%s[%d]", namespace, name, i)
		values[i] = strings.ToLower(value)
		if !guidPattern.MatchString(values[i]) {
			r.refuse(key, remove(key), "expected a GUID, got %q", value)
		} else if slices.Contains(values[:i], values[i]) {
			r.refuse(key, remove(key), "expected %q once", values[i])
		}
	}
	return values
}

// list is a key that holds a list of texts.
func (r *reader) list(name string) []string {
	value := r.text(name)
	if value == "" {
		return nil
	}
	var values []string
	if err := json.Unmarshal([]byte(value), &values); err != nil {
		key := namespace + ":" + name
		r.refuse(key, remove(key), "expected a list of texts, got %q", value)
		return nil
	}
	return values
}

// locationPattern is how Azure names regions to programs (westeurope), as
// `az account list-locations` lists them; the display name (West Europe) would
// differ from what Azure answers.
var locationPattern = regexp.MustCompile(`^[a-z][a-z0-9]+$`)

func (r *reader) location() string {
	value, _ := r.ctx.GetConfig(locationKey)
	if value == "" {
		r.refuse(locationKey, set(locationKey, "westeurope"), "missing; every resource is created there")
	} else if !locationPattern.MatchString(value) {
		r.refuse(locationKey, set(locationKey, "westeurope"), "expected the name of a region, such as westeurope, got %q", value)
	}
	return value
}

// expiresOn is a date of RFC 3339 (full-date or date-time). It is absolute, so
// that a preview tomorrow is as empty as one today.
func (r *reader) expiresOn(environment string) string {
	const key = namespace + ":expiresOn"
	value := r.text("expiresOn")
	switch {
	case !slices.Contains(environments, environment): // told already; which rule holds is open
	case environment != "test" && value != "":
		r.refuse(key, remove(key), "only test stacks expire, this one is %s", environment)
	case environment != "test":
	case value == "":
		r.refuse(key, set(key, "2027-06-30"), "missing; a test stack says when it may be deleted")
	case !isDate(value):
		r.refuse(key, set(key, "2027-06-30"), "expected a date of RFC 3339, such as 2027-06-30, got %q", value)
	}
	return value
}

func isDate(value string) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if _, err := time.Parse(layout, value); err == nil {
			return true
		}
	}
	return false
}
