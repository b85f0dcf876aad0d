package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
)

// This file keeps a deployer from locking itself out. The azuread provider
// takes the creator's ownership of an app registration away unless the creator
// is listed, and a deployer with Application.ReadWrite.OwnedBy may write only
// what it owns: its first update would work, and no later one.

// graphHosts is Microsoft Graph by authority host
// (https://learn.microsoft.com/graph/deployments).
var graphHosts = map[string]string{
	publicAuthorityHost:                        "https://graph.microsoft.com",
	"https://login.microsoftonline.us":         "https://graph.microsoft.us",
	"https://login.partner.microsoftonline.cn": "https://microsoftgraph.chinacloudapi.cn",
}

// refuseStranger refuses a login that is not among the pinned owners if it may
// write only what it owns, and warns of others.
func (r *reader) refuseStranger(s *Settings, objectID string) {
	const key = namespace + ":owners"
	permissions, err := r.graphPermissions(s.AuthorityHost)
	if err == nil && slices.Contains(permissions, "Application.ReadWrite.OwnedBy") &&
		!slices.Contains(permissions, "Application.ReadWrite.All") && !slices.Contains(permissions, "Directory.ReadWrite.All") {
		r.refuse(key, set(fmt.Sprintf("%s[%d]", key, len(s.Owners)), objectID), "expected the signed-in %q among the owners, since it may only write what it owns (Application.ReadWrite.OwnedBy) and would lose the app registration", objectID)
		return
	}
	r.warn("%s is without the signed-in %q, which loses the app registration if it may only write what it owns", key, objectID)
}

// graphPermissions are the application permissions of whoever is signed in, as
// the roles claim of its own access token for Microsoft Graph says; a person
// has none. The token is looked into and forgotten.
func (r *reader) graphPermissions(authorityHost string) ([]string, error) {
	endpoint := r.graph
	if endpoint == "" {
		endpoint = graphHosts[authorityHost]
	}
	if endpoint == "" {
		return nil, errors.New("find Microsoft Graph: expected a cloud that is known")
	}
	got, err := authorization.GetClientToken(r.ctx, &authorization.GetClientTokenArgs{Endpoint: &endpoint})
	if err != nil {
		return nil, errors.New("get a token for Microsoft Graph: refused")
	}
	parts := strings.Split(got.Token, ".")
	if len(parts) != 3 {
		return nil, errors.New("read a token for Microsoft Graph: expected three parts")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Roles []string `json:"roles"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return nil, errors.New("read a token for Microsoft Graph: expected claims")
	}
	return claims.Roles, nil
}
