// Package policy says before a deployment which clients of a stack a tenant's app
// management policies would refuse a credential
// (https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy).
//
// Such a policy forbids new client secrets or certificates, or limits how long
// they are valid. It does not touch those that exist, so a stack can work for
// months and fail at its next rotation. Clients without a credential of their own
// (managed identities, federated ones) always pass.
//
// It reads beta, because v1.0 shows neither restrictions to certificate authorities
// nor exempted actors.
package policy

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// The types of restrictions that concern a client's credentials. Others are about
// what the program never makes: symmetric keys, and secrets that a client chose.
const (
	PasswordAddition     = "passwordAddition"
	PasswordLifetime     = "passwordLifetime"
	CertificateLifetime  = "asymmetricKeyLifetime"
	CertificateAuthority = "trustedCertificateAuthority"
)

// Policies are those of a tenant.
type Policies struct {
	Default  Policy
	Assigned map[string]Policy // by the object id of the app registration, in lower case
}

// A Policy is one of them.
type Policy struct {
	ID, Name     string
	Enabled      bool
	Restrictions []Restriction // of app registrations
}

// A Restriction is one rule of a policy.
type Restriction struct {
	Type    string     `json:"restrictionType"`
	State   string     `json:"state"`
	Most    string     `json:"maxLifetime"`                         // ISO 8601
	Since   *time.Time `json:"restrictForAppsCreatedAfterDateTime"` // nil: whenever the app was created
	Exempts any        `json:"excludeActors"`
}

// applies says whether the restriction is in force for an app of that age; a zero
// time is an app that does not exist yet.
func (r Restriction) applies(created, now time.Time) bool {
	if created.IsZero() {
		created = now
	}
	return r.State != "disabled" && (r.Since == nil || !created.Before(*r.Since))
}

// A configuration is a policy's restrictions as Graph shows them.
type configuration struct {
	Passwords []Restriction `json:"passwordCredentials"`
	Keys      []Restriction `json:"keyCredentials"`
}

func (c configuration) all() []Restriction { return append(c.Passwords, c.Keys...) }

// Read reads the policies. A caller that may not read them gets a note instead, and
// ok is false.
func Read(ctx context.Context, session *azurecloud.Session) (policies Policies, note string, ok bool, err error) {
	policies, err = read(ctx, session)
	switch azurecloud.StatusOf(err) {
	case 0:
		return policies, "", err == nil, err
	case http.StatusForbidden:
		return Policies{}, "the tenant's app management policies were not read, so a client's secret or certificate may be refused: this login lacks Policy.Read.All", false, nil
	}
	return Policies{}, "", false, fmt.Errorf("read the app management policies: %w", err)
}

func read(ctx context.Context, session *azurecloud.Session) (Policies, error) {
	type shown struct {
		ID, DisplayName string
		IsEnabled       bool
		Application     configuration `json:"applicationRestrictions"` // of the default
		Custom          configuration `json:"restrictions"`            // of the others
	}
	var found shown
	if err := session.Graph.Get(ctx, "/beta/policies/defaultAppManagementPolicy", &found); err != nil {
		return Policies{}, err
	}
	p := Policies{Default: Policy{found.ID, found.DisplayName, found.IsEnabled, found.Application.all()}, Assigned: make(map[string]Policy)}
	others, err := azurecloud.List[shown](ctx, session.Graph, "/beta/policies/appManagementPolicies")
	if err != nil {
		return Policies{}, err
	}
	for _, other := range others {
		applied, err := azurecloud.List[struct{ ID string }](ctx, session.Graph, "/beta/policies/appManagementPolicies/"+url.PathEscape(other.ID)+"/appliesTo")
		if err != nil {
			return Policies{}, err
		}
		for _, to := range applied {
			p.Assigned[strings.ToLower(to.ID)] = Policy{other.ID, other.DisplayName, other.IsEnabled, other.Custom.all()}
		}
	}
	return p, nil
}

// of is the restriction of a type that holds for an app registration: that of the
// policy assigned to it if it defines one, in whatever state, else the default's.
func (p Policies) of(restriction, applicationID string) (Restriction, Policy, bool) {
	for _, policy := range []Policy{p.Assigned[strings.ToLower(applicationID)], p.Default} {
		if !policy.Enabled {
			continue
		}
		for _, r := range policy.Restrictions {
			if r.Type == restriction {
				return r, policy, true
			}
		}
	}
	return Restriction{}, Policy{}, false
}

// durationPattern is OData's duration, whose largest unit is the day
// (https://docs.oasis-open.org/odata/odata-csdl-json/v4.01, Edm.Duration).
var durationPattern = regexp.MustCompile(`^P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:\.\d+)?S)?)?$`)

// duration reads a duration of ISO 8601.
func duration(text string) (time.Duration, bool) {
	parts := durationPattern.FindStringSubmatch(text)
	if parts == nil || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		return 0, false
	}
	var days, hours, minutes, seconds int
	for i, n := range []*int{&days, &hours, &minutes, &seconds} {
		*n, _ = strconv.Atoi(parts[i+1]) // digits, or nothing
	}
	if days > 36500 { // a century; more would not fit a Duration
		days = 36500
	}
	return time.Duration(days)*24*time.Hour + time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second, true
}
