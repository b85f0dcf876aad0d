package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// This file parses clients, except their identities (identity.go).

const defaultSchedule = "0 */10 * * * *"

// defaultClients is the setting clients of a stack that has none.
func defaultClients(api API) string { return `[{"name":"` + api.ClientName() + `"}]` }

// clientFields are the fields of a client.
var clientFields = []string{"name", "identity", "previousIdentity", "roles", "functionApp", "code", "tokenProviders", "schedule",
	"objectId", "displayName", "issuer", "subject", "audience"}

func (p *parser) clients(api API, roles []Role, secrets secretSettings) []Client {
	var clients []Client
	for _, i := range p.items("clients", defaultClients(api), clientFields...) {
		client := Client{Name: i.name(api, clients), Roles: i.clientRoles(roles)}
		client.Identity, client.Previous = i.identities(client.Name, secrets)
		i.checkCredentialName(client)
		client.FunctionApp = i.flag("functionApp", runsHere(client.Identity))
		client.Code = i.code(api.ClientName())
		client.Schedule = i.text("schedule", defaultSchedule)
		fitting := providersFor(client.Identity.Kind)
		client.TokenProviders = i.texts("tokenProviders", fitting[:1], fitting)
		i.checkFunctionApp(client)
		i.checkFunctionAppFields(client)
		clients = append(clients, client)
	}
	secrets.refuseUnused(p, clients)
	return clients
}

// clientNamePattern keeps names short and plain enough for the names derived
// from them: host names have 60 characters at most, of which Pulumi takes 8 to
// tell stacks apart.
var clientNamePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`)

func (i item) name(api API, others []Client) string {
	name, key := i.text("name", ""), i.key("name")
	ask := "pulumi config set --path " + shellWord(key) + " NAME"
	same := func(other Client, name string) bool {
		// The storage account's name has no hyphens.
		return strings.ReplaceAll(other.Name, "-", "") == strings.ReplaceAll(name, "-", "")
	}
	taken := func(name string) bool {
		return same(Client{Name: api.ResourceName()}, name) || slices.ContainsFunc(others, func(other Client) bool { return same(other, name) })
	}
	switch plain := plainName(name); {
	case i.p.has(key):
	case name == "":
		i.p.ask(key, ask, "missing")
	case !clientNamePattern.MatchString(name) && clientNamePattern.MatchString(plain) && !taken(plain):
		i.p.refuse(key, SetCommand(key, plain), "expected lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen, got %q", name)
	case !clientNamePattern.MatchString(name):
		i.p.ask(key, ask, "expected at most 32 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen, got %q", name)
	case same(Client{Name: api.ResourceName()}, name):
		i.p.ask(key, ask, "expected a name other than the API's, got %q", name)
	case taken(name):
		// A client that is renamed gets an identity of its own, which nobody meant.
		i.p.ask(key, ask+", or remove one of the two: "+removeCommand(i.path), "expected %q once (hyphens do not count)", name)
	}
	return name
}

// checkCredentialName refuses a name that Graph would refuse for the federated
// identity credential, which is named like its client: it needs 3 characters
// (https://learn.microsoft.com/graph/api/resources/federatedidentitycredential).
func (i item) checkCredentialName(client Client) {
	federated := client.Identity.Kind == Federated || client.Previous != nil && client.Previous.Kind == Federated
	if key := i.key("name"); federated && len(client.Name) < 3 && !i.p.has(key) {
		i.p.refuse(key, SetCommand(key, client.Name+"-client"), "expected at least 3 characters, because the federated identity credential has the client's name, got %q", client.Name)
	}
}

// clientRoles are the app roles of a client: those it names, otherwise the only
// one defined.
func (i item) clientRoles(roles []Role) []string {
	var defined []string
	for _, role := range roles {
		defined = append(defined, role.Value)
	}
	if !i.has("roles") && len(defined) > 1 {
		key := i.key("roles[0]")
		i.p.ask(key, "pulumi config set --path "+shellWord(key)+" "+strings.Join(defined, "|"), "missing; there is more than one role: %s", strings.Join(defined, ", "))
	}
	assigned := i.texts("roles", defined, defined)
	if len(defined) == 0 || i.p.hasIn(Namespace+":roles") {
		return assigned // the problem is reported with the roles
	}
	for n, value := range assigned {
		if !slices.Contains(defined, value) {
			key := fmt.Sprintf("%s[%d]", i.key("roles"), n)
			// What a role allows is no matter of letters: only another case is sure.
			meant := slices.IndexFunc(defined, func(role string) bool { return strings.EqualFold(role, value) })
			if meant >= 0 {
				i.p.refuse(key, SetCommand(key, defined[meant]), "expected a role that is defined (%s), got %q", strings.Join(defined, ", "), value)
				continue
			}
			i.p.ask(key, "pulumi config set --path "+shellWord(key)+" "+strings.Join(defined, "|"), "expected a role that is defined (%s), got %q", strings.Join(defined, ", "), value)
		}
	}
	return assigned
}

// checkFunctionApp checks that the client has a function app exactly where its
// identity can use one.
func (i item) checkFunctionApp(client Client) {
	key := i.key("functionApp")
	switch {
	case client.FunctionApp && !runsHere(client.Identity):
		i.p.refuse(key, SetCommand(key, "false"), "expected no function app for an identity that signs in elsewhere (%s)", describe(client.Identity))
	case !client.FunctionApp && client.Identity.Kind == SystemAssigned:
		i.p.refuse(key, SetCommand(key, "true"), "expected a function app, because a %s identity belongs to one", SystemAssigned)
	}
}

// checkFunctionAppFields checks the fields that only a client with a function app
// has.
func (i item) checkFunctionAppFields(client Client) {
	if !client.FunctionApp {
		for _, field := range []string{"code", "tokenProviders", "schedule"} {
			if i.has(field) {
				i.p.refuse(i.key(field), removeCommand(i.key(field)), "expected none for a client without a function app")
			}
		}
		return
	}
	if err := checkSchedule(client.Schedule); err != nil {
		i.p.refuse(i.key("schedule"), SetCommand(i.key("schedule"), meantSchedule(client.Schedule)), "%v", err)
	}
	fitting := providersFor(client.Identity.Kind)
	if len(client.TokenProviders) == 0 {
		key := i.key("tokenProviders[0]")
		i.p.refuse(key, SetCommand(key, fitting[0]), "expected at least one token provider (%s)", strings.Join(fitting, ", "))
	}
	for n, provider := range client.TokenProviders {
		if !slices.Contains(fitting, provider) {
			i.refuseProvider(n, client, fitting)
		}
	}
}

// refuseProvider refuses a token provider. One that is known is no slip for another
// one: it goes if others stay.
func (i item) refuseProvider(n int, client Client, fitting []string) {
	key, provider := fmt.Sprintf("%s[%d]", i.key("tokenProviders"), n), client.TokenProviders[n]
	const text = "expected a token provider that works with the identity %s (%s), got %q"
	works := func(provider string) bool { return slices.Contains(fitting, provider) }
	switch known := slices.Contains(providersFor(ClientSecret), provider); {
	case known && slices.ContainsFunc(client.TokenProviders, works):
		i.p.refuse(key, removeCommand(key), text, client.Identity.Kind, strings.Join(fitting, ", "), provider)
	case known:
		i.p.refuse(key, SetCommand(key, fitting[0]), text, client.Identity.Kind, strings.Join(fitting, ", "), provider)
	default:
		i.p.choose(key, provider, fitting, text, client.Identity.Kind, strings.Join(fitting, ", "), provider)
	}
}

// providersFor are the token providers that work with a kind of identity, the
// default first (docs/token-providers.md). An unknown kind, which is refused
// elsewhere, gets those of a managed identity.
func providersFor(kind string) []string {
	switch kind {
	case ClientSecret, Certificate:
		return []string{"azidentity", "msal", "appauth", "adal"}
	case Federated:
		return []string{"azidentity", "msal"}
	}
	return []string{"azidentity", "msal", "appauth"} // adal knows no managed identity of App Service
}
