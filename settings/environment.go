package settings

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
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

// truth is a key that holds true or false.
func (p *parser) truth(name string, otherwise bool) bool {
	value, key := p.text(name), Namespace+":"+name
	if value == "" {
		return otherwise
	}
	var truth bool
	if json.Unmarshal([]byte(value), &truth) != nil {
		p.refuseTruth(key, value, strconv.Quote(value))
		return otherwise
	}
	return truth
}

// refuseTruth refuses what is neither true nor false.
func (p *Problems) refuseTruth(key, value, shown string) {
	for truth, words := range map[string][]string{"true": {"true", "yes", "y", "on", "1"}, "false": {"false", "no", "n", "off", "0"}} {
		if slices.Contains(words, strings.ToLower(value)) {
			p.refuse(key, SetCommand(key, truth), "expected true or false, got %s", shown)
			return
		}
	}
	p.ask(key, "pulumi config set "+pathFlag(key)+shellWord(key)+" true|false", "expected true or false, got %s", shown)
}
