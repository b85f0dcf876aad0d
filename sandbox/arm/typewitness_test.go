package arm_test

import (
	"net/http"
	"strings"
	"testing"

	"app-to-app/sandbox/route/routetest"
)

// follow sends a request that has to succeed.
func (w *world) follow(q request) {
	w.Helper()
	if answer := w.do(q); answer.Code >= 300 {
		w.Fatalf("%s %s: got %d %s, want success", q.method, q.path, answer.Code, answer.Body)
	}
}

// shows sends a request, wants the status and the member, when one is given
// (as [routetest.Shows] takes it), and returns the headers of the answer.
func (w *world) shows(status int, q request, member string) http.Header {
	w.Helper()
	answer := w.do(q)
	if answer.Code != status {
		w.Fatalf("%s %s: got %d %s, want %d", q.method, q.path, answer.Code, answer.Body, status)
	}
	if member != "" {
		routetest.Shows(w, answer.Body.Bytes(), member)
	}
	return answer.Header()
}

const credential = identity + "/federatedIdentityCredentials/github"

// typeWitnesses are the resource types in an order in which they can be made.
var typeWitnesses = []struct {
	name, path, body string
	created          int
	member           string // of the resource
	patch            string // body of a PATCH, and the member that it changes; empty: there is no PATCH
}{
	{"Microsoft.ManagedIdentity/userAssignedIdentities", identity, here, 201, "location=westeurope", `{"tags":{"stack":"dev"}} tags.stack=dev`},
	{"Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials", credential,
		`{"properties":{"issuer":"https://a.test","subject":"s","audiences":["api://AzureADTokenExchange"]}}`, 201, "properties.subject=s", ""},
	{"Microsoft.Storage/storageAccounts", account, accountBody, 202, "properties.minimumTlsVersion=TLS1_2", `{"properties":{"minimumTlsVersion":"TLS1_3"}} properties.minimumTlsVersion=TLS1_3`},
	{"Microsoft.Storage/storageAccounts/blobServices", blobService, softDelete, 200, "properties.deleteRetentionPolicy.days=7", ""},
	{"Microsoft.Storage/storageAccounts/blobServices/containers", container, `{"properties":{"metadata":{"a":"b"}}}`, 201,
		"properties.metadata.a=b", `{"properties":{"metadata":{"a":"c"}}} properties.metadata.a=c`},
	{"Microsoft.Web/serverfarms", plan, planBody, 200, "sku.name=FC1", `{"properties":{"perSiteScaling":false}} sku.name=FC1`},
	{"Microsoft.Web/sites", site, siteBody(), 200, "properties.state=Running", `{"properties":{"httpsOnly":false}} properties.httpsOnly=false`},
	{"Microsoft.OperationalInsights/workspaces", workspace, workspaceBody, 201, "properties.retentionInDays=30", `{"properties":{"retentionInDays":60}} properties.retentionInDays=60`},
	{"Microsoft.Insights/components", component, componentBody, 200, "properties.WorkspaceResourceId=" + workspace, `{"tags":{"stack":"dev"}} tags.stack=dev`},
	{"Microsoft.KeyVault/vaults", vault, vaultBody(""), 200, "properties.vaultUri=" + baseURL + "/keyvault/orders-vault/", `{"tags":{"stack":"dev"}} tags.stack=dev`},
	{"Microsoft.KeyVault/vaults/secrets", secret, secretBody, 201,
		"properties.secretUri=" + baseURL + "/keyvault/orders-vault/secrets/client-secret", ""},
}

// TestTypeWitness asks every route of every resource type.
func TestTypeWitness(t *testing.T) {
	t.Parallel()
	for i, tt := range typeWitnesses {
		t.Run(tt.name, func(t *testing.T) {
			collection := tt.path[:strings.LastIndex(tt.path, "/")]
			row := func(name string, assert func(w *world, create request)) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					w.must(201, "PUT", group, here)
					for _, before := range typeWitnesses[:i] {
						w.follow(put(before.path, before.body))
					}
					assert(w, put(tt.path, tt.body))
				})
			}
			list := func(path string) func(*world, request) {
				return func(w *world, create request) {
					w.follow(create)
					w.shows(200, request{method: "GET", path: path}, "value.id="+tt.path)
				}
			}
			row("create", func(w *world, create request) {
				w.shows(tt.created, create, "")
				w.shows(200, create, tt.member) // now it is there, and answered with a body
			})
			row("get", func(w *world, create request) {
				w.follow(create)
				w.shows(200, request{method: "GET", path: tt.path}, tt.member)
			})
			row("list", list(collection))
			if strings.Count(tt.name, "/") == 1 {
				row("list of a subscription", list(strings.Replace(collection, group, sub, 1)))
			}
			if body, member, ok := strings.Cut(tt.patch, "} "); ok {
				row("update", func(w *world, create request) {
					w.follow(create)
					w.shows(200, request{method: "PATCH", path: tt.path, body: body + "}"}, member)
					w.shows(200, request{method: "GET", path: tt.path}, member)
				})
			}
			if tt.path == secret || tt.path == blobService {
				return // ARM has no deletion of them
			}
			row("delete", func(w *world, create request) {
				w.follow(create)
				w.shows(200, request{method: "DELETE", path: tt.path}, "")
				w.shows(404, request{method: "GET", path: tt.path}, "")
			})
		})
	}
}

// TestAssignmentWitness asks every route of role assignments at every depth.
func TestAssignmentWitness(t *testing.T) {
	t.Parallel()
	for place, scope := range map[string]string{
		"subscription": sub, "group": group, "resource": account, "child": credential, "grandchild": container,
	} {
		t.Run(place, func(t *testing.T) {
			path := scope + assignments + "/" + guid(1)
			create := put(path, assignmentBody(readerRole, nobody, "ServicePrincipal"))
			for name, row := range map[string]struct {
				first  []request
				ask    request
				status int
				member string
			}{
				"create": {nil, create, 201, "properties.scope=" + scope},
				"get":    {[]request{create}, request{method: "GET", path: path}, 200, "properties.principalId=" + nobody},
				"list":   {[]request{create}, request{method: "GET", path: scope + assignments}, 200, "value.id=" + path},
				"delete": {[]request{create}, request{method: "DELETE", path: path}, 200, "id=" + path},
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					w.prepare()
					w.follow(put(credential, typeWitnesses[1].body))
					for _, q := range row.first {
						w.follow(q)
					}
					w.shows(row.status, row.ask, row.member)
				})
			}
		})
	}
}
