package graph

import (
	"encoding/json"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// readOnlyApplication are the properties that Graph shows and never takes.
var readOnlyApplication = []string{
	"id", "appId", "applicationTemplateId", "certification", "createdDateTime", "deletedDateTime",
	"disabledByMicrosoftStatus", "publisherDomain", "verifiedPublisher",
}

var audiences = []string{"AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"}

// setApplication applies the properties of a body to app, in the order of
// their names so that refusals do not depend on chance, and then the rules that
// concern several of them.
func (q *request) setApplication(tx *store.Tx, app *store.Application, body map[string]json.RawMessage) error {
	before := *app
	before.Other = make(map[string]json.RawMessage, len(app.Other))
	for name, value := range app.Other {
		before.Other[name] = value
	}
	if app.Other == nil {
		app.Other = make(map[string]json.RawMessage)
	}
	for _, name := range sortedNames(body) {
		if err := q.setProperty(tx, app, name, body[name]); err != nil {
			return err
		}
	}
	return checkEntitlements(before, *app)
}

func sortedNames(body map[string]json.RawMessage) []string {
	names := make([]string, 0, len(body))
	for name := range body {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (q *request) setProperty(tx *store.Tx, app *store.Application, name string, value json.RawMessage) error {
	switch name {
	case "displayName":
		return setText(&app.DisplayName, name, applicationResource, value)
	case "signInAudience":
		if err := setText(&app.SignInAudience, name, applicationResource, value); err != nil {
			return err
		}
		if !slices.Contains(audiences, app.SignInAudience) {
			return invalidValue(name, applicationResource)
		}
		return nil
	case "tags":
		return setTexts(&app.Tags, name, applicationResource, value)
	case "identifierUris":
		return q.setIdentifierURIs(tx, app, value)
	case "appRoles":
		return setRoles(app, value)
	case "keyCredentials":
		return q.setKeys(app, value)
	case "passwordCredentials":
		return setPasswords(app, value)
	case "api":
		return setAPI(app, value)
	case "optionalClaims":
		if err := setOther(&app.Other, applicationShapes, name, applicationResource, value); err != nil {
			return err
		}
		app.AccessTokenClaims = accessTokenClaims(app.Other[name])
		return nil
	case "@odata.type":
		if string(value) != `"#microsoft.graph.application"` {
			return badRequest("A resource of another type was found: %s.", value)
		}
		return nil
	}
	if slices.Contains(readOnlyApplication, name) {
		return readOnly(name)
	}
	return setOther(&app.Other, applicationShapes, name, applicationResource, value)
}

// setOther checks and keeps a property without rules of its own.
func setOther(other *map[string]json.RawMessage, shapes map[string]shape, name, resource string, value json.RawMessage) error {
	form, ok := shapes[name]
	if !ok {
		return unemulated("property %q of %s", name, resource)
	}
	if err := form.check(name, resource, value); err != nil {
		return err
	}
	if *other == nil {
		*other = make(map[string]json.RawMessage)
	}
	(*other)[name] = form.merge((*other)[name], value)
	return nil
}

func setText(field *string, property, resource string, value json.RawMessage) error {
	var sent string
	if isNull(value) || json.Unmarshal(value, &sent) != nil || sent == "" || len(sent) > 256 {
		return invalidValue(property, resource)
	}
	*field = sent
	return nil
}

func setTexts(field *[]string, property, resource string, value json.RawMessage) error {
	if err := texts().check(property, resource, value); err != nil {
		return err
	}
	*field = nil
	return json.Unmarshal(value, field)
}

func setFlag(field *bool, property, resource string, value json.RawMessage) error {
	if isNull(value) || json.Unmarshal(value, field) != nil {
		return invalidValue(property, resource)
	}
	return nil
}

// setAPI keeps the token version apart from the rest, because tokens are made
// by it (https://learn.microsoft.com/graph/api/resources/apiapplication).
func setAPI(app *store.Application, value json.RawMessage) error {
	if err := applicationShapes["api"].check("api", applicationResource, value); err != nil {
		return err
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(value, &sent); err != nil {
		return err
	}
	version, ok := sent["requestedAccessTokenVersion"]
	if ok || sent == nil {
		app.RequestedAccessTokenVersion = 0
	}
	if ok && !isNull(version) {
		if err := json.Unmarshal(version, &app.RequestedAccessTokenVersion); err != nil {
			return err
		}
		if app.RequestedAccessTokenVersion != 1 && app.RequestedAccessTokenVersion != 2 {
			return badRequest("Property api.requestedAccessTokenVersion is invalid.")
		}
	}
	delete(sent, "requestedAccessTokenVersion")
	return setOther(&app.Other, applicationShapes, "api", applicationResource, raw(sent))
}

// accessTokenClaims are the names of the claims that an application wants in
// the access tokens made for it.
func accessTokenClaims(stored json.RawMessage) []string {
	var claims struct {
		AccessToken []struct {
			Name string `json:"name"`
		} `json:"accessToken"`
	}
	// It was checked against its shape.
	_ = json.Unmarshal(stored, &claims)
	var names []string
	for _, claim := range claims.AccessToken {
		names = append(names, claim.Name)
	}
	return names
}

// personal tells the audiences for which Entra demands version 2 tokens.
func personal(audience string) bool { return strings.Contains(audience, "Personal") }
