package tenant

import (
	"context"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// This file lists what somebody may use: everything that the tenant would lose if
// nobody did.

// The kinds of holdings.
const (
	HoldingAssignment = "assignment"
	HoldingCredential = "credential"
	HoldingOwner      = "owner"
)

// A Holding is an app role assignment of the API, a credential of an app
// registration of the stack, or an owner of one, as the tenant has it now.
type Holding struct {
	Kind     string    `json:"kind"`
	Client   string    `json:"client"`   // of the stack; "" when it declares none
	Name     string    `json:"name"`     // for people
	Declared bool      `json:"declared"` // by the stack
	Created  time.Time `json:"created"`  // zero when the tenant does not say

	ID        string `json:"id"`        // of the credential or of the owner
	Principal string `json:"principal"` // object id of the service principal that uses it; "" for a person
	ClientID  string `json:"clientId"`  // its client id; "" for a person
	Role      string `json:"role"`      // of an assignment
	Type      string `json:"type"`      // of a credential: clientSecret, certificate, federated
}

// Holdings lists the assignments, credentials and owners of a stack's API and
// clients, undeclared ones included.
func Holdings(ctx context.Context, session *azurecloud.Session, declared Declaration) ([]Holding, error) {
	h := &holder{reader: reader{session}, declared: declared, owners: make(map[string]bool)}
	for _, look := range []func(context.Context) error{h.assignments, h.credentials} {
		if err := look(ctx); err != nil {
			return nil, err
		}
	}
	return h.all, nil
}

// ClientObjectID is the object id of a declared client's service principal, or the
// error of [Why].
func (d Declaration) ClientObjectID(name string) (string, error) {
	access, ok := d.client(name)
	if !ok {
		return "", d.noClient(name)
	}
	return access.ObjectID, nil
}

// A holder lists holdings.
type holder struct {
	reader   reader
	declared Declaration
	owners   map[string]bool // listed already: they own several objects
	all      []Holding
}

// clientOf is the declared client with a service principal.
func (h *holder) clientOf(objectID string) string {
	for _, access := range h.declared.Access {
		if sameID(access.ObjectID, objectID) {
			return access.Client
		}
	}
	return ""
}

// assignments of the API's app roles.
func (h *holder) assignments(ctx context.Context) error {
	api, found, err := h.reader.principalOf(ctx, h.declared.APIClientID)
	if err != nil || !found {
		return err
	}
	held, err := h.reader.assignedTo(ctx, api.ID)
	if err != nil {
		return err
	}
	declared := h.declared.assignments()
	for _, a := range held {
		holding := Holding{Kind: HoldingAssignment, Client: h.clientOf(a.PrincipalID), Name: a.PrincipalName, Created: a.Created,
			Principal: a.PrincipalID, Role: h.declared.roleValue(a.AppRoleID)}
		_, holding.Declared = declared[assignment{strings.ToLower(a.PrincipalID), strings.ToLower(a.AppRoleID)}]
		if holding.ClientID, err = h.clientIDOf(ctx, a.PrincipalID); err != nil {
			return err
		}
		h.all = append(h.all, holding)
	}
	return h.owned(ctx, "applications", h.declared.APIObjectID)
}

// clientIDOf is a service principal's client id, "" when it is none.
func (h *holder) clientIDOf(ctx context.Context, objectID string) (string, error) {
	sp, found, err := h.reader.principal(ctx, objectID)
	if err != nil || !found {
		return "", err
	}
	return sp.AppID, nil
}

// credentials and owners of the clients' app registrations.
func (h *holder) credentials(ctx context.Context) error {
	for _, access := range h.declared.Access {
		if access.ApplicationObjectID == "" {
			continue
		}
		app, found, err := h.reader.application(ctx, access.ApplicationObjectID)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		federations, err := h.reader.federations(ctx, app.ID)
		if err != nil {
			return err
		}
		add := func(kind, id, name string, created time.Time) {
			_, declared := h.declared.credential(kind, id)
			h.all = append(h.all, Holding{Kind: HoldingCredential, Client: access.Client, Name: noun(kind) + " " + name, Declared: declared, Created: created,
				ID: id, Principal: access.ObjectID, ClientID: app.AppID, Type: kind})
		}
		for _, k := range app.Secrets {
			add(kindSecret, k.KeyID, k.describe(), k.Start)
		}
		for _, k := range app.Certificates {
			add(kindCertificate, k.KeyID, k.describe(), k.Start)
		}
		for _, f := range federations {
			add(kindFederated, f.ID, f.Name, h.declared.made(f.ID))
		}
		if err := h.owned(ctx, "applications", app.ID); err != nil {
			return err
		}
	}
	return nil
}

// made is when a federated identity credential was made, which only the stack's state
// says.
func (d Declaration) made(id string) time.Time {
	if d.state == nil {
		return time.Time{}
	}
	return d.state.made[strings.ToLower(id)]
}

// owned adds the owners of an object.
func (h *holder) owned(ctx context.Context, collection, objectID string) error {
	owners, err := h.reader.owners(ctx, collection, objectID)
	if azurecloud.IsNotFound(err) {
		return nil // the object is gone, and audit says so
	}
	if err != nil {
		return err
	}
	for _, o := range owners {
		if h.owners[strings.ToLower(o.ID)] {
			continue
		}
		h.owners[strings.ToLower(o.ID)] = true
		holding := Holding{Kind: HoldingOwner, Client: h.clientOf(o.ID), Name: o.DisplayName, Declared: containsID(h.declared.ownersOf(objectID), o.ID), ID: o.ID}
		if holding.ClientID, err = h.clientIDOf(ctx, o.ID); err != nil {
			return err
		}
		if holding.ClientID != "" {
			holding.Principal = o.ID
		}
		h.all = append(h.all, holding)
	}
	return nil
}
