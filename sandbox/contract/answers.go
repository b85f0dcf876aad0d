package contract

import (
	"maps"
	"strings"
)

// This file says which type each route answers with when it succeeds. [x] is a
// page of x.

const (
	none  = "none"  // no body
	count = "count" // a number as text
)

// answers are the routes of the services that have published types.
var answers = map[string]map[string]string{"graph": allOfGraph(), "arm": armAnswers, "keyvault": vaultAnswers}

func allOfGraph() map[string]string {
	all := maps.Clone(graphAnswers)
	maps.Copy(all, betaAnswers)
	return all
}

// problems are the types of their errors.
var problems = map[string]string{"graph": "graphError", "arm": "shared/armError", "keyvault": "shared/keyVaultError"}

// Covers says whether a service has a contract.
func Covers(service string) bool { return answers[service] != nil }

// Of returns the kind of a route's answers.
func Of(service, pattern string) (kind string, ok bool) {
	kind, ok = answers[service][Key(service, pattern)]
	return kind, ok
}

// Key is what [Answers] knows a pattern by. Both versions of Graph answer alike,
// from tables of their own; what ARM answers depends on what follows the last
// provider, and not on the scope before it.
func Key(service, pattern string) string {
	method, path, _ := strings.Cut(pattern, " ")
	switch service {
	case "graph":
		path = strings.TrimPrefix(strings.TrimPrefix(path, "/v1.0"), "/beta")
	case "arm":
		if i := strings.LastIndex(path, "/providers/"); i >= 0 {
			path = path[i+len("/providers/"):]
		}
	}
	return method + " " + path
}

// Answers returns the routes of a service that have a type, by their [Key].
func Answers(service string) map[string]string { return answers[service] }

// betaAnswers are of routes that only beta has.
var betaAnswers = map[string]string{
	"GET /auditLogs/signIns":                        "[signIn]",
	"GET /reports/servicePrincipalSignInActivities": "[servicePrincipalSignInActivity]",
	"GET /reports/appCredentialSignInActivities":    "[appCredentialSignInActivity]",
}

var graphAnswers = map[string]string{
	"POST /$batch": "batch",

	"GET /applications":                                                   "[application]",
	"GET /applications/$count":                                            count,
	"POST /applications":                                                  "application",
	"GET /applications/{id}":                                              "application",
	"PATCH /applications/{id}":                                            none,
	"DELETE /applications/{id}":                                           none,
	"GET /applications/{id}/owners":                                       "[directoryObject]",
	"POST /applications/{id}/owners/$ref":                                 none,
	"GET /applications/{id}/owners/{owner}/$ref":                          "reference",
	"DELETE /applications/{id}/owners/{owner}/$ref":                       none,
	"POST /applications/{id}/addPassword":                                 "passwordCredential",
	"POST /applications/{id}/removePassword":                              none,
	"GET /applications/{id}/federatedIdentityCredentials":                 "[federatedIdentityCredential]",
	"POST /applications/{id}/federatedIdentityCredentials":                "federatedIdentityCredential",
	"GET /applications/{id}/federatedIdentityCredentials/{credential}":    "federatedIdentityCredential",
	"PATCH /applications/{id}/federatedIdentityCredentials/{credential}":  none,
	"DELETE /applications/{id}/federatedIdentityCredentials/{credential}": none,
	"GET /servicePrincipals":                                              "[servicePrincipal]",
	"GET /servicePrincipals/$count":                                       count,
	"POST /servicePrincipals":                                             "servicePrincipal",
	"GET /servicePrincipals/{id}":                                         "servicePrincipal",
	"PATCH /servicePrincipals/{id}":                                       none,
	"DELETE /servicePrincipals/{id}":                                      none,
	"GET /servicePrincipals/{id}/owners":                                  "[directoryObject]",
	"POST /servicePrincipals/{id}/owners/$ref":                            none,
	"GET /servicePrincipals/{id}/owners/{owner}/$ref":                     "reference",
	"DELETE /servicePrincipals/{id}/owners/{owner}/$ref":                  none,
	"POST /servicePrincipals/{id}/addPassword":                            "passwordCredential",
	"POST /servicePrincipals/{id}/removePassword":                         none,
	"GET /servicePrincipals/{id}/appRoleAssignedTo":                       "[appRoleAssignment]",
	"GET /servicePrincipals/{id}/appRoleAssignedTo/{assignment}":          "appRoleAssignment",
	"POST /servicePrincipals/{id}/appRoleAssignedTo":                      "appRoleAssignment",
	"DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignment}":       none,
	"GET /servicePrincipals/{id}/appRoleAssignments":                      "[appRoleAssignment]",
	"GET /servicePrincipals/{id}/appRoleAssignments/{assignment}":         "appRoleAssignment",
	"POST /servicePrincipals/{id}/appRoleAssignments":                     "appRoleAssignment",
	"DELETE /servicePrincipals/{id}/appRoleAssignments/{assignment}":      none,
	"POST /directoryObjects/getByIds":                                     "[directoryObject]",
	"POST /servicePrincipals/{id}/getMemberGroups":                        "[string]",
	"GET /servicePrincipals/{id}/oauth2PermissionGrants":                  "[oAuth2PermissionGrant]",
	"GET /oauth2PermissionGrants":                                         "[oAuth2PermissionGrant]",
	"GET /directoryObjects/{id}":                                          "directoryObject",
	"GET /directory/deletedItems/microsoft.graph.application":             "[application]",
	"GET /directory/deletedItems/microsoft.graph.servicePrincipal":        "[servicePrincipal]",
	"GET /directory/deletedItems/{id}":                                    "directoryObject",
	"POST /directory/deletedItems/{id}/restore":                           "directoryObject",
	"DELETE /directory/deletedItems/{id}":                                 none,
	"GET /policies/defaultAppManagementPolicy":                            "tenantAppManagementPolicy",
	"PATCH /policies/defaultAppManagementPolicy":                          none,
	"GET /policies/appManagementPolicies":                                 "[appManagementPolicy]",
	"POST /policies/appManagementPolicies":                                "appManagementPolicy",
	"GET /policies/appManagementPolicies/{policy}/appliesTo":              "[directoryObject]",
	"POST /applications/{id}/appManagementPolicies/$ref":                  none,
	"GET /organization":                                                   "[organization]",
	"GET /organization/{id}":                                              "organization",
	"GET /me":                                                             none, // it refuses everyone here
}
