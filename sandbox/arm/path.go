package arm

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file reads ARM paths, in which a literal (a type, an action) and a name
// alternate. Both ignore case; names keep the case they were created with:
// learn.microsoft.com/azure/azure-resource-manager/management/overview.

// namedLiterally are the literals after which another literal follows.
var namedLiterally = []string{"providers", "metadata", "config", "host", "blobservices", "basicpublishingcredentialspolicies"}

// fold writes the literals of a path in lower case, as the routes have them.
func fold(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for i, segment := range segments {
		if i%2 == 0 || slices.Contains(namedLiterally, segments[i-1]) {
			segments[i] = strings.ToLower(segment)
		}
	}
	return "/" + strings.Join(segments, "/")
}

// scopeOf returns the resource of a path, without an action or a collection at
// its end. The caller needs the permission on it.
func scopeOf(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	segments = segments[:len(segments)/2*2]
	if n := len(segments); n >= 2 && strings.EqualFold(segments[n-2], "providers") {
		segments = segments[:n-2]
	}
	return "/" + strings.Join(segments, "/")
}

// pathAsSent is a request's path in the case that the client sent.
func pathAsSent(r *http.Request) string {
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		return u.Path
	}
	return r.URL.Path
}

func groupID(subscription, group string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + group
}

// subscriptionID is the ARM id of the request's subscription.
func (c *call) subscriptionID() string { return "/subscriptions/" + c.subscription.ID }

// group returns the resource group of the request.
func (c *call) group() (store.Resource, error) {
	name := c.r.PathValue("group")
	group, ok := store.ResourceByID(c.tx, groupID(c.subscription.ID, name))
	if !ok {
		return store.Resource{}, refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", name)
	}
	if c.writes() && stateOf(group) == "Deleting" {
		return store.Resource{}, refuse(http.StatusConflict, "ResourceGroupBeingDeleted",
			"The resource group '%s' is in deprovisioning state and cannot perform this operation.", name)
	}
	return group, nil
}

func (c *call) writes() bool { return c.r.Method != http.MethodGet && c.r.Method != http.MethodHead }

// segmentAfter returns the segment behind a literal in an ARM id.
func segmentAfter(id, literal string) string {
	segments := strings.Split(id, "/")
	for i, segment := range segments[:len(segments)-1] {
		if strings.EqualFold(segment, literal) {
			return segments[i+1]
		}
	}
	return ""
}

// lastSegment is the last segment of an ARM id.
func lastSegment(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// note adds the object to the request's entry in the history.
func (c *call) note(object string) { route.Note(c.r.Context()).Object = object }
