package graph

import (
	"bytes"
	"encoding/json"
	"slices"
)

// This file knows the form of the properties that have no rules here: what
// Graph calls them, what may stand in them, and what they are when nobody set
// them. The rules are: a member that Graph's reference does not list is
// unemulated; a value of another type is refused; null clears; in a PATCH the
// members of an object that are not sent keep their values, and a list is
// replaced as a whole
// (https://learn.microsoft.com/graph/api/application-update).

type kind int

const (
	text kind = iota
	flag
	number
	list
	structure
)

// A shape is the form of one property.
type shape struct {
	kind     kind
	required bool             // null is refused
	start    any              // value when never set; nil for null, [] for lists, members for structures
	null     bool             // a structure that is null as a whole until set
	of       *shape           // of a list's elements
	members  map[string]shape // of a structure
	oneOf    []string         // values that a text may have
}

func texts() shape             { return shape{kind: list, of: &shape{kind: text, required: true}} }
func flagged(start bool) shape { return shape{kind: flag, start: start} }
func choice(v ...string) shape { return shape{kind: text, oneOf: v, required: true, start: v[0]} }
func listOf(s shape) shape     { return shape{kind: list, of: &s} }
func urls(names ...string) shape {
	members := make(map[string]shape)
	for _, name := range names {
		members[name] = shape{kind: text}
	}
	return shape{kind: structure, members: members}
}

var optionalClaim = shape{kind: structure, members: map[string]shape{
	"name": {kind: text, required: true}, "source": {kind: text}, "essential": flagged(false), "additionalProperties": texts(),
}}

var permissionScope = shape{kind: structure, members: map[string]shape{
	"id": {kind: text, required: true}, "value": {kind: text}, "type": choice("User", "Admin"), "isEnabled": flagged(true),
	"adminConsentDescription": {kind: text}, "adminConsentDisplayName": {kind: text},
	"userConsentDescription": {kind: text}, "userConsentDisplayName": {kind: text}, "origin": {kind: text},
}}

// applicationShapes are the properties of an application without rules of
// their own (https://learn.microsoft.com/graph/api/resources/application).
var applicationShapes = map[string]shape{
	"description":                {kind: text},
	"notes":                      {kind: text},
	"serviceManagementReference": {kind: text},
	"groupMembershipClaims":      {kind: text},
	"samlMetadataUrl":            {kind: text},
	"tokenEncryptionKeyId":       {kind: text},
	"defaultRedirectUri":         {kind: text},
	"isDeviceOnlyAuthSupported":  {kind: flag},
	"isFallbackPublicClient":     {kind: flag},
	"oauth2RequirePostResponse":  flagged(false),
	"info":                       urls("marketingUrl", "privacyStatementUrl", "supportUrl", "termsOfServiceUrl"),
	"publicClient":               {kind: structure, members: map[string]shape{"redirectUris": texts()}},
	"spa":                        {kind: structure, members: map[string]shape{"redirectUris": texts()}},
	"web": {kind: structure, members: map[string]shape{
		"homePageUrl": {kind: text}, "logoutUrl": {kind: text}, "redirectUris": texts(),
		"implicitGrantSettings": {kind: structure, members: map[string]shape{
			"enableAccessTokenIssuance": flagged(false), "enableIdTokenIssuance": flagged(false),
		}},
	}},
	"requiredResourceAccess": listOf(shape{kind: structure, members: map[string]shape{
		"resourceAppId": {kind: text, required: true},
		"resourceAccess": listOf(shape{kind: structure, members: map[string]shape{
			"id": {kind: text, required: true}, "type": choice("Scope", "Role"),
		}}),
	}}),
	"optionalClaims": {kind: structure, null: true, members: map[string]shape{
		"accessToken": listOf(optionalClaim), "idToken": listOf(optionalClaim), "saml2Token": listOf(optionalClaim),
	}},
	"parentalControlSettings": {kind: structure, members: map[string]shape{
		"countriesBlockedForMinors": texts(), "legalAgeGroupRule": {kind: text, start: "Allow"},
	}},
	"api": {kind: structure, members: map[string]shape{
		"acceptMappedClaims": {kind: flag}, "knownClientApplications": texts(),
		"requestedAccessTokenVersion": {kind: number},
		"oauth2PermissionScopes":      listOf(permissionScope),
		"preAuthorizedApplications": listOf(shape{kind: structure, members: map[string]shape{
			"appId": {kind: text, required: true}, "permissionIds": texts(), "delegatedPermissionIds": texts(),
		}}),
	}},
}

// servicePrincipalShapes are those of a service principal
// (https://learn.microsoft.com/graph/api/resources/serviceprincipal).
var servicePrincipalShapes = map[string]shape{
	"alternativeNames":           texts(),
	"description":                {kind: text},
	"loginUrl":                   {kind: text},
	"notes":                      {kind: text},
	"notificationEmailAddresses": texts(),
	"preferredSingleSignOnMode":  {kind: text},
	"samlSingleSignOnSettings":   {kind: structure, null: true, members: map[string]shape{"relayState": {kind: text}}},
	"tokenEncryptionKeyId":       {kind: text},
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// check refuses a value that does not have the shape. property is its full
// name, resource the type it belongs to.
func (s shape) check(property, resource string, raw json.RawMessage) error {
	if isNull(raw) {
		if s.required {
			return invalidValue(property, resource)
		}
		return nil
	}
	switch s.kind {
	case text:
		var v string
		if json.Unmarshal(raw, &v) != nil || s.oneOf != nil && !slices.Contains(s.oneOf, v) {
			return invalidValue(property, resource)
		}
	case flag:
		var v bool
		if json.Unmarshal(raw, &v) != nil {
			return invalidValue(property, resource)
		}
	case number:
		var v int
		if json.Unmarshal(raw, &v) != nil {
			return invalidValue(property, resource)
		}
	case list:
		var v []json.RawMessage
		if json.Unmarshal(raw, &v) != nil {
			return invalidValue(property, resource)
		}
		for _, element := range v {
			if err := s.of.check(property, resource, element); err != nil {
				return err
			}
		}
	case structure:
		var v map[string]json.RawMessage
		if json.Unmarshal(raw, &v) != nil {
			return invalidValue(property, resource)
		}
		for name, member := range v {
			known, ok := s.members[name]
			if !ok {
				return unemulated("property %q of %s", property+"."+name, resource)
			}
			if err := known.check(property+"."+name, resource, member); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge is what is stored after a checked value was sent: the members of a
// structure that it does not name keep their old values.
func (s shape) merge(old, sent json.RawMessage) json.RawMessage {
	if s.kind != structure || isNull(sent) || len(old) == 0 || isNull(old) {
		return sent
	}
	var before, after map[string]json.RawMessage
	if json.Unmarshal(old, &before) != nil || json.Unmarshal(sent, &after) != nil {
		return sent
	}
	for name, member := range after {
		before[name] = s.members[name].merge(before[name], member)
	}
	merged, err := json.Marshal(before)
	if err != nil {
		return sent
	}
	return merged
}

// show is the value as Graph shows it: what is stored, over what it starts as.
func (s shape) show(stored json.RawMessage) any {
	unset := len(stored) == 0 || isNull(stored)
	switch s.kind {
	case list:
		elements := []any{}
		var v []json.RawMessage
		if !unset && json.Unmarshal(stored, &v) == nil {
			for _, element := range v {
				elements = append(elements, s.of.show(element))
			}
		}
		return elements
	case structure:
		if unset && s.null {
			return nil
		}
		var v map[string]json.RawMessage
		if !unset {
			// Only checked values are stored.
			_ = json.Unmarshal(stored, &v)
		}
		members := make(map[string]any, len(s.members))
		for name, member := range s.members {
			members[name] = member.show(v[name])
		}
		return members
	}
	if len(stored) == 0 {
		return s.start
	}
	var v any
	_ = json.Unmarshal(stored, &v)
	if v == "" {
		return nil
	}
	return v
}
