package teardown

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"app-to-app/azurecloud"
)

// This file names what somebody else made because the stack asked for it. It is
// not the stack's, so it stays and does not count as left.

// Requested is the app registration of a client that somebody else made because the
// stack asked for it.
type Requested struct {
	Client             string `json:"client"`
	ObjectID           string `json:"objectId"`
	ServicePrincipalID string `json:"servicePrincipalId"`
}

// Granted is an app role of an API that somebody else gave to a client because the
// stack asked for it.
type Granted struct {
	Client      string `json:"client"`
	PrincipalID string `json:"principalId"` // object id of the client's service principal
	APIID       string `json:"apiId"`       // object id of the API's service principal
	Role        string `json:"role"`
	RoleID      string `json:"roleId"`
}

// requested are the app registrations that the stack exports as made on request.
func (r stateResource) requested() (all []Requested) {
	access, _ := r.Outputs["access"].([]any)
	for _, one := range access {
		client, _ := one.(map[string]any)
		if id := text(client["applicationObjectId"]); client["requested"] == true && id != "" {
			all = append(all, Requested{Client: text(client["client"]), ObjectID: id, ServicePrincipalID: text(client["objectId"])})
		}
	}
	return all
}

// granted are the app roles of a stack that leaves their assignment to somebody else.
func (r stateResource) granted() (all []Granted) {
	api, access := r.text("apiServicePrincipalId"), r.Outputs["access"]
	if r.text("assignments") != "requested" || api == "" {
		return nil
	}
	clients, _ := access.([]any)
	ids, _ := r.Outputs["roleIds"].(map[string]any)
	for _, one := range clients {
		client, _ := one.(map[string]any)
		roles, _ := client["roles"].([]any)
		for _, role := range roles {
			if id := text(client["objectId"]); id != "" {
				all = append(all, Granted{text(client["client"]), id, api, text(role), text(ids[text(role)])})
			}
		}
	}
	return all
}

// nameOthers names what somebody else made for the stack and is still there.
func (o Options) nameOthers(ctx context.Context, made *Remains) {
	for _, r := range made.Requested {
		if err := o.Session.Graph.Get(ctx, "/v1.0/applications/"+r.ObjectID, nil); azurecloud.IsNotFound(err) {
			continue // who made it was faster
		}
		o.logf("not the stack's, and not deleted: the app registration %s that somebody made for client %q on request; who made it removes it: az ad app delete --id %s", r.ObjectID, r.Client, r.ObjectID)
	}
	named := make(map[Granted]bool)
	for _, g := range made.Granted {
		same := Granted{PrincipalID: g.PrincipalID, APIID: g.APIID, RoleID: g.RoleID} // two clients can be one identity
		if !named[same] && !made.has(g.PrincipalID) && !made.has(g.APIID) && ctx.Err() == nil {
			o.nameGranted(ctx, g)
		}
		named[same] = true
	}
}

// nameGranted names an app role that outlives the stack, because neither the client
// nor the API was the stack's. Another stack may need it.
func (o Options) nameGranted(ctx context.Context, g Granted) {
	path := "/v1.0/servicePrincipals/" + url.PathEscape(g.PrincipalID) + "/appRoleAssignments"
	address := strings.TrimSuffix(o.Session.Cloud.Graph, "/") + path
	held, err := azurecloud.List[struct{ ID, AppRoleID, ResourceID, ResourceDisplayName string }](ctx, o.Session.Graph, path)
	switch {
	case azurecloud.IsNotFound(err): // and so is what it held
	case azurecloud.StatusOf(err) == http.StatusForbidden:
		o.logf("client %q (%s) may still hold the app role %q, which is not the stack's and was not taken away; this login may not look: az rest --url %s", g.Client, g.PrincipalID, g.Role, address)
	case err != nil:
		o.logf("whether client %q (%s) still holds the app role %q, which is not the stack's, is not known: %v", g.Client, g.PrincipalID, g.Role, err)
	}
	for _, a := range held {
		if strings.EqualFold(a.ResourceID, g.APIID) && strings.EqualFold(a.AppRoleID, g.RoleID) {
			o.logf("not the stack's, and not taken away: client %q (%s) holds the app role %q of %q; if no other stack needs that, who assigns app roles removes it: az rest --method DELETE --url %s",
				g.Client, g.PrincipalID, g.Role, a.ResourceDisplayName, address+"/"+url.PathEscape(a.ID))
		}
	}
}
