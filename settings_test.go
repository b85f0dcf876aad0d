package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
	"app-to-app/components/credentials"
)

// load reads the settings of a stack with edits.
func load(t *testing.T, stack string, edits map[string]string) (Settings, error) {
	t.Helper()
	config := configuration(t, stack, edits)
	return loadOn(t, config, machineOf(t, config, "."))
}

func loadOn(t *testing.T, config map[string]string, m machine) (Settings, error) {
	t.Helper()
	var settings Settings
	recorder := signedIn()
	err := recorder.Run(config, func(ctx *pulumi.Context) (err error) {
		settings, err = loadSettings(ctx, m)
		return err
	})
	if got := recorder.Resources(); len(got) > 0 {
		t.Errorf("expected settings to register nothing, got %v", got)
	}
	return settings, err
}

// defaults are the settings of the committed stack dev.
func defaults() Settings {
	return Settings{
		Environment: "dev", TenantID: tenantID, SubscriptionID: subscriptionID,
		AuthorityHost: "https://login.microsoftonline.com", Location: "westeurope",
		Owners: []string{callerID},
		Roles:  []components.Role{{Value: "Orders.Read", DisplayName: "Read orders", Description: "Read all orders"}},
		Clients: []Client{{Name: "orders-client", Identity: components.Identity{Kind: "managedIdentity"}, Roles: []string{"Orders.Read"},
			FunctionApp: true, TokenProviders: []string{"azidentity"}, Schedule: "0 */10 * * * *"}, legacy()},
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
func legacy() Client {
	rotation := rotationOf(90)
	return Client{Name: "orders-client-legacy", Identity: components.Identity{Kind: "clientSecret", Rotation: rotation}, Roles: []string{"Orders.Read"},
		FunctionApp: true, TokenProviders: []string{"azidentity", "msal", "appauth", "adal"}, Schedule: "0 */10 * * * *"}
}

func TestAcceptedSettings(t *testing.T) {
	t.Parallel()
	const first, second = "bbbbbbbb-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
	for _, tt := range []struct {
		name, stack string
		edits       map[string]string
		change      func(*Settings) // of the defaults
	}{
		{name: "dev as committed", stack: "dev"},
		{name: "test as committed", stack: "test", change: func(s *Settings) { s.Environment, s.ExpiresOn = "test", "2027-06-30" }},
		{name: "prod as committed", stack: "prod", change: func(s *Settings) { s.Environment, s.Protect = "prod", true }},
		{name: "pinned to the login, in capitals", stack: "dev", edits: map[string]string{
			"app-to-app:tenantId": strings.ToUpper(tenantID), "app-to-app:subscriptionId": subscriptionID}},
		{name: "date and time", stack: "test", edits: map[string]string{"app-to-app:expiresOn": "2027-06-30T12:00:00Z"},
			change: func(s *Settings) { s.Environment, s.ExpiresOn = "test", "2027-06-30T12:00:00Z" }},
		{name: "another cloud", stack: "dev", edits: map[string]string{"app-to-app:authorityHost": "https://LOGIN.microsoftonline.us/"},
			change: func(s *Settings) { s.AuthorityHost = "https://login.microsoftonline.us" }},
		{name: "lists of ids", stack: "dev", edits: map[string]string{
			"app-to-app:owners": `["` + strings.ToUpper(first) + `","` + callerID + `"]`, "app-to-app:blockedCallers": `["` + second + `"]`},
			change: func(s *Settings) {
				s.Owners, s.OwnersPinned, s.BlockedCallers = []string{first, callerID}, true, []string{second}
			}},
		{name: "a client that says what is not the default", stack: "dev", edits: map[string]string{
			"app-to-app:clients": `[{"name":"orders-client","schedule":"0 */5 * * * *"}]`},
			change: func(s *Settings) { s.Clients[0].Schedule = "0 */5 * * * *" }},
		{name: "a role that says its value alone", stack: "dev", edits: map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"}]`},
			change: func(s *Settings) { s.Roles[0].DisplayName, s.Roles[0].Description = "Orders.Read", "Orders.Read" }},
		{name: "a role whose texts are null", stack: "dev", edits: map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","displayName":null,"description":null}]`},
			change: func(s *Settings) { s.Roles[0].DisplayName, s.Roles[0].Description = "Orders.Read", "Orders.Read" }},
		{name: "no clients", stack: "dev", edits: map[string]string{"app-to-app:clients": `[]`}, change: func(s *Settings) { s.Clients = []Client{} }},
		{name: "two clients, one without an app and without roles", stack: "dev", edits: map[string]string{
			"app-to-app:clients": `[{"name":"orders-client"},{"name":"outside","functionApp":false,"roles":[]}]`},
			change: func(s *Settings) {
				s.Clients = append(s.Clients, Client{Name: "outside", Identity: components.Identity{Kind: "managedIdentity"}, Roles: []string{}, TokenProviders: []string{"azidentity"}, Schedule: "0 */10 * * * *"})
			}},
		{name: "keys of other programs", stack: "dev", edits: map[string]string{"azuread:tenantId": tenantID, "other:key": "x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := load(t, tt.stack, tt.edits)
			if err != nil {
				t.Fatal(err)
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

func equalSettings(a, b Settings) bool {
	if len(a.Clients)+len(b.Clients) == 0 {
		a.Clients, b.Clients = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// clientWith is the list of clients with one whose other field is as given.
func clientWith(field string) string { return `[{"name":"orders-client",` + field + `}]` }

// refusals are wrong inputs, one problem each.
var refusals = []struct {
	name, stack string
	edits       map[string]string
	want        []string // in the one problem
}{
	{"unknown key", "dev", map[string]string{"app-to-app:tenantID": tenantID},
		[]string{"app-to-app:tenantID: expected one of the keys", "pulumi config rm app-to-app:tenantID"}},
	{"unknown environment", "dev", map[string]string{"app-to-app:environment": "staging"},
		[]string{`app-to-app:environment: expected one of dev, test, prod, got "staging"`, "pulumi config set app-to-app:environment dev"}},
	{"no environment", "dev", map[string]string{"app-to-app:environment": ""},
		[]string{`app-to-app:environment: expected one of dev, test, prod, got ""`, "pulumi config set app-to-app:environment dev"}},
	{"no location", "dev", map[string]string{"azure-native:location": ""},
		[]string{"azure-native:location: missing", "pulumi config set azure-native:location westeurope"}},
	{"location by its display name", "dev", map[string]string{"azure-native:location": "West Europe"},
		[]string{`azure-native:location: expected the name of a region`, `"West Europe"`, "pulumi config set azure-native:location westeurope"}},
	{"bad tenant id", "dev", map[string]string{"app-to-app:tenantId": "contoso.com"},
		[]string{`app-to-app:tenantId: expected a GUID, got "contoso.com"`, "pulumi config set app-to-app:tenantId ''"}},
	{"bad subscription id", "dev", map[string]string{"app-to-app:subscriptionId": subscriptionID + "0"},
		[]string{`app-to-app:subscriptionId: expected a GUID, got`, "pulumi config set app-to-app:subscriptionId ''"}},
	{"login in another tenant", "dev", map[string]string{"app-to-app:tenantId": "bbbbbbbb-0000-4000-8000-000000000001"},
		[]string{`app-to-app:tenantId: expected a login to "bbbbbbbb-0000-4000-8000-000000000001", got one to "` + tenantID + `"`, "pulumi config set app-to-app:tenantId " + tenantID}},
	{"login in another subscription", "prod", map[string]string{"app-to-app:subscriptionId": "bbbbbbbb-0000-4000-8000-000000000001"},
		[]string{`app-to-app:subscriptionId: expected a login to "bbbbbbbb-0000-4000-8000-000000000001", got one to "` + subscriptionID + `"`, "pulumi config set app-to-app:subscriptionId " + subscriptionID}},
	{"authority host without TLS", "dev", map[string]string{"app-to-app:authorityHost": "http://login.microsoftonline.com"},
		[]string{"app-to-app:authorityHost: expected https:// and a host", "pulumi config set app-to-app:authorityHost ''"}},
	{"authority host with a tenant", "dev", map[string]string{"app-to-app:authorityHost": "https://login.microsoftonline.com/" + tenantID},
		[]string{"app-to-app:authorityHost: expected https:// and a host"}},
	{"bad owner", "dev", map[string]string{"app-to-app:owners": `["` + callerID + `","me"]`},
		[]string{`app-to-app:owners[1]: expected a GUID, got "me"`, "pulumi config rm --path 'app-to-app:owners[1]'"}},
	{"owner twice", "dev", map[string]string{"app-to-app:owners": `["` + callerID + `","` + strings.ToUpper(callerID) + `"]`},
		[]string{`app-to-app:owners[1]: expected "` + callerID + `" once`, "pulumi config rm --path 'app-to-app:owners[1]'"}},
	{"owners that are no list", "dev", map[string]string{"app-to-app:owners": callerID},
		[]string{"app-to-app:owners: expected a list of texts", "pulumi config rm app-to-app:owners"}},
	{"bad blocked caller", "dev", map[string]string{"app-to-app:blockedCallers": `["x"]`},
		[]string{`app-to-app:blockedCallers[0]: expected a GUID, got "x"`, "pulumi config rm --path 'app-to-app:blockedCallers[0]'"}},
	{"test without an end", "test", map[string]string{"app-to-app:expiresOn": ""},
		[]string{"app-to-app:expiresOn: missing", "pulumi config set app-to-app:expiresOn 2027-06-30"}},
	{"relative end", "test", map[string]string{"app-to-app:expiresOn": "30d"},
		[]string{`app-to-app:expiresOn: expected a date of RFC 3339, such as 2027-06-30, got "30d"`, "pulumi config set app-to-app:expiresOn 2027-06-30"}},
	{"end on a day that is not", "test", map[string]string{"app-to-app:expiresOn": "2027-02-30"},
		[]string{"app-to-app:expiresOn: expected a date of RFC 3339"}},
	{"end of a prod stack", "prod", map[string]string{"app-to-app:expiresOn": "2027-06-30"},
		[]string{"app-to-app:expiresOn: only test stacks expire, this one is prod", "pulumi config rm app-to-app:expiresOn"}},

	{"roles that are no list", "dev", map[string]string{"app-to-app:roles": "Orders.Read"},
		[]string{"app-to-app:roles: expected a list of objects with the fields value, displayName, description", "pulumi config rm app-to-app:roles"}},
	{"no roles", "dev", map[string]string{"app-to-app:roles": "[]", "app-to-app:clients": "[]"},
		[]string{"app-to-app:roles: expected at least one role", "pulumi config rm app-to-app:roles"}},
	{"role with an unknown field", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","name":"x"}]`},
		[]string{"app-to-app:roles[0].name: expected one of the fields value, displayName, description", "pulumi config rm --path 'app-to-app:roles[0].name'"}},
	{"role with a field in capitals", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","DisplayName":"x"}]`},
		[]string{"app-to-app:roles[0].DisplayName: expected one of the fields"}},
	{"role without a value", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"},{"displayName":"x"}]`},
		[]string{"app-to-app:roles[1].value: missing", "pulumi config set --path 'app-to-app:roles[1].value' Orders.Read"}},
	{"role with a space", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders Read"}]`, "app-to-app:clients": clientWith(`"roles":["Orders Read"]`)},
		[]string{`app-to-app:roles[0].value: expected at most 120 letters, digits and signs, without spaces`, `"Orders Read"`, "pulumi config set --path 'app-to-app:roles[0].value' Orders.Read"}},
	{"role with a dot in front", "dev", map[string]string{"app-to-app:roles": `[{"value":".default"}]`, "app-to-app:clients": "[]"},
		[]string{`app-to-app:roles[0].value: expected at most 120`, `".default"`}},
	{"role too long", "dev", map[string]string{"app-to-app:roles": `[{"value":"` + strings.Repeat("x", 121) + `"}]`, "app-to-app:clients": "[]"},
		[]string{`app-to-app:roles[0].value: expected at most 120`}},
	{"role twice", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"},{"value":"Orders.Read"}]`},
		[]string{`app-to-app:roles[1].value: expected the role "Orders.Read" once`, "pulumi config rm --path 'app-to-app:roles[1]'"}},
	{"role value that is no text", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","description":7}]`},
		[]string{"app-to-app:roles[0].description: expected a text, got 7"}},
	{"role with an empty display name", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","displayName":""}]`},
		[]string{`app-to-app:roles[0].displayName: expected a text, got ""; without the key it is "Orders.Read"`, "pulumi config rm --path 'app-to-app:roles[0].displayName'"}},
	{"role with an empty description", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","displayName":"Read orders","description":""}]`},
		[]string{`app-to-app:roles[0].description: expected a text, got ""; without the key it is "Read orders"`, "pulumi config rm --path 'app-to-app:roles[0].description'"}},
	{"role with a display name of spaces", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","displayName":" \t\n"}]`},
		[]string{`app-to-app:roles[0].displayName: expected a text, got " \t\n"`, "pulumi config rm --path 'app-to-app:roles[0].displayName'"}},
	{"role with a description of spaces", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read","description":"\u00a0 "}]`},
		[]string{`app-to-app:roles[0].description: expected a text, got "\u00a0 "; without the key it is "Orders.Read"`}},

	{"clients that are no list", "dev", map[string]string{"app-to-app:clients": "orders-client"},
		[]string{"app-to-app:clients: expected a list of objects", "pulumi config rm app-to-app:clients"}},
	{"client with an unknown field", "dev", map[string]string{"app-to-app:clients": clientWith(`"cron":"x"`)},
		[]string{"app-to-app:clients[0].cron: expected one of the fields name, identity", "pulumi config rm --path 'app-to-app:clients[0].cron'"}},
	{"client without a name", "dev", map[string]string{"app-to-app:clients": `[{"identity":"managedIdentity"}]`},
		[]string{"app-to-app:clients[0].name: missing", "pulumi config set --path 'app-to-app:clients[0].name' orders-client"}},
	{"client with a bad name", "dev", map[string]string{"app-to-app:clients": `[{"name":"Orders_Client"}]`},
		[]string{"app-to-app:clients[0].name: expected at most 32 lower-case letters", `"Orders_Client"`}},
	{"client with a long name", "dev", map[string]string{"app-to-app:clients": `[{"name":"` + strings.Repeat("x", 33) + `"}]`},
		[]string{"app-to-app:clients[0].name: expected at most 32 lower-case letters"}},
	{"client twice", "dev", map[string]string{"app-to-app:clients": `[{"name":"orders-client"},{"name":"ordersclient"}]`},
		[]string{`app-to-app:clients[1].name: expected "ordersclient" once`, "pulumi config set --path 'app-to-app:clients[1].name' ordersclient2"}},
	{"client with the API's name", "dev", map[string]string{"app-to-app:clients": `[{"name":"orders-api"}]`},
		[]string{`app-to-app:clients[0].name: expected a name of its own, got the API's, "orders-api"`}},
	{"identity that is not known", "dev", map[string]string{"app-to-app:clients": clientWith(`"identity":"password"`)},
		[]string{`app-to-app:clients[0].identity: expected one of managedIdentity, systemAssigned, federated, certificate, clientSecret, existing, got "password"`, "pulumi config set --path 'app-to-app:clients[0].identity' managedIdentity"}},
	{"role that is not defined", "dev", map[string]string{"app-to-app:clients": clientWith(`"roles":["Orders.Write"]`)},
		[]string{`app-to-app:clients[0].roles[0]: expected a role that is defined (Orders.Read), got "Orders.Write"`, "pulumi config set --path 'app-to-app:clients[0].roles[0]' Orders.Read"}},
	{"role of a client twice", "dev", map[string]string{"app-to-app:clients": clientWith(`"roles":["Orders.Read","Orders.Read"]`)},
		[]string{`app-to-app:clients[0].roles[1]: expected "Orders.Read" once`, "pulumi config rm --path 'app-to-app:clients[0].roles[1]'"}},
	{"no choice of roles", "dev", map[string]string{"app-to-app:roles": `[{"value":"Orders.Read"},{"value":"Orders.Write"}]`, "app-to-app:clients": `[{"name":"orders-client"}]`},
		[]string{"app-to-app:clients[0].roles[0]: missing; there is more than one role: Orders.Read, Orders.Write", "pulumi config set --path 'app-to-app:clients[0].roles[0]' Orders.Read"}},
	{"roles of a client that are no list", "dev", map[string]string{"app-to-app:clients": clientWith(`"roles":"Orders.Read"`)},
		[]string{`app-to-app:clients[0].roles: expected a list of texts, got "Orders.Read"`, "pulumi config rm --path 'app-to-app:clients[0].roles' && pulumi config set --path 'app-to-app:clients[0].roles[0]' Orders.Read"}},
	{"function app that is neither", "dev", map[string]string{"app-to-app:clients": clientWith(`"functionApp":"yes"`)},
		[]string{`app-to-app:clients[0].functionApp: expected true or false, got "yes"`, "pulumi config set --path 'app-to-app:clients[0].functionApp' true"}},
	{"schedule without a function app", "dev", map[string]string{"app-to-app:clients": clientWith(`"functionApp":false,"schedule":"0 0 * * * *"`)},
		[]string{"app-to-app:clients[0].schedule: expected none for a client without a function app", "pulumi config rm --path 'app-to-app:clients[0].schedule'"}},
	{"token provider that is not built", "dev", map[string]string{"app-to-app:clients": clientWith(`"tokenProviders":["azidentity","adal"]`)},
		[]string{`app-to-app:clients[0].tokenProviders[1]: expected a token provider that works with the identity managedIdentity (azidentity, msal, appauth), got "adal"`}},
	{"no token providers", "dev", map[string]string{"app-to-app:clients": clientWith(`"tokenProviders":[]`)},
		[]string{"app-to-app:clients[0].tokenProviders[0]: expected at least one token provider (azidentity, msal, appauth)", "pulumi config set --path 'app-to-app:clients[0].tokenProviders[0]' azidentity"}},
	{"schedule in five fields", "dev", map[string]string{"app-to-app:clients": clientWith(`"schedule":"*/10 * * * *"`)},
		[]string{"app-to-app:clients[0].schedule: expected six fields", `got 5 in "*/10 * * * *"`, "pulumi config set --path 'app-to-app:clients[0].schedule' '0 */10 * * * *'"}},
	{"schedule with a minute that is not", "dev", map[string]string{"app-to-app:clients": clientWith(`"schedule":"0 60 * * * *"`)},
		[]string{`app-to-app:clients[0].schedule: expected *, numbers from 0 to 59, ranges, steps or lists for the minute, got "60"`}},
}

func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, tt.stack, tt.edits)
			if err == nil {
				t.Fatal("expected a refusal, got none")
			}
			text := err.Error()
			if !strings.Contains(text, `settings of stack "dev": 1 to mend, nothing was changed`) {
				t.Errorf("expected one problem, got:\n%s", text)
			}
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("got:\n%s\nwant %q in it", text, want)
				}
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	config := configuration(t, "dev", map[string]string{
		"app-to-app:tenent":         "x",
		"app-to-app:subscriptionId": "x",
		"app-to-app:tenantId":       "bbbbbbbb-0000-4000-8000-000000000001",
		"app-to-app:roles":          `[{"value":"Orders Read"}]`,
		"app-to-app:clients":        clientWith(`"roles":["Orders Read"],"schedule":"hourly"`),
		"azure-native:location":     "",
	})
	m := signedIn()
	err := m.Run(config, machineOf(t, config, newProject(t)).deploy)
	if err == nil {
		t.Fatal("expected a refusal, got none")
	}
	for _, want := range []string{
		"6 to mend", "app-to-app:tenent: ", "app-to-app:subscriptionId: expected a GUID", "app-to-app:tenantId: expected a login to",
		"app-to-app:roles[0].value: ", "app-to-app:clients[0].schedule: ", "azure-native:location: missing",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got:\n%v\nwant %q in it", err, want)
		}
	}
	if got := m.Resources(); len(got) > 0 {
		t.Errorf("expected nothing to be registered, got %v", got)
	}
}

// metadataMachine is a machine whose cloud answers with a document.
func metadataMachine(t *testing.T, config map[string]string, status int, document string) (m machine, host string) {
	t.Helper()
	var asked []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.String())
		w.WriteHeader(status)
		w.Write([]byte(document))
	}))
	t.Cleanup(func() {
		server.Close()
		if want := []string{"GET /metadata/endpoints?api-version=2022-09-01"}; !slices.Equal(asked, want) {
			t.Errorf("got requests %q, want %q", asked, want)
		}
	})
	m, host = machineOf(t, config, "."), strings.TrimPrefix(server.URL, "https://")
	m.httpClient = server.Client()
	getenv := m.getenv
	m.getenv = func(name string) string {
		if name == "ARM_METADATA_HOSTNAME" {
			return host
		}
		return getenv(name)
	}
	return m, host
}

func TestAuthorityHostOfTheCloud(t *testing.T) {
	t.Parallel()
	config := configuration(t, "dev", nil)
	m, _ := metadataMachine(t, config, http.StatusOK, `{"name":"Local","authentication":{"loginEndpoint":"https://127.0.0.1:8443/"}}`)
	settings, err := loadOn(t, config, m)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := settings.AuthorityHost, "https://127.0.0.1:8443"; got != want {
		t.Errorf("got authority host %q, want %q", got, want)
	}
}

func TestCloudThatDoesNotTell(t *testing.T) {
	t.Parallel()
	config := configuration(t, "dev", nil)
	for _, tt := range []struct {
		name     string
		status   int
		document string
		want     string
	}{
		{"not found", http.StatusNotFound, "", "expected status 200, got 404 Not Found"},
		{"no JSON", http.StatusOK, "<html>", "expected the cloud's endpoints as JSON"},
		{"no login endpoint", http.StatusOK, `{"authentication":{}}`, "expected authentication.loginEndpoint"},
		{"login endpoint without TLS", http.StatusOK, `{"authentication":{"loginEndpoint":"http://127.0.0.1"}}`, "expected https:// and a host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, host := metadataMachine(t, config, tt.status, tt.document)
			_, err := loadOn(t, config, m)
			for _, want := range []string{"app-to-app:authorityHost: get the login endpoint of ARM_METADATA_HOSTNAME=" + host, tt.want, "pulumi config set app-to-app:authorityHost"} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestCloudThatCannotBeReached(t *testing.T) {
	t.Parallel()
	config := configuration(t, "dev", nil)
	m := machineOf(t, config, ".")
	unreachable := errors.New("connection refused")
	m.httpClient = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, unreachable })}
	getenv := m.getenv
	m.getenv = func(name string) string {
		if name == "ARM_METADATA_HOSTNAME" {
			return "127.0.0.1:1"
		}
		return getenv(name)
	}
	_, err := loadOn(t, config, m)
	for _, want := range []string{"get the login endpoint of ARM_METADATA_HOSTNAME=127.0.0.1:1", "connection refused"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSchedule(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string]bool{
		"0 */10 * * * *":                true,
		"0 0 9-17 * * Mon-Fri":          true,
		"0 0 0 1 jan,Jul *":             true,
		"30 0,15,30,45 * * * *":         true,
		"0 0-30/5 * * * 0-6":            true,
		"  0 0 * * * *  ":               true,
		"":                              false,
		"*/10 * * * *":                  false,
		"0 */10 * * * * *":              false,
		"@hourly":                       false,
		"00:10:00":                      false,
		"%SCHEDULE%":                    false,
		"60 * * * * *":                  false,
		"0 * 24 * * *":                  false,
		"0 0 0 0 * *":                   false,
		"0 0 0 32 * *":                  false,
		"0 0 0 * 13 *":                  false,
		"0 0 0 * * 7":                   false,
		"0 0 0 * * fri-mon":             false,
		"0 0 0 * feb-jan *":             false,
		"0 */0 * * * *":                 false,
		"0 */60 * * * *":                false,
		"0 , * * * *":                   false,
		"0 1- * * * *":                  false,
		"0 -1 * * * *":                  false,
		"0 +1 * * * *":                  false,
		"0 ? * * * *":                   false,
		"0 0 0 L * *":                   false,
		"0 1/x * * * *":                 false,
		"0 0 0 * * Monday":              false,
		"0 0 9223372036854775808 * * *": false,
	} {
		if got := checkSchedule(schedule) == nil; got != want {
			t.Errorf("%q: got accepted %v, want %v", schedule, got, want)
		}
	}
}
