package arm

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/store"
)

// This file implements the list of the resources of a subscription or a group:
// learn.microsoft.com/rest/api/resources/resources/list. The rules are: a
// filter is equality on the properties listed here, joined by and, as the Azure
// CLI sends it; a filter on tags has no other terms, as that page says;
// everything else is unemulated, because guessing would return the wrong
// resources.

// listVersions has one more than other requests: with it az and the Key Vault
// SDKs list vaults.
var listVersions = append(slices.Clone(resourcesVersions), "2015-11-01")

// listResources shows the tracked resources that the caller may read.
func (c *call) listResources() (reply, error) {
	within := c.subscriptionID()
	if c.r.PathValue("group") != "" {
		group, err := c.group()
		if err != nil {
			return reply{}, err
		}
		within = group.ID
	}
	query := c.r.URL.Query()
	wanted, err := readResourceFilter(query.Get("$filter"))
	if err != nil {
		return reply{}, err
	}
	more, err := readExpand(query.Get("$expand"))
	if err != nil {
		return reply{}, err
	}
	var items []map[string]any
	for _, r := range store.Resources.All(c.tx, store.ResourceKey(within)+"/") {
		t := c.service.typeOf(r.Type)
		if t == nil || !t.tracked() || !wanted.matches(r) {
			continue
		}
		if !rbac.Allowed(c.tx, c.caller.TenantID, c.caller.ObjectID, t.name+"/read", r.ID) {
			continue
		}
		item, err := c.render(t, r)
		if err != nil {
			return reply{}, err
		}
		delete(item, "properties")
		if _, byTag := wanted["tagvalue"]; byTag {
			delete(item, "tags") // a filter by tag name and value does not show tags
		}
		for _, name := range more {
			item[name] = expandable[name](r)
		}
		items = append(items, item)
	}
	return ok(values(items))
}

// A resourceFilter maps properties, in lower case, to the wanted values.
type resourceFilter map[string]string

var filterTerm = regexp.MustCompile(`^(\w+) eq '((?:[^']|'')*)'(?: and |$)`)

func readResourceFilter(text string) (resourceFilter, error) {
	filter := make(resourceFilter)
	for rest := text; rest != ""; {
		m := filterTerm.FindStringSubmatch(rest)
		if m == nil {
			return nil, unemulated("$filter=%s", text)
		}
		name := strings.ToLower(m[1])
		known := slices.Contains([]string{"name", "resourcetype", "resourcegroup", "location", "tagname", "tagvalue"}, name)
		if _, twice := filter[name]; twice || !known {
			return nil, unemulated("$filter=%s", text)
		}
		filter[name] = strings.ReplaceAll(m[2], "''", "'")
		if rest = rest[len(m[0]):]; rest == "" && strings.HasSuffix(m[0], " and ") {
			return nil, unemulated("$filter=%s", text)
		}
	}
	_, named := filter["tagname"]
	_, valued := filter["tagvalue"]
	alone := len(filter) == 1 || len(filter) == 2 && valued
	if valued && !named || named && !alone {
		return nil, unemulated("$filter=%s", text)
	}
	return filter, nil
}

// matches ignores case, except in the values of tags:
// learn.microsoft.com/azure/azure-resource-manager/management/tag-resources.
func (f resourceFilter) matches(r store.Resource) bool {
	for name, want := range f {
		var ok bool
		switch name {
		case "name":
			ok = strings.EqualFold(r.Name, want)
		case "resourcetype":
			ok = strings.EqualFold(r.Type, want)
		case "resourcegroup":
			ok = strings.EqualFold(r.ResourceGroup, want)
		case "location":
			ok = r.Location == canonicalLocation(want)
		case "tagname":
			value, valued := f["tagvalue"]
			for tag, has := range r.Tags {
				ok = ok || strings.EqualFold(tag, want) && (!valued || has == value)
			}
		case "tagvalue":
			ok = true // compared with tagname
		}
		if !ok {
			return false
		}
	}
	return true
}

// expandable are the properties that $expand adds.
var expandable = map[string]func(store.Resource) any{
	"createdTime": func(r store.Resource) any { return r.CreatedAt.UTC().Format(time.RFC3339Nano) },
	"changedTime": func(r store.Resource) any { return r.ChangedAt.UTC().Format(time.RFC3339Nano) },
	"provisioningState": func(r store.Resource) any {
		if state := stateOf(r); state != "" {
			return state
		}
		return succeeded // for types without that property
	},
}

func readExpand(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	names := strings.Split(text, ",")
	for _, name := range names {
		if expandable[name] == nil {
			return nil, unemulated("$expand=%s", text)
		}
	}
	return names, nil
}

// equals reads the filter "name eq 'value'".
func equals(filter, name string) (string, bool) {
	parts := strings.SplitN(strings.TrimSpace(filter), " ", 3)
	if len(parts) != 3 || !strings.EqualFold(parts[0], name) || parts[1] != "eq" {
		return "", false
	}
	value, ok := strings.CutPrefix(parts[2], "'")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(value, "'")
}
