package lookup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/requests"
	"app-to-app/settings"
)

// StackOutputs are those of [settings.APIOutputs] that another stack exports. The
// state gets a reference to that stack.
func (p Providers) StackOutputs(stack string) (map[string]any, error) {
	reference, err := pulumi.NewStackReference(p.Context, stack, nil)
	if err != nil {
		return nil, err
	}
	outputs := make(map[string]any)
	for _, name := range settings.APIOutputs {
		found, err := reference.GetOutputDetails(name)
		if err != nil {
			return nil, err
		}
		if found.Value != nil {
			outputs[name] = found.Value
		}
	}
	return outputs, nil
}

// ErrNotAllowed is returned when the caller may not read the tenant.
var ErrNotAllowed = errors.New("this login may not read who holds app roles")

// mostPages bounds what a service can make us read: a principal holds a few roles.
const mostPages = 50

// Held are the app roles of an API that principals hold now. The azuread provider
// has no function that lists them, so Graph is asked, with the login of the
// azure-native provider
// (https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignments).
// Each principal is asked for its own: the API's list grows with its clients.
func (p Providers) Held(client *http.Client, endpoint, servicePrincipalID string, principals []string) (requests.Held, error) {
	held := make(requests.Held)
	if len(principals) == 0 {
		return held, nil
	}
	g, err := p.graph(client, endpoint)
	if err != nil {
		return nil, err
	}
	for _, principal := range principals {
		if err := g.addHeld(p.Context.Context(), held, servicePrincipalID, principal); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// A graph reads Microsoft Graph. Its token goes to its endpoint alone and into no
// error.
type graph struct {
	client          *http.Client
	endpoint, token string
}

// graph signs in with the login of the azure-native provider.
func (p Providers) graph(client *http.Client, endpoint string) (graph, error) {
	got, err := authorization.GetClientToken(p.Context, &authorization.GetClientTokenArgs{Endpoint: &endpoint})
	if err != nil {
		return graph{}, errors.New("get a token for Microsoft Graph: refused")
	}
	return graph{client: client, endpoint: strings.TrimSuffix(endpoint, "/"), token: got.Token}, nil
}

func (g graph) addHeld(ctx context.Context, held requests.Held, servicePrincipalID, principal string) error {
	type assignment struct {
		RoleID     string `json:"appRoleId"`
		ResourceID string `json:"resourceId"`
	}
	all, err := list[assignment](ctx, g, "/v1.0/servicePrincipals/"+url.PathEscape(principal)+"/appRoleAssignments")
	if err != nil {
		return fmt.Errorf("list the app roles of %s: %w", principal, err)
	}
	for _, a := range all {
		if strings.EqualFold(a.ResourceID, servicePrincipalID) {
			held.Add(principal, a.RoleID)
		}
	}
	return nil
}

// list reads all pages of a list.
func list[T any](ctx context.Context, g graph, path string) (all []T, err error) {
	next := g.endpoint + path
	for range mostPages {
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		if err := g.get(ctx, next, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		if page.Next == "" {
			return all, nil
		}
		if next = page.Next; !strings.HasPrefix(next, g.endpoint+"/") {
			return nil, fmt.Errorf("expected the next page at %s", g.endpoint)
		}
	}
	return nil, fmt.Errorf("expected at most %d pages", mostPages)
}

// get reads one page. A service principal that is not there holds nothing.
func (g graph) get(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	resp, err := g.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(into)
	case http.StatusNotFound:
		return nil
	case http.StatusForbidden:
		return ErrNotAllowed
	}
	return fmt.Errorf("expected status 200, got %s", resp.Status)
}
