package arm

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file handles the identity property of resources:
// learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview.
// A system-assigned identity is a service principal that is created and deleted
// with its resource; a user-assigned one must exist before it is attached.

const assignIdentity = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"

// identitySchema is the identity property of a request.
func identitySchema() schema.Field {
	return schema.Object(schema.Fields{
		"type":                   schema.Text().Required(),
		"principalId":            schema.Output(),
		"tenantId":               schema.Output(),
		"userAssignedIdentities": schema.Dict(schema.Object(schema.Outputs("clientId", "principalId"))),
	})
}

// An identity is the identity property as ARM shows it.
type identity struct {
	Type         string                      `json:"type"`
	PrincipalID  string                      `json:"principalId,omitempty"`
	TenantID     string                      `json:"tenantId,omitempty"`
	UserAssigned map[string]attachedIdentity `json:"userAssignedIdentities,omitempty"`
}

type attachedIdentity struct {
	ClientID    string `json:"clientId"`
	PrincipalID string `json:"principalId"`
}

func (i identity) system() bool { return i.PrincipalID != "" }

// identityOf returns the identity of a stored resource.
func identityOf(r store.Resource) identity {
	var i identity
	if !isNull(r.Identity) {
		json.Unmarshal(r.Identity, &i)
	}
	return i
}

// has says whether a user-assigned identity is attached.
func (i identity) has(id string) bool {
	for attached := range i.UserAssigned {
		if strings.EqualFold(attached, id) {
			return true
		}
	}
	return false
}

// applyIdentity gives the resource the identity of the request. A request
// without one keeps the identity; type None removes it.
func (ch *change) applyIdentity() error {
	given, ok := ch.body["identity"].(map[string]any)
	if !ok {
		return nil
	}
	system, user, err := identityTypes(textAt(given, "type"))
	if err != nil {
		return err
	}
	was := identityOf(ch.resource)
	now := identity{}
	var names []string
	if user {
		names = append(names, "UserAssigned")
		wanted, _ := given["userAssignedIdentities"].(map[string]any)
		if now.UserAssigned, err = ch.attach(wanted, was); err != nil {
			return err
		}
	}
	switch {
	case system && was.system():
		now.PrincipalID, now.TenantID = was.PrincipalID, was.TenantID
	case system:
		now.PrincipalID, now.TenantID = ch.addIdentity().ObjectID, ch.resource.TenantID
	default:
		ch.dropSystemIdentity(ch.resource)
	}
	if system {
		names = slices.Insert(names, 0, "SystemAssigned")
	}
	if len(names) == 0 {
		ch.resource.Identity = nil
		return nil
	}
	now.Type = strings.Join(names, ch.kind.identitySeparator)
	ch.resource.Identity, err = json.Marshal(now)
	return err
}

// identityTypes reads "SystemAssigned, UserAssigned" and its parts.
func identityTypes(given string) (system, user bool, err error) {
	for part := range strings.SplitSeq(given, ",") {
		switch strings.ToLower(strings.TrimSpace(part)) {
		case "systemassigned":
			system = true
		case "userassigned":
			user = true
		case "none":
		default:
			return false, false, refuse(http.StatusBadRequest, "InvalidIdentityType",
				"The identity type '%s' is not valid. Allowed values are None, SystemAssigned, UserAssigned and 'SystemAssigned, UserAssigned'.", given)
		}
	}
	return system, user, nil
}

// attach looks up the identities wanted. Newly attached ones need the caller's
// right to assign them.
func (ch *change) attach(wanted map[string]any, was identity) (map[string]attachedIdentity, error) {
	if len(wanted) == 0 {
		return nil, refuse(http.StatusBadRequest, "MissingIdentityIds", "The identity ids must not be null or empty for 'UserAssigned' identity type.")
	}
	attached := make(map[string]attachedIdentity, len(wanted))
	for id := range wanted {
		found, ok := store.ResourceByID(ch.tx, id)
		if !ok || found.Type != userAssignedType || found.TenantID != ch.resource.TenantID {
			return nil, refuse(http.StatusBadRequest, "FailedIdentityOperation",
				`Identity operation for resource '%s' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{"error":{"code":"BadRequest","message":"Resource '%s' was not found."}}'.'.`,
				ch.resource.ID, id)
		}
		if !was.has(id) {
			if err := ch.linked(ch.kind.name+"/write", ch.resource.ID, assignIdentity, found.ID); err != nil {
				return nil, err
			}
		}
		var ids attachedIdentity
		if err := json.Unmarshal(found.Properties, &ids); err != nil {
			return nil, err
		}
		attached[found.ID] = ids
	}
	return attached, nil
}

// addIdentity creates the service principal of the resource.
func (ch *change) addIdentity() store.ServicePrincipal {
	sp := store.ServicePrincipal{
		TenantID: ch.resource.TenantID, ObjectID: uuid.NewString(), ClientID: uuid.NewString(),
		DisplayName: ch.resource.Name, CreatedBy: ch.caller.ObjectID, CreatedAt: ch.service.store.Now(),
		ManagedIdentityID: ch.resource.ID,
	}
	store.AddManagedIdentity(ch.tx, sp)
	return sp
}

// dropSystemIdentity deletes the resource's own service principal. As in Azure,
// its role assignments stay.
func (c *call) dropSystemIdentity(r store.Resource) {
	if was := identityOf(r); was.system() {
		store.RemovePrincipal(c.tx, r.TenantID, was.PrincipalID)
	}
}

// sitesWith marks the sites that have a user-assigned identity as changed.
func (c *call) sitesWith(identityID string) {
	for _, r := range store.Resources.All(c.tx, "/subscriptions/") {
		if r.Type == siteType && identityOf(r).has(identityID) {
			c.changed = append(c.changed, r.ID)
		}
	}
}
