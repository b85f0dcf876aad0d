package blob

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file checks callers, in the service's order: the account, its network
// rules, the kind of credential, the token, the version header, the role, and last
// whether the container exists, so that only callers with a role learn which names
// exist.

// Refusals of the service,
// learn.microsoft.com/rest/api/storageservices/blob-service-error-codes. We are not
// sure which one Azure sends for a token without a version header.
var (
	errAccount      = &Error{http.StatusNotFound, "ResourceNotFound", "The specified resource does not exist."}
	errNetwork      = &Error{http.StatusForbidden, "AuthorizationFailure", "This request is not authorized to perform this operation."}
	errKeys         = &Error{http.StatusForbidden, "KeyBasedAuthenticationNotPermitted", "Key based authentication is not permitted on this storage account."}
	errPublic       = &Error{http.StatusConflict, "PublicAccessNotPermitted", "Public access is not permitted on this storage account."}
	errToken        = &Error{http.StatusUnauthorized, "InvalidAuthenticationInfo", "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."}
	errRole         = &Error{http.StatusForbidden, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission."}
	errNoContainer  = &Error{http.StatusNotFound, "ContainerNotFound", "The specified container does not exist."}
	errNoBlob       = &Error{http.StatusNotFound, "BlobNotFound", "The specified blob does not exist."}
	errVersion      = &Error{http.StatusBadRequest, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format: x-ms-version."}
	errVersionUnset = &Error{http.StatusBadRequest, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified: x-ms-version."}
)

// errUnemulated is for requests that Azure knows and the sandbox does not.
var errUnemulated = errors.New("unemulated")

// An account is what the data plane needs of a storage account.
type account struct {
	id, tenantID string
	properties   struct {
		AllowSharedKeyAccess  *bool  `json:"allowSharedKeyAccess"`
		AllowBlobPublicAccess bool   `json:"allowBlobPublicAccess"`
		PublicNetworkAccess   string `json:"publicNetworkAccess"`
		NetworkACLs           struct {
			DefaultAction string `json:"defaultAction"`
		} `json:"networkAcls"`
	}
}

// findAccount returns the storage account of that name: names are unique.
func findAccount(tx *store.Tx, name string) (account, bool, error) {
	for _, resource := range store.Resources.All(tx, "/subscriptions/") {
		if strings.EqualFold(resource.Type, "Microsoft.Storage/storageAccounts") && strings.EqualFold(resource.Name, name) {
			found := account{id: resource.ID, tenantID: resource.TenantID}
			err := json.Unmarshal(resource.Properties, &found.properties)
			return found, true, err
		}
	}
	return account{}, false, nil
}

func (a account) containerID(container string) string {
	return a.id + "/blobServices/default/containers/" + container
}

// open reports whether the account's network rules admit everyone. Their
// exceptions do not matter, because the sandbox is in none of those networks.
func (a account) open() bool {
	return !strings.EqualFold(a.properties.PublicNetworkAccess, "Disabled") && !strings.EqualFold(a.properties.NetworkACLs.DefaultAction, "Deny")
}

// tenantOf is the tenant to ask for tokens for an account.
func (s *Service) tenantOf(name string) (tenantID string) {
	tenantID = "common"
	s.store.View(func(tx *store.Tx) error {
		if a, ok, err := findAccount(tx, name); ok && err == nil {
			tenantID = a.tenantID
		}
		return nil
	})
	return tenantID
}

// guard admits a request whose caller has a token of the account's tenant and a
// role for what the route does.
func (s *Service) guard(w http.ResponseWriter, r *http.Request, known route.Route) (*http.Request, bool) {
	head(w, r)
	name := r.PathValue("account")
	var found account
	err := s.store.View(func(tx *store.Tx) (err error) {
		var ok bool
		if found, ok, err = findAccount(tx, name); !ok && err == nil {
			// On purpose: in Azure the host name would not exist; the sandbox
			// has no DNS.
			err = errAccount
		}
		return err
	})
	if err == nil {
		err = keyless(r, found)
	}
	if errors.Is(err, errUnemulated) {
		s.table.Unemulated(w, r, "key, signature or anonymous access")
		return nil, false
	}
	var caller route.Caller
	if err == nil {
		caller, err = s.authenticate(r, name, found)
	}
	if err == nil {
		r = route.WithCaller(r, caller)
		err = s.allowed(caller.TenantID, caller.ObjectID, permission(r, known), name, r.PathValue("container"))
	}
	if err != nil {
		s.fail(w, r, err)
		return nil, false
	}
	if header := unknownHeader(r.Header); header != "" {
		s.table.Unemulated(w, r, "header "+header)
		return nil, false
	}
	return r, true
}

// keyless refuses requests without an Entra token.
func keyless(r *http.Request, a account) error {
	authorization := r.Header.Get("Authorization")
	shared := strings.HasPrefix(authorization, "SharedKey")
	signed := slices.ContainsFunc(sasParameters, func(name string) bool { return r.URL.Query().Has(name) })
	allowed := a.properties.AllowSharedKeyAccess == nil || *a.properties.AllowSharedKeyAccess
	switch {
	case !a.open():
		return errNetwork
	case (shared || signed) && !allowed:
		return errKeys
	case shared || signed:
		return errUnemulated
	case authorization == "" && !a.properties.AllowBlobPublicAccess:
		return errPublic
	case authorization == "":
		return errUnemulated
	}
	return nil
}

// The versions of the service: the first that knows tokens, and the latest that
// a current SDK sends (azblob 1.8.3).
const firstVersion, lastVersion = "2017-11-09", "2026-12-06"

// authenticate checks the token and the version header, which is required with
// tokens: learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory.
func (s *Service) authenticate(r *http.Request, name string, a account) (route.Caller, error) {
	caller, err := s.config.Auth.Authenticate(r,
		"https://storage.azure.com/", "https://storage.azure.com",
		"https://"+name+".blob.core.windows.net", "https://"+name+".blob.core.windows.net/")
	if err != nil || !strings.EqualFold(caller.TenantID, a.tenantID) {
		return route.Caller{}, errToken
	}
	version := r.Header.Get("x-ms-version")
	if version == "" {
		return route.Caller{}, errVersionUnset
	}
	if _, err := time.Parse(time.DateOnly, version); err != nil || version < firstVersion || version > lastVersion {
		return route.Caller{}, errVersion
	}
	return caller, nil
}

// allowed reports whether a principal may do an action in a container, and
// whether the container exists.
func (s *Service) allowed(tenantID, principalID, action, accountName, container string) error {
	return s.store.View(func(tx *store.Tx) error {
		a, ok, err := findAccount(tx, accountName)
		if err != nil {
			return err
		}
		if !ok {
			return errAccount
		}
		if !a.open() {
			return errNetwork
		}
		if !strings.EqualFold(tenantID, a.tenantID) {
			return errToken
		}
		holds := rbac.AllowedData
		if action == readContainer {
			holds = rbac.Allowed
		}
		if !holds(tx, tenantID, principalID, action, a.containerID(container)) {
			return errRole
		}
		if _, ok := store.ResourceByID(tx, a.containerID(container)); !ok {
			return errNoContainer
		}
		return nil
	})
}
