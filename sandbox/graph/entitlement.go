package graph

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file holds the rules of app roles and delegated permissions
// ("entitlements" in Graph's error code). The rules are: a PATCH replaces all;
// the client chooses the ids, which are unique across roles and scopes; an
// enabled one must be disabled before it is edited or removed
// (https://learn.microsoft.com/graph/api/resources/approle).

// roleValue is the pattern of a role's value: no spaces, and no dot in front
// (https://learn.microsoft.com/graph/api/resources/approle).
var roleValue = regexp.MustCompile("^[A-Za-z0-9:!#$%&'()*+,\\-/;<=>?@\\[\\]^_`{|}~][A-Za-z0-9:!#$%&'()*+,\\-./;<=>?@\\[\\]^_`{|}~]{0,248}$")

func setRoles(app *store.Application, value any) error {
	var sent []struct {
		store.AppRole
		IsEnabled *bool `json:"isEnabled"` // true when not sent
	}
	if err := schema.Decode(value, &sent); err != nil {
		return err
	}
	roles := make([]store.AppRole, len(sent))
	values := make(map[string]bool)
	for i, s := range sent {
		role := s.AppRole
		role.IsEnabled = s.IsEnabled == nil || *s.IsEnabled
		roles[i] = role
		roles[i].ID = strings.ToLower(role.ID)
		roles[i].Origin = ""
		slices.Sort(roles[i].AllowedMemberTypes)
		types := roles[i].AllowedMemberTypes
		for _, rule := range []struct {
			property string
			valid    bool
		}{
			{"id", isGUID(role.ID)},
			{"displayName", role.DisplayName != ""},
			{"description", role.Description != ""},
			{"value", role.Value == "" || roleValue.MatchString(role.Value)},
			{"allowedMemberTypes", len(types) > 0 && len(slices.Compact(slices.Clone(types))) == len(types)},
		} {
			if !rule.valid {
				return invalidValue(rule.property, "AppRole")
			}
		}
		if role.Value != "" && values[role.Value] {
			return duplicate()
		}
		values[role.Value] = true
	}
	app.AppRoles = roles
	return nil
}

// An entitlement is an app role or a delegated permission, for comparing.
type entitlement struct {
	id      string
	enabled bool
	rest    []byte // everything but whether it is enabled
}

// checkEntitlements compares an application before and after a change.
func checkEntitlements(before, after store.Application) error {
	now := append(roleEntitlements(after), scopeEntitlements(after)...)
	byID := make(map[string]entitlement)
	for _, e := range now {
		if !isGUID(e.id) {
			return invalidValue("id", "PermissionScope")
		}
		if _, taken := byID[e.id]; taken {
			return duplicate()
		}
		byID[e.id] = e
	}
	for _, old := range append(roleEntitlements(before), scopeEntitlements(before)...) {
		e, kept := byID[old.id]
		if old.enabled && (!kept || !bytes.Equal(e.rest, old.rest)) {
			return &refusal{http.StatusBadRequest, "CannotDeleteOrUpdateEnabledEntitlement",
				"Permission (scope or role) cannot be deleted or updated unless disabled first."}
		}
	}
	if personal(after.SignInAudience) && after.RequestedAccessTokenVersion != 2 {
		return badRequest("Property api.requestedAccessTokenVersion is invalid.")
	}
	return nil
}

func duplicate() error {
	return &refusal{http.StatusBadRequest, "DuplicateValue", "Request contains a property with duplicate values."}
}

func roleEntitlements(app store.Application) []entitlement {
	var list []entitlement
	for _, role := range app.AppRoles {
		e := entitlement{id: role.ID, enabled: role.IsEnabled}
		role.IsEnabled, role.Origin = false, ""
		e.rest = raw(role)
		list = append(list, e)
	}
	return list
}

func scopeEntitlements(app store.Application) []entitlement {
	api, _ := plainApplication["api"].Show(app.Other["api"]).(map[string]any)
	scopes, _ := api["oauth2PermissionScopes"].([]any)
	var list []entitlement
	for _, element := range scopes {
		scope := element.(map[string]any)
		id, _ := scope["id"].(string)
		e := entitlement{id: strings.ToLower(id)}
		e.enabled, _ = scope["isEnabled"].(bool)
		delete(scope, "isEnabled")
		delete(scope, "origin")
		e.rest = raw(scope)
		list = append(list, e)
	}
	return list
}
