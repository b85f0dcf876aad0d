package diff

import (
	"strings"
)

// This file says how far a role assignment of Azure reaches, and which role it
// gives.

// builtInRoles are those that are most worth recognising, by id
// (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).
var builtInRoles = map[string]string{
	"8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
	"b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
	"acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
	"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
	"f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
	"de139f84-1756-47ae-9be6-808fbbe84772": "Website Contributor",
	"f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
	"e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": "Managed Identity Contributor",
	"17d1049b-9a84-46fb-8f53-869881c3d3ab": "Storage Account Contributor",
	"b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
	"ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
	"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
	"974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
	"0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
	"3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
	"00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
	"f25e0fa2-a7c8-4377-a976-54943a77a395": "Key Vault Contributor",
	"b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
	"4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
	"21090545-7ca7-4776-b22c-e363652d74d2": "Key Vault Reader",
}

// azureRole is the role of a role assignment, whose definition is named by its
// ARM id. A custom role is as strong as its definition says.
func (s *stack) azureRole(v value) (text string, understood bool) {
	id := v.text()
	if id == "" {
		return "a role that is " + s.show(v), false
	}
	short := strings.ToLower(id[strings.LastIndex(id, "/")+1:])
	if name := builtInRoles[short]; name != "" {
		return name, true
	}
	return "the role " + code(id) + ", whose rights are not known here,", true
}

// nounsOf are the types of ARM that role assignments have as their scope here.
var nounsOf = map[string]string{
	"microsoft.storage/storageaccounts":                         "the storage account",
	"microsoft.storage/storageaccounts/blobservices/containers": "the container",
	"microsoft.keyvault/vaults":                                 "the key vault",
	"microsoft.keyvault/vaults/secrets":                         "the secret",
	"microsoft.web/sites":                                       "the function app",
	"microsoft.web/serverfarms":                                 "the plan",
	"microsoft.insights/components":                             "the telemetry",
	"microsoft.operationalinsights/workspaces":                  "the log workspace",
	"microsoft.managedidentity/userassignedidentities":          "the managed identity",
}

// reach is the scope of a role assignment in words
// (https://learn.microsoft.com/azure/role-based-access-control/scope-overview).
func (s *stack) reach(v value) (text string, understood bool) {
	scope := v.text()
	if scope == "" {
		// Only a resource of Azure has an id that is a scope.
		if v.raw == unknownValue && len(v.from) == 1 && strings.HasPrefix(typeOf(v.from[0]), "azure-native:") && !s.foreign(v.from[0]) {
			return s.label(v.from[0]) + notKnownYet, true
		}
		return "a scope that is " + s.show(v), false
	}
	if scope == "/" {
		return "the **tenant root**, with every subscription in it", true
	}
	if urn := s.ids[strings.ToLower(scope)]; urn != "" && strings.Count(scope, "/") > 4 {
		return "the " + s.label(urn), true
	}
	segments := strings.Split(strings.Trim(scope, "/"), "/")
	names := func(i int, name string) bool { return i < len(segments) && strings.EqualFold(segments[i], name) }
	switch {
	case len(segments) == 4 && names(0, "providers") && names(1, "Microsoft.Management") && names(2, "managementGroups"):
		return "the **management group** " + code(segments[3]) + ", with every subscription in it", true
	case len(segments) == 2 && names(0, "subscriptions"):
		return "the **whole subscription** " + code(segments[1]), true
	case len(segments) == 4 && names(0, "subscriptions") && names(2, "resourceGroups"):
		return "the **resource group** " + code(segments[3]) + " in the subscription " + code(segments[1]), true
	case len(segments) >= 8 && len(segments)%2 == 0 && names(0, "subscriptions") && names(2, "resourceGroups") && names(4, "providers"):
		token := strings.ToLower(segments[5])
		var path []string
		for i := 6; i < len(segments); i += 2 {
			token += "/" + strings.ToLower(segments[i])
			path = append(path, segments[i+1])
		}
		if noun := nounsOf[token]; noun != "" {
			return noun + " " + code(strings.Join(path, "/")) + " in the resource group " + code(segments[3]) + " of the subscription " + code(segments[1]), true
		}
		return "the resource " + code(scope), true
	}
	return "the scope " + code(scope), false
}
