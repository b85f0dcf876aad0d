package graph

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file holds app management policies
// (https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy).
// The rules are: a tenant has one default policy, which is disabled at first; a
// restriction of a policy that is assigned to an object replaces the default's of
// the same type, and what it does not define stays the default's; one policy at
// most is assigned to an object. What they forbid is in policyrules.go.
//
// On purpose there are no restrictions of identifier URIs and audiences, and no
// exempted actors.

const policyResource = "AppManagementPolicy"

// Types of restrictions, by the list that they are in.
var (
	passwordRestrictions = []string{passwordAddition, passwordLifetime, "symmetricKeyAddition", "symmetricKeyLifetime", "customPasswordAddition"}
	keyRestrictions      = []string{asymmetricKeyLifetime, trustedAuthority}
)

const (
	passwordAddition      = "passwordAddition"
	passwordLifetime      = "passwordLifetime"
	asymmetricKeyLifetime = "asymmetricKeyLifetime"
	trustedAuthority      = "trustedCertificateAuthority" // beta only
)

func restrictionFields(types []string) schema.Field {
	return objects(schema.Fields{
		"restrictionType": schema.Text(types...).NotNull().Required(), "state": schema.Text("enabled", "disabled"),
		"maxLifetime": schema.Text(), "restrictForAppsCreatedAfterDateTime": schema.Text(),
		"certificateBasedApplicationConfigurationIds": texts(),
	})
}

var configurationFields = schema.Object(schema.Fields{
	"passwordCredentials": restrictionFields(passwordRestrictions), "keyCredentials": restrictionFields(keyRestrictions),
})

var (
	policyBase          = schema.Fields{"displayName": schema.Text().NotNull(), "description": schema.Text().NotNull(), "isEnabled": schema.Flag().NotNull()}
	defaultPolicyFields = policyBase.With(schema.Fields{"applicationRestrictions": configurationFields, "servicePrincipalRestrictions": configurationFields}, schema.Outputs("id"))
	policyFields        = policyBase.With(schema.Fields{"restrictions": configurationFields}, schema.Outputs("id"))
)

// defaultPolicy is the tenant's default.
func defaultPolicy(tx *store.Tx, tenantID string) store.AppManagementPolicy {
	p, ok := store.AppManagementPolicies.Get(tx, store.TenantKey(tenantID, store.DefaultPolicyID))
	if !ok {
		p = store.AppManagementPolicy{TenantID: tenantID, ID: store.DefaultPolicyID, DisplayName: "Default app management tenant policy",
			Description: "Default tenant policy that enforces app management restrictions on applications and service principals. To apply policy to targeted resources, create a new policy under appManagementPolicies collection."}
	}
	return p
}

func putPolicy(tx *store.Tx, p store.AppManagementPolicy) {
	store.AppManagementPolicies.Put(tx, store.TenantKey(p.TenantID, p.ID), p)
}

// viewRestrictions shows a list of a configuration. v1.0 does not know all types.
func (q *request) viewRestrictions(all []store.CredentialRestriction) map[string]any {
	shown := map[string]any{"passwordCredentials": []any{}, "keyCredentials": []any{}}
	for _, r := range all {
		one := map[string]any{"restrictionType": r.Type, "state": "disabled", "maxLifetime": textOrNull(r.MaxLifetime),
			"restrictForAppsCreatedAfterDateTime": momentOrNull(r.AppsAfter)}
		if r.Enabled {
			one["state"] = "enabled"
		}
		list := "passwordCredentials"
		if slices.Contains(keyRestrictions, r.Type) {
			list = "keyCredentials"
			if q.version == "beta" {
				one["certificateBasedApplicationConfigurationIds"] = listOrEmpty(r.Authorities)
			} else if r.Type == trustedAuthority {
				one["restrictionType"] = "unknownFutureValue"
			}
		}
		shown[list] = append(shown[list].([]any), one)
	}
	return shown
}

func (q *request) viewPolicy(p store.AppManagementPolicy) object {
	props := map[string]any{"id": p.ID, "displayName": p.DisplayName, "description": p.Description, "isEnabled": p.IsEnabled}
	if p.ID == store.DefaultPolicyID {
		props["applicationRestrictions"], props["servicePrincipalRestrictions"] = q.viewRestrictions(p.Application), q.viewRestrictions(p.ServicePrincipal)
		return object{kind: "tenantAppManagementPolicy", id: p.ID, props: props}
	}
	props["restrictions"] = q.viewRestrictions(p.Application)
	return object{kind: "appManagementPolicy", id: p.ID, props: props}
}

func getDefaultPolicy(tx *store.Tx, q *request) (answer, error) {
	return q.one("policies/defaultAppManagementPolicy", q.viewPolicy(defaultPolicy(tx, q.caller.TenantID)))
}

func patchDefaultPolicy(tx *store.Tx, q *request) (answer, error) {
	p := defaultPolicy(tx, q.caller.TenantID)
	if err := q.setPolicy(&p, defaultPolicyFields); err != nil {
		return answer{}, err
	}
	putPolicy(tx, p)
	return answer{status: http.StatusNoContent}, nil
}

func listPolicies(tx *store.Tx, q *request) (answer, error) {
	return q.list("policies/appManagementPolicies", filterable{}, func(yield func(string, object) bool) {
		for key, p := range store.AppManagementPolicies.All(tx, store.TenantKey(q.caller.TenantID, "")) {
			if p.ID != store.DefaultPolicyID && !yield(key, q.viewPolicy(p)) {
				return
			}
		}
	})
}

func createPolicy(tx *store.Tx, q *request) (answer, error) {
	p := store.AppManagementPolicy{TenantID: q.caller.TenantID, ID: uuid.NewString()}
	if err := q.setPolicy(&p, policyFields); err != nil {
		return answer{}, err
	}
	if p.DisplayName == "" || p.Description == "" {
		return answer{}, badRequest("The properties 'displayName' and 'description' are required.")
	}
	putPolicy(tx, p)
	q.note(p.ID)
	shown := q.viewPolicy(p)
	return answer{status: http.StatusCreated, context: "policies/appManagementPolicies/$entity", object: &shown}, nil
}

// policyOf is the policy with that id, which is not the default.
func (q *request) policyOf(tx *store.Tx, id string) (store.AppManagementPolicy, error) {
	p, ok := store.AppManagementPolicies.Get(tx, store.TenantKey(q.caller.TenantID, id))
	if !ok || p.ID == store.DefaultPolicyID {
		return p, notFound(id)
	}
	return p, nil
}

func listPolicyUse(tx *store.Tx, q *request) (answer, error) {
	p, err := q.policyOf(tx, q.PathValue("policy"))
	if err != nil {
		return answer{}, err
	}
	return q.list("directoryObjects", filterable{}, func(yield func(string, object) bool) {
		for _, id := range slices.Sorted(slices.Values(p.AppliesTo)) {
			app, ok := store.Applications.Get(tx, store.TenantKey(q.caller.TenantID, id))
			if !ok || app.DeletedAt != nil {
				continue
			}
			shown := viewApplication(tx, app, q.version, false)
			shown.mixed = true
			if !yield(id, shown) {
				return
			}
		}
	})
}

// assignPolicy assigns a policy to the application of the path.
func assignPolicy(tx *store.Tx, q *request) (answer, error) {
	app, body, err := q.applicationBody(tx)
	if err != nil {
		return answer{}, err
	}
	address, _ := body["@odata.id"].(string)
	parsed, err := url.Parse(address)
	if err != nil {
		return answer{}, badRequest("Invalid URL '%s' in a reference.", address)
	}
	_, id, found := strings.Cut(parsed.Path, "/policies/appManagementPolicies/")
	if !found {
		return answer{}, badRequest("Invalid URL '%s' in a reference.", address)
	}
	p, err := q.policyOf(tx, id)
	if err != nil {
		return answer{}, err
	}
	for _, other := range store.AppManagementPolicies.All(tx, store.TenantKey(q.caller.TenantID, "")) {
		if containsID(other.AppliesTo, app.ObjectID) {
			return answer{}, badRequest("One app management policy at most can be assigned to an object.")
		}
	}
	p.AppliesTo = append(p.AppliesTo, app.ObjectID)
	putPolicy(tx, p)
	return answer{status: http.StatusNoContent}, nil
}

// setPolicy reads a request's body into a policy. A list that is sent replaces the
// one before.
func (q *request) setPolicy(p *store.AppManagementPolicy, fields schema.Fields) error {
	body, err := q.body()
	if err == nil {
		body, err = read(fields, policyResource, body)
	}
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		switch value := body[name]; name {
		case "displayName":
			p.DisplayName = value.(string)
		case "description":
			p.Description = value.(string)
		case "isEnabled":
			p.IsEnabled = value.(bool)
		case "servicePrincipalRestrictions":
			p.ServicePrincipal, err = q.restrictions(p.ServicePrincipal, value)
		default: // applicationRestrictions of the default policy, restrictions of others
			p.Application, err = q.restrictions(p.Application, value)
		}
		if err != nil {
			return err
		}
	}
	if p.ID != store.DefaultPolicyID {
		p.ServicePrincipal = p.Application
	}
	return nil
}

// restrictions reads a configuration.
func (q *request) restrictions(before []store.CredentialRestriction, value any) ([]store.CredentialRestriction, error) {
	sent, _ := value.(map[string]any)
	var all []store.CredentialRestriction
	for list, types := range map[string][]string{"passwordCredentials": passwordRestrictions, "keyCredentials": keyRestrictions} {
		items, isSent := sent[list].([]any)
		if !isSent {
			for _, r := range before {
				if slices.Contains(types, r.Type) {
					all = append(all, r)
				}
			}
			continue
		}
		for _, item := range items {
			r, err := readRestriction(item.(map[string]any))
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(all, func(other store.CredentialRestriction) bool { return other.Type == r.Type }) {
				return nil, badRequest("Each restrictionType can be used only once per policy: '%s'.", r.Type)
			}
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b store.CredentialRestriction) int { return strings.Compare(a.Type, b.Type) })
	return all, nil
}

func readRestriction(sent map[string]any) (store.CredentialRestriction, error) {
	r := store.CredentialRestriction{Type: sent["restrictionType"].(string), Enabled: sent["state"] != "disabled", Authorities: textsOf(sent["certificateBasedApplicationConfigurationIds"])}
	r.MaxLifetime, _ = sent["maxLifetime"].(string)
	if after, _ := sent["restrictForAppsCreatedAfterDateTime"].(string); after != "" {
		at, err := time.Parse(time.RFC3339, after)
		if err != nil {
			return r, invalidValue("restrictForAppsCreatedAfterDateTime", policyResource)
		}
		r.AppsAfter = &at
	}
	_, isDuration := lifetime(r.MaxLifetime)
	if limited := strings.HasSuffix(r.Type, "Lifetime"); limited != (r.MaxLifetime != "") || limited && !isDuration {
		return r, invalidValue("maxLifetime", policyResource)
	}
	return r, nil
}
