package keyvault

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file has the operations of the data plane. Key Vault returns a version
// before its start and after its expiry too:
// https://learn.microsoft.com/azure/key-vault/secrets/about-secrets.

// Limits of the service.
const (
	maxValue = 25 << 10 // https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
	maxBody  = 1 << 20
)

func badParameter(message string) error {
	return &Error{Status: http.StatusBadRequest, Code: "BadParameter", Message: message}
}

// note adds the secret to the request's entry in the history.
func (c *call) note(name string) { route.Note(c.r.Context()).Object = c.vault.secretID(name) }

// attributes are a version's attributes, with the recovery level of the vault.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret#deletionrecoverylevel
func (c *call) attributes(version store.SecretVersion) map[string]any {
	level := "Recoverable"
	if c.vault.RetentionDays < 90 {
		level = "CustomizedRecoverable"
	}
	if !c.vault.PurgeProtection {
		level += "+Purgeable"
	}
	shown := attributesOf(version)
	shown["recoveryLevel"], shown["recoverableDays"] = level, c.vault.RetentionDays
	return shown
}

// show shows a version without its value. id is the version's, or empty.
func (c *call) show(s store.VaultSecret, version store.SecretVersion, id string) map[string]any {
	shown := map[string]any{"id": strings.TrimSuffix(c.vault.VaultURI+"secrets/"+s.Name+"/"+id, "/"), "attributes": c.attributes(version)}
	if version.ContentType != "" {
		shown["contentType"] = version.ContentType
	}
	if version.Tags != nil {
		shown["tags"] = version.Tags
	}
	return shown
}

func (c *call) get() (reply, error) {
	s, version, err := c.vault.version(c.tx, c.service.store.Now(), c.r.PathValue("name"), c.r.PathValue("version"))
	if err != nil {
		return reply{}, err
	}
	shown := c.show(s, version, version.ID)
	shown["value"] = version.Value
	return ok(shown)
}

// secrets returns the vault's secrets, either deleted or not.
func (c *call) secrets(deleted bool) []store.VaultSecret {
	var all []store.VaultSecret
	for _, s := range secretsOf(c.tx, c.vault.Name) {
		if s, found := find(c.tx, c.service.store.Now(), c.vault.Name, s.Name); found && s.DeletedAt.IsZero() != deleted {
			all = append(all, s)
		}
	}
	return all
}

func listed(items []map[string]any) (reply, error) {
	if items == nil {
		items = []map[string]any{}
	}
	return ok(map[string]any{"value": items, "nextLink": nil})
}

func (c *call) list() (reply, error) {
	var items []map[string]any
	for _, s := range c.secrets(false) {
		items = append(items, c.show(s, s.Latest(), ""))
	}
	return listed(items)
}

func (c *call) listVersions() (reply, error) {
	s, found := find(c.tx, c.service.store.Now(), c.vault.Name, c.r.PathValue("name"))
	if !found || !s.DeletedAt.IsZero() {
		return reply{}, ErrSecretNotFound
	}
	var items []map[string]any
	for _, version := range s.Versions {
		items = append(items, c.show(s, version, version.ID))
	}
	return listed(items)
}

// secretBody describes the body of a request to set a secret.
// https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret/set-secret
var secretBody = schema.Fields{
	"value": schema.Text().Required(), "contentType": schema.Text(), "tags": schema.Dict(schema.Text()),
	"attributes": schema.Object(schema.Fields{"enabled": schema.Flag(), "nbf": schema.Whole(), "exp": schema.Whole()}),
}

// readVersion returns the version that the request describes. Its errors never
// quote the value.
func (c *call) readVersion() (version store.SecretVersion, err error) {
	data, err := io.ReadAll(http.MaxBytesReader(nil, c.r.Body, maxBody))
	if err != nil {
		return version, &Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge", Message: "The request body is too large."}
	}
	body, err := schema.Parse(data)
	if err == nil {
		body, err = schema.Reader{FoldCase: true, NullIsAbsent: true}.Read(secretBody, body)
	}
	if err == nil {
		version, err = VersionOf(body)
	}
	problem, _ := err.(*schema.Problem)
	switch {
	case problem != nil && problem.Kind == schema.Unknown:
		return version, unemulated("property " + strconv.Quote(problem.Path))
	case problem != nil && problem.Kind == schema.Missing:
		return version, badParameter("Property '" + problem.Path + "' is required.")
	case err != nil:
		return version, badParameter("The request body is not a secret.")
	case len(version.Value) > maxValue:
		return version, badParameter("The value of a secret may have 25 KB at most.")
	}
	return version, nil
}

// set creates a new version.
func (c *call) set() (reply, error) {
	name := c.r.PathValue("name")
	if !SecretName.MatchString(name) {
		return reply{}, badParameter("The request URI contains an invalid name: " + name)
	}
	version, err := c.readVersion()
	if err != nil {
		return reply{}, err
	}
	s, err := Set(c.tx, c.service.store.Now(), c.vault, name, version)
	if err == ErrDeletedButRecoverable {
		return reply{}, &Error{Status: http.StatusConflict, Code: "Conflict", Inner: "ObjectIsDeletedButRecoverable",
			Message: "Secret " + name + " is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged."}
	}
	if err != nil {
		return reply{}, err
	}
	c.note(s.Name)
	shown := c.show(s, s.Latest(), s.Latest().ID)
	shown["value"] = s.Latest().Value
	return ok(shown)
}

func (c *call) erase() (reply, error) {
	s, found := find(c.tx, c.service.store.Now(), c.vault.Name, c.r.PathValue("name"))
	if !found || !s.DeletedAt.IsZero() {
		return reply{}, ErrSecretNotFound
	}
	s = Delete(c.tx, c.service.store.Now(), c.vault, s)
	c.note(s.Name)
	return ok(c.showDeleted(s))
}

func (c *call) showDeleted(s store.VaultSecret) map[string]any {
	shown := c.show(s, s.Latest(), s.Latest().ID)
	shown["recoveryId"] = c.vault.VaultURI + "deletedsecrets/" + s.Name
	shown["deletedDate"], shown["scheduledPurgeDate"] = s.DeletedAt.Unix(), s.PurgeAt.Unix()
	return shown
}

func (c *call) listDeleted() (reply, error) {
	var items []map[string]any
	for _, s := range c.secrets(true) {
		items = append(items, c.showDeleted(s))
	}
	return listed(items)
}

// deleted returns the deleted secret of the path.
func (c *call) deleted() (store.VaultSecret, error) {
	s, found := find(c.tx, c.service.store.Now(), c.vault.Name, c.r.PathValue("name"))
	if !found || s.DeletedAt.IsZero() {
		return s, ErrSecretNotFound
	}
	return s, nil
}

func (c *call) getDeleted() (reply, error) {
	s, err := c.deleted()
	if err != nil {
		return reply{}, err
	}
	return ok(c.showDeleted(s))
}

func (c *call) purge() (reply, error) {
	s, err := c.deleted()
	if err != nil {
		return reply{}, err
	}
	if c.vault.PurgeProtection {
		return reply{}, &Error{Status: http.StatusForbidden, Code: "Forbidden", Inner: "PurgeProtectionEnabled",
			Message: `Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.`}
	}
	store.VaultSecrets.Delete(c.tx, store.VaultSecretKey(c.vault.Name, s.Name))
	c.note(s.Name)
	return reply{status: http.StatusNoContent}, nil
}

func (c *call) bringBack() (reply, error) {
	s, err := c.deleted()
	if err != nil {
		return reply{}, err
	}
	if s, err = Recover(c.tx, c.service.store.Now(), c.vault, s); err != nil {
		return reply{}, err
	}
	c.note(s.Name)
	return ok(c.show(s, s.Latest(), s.Latest().ID))
}
