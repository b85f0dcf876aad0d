package graph

import "app-to-app/sandbox/route"

// This file is the table of what the sandbox's Graph answers. Permissions are
// those of the linked pages for application callers; any one entry admits, two
// names joined by a plus sign are needed together. Checked is when the entry
// was last compared with its page.

const checked = "2026-11-23"

// documented is where Microsoft documents a method.
func documented(name string) string { return "https://learn.microsoft.com/graph/api/" + name }

var (
	readApps   = []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All", ownedBy}
	readOwn    = append([]string{itself}, readApps...)
	writeApps  = []string{"Application.ReadWrite.All", "Directory.ReadWrite.All", ownedBy}
	writeRoles = []string{
		"AppRoleAssignment.ReadWrite.All+Application.Read.All", "AppRoleAssignment.ReadWrite.All+Application.ReadWrite.All",
		"AppRoleAssignment.ReadWrite.All+Directory.Read.All", "AppRoleAssignment.ReadWrite.All+Directory.ReadWrite.All",
	}
	readTenant = []string{"Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
)

// routes are all the requests known, under both versions. Their answers differ
// in one name only: beta calls a service principal's delegated permissions
// publishedPermissionScopes.
func (s *Service) routes() []route.Route {
	var routes []route.Route
	for _, version := range []string{"/v1.0", "/beta"} {
		add := func(method, path string, permission, query []string, op operation, doc string) {
			routes = append(routes, route.Route{
				Pattern: method + " " + version + path, Permission: permission, Query: query,
				Serve: s.serve(op), Doc: documented(doc), Checked: checked,
			})
		}
		s.applicationRoutes(add)
		s.servicePrincipalRoutes(add)
		s.directoryRoutes(add)
	}
	return routes
}

type adder func(method, path string, permission, query []string, op operation, doc string)

var selectQuery = []string{"$select"}

func (s *Service) applicationRoutes(add adder) {
	const one = "/applications/{id}"
	add("GET", "/applications", readApps, listQuery, listApplications, "application-list")
	add("POST", "/applications", writeApps, nil, createApplication, "application-post-applications")
	add("GET", one, readOwn, selectQuery, getApplication, "application-get")
	add("PATCH", one, writeApps, nil, patchApplication, "application-update")
	add("DELETE", one, writeApps, nil, deleteApplication, "application-delete")
	add("GET", one+"/owners", readOwn, listQuery, listOwners, "application-list-owners")
	add("POST", one+"/owners/$ref", writeApps, nil, addOwner, "application-post-owners")
	add("GET", one+"/owners/{owner}/$ref", readOwn, selectQuery, getOwner, "application-list-owners")
	add("DELETE", one+"/owners/{owner}/$ref", writeApps, nil, removeOwner, "application-delete-owners")
	add("POST", one+"/addPassword", writeApps, nil, addPassword, "application-addpassword")
	add("POST", one+"/removePassword", writeApps, nil, removePassword, "application-removepassword")

	const credentials = one + "/federatedIdentityCredentials"
	add("GET", credentials, readApps, listQuery, listFederated, "application-list-federatedidentitycredentials")
	add("POST", credentials, writeApps, nil, createFederated, "application-post-federatedidentitycredentials")
	add("GET", credentials+"/{credential}", readApps, selectQuery, getFederated, "federatedidentitycredential-get")
	add("PATCH", credentials+"/{credential}", writeApps, nil, patchFederated, "federatedidentitycredential-update")
	add("DELETE", credentials+"/{credential}", writeApps, nil, deleteFederated, "federatedidentitycredential-delete")
}

func (s *Service) servicePrincipalRoutes(add adder) {
	const one = "/servicePrincipals/{id}"
	add("GET", "/servicePrincipals", readApps, listQuery, listServicePrincipals, "serviceprincipal-list")
	add("POST", "/servicePrincipals", writeApps, nil, createServicePrincipal, "serviceprincipal-post-serviceprincipals")
	add("GET", one, readOwn, selectQuery, getServicePrincipal, "serviceprincipal-get")
	add("PATCH", one, writeApps, nil, patchServicePrincipal, "serviceprincipal-update")
	add("DELETE", one, writeApps, nil, deleteServicePrincipal, "serviceprincipal-delete")
	add("GET", one+"/owners", readOwn, listQuery, listOwners, "serviceprincipal-list-owners")
	add("POST", one+"/owners/$ref", writeApps, nil, addOwner, "serviceprincipal-post-owners")
	add("GET", one+"/owners/{owner}/$ref", readOwn, selectQuery, getOwner, "serviceprincipal-list-owners")
	add("DELETE", one+"/owners/{owner}/$ref", writeApps, nil, removeOwner, "serviceprincipal-delete-owners")
	add("POST", one+"/addPassword", writeApps, nil, addServicePrincipalPassword, "serviceprincipal-addpassword")

	for _, end := range []side{fromResource, fromPrincipal} {
		list := one + "/" + end.name
		page := "serviceprincipal-list-" + map[string]string{fromResource.name: "approleassignedto", fromPrincipal.name: "approleassignments"}[end.name]
		add("GET", list, readOwn, listQuery, end.list, page)
		add("GET", list+"/{assignment}", readOwn, selectQuery, end.get, "approleassignment-get")
		add("POST", list, writeRoles, nil, end.create, "serviceprincipal-post-"+page[len("serviceprincipal-list-"):])
		add("DELETE", list+"/{assignment}", writeRoles, nil, end.remove, "serviceprincipal-delete-"+page[len("serviceprincipal-list-"):])
	}
}

func (s *Service) directoryRoutes(add adder) {
	const bin = "/directory/deletedItems"
	add("GET", "/directoryObjects/{id}", readOwn, selectQuery, getDirectoryObject, "directoryobject-get")
	add("GET", bin+"/microsoft.graph.application", readApps, listQuery, listDeletedApplications, "directory-deleteditems-list")
	add("GET", bin+"/microsoft.graph.servicePrincipal", readApps, listQuery, listDeletedServicePrincipals, "directory-deleteditems-list")
	add("GET", bin+"/{id}", readApps, selectQuery, getDeleted, "directory-deleteditems-get")
	add("POST", bin+"/{id}/restore", writeApps, nil, restoreDeleted, "directory-deleteditems-restore")
	add("DELETE", bin+"/{id}", writeApps, nil, purgeDeleted, "directory-deleteditems-delete")
	add("GET", "/organization", readTenant, listQuery, listOrganizations, "organization-list")
	add("GET", "/organization/{id}", readTenant, selectQuery, getOrganization, "organization-get")
	add("GET", "/me", nil, selectQuery, getMe, "user-get")
}
