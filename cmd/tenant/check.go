package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"regexp"
	"slices"

	"app-to-app/settings"
	"app-to-app/tenant"
)

var checkVerb = verb{
	name:    "check",
	summary: "say whether this caller can deploy to this tenant and subscription",
	usage: `check [-stack NAME | -tenant ID -subscription ID -location REGION] [flags]

Checks whether the signed-in caller can run "pulumi up": the tenant and the
subscription are the pinned ones, resource providers are registered, the
region offers Flex Consumption, and the permissions in Microsoft Graph and
Azure Resource Manager are there: those that this stack needs, so none to assign
app roles if it requests them. Every gap is shown with its fix.
With -stack, also whether the tenant's app management policies allow the clients'
secrets and certificates, for which the login needs Policy.Read.All; without it,
it says so and goes on. What the flags leave out comes from the configuration of the stack, whose
problems are gaps too.`,
	run: runCheck,
}

func runCheck(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	var want tenant.Requirements
	stack := flags.String("stack", "", "take tenantId, subscriptionId and the region from this stack's configuration")
	flags.StringVar(&want.TenantID, "tenant", "", "tenant to deploy to; empty takes the login's")
	flags.StringVar(&want.SubscriptionID, "subscription", "", "subscription to deploy to; empty takes ARM_SUBSCRIPTION_ID")
	flags.StringVar(&want.Location, "location", "", "region to deploy to, such as westeurope")
	flags.BoolVar(&want.KeyVault, "key-vault", false, "a client has a secret or a certificate, which is kept in a vault")
	flags.BoolVar(&want.DirectoryRole, "directory-role", false, "assume the right to assign app roles, from a directory role limited to the API's service principal, which no token shows")
	asJSON := flags.Bool("json", false, "print one JSON object")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if name := tenant.RegionName(want.Location); name != want.Location {
		return &usageError{fmt.Errorf("-location: expected the name of a region, got %q; did you mean -location %s?", want.Location, name)}
	}
	for name, value := range map[string]string{"tenant": want.TenantID, "subscription": want.SubscriptionID} {
		if value != "" && !isGUID.MatchString(value) {
			return &usageError{fmt.Errorf("-%s: expected a GUID, got %q; az account list --output table shows those of the login", name, value)}
		}
	}
	var problems settings.Problems
	var declared settings.Settings
	if *stack != "" {
		configuration, err := c.config(ctx, *stack)
		if err != nil {
			return err
		}
		declared, problems = settings.Parse(configuration, c.now())
		problems = append(problems, settings.ClearCertificates(configuration, nil)...) // c.config leaves secrets out
		if want.Location == "" {
			want.LocationStack = *stack
		}
		complete(&want, declared)
	}
	if want.Location == "" && *stack == "" {
		return &usageError{errors.New("expected -location or -stack, got neither")}
	}
	gaps := settingGaps(problems)
	report, err := c.check(ctx, want, *stack, declared)
	if err != nil && len(gaps) == 0 {
		return err
	}
	// The problems of the settings are shown even if the rest cannot be checked.
	report.Gaps = append(gaps, report.Gaps...)
	var printed error
	if *asJSON {
		encoder := json.NewEncoder(c.stdout)
		encoder.SetIndent("", "  ")
		printed = encoder.Encode(report)
	} else {
		_, printed = fmt.Fprint(c.stdout, report)
	}
	if err == nil && printed == nil && len(report.Gaps) > 0 {
		return errDiffers
	}
	return errors.Join(err, printed)
}

// isGUID is the text form of RFC 9562 section 4.
var isGUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// check signs in and asks the tenant and the subscription.
func (c command) check(ctx context.Context, want tenant.Requirements, stack string, declared settings.Settings) (tenant.CheckReport, error) {
	session, err := c.signIn(ctx)
	if err != nil {
		return tenant.CheckReport{}, err
	}
	report, err := tenant.Check(ctx, session, want)
	if err == nil {
		err = c.checkPolicies(ctx, session, &report, stack, declared)
	}
	return report, err
}

// complete takes what the flags leave out from the settings of a stack.
func complete(want *tenant.Requirements, s settings.Settings) {
	want.TenantID = cmp.Or(want.TenantID, s.TenantID)
	want.SubscriptionID = cmp.Or(want.SubscriptionID, s.SubscriptionID)
	want.Location = cmp.Or(want.Location, s.Location)
	want.NoRegistrations = !s.Registers()
	want.NoAssignments = s.Assignments == settings.RequestedAssignments
	want.NoReading = want.NoRegistrations && want.NoAssignments && s.AssignmentsReceipt != "" && s.API.Stack != "" && !slices.ContainsFunc(s.Clients, func(c settings.Client) bool { return c.Identity.DisplayName != "" })
	want.KeyVault = want.KeyVault || slices.ContainsFunc(s.Clients, func(c settings.Client) bool {
		return c.Identity.HasSecret() || c.Previous != nil && c.Previous.HasSecret()
	})
}

// settingGaps are the problems of a stack's configuration, which the program
// would refuse.
func settingGaps(problems settings.Problems) []tenant.Gap {
	gaps := make([]tenant.Gap, len(problems))
	for i, problem := range problems {
		gaps[i] = tenant.Gap{Kind: tenant.GapSetting, Subject: problem.Key, Text: problem.Text, Fix: problem.Fix, Next: problem.Next}
	}
	return gaps
}
