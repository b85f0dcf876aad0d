package graph

import (
	"slices"

	"app-to-app/sandbox/route"
)

// This file is the table of what the sandbox's Graph answers. Permissions are
// those of the linked pages for application callers; any one entry admits, two
// names joined by a plus sign are needed together.

// documented is where Microsoft documents a method.
func documented(name string) string { return "https://learn.microsoft.com/graph/api/" + name }

var (
	readApps = []string{
		"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All", ownedBy,
	}
	readOwn    = append([]string{itself}, readApps...)
	writeApps  = []string{"Application.ReadWrite.All", "Directory.ReadWrite.All", ownedBy}
	writeRoles = []string{
		"AppRoleAssignment.ReadWrite.All+Application.Read.All", "AppRoleAssignment.ReadWrite.All+Application.ReadWrite.All",
		"AppRoleAssignment.ReadWrite.All+Directory.Read.All", "AppRoleAssignment.ReadWrite.All+Directory.ReadWrite.All",
	}
	readPolicies   = []string{"Policy.Read.All", "Policy.Read.ApplicationConfiguration", writePolicy}
	writePolicies  = []string{writePolicy}
	readPolicyUse  = []string{"Application.Read.All+Policy.Read.All", "Application.Read.All+" + writePolicy}
	assignPolicies = []string{"Application.Read.All+" + writePolicy, "Application.ReadWrite.All+" + writePolicy}
	readTenant     = []string{"Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readAll        = []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readGrants     = []string{"Directory.Read.All", "Directory.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"}
	selectQuery    = []string{"$select"}

	expandQuery     = []string{"$select", "$expand"}
	expandListQuery = append([]string{"$expand"}, listQuery...)
)

const writePolicy = "Policy.ReadWrite.ApplicationConfiguration"

// A row is a request that both versions answer.
type row struct {
	method, path string
	permission   []string
	query        []string
	serve        operation
	page         string // of the reference
	checked      string // when it was last compared with that page
	witness      string // the row of TestWitness
}

// routes are all the requests known, under both versions. Their answers differ
// in one name only: beta calls a service principal's delegated permissions
// publishedPermissionScopes.
func (s *Service) routes() []route.Route {
	routes := s.betaRoutes()
	for _, version := range []string{"/v1.0", "/beta"} {
		routes = append(routes, s.batchRoute(version))
		for _, r := range slices.Concat(applicationRows, servicePrincipalRows, assignmentRows, directoryRows, policyRows) {
			routes = append(routes, route.Route{
				Pattern: r.method + " " + version + r.path, Permission: r.permission, Query: r.query, Serve: s.serve(r.serve),
				Doc: documented(r.page), Checked: r.checked, Witness: "TestWitness" + version + "/" + r.witness,
			})
		}
	}
	return routes
}

// betaRoutes are those that only beta has.
func (s *Service) betaRoutes() []route.Route {
	return []route.Route{
		route.Of("GET /beta/auditLogs/signIns", s.serve(listSignIns), documented("signin-list"), "2026-11-26", "TestSignIns").
			For(readLogs).With("$filter", "$top", "$skiptoken", "$orderby", "$select"),
		route.Of("GET /beta/reports/servicePrincipalSignInActivities", s.serve(listClientActivities),
			documented("reportroot-list-serviceprincipalsigninactivities"), "2026-11-26", "TestSignInActivities").
			For(readLogs).With("$filter", "$top", "$skiptoken"),
		route.Of("GET /beta/reports/appCredentialSignInActivities", s.serve(listCredentialActivities),
			documented("reportroot-list-appcredentialsigninactivities"), "2026-11-26", "TestSignInActivities").
			For(readLogs).With("$filter", "$top", "$skiptoken"),
	}
}

// readLogs is the least permission of an application for the sign-in log.
const readLogs = "AuditLog.Read.All"

// batchRoute is the route that runs others. Its caller needs a token, and the
// permissions of what is in the batch.
func (s *Service) batchRoute(version string) route.Route {
	return route.Route{
		Pattern: "POST " + version + "/$batch", Serve: s.batch, Doc: "https://learn.microsoft.com/graph/json-batching",
		Checked: "2026-11-26", Witness: "TestWitness" + version + "/batch",
	}
}

var applicationRows = []row{
	{"GET", "/applications", readApps, listQuery, listApplications, "application-list", "2026-11-23", "list applications"},
	{"GET", "/applications/$count", readApps, []string{"$filter"}, counter(applicationFilters, applications),
		"application-list", "2026-11-26", "count applications"},
	{"POST", "/applications", writeApps, nil, createApplication, "application-post-applications", "2026-11-23", "create application"},
	{"GET", "/applications/{id}", readOwn, selectQuery, getApplication, "application-get", "2026-11-23", "get application"},
	{"PATCH", "/applications/{id}", writeApps, nil, patchApplication, "application-update", "2026-11-23", "update application"},
	{"DELETE", "/applications/{id}", writeApps, nil, deleteApplication, "application-delete", "2026-11-23", "delete application"},
	{"GET", "/applications/{id}/owners", readOwn, listQuery, listOwners,
		"application-list-owners", "2026-11-23", "list application owners"},
	{"POST", "/applications/{id}/owners/$ref", writeApps, nil, addOwner,
		"application-post-owners", "2026-11-23", "add application owner"},
	{"GET", "/applications/{id}/owners/{owner}/$ref", readOwn, selectQuery, getOwner,
		"application-list-owners", "2026-11-23", "get application owner"},
	{"DELETE", "/applications/{id}/owners/{owner}/$ref", writeApps, nil, removeOwner,
		"application-delete-owners", "2026-11-23", "remove application owner"},
	{"POST", "/applications/{id}/addPassword", writeApps, nil, addPassword, "application-addpassword", "2026-11-23", "add password"},
	{"POST", "/applications/{id}/removePassword", writeApps, nil, removePassword,
		"application-removepassword", "2026-11-23", "remove password"},

	{"GET", "/applications/{id}/federatedIdentityCredentials", readApps, listQuery, listFederated,
		"application-list-federatedidentitycredentials", "2026-11-23", "list federated credentials"},
	{"POST", "/applications/{id}/federatedIdentityCredentials", writeApps, nil, createFederated,
		"application-post-federatedidentitycredentials", "2026-11-23", "create federated credential"},
	{"GET", "/applications/{id}/federatedIdentityCredentials/{credential}", readApps, selectQuery, getFederated,
		"federatedidentitycredential-get", "2026-11-23", "get federated credential"},
	{"PATCH", "/applications/{id}/federatedIdentityCredentials/{credential}", writeApps, nil, patchFederated,
		"federatedidentitycredential-update", "2026-11-23", "update federated credential"},
	{"DELETE", "/applications/{id}/federatedIdentityCredentials/{credential}", writeApps, nil, deleteFederated,
		"federatedidentitycredential-delete", "2026-11-23", "delete federated credential"},
}

var servicePrincipalRows = []row{
	{"GET", "/servicePrincipals", readApps, expandListQuery, listServicePrincipals,
		"serviceprincipal-list", "2026-11-26", "list service principals"},
	{"GET", "/servicePrincipals/$count", readApps, []string{"$filter"}, counter(servicePrincipalFilters, servicePrincipals),
		"serviceprincipal-list", "2026-11-26", "count service principals"},
	{"POST", "/servicePrincipals", writeApps, nil, createServicePrincipal,
		"serviceprincipal-post-serviceprincipals", "2026-11-23", "create service principal"},
	{"GET", "/servicePrincipals/{id}", readOwn, expandQuery, getServicePrincipal,
		"serviceprincipal-get", "2026-11-26", "get service principal"},
	{"PATCH", "/servicePrincipals/{id}", writeApps, nil, patchServicePrincipal,
		"serviceprincipal-update", "2026-11-23", "update service principal"},
	{"DELETE", "/servicePrincipals/{id}", writeApps, nil, deleteServicePrincipal,
		"serviceprincipal-delete", "2026-11-23", "delete service principal"},
	{"GET", "/servicePrincipals/{id}/owners", readOwn, listQuery, listOwners,
		"serviceprincipal-list-owners", "2026-11-23", "list service principal owners"},
	{"POST", "/servicePrincipals/{id}/owners/$ref", writeApps, nil, addOwner,
		"serviceprincipal-post-owners", "2026-11-23", "add service principal owner"},
	{"GET", "/servicePrincipals/{id}/owners/{owner}/$ref", readOwn, selectQuery, getOwner,
		"serviceprincipal-list-owners", "2026-11-23", "get service principal owner"},
	{"DELETE", "/servicePrincipals/{id}/owners/{owner}/$ref", writeApps, nil, removeOwner,
		"serviceprincipal-delete-owners", "2026-11-23", "remove service principal owner"},
	{"POST", "/servicePrincipals/{id}/addPassword", writeApps, nil, addPassword,
		"serviceprincipal-addpassword", "2026-11-26", "add service principal password"},
	{"POST", "/servicePrincipals/{id}/removePassword", writeApps, nil, removePassword,
		"serviceprincipal-removepassword", "2026-11-26", "remove service principal password"},
}

var assignmentRows = []row{
	{"GET", "/servicePrincipals/{id}/appRoleAssignedTo", readOwn, listQuery, fromResource.list,
		"serviceprincipal-list-approleassignedto", "2026-11-23", "list appRoleAssignedTo"},
	{"GET", "/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", readOwn, selectQuery, fromResource.get,
		"approleassignment-get", "2026-11-23", "get appRoleAssignedTo"},
	{"POST", "/servicePrincipals/{id}/appRoleAssignedTo", writeRoles, nil, fromResource.create,
		"serviceprincipal-post-approleassignedto", "2026-11-23", "create appRoleAssignedTo"},
	{"DELETE", "/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", writeRoles, nil, fromResource.remove,
		"serviceprincipal-delete-approleassignedto", "2026-11-23", "delete appRoleAssignedTo"},
	{"GET", "/servicePrincipals/{id}/appRoleAssignments", readOwn, listQuery, fromPrincipal.list,
		"serviceprincipal-list-approleassignments", "2026-11-23", "list appRoleAssignments"},
	{"GET", "/servicePrincipals/{id}/appRoleAssignments/{assignment}", readOwn, selectQuery, fromPrincipal.get,
		"approleassignment-get", "2026-11-23", "get appRoleAssignments"},
	{"POST", "/servicePrincipals/{id}/appRoleAssignments", writeRoles, nil, fromPrincipal.create,
		"serviceprincipal-post-approleassignments", "2026-11-23", "create appRoleAssignments"},
	{"DELETE", "/servicePrincipals/{id}/appRoleAssignments/{assignment}", writeRoles, nil, fromPrincipal.remove,
		"serviceprincipal-delete-approleassignments", "2026-11-23", "delete appRoleAssignments"},
}

var policyRows = []row{
	{"GET", "/policies/defaultAppManagementPolicy", readPolicies, selectQuery, getDefaultPolicy,
		"tenantappmanagementpolicy-get", "2026-11-26", "get default app management policy"},
	{"PATCH", "/policies/defaultAppManagementPolicy", writePolicies, nil, patchDefaultPolicy,
		"tenantappmanagementpolicy-update", "2026-11-26", "update default app management policy"},
	{"GET", "/policies/appManagementPolicies", readPolicies, listQuery, listPolicies,
		"appmanagementpolicy-list", "2026-11-26", "list app management policies"},
	{"POST", "/policies/appManagementPolicies", writePolicies, nil, createPolicy,
		"appmanagementpolicy-post", "2026-11-26", "create app management policy"},
	{"GET", "/policies/appManagementPolicies/{policy}/appliesTo", readPolicyUse, listQuery, listPolicyUse,
		"appmanagementpolicy-list-appliesto", "2026-11-26", "list what an app management policy applies to"},
	{"POST", "/applications/{id}/appManagementPolicies/$ref", assignPolicies, nil, assignPolicy,
		"appmanagementpolicy-post-appliesto", "2026-11-26", "assign app management policy"},
}

var directoryRows = []row{
	{"POST", "/directoryObjects/getByIds", []string{"Directory.Read.All"}, nil, getByIDs,
		"directoryobject-getbyids", "2026-11-26", "get objects by ids"},
	{"POST", "/servicePrincipals/{id}/getMemberGroups", readAll, nil, getMemberGroups,
		"directoryobject-getmembergroups", "2026-11-26", "groups of a service principal"},
	{"GET", "/servicePrincipals/{id}/oauth2PermissionGrants", readGrants, listQuery, listGrantsOf,
		"serviceprincipal-list-oauth2permissiongrants", "2026-11-26", "delegated permissions of a service principal"},
	{"GET", "/oauth2PermissionGrants", readGrants, listQuery, listGrants,
		"oauth2permissiongrant-list", "2026-11-26", "list delegated permissions"},
	{"GET", "/directoryObjects/{id}", readOwn, selectQuery, getDirectoryObject,
		"directoryobject-get", "2026-11-23", "get directory object"},
	{"GET", "/directory/deletedItems/microsoft.graph.application", readApps, listQuery, listDeletedApplications,
		"directory-deleteditems-list", "2026-11-23", "list deleted applications"},
	{"GET", "/directory/deletedItems/microsoft.graph.servicePrincipal", readApps, listQuery, listDeletedServicePrincipals,
		"directory-deleteditems-list", "2026-11-23", "list deleted service principals"},
	{"GET", "/directory/deletedItems/{id}", readApps, selectQuery, getDeleted,
		"directory-deleteditems-get", "2026-11-23", "get deleted object"},
	{"POST", "/directory/deletedItems/{id}/restore", writeApps, nil, restoreDeleted,
		"directory-deleteditems-restore", "2026-11-23", "restore deleted object"},
	{"DELETE", "/directory/deletedItems/{id}", writeApps, nil, purgeDeleted,
		"directory-deleteditems-delete", "2026-11-23", "purge deleted object"},
	{"GET", "/organization", readTenant, listQuery, listOrganizations, "organization-list", "2026-11-23", "list organizations"},
	{"GET", "/organization/{id}", readTenant, selectQuery, getOrganization, "organization-get", "2026-11-23", "get organization"},
	{"GET", "/me", nil, selectQuery, getMe, "user-get", "2026-11-23", "me without a user"},
}
