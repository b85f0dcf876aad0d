package settings

import (
	"encoding/json"
	"fmt"
)

// This file has the rules of the environments:
//   - dev may have what a developer needs, a client secret included
//   - test is short-lived: it says when it may be deleted (see expiresOn)
//   - prod has no secret anywhere and is protected

// A rule is what one environment refuses in a client's identity.
type rule struct {
	environment string
	broken      func(Identity) bool
	fix         string // value of the client's identity
	text        string
}

var rules = []rule{
	{"prod", Identity.HasSecret, ManagedIdentity, "expected no secret anywhere in prod, so %s, %s or %s"},
}

// applyRules refuses what the environment does not allow.
func (p *Problems) applyRules(s Settings) {
	for n, client := range s.Clients {
		used := map[string]*Identity{"identity": &client.Identity, "previousIdentity": client.Previous}
		for _, field := range []string{"identity", "previousIdentity"} {
			for _, rule := range rules {
				identity := used[field]
				if identity == nil || rule.environment != s.Environment || !rule.broken(*identity) {
					continue
				}
				key := fmt.Sprintf("%s:clients[%d].%s", Namespace, n, field)
				fix := SetCommand(key, rule.fix)
				if field == "previousIdentity" {
					fix = removeCommand(key)
				}
				p.refuse(key, fix, rule.text+", got %q", ManagedIdentity, SystemAssigned, Federated, identity.Kind)
			}
		}
	}
	if key := Namespace + ":protect"; s.Environment == "prod" && !s.Protect {
		p.refuse(key, removeCommand(key), "expected a prod stack to be protected; before it is destroyed: pulumi state unprotect --all")
	}
}

// protect reads whether the stack is protected. The default is yes in prod.
func (p *parser) protect(environment string) bool {
	value := p.text("protect")
	if value == "" {
		return environment == "prod"
	}
	var protect bool
	if json.Unmarshal([]byte(value), &protect) != nil {
		key := Namespace + ":protect"
		p.refuse(key, removeCommand(key), "expected true or false, got %q", value)
		return environment == "prod"
	}
	return protect
}
