package lookup

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"app-to-app/components/provenance"
	"app-to-app/components/requests"
)

// This file finds the app registrations that somebody made because this stack asked
// for them. A mark is a claim: whoever may register an application can write it. So
// what is found says which client id the code gets, and not that it may call: the app
// roles that it has to hold first say that.

// A registered is an app registration
// (https://learn.microsoft.com/graph/api/resources/application).
type registered struct {
	ID          string   `json:"id"`
	ClientID    string   `json:"appId"`
	DisplayName string   `json:"displayName"`
	Tags        []string `json:"tags"`
}

// Registered are the app registrations that were made for clients of a stack, by
// client. One is left out as long as it has no service principal or no federated
// identity credential: somebody is still at it. Several for one client are an error.
func (p Providers) Registered(client *http.Client, endpoint string, project, stack string, clients []string) (map[string]requests.Registered, error) {
	made := make(map[string]requests.Registered)
	if len(clients) == 0 {
		return made, nil
	}
	g, err := p.graph(client, endpoint)
	if err != nil {
		return nil, err
	}
	ctx := p.Context.Context()
	all, err := list[registered](ctx, g, "/v1.0/applications"+filter("tags/any(t:t eq '"+provenance.StackTag(project, stack)+"')"))
	if err != nil {
		return nil, fmt.Errorf("list the app registrations that were made for the stack: %w", err)
	}
	for _, client := range clients {
		wanted := provenance.Mark{Project: project, Stack: stack, Name: provenance.ApplicationOf(client)}
		var found []registered
		for _, app := range all {
			if mark, ok := provenance.ParseTags(app.Tags); ok && mark == wanted && slices.Contains(app.Tags, provenance.RequestedTag) {
				found = append(found, app)
			}
		}
		switch {
		case len(found) > 1:
			return nil, fmt.Errorf("client %q: expected one app registration that was made for it, got the client ids %s and %s: name the one that is meant with the receipt of tenant grant, in the setting assignmentsReceipt",
				client, found[0].ClientID, found[1].ClientID)
		case len(found) == 1:
			if err := g.addRegistered(ctx, made, client, found[0]); err != nil {
				return nil, fmt.Errorf("client %q: %w", client, err)
			}
		}
	}
	return made, nil
}

// addRegistered reads what belongs to an app registration.
func (g graph) addRegistered(ctx context.Context, made map[string]requests.Registered, client string, app registered) error {
	principals, err := list[struct{ ID string }](ctx, g, "/v1.0/servicePrincipals"+filter("appId eq '"+app.ClientID+"'"))
	if err != nil {
		return fmt.Errorf("find its service principal: %w", err)
	}
	type federation struct {
		ID, Name, Issuer, Subject string
		Audiences                 []string
	}
	all, err := list[federation](ctx, g, "/v1.0/applications/"+url.PathEscape(app.ID)+"/federatedIdentityCredentials")
	if err != nil {
		return fmt.Errorf("list its federated identity credentials: %w", err)
	}
	i := slices.IndexFunc(all, func(f federation) bool { return f.Name == client })
	if len(principals) == 0 || i < 0 {
		return nil
	}
	made[client] = requests.Registered{
		Client: client, DisplayName: app.DisplayName, ClientID: app.ClientID, ObjectID: app.ID, ServicePrincipalID: principals[0].ID,
		CredentialID: all[i].ID, Issuer: all[i].Issuer, Subject: all[i].Subject, Audience: strings.Join(all[i].Audiences, " "),
	}
	return nil
}

func filter(text string) string { return "?$filter=" + url.QueryEscape(text) }
