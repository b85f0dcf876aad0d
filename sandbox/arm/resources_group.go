package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements resource groups:
// learn.microsoft.com/rest/api/resources/resource-groups. Deleting one is
// asynchronous and deletes everything in it. The code for a bad name is a
// guess.

const (
	groupType  = "Microsoft.Resources/resourceGroups"
	groupRead  = "Microsoft.Resources/subscriptions/resourceGroups/read"
	groupWrite = "Microsoft.Resources/subscriptions/resourceGroups/write"
	groupErase = "Microsoft.Resources/subscriptions/resourceGroups/delete"
)

var resourcesVersions = []string{
	"2016-09-01", "2018-05-01", "2019-05-01", "2019-10-01", "2020-06-01", "2020-10-01", "2021-01-01", "2021-04-01",
	"2022-09-01", "2023-07-01", "2024-03-01", "2024-07-01", "2024-11-01", "2025-04-01",
}

var groupBody = schema.Fields{
	"location":   schema.Text().Required(),
	"tags":       schema.Dict(schema.Text()),
	"properties": schema.Object(schema.Outputs("provisioningState")),
}.With(schema.Outputs("id", "name", "type"))

// Letters, digits, "-", ".", "_" and parentheses, not ending with a dot.
var groupName = regexp.MustCompile(`^[-\pL\pN._()]{0,89}[-\pL\pN_()]$`)

func (c *call) putGroup() (reply, error) {
	name := c.r.PathValue("group")
	if !groupName.MatchString(name) {
		return reply{}, refuse(http.StatusBadRequest, "InvalidResourceGroup",
			"The provided resource group name '%s' is not valid. The name can only be letters, digits, '-', '.', '(', ')' or '_', at most 90 of them, and cannot end with '.'.", name)
	}
	body, err := c.read(groupBody)
	if err != nil {
		return reply{}, err
	}
	where := canonicalLocation(textAt(body, "location"))
	if !slices.Contains(locationNames(), where) {
		return reply{}, refuse(http.StatusBadRequest, "LocationNotAvailableForResourceGroup",
			"The provided location '%s' is not available for resource group. List of available regions is '%s'.", textAt(body, "location"), strings.Join(locationNames(), ","))
	}
	now := c.service.store.Now()
	group, exists := store.ResourceByID(c.tx, groupID(c.subscription.ID, name))
	switch {
	case !exists:
		group = store.Resource{
			ID: groupID(c.subscription.ID, name), TenantID: c.subscription.TenantID, SubscriptionID: c.subscription.ID, ResourceGroup: name,
			Type: groupType, Name: name, CreatedBy: c.caller.ObjectID, CreatedAt: now, Location: where,
			Properties: json.RawMessage(`{"provisioningState":"Succeeded"}`),
		}
	case stateOf(group) == "Deleting":
		_, err := c.group()
		return reply{}, err
	case group.Location != where:
		return reply{}, refuse(http.StatusConflict, "InvalidResourceGroupLocation",
			"Invalid resource group location '%s'. The Resource group already exists in location '%s'.", where, group.Location)
	}
	group.APIVersion, group.ChangedAt, group.Tags = c.version, now, tagsOf(body)
	store.Resources.Put(c.tx, store.ResourceKey(group.ID), group)
	c.note(group.ID)
	status := http.StatusOK
	if !exists {
		status = http.StatusCreated
	}
	return reply{status: status, body: showGroup(group)}, nil
}

func showGroup(group store.Resource) map[string]any {
	shown := map[string]any{"id": group.ID, "name": group.Name, "type": group.Type, "location": group.Location, "properties": group.Properties}
	if group.Tags != nil {
		shown["tags"] = group.Tags
	}
	return shown
}

func (c *call) getGroup() (reply, error) {
	group, err := c.group()
	if err != nil {
		return reply{}, err
	}
	return ok(showGroup(group))
}

func (c *call) deleteGroup() (reply, error) {
	group, err := c.group()
	if err != nil {
		return reply{}, err
	}
	op, done := c.start(group, actionDelete)
	if done {
		c.erase(group)
	} else if err := c.setState(group, "Deleting"); err != nil {
		return reply{}, err
	}
	c.note(group.ID)
	return reply{status: http.StatusAccepted, header: map[string]string{
		"Location":    c.service.config.BaseURL + c.subscriptionID() + "/operationresults/" + op.ID + "?api-version=" + c.version,
		"Retry-After": retryAfter,
	}}, nil
}

// listGroups shows the groups that the caller may read.
func (c *call) listGroups() (reply, error) {
	var items []map[string]any
	for _, r := range store.Resources.All(c.tx, store.ResourceKey(c.subscriptionID())+"/resourcegroups/") {
		if r.Type == groupType && rbac.Allowed(c.tx, c.caller.TenantID, c.caller.ObjectID, groupRead, r.ID) {
			items = append(items, showGroup(r))
		}
	}
	return ok(values(items))
}
