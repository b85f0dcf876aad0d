package arm_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestFlexRegions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const regions = sub + "/providers/Microsoft.Web/geoRegions?api-version=2024-04-01"
	all, flex := names(w.must(200, "GET", regions, "")), names(w.must(200, "GET", regions+"&sku=FlexConsumption", ""))
	if !slices.Contains(all, "West Central US") || slices.Contains(flex, "West Central US") || !slices.Contains(flex, "West Europe") {
		t.Errorf("got %q, of these with Flex %q", all, flex)
	}
	if answer := w.do(request{method: "GET", path: regions + "&sku=Isolated"}); answer.Code != http.StatusNotImplemented {
		t.Errorf("another sku: got %d", answer.Code)
	}
	w.must(201, "PUT", group, here)
	answer := w.do(request{method: "PUT", path: plan, body: strings.Replace(planBody, "westeurope", "westcentralus", 1)})
	if answer.Code != http.StatusBadRequest || code(answer) != "BadRequest" || !strings.Contains(answer.Body.String(), "not available in the region 'West Central US'") {
		t.Errorf("a plan there: got %d %s", answer.Code, answer.Body)
	}
}

func TestPermissionsOfTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(201, "PUT", group, here)
	for _, tt := range []struct {
		name, caller, scope string
		roles               int
	}{
		{"deployer at the subscription", deployer, sub, 2}, {"deployer at the group", deployer, group, 2},
		{"reader at the subscription", onlyReader, sub, 1}, {"reader at the group", onlyReader, group, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.caller = contoso + " " + tt.caller
			items, _ := w.must(200, "GET", tt.scope+"/providers/Microsoft.Authorization/permissions", "")["value"].([]any)
			if len(items) != tt.roles {
				t.Errorf("got %d entries, want %d", len(items), tt.roles)
			}
			for _, item := range items {
				actions, _ := at(item, "actions").([]any)
				if notData, given := at(item, "notDataActions").([]any); len(actions) == 0 || !given || len(notData) > 0 {
					t.Errorf("got %v, want actions and an empty notDataActions", item)
				}
			}
		})
	}
	if answer := w.do(request{method: "GET", path: sub + "/providers/Microsoft.Authorization/permissions", caller: contoso + " " + nobody}); answer.Code != http.StatusForbidden {
		t.Errorf("a caller without a role: got %d", answer.Code)
	}
}

func TestEasyAuth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	const auth = site + "/config/authsettingsV2"
	enabled := func(method, path string) any {
		return at(w.must(200, method, path, ""), "properties", "platform", "enabled")
	}
	if enabled("GET", auth) != false || enabled("GET", auth+"/list") != false {
		t.Error("expected a new site to have Easy Auth off")
	}
	w.must(200, "PUT", auth, `{"properties":{"platform":{"enabled":true},"globalValidation":{"unauthenticatedClientAction":"allowanonymous"}}}`)
	if enabled("GET", auth) != true || enabled("GET", auth+"/list") != true {
		t.Error("expected it to be on")
	}
	for _, body := range []string{
		`{"properties":{"platform":{"enabled":true},"globalValidation":{"requireAuthentication":true}}}`,
		`{"properties":{"platform":{"enabled":true},"globalValidation":{"unauthenticatedClientAction":"Return401"}}}`,
		`{"properties":{"identityProviders":{"azureActiveDirectory":{"enabled":true}}}}`,
	} {
		if answer := w.do(request{method: "PUT", path: auth, body: body}); answer.Code != http.StatusNotImplemented {
			t.Errorf("%s: got %d, want it unemulated: nothing enforces it", body, answer.Code)
		}
	}
	// A PUT replaces everything; Pulumi relies on that to delete the resource.
	w.must(200, "PUT", auth, `{"properties":{}}`)
	if enabled("GET", auth) != false {
		t.Error("expected it to be off again")
	}
	if answer := w.do(request{method: "PUT", path: auth, body: `{"properties":{}}`, caller: contoso + " " + onlyReader}); answer.Code != http.StatusForbidden {
		t.Errorf("a reader: got %d", answer.Code)
	}
	if answer := w.do(request{method: "GET", path: group + "/providers/Microsoft.Web/sites/other/config/authsettingsV2"}); answer.Code != http.StatusNotFound {
		t.Errorf("another site: got %d", answer.Code)
	}
}
