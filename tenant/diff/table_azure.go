package diff

import (
	"fmt"
	"strings"
)

// azureKinds are the resources of azure-native that decide who may do what in
// Azure, or as whom code runs. All others of authorization, managedidentity and
// keyvault are not understood, custom roles among them: what they allow is a list
// of actions.
var azureKinds = table{
	"azure-native:authorization:RoleAssignment": {
		noun: "role assignment", describe: describeRoleAssignment, check: checkRoleAssignment,
		properties: append([]property{
			{path: "principalId", shown: true, part: true, ids: true}, {path: "roleDefinitionId", shown: true, part: true}, {path: "scope", shown: true, part: true},
			{path: "condition", what: "the condition that limits it", shown: true, part: true}, {path: "conditionVersion", shown: true, part: true},
		}, quiet("principalType", "roleAssignmentName", "description")...),
	},
	userAssignedType: {
		noun: "managed identity", outputs: []string{"principalId", "clientId"}, describe: describeIdentity,
		properties: append(places("location", "resourceGroupName", "resourceName"), quiet("tags")...),
	},
	"azure-native:managedidentity:FederatedIdentityCredential": {
		noun: "federated credential",
		properties: append(append(places("federatedIdentityCredentialResourceName"),
			property{path: "resourceName", what: "the managed identity that it is of", shown: true},
			property{path: "resourceGroupName", what: "the resource group of that identity", shown: true}), trust...),
	},
	vaultType: {
		noun: "key vault", outputs: []string{"name"},
		properties: append(append(places("location", "resourceGroupName", "vaultName"), []property{
			{path: "properties.enableRbacAuthorization", what: "whether roles decide who reads it", then: "; without, access policies do", shown: true, usual: true, stated: true},
			{path: "properties.accessPolicies", shown: true, ids: true, lines: accessPolicyLines},
			{path: "properties.publicNetworkAccess", what: "whether it is reachable from public networks", shown: true, usual: "Enabled"},
			{path: "properties.networkAcls", what: "the networks that reach it"},
			{path: "properties.tenantId", what: "the tenant whose principals it admits", shown: true},
			{path: "properties.enabledForDeployment", what: "whether virtual machines may fetch its certificates", shown: true, usual: false},
			{path: "properties.enabledForDiskEncryption", what: "whether disk encryption may fetch its secrets", shown: true, usual: false},
			{path: "properties.enabledForTemplateDeployment", what: "whether whoever deploys templates may fetch its secrets", shown: true, usual: false},
			{path: "properties.createMode", what: "how it is made", then: "; `recover` brings back the old one with its secrets", shown: true, usual: "default"},
		}...), quiet("tags", "properties.sku", "properties.enableSoftDelete", "properties.softDeleteRetentionInDays", "properties.enablePurgeProtection")...),
	},
	"azure-native:keyvault:Secret": {
		noun: "secret in a key vault", inside: container{vaultType, "vaultName"},
		properties: append(append(places("resourceGroupName", "secretName"), []property{
			{path: "vaultName", what: "the vault that it is in", then: "; whoever may read that vault reads it", shown: true},
			{path: "properties.value", what: "its value", then: "; whoever reads it gets the new one", part: true},
			{path: "properties.attributes.enabled", what: "whether it can be read", shown: true, usual: true},
		}...), quiet("tags", "properties.contentType", "properties.attributes.expires", "properties.attributes.notBefore")...),
	},
	"azure-native:keyvault:AccessPolicy": {
		noun: "access policy of a key vault",
		properties: append(append(places("resourceGroupName"), property{path: "vaultName", what: "the vault that it is of", shown: true}),
			property{path: "policy", shown: true, ids: true, lines: accessPolicyLines}),
	},
}

const vaultType = "azure-native:keyvault:Vault"

func describeRoleAssignment(s *stack, c change) (lines []line) {
	for _, side := range c.sides() {
		who, _ := s.principal(valueOf(side.Side, "principalId"))
		role, _ := s.azureRole(valueOf(side.Side, "roleDefinitionId"))
		reach, _ := s.reach(valueOf(side.Side, "scope"))
		text := fmt.Sprintf("%s of %s", role, reach)
		if condition := valueOf(side.Side, "condition"); condition.set {
			text += ", under the condition " + s.show(condition) + " in version " + s.show(valueOf(side.Side, "conditionVersion"))
		}
		if side.gone {
			lines = append(lines, line{loses, who + " **loses** " + text})
		} else {
			lines = append(lines, line{gains, who + " **gains** " + text})
		}
	}
	return lines
}

func checkRoleAssignment(s *stack, side *Side) []string {
	unknown := checkPrincipals("principalId")(s, side)
	if _, understood := s.azureRole(valueOf(side, "roleDefinitionId")); !understood {
		unknown = append(unknown, "roleDefinitionId")
	}
	if _, understood := s.reach(valueOf(side, "scope")); !understood {
		unknown = append(unknown, "scope")
	}
	return unknown
}

func describeIdentity(s *stack, c change) []line {
	switch text := s.label(c.urn) + " is " + c.word(); c.op {
	case created:
		return []line{{neither, text}}
	case replaced:
		return []line{{gains, text + ", and with it its object id: what the old one was allowed is gone"}}
	default:
		return []line{{loses, text + ", with all that it was allowed"}}
	}
}

// An entry of a vault's access policies: who may do what.
type policy struct{ who, may string }

// policies are the access policies below a property, and whether all are known.
func (s *stack) policies(side *Side, property string) (all []policy, known bool) {
	known = true
	byEntry := make(map[string]*policy)
	for _, path := range inside(side, property) {
		entry, name, found := strings.Cut(strings.TrimPrefix(path, property), ".")
		if !found {
			return nil, valueOf(side, path).set && len(guids(valueOf(side, path))) == 0 && isEmpty(side.Inputs[path])
		}
		p := byEntry[entry]
		if p == nil {
			p = &policy{}
			byEntry[entry] = p
		}
		v := valueOf(side, path)
		known = known && v.known()
		switch name {
		case "objectId":
			p.who = s.named(v.text())
		case "applicationId":
			p.may += " through the application " + s.show(v)
		case "tenantId":
		default:
			p.may += " " + strings.TrimPrefix(name, "permissions.") + ": " + s.show(v)
		}
	}
	for _, entry := range keys(byEntry, nil) {
		all = append(all, *byEntry[entry])
	}
	return all, known
}

func isEmpty(value any) bool {
	list, ok := value.([]any)
	return ok && len(list) == 0
}

// accessPolicyLines says who a vault admits by its access policies, which count
// only while roles do not decide.
func accessPolicyLines(s *stack, c change) (lines []line) {
	property := "properties.accessPolicies"
	if unversioned(typeOf(c.urn)) != vaultType {
		property = "policy"
	}
	vault := s.label(c.urn)
	was, knew := s.policies(c.old, property)
	is, knows := s.policies(c.new, property)
	if !knew || !knows {
		return []line{{gains, vault + " changes its access policies to values that are not known or not shown"}}
	}
	missing := func(p policy, from []policy) bool {
		for _, other := range from {
			if other == p {
				return false
			}
		}
		return true
	}
	for _, p := range is {
		if missing(p, was) {
			lines = append(lines, line{gains, p.who + " **gains** by an access policy of the " + vault + p.may})
		}
	}
	for _, p := range was {
		if missing(p, is) {
			lines = append(lines, line{loses, p.who + " **loses** by an access policy of the " + vault + p.may})
		}
	}
	return lines
}
