package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"app-to-app/tenant"
)

var checkVerb = verb{
	name:    "check",
	summary: "say whether this caller can deploy to this tenant and subscription",
	usage: `check [-stack NAME | -tenant ID -subscription ID -location REGION] [flags]

Looks whether whoever is signed in can run "pulumi up": the tenant and the
subscription are the pinned ones, resource providers are registered, the
region offers Flex Consumption, and the permissions in Microsoft Graph and
Azure Resource Manager are there. Every gap is shown with what mends it.
What the flags leave out comes from the configuration of the stack.`,
	run: runCheck,
}

func runCheck(ctx context.Context, m machine, flags *flag.FlagSet, args []string) error {
	var want tenant.Requirements
	stack := flags.String("stack", "", "take tenantId, subscriptionId and the region from this stack's configuration")
	flags.StringVar(&want.TenantID, "tenant", "", "tenant to deploy to; empty takes the login's")
	flags.StringVar(&want.SubscriptionID, "subscription", "", "subscription to deploy to; empty takes ARM_SUBSCRIPTION_ID")
	flags.StringVar(&want.Location, "location", "", "region to deploy to, such as westeurope")
	flags.BoolVar(&want.KeyVault, "key-vault", false, "a client has a secret or a certificate, which is kept in a vault")
	flags.BoolVar(&want.DirectoryRole, "directory-role", false, "take the right to assign app roles as given: by a directory role limited to the API's service principal, which no token shows")
	asJSON := flags.Bool("json", false, "print one JSON object")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if *stack != "" {
		config, err := m.config(ctx, *stack)
		if err != nil {
			return err
		}
		want.Complete(config)
	}
	if want.Location == "" {
		return &usageError{errors.New("expected -location, or -stack with azure-native:location in its configuration, got neither")}
	}
	session, err := m.signIn(ctx)
	if err != nil {
		return err
	}
	report, err := tenant.Check(ctx, session, want)
	if err != nil {
		return err
	}
	if *asJSON {
		encoder := json.NewEncoder(m.stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		_, err = fmt.Fprint(m.stdout, report)
	}
	if err == nil && len(report.Gaps) > 0 {
		err = errDiffers
	}
	return err
}
