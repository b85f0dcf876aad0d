package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"app-to-app/tenant"
	"app-to-app/tenant/evidence"
)

var unusedVerb = verb{
	name:    "unused",
	summary: "list assignments, credentials and owners that nobody used, and how to remove them",
	usage: `unused (-stack NAME | -outputs FILE [-state FILE]) [flags]

Lists every app role assignment of the API, every credential of the clients' app
registrations and every owner, with its last use as the tenant's sign-in log and
reports and the API's log have it, and proposes the change of the settings that
removes what nobody used. It removes nothing itself.

What no log covers is unknown, and never unused: without a licence of Microsoft
Entra ID P1 or the permission AuditLog.Read.All there are no sign-ins, the log keeps
them for 30 days, and what is younger than the period had no time to be used.`,
	run: runUnused,
}

const longestUnused = 365

func runUnused(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	source := declarationFlags(flags)
	days := flags.Int("days", 30, "how many days without a use are too many")
	asJSON := flags.Bool("json", false, "print one JSON object, with the list uses")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if *days < 1 || *days > longestUnused {
		return &usageError{fmt.Errorf("-days: expected 1 to %d days, got %d", longestUnused, *days)}
	}
	declared, err := source.read(ctx, c)
	if err != nil {
		return err
	}
	session, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	holdings, err := tenant.Holdings(ctx, session, declared)
	if err != nil {
		return err
	}
	report, err := c.logs(session, declared).Unused(ctx, holdings, *days)
	if err != nil {
		return err
	}
	report.Propose(c.settingKeys(ctx, *source.stack))
	text := report.String()
	if *asJSON {
		encoded, err := report.JSON()
		if err != nil {
			return err
		}
		text = string(encoded) + "\n"
	}
	if _, err := fmt.Fprint(c.stdout, text); err != nil {
		return err
	}
	switch {
	case report.Count(evidence.Unused) > 0:
		return errDiffers
	case len(report.Uses) > 0 && report.Count(evidence.Unknown) == len(report.Uses):
		return errors.New("could not tell of anything whether it was used")
	}
	return nil
}

const clientsKey, ownersKey = "app-to-app:clients", "app-to-app:owners"

// A clientSetting is a client in the configuration.
type clientSetting struct {
	Name  string
	Roles []string
}

// settingKeys finds clients, roles and owners in the configuration of a stack. What
// cannot be read there has no key, and so a proposal without a command.
func (c command) settingKeys(ctx context.Context, stack string) evidence.Setting {
	var clients []clientSetting
	var owners []string
	if stack != "" {
		if configuration, err := c.config(ctx, stack); err == nil {
			_ = json.Unmarshal([]byte(configuration[clientsKey]), &clients)
			_ = json.Unmarshal([]byte(configuration[ownersKey]), &owners)
		}
	}
	key := func(list string, i int) string {
		if i < 0 {
			return ""
		}
		return fmt.Sprintf("%s[%d]", list, i)
	}
	find := func(client string) int {
		return slices.IndexFunc(clients, func(c clientSetting) bool { return c.Name == client })
	}
	return evidence.Setting{
		Client: func(client string) string { return key(clientsKey, find(client)) },
		Role: func(client, role string) string {
			i := find(client)
			if i < 0 || len(clients[i].Roles) < 2 || !slices.Contains(clients[i].Roles, role) {
				return "" // the last role of a client is not removed by itself
			}
			return key(key(clientsKey, i)+".roles", slices.Index(clients[i].Roles, role))
		},
		Owner: func(objectID string) string {
			return key(ownersKey, slices.IndexFunc(owners, func(o string) bool { return strings.EqualFold(o, objectID) }))
		},
	}
}
