package settings_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/components/credentials"
	"app-to-app/settings"
	"app-to-app/settings/settingstest"
)

// defaults are the settings of the committed stack dev.
func defaults() settings.Settings {
	return settings.Settings{
		Environment: "dev", TenantID: tenantID, SubscriptionID: subscriptionID,
		AuthorityHost: "https://login.microsoftonline.com", ExchangeAudience: "api://AzureADTokenExchange", Location: "westeurope",
		Owners: []string{callerID}, DailyLogCapGB: 1, Patience: 5 * time.Minute,
		API: settings.API{Name: "orders", Code: "orders-api", Route: "api/orders", Registration: "managed"}, Assignments: "made",
		Roles: []settings.Role{{Value: "Orders.Read", DisplayName: "Read orders", Description: "Read all orders"}},
		Clients: []settings.Client{{Name: "orders-client", Identity: settings.Identity{Kind: "managedIdentity"}, Roles: []string{"Orders.Read"},
			FunctionApp: true, Code: "orders-client", TokenProviders: []string{"azidentity"}, Schedule: "0 */10 * * * *"}, legacy()},
	}
}

// rotationOf is the rotation of a period of days, today.
func rotationOf(days int) credentials.Rotation {
	rotation, err := credentials.RotationAt(today, time.Duration(days)*24*time.Hour)
	if err != nil {
		panic(err)
	}
	return rotation
}

// legacy is the second client of the committed stack dev.
func legacy() settings.Client {
	rotation := rotationOf(90)
	return settings.Client{Name: "orders-client-legacy", Identity: settings.Identity{Kind: "clientSecret", Rotation: rotation}, Roles: []string{"Orders.Read"},
		FunctionApp: true, Code: "orders-client", TokenProviders: []string{"azidentity", "msal", "appauth", "adal"}, Schedule: "0 */10 * * * *"}
}

func TestAcceptedSettings(t *testing.T) {
	t.Parallel()
	const first, second = "bbbbbbbb-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
	for _, tt := range []struct {
		name, stack string
		edits       map[string]string
		change      func(*settings.Settings) // of the defaults
	}{
		{name: "dev as committed", stack: "dev"},
		{name: "test as committed", stack: "test", change: func(s *settings.Settings) { s.Environment, s.ExpiresOn = "test", "2027-06-30" }},
		{name: "prod as committed", stack: "prod", change: func(s *settings.Settings) { s.Environment, s.Protect = "prod", true }},
		{name: "pinned to the login, in capitals", stack: "dev", edits: map[string]string{
			"app-to-app:tenantId": strings.ToUpper(tenantID), "app-to-app:subscriptionId": subscriptionID}},
		{name: "a role whose texts are null", stack: "dev", edits: map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","displayName":null,"description":null}]`},
			change: func(s *settings.Settings) {
				s.Roles[0].DisplayName, s.Roles[0].Description = "Orders.Read", "Orders.Read"
			}},
		{name: "date without quotes, as YAML reads it", stack: "test", edits: map[string]string{"app-to-app:expiresOn": "2027-06-30 00:00:00 +0000 UTC"},
			change: func(s *settings.Settings) { s.Environment, s.ExpiresOn = "test", "2027-06-30" }},
		{name: "clients that are null", stack: "prod", edits: map[string]string{"app-to-app:clients": "null"},
			change: func(s *settings.Settings) { s.Environment, s.Protect = "prod", true }},
		{name: "fields that are null", stack: "dev", edits: map[string]string{"app-to-app:clients": `[{"name":"orders-client","identity":null,"roles":null,"functionApp":null}]`}},
		{name: "a day that some of its months have", stack: "dev", edits: map[string]string{
			"app-to-app:clients": `[{"name":"orders-client","schedule":"0 0 0 31 2/1 *"}]`},
			change: func(s *settings.Settings) { s.Clients[0].Schedule = "0 0 0 31 2/1 *" }},
		{name: "date and time", stack: "test", edits: map[string]string{"app-to-app:expiresOn": "2027-06-30T12:00:00Z"},
			change: func(s *settings.Settings) { s.Environment, s.ExpiresOn = "test", "2027-06-30T12:00:00Z" }},
		{name: "another cloud", stack: "dev", edits: map[string]string{"app-to-app:authorityHost": "https://LOGIN.microsoftonline.us/"},
			change: func(s *settings.Settings) {
				s.AuthorityHost, s.ExchangeAudience = "https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"
			}},
		{name: "lists of ids", stack: "dev", edits: map[string]string{
			"app-to-app:owners": `["` + strings.ToUpper(first) + `","` + callerID + `"]`, "app-to-app:blockedCallers": `["` + second + `"]`},
			change: func(s *settings.Settings) {
				s.Owners, s.OwnersPinned, s.BlockedCallers = []string{first, callerID}, true, []string{second}
			}},
		{name: "a client with a schedule of its own", stack: "dev", edits: map[string]string{
			"app-to-app:clients": `[{"name":"orders-client","schedule":"0 */5 * * * *"}]`},
			change: func(s *settings.Settings) { s.Clients[0].Schedule = "0 */5 * * * *" }},
		{name: "a role with only a value", stack: "dev", edits: map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"}]`},
			change: func(s *settings.Settings) {
				s.Roles[0].DisplayName, s.Roles[0].Description = "Orders.Read", "Orders.Read"
			}},
		{name: "half a gigabyte of logs a day", stack: "dev", edits: map[string]string{"app-to-app:dailyLogCapGb": "0.5"},
			change: func(s *settings.Settings) { s.DailyLogCapGB = 0.5 }},
		{name: "no cap in the configuration", stack: "dev", edits: map[string]string{"app-to-app:dailyLogCapGb": ""}},
		{name: "a minute of patience", stack: "dev", edits: map[string]string{"app-to-app:patience": "90s"},
			change: func(s *settings.Settings) { s.Patience = 90 * time.Second }},
		{name: "no patience in the configuration", stack: "dev", edits: map[string]string{"app-to-app:patience": ""}},
		{name: "no clients", stack: "dev", edits: map[string]string{"app-to-app:clients": `[]`}, change: func(s *settings.Settings) { s.Clients = []settings.Client{} }},
		{name: "two clients, one without an app and without roles", stack: "dev", edits: map[string]string{
			"app-to-app:clients": `[{"name":"orders-client"},{"name":"outside","functionApp":false,"roles":[]}]`},
			change: func(s *settings.Settings) {
				s.Clients = append(s.Clients, settings.Client{Name: "outside", Identity: settings.Identity{Kind: "managedIdentity"}, Roles: []string{}, Code: "orders-client", TokenProviders: []string{"azidentity"}, Schedule: "0 */10 * * * *"})
			}},
		{name: "keys of other programs", stack: "dev", edits: map[string]string{"azuread:tenantId": tenantID, "other:key": "x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, problems := load(t, tt.stack, tt.edits)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			want := defaults()
			if tt.stack != "dev" || tt.edits["app-to-app:clients"] != "" {
				want.Clients = want.Clients[:1]
			}
			if tt.change != nil {
				tt.change(&want)
			}
			for _, list := range []*[]string{&got.BlockedCallers, &want.BlockedCallers} {
				*list = slices.Concat(*list) // nil when empty
			}
			if !equalSettings(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func equalSettings(a, b settings.Settings) bool {
	if len(a.Clients)+len(b.Clients) == 0 {
		a.Clients, b.Clients = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// refusals are wrong inputs, one problem each.
var refusals = []struct {
	name, stack string
	edits       map[string]string
	want        []string // in the one problem
}{
	{"unknown key", "dev", map[string]string{"app-to-app:tenantID": tenantID},
		[]string{"app-to-app:tenantID: expected one of the keys", `did you mean "tenantId"?; next: rename it to tenantId in the stack's file`}},
	{"unknown key like no other", "dev", map[string]string{"app-to-app:colour": "red"},
		[]string{"app-to-app:colour: expected one of the keys", "; fix: pulumi config rm app-to-app:colour"}},
	{"unknown environment", "dev", map[string]string{"app-to-app:environment": "staging"},
		[]string{`app-to-app:environment: expected one of dev, test, prod, got "staging"`, "; next: pulumi config set app-to-app:environment dev|test|prod"}},
	{"environment in full", "dev", map[string]string{"app-to-app:environment": "development"},
		[]string{`got "development"; fix: pulumi config set app-to-app:environment dev`}},
	{"no environment", "dev", map[string]string{"app-to-app:environment": ""},
		[]string{`app-to-app:environment: expected one of dev, test, prod, got ""`, "; next: pulumi config set app-to-app:environment dev|test|prod"}},
	{"cap of nothing", "dev", map[string]string{"app-to-app:dailyLogCapGb": "0"},
		[]string{`app-to-app:dailyLogCapGb: expected a number of gigabytes from 0.1 to 1000, got "0"`, "pulumi config set app-to-app:dailyLogCapGb 1"}},
	{"cap above the largest", "dev", map[string]string{"app-to-app:dailyLogCapGb": "1001"},
		[]string{`from 0.1 to 1000, got "1001"`, "pulumi config set app-to-app:dailyLogCapGb 1"}},
	{"cap in words", "dev", map[string]string{"app-to-app:dailyLogCapGb": "unlimited"},
		[]string{`from 0.1 to 1000, got "unlimited"`, "pulumi config set app-to-app:dailyLogCapGb 1"}},
	{"no patience at all", "dev", map[string]string{"app-to-app:patience": "0s"},
		[]string{`app-to-app:patience: expected a duration from 1s to 20m, such as 5m, got "0s"`, "pulumi config set app-to-app:patience 5m"}},
	{"more patience than the engine has", "dev", map[string]string{"app-to-app:patience": "21m"},
		[]string{`from 1s to 20m, such as 5m, got "21m"`, "pulumi config set app-to-app:patience 5m"}},
	{"patience without a unit", "dev", map[string]string{"app-to-app:patience": "300"},
		[]string{`from 1s to 20m, such as 5m, got "300"`, "pulumi config set app-to-app:patience 5m"}},
	{"no location", "dev", map[string]string{"azure-native:location": ""},
		[]string{"azure-native:location: missing", "; next: pulumi config set azure-native:location REGION, one of: az account list-locations"}},
	{"location by its display name", "dev", map[string]string{"azure-native:location": "West Europe"},
		[]string{`azure-native:location: expected the name of a region`, `"West Europe"`, "pulumi config set azure-native:location westeurope"}},
	{"bad tenant id", "dev", map[string]string{"app-to-app:tenantId": "contoso.com"},
		[]string{`app-to-app:tenantId: expected a GUID, got "contoso.com"`, "; next: pulumi config set app-to-app:tenantId GUID, or pulumi config rm app-to-app:tenantId"}},
	{"bad subscription id", "dev", map[string]string{"app-to-app:subscriptionId": subscriptionID + "0"},
		[]string{`app-to-app:subscriptionId: expected a GUID, got`, "; next: pulumi config set app-to-app:subscriptionId GUID, or pulumi config rm app-to-app:subscriptionId"}},
	{"login in another tenant", "dev", map[string]string{"app-to-app:tenantId": "bbbbbbbb-0000-4000-8000-000000000001"},
		[]string{`app-to-app:tenantId: expected a login to "bbbbbbbb-0000-4000-8000-000000000001", got one to "` + tenantID + `"`, "pulumi config set app-to-app:tenantId " + tenantID}},
	{"login in another subscription", "prod", map[string]string{"app-to-app:subscriptionId": "bbbbbbbb-0000-4000-8000-000000000001"},
		[]string{`app-to-app:subscriptionId: expected a login to "bbbbbbbb-0000-4000-8000-000000000001", got one to "` + subscriptionID + `"`, "pulumi config set app-to-app:subscriptionId " + subscriptionID}},
	{"authority host without TLS", "dev", map[string]string{"app-to-app:authorityHost": "http://login.microsoftonline.com"},
		[]string{"app-to-app:authorityHost: expected https:// and a host", "; fix: pulumi config set app-to-app:authorityHost https://login.microsoftonline.com"}},
	{"authority host with a tenant", "dev", map[string]string{"app-to-app:authorityHost": "https://login.microsoftonline.com/" + tenantID},
		[]string{"app-to-app:authorityHost: expected https:// and a host"}},
	{"bad owner", "dev", map[string]string{"app-to-app:owners": `["` + callerID + `","me"]`},
		[]string{`app-to-app:owners[1]: expected a GUID, got "me"`, "; next: pulumi config set --path 'app-to-app:owners[1]' OBJECT-ID, which is shown by: az ad user show"}},
	{"owner twice", "dev", map[string]string{"app-to-app:owners": `["` + callerID + `","` + strings.ToUpper(callerID) + `"]`},
		[]string{`app-to-app:owners[1]: expected "` + callerID + `" once`, "pulumi config rm --path 'app-to-app:owners[1]'"}},
	{"owners that are no list", "dev", map[string]string{"app-to-app:owners": callerID},
		[]string{"app-to-app:owners: expected a list of texts, got one text", "; fix: pulumi config rm app-to-app:owners && pulumi config set --path 'app-to-app:owners[0]' " + callerID}},
	{"bad blocked caller", "dev", map[string]string{"app-to-app:blockedCallers": `["x"]`},
		[]string{`app-to-app:blockedCallers[0]: expected a GUID, got "x"`, "; next: pulumi config set --path 'app-to-app:blockedCallers[0]' OBJECT-ID, which is shown, for each client, by: pulumi stack output access"}},
	{"test stack without expiresOn", "test", map[string]string{"app-to-app:expiresOn": ""},
		[]string{"app-to-app:expiresOn: missing", "pulumi config set app-to-app:expiresOn 2026-12-25"}},
	{"relative end", "test", map[string]string{"app-to-app:expiresOn": "30d"},
		[]string{`app-to-app:expiresOn: expected a date of RFC 3339, such as 2027-06-30, got "30d"`, "pulumi config set app-to-app:expiresOn 2026-12-25"}},
	{"end on a day that does not exist", "test", map[string]string{"app-to-app:expiresOn": "2027-02-30"},
		[]string{"app-to-app:expiresOn: expected a date of RFC 3339"}},
	{"end of a prod stack", "prod", map[string]string{"app-to-app:expiresOn": "2027-06-30"},
		[]string{"app-to-app:expiresOn: only test stacks expire, this one is prod", "pulumi config rm app-to-app:expiresOn"}},

	{"roles that are no list", "dev", map[string]string{"app-to-app:roles": "Orders.Read"},
		[]string{"app-to-app:roles: expected a list of objects with the fields value, displayName, description", "pulumi config rm app-to-app:roles"}},
	{"no roles", "dev", map[string]string{"app-to-app:roles": "[]", "app-to-app:clients": "[]"},
		[]string{"app-to-app:roles: expected at least one role", "pulumi config rm app-to-app:roles"}},
	{"role with an unknown field", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","name":"x"}]`},
		[]string{"app-to-app:roles[0].name: expected one of the fields value, displayName, description", `did you mean "displayName"?; next: rename it to displayName`}},
	{"role with a field in capitals", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","DisplayName":"x"}]`},
		[]string{"app-to-app:roles[0].DisplayName: expected one of the fields"}},
	{"role without a value", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"},{"displayName":"x"}]`},
		[]string{"app-to-app:roles[1].value: missing", "; next: pulumi config set --path 'app-to-app:roles[1].value' VALUE"}},
	{"a secret pasted where a list of objects belongs", "dev", map[string]string{"app-to-app:roles": `{"secret":"hunter2hunter2"}`},
		[]string{"app-to-app:roles: expected a list of objects with the fields value, displayName, description, got an object"}},
	{"a secret pasted where a list of texts belongs", "dev", map[string]string{"app-to-app:owners": `"a-secret-of-forty-characters-or-a-few-more"`},
		[]string{"app-to-app:owners: expected a list of texts, got a longer text"}},
	{"an unknown key with a dot", "dev", map[string]string{"app-to-app:foo.bar": "x"},
		[]string{"app-to-app:foo.bar: expected one of the keys ", "; fix: pulumi config rm app-to-app:foo.bar"}},
	{"an unknown field with a dot", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","a.b":1}]`},
		[]string{`pulumi config rm --path 'app-to-app:roles[0]["a.b"]'`}},
	{"role with an empty display name", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","displayName":""}]`},
		[]string{`app-to-app:roles[0].displayName: expected a text, got ""; without the key it is "Orders.Read"`, "pulumi config rm --path 'app-to-app:roles[0].displayName'"}},
	{"role with an empty description", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","displayName":"Read orders","description":""}]`},
		[]string{`app-to-app:roles[0].description: expected a text, got ""; without the key it is "Read orders"`, "pulumi config rm --path 'app-to-app:roles[0].description'"}},
	{"role with a display name of spaces", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","displayName":" \t\n"}]`},
		[]string{`app-to-app:roles[0].displayName: expected a text, got " \t\n"`, "pulumi config rm --path 'app-to-app:roles[0].displayName'"}},
	{"role with a description of spaces", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","description":"\u00a0 "}]`},
		[]string{`app-to-app:roles[0].description: expected a text, got "\u00a0 "; without the key it is "Orders.Read"`}},
	{"role with a space", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders Read"}]`, "app-to-app:clients": settingstest.Clients(`"roles":["Orders Read"]`)},
		[]string{`app-to-app:roles[0].value: expected no spaces, got "Orders Read"`, "pulumi config set --path 'app-to-app:roles[0].value' Orders.Read"}},
	{"role with a leading dot", "dev", map[string]string{"app-to-app:roles": `[{"value":".default"}]`, "app-to-app:clients": "[]"},
		[]string{`app-to-app:roles[0].value: expected at most 120`, `".default"`}},
	{"role too long", "dev", map[string]string{"app-to-app:roles": `[{"value":"` + strings.Repeat("x", 121) + `"}]`, "app-to-app:clients": "[]"},
		[]string{`app-to-app:roles[0].value: expected at most 120`}},
	{"role twice", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"},{"value":"Orders.Read"}]`},
		[]string{`app-to-app:roles[1].value: expected the role "Orders.Read" once`, "pulumi config rm --path 'app-to-app:roles[1]'"}},
	{"role value that is no text", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","description":7}]`},
		[]string{"app-to-app:roles[0].description: expected a text, got 7"}},

	{"clients that are no list", "dev", map[string]string{"app-to-app:clients": "orders-client"},
		[]string{"app-to-app:clients: expected a list of objects", "pulumi config rm app-to-app:clients"}},
	{"client with an unknown field", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"cron":"x"`)},
		[]string{"app-to-app:clients[0].cron: expected one of the fields name, identity", "pulumi config rm --path 'app-to-app:clients[0].cron'"}},
	{"client without a name", "dev", map[string]string{"app-to-app:clients": `[{"identity":"managedIdentity"}]`},
		[]string{"app-to-app:clients[0].name: missing", "; next: pulumi config set --path 'app-to-app:clients[0].name' NAME"}},
	{"client with a bad name", "dev", map[string]string{"app-to-app:clients": `[{"name":"Orders_Client"}]`},
		[]string{"app-to-app:clients[0].name: expected lower-case letters, digits and hyphens", `"Orders_Client"; fix: pulumi config set --path 'app-to-app:clients[0].name' orders-client`}},
	{"client with a long name", "dev", map[string]string{"app-to-app:clients": `[{"name":"` + strings.Repeat("x", 33) + `"}]`},
		[]string{"app-to-app:clients[0].name: expected at most 32 lower-case letters"}},
	{"client twice", "dev", map[string]string{"app-to-app:clients": `[{"name":"orders-client"},{"name":"ordersclient"}]`},
		[]string{`app-to-app:clients[1].name: expected "ordersclient" once`, "; next: pulumi config set --path 'app-to-app:clients[1].name' NAME, or remove one of the two: pulumi config rm --path 'app-to-app:clients[1]'"}},
	{"client with the API's name", "dev", map[string]string{"app-to-app:clients": `[{"name":"orders-api"}]`},
		[]string{`app-to-app:clients[0].name: expected a name other than the API's, got "orders-api"`}},
	{"short name of a federated client", "dev", map[string]string{"app-to-app:clients": `[{"name":"ci","identity":"federated"}]`},
		[]string{`app-to-app:clients[0].name: expected at least 3 characters, because the federated identity credential has the client's name, got "ci"`,
			"pulumi config set --path 'app-to-app:clients[0].name' ci-client"}},
	{"short name of a client that was federated", "dev", map[string]string{"app-to-app:clients": `[{"name":"c","previousIdentity":"federated"}]`},
		[]string{`app-to-app:clients[0].name: expected at least 3 characters`, "pulumi config set --path 'app-to-app:clients[0].name' c-client"}},
	{"identity that is not known", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"password"`)},
		[]string{`app-to-app:clients[0].identity: expected one of managedIdentity, systemAssigned, federated, certificate, clientSecret, existing, got "password"`, "; next: pulumi config set --path 'app-to-app:clients[0].identity' managedIdentity|systemAssigned|"}},
	{"identity mistyped", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"managedidentiy"`)},
		[]string{`got "managedidentiy"; fix: pulumi config set --path 'app-to-app:clients[0].identity' managedIdentity`}},
	{"identity by a part of its name", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"secret"`)},
		[]string{`got "secret"; fix: pulumi config set --path 'app-to-app:clients[0].identity' clientSecret`}},
	{"role that is not defined", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"roles":["Orders.Write"]`)},
		[]string{`app-to-app:clients[0].roles[0]: expected a role that is defined (Orders.Read), got "Orders.Write"`, "; next: pulumi config set --path 'app-to-app:clients[0].roles[0]' Orders.Read"}},
	{"role mistyped", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"},{"value":"Orders.Write"}]`, "app-to-app:clients": settingstest.Clients(`"roles":["Orders.Wriet"]`)},
		[]string{`got "Orders.Wriet"; next: pulumi config set --path 'app-to-app:clients[0].roles[0]' Orders.Read|Orders.Write`}},
	{"role in another case", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"},{"value":"Orders.Write"}]`, "app-to-app:clients": settingstest.Clients(`"roles":["orders.write"]`)},
		[]string{`got "orders.write"; fix: pulumi config set --path 'app-to-app:clients[0].roles[0]' Orders.Write`}},
	{"role of a client twice", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"roles":["Orders.Read","Orders.Read"]`)},
		[]string{`app-to-app:clients[0].roles[1]: expected "Orders.Read" once`, "pulumi config rm --path 'app-to-app:clients[0].roles[1]'"}},
	{"client without roles when there are several", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"},{"value":"Orders.Write"}]`, "app-to-app:clients": `[{"name":"orders-client"}]`},
		[]string{"app-to-app:clients[0].roles[0]: missing; there is more than one role: Orders.Read, Orders.Write", "; next: pulumi config set --path 'app-to-app:clients[0].roles[0]' Orders.Read|Orders.Write"}},
	{"roles of a client that are no list", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"roles":"Orders.Read"`)},
		[]string{`app-to-app:clients[0].roles: expected a list of texts, got "Orders.Read"`, "pulumi config rm --path 'app-to-app:clients[0].roles' && pulumi config set --path 'app-to-app:clients[0].roles[0]' Orders.Read"}},
	{"function app neither true nor false", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"functionApp":"yes"`)},
		[]string{`app-to-app:clients[0].functionApp: expected true or false, got "yes"`, "pulumi config set --path 'app-to-app:clients[0].functionApp' true"}},
	{"schedule without a function app", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"functionApp":false,"schedule":"0 0 * * * *"`)},
		[]string{"app-to-app:clients[0].schedule: expected none for a client without a function app", "pulumi config rm --path 'app-to-app:clients[0].schedule'"}},
	{"code without a function app", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"functionApp":false,"code":"orders-client"`)},
		[]string{"app-to-app:clients[0].code: expected none for a client without a function app", "pulumi config rm --path 'app-to-app:clients[0].code'"}},
	{"code of a client outside of functions", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"code":"../orders-client"`)},
		[]string{`app-to-app:clients[0].code: expected the name of a folder in functions, got "../orders-client"; next: pulumi config set --path 'app-to-app:clients[0].code' FOLDER`}},
	{"client with the name of an API of one's own", "prod", map[string]string{"app-to-app:api": `{"name":"stock"}`, "app-to-app:clients": `[{"name":"stock-api"}]`},
		[]string{`app-to-app:clients[0].name: expected a name other than the API's, got "stock-api"`}},
	{"role of another API", "prod", map[string]string{"app-to-app:api": `{"name":"stock"}`, "app-to-app:clients": `[{"name":"stock-client","roles":["Orders.Read"]}]`},
		[]string{`app-to-app:clients[0].roles[0]: expected a role that is defined (Stock.Read), got "Orders.Read"`}},
	{"token provider for another identity", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"tokenProviders":["azidentity","adal"]`)},
		[]string{`app-to-app:clients[0].tokenProviders[1]: expected a token provider that works with the identity managedIdentity (azidentity, msal, appauth), got "adal"`}},
	{"no token providers", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"tokenProviders":[]`)},
		[]string{"app-to-app:clients[0].tokenProviders[0]: expected at least one token provider (azidentity, msal, appauth)", "pulumi config set --path 'app-to-app:clients[0].tokenProviders[0]' azidentity"}},
	{"schedule in five fields", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"schedule":"*/10 * * * *"`)},
		[]string{"app-to-app:clients[0].schedule: expected six fields", `got 5 in "*/10 * * * *"`, "pulumi config set --path 'app-to-app:clients[0].schedule' '0 */10 * * * *'"}},
	{"five fields that are none of cron's", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"schedule":"a b c d e"`)},
		[]string{`expected six fields`, "pulumi config set --path 'app-to-app:clients[0].schedule' '0 */10 * * * *'"}},
	{"schedule as a macro", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"schedule":"@daily"`)},
		[]string{`got 1 in "@daily"`, "pulumi config set --path 'app-to-app:clients[0].schedule' '0 0 0 * * *'"}},
	{"31 February", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"schedule":"0 0 0 30-31 feb *"`)},
		[]string{`app-to-app:clients[0].schedule: expected a day that its months have, got day 30-31 of month feb in "0 0 0 30-31 feb *"`}},
	{"number for a name", "dev", map[string]string{"app-to-app:clients": `[{"name":42}]`},
		[]string{"app-to-app:clients[0].name: expected a text, got 42; next: write a text in the stack's file"}},
	{"protection in another language", "dev", map[string]string{"app-to-app:protect": "on"},
		[]string{`app-to-app:protect: expected true or false, got "on"; fix: pulumi config set app-to-app:protect true`}},
	{"protection in doubt", "dev", map[string]string{"app-to-app:protect": "maybe"},
		[]string{`app-to-app:protect: expected true or false, got "maybe"; next: pulumi config set app-to-app:protect true|false`}},
	{"scheme for a host", "dev", map[string]string{"app-to-app:authorityHost": "https://https//login.microsoftonline.us"},
		[]string{"app-to-app:authorityHost: expected https:// and a host", "; next: pulumi config set app-to-app:authorityHost https://HOST"}},
	{"host alone", "dev", map[string]string{"app-to-app:authorityHost": "login.microsoftonline.us"},
		[]string{`got "login.microsoftonline.us"; fix: pulumi config set app-to-app:authorityHost https://login.microsoftonline.us`}},
	{"place in words", "dev", map[string]string{"azure-native:location": "west-europe!"},
		[]string{`got "west-europe!"; next: pulumi config set azure-native:location REGION`}},
	{"name of a client where an id belongs", "dev", map[string]string{"app-to-app:blockedCallers": `["orders-client"]`},
		[]string{`app-to-app:blockedCallers[0]: expected the object id of the client "orders-client", got its name; next: `, "pulumi stack output access"}},
	{"schedule with minute 60", "dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"schedule":"0 60 * * * *"`)},
		[]string{`app-to-app:clients[0].schedule: expected *, numbers from 0 to 59, ranges, steps or lists for the minute, got "60"`}},
}

func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problems := load(t, tt.stack, tt.edits)
			if len(problems) != 1 {
				t.Fatalf("got problems %v, want one", problems)
			}
			text := problems[0].Error()
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("got:\n%s\nwant %q in it", text, want)
				}
			}
		})
	}
}

// TestAllProblemsAtOnce has problems of the configuration alone, of the
// environment's rules, and of look-ups.
func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, problems := load(t, "prod", map[string]string{
		"app-to-app:tenent":         "x",
		"app-to-app:subscriptionId": "x",
		"app-to-app:tenantId":       "bbbbbbbb-0000-4000-8000-000000000001",
		"app-to-app:roles":          `[{"value":"Orders Read"}]`,
		"app-to-app:clients":        settingstest.Clients(`"identity":"clientSecret","roles":["Orders Read"],"schedule":"hourly"`),
		"azure-native:location":     "",
	})
	var keys []string
	for _, problem := range problems {
		keys = append(keys, problem.Key)
	}
	want := []string{"app-to-app:tenent", "app-to-app:subscriptionId", "azure-native:location", "app-to-app:roles[0].value",
		"app-to-app:clients[0].schedule", "app-to-app:clients[0].identity", "app-to-app:tenantId"}
	if !slices.Equal(keys, want) {
		t.Errorf("got problems of %q, want of %q", keys, want)
	}
}

func TestProblemsAsAnError(t *testing.T) {
	t.Parallel()
	one := settings.Problem{Key: "app-to-app:expiresOn", Text: "missing", Fix: "pulumi config set app-to-app:expiresOn 2027-06-30"}
	for _, tt := range []struct {
		name     string
		problems settings.Problems
		want     string
	}{
		{"one", settings.Problems{one}, "settings of stack \"dev\": 1 problem, nothing was changed\n" +
			"app-to-app:expiresOn: missing; fix: pulumi config set app-to-app:expiresOn 2027-06-30"},
		{"two", settings.Problems{one, one}, "settings of stack \"dev\": 2 problems, nothing was changed\n" + one.Error() + "\n" + one.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.problems.Err("dev"); got == nil || got.Error() != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
	if err := settings.Problems(nil).Err("dev"); err != nil {
		t.Errorf("no problems: got %v, want nil", err)
	}
}

// TestParseAppliesTheRules: the rules of prod need no look-up, and Load does not
// say them twice.
func TestParseAppliesTheRules(t *testing.T) {
	t.Parallel()
	edits := map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"clientSecret"`), "app-to-app:protect": "false"}
	_, parsed := settings.Parse(configuration(t, "prod", edits), today)
	_, loaded := load(t, "prod", edits)
	for name, problems := range map[string]settings.Problems{"Parse": parsed, "Load": loaded} {
		if len(problems) != 2 || problems[0].Key != "app-to-app:clients[0].identity" || problems[1].Key != "app-to-app:protect" {
			t.Errorf("%s: got %v, want the problems of the secret and of the protection", name, problems)
		}
	}
}

// TestParseAsksNobody: what only a login or a look-up knows stays empty.
func TestParseAsksNobody(t *testing.T) {
	t.Parallel()
	got, problems := settings.Parse(configuration(t, "dev", map[string]string{
		"app-to-app:clients": settingstest.Clients(`"identity":"existing","displayName":"Partner"`)}), today)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got.TenantID+got.SubscriptionID+got.AuthorityHost != "" || len(got.Owners) > 0 {
		t.Errorf("got %+v, want no tenant, subscription, authority host and owners", got)
	}
	if identity := got.Clients[0].Identity; identity.ObjectID != "" || identity.DisplayName != "Partner" {
		t.Errorf("got %+v, want a name to look up", identity)
	}
}
