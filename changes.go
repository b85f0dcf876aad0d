package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/settings"
)

// This file warns, in a preview and in an update, of what the resources alone
// do not say. It compares the settings with what the stack exported last.

// expiryNotice is how long before its end a credential is worth a warning, if
// rotation would not have replaced it by then.
const expiryNotice = 30 * 24 * time.Hour

// A granted is what the stack exported of a client.
type granted struct {
	Client, Identity, ObjectID string
	Roles                      []string
	Credentials                []struct{ Kind, ID, ExpiresOn string }
}

// warnOfChanges warns of what [changes] finds.
func warnOfChanges(ctx *pulumi.Context, s settings.Settings, now time.Time) {
	for _, text := range changes(lastAccess(ctx), s.Clients, now) {
		warn(ctx, text)
	}
}

// changes are the app roles that a live managed identity gets or loses, since
// its tokens are kept for about 24 hours
// (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations),
// and the credentials that expire.
func changes(last []granted, clients []settings.Client, now time.Time) (texts []string) {
	say := func(format string, args ...any) { texts = append(texts, fmt.Sprintf(format, args...)) }
	for _, was := range last {
		i := slices.IndexFunc(clients, func(c settings.Client) bool { return c.Name == was.Client })
		if i >= 0 && was.ObjectID != "" && isManaged(was.Identity) && clients[i].Identity.Kind == was.Identity {
			for _, role := range clients[i].Roles {
				if !slices.Contains(was.Roles, role) {
					say("client %q is given %s: its managed identity may hold a token without the role for up to 24 hours; nothing shortens that", was.Client, role)
				}
			}
			for _, role := range was.Roles {
				if !slices.Contains(clients[i].Roles, role) {
					say("client %q loses %s: its managed identity may hold a token with the role for up to 24 hours; to refuse it now: %s", was.Client, role, settings.SetCommand(settings.Namespace+":blockedCallers[0]", was.ObjectID))
				}
			}
		}
		for _, c := range was.Credentials {
			ends, err := time.Parse(time.RFC3339, c.ExpiresOn)
			switch {
			case err != nil: // it has no end
			case !ends.After(now):
				say("client %q: its %s %s expired on %s; pulumi up makes a new one, unless it was brought from elsewhere", was.Client, c.Kind, c.ID, c.ExpiresOn)
			case ends.Sub(now) <= notice(clients, i, c.Kind):
				say("client %q: its %s %s expires on %s; pulumi up makes a new one when the rotation is due, unless it was brought from elsewhere", was.Client, c.Kind, c.ID, c.ExpiresOn)
			}
		}
	}
	return texts
}

// notice is how long before its end a credential of clients[i] is worth a
// warning. With a short period all of them end soon, and are replaced sooner.
func notice(clients []settings.Client, i int, kind string) time.Duration {
	if i < 0 {
		return expiryNotice
	}
	for _, identity := range []*settings.Identity{&clients[i].Identity, clients[i].Previous} {
		if identity != nil && identity.Kind == kind && len(identity.Brought) == 0 && identity.Rotation.Overlap() > 0 {
			return min(expiryNotice, identity.Rotation.Overlap())
		}
	}
	return expiryNotice
}

func isManaged(kind string) bool {
	return kind == settings.ManagedIdentity || kind == settings.SystemAssigned
}

// lastAccess is the stack's own export of its last update; nothing at the
// first one, or if it cannot be read: warnings are no reason to stop.
func lastAccess(ctx *pulumi.Context) []granted {
	args := struct {
		Name string `pulumi:"name"`
	}{ctx.Organization() + "/" + ctx.Project() + "/" + ctx.Stack()}
	var result struct {
		Outputs map[string]any `pulumi:"outputs"`
	}
	if err := ctx.Invoke("pulumi:pulumi:readStackOutputs", &args, &result); err != nil {
		return nil
	}
	encoded, err := json.Marshal(result.Outputs["access"])
	if err != nil {
		return nil
	}
	var access []granted
	if json.Unmarshal(encoded, &access) != nil {
		return nil
	}
	return access
}
