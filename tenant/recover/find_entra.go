package recover

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
)

// An application is an app registration
// (https://learn.microsoft.com/graph/api/resources/application).
type application struct {
	ID           string   `json:"id"`
	ClientID     string   `json:"appId"`
	DisplayName  string   `json:"displayName"`
	Tags         []string `json:"tags"`
	URIs         []string `json:"identifierUris"`
	Roles        []object `json:"appRoles"`
	Secrets      []key    `json:"passwordCredentials"`
	Certificates []object `json:"keyCredentials"`
}

// A key is a client secret without its value.
type key struct {
	KeyID       string    `json:"keyId"`
	DisplayName string    `json:"displayName"`
	End         time.Time `json:"endDateTime"`
}

// temporary is the start of the name that azuread gives an app registration
// while it waits for Entra ID to replicate it, and of the description of a
// service principal. One that was interrupted leaves it there.
const temporary = "TERRAFORM_UPDATE_"

const (
	applicationsPath      = "/v1.0/applications/"
	servicePrincipalsPath = "/v1.0/servicePrincipals/"
	deletedItemsPath      = "/v1.0/directory/deletedItems/"
)

// applications are those that are marked as the stack's, without those that somebody
// else made on request: no update makes them, so none can have been interrupted.
func (l *live) applications(ctx context.Context) ([]application, error) {
	if !l.hasMarked {
		tag := provenance.StackTag(l.o.Project, l.o.Name)
		found, err := azurecloud.List[application](ctx, l.graph(), strings.TrimSuffix(applicationsPath, "/")+filter("tags/any(t:t eq '"+tag+"')"))
		if err != nil {
			return nil, err
		}
		l.marked = slices.DeleteFunc(found, func(app application) bool { return slices.Contains(app.Tags, provenance.RequestedTag) })
		l.hasMarked = true
	}
	return l.marked, nil
}

// findApplication finds the one app registration that carries the resource's mark.
// A mark proves nothing: whoever may register an application can write it, and
// another backend can have a stack of the same name. So nothing is removed for its
// mark, and one is adopted only if there is no other, if nobody can sign in as it
// yet, as with one whose creation was interrupted, and if it has no owners but those
// that its creation named.
func (l *live) findApplication(ctx context.Context, r resource) ([]thing, error) {
	all, err := l.applications(ctx)
	if err != nil {
		return nil, err
	}
	var found []application
	for _, app := range all {
		mark, ok := provenance.ParseTags(app.Tags)
		if ok && mark.Of(l.o.Project, l.o.Name) && mark.Name == r.name() && !l.known["/applications/"+strings.ToLower(app.ID)] {
			found = append(found, app)
		}
	}
	switch {
	case len(found) == 0:
		return nil, nil
	case len(found) > 1:
		return nil, l.undecided(found, "expected one app registration with the mark of "+r.name()+" that the state does not have")
	}
	app := found[0]
	path := applicationsPath + app.ID
	if stranger, err := l.stranger(ctx, app, r); err != nil {
		return nil, err
	} else if stranger != "" {
		return nil, l.undecided(found, "expected an app registration as its creation left it, got one with "+stranger)
	}
	t := thing{id: "/applications/" + app.ID, adoptable: true}
	if name := r.input("displayName"); name != "" && app.DisplayName != name {
		t.repair = l.patcher(path, object{"displayName": name})
	}
	return []thing{t}, nil
}

// undecided is the error for what a person has to decide.
func (l *live) undecided(found []application, problem string) error {
	var ids []string
	for _, app := range found {
		ids = append(ids, app.ID)
	}
	return azurecloud.WithHint(&undecidedError{fmt.Sprintf("%s, got %s: nothing was done", problem, strings.Join(ids, ", "))},
		"look at each: az ad app show --id ID; remove those that are not the stack's: az ad app delete --id ID; then run recover again")
}

// stranger says what an app registration has that no interrupted creation leaves, ""
// for nothing.
func (l *live) stranger(ctx context.Context, app application, r resource) (string, error) {
	if what, err := l.credentials(ctx, app); what != "" || err != nil {
		return what, err
	}
	owners, err := l.owners(ctx, app.ID)
	if err != nil {
		return "", err
	}
	caller, err := l.graph().Caller(ctx)
	if err != nil {
		return "", err
	}
	inputs, _ := r.object["inputs"].(object)
	declared, _ := inputs["owners"].([]any)
	for _, owner := range owners {
		named := slices.ContainsFunc(declared, func(id any) bool {
			text, _ := id.(string)
			return strings.EqualFold(text, owner)
		})
		if !named && !strings.EqualFold(owner, caller.ObjectID) {
			return "the owner " + owner, nil
		}
	}
	return "", nil
}

// credentials says what can sign in as an app registration, "" for nothing.
func (l *live) credentials(ctx context.Context, app application) (string, error) {
	if len(app.Secrets)+len(app.Certificates) > 0 {
		return "credentials", nil
	}
	federated, err := azurecloud.List[struct{}](ctx, l.graph(), applicationsPath+app.ID+"/federatedIdentityCredentials")
	if err != nil || len(federated) == 0 {
		return "", err
	}
	return "federated credentials", nil
}

func (l *live) patcher(path string, body object) func(context.Context) error {
	return func(ctx context.Context) error { return l.graph().Patch(ctx, path, body) }
}

func (l *live) remover(path string) func(context.Context) error {
	return func(ctx context.Context) error { return l.graph().Delete(ctx, path) }
}

func (l *live) findServicePrincipal(ctx context.Context, r resource) (found []thing, err error) {
	clientID := r.input("clientId")
	if clientID == "" {
		return nil, nil
	}
	type principal struct {
		ID          string `json:"id"`
		Description string `json:"description"`
	}
	all, err := azurecloud.List[principal](ctx, l.graph(), strings.TrimSuffix(servicePrincipalsPath, "/")+filter("appId eq '"+clientID+"'"))
	for _, p := range all {
		path := servicePrincipalsPath + p.ID
		t := thing{id: p.ID, adoptable: true}
		if strings.HasPrefix(p.Description, temporary) {
			var description any
			if given := r.input("description"); given != "" {
				description = given
			}
			t.repair = l.patcher(path, object{"description": description})
		}
		found = append(found, t)
	}
	return found, err
}

// applicationOf is the app registration that a resource belongs to.
func (l *live) applicationOf(ctx context.Context, r resource) (app application, objectID string, err error) {
	objectID, ok := strings.CutPrefix(r.input("applicationId"), "/applications/")
	if !ok {
		return app, "", nil
	}
	found, err := get(ctx, l.graph(), applicationsPath+url.PathEscape(objectID), &app)
	if !found {
		objectID = ""
	}
	return app, objectID, err
}

func (l *live) findAppRole(ctx context.Context, r resource) ([]thing, error) {
	app, id, err := l.applicationOf(ctx, r)
	if id == "" {
		return nil, err
	}
	for _, role := range app.Roles {
		if roleID := text(role, "id"); strings.EqualFold(roleID, r.input("roleId")) {
			return []thing{{id: "/applications/" + id + "/appRoles/" + roleID, adoptable: true}}, nil
		}
	}
	return nil, nil
}

func (l *live) findIdentifierURI(ctx context.Context, r resource) ([]thing, error) {
	app, id, err := l.applicationOf(ctx, r)
	if id == "" {
		return nil, err
	}
	for _, uri := range app.URIs {
		if uri == r.input("identifierUri") {
			return []thing{{id: "/applications/" + id + "/identifierUris/" + base64.StdEncoding.EncodeToString([]byte(uri)), adoptable: true}}, nil
		}
	}
	return nil, nil
}

// findPassword finds the client secrets that carry the resource's name. None can
// be adopted: Entra ID shows the value of a secret once.
func (l *live) findPassword(ctx context.Context, r resource) (found []thing, err error) {
	app, id, err := l.applicationOf(ctx, r)
	if id == "" {
		return nil, err
	}
	for _, secret := range app.Secrets {
		if secret.DisplayName == "" || secret.DisplayName != r.input("displayName") {
			continue
		}
		found = append(found, l.unknownSecret(id, secret))
	}
	return found, nil
}

// findCertificate finds a certificate by its key id, if the program chose that,
// or by its thumbprint.
func (l *live) findCertificate(ctx context.Context, r resource) (found []thing, err error) {
	app, id, err := l.applicationOf(ctx, r)
	if id == "" {
		return nil, err
	}
	print := thumbprint(l.certificateOf(r))
	if print == "" && r.input("keyId") == "" {
		return nil, errSecret
	}
	for _, c := range app.Certificates {
		keyID := text(c, "keyId")
		if strings.EqualFold(keyID, r.input("keyId")) || print != "" && sameThumbprint(text(c, "customKeyIdentifier"), print) {
			found = append(found, thing{id: id + "/certificate/" + keyID, adoptable: true})
		}
	}
	return found, nil
}

// certificateOf is the certificate that a resource registers, as PEM. The
// provider makes its input a secret; the resource that generated it shows it.
func (l *live) certificateOf(r resource) string {
	dependencies, _ := r.object["dependencies"].([]any)
	for _, urn := range dependencies {
		name, _ := urn.(string)
		if made, ok := l.state.find(name); ok && made.kind() == "tls:index/selfSignedCert:SelfSignedCert" {
			outputs, _ := made.object["outputs"].(object)
			return text(outputs, "certPem")
		}
	}
	return r.input("value")
}

// thumbprint is the SHA-1 of a certificate, in hexadecimal digits, "" for what is
// no PEM.
func thumbprint(text string) string {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return ""
	}
	sum := sha1.Sum(block.Bytes)
	return hex.EncodeToString(sum[:])
}

// sameThumbprint compares one with customKeyIdentifier, which Graph gives in
// hexadecimal digits or in base64
// (https://learn.microsoft.com/graph/api/resources/keycredential).
func sameThumbprint(identifier, print string) bool {
	if strings.EqualFold(identifier, print) {
		return true
	}
	raw, err := base64.StdEncoding.DecodeString(identifier)
	return err == nil && (hex.EncodeToString(raw) == print || strings.EqualFold(string(raw), print))
}

func (l *live) findFederation(ctx context.Context, r resource) (found []thing, err error) {
	_, id, err := l.applicationOf(ctx, r)
	if id == "" {
		return nil, err
	}
	type federation struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	all, err := azurecloud.List[federation](ctx, l.graph(), applicationsPath+url.PathEscape(id)+"/federatedIdentityCredentials")
	for _, f := range all {
		if f.Name == r.input("displayName") { // unique in an app registration
			found = append(found, thing{id: id + "/federatedIdentityCredential/" + f.ID, adoptable: true,
				remove: l.remover(applicationsPath + id + "/federatedIdentityCredentials/" + f.ID)})
		}
	}
	return found, err
}

func (l *live) findAssignment(ctx context.Context, r resource) (found []thing, err error) {
	resourceID, principalID, roleID := r.input("resourceObjectId"), r.input("principalObjectId"), r.input("appRoleId")
	if resourceID == "" || principalID == "" || roleID == "" {
		return nil, nil
	}
	type assignment struct {
		ID          string `json:"id"`
		RoleID      string `json:"appRoleId"`
		PrincipalID string `json:"principalId"`
	}
	list := servicePrincipalsPath + url.PathEscape(resourceID) + "/appRoleAssignedTo"
	all, err := azurecloud.List[assignment](ctx, l.graph(), list)
	if azurecloud.IsNotFound(err) {
		return nil, nil
	}
	for _, a := range all { // a principal can hold a role only once
		if strings.EqualFold(a.RoleID, roleID) && strings.EqualFold(a.PrincipalID, principalID) {
			found = append(found, thing{id: resourceID + "/appRoleAssignment/" + a.ID, adoptable: true, remove: l.remover(list + "/" + a.ID)})
		}
	}
	return found, err
}
