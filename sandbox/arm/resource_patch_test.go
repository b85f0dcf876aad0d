package arm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// leaves are the values in a body by path.
func leaves(value any, path string) map[string]string {
	members, isObject := value.(map[string]any)
	if !isObject || len(members) == 0 {
		text, _ := json.Marshal(value)
		return map[string]string{path: string(text)}
	}
	all := map[string]string{}
	for name, member := range members {
		maps.Copy(all, leaves(member, strings.TrimPrefix(path+"."+name, ".")))
	}
	return all
}

// differences are the values of after that are others than in before, and the
// paths that are gone. When something was changed is not among them.
func differences(before, after map[string]any) []string {
	was, is := leaves(before, ""), leaves(after, "")
	var found []string
	for path, value := range is {
		isTime := strings.Contains(path, "lastModifiedTime") || path == "properties.modifiedDate" || path == "etag"
		if was[path] != value && !isTime {
			found = append(found, path+"="+value)
		}
	}
	for path := range was {
		if _, kept := is[path]; !kept {
			found = append(found, path+" gone")
		}
	}
	slices.Sort(found)
	return found
}

func TestPatchChangesWhatIsSent(t *testing.T) {
	t.Parallel()
	const scale = "properties.functionAppConfig.scaleAndConcurrency."
	for _, tt := range []struct {
		path, body string
		want       []string
	}{
		{group, `{"tags":{"stack":"dev"}}`, []string{"tags.old gone", `tags.stack="dev"`}},
		{group, `{}`, nil},
		{identity, `{"tags":{"stack":"dev"}}`, []string{"tags.old gone", `tags.stack="dev"`}},
		{account, `{"Tags":{}}`, []string{"tags.old gone", "tags={}"}},
		{account, `{"properties":{"networkAcls":{"defaultAction":"Deny"}}}`, []string{`properties.networkAcls.defaultAction="Deny"`}},
		{account, `{"properties":{"networkAcls":{"ipRules":[{"value":"10.0.0.1"}],"defaultAction":"Allow"}}}`,
			[]string{`properties.networkAcls.ipRules=[{"value":"10.0.0.1"}]`}},
		{account, `{"sku":{"name":"Standard_GRS"}}`, []string{`sku.name="Standard_GRS"`}},
		{container, `{"properties":{"metadata":{"a":"b"}}}`, []string{`properties.metadata.a="b"`}},
		{site, `{"properties":{"functionAppConfig":{"scaleAndConcurrency":{"maximumInstanceCount":50}}}}`, []string{scale + "maximumInstanceCount=50"}},
		{site, `{"properties":{"HTTPSOnly":false,"state":"Stopped"},"id":"x"}`, []string{"properties.httpsOnly=false"}},
		{vault, `{"properties":{"enableSoftDelete":true,"publicNetworkAccess":"Disabled"}}`, []string{`properties.publicNetworkAccess="Disabled"`}},
		{workspace, `{"properties":{"retentionInDays":60}}`, []string{"properties.retentionInDays=60"}},
	} {
		t.Run(tt.path[strings.LastIndex(tt.path, "/")+1:]+" "+tt.body, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy()
			w.follow(put(vault, vaultBody("")))
			w.follow(put(workspace, workspaceBody))
			for _, path := range []string{group, identity, account} {
				body := w.must(200, "GET", path, "")
				body["tags"] = map[string]any{"old": "1"}
				text, err := json.Marshal(body)
				if err != nil {
					t.Fatal(err)
				}
				w.must(200, "PUT", path, string(text))
			}
			before := w.must(200, "GET", tt.path, "")
			answer := w.must(200, "PATCH", tt.path, tt.body)
			after := w.must(200, "GET", tt.path, "")
			if got := differences(before, after); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := differences(answer, after); len(got) != 0 {
				t.Errorf("got another answer than what is read: %q", got)
			}
		})
	}
}

// A PATCH with an older api-version does not lose what only later ones show,
// nor the app settings, which no version shows.
func TestPatchKeepsWhatIsNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	w.follow(put(settings, `{"properties":{"ORDERS_URL":"https://a.test"}}`))
	before := w.must(200, "GET", site, "")
	w.sites.took()
	w.must(200, "PATCH", site+"?api-version=2022-09-01", `{"properties":{"httpsOnly":false}}`)
	if got := differences(before, w.must(200, "GET", site, "")); !slices.Equal(got, []string{"properties.httpsOnly=false"}) {
		t.Errorf("got %q, want httpsOnly changed alone", got)
	}
	if got := w.must(200, "POST", settings+"/list", ""); fmt.Sprint(at(got, "properties")) != "map[ORDERS_URL:https://a.test]" {
		t.Errorf("got app settings %v, want them kept", got)
	}
	if !told(w) {
		t.Error("got no call of App Service, want one for the site")
	}
}

func TestPatchRefusals(t *testing.T) {
	t.Parallel()
	run(t, []refusal{
		{name: "of nothing", ask: request{method: "PATCH", path: account + "2", body: `{"tags":{}}`}, status: 404, code: "ResourceNotFound"},
		{name: "of no group", ask: request{method: "PATCH", path: group + "2", body: `{"tags":{}}`}, status: 404, code: "ResourceGroupNotFound"},
		{name: "without a body", ask: request{method: "PATCH", path: account}, status: 400, code: "MissingRequestBody"},
		{name: "to a bad value", ask: request{method: "PATCH", path: account, body: `{"properties":{"minimumTlsVersion":"TLS2"}}`}, status: 400, code: "InvalidRequestPropertyValue"},
		{name: "of a fixed property", ask: request{method: "PATCH", path: account, body: `{"properties":{"isHnsEnabled":true}}`}, status: 409, code: "AccountPropertyCannotBeUpdated"},
		{name: "that leaves something out", ask: request{method: "PATCH", path: account, body: `{"properties":{"sasPolicy":{"expirationAction":"Log"}}}`}, status: 400, code: "MissingRequiredProperty", says: "sasExpirationPeriod"},
		{name: "of a site's kind", first: []request{put(site, siteBody())}, ask: request{method: "PATCH", path: site, body: `{"kind":"functionapp"}`}, status: 400, code: "BadRequest", says: "kind"},
		{name: "of a Flex plan's SKU", ask: request{method: "PATCH", path: plan, body: `{"sku":{"name":"Y1"}}`}, status: 501, code: "NotEmulated", says: "sku"},
		{name: "of an unknown property", ask: request{method: "PATCH", path: account, body: `{"properties":{"colour":"red"}}`}, status: 501, code: "NotEmulated", says: "colour"},
		{name: "of the location", ask: request{method: "PATCH", path: account, body: here}, status: 501, code: "NotEmulated", says: "location"},
		{name: "of a component's properties", first: []request{newWorkspace, put(component, componentBody)}, ask: request{method: "PATCH", path: component, body: `{"properties":{"RetentionInDays":60}}`}, status: 501, code: "NotEmulated", says: "properties"},
		{name: "to null", ask: request{method: "PATCH", path: account, body: `{"tags":{"stack":null}}`}, status: 501, code: "NotEmulated", says: "tags.stack"},
	})
}

// A site that is updated without kind keeps its own.
func TestSiteKeepsItsKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	if got := w.must(200, "PUT", site, siteBody(`"kind":"functionapp,linux",`, ""))["kind"]; got != "functionapp,linux" {
		t.Errorf("got kind %v, want functionapp,linux", got)
	}
}
