package settings

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"app-to-app/azurecloud/endpoints"
)

// This file finds out which cloud the stack is in and who is signed in to it.

// authorityHost is the pinned authority host; "" follows the cloud.
func (p *parser) authorityHost() string {
	const key = Namespace + ":authorityHost"
	value := p.text("authorityHost")
	if value == "" {
		return ""
	}
	host, err := checkAuthorityHost(value)
	if err != nil {
		p.refuseAuthorityHost(key, value, err)
	}
	return host
}

// refuseAuthorityHost offers the host of an address that has only more or less
// than it should have.
func (p *parser) refuseAuthorityHost(key, value string, err error) {
	_, rest, found := strings.Cut(value, "://")
	if !found {
		rest = value
	}
	host, _, _ := strings.Cut(rest, "/")
	if meant, wrong := checkAuthorityHost("https://" + host); wrong == nil && endpoints.IsMicrosoft(meant) {
		p.refuse(key, SetCommand(key, meant), "%v", err)
		return
	}
	p.ask(key, "pulumi config set "+key+" https://HOST, or pulumi config rm "+key+" to follow the cloud", "%v", err)
}

// findCloud finds the authority host: the pinned one, else what the cloud's
// own metadata names, else the public cloud's.
func (l *lookups) findCloud(ctx context.Context) {
	if l.settings.AuthorityHost != "" || l.has(Namespace+":authorityHost") {
		return // pinned, if only to something wrong
	}
	if l.MetadataHost == "" {
		l.settings.AuthorityHost = endpoints.Public().AuthorityHost
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	document, err := endpoints.ReadMetadata(ctx, l.HTTPClient, l.MetadataHost)
	if err == nil {
		l.graph = document.Graph
		err = document.Require(endpoints.LoginEndpoint)
	}
	if err == nil {
		l.settings.AuthorityHost, err = checkAuthorityHost(document.LoginEndpoint)
	}
	if err != nil {
		const key = Namespace + ":authorityHost"
		var address *endpoints.NotAHostError
		if errors.As(err, &address) {
			l.ask(key, "export ARM_METADATA_HOSTNAME="+address.Meant, "ARM_METADATA_HOSTNAME=%s: %v", l.MetadataHost, err)
			return
		}
		l.ask(key, "start what ARM_METADATA_HOSTNAME points to (go run ./cmd/sandbox serve), or unset it for the public cloud",
			"get the login endpoint of ARM_METADATA_HOSTNAME=%s: %v", l.MetadataHost, err)
	}
}

// checkAuthorityHost returns the authority host in lower case and without a
// trailing slash: issuers are built from it, and clouds are told apart by it.
// The token libraries refuse one without TLS.
func checkAuthorityHost(value string) (string, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" || !strings.ContainsAny(u.Host, ".:") || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("expected https:// and a host, such as %s, got %q", endpoints.Public().AuthorityHost, value)
	}
	return "https://" + strings.ToLower(u.Host), nil
}

// logins are who both providers are signed in as, or why not.
type logins struct {
	entra              EntraLogin
	azure              AzureLogin
	entraErr, azureErr error
}

// signIn asks both providers at once who they are signed in as. wait returns
// when both have answered.
func (l *lookups) signIn() (wait func() logins) {
	var found logins
	var asked sync.WaitGroup
	asked.Go(func() { found.entra, found.entraErr = l.Providers.EntraLogin() })
	asked.Go(func() { found.azure, found.azureErr = l.Providers.AzureLogin() })
	return func() logins {
		asked.Wait()
		return found
	}
}

// checkLogins refuses a login to another tenant or subscription than the pinned
// ones, and takes those that are not pinned from the login.
func (l *lookups) checkLogins(found logins) {
	if found.entraErr != nil {
		l.ask("sign in to Microsoft Entra ID", "az login, or ARM_TENANT_ID, ARM_CLIENT_ID and a credential", "%v", found.entraErr)
	}
	if found.azureErr != nil {
		l.ask("sign in to Azure Resource Manager", "az login, or ARM_SUBSCRIPTION_ID, ARM_TENANT_ID, ARM_CLIENT_ID and a credential", "%v", found.azureErr)
	}
	if found.entraErr != nil || found.azureErr != nil {
		return
	}
	s, entra, azure := l.settings, found.entra, found.azure
	if !strings.EqualFold(entra.TenantID, azure.TenantID) {
		l.ask("sign in", "pulumi config rm azuread:tenantId && pulumi config rm azure-native:tenantId, if the login is to decide",
			"expected one tenant, got %q for azuread and %q for azure-native", entra.TenantID, azure.TenantID)
	}
	pinned := s.TenantID != "" && s.SubscriptionID != ""
	s.TenantID = l.pinned("tenantId", s.TenantID, entra.TenantID)
	s.SubscriptionID = l.pinned("subscriptionId", s.SubscriptionID, azure.SubscriptionID)
	if s.Environment == "prod" && !pinned {
		l.warn("a prod stack that is not pinned is deployed wherever the deployer is signed in; fix: %s && %s",
			SetCommand(Namespace+":tenantId", s.TenantID), SetCommand(Namespace+":subscriptionId", s.SubscriptionID))
	}
	if !s.OwnersPinned {
		s.Owners = []string{entra.ObjectID}
	} else if !slices.Contains(s.Owners, entra.ObjectID) {
		l.refuseStranger(entra.ObjectID)
	}
}

// pinned checks that the login is to the pinned tenant or subscription.
func (l *lookups) pinned(name, want, got string) string {
	if want != "" && !strings.EqualFold(want, got) {
		key := Namespace + ":" + name
		l.ask(key, "sign in there (az login --tenant TENANT, az account set --subscription SUBSCRIPTION); to deploy to another place instead: "+SetCommand(key, got), "expected a login to %q, got one to %q", want, got)
	}
	return strings.ToLower(got)
}
