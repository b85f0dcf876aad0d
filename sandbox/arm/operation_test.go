package arm_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/arm"
	"app-to-app/sandbox/route"
)

// local removes the sandbox's address from a link.
func local(t *testing.T, link string) string {
	t.Helper()
	path, ok := strings.CutPrefix(link, baseURL)
	if !ok {
		t.Fatalf("got link %q, want one to %s", link, baseURL)
	}
	return path
}

func TestCreationWithLocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(201, "PUT", group, here)
	answer := w.do(put(account, accountBody))
	if answer.Code != 202 || answer.Body.Len() != 0 || answer.Header().Get("Retry-After") == "" {
		t.Fatalf("got %d %q, Retry-After %q; want 202, no body and a time to wait", answer.Code, answer.Body, answer.Header().Get("Retry-After"))
	}
	result := w.must(200, "GET", local(t, answer.Header().Get("Location")), "")
	if result["id"] != account || at(result, "properties", "provisioningState") != "Succeeded" {
		t.Errorf("got result %v, want the account, provisioned", result)
	}
}

func TestCreationWithAzureAsyncOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(201, "PUT", group, here)
	answer := w.do(put(workspace, workspaceBody))
	if answer.Code != 201 || object(t, answer)["id"] != workspace {
		t.Fatalf("got %d %s, want 201 and the workspace", answer.Code, answer.Body)
	}
	if got := w.must(200, "GET", local(t, answer.Header().Get("Azure-AsyncOperation")), "")["status"]; got != "Succeeded" {
		t.Errorf("got status %v, want Succeeded", got)
	}
}

func TestOperationsFinishAfterTheirTime(t *testing.T) {
	t.Parallel()
	w := newSlowWorld(t, time.Minute)
	w.must(201, "PUT", group, here)
	location := local(t, w.do(put(account, accountBody)).Header().Get("Location"))
	status := local(t, w.do(put(workspace, workspaceBody)).Header().Get("Azure-AsyncOperation"))
	again := w.do(request{method: "GET", path: location})
	if again.Code != 202 || local(t, again.Header().Get("Location")) != location {
		t.Errorf("too early: got %d, Location %q; want 202 and the same link", again.Code, again.Header().Get("Location"))
	}
	if got := at(w.must(200, "GET", account, ""), "properties", "provisioningState"); got != "Creating" {
		t.Errorf("too early: got provisioningState %v, want Creating", got)
	}
	if got := w.must(200, "GET", status, "")["status"]; got != "InProgress" {
		t.Errorf("too early: got status %v, want InProgress", got)
	}
	w.pass(time.Minute)
	if got := at(w.must(200, "GET", location, ""), "properties", "provisioningState"); got != "Succeeded" {
		t.Errorf("in time: got provisioningState %v, want Succeeded", got)
	}
	if got := w.must(200, "GET", status, "")["status"]; got != "Succeeded" {
		t.Errorf("in time: got status %v, want Succeeded", got)
	}
}

func (w *world) pass(d time.Duration) {
	w.Helper()
	if err := w.store.Advance(d); err != nil {
		w.Fatal(err)
	}
}

func TestGroupDeletionTakesTime(t *testing.T) {
	t.Parallel()
	w := newSlowWorld(t, time.Minute)
	w.must(201, "PUT", group, here)
	w.must(201, "PUT", identity, here)
	location := local(t, w.do(request{method: "DELETE", path: group}).Header().Get("Location"))
	if answer := w.do(request{method: "GET", path: location}); answer.Code != 202 {
		t.Errorf("too early: got %d, want 202", answer.Code)
	}
	if got := at(w.must(200, "GET", group, ""), "properties", "provisioningState"); got != "Deleting" {
		t.Errorf("too early: got provisioningState %v, want Deleting", got)
	}
	w.must(200, "GET", identity, "")
	for _, q := range []request{put(identity, here), put(group, here), {method: "DELETE", path: group}} {
		if answer := w.do(q); answer.Code != 409 || code(answer) != "ResourceGroupBeingDeleted" {
			t.Errorf("%s %s meanwhile: got %d %s, want 409 ResourceGroupBeingDeleted", q.method, q.path, answer.Code, code(answer))
		}
	}
	w.pass(time.Minute)
	w.must(200, "GET", location, "")
	if answer := w.do(request{method: "GET", path: group}); answer.Code != 404 {
		t.Errorf("in time: got %d, want 404", answer.Code)
	}
	w.pass(25 * time.Hour)
	w.must(201, "PUT", group, here)
	w.must(202, "DELETE", group, "")
	if answer := w.do(request{method: "GET", path: location}); answer.Code != 404 {
		t.Errorf("a day later: got %d for the operation, want 404", answer.Code)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anonymous := map[string]string{"Authorization": ""}
	document := object(t, w.do(request{method: "GET", path: "/metadata/endpoints?api-version=2022-09-01", header: anonymous}))
	for name, want := range map[string]any{"resourceManager": baseURL + "/", "microsoftGraphResourceId": baseURL + "/"} {
		if document[name] != want {
			t.Errorf("got %s %v, want %v", name, document[name], want)
		}
	}
	audiences, _ := at(document, "authentication", "audiences").([]any)
	if at(document, "authentication", "loginEndpoint") != baseURL || !slices.Contains(audiences, any("https://management.azure.com/")) {
		t.Errorf("got authentication %v", document["authentication"])
	}
	for version, first := range map[string]string{"2019-05-01": "[", "2015-01-01": "{"} {
		t.Run("version "+version, func(t *testing.T) {
			answer := w.do(request{method: "GET", path: "/metadata/endpoints?api-version=" + version, header: anonymous})
			if answer.Code != 200 || !strings.HasPrefix(answer.Body.String(), first) {
				t.Errorf("got %d %s, want 200 and JSON that starts with %s", answer.Code, answer.Body, first)
			}
		})
	}
	if answer := w.do(request{method: "GET", path: "/metadata/endpoints?", header: anonymous}); answer.Code != 400 {
		t.Errorf("without a version: got %d, want 400", answer.Code)
	}
}

// TestPlatformInMetadata expects the document to have Azure's members alone where
// function apps run on Azure's platform, and one more elsewhere.
func TestPlatformInMetadata(t *testing.T) {
	t.Parallel()
	for platform, want := range map[string]any{"": nil, "linux/amd64": nil, "linux/arm64": "linux/arm64", "darwin/arm64": "darwin/arm64"} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, arm.Config{Platform: platform})
			document := object(t, w.do(request{method: "GET", path: "/metadata/endpoints?api-version=2022-09-01", header: map[string]string{"Authorization": ""}}))
			if got := document[arm.PlatformMember]; got != want || document["name"] != "Sandbox" {
				t.Errorf("got platform %v in %v, want %v", got, document, want)
			}
		})
	}
}

func TestNameAvailability(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	for _, tt := range []struct {
		rule, namespace, kind, name string
		free                        bool
		reason                      any
	}{
		{"free account name", "Microsoft.Storage", "Microsoft.Storage/storageAccounts", "another", true, nil},
		{"name of an account", "Microsoft.Storage", "Microsoft.Storage/storageAccounts", "ordersapp", false, "AlreadyExists"},
		{"invalid account name", "Microsoft.Storage", "Microsoft.Storage/storageAccounts", "A", false, "AccountNameInvalid"},
		{"free site name", "Microsoft.Web", "Microsoft.Web/sites", "another", true, nil},
		{"name of a site in another case", "Microsoft.Web", "Site", "Orders-App", false, "AlreadyExists"},
		{"invalid site name", "Microsoft.Web", "Site", "-", false, "Invalid"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			got := w.must(200, "POST", sub+"/providers/"+tt.namespace+"/checkNameAvailability", `{"name":"`+tt.name+`","type":"`+tt.kind+`"}`)
			if got["nameAvailable"] != tt.free || got["reason"] != tt.reason {
				t.Errorf("got %v, want free %t, reason %v", got, tt.free, tt.reason)
			}
		})
	}
}

// Account and site names are unique across tenants.
func TestNamesAreUniqueAcrossTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	w.caller = fabrikam + " " + fabrikamDeployer
	there := func(path string) string { return strings.Replace(path, contosoSub, fabrikamSub, 1) }
	for _, namespace := range []string{"Microsoft.Storage", "Microsoft.Web", "Microsoft.ManagedIdentity"} {
		w.must(200, "POST", there(sub)+"/providers/"+namespace+"/register", "")
	}
	w.must(201, "PUT", there(group), here)
	if answer := w.do(put(there(account), accountBody)); answer.Code != 409 || code(answer) != "StorageAccountAlreadyTaken" {
		t.Errorf("account: got %d %s, want 409 StorageAccountAlreadyTaken", answer.Code, code(answer))
	}
	w.must(200, "PUT", there(plan), planBody)
	w.must(201, "PUT", there(identity), here)
	w.must(202, "PUT", there(account)+"2", accountBody)
	w.must(201, "PUT", there(account)+"2/blobServices/default/containers/packages", `{}`)
	body := strings.ReplaceAll(siteBody(), contosoSub, fabrikamSub)
	if answer := w.do(put(there(site), body)); answer.Code != 409 || code(answer) != "Conflict" {
		t.Errorf("site: got %d %s, want 409 Conflict", answer.Code, code(answer))
	}
	// A container of another tenant counts as missing.
	if answer := w.do(put(there(site)+"2", body)); answer.Code != 400 || !strings.Contains(answer.Body.String(), "does not exist") {
		t.Errorf("the other tenant's container: got %d %s, want 400", answer.Code, answer.Body)
	}
	w.must(200, "PUT", there(site)+"2", strings.Replace(body, "/blob/ordersapp/", "/blob/ordersapp2/", 1))
}

func TestLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	want := []string{"app-id", "ordersapp", "app-plan", "orders-app"}
	for _, scope := range []string{sub, group} {
		if got := names(w.must(200, "GET", scope+"/resources", "")); !slices.Equal(got, want) {
			t.Errorf("%s: got resources %q, want %q", scope, got, want)
		}
	}
	detailed := w.must(200, "GET", sub+"/providers/Microsoft.Web/serverfarms?api-version=2022-03-01&detailed=true", "")
	if got := names(detailed); !slices.Equal(got, []string{"app-plan"}) {
		t.Errorf("plans in detail: got %q, want app-plan", got)
	}
	if got := names(w.must(200, "GET", sub+"/providers/Microsoft.Web/sites", "")); !slices.Equal(got, []string{"orders-app"}) {
		t.Errorf("sites of the subscription: got %q", got)
	}
	if got := names(w.must(200, "GET", sub+"/resourcegroups", "")); !slices.Equal(got, []string{"rg"}) {
		t.Errorf("groups: got %q", got)
	}
	if got := names(w.must(200, "GET", sub+"/locations", "")); !slices.Contains(got, "westeurope") {
		t.Errorf("locations: got %q", got)
	}
	all, _ := w.must(200, "GET", sub+"/providers", "")["value"].([]any)
	if !slices.ContainsFunc(all, func(p any) bool { return at(p, "namespace") == "Microsoft.Web" }) {
		t.Errorf("providers: got %v", all)
	}
	if got := w.must(200, "GET", sub, "")["tenantId"]; got != contoso {
		t.Errorf("subscription: got tenantId %v, want %s", got, contoso)
	}
}

func TestHeadChecksExistence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(201, "PUT", group, here)
	for _, tt := range []struct {
		name, path string
		want       int
	}{{"group that exists", group, 204}, {"group that does not exist", group + "2", 404}} {
		t.Run(tt.name, func(t *testing.T) {
			if answer := w.do(request{method: "HEAD", path: tt.path}); answer.Code != tt.want || answer.Body.Len() != 0 {
				t.Errorf("got %d %q, want %d and no body", answer.Code, answer.Body, tt.want)
			}
		})
	}
}

func TestHistoryAndFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(201, "PUT", group, here)
	if entry := w.log.Entries()[0]; entry.CallerID != deployer || entry.TenantID != contoso || entry.Object != group || entry.Service != "arm" {
		t.Errorf("got entry %+v, want the group and its creator", entry)
	}
	w.weather.Queue("GET /subscriptions/{subscription}/resourcegroups/{group}", route.Fault{Status: http.StatusTooManyRequests, Code: "TooManyRequests", RetryAfter: time.Second})
	answer := w.do(request{method: "GET", path: group})
	if answer.Code != 429 || code(answer) != "TooManyRequests" || answer.Header().Get("Retry-After") != "1" {
		t.Errorf("got %d %s, want the queued 429", answer.Code, answer.Body)
	}
	header := w.do(request{method: "GET", path: group, header: map[string]string{"x-ms-correlation-request-id": "abc", "x-ms-client-request-id": "def", "x-ms-return-client-request-id": "true"}}).Header()
	if header.Get("x-ms-correlation-request-id") != "abc" || header.Get("x-ms-client-request-id") != "def" {
		t.Errorf("got headers %v, want the client's ids back", header)
	}
}

// Every route names its page, and its permission unless it filters what it
// shows.
func TestEveryRouteIsDocumented(t *testing.T) {
	t.Parallel()
	open := []string{"GET /metadata/endpoints", "GET /tenants", "GET /subscriptions", "GET /subscriptions/{subscription}/resourcegroups",
		"GET /subscriptions/{subscription}/resources", "GET /subscriptions/{subscription}/operationresults/{operation}",
		"GET /subscriptions/{subscription}/providers/{namespace}/locations/{location}/operationresults/{operation}",
		"GET /subscriptions/{subscription}/providers/{namespace}/locations/{location}/operationstatuses/{operation}",
		"GET /providers/microsoft.authorization/roledefinitions", "GET /providers/microsoft.authorization/roledefinitions/{definition}"}
	for _, known := range newWorld(t).service.Routes() {
		if known.Doc == "" || known.Checked == "" {
			t.Errorf("%s: got doc %q, checked %q; want both", known.Pattern, known.Doc, known.Checked)
		}
		if got, want := len(known.Permission) == 0, slices.Contains(open, known.Pattern); got != want {
			t.Errorf("%s: got open to everybody %t, want %t", known.Pattern, got, want)
		}
	}
}
