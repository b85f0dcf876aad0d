package graph

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// setApplication checks a body by its description, applies it to app property
// by property in the order of their names, so that refusals are always the
// same, and then checks the rules that concern several properties.
func (q *request) setApplication(tx *store.Tx, app *store.Application, body map[string]any) error {
	before := *app
	if err := q.readInVersion(body); err != nil {
		return err
	}
	body, err := read(applicationFields, applicationResource, body)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if err := q.setProperty(tx, app, name, body[name]); err != nil {
			return err
		}
	}
	app.Other = merge(plainApplication, app.Other, body)
	if _, sent := body["optionalClaims"]; sent {
		app.AccessTokenClaims = accessTokenClaims(app.Other["optionalClaims"])
	}
	return checkEntitlements(before, *app)
}

// setProperty applies a property that has rules of its own.
func (q *request) setProperty(tx *store.Tx, app *store.Application, name string, value any) error {
	switch name {
	case "displayName":
		app.DisplayName = value.(string)
		if n := len(app.DisplayName); n == 0 || n > 256 {
			return invalidValue(name, applicationResource)
		}
	case "signInAudience":
		app.SignInAudience = value.(string)
	case "tags":
		app.Tags = textsOf(value)
	case "identifierUris":
		return q.setIdentifierURIs(tx, app, textsOf(value))
	case "appRoles":
		return setRoles(app, value)
	case "keyCredentials":
		return q.setKeys(tx, app, value)
	case "passwordCredentials":
		return setPasswords(app, value)
	case "api":
		return setTokenVersion(app, value)
	case "@odata.type":
		if value != "#microsoft.graph.application" {
			return badRequest("A resource of another type was found: %s.", raw(value))
		}
	}
	return nil
}

// textsOf returns the elements of a list of texts, or nil for null.
func textsOf(value any) []string {
	list, _ := value.([]any)
	var texts []string
	for _, element := range list {
		texts = append(texts, element.(string))
	}
	return texts
}

// setTokenVersion moves the token version out of the property api, because
// tokens depend on it
// (https://learn.microsoft.com/graph/api/resources/apiapplication).
func setTokenVersion(app *store.Application, value any) error {
	api, _ := value.(map[string]any)
	version, sent := api["requestedAccessTokenVersion"]
	delete(api, "requestedAccessTokenVersion")
	if sent || api == nil {
		app.RequestedAccessTokenVersion = 0
	}
	switch version {
	case nil:
	case json.Number("1"):
		app.RequestedAccessTokenVersion = 1
	case json.Number("2"):
		app.RequestedAccessTokenVersion = 2
	default:
		return badRequest("Property api.requestedAccessTokenVersion is invalid.")
	}
	return nil
}

// accessTokenClaims returns the names of the optional claims in access tokens.
func accessTokenClaims(optionalClaims any) []string {
	claims, _ := optionalClaims.(map[string]any)
	list, _ := claims["accessToken"].([]any)
	var names []string
	for _, element := range list {
		claim, _ := element.(map[string]any)
		name, _ := claim["name"].(string)
		names = append(names, name)
	}
	return names
}

// personal says whether an audience includes personal accounts, for which Entra
// requires version 2 tokens.
func personal(audience string) bool { return strings.Contains(audience, "Personal") }
