package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file takes the API from the exports of the stack that deploys it.

// A DeployedAPI is the API of another stack.
type DeployedAPI struct {
	Name               string
	URL                string
	ClientID           string
	ObjectID           string // of the app registration
	ServicePrincipalID string // object id, which assignments name
	IdentifierURI      string
	Audience           string
	RoleIDs            map[string]string // by value
}

// APIOutputs are the exports of an API's stack that its clients need.
var APIOutputs = []string{"apiName", "apiUrl", "apiClientId", "apiObjectId", "apiServicePrincipalId", "identifierUri", "audience", "roleIds", "tenantId", "environment", "apiStack"}

// refuseAPISettings refuses what only the API's own stack can set.
func (p *parser) refuseAPISettings(api API) {
	if api.Stack == "" {
		return
	}
	for _, name := range []string{"roles", "blockedCallers"} {
		if value := p.text(name); value != "" && value != "[]" {
			key := Namespace + ":" + name
			p.refuse(key, removeCommand(key), "expected none for an API of another stack, which has its own: set it in %s", api.Stack)
		}
	}
}

// refuseOutsideSecrets refuses a client that needs a vault and has no function app:
// the vault's log would go where the API's is, which is another stack's.
func (p *parser) refuseOutsideSecrets(s Settings) {
	for n, client := range s.Clients {
		key := fmt.Sprintf("%s:clients[%d].functionApp", Namespace, n)
		if s.API.Stack != "" && !client.FunctionApp && client.Identity.HasSecret() && !p.has(key) {
			p.ask(key, SetCommand(key, "true")+", or an identity without a secret: "+SetCommand(fmt.Sprintf("%s:clients[%d].identity", Namespace, n), Federated)+" with an issuer, a subject and an audience",
				"expected a function app for a client with a secret of an API of another stack, because the vault's log goes where the app's does")
		}
	}
}

// findAPI takes over what the API's stack exports, and refuses one that this
// stack's clients could not call.
func (l *lookups) findAPI() {
	s := l.settings
	const key = Namespace + ":api.stack"
	if s.API.Stack == "" || l.StackOutputs == nil || l.has(key) {
		return
	}
	deploy := "pulumi up --stack " + s.API.Stack + " with this version of the program, or name another stack: pulumi config set --path " + key + " ORGANIZATION/PROJECT/STACK"
	outputs, err := l.StackOutputs(s.API.Stack)
	if err != nil {
		l.ask(key, deploy, "read the exports of %q: %v", s.API.Stack, err)
		return
	}
	if theirs, _ := outputs["apiStack"].(string); theirs != "" {
		l.ask(key, SetCommand(key, theirs)+", if that API is meant", "expected the stack that deploys the API, got %q, which has clients of the API of %s", s.API.Stack, theirs)
		return
	}
	var missing []string
	text := func(name string) string {
		value, _ := outputs[name].(string)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	api := &DeployedAPI{
		Name: text("apiName"), URL: text("apiUrl"), ClientID: text("apiClientId"), ObjectID: text("apiObjectId"), ServicePrincipalID: text("apiServicePrincipalId"),
		IdentifierURI: text("identifierUri"), Audience: text("audience"), RoleIDs: make(map[string]string),
	}
	roles, _ := outputs["roleIds"].(map[string]any)
	for value, id := range roles {
		api.RoleIDs[value], _ = id.(string)
	}
	if len(api.RoleIDs) == 0 {
		missing = append(missing, "roleIds")
	}
	environment, tenantID := text("environment"), text("tenantId")
	if len(missing) > 0 {
		l.ask(key, deploy, "expected the exports %s of %q, got none", strings.Join(missing, ", "), s.API.Stack)
		return
	}
	s.Deployed = api
	l.checkAPI(environment, tenantID)
	l.checkClientRoles()
}

// checkAPI refuses the API of another tenant or environment: the clients' tokens
// would come from another issuer, or a test would call production.
func (l *lookups) checkAPI(environment, tenantID string) {
	s := l.settings
	const key = Namespace + ":api.stack"
	next := "name the stack of the API that is meant: pulumi config set --path " + key + " ORGANIZATION/PROJECT/STACK"
	if !strings.EqualFold(tenantID, s.TenantID) && s.TenantID != "" {
		l.ask(key, next, "expected an API of the tenant %q, got %q of %q", s.TenantID, tenantID, s.API.Stack)
	}
	if environment != s.Environment && slices.Contains(environments, s.Environment) {
		l.ask(key, next, "expected an API of the environment %q, got %q of %q", s.Environment, environment, s.API.Stack)
	}
	if name := Namespace + ":api.name"; s.Deployed.Name != s.API.Name && !l.has(name) {
		l.refuse(name, SetCommand(name, s.Deployed.Name), "expected the name of the API of %q, %q, which begins the names of the clients' app settings, got %q", s.API.Stack, s.Deployed.Name, s.API.Name)
	}
}

// checkClientRoles gives clients without roles the only one of the API, and refuses
// roles that it does not have.
func (l *lookups) checkClientRoles() {
	s := l.settings
	defined := slices.Sorted(maps.Keys(s.Deployed.RoleIDs))
	for n := range s.Clients {
		client := &s.Clients[n]
		key := fmt.Sprintf("%s:clients[%d].roles", Namespace, n)
		if l.hasIn(key) {
			continue
		}
		set := func(i int) string {
			return fmt.Sprintf("pulumi config set --path %s %s", shellWord(fmt.Sprintf("%s[%d]", key, i)), strings.Join(defined, "|"))
		}
		if client.Roles == nil && len(defined) > 1 {
			l.ask(key, set(0), "missing; the API of %q has more than one role: %s", s.API.Stack, strings.Join(defined, ", "))
		} else if client.Roles == nil {
			client.Roles = defined
		}
		for i, value := range client.Roles {
			if s.Deployed.RoleIDs[value] == "" {
				l.ask(fmt.Sprintf("%s[%d]", key, i), set(i), "expected a role of the API of %q (%s), got %q", s.API.Stack, strings.Join(defined, ", "), value)
			}
		}
	}
}
