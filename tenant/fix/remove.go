package fix

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
)

// This file looks at one thing by its id, and removes it. The rules are: a thing
// that is gone is no error; one that is not what was shown is not removed; each
// removal names the thing's own id, so that it cannot hit another one.

// A remover changes one tenant.
type remover struct{ graph *azurecloud.Client }

// path of the holder of a target.
func path(t tenant.Target, more ...string) string {
	collection, id, _ := strings.Cut(t.Holder, "/")
	path := "/v1.0/" + collection + "/" + url.PathEscape(id)
	for _, part := range more {
		path += "/" + part
	}
	return path
}

// A changedError is a thing that is not what was shown.
type changedError struct{ shown, found string }

func (e *changedError) Error() string {
	return fmt.Sprintf("expected what was shown, %q, got %q: it has changed since, and was not removed", e.shown, e.found)
}

// Remove looks at one target again and removes it; false means that it was gone.
// A target without Seen is removed whatever it is by now.
func Remove(ctx context.Context, session *azurecloud.Session, t tenant.Target) (removed bool, err error) {
	r := remover{session.Graph}
	there, err := r.look(ctx, t)
	if err == nil && there {
		err = r.remove(ctx, t)
		if azurecloud.IsNotFound(err) { // somebody else was faster
			there, err = false, nil
		}
	}
	return there && err == nil, withPermission(err, t)
}

// look reads the thing again; there is false when it is gone.
func (r remover) look(ctx context.Context, t tenant.Target) (there bool, err error) {
	var found string
	switch t.Type {
	case tenant.TargetAssignment:
		found, err = r.assignment(ctx, t)
	case tenant.TargetSecret, tenant.TargetCertificate:
		found, err = r.key(ctx, t)
	case tenant.TargetFederation:
		found, err = r.federation(ctx, t)
	case tenant.TargetOwner:
		return r.owner(ctx, t)
	default:
		return false, fmt.Errorf("expected a type that can be removed, got %q", t.Type)
	}
	if azurecloud.IsNotFound(err) {
		return false, nil
	}
	if err == nil && found != "" && t.Seen != "" && found != t.Seen {
		err = &changedError{t.Seen, found}
	}
	return found != "", err
}

func (r remover) assignment(ctx context.Context, t tenant.Target) (string, error) {
	var found struct{ PrincipalID, AppRoleID string }
	err := r.graph.Get(ctx, path(t, "appRoleAssignedTo", url.PathEscape(t.ID)), &found)
	if err != nil {
		return "", err
	}
	return tenant.SeenAssignment(found.PrincipalID, found.AppRoleID), nil
}

// A key is a client secret or a certificate as Graph shows it.
type key struct {
	KeyID       string    `json:"keyId"`
	DisplayName string    `json:"displayName"`
	End         time.Time `json:"endDateTime"`
}

// A holder has certificates as they are, to be sent back.
type holder struct {
	Certificates []map[string]any `json:"keyCredentials"`
}

func (r remover) key(ctx context.Context, t tenant.Target) (string, error) {
	var found struct {
		Secrets      []key `json:"passwordCredentials"`
		Certificates []key `json:"keyCredentials"`
	}
	if err := r.graph.Get(ctx, path(t), &found); err != nil {
		return "", err
	}
	keys := found.Secrets
	if t.Type == tenant.TargetCertificate {
		keys = found.Certificates
	}
	i := slices.IndexFunc(keys, func(k key) bool { return strings.EqualFold(k.KeyID, t.ID) })
	if i < 0 {
		return "", nil
	}
	return tenant.SeenKey(keys[i].DisplayName, keys[i].End), nil
}

func (r remover) federation(ctx context.Context, t tenant.Target) (string, error) {
	var found struct {
		Issuer, Subject string
		Audiences       []string
	}
	if err := r.graph.Get(ctx, path(t, "federatedIdentityCredentials", url.PathEscape(t.ID)), &found); err != nil {
		return "", err
	}
	return tenant.SeenFederation(found.Issuer, found.Subject, found.Audiences), nil
}

func (r remover) owner(ctx context.Context, t tenant.Target) (bool, error) {
	owners, err := azurecloud.List[struct{ ID string }](ctx, r.graph, path(t, "owners"))
	if azurecloud.IsNotFound(err) {
		return false, nil
	}
	return slices.ContainsFunc(owners, func(o struct{ ID string }) bool { return strings.EqualFold(o.ID, t.ID) }), err
}

func (r remover) remove(ctx context.Context, t tenant.Target) error {
	switch t.Type {
	case tenant.TargetAssignment:
		return r.graph.Delete(ctx, path(t, "appRoleAssignedTo", url.PathEscape(t.ID)))
	case tenant.TargetSecret:
		return r.graph.Post(ctx, path(t, "removePassword"), map[string]any{"keyId": t.ID}, nil)
	case tenant.TargetCertificate:
		return r.removeCertificate(ctx, t)
	case tenant.TargetFederation:
		return r.graph.Delete(ctx, path(t, "federatedIdentityCredentials", url.PathEscape(t.ID)))
	}
	return r.graph.Delete(ctx, path(t, "owners", url.PathEscape(t.ID), "$ref"))
}

// removeCertificate replaces the list of certificates by one without the target.
// Graph has no action that removes one by its id alone (removeKey wants a proof
// signed by one of the certificates,
// https://learn.microsoft.com/graph/api/application-removekey). The list is read
// immediately before, and again afterwards: a certificate that somebody added in
// between would be lost, and Graph offers no condition against it.
func (r remover) removeCertificate(ctx context.Context, t tenant.Target) error {
	var before, after holder
	if err := r.graph.Get(ctx, path(t), &before); err != nil {
		return err
	}
	kept := slices.DeleteFunc(slices.Clone(before.Certificates), func(c map[string]any) bool { return sameID(c["keyId"], t.ID) })
	if err := r.graph.Patch(ctx, path(t), map[string]any{"keyCredentials": kept}); err != nil {
		return err
	}
	if err := r.graph.Get(ctx, path(t), &after); err != nil {
		return err
	}
	for _, k := range kept {
		if !slices.ContainsFunc(after.Certificates, func(c map[string]any) bool { id, _ := k["keyId"].(string); return sameID(c["keyId"], id) }) {
			return fmt.Errorf("expected the certificate %v to stay, got a list without it", k["keyId"])
		}
	}
	return nil
}

func sameID(value any, id string) bool {
	text, _ := value.(string)
	return strings.EqualFold(text, id)
}

// withPermission says which permission a refused removal needs: of an app role
// assignment https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignedto,
// of the others https://learn.microsoft.com/graph/api/application-update.
func withPermission(err error, t tenant.Target) error {
	if azurecloud.StatusOf(err) != http.StatusForbidden {
		return err
	}
	if t.Type == tenant.TargetAssignment {
		return azurecloud.WithHint(err, "the login needs AppRoleAssignment.ReadWrite.All with Application.Read.All, or a directory role that may update the API's appRoleAssignedTo")
	}
	return azurecloud.WithHint(err, "the login needs Application.ReadWrite.All, or Application.ReadWrite.OwnedBy and to be an owner of "+t.Holder)
}
