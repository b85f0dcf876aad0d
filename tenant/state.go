package tenant

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// This file reads what the exports leave out from a stack's state, as `pulumi
// stack export` writes it. Encrypted values stay encrypted.

// secretSignature marks a value that the engine keeps encrypted, or one of a
// type that JSON lacks (Pulumi's own sdk/go/common/resource, SigKey).
const secretSignature = "4dabf18193072939515e22adb298388d"

// A state is the part of a stack's state that this package needs.
type state struct {
	settings    map[string]map[string]setting // app settings by site, in lower case; nil when all of them are one secret
	identities  map[string][]string           // ids of the user-assigned identities attached, by site
	system      map[string]bool               // sites with an identity of their own
	assignments map[assignment]string         // app role assignments, with the names of their resources
	holders     map[string][]string           // object ids that hold an app role, in lower case, by the name of the component
	registered  []registered
	project     string               // "" for a state without resources
	stack       string               // likewise
	made        map[string]time.Time // when federated identity credentials were made, by id in lower case
	ids         map[string]bool      // of all resources, in lower case: ARM ids and object ids
	unfinished  []string             // names of resources with an operation that did not end

	subscription string // of the first resource of Resource Manager; "" without any
}

// A registered is an app registration of the stack.
type registered struct{ name, objectID, clientID, component string }

// A setting is a declared app setting. The value of a secret is not known.
type setting struct {
	value  string
	secret bool
}

// A stateResource is a resource in the state.
type stateResource struct {
	URN     string                     `json:"urn"`
	Created time.Time                  `json:"created"`
	Type    string                     `json:"type"`
	ID      string                     `json:"id"`
	Delete  bool                       `json:"delete"`
	Parent  string                     `json:"parent"` // URN
	Inputs  map[string]json.RawMessage `json:"inputs"`
	Outputs map[string]json.RawMessage `json:"outputs"`
}

// name is the resource's own, the last part of its URN.
func (r stateResource) name() string { return nameIn(r.URN) }

// component is the name of the resource's parent.
func (r stateResource) component() string { return nameIn(r.Parent) }

func nameIn(urn string) string { return urn[strings.LastIndex(urn, ":")+1:] }

func (r stateResource) text(property string) string {
	for _, from := range []map[string]json.RawMessage{r.Outputs, r.Inputs} {
		var text string
		if json.Unmarshal(from[property], &text) == nil && text != "" {
			return text
		}
	}
	return ""
}

// ReadState adds what only the state knows: app settings, attached identities,
// and what a client that is moving between two kinds of identity still has.
func (d *Declaration) ReadState(data []byte) error {
	var exported struct {
		Deployment struct {
			Resources []stateResource
			Pending   []struct{ Resource stateResource } `json:"pending_operations"`
		}
	}
	if err := json.Unmarshal(data, &exported); err != nil {
		return fmt.Errorf("read the stack's state: expected the output of pulumi stack export: %w", err)
	}
	s := &state{settings: make(map[string]map[string]setting), identities: make(map[string][]string), system: make(map[string]bool), assignments: make(map[assignment]string), holders: make(map[string][]string), made: make(map[string]time.Time), ids: make(map[string]bool)}
	for _, r := range exported.Deployment.Resources {
		if parts := strings.SplitN(strings.TrimPrefix(r.URN, "urn:pulumi:"), "::", 3); len(parts) == 3 {
			s.stack, s.project = parts[0], parts[1]
		}
		s.ids[strings.ToLower(strings.TrimPrefix(r.ID, "/applications/"))] = true
		if parts := strings.Split(r.ID, "/"); s.subscription == "" && len(parts) > 2 && parts[1] == "subscriptions" {
			s.subscription = parts[2]
		}
		if r.Delete {
			continue
		}
		var err error
		switch native := strings.HasPrefix(r.Type, "azure-native:web"); {
		case native && strings.HasSuffix(r.Type, ":WebAppApplicationSettings"):
			err = s.readSettings(r)
		case native && strings.HasSuffix(r.Type, ":WebApp"):
			err = s.readIdentity(r)
		case strings.HasSuffix(r.Type, ":AppRoleAssignment"):
			holder := strings.ToLower(r.text("principalObjectId"))
			s.assignments[assignment{holder, strings.ToLower(r.text("appRoleId"))}] = r.name()
			s.holders[r.component()] = append(s.holders[r.component()], holder)
		case strings.HasSuffix(r.Type, ":ApplicationFederatedIdentityCredential"):
			s.made[strings.ToLower(r.text("credentialId"))] = r.Created
		case strings.HasPrefix(r.Type, "azuread:") && strings.HasSuffix(r.Type, ":Application"):
			s.registered = append(s.registered, registered{r.name(), r.text("objectId"), r.text("clientId"), r.component()})
		}
		if err != nil {
			return fmt.Errorf("read the stack's state: %s: %w", r.name(), err)
		}
	}
	for _, p := range exported.Deployment.Pending {
		s.unfinished = append(s.unfinished, p.Resource.name())
	}
	d.state = s
	return nil
}

// isSecret reports whether a value is one that the engine encrypted.
func isSecret(value json.RawMessage) bool {
	var marked map[string]json.RawMessage
	return json.Unmarshal(value, &marked) == nil && marked[secretSignature] != nil
}

func (s *state) readSettings(r stateResource) error {
	site := strings.ToLower(r.ID)
	if i := strings.LastIndex(site, "/config/"); i >= 0 {
		site = site[:i]
	}
	properties := r.Inputs["properties"]
	if isSecret(properties) {
		s.settings[site] = nil
		return nil
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(properties, &values); err != nil {
		return err
	}
	s.settings[site] = make(map[string]setting, len(values))
	for name, value := range values {
		if isSecret(value) {
			s.settings[site][name] = setting{secret: true}
			continue
		}
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return fmt.Errorf("app setting %s: %w", name, err)
		}
		s.settings[site][name] = setting{value: text}
	}
	return nil
}

func (s *state) readIdentity(r stateResource) error {
	var identity struct {
		Type         string          `json:"type"`
		UserAssigned json.RawMessage `json:"userAssignedIdentities"`
	}
	if r.Inputs["identity"] != nil {
		if err := json.Unmarshal(r.Inputs["identity"], &identity); err != nil {
			return err
		}
	}
	var ids []string // a list in inputs; older ones have a map
	if json.Unmarshal(identity.UserAssigned, &ids) != nil {
		var byID map[string]json.RawMessage
		if json.Unmarshal(identity.UserAssigned, &byID) == nil {
			for id := range byID {
				ids = append(ids, id)
			}
		}
	}
	site := strings.ToLower(r.ID)
	s.identities[site] = ids
	s.system[site] = strings.Contains(identity.Type, "SystemAssigned")
	return nil
}
