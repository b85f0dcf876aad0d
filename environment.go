package main

import (
	"encoding/json"
	"fmt"

	"app-to-app/components"
)

// This file is what an environment demands of its stacks. The rules are:
//   - dev may have what a developer needs, a client secret included
//   - test is short-lived: it says when it may be deleted (see expiresOn)
//   - prod has no secret anywhere and is protected
//
// A stack that breaks a rule is refused before anything is created.

// A rule is one demand of an environment on a client.
type rule struct {
	environment string
	broken      func(components.Identity) bool
	mend        string // value of the client's identity
	text        string
}

var rules = []rule{
	{"prod", func(i components.Identity) bool {
		return i.Kind == components.ClientSecret || i.Kind == components.Certificate
	}, components.ManagedIdentity, "expected no secret anywhere in prod, so %s, %s or %s"},
}

// keepRules refuses what the environment does not allow.
func (r *reader) keepRules(s Settings) {
	for n, client := range s.Clients {
		used := map[string]*components.Identity{"identity": &client.Identity, "previousIdentity": client.Previous}
		for _, field := range []string{"identity", "previousIdentity"} {
			for _, rule := range rules {
				if identity := used[field]; identity == nil || rule.environment != s.Environment || !rule.broken(*identity) {
					continue
				}
				key := fmt.Sprintf("%s:clients[%d].%s", namespace, n, field)
				mend := set(key, rule.mend)
				if field == "previousIdentity" {
					mend = remove(key)
				}
				r.refuse(key, mend, rule.text+", got %q", components.ManagedIdentity, components.SystemAssigned, components.Federated, used[field].Kind)
			}
		}
	}
	if key := namespace + ":protect"; s.Environment == "prod" && !s.Protect {
		r.refuse(key, remove(key), "expected a prod stack to be protected; before it is destroyed: pulumi state unprotect --all")
	}
}

// protect reads whether the stack is protected; prod is, unless it says so.
func (r *reader) protect(environment string) bool {
	value := r.text("protect")
	if value == "" {
		return environment == "prod"
	}
	var protect bool
	if json.Unmarshal([]byte(value), &protect) != nil {
		key := namespace + ":protect"
		r.refuse(key, remove(key), "expected true or false, got %q", value)
		return environment == "prod"
	}
	return protect
}
