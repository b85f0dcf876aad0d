package e2e_test

// This file lists the stacks whose previews are recorded, and the changes of their
// settings. One idea each; the note says it as a pull request would.

// A previewStack is deployed once.
type previewStack struct {
	name, file string
	set        func(*recorder) map[string]any
	cases      func(*recorder) []previewCase
}

// asOf keeps rotation out of the recordings.
const asOf = "2035-01-01"

// Ids that cases choose. The partner's are of the tenant.
const (
	outsider = "11111111-1111-4111-8111-111111111111"
	another  = "22222222-2222-4222-8222-222222222222"
)

var previewStacks = []previewStack{
	{"dev", "dev", func(*recorder) map[string]any { return map[string]any{"asOf": asOf} }, func(r *recorder) []previewCase {
		return append(devSettings(r), programCases...)
	}},
	{"kinds", "test", kindsSettings, kindsCases},
}

// clientsOf are the clients of dev, with the last one edited, and more.
func clientsOf(edit func(last fields), more ...fields) map[string]any {
	last := fields{"name": "orders-client-legacy", "identity": "clientSecret", "tokenProviders": []string{"azidentity", "msal", "appauth", "adal"}}
	if edit != nil {
		edit(last)
	}
	clients := []fields{{"name": "orders-client", "roles": []string{"Orders.Read"}}}
	if last["name"] != nil {
		clients = append(clients, last)
	}
	return map[string]any{"clients": append(clients, more...)}
}

func devSettings(r *recorder) []previewCase {
	set := func(name, note string, values map[string]any) previewCase {
		return previewCase{name: name, note: note, set: values}
	}
	read := fields{"value": "Orders.Read", "displayName": "Read orders", "description": "Read all orders"}
	roles := func(all ...fields) map[string]any { return map[string]any{"roles": all} }
	return []previewCase{
		set("nothing", "nothing", nil),
		set("blocked-callers", "a caller is blocked", map[string]any{"blockedCallers": []string{outsider}}),
		set("owners", "an owner is added to the API and the clients", map[string]any{"owners": []string{r.tenant.Deployer.ObjectID, outsider}}),
		set("role-added", "the API offers one more role", map[string]any{
			"roles":   []fields{read, {"value": "Orders.Write", "displayName": "Write orders", "description": "Write all orders"}},
			"clients": clientsOf(func(last fields) { last["roles"] = []string{"Orders.Read"} })["clients"],
		}),
		set("role-renamed", "the role has another value", roles(fields{"value": "Orders.ReadAll", "displayName": "Read orders", "description": "Read all orders"})),
		set("role-text", "the role has another description", roles(fields{"value": "Orders.Read", "displayName": "Read orders", "description": "Read every order"})),
		set("client-managed-identity", "a client with a managed identity is added", clientsOf(nil, fields{"name": "billing"})),
		set("client-secret", "a client with a secret is added", clientsOf(nil, fields{"name": "billing", "identity": "clientSecret"})),
		set("client-certificate", "a client with a certificate is added", clientsOf(nil, fields{"name": "billing", "identity": "certificate"})),
		set("client-system-assigned", "a client with its site's own identity is added", clientsOf(nil, fields{"name": "billing", "identity": "systemAssigned"})),
		set("client-federated", "a client with a federated credential is added", clientsOf(nil, fields{"name": "billing", "identity": "federated"})),
		set("client-of-a-branch", "a client of another repository's workflow is added", clientsOf(nil, fields{
			"name": "billing", "identity": "federated", "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:else/where:ref:refs/heads/main", "functionApp": false})),
		set("client-removed", "the client with a secret is removed", clientsOf(func(last fields) { delete(last, "name") })),
		set("client-renamed", "the client with a secret has another name", clientsOf(func(last fields) { last["name"] = "orders-client-old" })),
		set("client-moving", "the client with a secret begins to move to a managed identity", clientsOf(func(last fields) {
			last["identity"], last["previousIdentity"], last["tokenProviders"] = "managedIdentity", "clientSecret", []string{"azidentity"}
		})),
		set("client-without-app", "the client with a secret runs elsewhere", clientsOf(func(last fields) { last["functionApp"] = false; delete(last, "tokenProviders") })),
		set("token-providers", "the client with a secret tries fewer libraries", clientsOf(func(last fields) { last["tokenProviders"] = []string{"azidentity"} })),
		set("schedule", "the client with a secret runs once a day", clientsOf(func(last fields) { last["schedule"] = "0 0 3 * * *" })),
		set("rotation", "the secrets are rotated", map[string]any{"asOf": "2035-04-15"}),
		set("rotation-days", "secrets are rotated more often", map[string]any{"rotationDays": 30}),
		set("log-cap", "more logs are collected a day", map[string]any{"dailyLogCapGb": 5}),
		set("protect", "resources are protected", map[string]any{"protect": true}),
		set("authority-host", "tokens of another authority count", map[string]any{"authorityHost": "https://127.0.0.1:1"}),
		set("environment", "the stack becomes a test stack that expires", map[string]any{"environment": "test", "expiresOn": "2099-01-01"}),
	}
}

// kindsClients has a client of each kind of identity.
func kindsClients(r *recorder) []fields {
	return []fields{
		{"name": "of-system", "identity": "systemAssigned", "roles": []string{"Orders.Read"}},
		{"name": "of-identity", "roles": []string{"Orders.Read"}},
		{"name": "of-federated", "identity": "federated", "roles": []string{"Orders.Read"}},
		{"name": "of-workflow", "identity": "federated", "functionApp": false, "roles": []string{"Orders.Read"},
			"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:our/own:ref:refs/heads/main"},
		{"name": "of-certificate", "identity": "certificate", "roles": []string{"Orders.Read"}},
		{"name": "of-partner", "identity": "existing", "functionApp": false, "objectId": r.partner("partner"), "roles": []string{"Orders.Read"}},
	}
}

func kindsSettings(r *recorder) map[string]any {
	return map[string]any{
		"asOf": asOf, "expiresOn": "2099-01-01", "clients": kindsClients(r),
		"roles": []fields{{"value": "Orders.Read", "displayName": "Read orders"}, {"value": "Orders.Write", "displayName": "Write orders"}},
	}
}

func kindsCases(r *recorder) []previewCase {
	edit := func(name, note, client string, change func(fields)) previewCase {
		clients := kindsClients(r)
		for _, c := range clients {
			if c["name"] == client {
				change(c)
			}
		}
		return previewCase{name: name, note: note, set: map[string]any{"clients": clients}}
	}
	to := func(field string, value any) func(fields) { return func(c fields) { c[field] = value } }
	move := func(identity, previous string) func(fields) {
		return func(c fields) { c["identity"], c["previousIdentity"] = identity, previous }
	}
	return []previewCase{
		edit("subject", "the federated credential trusts another repository's branch", "of-workflow", to("subject", "repo:else/where:ref:refs/heads/main")),
		edit("pull-requests", "the federated credential trusts every pull request", "of-workflow", to("subject", "repo:our/own:pull_request")),
		edit("issuer", "the federated credential trusts another issuer", "of-workflow", to("issuer", "https://issuer.example.com")),
		edit("audience", "the federated credential trusts another audience", "of-workflow", to("audience", "api://elsewhere")),
		edit("swapped", "the existing client is another service principal", "of-partner", to("objectId", r.partner("stranger"))),
		edit("more-roles", "the client with a managed identity gets one more role", "of-identity", to("roles", []string{"Orders.Read", "Orders.Write"})),
		edit("other-role", "the system-assigned client has another role", "of-system", to("roles", []string{"Orders.Write"})),
		edit("system-to-identity", "the system-assigned client moves to a user-assigned identity", "of-system", move("managedIdentity", "systemAssigned")),
		edit("identity-to-secret", "the client with a managed identity moves to a secret", "of-identity", move("clientSecret", "managedIdentity")),
		edit("certificate-to-federated", "the client with a certificate moves to a federated credential", "of-certificate", move("federated", "certificate")),
		edit("certificate-at-once", "the client with a certificate moves to a managed identity at once", "of-certificate", to("identity", "managedIdentity")),
		edit("federated-outside", "the federated client trusts a workflow instead of its identity", "of-federated", func(c fields) {
			c["issuer"], c["subject"], c["functionApp"] = "https://token.actions.githubusercontent.com", "repo:our/own:environment:prod", false
		}),
		{name: "all-to-one", note: "only the partner is left", set: map[string]any{"clients": kindsClients(r)[5:]}},
		{name: "role-removed", note: "the role that nobody holds is removed", set: map[string]any{"roles": []fields{{"value": "Orders.Read", "displayName": "Read orders"}}}},
		{name: "certificates-rotated", note: "the certificate is rotated", set: map[string]any{"asOf": "2035-04-15"}},
	}
}

// partner is the object id of a service principal made elsewhere, the same one for
// the same name.
func (r *recorder) partner(name string) string {
	if r.partners[name] == "" {
		r.partners[name] = r.newPartner(name).objectID
	}
	return r.partners[name]
}
