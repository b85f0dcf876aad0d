package teardown

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/tenant/program"
)

// This file keeps a teardown from running somebody else's code. A stack may have
// been deployed from a branch, and what the engine does to delete a resource is
// in the state: a command's line, a provider and where its plugin comes from. So
// the state must have nothing that the program of the default branch could not
// have put there.

// ErrForeign is the refusal of a state with resources that are not the program's.
var ErrForeign = errors.New("state has resources that the program does not make")

// A foreignResource is a resource that is not the program's.
type foreignResource struct{ urn, reason string }

// exportedResources are the resources of a state, and those of operations that
// did not finish.
type exportedResources struct {
	Deployment struct {
		Resources []program.Resource `json:"resources"`
		Pending   []struct {
			Resource program.Resource `json:"resource"`
		} `json:"pending_operations"`
	} `json:"deployment"`
}

// findForeign lists the resources of a state that are not the program's. A
// resource of a foreign provider is foreign too.
func findForeign(state []byte) ([]foreignResource, error) {
	var exported exportedResources
	if err := json.Unmarshal(state, &exported); err != nil {
		return nil, err
	}
	all := exported.Deployment.Resources
	for _, pending := range exported.Deployment.Pending {
		all = append(all, pending.Resource)
	}
	var found []foreignResource
	foreign := make(map[string]bool)
	for _, r := range all {
		reason := r.Foreign()
		if provider := urnOfProvider(r.Provider); reason == "" && foreign[provider] {
			reason = "its provider is not the program's"
		}
		if reason == "" || foreign[r.URN] {
			continue
		}
		foreign[r.URN] = true
		found = append(found, foreignResource{r.URN, reason})
	}
	return found, nil
}

// urnOfProvider is the URN in a reference to a provider, which ends with the
// provider's id.
func urnOfProvider(reference string) string {
	return reference[:max(strings.LastIndex(reference, "::"), 0)]
}

// refuseForeign refuses a state that could run somebody else's code. With
// ForgetForeign it returns the state without those resources instead, nil if
// there are none.
func (o Options) refuseForeign(state []byte) (rest []byte, err error) {
	if err := o.refuseSecretsProvider(state); err != nil {
		return nil, err
	}
	found, err := findForeign(state)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var list strings.Builder
	for _, r := range found {
		fmt.Fprintf(&list, "\n  %s: %s", r.urn, r.reason)
	}
	if !o.ForgetForeign {
		return nil, azurecloud.WithHint(fmt.Errorf("%w, and deleting them could run code that nobody reviewed: nothing was deleted%s", ErrForeign, &list),
			"tenant teardown -stack "+o.Name+" -forget-foreign takes them out of the state first; what they stand for is then not deleted")
	}
	o.logf("forgetting what the program does not make; what it stands for is not deleted, unless it is in a resource group of the stack:%s", &list)
	return without(state, found)
}

// without is a state without some resources, and without references to them.
// Whatever else it has stays as it was.
func without(state []byte, gone []foreignResource) ([]byte, error) {
	var exported struct {
		Version    json.RawMessage            `json:"version"`
		Deployment map[string]json.RawMessage `json:"deployment"`
	}
	if err := json.Unmarshal(state, &exported); err != nil {
		return nil, err
	}
	isGone := func(urn string) bool {
		return slices.ContainsFunc(gone, func(r foreignResource) bool { return r.urn == urn })
	}
	var resources, pending []map[string]any
	for key, list := range map[string]*[]map[string]any{"resources": &resources, "pending_operations": &pending} {
		if exported.Deployment[key] == nil {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(exported.Deployment[key]))
		decoder.UseNumber()
		if err := decoder.Decode(list); err != nil {
			return nil, err
		}
	}
	resources = slices.DeleteFunc(resources, func(r map[string]any) bool { return isGone(text(r["urn"])) })
	pending = slices.DeleteFunc(pending, func(p map[string]any) bool {
		r, _ := p["resource"].(map[string]any)
		return isGone(text(r["urn"]))
	})
	for _, r := range resources {
		unrefer(r, isGone)
	}
	for key, list := range map[string][]map[string]any{"resources": resources, "pending_operations": pending} {
		if exported.Deployment[key] == nil {
			continue
		}
		encoded, err := json.Marshal(list)
		if err != nil {
			return nil, err
		}
		exported.Deployment[key] = encoded
	}
	return json.Marshal(exported)
}

// unrefer removes a resource's references to those that are gone.
func unrefer(r map[string]any, isGone func(urn string) bool) {
	keep := func(list any) []any {
		all, _ := list.([]any)
		return slices.DeleteFunc(all, func(urn any) bool { return isGone(text(urn)) })
	}
	if r["dependencies"] != nil {
		r["dependencies"] = keep(r["dependencies"])
	}
	byProperty, _ := r["propertyDependencies"].(map[string]any)
	for property, list := range byProperty {
		byProperty[property] = keep(list)
	}
	for _, key := range []string{"parent", "deletedWith"} {
		if isGone(text(r[key])) {
			delete(r, key)
		}
	}
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
