package tenant

import (
	"context"
	"net/url"
	"strings"

	"app-to-app/azurecloud"
)

// A Principal is who has an id: a kind, such as "service principal", and a display
// name.
type Principal struct{ Kind, DisplayName string }

// LookUp asks the tenant who has each id, an object id or a client id. An id that
// the tenant does not know, or that the caller may not see, has no entry:
// Application.Read.All is enough for applications and service principals, people
// and groups need Directory.Read.All.
func LookUp(ctx context.Context, session *azurecloud.Session, ids []string) (map[string]Principal, error) {
	r := reader{session}
	found := make(map[string]Principal)
	for _, id := range ids {
		p, known, err := r.whoHas(ctx, id)
		if err != nil {
			return nil, err
		}
		if known {
			found[strings.ToLower(id)] = p
		}
	}
	return found, nil
}

func (r reader) whoHas(ctx context.Context, id string) (Principal, bool, error) {
	sp, found, err := r.principal(ctx, id)
	if found {
		return principalOf(sp), true, nil
	}
	if err != nil && !denied(err) {
		return Principal{}, false, err
	}
	if sp, found, err = r.principalOf(ctx, id); found {
		return principalOf(sp), true, nil
	}
	if err != nil && !denied(err) {
		return Principal{}, false, err
	}
	object, found, err := byID[struct {
		Type        string `json:"@odata.type"`
		DisplayName string `json:"displayName"`
	}](ctx, r, "/v1.0/directoryObjects/"+url.PathEscape(id))
	if !found || err != nil {
		if denied(err) {
			err = nil
		}
		return Principal{}, false, err
	}
	kinds := map[string]string{"#microsoft.graph.user": "user", "#microsoft.graph.group": "group", "#microsoft.graph.application": "application"}
	kind := kinds[object.Type]
	if kind == "" {
		kind = strings.TrimPrefix(object.Type, "#microsoft.graph.")
	}
	return Principal{kind, object.DisplayName}, true, nil
}

func principalOf(sp principal) Principal {
	if sp.Type == managedIdentityPrincipal {
		return Principal{"managed identity", sp.DisplayName}
	}
	return Principal{"service principal", sp.DisplayName}
}
