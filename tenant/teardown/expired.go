package teardown

import (
	"context"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// An Expired is a test stack that is past the expiry date in the tags of its
// resource group.
type Expired struct {
	Stack         string `json:"stack"`
	ExpiresOn     string `json:"expiresOn"`
	ResourceGroup string `json:"resourceGroup"` // ARM id
}

// FindExpired lists the expired test stacks of a project in the session's
// subscription, by name. A stack without a readable date never expires.
func FindExpired(ctx context.Context, session *azurecloud.Session, project string, now time.Time) ([]Expired, error) {
	all, err := groups(ctx, session)
	if err != nil {
		return nil, err
	}
	var expired []Expired
	for _, g := range all {
		day, err := time.Parse(time.DateOnly, g.Tags["expiresOn"])
		if err != nil || g.Tags["project"] != project || g.Tags["environment"] != "test" || g.Tags["stack"] == "" {
			continue
		}
		if !now.UTC().Before(day) {
			expired = append(expired, Expired{Stack: g.Tags["stack"], ExpiresOn: g.Tags["expiresOn"], ResourceGroup: g.ID})
		}
	}
	slices.SortFunc(expired, func(a, b Expired) int { return strings.Compare(a.Stack, b.Stack) })
	return expired, nil
}
