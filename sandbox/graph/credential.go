package graph

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file holds client secrets and certificates. The rules are: a secret is
// generated here, returned once by addPassword, and stored as a hash; times are
// the sandbox's; a PATCH replaces all certificates, and refers to the present
// ones by id, without their key.

const passwordResource = "PasswordCredential"

// A secretHolder is an application or a service principal with its secrets.
type secretHolder struct {
	secrets []store.PasswordCredential
	put     func(secrets []store.PasswordCredential)
	allows  func(store.PasswordCredential) error // by the tenant's policies
}

// secretHolder returns the object of the path. A managed identity has a
// credential that nobody sees, and cannot be given another one.
func (q *request) secretHolder(tx *store.Tx) (secretHolder, error) {
	if strings.Contains(q.Pattern, "/applications/") {
		app, err := q.application(tx)
		return secretHolder{app.PasswordCredentials, func(secrets []store.PasswordCredential) {
			app.PasswordCredentials = secrets
			q.putApplication(tx, app)
		}, func(c store.PasswordCredential) error {
			return checkPassword(tx, app.TenantID, app.ObjectID, app.CreatedAt, false, c)
		}}, err
	}
	sp, err := q.servicePrincipal(tx)
	if err == nil && sp.Type == store.ServicePrincipalManagedIdentity {
		err = denied()
	}
	return secretHolder{sp.PasswordCredentials, func(secrets []store.PasswordCredential) {
		before := sp.PasswordCredentials
		sp.PasswordCredentials = secrets
		q.bornParts(tx, sp.ObjectID, secretIDs(before), secretIDs(secrets))
		q.putServicePrincipal(tx, sp)
	}, func(c store.PasswordCredential) error {
		return checkPassword(tx, sp.TenantID, sp.ObjectID, sp.CreatedAt, true, c)
	}}, err
}

// addPassword creates a client secret
// (https://learn.microsoft.com/graph/api/application-addpassword,
// https://learn.microsoft.com/graph/api/serviceprincipal-addpassword).
func addPassword(tx *store.Tx, q *request) (answer, error) {
	holder, err := q.secretHolder(tx)
	if err != nil {
		return answer{}, err
	}
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	if body, err = read(schema.Fields{"passwordCredential": schema.Any()}, "addPassword", body); err != nil {
		return answer{}, err
	}
	now := q.service.Store.Now().Truncate(time.Second)
	c := store.PasswordCredential{KeyID: uuid.NewString(), Start: now}
	if err := readPassword(&c, body["passwordCredential"]); err != nil {
		return answer{}, err
	}
	if !c.End.After(c.Start) || !c.End.After(now) {
		return answer{}, invalidValue("endDateTime", passwordResource)
	}
	if err := holder.allows(c); err != nil {
		return answer{}, err
	}
	secret := newSecret()
	tx.Issue(store.ClientSecret, secret)
	sum := sha256.Sum256([]byte(secret))
	c.SecretHash, c.Hint = sum[:], secret[:3]
	holder.put(append(holder.secrets, c))
	shown := viewPassword(c)
	shown["secretText"] = secret
	return answer{status: http.StatusOK, context: "microsoft.graph.passwordCredential", object: &object{kind: "passwordCredential", props: shown}}, nil
}

// readPassword reads the name and dates of a new secret. By default it is valid
// for two years.
func readPassword(c *store.PasswordCredential, value any) error {
	sent, isObject := value.(map[string]any)
	if value != nil && !isObject {
		return invalidValue("passwordCredential", passwordResource)
	}
	maps.DeleteFunc(sent, func(_ string, v any) bool { return v == nil })
	sent, err := read(passwordFields, passwordResource, sent)
	if err != nil {
		return err
	}
	into := map[string]any{"displayName": &c.DisplayName, "startDateTime": &c.Start, "endDateTime": &c.End}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if schema.Decode(sent[name], into[name]) != nil {
			return invalidValue(name, passwordResource)
		}
	}
	c.Start, c.End = c.Start.UTC(), c.End.UTC()
	if c.End.IsZero() {
		c.End = c.Start.AddDate(2, 0, 0)
	}
	return nil
}

// newSecret has the length and the alphabet of Entra's client secrets, and 30
// random bytes.
func newSecret() string {
	secret := make([]byte, 30)
	rand.Read(secret) // never fails since Go 1.24
	return base64.URLEncoding.EncodeToString(secret)
}

// removePassword deletes a client secret
// (https://learn.microsoft.com/graph/api/application-removepassword).
func removePassword(tx *store.Tx, q *request) (answer, error) {
	holder, err := q.secretHolder(tx)
	if err != nil {
		return answer{}, err
	}
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	if body, err = read(schema.Fields{"keyId": schema.Text()}, passwordResource, body); err != nil {
		return answer{}, err
	}
	keyID, _ := body["keyId"].(string)
	kept := slices.DeleteFunc(slices.Clone(holder.secrets), func(c store.PasswordCredential) bool { return strings.EqualFold(c.KeyID, keyID) })
	if len(kept) == len(holder.secrets) {
		return answer{}, badRequest("No password credential found with keyId.")
	}
	holder.put(kept)
	return answer{status: http.StatusNoContent}, nil
}

// setPasswords lets a PATCH remove secrets, but not add any.
func setPasswords(app *store.Application, value any) error {
	var sent []struct {
		KeyID string `json:"keyId"`
	}
	if schema.Decode(value, &sent) != nil {
		return invalidValue("passwordCredentials", applicationResource)
	}
	var kept []store.PasswordCredential
	for _, s := range sent {
		i := slices.IndexFunc(app.PasswordCredentials, func(c store.PasswordCredential) bool { return strings.EqualFold(c.KeyID, s.KeyID) })
		if i < 0 {
			return badRequest("New password credentials must be generated using service actions.")
		}
		kept = append(kept, app.PasswordCredentials[i])
	}
	app.PasswordCredentials = kept
	return nil
}

// A sentKey is a certificate in a request
// (https://learn.microsoft.com/graph/api/resources/keycredential).
type sentKey struct {
	KeyID       string     `json:"keyId"`
	DisplayName string     `json:"displayName"`
	Type        string     `json:"type"`
	Usage       string     `json:"usage"`
	Key         []byte     `json:"key"`
	Start       *time.Time `json:"startDateTime"`
	End         *time.Time `json:"endDateTime"`
}

func (q *request) setKeys(tx *store.Tx, app *store.Application, value any) error {
	var sent []sentKey
	if schema.Decode(value, &sent) != nil {
		return invalidValue("keyCredentials", applicationResource)
	}
	var keys []store.KeyCredential
	for _, s := range sent {
		i := slices.IndexFunc(app.KeyCredentials, func(c store.KeyCredential) bool { return strings.EqualFold(c.KeyID, s.KeyID) })
		if i >= 0 && len(s.Key) == 0 {
			keys = append(keys, app.KeyCredentials[i])
			continue
		}
		key, err := q.readKey(s)
		if err == nil {
			err = checkKey(tx, *app, key)
		}
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	for i, key := range keys {
		if slices.ContainsFunc(keys[:i], func(c store.KeyCredential) bool { return strings.EqualFold(c.KeyID, key.KeyID) }) {
			return duplicate()
		}
	}
	app.KeyCredentials = keys
	return nil
}

// readKey checks a new certificate. Its key is base64 of DER, or of PEM as
// azuread sends it.
func (q *request) readKey(s sentKey) (store.KeyCredential, error) {
	if s.Type != "AsymmetricX509Cert" || s.Usage != "Verify" {
		return store.KeyCredential{}, unemulated("key credential of type %q and usage %q", s.Type, s.Usage)
	}
	der := s.Key
	if block, _ := pem.Decode(s.Key); block != nil {
		der = block.Bytes
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return store.KeyCredential{}, &refusal{http.StatusBadRequest, "KeyCredentialsInvalidKeyValue", "Key credential value is invalid certificate."}
	}
	thumbprint := sha1.Sum(certificate.Raw) // the x5t of the certificate; not a signature
	key := store.KeyCredential{
		KeyID: strings.ToLower(s.KeyID), DisplayName: s.DisplayName, Type: s.Type, Usage: s.Usage,
		Certificate: certificate.Raw, CustomKeyIdentifier: base64.StdEncoding.EncodeToString(thumbprint[:]),
		Start: certificate.NotBefore.UTC(), End: certificate.NotAfter.UTC(),
	}
	if key.KeyID == "" {
		key.KeyID = uuid.NewString()
	}
	if !isGUID(key.KeyID) {
		return key, invalidValue("keyId", "KeyCredential")
	}
	if key.DisplayName == "" {
		key.DisplayName = certificate.Subject.String()
	}
	if s.Start != nil {
		key.Start = s.Start.UTC()
	}
	if s.End != nil {
		key.End = s.End.UTC()
	}
	if key.End.After(certificate.NotAfter) || !key.End.After(key.Start) || !key.End.After(q.service.Store.Now()) {
		return key, &refusal{http.StatusBadRequest, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid."}
	}
	return key, nil
}
