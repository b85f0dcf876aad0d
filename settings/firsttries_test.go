package settings_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"app-to-app/settings"
	"app-to-app/settings/settingstest"
)

var update = flag.Bool("update", false, "rewrite the settings in docs/wrong-inputs.md")

// firstTries are what people typed who saw the program for the first time and that
// the other tables do not have. Each must have an answer; TestEveryFixWorks runs
// the fixes.
var firstTries = map[string]map[string]string{
	"an object for the list of clients":       {"app-to-app:clients": `{"name":"orders-client"}`},
	"a list of names for clients":             {"app-to-app:clients": `["orders-client"]`},
	"a name with letters beyond ASCII":        {"app-to-app:clients": `[{"name":"bestellungs-größe"}]`},
	"a name in capitals":                      {"app-to-app:clients": `[{"name":"Orders-Client"}]`},
	"a name of 200 letters":                   {"app-to-app:clients": `[{"name":"` + strings.Repeat("a", 200) + `"}]`},
	"a field in capitals":                     {"app-to-app:clients": settingstest.Clients(`"Identity":"managedIdentity"`)},
	"a field in the singular":                 {"app-to-app:clients": settingstest.Clients(`"role":["Orders.Read"]`)},
	"a schedule in words":                     {"app-to-app:clients": settingstest.Clients(`"schedule":"every ten minutes"`)},
	"second 60":                               {"app-to-app:clients": settingstest.Clients(`"schedule":"60 0 0 1 1 *"`)},
	"a schedule that is a number":             {"app-to-app:clients": settingstest.Clients(`"schedule":10`)},
	"a token provider with a slip":            {"app-to-app:clients": settingstest.Clients(`"tokenProviders":["azidentiy"]`)},
	"an object id that is a number":           {"app-to-app:clients": settingstest.Clients(`"identity":"existing","objectId":1234`)},
	"token providers of an existing identity": {"app-to-app:clients": settingstest.Clients(`"identity":"existing","displayName":"Partner","tokenProviders":["azidentity"]`)},
	"a wildcard for every repository":         {"app-to-app:clients": settingstest.Clients(`"identity":"federated","issuer":"https://token.actions.githubusercontent.com","subject":"repo:*"`)},
	"a role beyond ASCII":                     {"app-to-app:roles": `[{"value":"Aufträge.Lesen"}]`, "app-to-app:clients": "[]"},
	"roles that are a text":                   {"app-to-app:roles": "Orders.Read"},
	"a key in the singular":                   {"app-to-app:client": "orders-client"},
	"a key in capitals":                       {"app-to-app:Clients": "[]"},
	"production":                              {"app-to-app:environment": "production"},
	"an end next week":                        {"app-to-app:environment": "test", "app-to-app:expiresOn": "next week"},
	"an end in another order":                 {"app-to-app:environment": "test", "app-to-app:expiresOn": "30.06.2027"},
	"as of tomorrow":                          {"app-to-app:asOf": "tomorrow"},
	"as of 1900":                              {"app-to-app:asOf": "1900-01-01"},
	"a day and a half":                        {"app-to-app:rotationDays": "90.5"},
	"owner by mail address":                   {"app-to-app:owners": `["ann@contoso.com"]`},
	"a domain for the tenant":                 {"app-to-app:tenantId": "contoso.onmicrosoft.com"},
	"the name of a subscription":              {"app-to-app:subscriptionId": "Pay-As-You-Go"},
	"a region in capitals":                    {"azure-native:location": "WestEurope"},
	"an address of a portal":                  {"app-to-app:authorityHost": "https://portal.azure.com/#home"},
	"a comma for a point":                     {"app-to-app:dailyLogCapGb": "0,5"},
}

// TestWrongInputsPage: the page has each wrong input with its answer, which says
// what was expected and a fix or what to do next.
func TestWrongInputsPage(t *testing.T) {
	t.Parallel()
	inputs := wrongInputs(t)
	var rows []settingstest.Row
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		wrong := inputs[name]
		problems := newStack(t, wrong.stack, wrong.edits).load()
		if len(problems) == 0 {
			t.Errorf("%s: got no answer", name)
		}
		rows = append(rows, settingstest.Row{Input: shownEdits(wrong), Answer: shownProblems(problems)})
	}
	settingstest.ComparePart(t, "../docs/wrong-inputs.md", "settings", rows, *update)
}

// shownEdits are the keys that are wrong, and their values if they are short enough
// to read.
func shownEdits(wrong wrongInput) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(wrong.edits)) {
		value := wrong.edits[key]
		switch {
		case strings.Contains(value, "BEGIN "):
			value = "{orders-client: PEM in clear}"
		case value == "":
			value = "not set"
		case len(value) > 140:
			value = value[:60] + " … " + value[len(value)-20:]
		}
		lines = append(lines, fmt.Sprintf("%s: %s", key, value))
	}
	text := strings.Join(lines, "\n")
	if wrong.stack != "dev" {
		text += "\n(" + wrong.stack + ")"
	}
	return text
}

func shownProblems(problems settings.Problems) string {
	var lines []string
	for _, problem := range problems {
		lines = append(lines, problem.Error())
	}
	return strings.Join(lines, "\n")
}
