package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
)

// This file finds out which cloud the stack is in and who is signed in to it.

const (
	publicAuthorityHost = "https://login.microsoftonline.com"
	metadataVariable    = "ARM_METADATA_HOSTNAME"
)

// authorityHost is the setting, else what the cloud's own metadata names, else
// the public cloud's.
func (r *reader) authorityHost(m machine) string {
	const key = namespace + ":authorityHost"
	if value := r.text("authorityHost"); value != "" {
		host, err := checkAuthorityHost(value)
		if err != nil {
			r.refuse(key, set(key, ""), "%v", err) // empty follows the cloud
		}
		return host
	}
	metadataHost := m.getenv(metadataVariable)
	if metadataHost == "" {
		return publicAuthorityHost
	}
	found, err := readCloud(r.ctx.Context(), m.httpClient, metadataHost)
	var value string
	if err == nil {
		r.graph = found.Graph
		value, err = checkAuthorityHost(found.Authentication.LoginEndpoint)
	}
	if err != nil {
		r.refuse(key, set(key, publicAuthorityHost)+", or by pointing "+metadataVariable+" at the cloud's Resource Manager",
			"get the login endpoint of %s=%s: %v", metadataVariable, metadataHost, err)
	}
	return value
}

// checkAuthorityHost returns the authority host in lower case and without a
// trailing slash: issuers are built from it, and clouds are told apart by it.
// The token libraries refuse one without TLS.
func checkAuthorityHost(value string) (string, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("expected https:// and a host, such as %s, got %q", publicAuthorityHost, value)
	}
	return "https://" + strings.ToLower(u.Host), nil
}

// A cloud is what a Resource Manager says of its cloud.
type cloud struct {
	Authentication struct {
		LoginEndpoint string `json:"loginEndpoint"`
	} `json:"authentication"`
	Graph string `json:"microsoftGraphResourceId"`
}

// readCloud asks a Resource Manager for its cloud's endpoints, at the address
// where the providers ask for them.
func readCloud(ctx context.Context, httpClient *http.Client, host string) (cloud, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/metadata/endpoints?api-version=2022-09-01", nil)
	if err != nil {
		return cloud{}, err
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return cloud{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return cloud{}, fmt.Errorf("expected status 200, got %s", resp.Status)
	}
	var found cloud
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&found); err != nil {
		return cloud{}, fmt.Errorf("expected the cloud's endpoints as JSON: %w", err)
	}
	if found.Authentication.LoginEndpoint == "" {
		return cloud{}, errors.New("expected authentication.loginEndpoint in the cloud's endpoints, got none")
	}
	return found, nil
}

// signIn asks both providers who they are signed in as. It refuses a login
// elsewhere than where the stack is pinned to, and fills in what is not pinned.
func (r *reader) signIn(s *Settings) {
	directory, err := azuread.GetClientConfig(r.ctx, nil)
	if err != nil {
		r.problems = append(r.problems, fmt.Errorf("sign in to Microsoft Entra ID: %w; mend it with: az login, or ARM_TENANT_ID, ARM_CLIENT_ID and a credential", err))
		return
	}
	account, err := authorization.GetClientConfig(r.ctx)
	if err != nil {
		r.problems = append(r.problems, fmt.Errorf("sign in to Azure Resource Manager: %w; mend it with: az login, or ARM_SUBSCRIPTION_ID, ARM_TENANT_ID, ARM_CLIENT_ID and a credential", err))
		return
	}
	if !strings.EqualFold(directory.TenantId, account.TenantId) {
		r.problems = append(r.problems, fmt.Errorf("sign in: expected one tenant, got %q for azuread and %q for azure-native; mend it with: pulumi config rm azuread:tenantId && pulumi config rm azure-native:tenantId", directory.TenantId, account.TenantId))
	}
	s.TenantID = r.pinned("tenantId", s.TenantID, directory.TenantId)
	s.SubscriptionID = r.pinned("subscriptionId", s.SubscriptionID, account.SubscriptionId)
	if s.Environment == "prod" && (r.text("tenantId") == "" || r.text("subscriptionId") == "") {
		r.warn("a prod stack follows whoever is signed in until it is pinned: %s && %s",
			set(namespace+":tenantId", s.TenantID), set(namespace+":subscriptionId", s.SubscriptionID))
	}
	s.OwnersPinned = len(s.Owners) > 0
	if !s.OwnersPinned {
		s.Owners = []string{directory.ObjectId}
	} else if !slices.Contains(s.Owners, directory.ObjectId) {
		r.refuseStranger(s, directory.ObjectId)
	}
}

// pinned compares where the stack belongs with where the login leads.
func (r *reader) pinned(name, want, got string) string {
	if want != "" && !strings.EqualFold(want, got) {
		key := namespace + ":" + name
		r.refuse(key, "signing in there, or "+set(key, got), "expected a login to %q, got one to %q", want, got)
	}
	return strings.ToLower(got)
}

func (r *reader) warn(format string, args ...any) {
	// A warning that cannot be shown is no reason to stop.
	_ = r.ctx.Log.Warn(fmt.Sprintf(format, args...), nil)
}
