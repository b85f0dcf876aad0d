package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
	"app-to-app/components/requests"
	"app-to-app/settings"
)

// This file warns, in a preview and in an update, of consequences that the list of
// changed resources does not show, and refuses the worst of them. It compares the settings with the stack's last
// exports.

// expiryNotice is how long before a credential expires a warning starts, if
// rotation should not have replaced it by then.
const expiryNotice = 30 * 24 * time.Hour

// A granted is one client in the stack's last exports.
type granted struct {
	Client, Identity, ObjectID, ApplicationObjectID string
	Roles                                           []string
	Credentials                                     []struct{ Kind, ID, ExpiresOn string }
	Requested                                       bool // its app registration
}

// refuseLastClient refuses to take the access of all clients away unless the
// settings say that this is meant: a setting that is lost would do the same.
func refuseLastClient(last []granted, s settings.Settings) (p settings.Problems) {
	if len(last) > 0 && len(s.Clients) == 0 && !s.WithoutClients {
		names := make([]string, len(last))
		for i, was := range last {
			names[i] = was.Client
		}
		const key = settings.Namespace + ":clients"
		return settings.Problems{{
			Key:  key,
			Text: "expected at least one client, because all that the stack has would be deleted: " + strings.Join(names, ", "),
			Next: "pulumi config rm " + key + " for the default client; if all are to go: " + settings.SetCommand(settings.Namespace+":withoutClients", "true"),
		}}
	}
	return nil
}

// changes warns of app roles that an existing managed identity gets or loses,
// because Azure caches its tokens for about 24 hours
// (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations),
// and of credentials that expire.
func changes(last []granted, stack settings.Settings, now time.Time) (texts []string) {
	clients := stack.Clients
	say := func(format string, args ...any) { texts = append(texts, fmt.Sprintf(format, args...)) }
	for _, was := range last {
		i := slices.IndexFunc(clients, func(c settings.Client) bool { return c.Name == was.Client })
		if i >= 0 && was.ObjectID != "" && isManaged(was.Identity) && clients[i].Identity.Kind == was.Identity {
			for _, role := range clients[i].Roles {
				if !slices.Contains(was.Roles, role) {
					say("client %q is given %s: its managed identity may hold a token without the role for up to 24 hours; there is no way to shorten that", was.Client, role)
				}
			}
			for _, role := range was.Roles {
				if !slices.Contains(clients[i].Roles, role) {
					say("client %q loses %s: its managed identity may hold a token with the role for up to 24 hours; to refuse it now: %s", was.Client, role, blockCommand(stack, was.ObjectID))
				}
			}
		}
		for _, c := range was.Credentials {
			ends, err := time.Parse(time.RFC3339, c.ExpiresOn)
			switch {
			case err != nil: // it does not expire
			case !ends.After(now):
				say("client %q: its %s %s expired on %s; fix: pulumi up makes a new one; replace a certificate made elsewhere in app-to-app:certificates", was.Client, c.Kind, c.ID, c.ExpiresOn)
			case ends.Sub(now) <= notice(clients, i, c.Kind):
				say("client %q: its %s %s expires on %s; pulumi up replaces it when rotation is due, unless it was made elsewhere", was.Client, c.Kind, c.ID, c.ExpiresOn)
			}
		}
	}
	return texts
}

// blockCommand is the command that makes the API refuse a caller; another stack's
// API is told there.
func blockCommand(stack settings.Settings, objectID string) string {
	command := settings.SetCommand(settings.Namespace+":blockedCallers[0]", objectID)
	if stack.API.Stack != "" {
		command += " --stack " + stack.API.Stack
	}
	return command
}

// notice is how long before a credential of clients[i] expires a warning starts.
// With a short rotation period every credential expires soon, so the warning
// starts only when rotation is overdue.
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

// lastExports are what the last update exported about access.
type lastExports struct {
	Access             []granted `json:"access"`
	ServicePrincipalID string    `json:"apiServicePrincipalId"`
	Assignments        string    `json:"assignments"`
	APIObjectID        string    `json:"apiObjectId"`
}

// principal is the object id of a client's service principal; "" if there was none
// of that kind.
func (u lastExports) principal(client, kind string) string {
	for _, was := range u.Access {
		if was.Client == client && was.Identity == kind {
			return was.ObjectID
		}
	}
	return ""
}

// refuseHandover refuses to move an app to another kind of identity while somebody
// else assigns app roles: the app would use it before it has any.
func refuseHandover(last lastExports, s settings.Settings) (p settings.Problems) {
	if s.Assignments != settings.RequestedAssignments {
		return nil
	}
	for n, client := range s.Clients {
		i := slices.IndexFunc(last.Access, func(was granted) bool { return was.Client == client.Name })
		if i >= 0 && s.AsksFor(client) && last.Access[i].ApplicationObjectID != "" && !last.Access[i].Requested {
			key := fmt.Sprintf("%s:clients[%d].identity", settings.Namespace, n)
			p = append(p, settings.Problem{
				Key:  key,
				Text: fmt.Sprintf("expected a client without an app registration of the stack's own, because somebody else makes app registrations from now on, and %s would be deleted while the client signs in with it", last.Access[i].ApplicationObjectID),
				Next: "add a client of another name, which asks for its registration, and remove this one once that one has it; to go on as it was: " + settings.SetCommand(settings.Namespace+":assignments", settings.MadeAssignments),
			})
			continue
		}
		if i >= 0 && client.FunctionApp && last.Access[i].ObjectID != "" && last.Access[i].Identity != client.Identity.Kind {
			key := fmt.Sprintf("%s:clients[%d].identity", settings.Namespace, n)
			p = append(p, settings.Problem{
				Key:  key,
				Text: fmt.Sprintf("expected the identity %s, as it is, while somebody else assigns app roles, got %s: the app would use it before it has any", last.Access[i].Identity, client.Identity.Kind),
				Next: "add a client of another name with the new identity, and remove this one once that one has its app roles; to keep the identity: " + settings.SetCommand(key, last.Access[i].Identity),
			})
		}
	}
	return p
}

// handedOver warns of a change of who assigns the app roles.
func handedOver(last lastExports, s settings.Settings) (texts []string) {
	if last.Assignments == settings.MadeAssignments && s.Assignments == settings.RequestedAssignments && len(last.Access) > 0 {
		texts = append(texts, "app roles are assigned by somebody else from now on: this removes the assignments that the stack has made, and managed identities keep tokens without a role for up to 24 hours; to keep the assignments, take them out of the state first: pulumi state delete URN, for each AppRoleAssignment that pulumi stack --show-urns lists")
	}
	if last.Assignments == settings.RequestedAssignments && s.Assignments == settings.MadeAssignments && len(last.Access) > 0 {
		texts = append(texts, "app roles are assigned by this stack from now on: Microsoft Graph refuses to make assignments that somebody has made already; first remove those, or import them into the state: pulumi import azuread:index/appRoleAssignment:AppRoleAssignment")
		for _, was := range last.Access {
			if was.Requested && was.ApplicationObjectID != "" {
				texts = append(texts, fmt.Sprintf("client %q gets an app registration of the stack's own, with another client id; the one that was made for it stays until somebody removes it: az ad app delete --id %s", was.Client, was.ApplicationObjectID))
			}
		}
	}
	return texts
}

// warnOfTrust warns of an app registration, made on request, that trusts something
// else than the client brings by now, such as an identity that was replaced.
func warnOfTrust(ctx *pulumi.Context, made map[string]requests.Registered, stack settings.Settings, clients []*components.Client) {
	for i, client := range clients {
		one, found := made[stack.Clients[i].Name]
		if asked := client.Asked; asked != nil && found {
			pulumi.All(asked.Issuer, asked.Subject, asked.Audience).ApplyT(func(brings []any) bool {
				if text := distrusted(one, components.Federation{Issuer: brings[0].(string), Subject: brings[1].(string), Audience: brings[2].(string)}, ctx.Stack()); text != "" {
					warn(ctx, text)
				}
				return true
			})
		}
	}
}

// distrusted is the warning for a client whose app registration does not trust the
// tokens that it brings; "" if it does.
func distrusted(made requests.Registered, brings components.Federation, stack string) string {
	trusts := components.Federation{Issuer: made.Issuer, Subject: made.Subject, Audience: made.Audience}
	if trusts == brings {
		return ""
	}
	return fmt.Sprintf("client %q cannot sign in: its app registration %s trusts tokens of %q with the subject %q and the audience %q, and it brings those of %q, %q and %q; tenant request -stack %s, and let tenant grant change it",
		made.Client, made.ClientID, trusts.Issuer, trusts.Subject, trusts.Audience, brings.Issuer, brings.Subject, brings.Audience, stack)
}

// lastUpdate is empty before the first update, or if the exports cannot be read:
// the program goes on without the warnings.
func lastUpdate(ctx *pulumi.Context) (last lastExports) {
	args := struct {
		Name string `pulumi:"name"`
	}{ctx.Organization() + "/" + ctx.Project() + "/" + ctx.Stack()}
	var result struct {
		Outputs map[string]any `pulumi:"outputs"`
	}
	if err := ctx.Invoke("pulumi:pulumi:readStackOutputs", &args, &result); err != nil {
		return lastExports{}
	}
	encoded, err := json.Marshal(result.Outputs)
	if err != nil || json.Unmarshal(encoded, &last) != nil {
		return lastExports{}
	}
	return last
}

// disabledRoles warns of app roles that are disabled, which neither a preview nor
// an update sees: the provider does not look at it when it reads a role. An update
// of a role that failed half-way leaves it like that. The program goes on without
// the warning if it cannot read the app registration, which the update will need.
func disabledRoles(ctx *pulumi.Context, stack settings.Settings, apiObjectID string) (texts []string) {
	if apiObjectID == "" || stack.Deployed != nil || stack.API.Registration == settings.ExistingRegistration { // somebody else's
		return nil
	}
	found, err := azuread.LookupApplication(ctx, &azuread.LookupApplicationArgs{ObjectId: &apiObjectID})
	if err != nil {
		return nil
	}
	return ofDisabled(found.AppRoles, ctx.Stack())
}

func ofDisabled(roles []azuread.GetApplicationAppRoleType, stack string) (texts []string) {
	for _, role := range roles {
		if !role.Enabled {
			texts = append(texts, fmt.Sprintf("the app role %s is disabled, by an update that failed or by somebody on purpose: no token carries it; unless this update changes the role, fix: tenant recover -enable-roles -stack %s", role.Value, stack))
		}
	}
	return texts
}
