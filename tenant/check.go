package tenant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/spelling"
)

// Requirements are what a stack needs of its tenant and subscription.
type Requirements struct {
	TenantID       string // "": the login's
	SubscriptionID string // "": the session's
	Location       string // "": not checked
	LocationStack  string // the stack whose setting the location is; "": none's
	KeyVault       bool   // a client has a secret or a certificate
	// DirectoryRole says that the right to assign app roles comes from a
	// directory role limited to the API's service principal, which no token
	// shows.
	DirectoryRole bool

	// What the stack does not do in the directory, so that no right is needed for
	// it.
	NoRegistrations bool // its API and its clients have none of their own
	NoAssignments   bool // somebody else assigns the app roles
	NoReading       bool // it has the receipt of whoever assigns them
}

// A Gap is one thing that the caller lacks for a deployment.
type Gap struct {
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Fix     string `json:"fix"`            // a command, or what to ask for
	Next    string `json:"next,omitempty"` // instead of a fix, what to do where only the reader knows the value
}

// The kinds of gaps.
const (
	GapSetting      = "setting" // in the stack's configuration
	GapTenant       = "tenant"
	GapSubscription = "subscription"
	GapProvider     = "resourceProvider"
	GapRegion       = "region"
	GapGraph        = "graphPermission"
	GapManagement   = "armPermission"
	GapPolicy       = "appManagementPolicy" // of the tenant, against a client's credential
)

// A CheckReport is all that [Check] found.
type CheckReport struct {
	TenantID       string `json:"tenantId"`
	SubscriptionID string `json:"subscriptionId"`
	CallerObjectID string `json:"callerObjectId"` // "" if nobody is signed in
	CallerClientID string `json:"callerClientId"`
	Gaps           []Gap  `json:"gaps"`
	// Notes say what was not looked at, and why.
	Notes []string `json:"notes,omitempty"`
}

// String is the report for people.
func (r CheckReport) String() string {
	var text strings.Builder
	if r.CallerObjectID != "" {
		fmt.Fprintf(&text, "caller %s (client id %s)\ntenant %s, subscription %s\n", r.CallerObjectID, r.CallerClientID, r.TenantID, r.SubscriptionID)
	}
	if len(r.Gaps) == 0 {
		text.WriteString("nothing is missing: this caller can deploy\n")
	}
	for _, gap := range r.Gaps {
		fmt.Fprintf(&text, "\n%s %s: %s\n", gap.Kind, gap.Subject, gap.Text)
		if gap.Fix != "" {
			fmt.Fprintf(&text, "  fix: %s\n", gap.Fix)
		} else {
			fmt.Fprintf(&text, "  next: %s\n", gap.Next)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&text, "note: %s\n", note)
	}
	return text.String()
}

func (r *CheckReport) add(kind, subject, fix, format string, args ...any) {
	r.Gaps = append(r.Gaps, Gap{Kind: kind, Subject: subject, Text: fmt.Sprintf(format, args...), Fix: fix})
}

// Check says what is missing for a deployment. An error means that it could not
// find out.
func Check(ctx context.Context, session *azurecloud.Session, want Requirements) (CheckReport, error) {
	caller, err := session.Graph.Caller(ctx)
	if err != nil {
		return CheckReport{}, err
	}
	report := CheckReport{TenantID: caller.TenantID, SubscriptionID: want.SubscriptionID, CallerObjectID: caller.ObjectID, CallerClientID: caller.ClientID, Gaps: []Gap{}}
	if report.SubscriptionID == "" {
		report.SubscriptionID = session.SubscriptionID
	}
	if report.SubscriptionID == "" {
		return CheckReport{}, azurecloud.WithHint(errors.New("find the subscription: expected a pinned one or ARM_SUBSCRIPTION_ID, got neither"),
			"export ARM_SUBSCRIPTION_ID=GUID, one of: az account list --output table")
	}
	if want.TenantID != "" && !sameID(want.TenantID, caller.TenantID) {
		report.add(GapTenant, want.TenantID, "az login --tenant "+want.TenantID+", or ARM_TENANT_ID="+want.TenantID+" and a service principal of that tenant",
			"signed in to tenant %s; the pinned one is %s", caller.TenantID, want.TenantID)
	}
	if want.SubscriptionID != "" && session.SubscriptionID != "" && !sameID(want.SubscriptionID, session.SubscriptionID) {
		report.add(GapSubscription, want.SubscriptionID, "export ARM_SUBSCRIPTION_ID="+want.SubscriptionID,
			"ARM_SUBSCRIPTION_ID is %s; the pinned one is %s", session.SubscriptionID, want.SubscriptionID)
	}
	checkGraph(&report, caller, want)
	c := &checker{session: session, want: want, report: &report, subscription: "/subscriptions/" + report.SubscriptionID}
	reachable, err := c.reach(ctx)
	if err != nil || !reachable {
		return report, err
	}
	for _, look := range []func(context.Context) error{c.providers, c.region, c.permissions} {
		if err := look(ctx); err != nil {
			return CheckReport{}, err
		}
	}
	return report, nil
}

// A checker looks at a subscription.
type checker struct {
	session      *azurecloud.Session
	want         Requirements
	report       *CheckReport
	subscription string // id of Resource Manager
}

// reach reports whether this caller can read the subscription. If not, there is
// no point in checking anything else in it.
func (c *checker) reach(ctx context.Context) (bool, error) {
	var found struct{ State, TenantID string }
	err := c.session.ResourceManager.Get(ctx, version(c.subscription, subscriptionVersion), &found)
	id := c.report.SubscriptionID
	switch status := azurecloud.StatusOf(err); {
	case status == http.StatusUnauthorized:
		c.report.add(GapSubscription, id, "az login to the subscription's tenant, or set ARM_TENANT_ID to it",
			"the subscription does not accept tokens of tenant %s: it belongs to another tenant", c.report.TenantID)
		return false, nil
	case status == http.StatusNotFound:
		c.report.add(GapSubscription, id, "az account list --output table", "there is no such subscription, or this caller has no access to it")
		return false, nil
	case status == http.StatusForbidden:
		c.report.add(GapManagement, "Reader", c.assign("Contributor"), "this caller may not even read the subscription")
		return false, nil
	case err != nil:
		return false, err
	}
	if found.State != "" && found.State != "Enabled" {
		c.report.add(GapSubscription, id, "enable the subscription in the Azure portal", "expected the state Enabled, got %s", found.State)
	}
	return true, nil
}

// assign is the command that gives the caller a role on the subscription.
func (c *checker) assign(role string) string {
	return fmt.Sprintf("az role assignment create --assignee-object-id %s --assignee-principal-type ServicePrincipal --role %q --scope %s",
		c.report.CallerObjectID, role, c.subscription)
}

// providerNamespaces are the resource providers of what the program creates.
var providerNamespaces = []string{
	"Microsoft.Web", "Microsoft.App", "Microsoft.Storage", "Microsoft.ManagedIdentity", "Microsoft.Insights", "Microsoft.OperationalInsights",
}

func (c *checker) providers(ctx context.Context) error {
	namespaces := providerNamespaces
	if c.want.KeyVault {
		namespaces = append(namespaces[:len(namespaces):len(namespaces)], "Microsoft.KeyVault")
	}
	for _, namespace := range namespaces {
		var provider struct{ RegistrationState string }
		err := c.session.ResourceManager.Get(ctx, version(c.subscription+"/providers/"+namespace, subscriptionVersion), &provider)
		if err != nil {
			return fmt.Errorf("look at resource provider %s: %w", namespace, err)
		}
		if provider.RegistrationState != "Registered" {
			c.report.add(GapProvider, namespace, "az provider register --namespace "+namespace+" --subscription "+c.report.SubscriptionID,
				"expected registrationState Registered, got %s", provider.RegistrationState)
		}
	}
	return nil
}

// region checks that the region offers Flex Consumption
// (https://learn.microsoft.com/rest/api/appservice/list-geo-regions).
func (c *checker) region(ctx context.Context) error {
	if c.want.Location == "" {
		return nil
	}
	type region struct {
		Name       string
		Properties struct{ Name, DisplayName string }
	}
	regions, err := azurecloud.List[region](ctx, c.session.ResourceManager, version(c.subscription+"/providers/Microsoft.Web/geoRegions", webVersion)+"&sku=FlexConsumption")
	if err != nil {
		return fmt.Errorf("list the regions of Flex Consumption: %w", err)
	}
	var names []string
	for _, r := range regions {
		name := RegionName(r.Name)
		if name == RegionName(c.want.Location) {
			return nil
		}
		names = append(names, name)
	}
	return c.refuseRegion(ctx, names)
}

// refuseRegion says whether the subscription has such a region at all
// (https://learn.microsoft.com/rest/api/resources/subscriptions/list-locations), and
// which one was meant. flex are the regions with Flex Consumption.
func (c *checker) refuseRegion(ctx context.Context, flex []string) error {
	locations, err := azurecloud.List[struct{ Name string }](ctx, c.session.ResourceManager, version(c.subscription+"/locations", subscriptionVersion))
	if err != nil {
		return fmt.Errorf("list the subscription's locations: %w", err)
	}
	var names []string
	for _, l := range locations {
		names = append(names, l.Name)
	}
	wanted := RegionName(c.want.Location)
	gap := Gap{Kind: GapRegion, Subject: c.want.Location, Next: c.useRegion("REGION") + ", one of those"}
	switch meant := spelling.Closest(wanted, flex); {
	case slices.Contains(names, wanted):
		gap.Text = "the region does not offer Flex Consumption; those that do: " + strings.Join(flex, ", ")
	case meant != "":
		gap.Text, gap.Fix, gap.Next = "the subscription has no such region; did you mean "+meant+"?", c.useRegion(meant), ""
	default:
		gap.Text = "the subscription has no such region; those with Flex Consumption: " + strings.Join(flex, ", ")
	}
	c.report.Gaps = append(c.report.Gaps, gap)
	return nil
}

// useRegion says how to name another region where this one came from.
func (c *checker) useRegion(name string) string {
	if c.want.LocationStack == "" {
		return "pass -location " + name
	}
	return "pulumi config set azure-native:location " + name + " --stack " + c.want.LocationStack
}

// RegionName turns a region's display name, such as West Europe, into its
// name: westeurope.
func RegionName(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }
