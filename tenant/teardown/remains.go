package teardown

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Remains are the objects of a stack that can outlive a destroy, or that show
// whether something did.
type Remains struct {
	Stack             string      `json:"stack"`
	TenantID          string      `json:"tenantId"`
	SubscriptionID    string      `json:"subscriptionId"`
	ResourceGroups    []string    `json:"resourceGroups"` // ARM ids
	Applications      []Principal `json:"applications"`
	ServicePrincipals []Principal `json:"servicePrincipals"`
	ManagedIdentities []string    `json:"managedIdentities"` // object ids
	Vaults            []Vault     `json:"vaults"`
	Requested         []Requested `json:"requested,omitempty"`
	Granted           []Granted   `json:"granted,omitempty"`

	unknown                bool // there is neither a stack nor a journal
	inState                bool // the state still has resources
	again                  bool // an earlier teardown was interrupted
	protected, environment string
}

// A Principal is an app registration or a service principal.
type Principal struct {
	ObjectID string `json:"objectId"`
	ClientID string `json:"clientId"`
}

// A Vault is a Key Vault, which is kept after it is deleted.
type Vault struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Location string `json:"location"`
}

// String counts what there is.
func (m Remains) String() string {
	return fmt.Sprintf("%d resource group(s), %d app registration(s), %d service principal(s), %d vault(s)",
		len(m.ResourceGroups), len(m.Applications), len(m.ServicePrincipals), len(m.Vaults))
}

func (m *Remains) empty() bool {
	return len(m.ResourceGroups)+len(m.Applications)+len(m.ServicePrincipals)+len(m.ManagedIdentities)+len(m.Vaults)+len(m.Requested)+len(m.Granted) == 0
}

// add merges what was found elsewhere.
func (m *Remains) add(found Remains) {
	m.TenantID, m.SubscriptionID = cmp.Or(found.TenantID, m.TenantID), cmp.Or(found.SubscriptionID, m.SubscriptionID)
	m.ResourceGroups = union(m.ResourceGroups, found.ResourceGroups)
	m.Applications = union(m.Applications, found.Applications)
	m.ServicePrincipals = union(m.ServicePrincipals, found.ServicePrincipals)
	m.ManagedIdentities = union(m.ManagedIdentities, found.ManagedIdentities)
	m.Vaults = union(m.Vaults, found.Vaults)
	m.Requested = union(m.Requested, found.Requested)
	m.Granted = union(m.Granted, found.Granted)
	m.inState, m.again = found.inState, m.again || found.again
}

func union[T comparable](a, b []T) []T {
	for _, item := range b {
		if !slices.Contains(a, item) {
			a = append(a, item)
		}
	}
	return a
}

// refuse is an error if the stack must not be torn down.
func (m Remains) refuse(stack string) error {
	switch {
	case m.protected != "":
		return fmt.Errorf("%w: %s; to delete it anyway: pulumi state unprotect --all --stack %s", ErrProtected, m.protected, stack)
	case m.environment == "prod":
		return fmt.Errorf("%w: its environment is prod; delete it by hand, with pulumi destroy", ErrProtected)
	}
	return nil
}

// readState finds in a state what the stack made itself: a resource that it
// only reads ("external") belongs to somebody else.
func readState(state []byte) (Remains, error) {
	var exported struct {
		Deployment struct {
			Resources []stateResource `json:"resources"`
			Pending   []struct {
				Resource stateResource `json:"resource"`
			} `json:"pending_operations"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(state, &exported); err != nil {
		return Remains{}, err
	}
	var made Remains
	for _, r := range exported.Deployment.Resources {
		if r.Protect && made.protected == "" {
			made.protected = r.URN
		}
		made.inState = true // a provider or a component too: they keep the stack from being removed
		if environment := r.text("environment"); r.Type == "pulumi:pulumi:Stack" && environment != "" {
			made.environment = environment
		}
		if r.Type == "pulumi:pulumi:Stack" {
			made.Requested, made.Granted = r.requested(), r.granted()
		}
		if !r.External {
			made.collect(r)
		}
	}
	if len(exported.Deployment.Pending) > 0 {
		made.inState, made.again = true, true
	}
	return made, nil
}

type stateResource struct {
	URN      string         `json:"urn"`
	Type     string         `json:"type"`
	ID       string         `json:"id"`
	External bool           `json:"external"`
	Protect  bool           `json:"protect"`
	Inputs   map[string]any `json:"inputs"`
	Outputs  map[string]any `json:"outputs"`
}

func (r stateResource) text(output string) string {
	text, _ := r.Outputs[output].(string)
	return text
}

func (m *Remains) collect(r stateResource) {
	if identity, ok := r.Outputs["identity"].(map[string]any); ok {
		if id, ok := identity["principalId"].(string); ok && id != "" {
			m.ManagedIdentities = append(m.ManagedIdentities, id) // the system-assigned identity of a site
		}
	}
	switch principal := (Principal{ObjectID: r.text("objectId"), ClientID: r.text("clientId")}); r.Type {
	case "azure-native:resources:ResourceGroup":
		m.ResourceGroups = append(m.ResourceGroups, r.ID)
		if parts := strings.Split(r.ID, "/"); len(parts) > 2 {
			m.SubscriptionID = parts[2]
		}
		if tags, ok := r.Inputs["tags"].(map[string]any); ok && tags["environment"] == "prod" {
			m.environment = "prod"
		}
	case "azure-native:keyvault:Vault":
		m.Vaults = append(m.Vaults, Vault{ID: r.ID, Name: r.text("name"), Location: r.text("location")})
	case "azure-native:managedidentity:UserAssignedIdentity":
		m.ManagedIdentities = append(m.ManagedIdentities, r.text("principalId"))
	case "azuread:index/application:Application":
		m.Applications = append(m.Applications, principal)
	case "azuread:index/servicePrincipal:ServicePrincipal":
		m.ServicePrincipals = append(m.ServicePrincipals, principal)
		m.TenantID = r.text("applicationTenantId")
	}
}
