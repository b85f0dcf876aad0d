package evidence

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// This file reads the sign-in log and the reports that are made from it
// (https://learn.microsoft.com/graph/api/signin-list). Graph filters by the kind of
// sign-in, the client, the resource, the time, the code and the ids; by a token's id
// it does not, so that is compared here.

// A SignIn is one token request in the log
// (https://learn.microsoft.com/graph/api/resources/signin).
type SignIn struct {
	ID                 string    `json:"id"`
	At                 time.Time `json:"createdDateTime"`
	CorrelationID      string    `json:"correlationId"`
	TokenID            string    `json:"uniqueTokenIdentifier"`
	ClientID           string    `json:"appId"`
	Client             string    `json:"servicePrincipalName"`
	ServicePrincipalID string    `json:"servicePrincipalId"`
	ResourceID         string    `json:"resourceId"`
	Resource           string    `json:"resourceDisplayName"`
	Kinds              []string  `json:"signInEventTypes"`
	KeyID              string    `json:"servicePrincipalCredentialKeyId"`
	FederatedID        string    `json:"federatedCredentialId"`
	CredentialType     string    `json:"clientCredentialType"`
	IPAddress          string    `json:"ipAddress"`
	Status             struct {
		Code   int    `json:"errorCode"`
		Reason string `json:"failureReason"`
	} `json:"status"`
}

// managedIdentity reports whether the platform asked on behalf of a managed
// identity.
func (s SignIn) managedIdentity() bool { return slices.Contains(s.Kinds, "managedIdentity") }

// workloads are the sign-ins of applications. Without such a filter Graph returns
// those of users.
const workloads = "(signInEventTypes/any(t: t eq 'servicePrincipal') or signInEventTypes/any(t: t eq 'managedIdentity'))"

// signIns reads the newest entries, at most top of them.
func (r Reader) signIns(ctx context.Context, top int, conditions ...string) ([]SignIn, *Gap, error) {
	filter := strings.Join(append([]string{workloads}, conditions...), " and ")
	var page struct{ Value []SignIn }
	err := r.Session.Graph.Get(ctx, fmt.Sprintf("/beta/auditLogs/signIns?$top=%d&$filter=%s", top, url.QueryEscape(filter)), &page)
	gap, err := r.gapOf(ctx, signInLog, err)
	return page.Value, gap, err
}

// since and until are conditions of the log. Graph takes whole seconds.
func since(t time.Time) string { return "createdDateTime ge " + t.UTC().Format("2006-01-02T15:04:05Z") }
func until(t time.Time) string {
	return "createdDateTime le " + t.UTC().Add(time.Second).Format("2006-01-02T15:04:05Z")
}

func ofPrincipal(objectID string) string { return "servicePrincipalId eq '" + objectID + "'" }

const answered = "status/errorCode eq 0"

// notPremium is Graph's refusal of a tenant without a licence of P1 or P2
// (https://learn.microsoft.com/entra/identity/monitoring-health/howto-analyze-activity-logs-with-microsoft-graph).
const notPremium = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"

// gapOf turns a refusal into a gap; other errors stay errors.
func (r Reader) gapOf(ctx context.Context, log string, err error) (*Gap, error) {
	var status *azurecloud.StatusError
	if !errors.As(err, &status) || status.Status != http.StatusForbidden {
		return nil, err
	}
	if status.Code == notPremium {
		return &Gap{Log: log, Text: "is not available: the tenant has no licence of Microsoft Entra ID P1 or P2"}, nil
	}
	caller, err := r.Session.Graph.Caller(ctx)
	if err != nil {
		return nil, err
	}
	return &Gap{Log: log, Text: "is not available: this login lacks the permission AuditLog.Read.All of Microsoft Graph",
		Fix: fmt.Sprintf("az ad app permission add --id %s --api 00000003-0000-0000-c000-000000000000 --api-permissions b0afded3-3588-46d8-8b3d-9842eff778da=Role && az ad app permission admin-consent --id %[1]s", caller.ClientID)}, nil
}

// ofToken finds the sign-in that a token was issued by. A managed identity's token
// is valid for a day.
func (r Reader) ofToken(ctx context.Context, caller Caller, at time.Time) (*SignIn, *Gap, error) {
	if caller.TokenID == "" || !guidPattern.MatchString(caller.ObjectID) {
		return nil, nil, nil
	}
	found, gap, err := r.signIns(ctx, 1000, ofPrincipal(caller.ObjectID), since(at.Add(-26*time.Hour)), until(at), answered)
	for _, s := range found {
		if s.TokenID == caller.TokenID { // case matters in it
			return &s, gap, err
		}
	}
	return nil, gap, err
}

// An activity is when something was last used
// (https://learn.microsoft.com/graph/api/resources/signinactivity).
type activity struct {
	At time.Time `json:"lastSignInDateTime"`
}

// lastOfClient is when a client last got a token for anything; zero when the report
// does not have it. Whether the report has managed identities is not documented.
func (r Reader) lastOfClient(ctx context.Context, clientID string) (time.Time, *Gap, error) {
	var page struct {
		Value []struct {
			Last *activity `json:"lastSignInActivity"`
			As   *activity `json:"applicationAuthenticationClientSignInActivity"`
		}
	}
	err := r.Session.Graph.Get(ctx, "/beta/reports/servicePrincipalSignInActivities?$filter="+url.QueryEscape("appId eq '"+clientID+"'"), &page)
	gap, err := r.gapOf(ctx, activityReport, err)
	for _, v := range page.Value {
		if v.As != nil {
			return v.As.At, gap, err
		}
	}
	return time.Time{}, gap, err
}

// lastOfKey is when a secret or a certificate was last used; zero when the report
// does not have it.
func (r Reader) lastOfKey(ctx context.Context, keyID string) (time.Time, *Gap, error) {
	var page struct {
		Value []struct {
			Activity activity `json:"signInActivity"`
		}
	}
	err := r.Session.Graph.Get(ctx, "/beta/reports/appCredentialSignInActivities?$filter="+url.QueryEscape("keyId eq '"+keyID+"'"), &page)
	gap, err := r.gapOf(ctx, activityReport, err)
	var last time.Time
	for _, v := range page.Value {
		if v.Activity.At.After(last) {
			last = v.Activity.At
		}
	}
	return last, gap, err
}
