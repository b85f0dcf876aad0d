package hardening

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/components/componentstest"
)

// This file has what the rules are made of. Each requirement brings
// the ways to break it, so that no rule can be written that nothing breaks.

const (
	siteToken        = "azure-native:web/v20240401:WebApp"
	ftpToken         = "azure-native:web/v20240401:WebAppFtpAllowed"
	scmToken         = "azure-native:web/v20240401:WebAppScmAllowed"
	appSettingsToken = "azure-native:web/v20240401:WebAppApplicationSettings"
	accountToken     = "azure-native:storage:StorageAccount"
	blobServiceToken = "azure-native:storage:BlobServiceProperties"
	vaultToken       = "azure-native:keyvault:Vault"
	secretToken      = "azure-native:keyvault:Secret"
	assignmentToken  = "azure-native:authorization:RoleAssignment"
	workspaceToken   = "azure-native:operationalinsights:Workspace"
	insightsToken    = "azure-native:insights:Component"
	diagnosticToken  = "azure-native:insights:DiagnosticSetting"
	groupToken       = "azure-native:resources:ResourceGroup"
	applicationToken = "azuread:index/application:Application"
	principalToken   = "azuread:index/servicePrincipal:ServicePrincipal"
	passwordToken    = "azuread:index/applicationPassword:ApplicationPassword"
	certificateToken = "azuread:index/applicationCertificate:ApplicationCertificate"
)

// A requirement is what a rule looks at, and how it can be broken.
type requirement struct {
	look   func(Graph) []Finding
	when   func(Graph, componentstest.Resource) bool // of the resources it is about; nil: all
	breaks []Breakage
}

// A test is what a property has to satisfy.
type test func(g Graph, r componentstest.Resource, value resource.PropertyValue) bool

// all requires a property of every resource of a type. bad is a value that
// breaks it, besides none.
func all(of, path string, ok test, bad any) requirement {
	var breaks []Breakage
	for _, value := range []any{nil, bad} {
		breaks = append(breaks, Breakage{of: of, path: path, value: value})
	}
	return about(of, func(g Graph, r componentstest.Resource) bool {
		return ok(g, r, componentstest.Value(r.Inputs, strings.Split(path, ".")...))
	}, breaks)
}

// every requires a value of a property of every resource of a type.
func every(of, path string, want, bad any) requirement { return all(of, path, is(want), bad) }

// never requires that a property is not set.
func never(of, path string, bad any) requirement {
	return about(of, func(_ Graph, r componentstest.Resource) bool {
		return componentstest.Value(r.Inputs, strings.Split(path, ".")...).V == nil
	}, []Breakage{{of: of, path: path, value: bad}})
}

// owns requires that every resource of a type has another one, which refers to
// it and whose property satisfies a test.
func owns(of, other, refers, path string, ok test, bad any) requirement {
	return about(of, func(g Graph, r componentstest.Resource) bool {
		return slices.ContainsFunc(g, func(o componentstest.Resource) bool {
			return o.TypeToken == other && refersTo(o.Inputs[resource.PropertyKey(refers)], r) && ok(g, o, componentstest.Value(o.Inputs, strings.Split(path, ".")...))
		})
	}, []Breakage{
		{of: other}, {of: other, path: refers, value: "/id/another"}, {of: other, path: path}, {of: other, path: path, value: bad},
	}).onlyOthers(other, refers, of)
}

// none requires that a stack has no resource of some types.
func none(in func(Graph) bool, tokens ...string) requirement {
	r := requirement{look: func(g Graph) []Finding {
		if !in(g) {
			return nil
		}
		var found []Finding
		for _, token := range tokens {
			found = append(found, Finding{token, !slices.ContainsFunc(g, func(r componentstest.Resource) bool { return r.TypeToken == token })})
		}
		return found
	}}
	for _, token := range tokens {
		r.breaks = append(r.breaks, Breakage{of: token, add: true})
	}
	return r
}

// about looks at every resource of a type.
func about(of string, ok func(Graph, componentstest.Resource) bool, breaks []Breakage) requirement {
	r := requirement{breaks: breaks}
	r.look = func(g Graph) []Finding {
		var found []Finding
		for _, one := range g {
			if one.TypeToken == of {
				found = append(found, Finding{one.String(), ok(g, one)})
			}
		}
		return found
	}
	return r
}

// only restricts a requirement to some resources.
func (q requirement) only(when func(Graph, componentstest.Resource) bool) requirement {
	look := q.look
	q.when = when
	q.look = func(g Graph) []Finding {
		return slices.DeleteFunc(look(g), func(f Finding) bool {
			i := slices.IndexFunc(g, func(r componentstest.Resource) bool { return r.String() == f.Of })
			return !when(g, g[i])
		})
	}
	return q
}

// onlyOthers breaks only those of the other resources that refer to one of the
// type.
func (q requirement) onlyOthers(other, refers, of string) requirement {
	q.when = func(g Graph, o componentstest.Resource) bool {
		return o.TypeToken == other && slices.ContainsFunc(g, func(r componentstest.Resource) bool {
			return r.TypeToken == of && refersTo(o.Inputs[resource.PropertyKey(refers)], r)
		})
	}
	return q
}

// refersTo reports whether a value is the id or the name that Azure gave a
// resource.
func refersTo(value resource.PropertyValue, r componentstest.Resource) bool {
	if !value.IsString() {
		return false
	}
	name, _ := componentstest.Outputs(r.TypeToken, r.Name)["name"].(string)
	return value.StringValue() == "/id/"+r.TypeToken+"/"+r.Name || name != "" && value.StringValue() == name
}

func is(want any) test {
	return func(_ Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
		return v.DeepEquals(resource.NewPropertyValue(want))
	}
}

func isOneOf(wanted ...string) test {
	return func(_ Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
		return v.IsString() && slices.Contains(wanted, v.StringValue())
	}
}

func isPositive(_ Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
	return v.IsNumber() && v.NumberValue() > 0
}

// isAfter2026 is enough to tell an expiry from none, and seconds from other
// units.
func isAfter2026(_ Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
	const from, to = 1767225600, 4102444800 // the years 2026 and 2100
	return v.IsNumber() && v.NumberValue() > from && v.NumberValue() < to
}

func keepsDays(least float64) test {
	return func(_ Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
		if !v.IsObject() {
			return false
		}
		enabled, days := v.ObjectValue()["enabled"], v.ObjectValue()["days"]
		return enabled.IsBool() && enabled.BoolValue() && days.IsNumber() && days.NumberValue() >= least
	}
}

// logsTo wants exactly these categories or groups enabled, and a workspace of
// the stack as the destination.
func logsTo(names ...string) test {
	return func(g Graph, r componentstest.Resource, v resource.PropertyValue) bool {
		return slices.Equal(enabledLogs(v), names) && slices.ContainsFunc(g, func(w componentstest.Resource) bool {
			return w.TypeToken == workspaceToken && refersTo(r.Inputs["workspaceId"], w)
		})
	}
}

func lacksLog(name string) test {
	return func(_ Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
		logs := enabledLogs(v)
		return len(logs) > 0 && !slices.Contains(logs, name)
	}
}

// enabledLogs are the categories and groups of a diagnostic setting.
func enabledLogs(v resource.PropertyValue) (names []string) {
	if !v.IsArray() {
		return nil
	}
	for _, log := range v.ArrayValue() {
		if !log.IsObject() || !log.ObjectValue()["enabled"].DeepEquals(resource.NewProperty(true)) {
			continue
		}
		for _, key := range []resource.PropertyKey{"category", "categoryGroup"} {
			if name := log.ObjectValue()[key]; name.IsString() {
				names = append(names, name.StringValue())
			}
		}
	}
	return names
}

// holdsNoSecret wants app settings without a secret in plain text.
func holdsNoSecret(_ Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
	plain, kept := componentstest.Exposed(v, false, "")
	return v.IsObject() && len(plain) == 0 && kept == 0
}

// ownerRole is Owner's definition. wideRoles are those of Owner, Contributor,
// User Access Administrator and Role Based Access Control Administrator.
const ownerRole = "/subscriptions/" + componentstest.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

var wideRoles = []string{"8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "b24988ac-6180-42a0-ab88-20f7382dd24c", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "f58310d9-a9f6-439a-9e8d-f62e7b41a168"}

func isNarrow(_ Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
	if !v.IsString() {
		return false
	}
	_, id, found := strings.Cut(v.StringValue(), "/roleDefinitions/")
	return found && !slices.Contains(wideRoles, strings.ToLower(id))
}

// isOneResource wants the id of a resource of the stack that is not the group.
func isOneResource(g Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
	return slices.ContainsFunc(g, func(r componentstest.Resource) bool { return r.TypeToken != groupToken && refersTo(v, r) })
}

func isNotOf(token string) test {
	return func(_ Graph, _ componentstest.Resource, v resource.PropertyValue) bool {
		return v.IsString() && !strings.HasPrefix(v.StringValue(), "/id/"+token+"/")
	}
}

func everywhere(Graph) bool { return true }

func isProduction(g Graph) bool {
	return slices.ContainsFunc(g, func(r componentstest.Resource) bool {
		return r.TypeToken == groupToken && componentstest.Value(r.Inputs, "tags", "environment").DeepEquals(resource.NewProperty("prod"))
	})
}

func isProtected(g Graph, _ componentstest.Resource) bool {
	return slices.ContainsFunc(g, func(r componentstest.Resource) bool { return r.TypeToken == groupToken && r.RPC.GetProtect() })
}

func isNotProtected(g Graph, r componentstest.Resource) bool { return !isProtected(g, r) }

func isEnabled(_ Graph, r componentstest.Resource) bool {
	return componentstest.Value(r.Inputs, "properties", "attributes", "enabled").DeepEquals(resource.NewProperty(true))
}

func isAPI(_ Graph, r componentstest.Resource) bool { return r.Name == "orders-api-service-principal" }
