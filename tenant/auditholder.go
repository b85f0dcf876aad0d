package tenant

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
)

// This file says which stack made who holds an app role. A client can have a stack
// of its own, and an audit of the API's stack alone does not know that stack's
// assignments. A mark is a claim, so it never makes a holder declared; it only
// keeps the holder from being removed before that stack was audited too.

// markOf is the stack whose mark a principal carries, as the name that audit -stack
// takes; "" if it has none, or that of an audited stack. Unread is what has the mark
// and may not be read, as in the subscription of another team.
func (a *auditor) markOf(ctx context.Context, objectID string) (stack, unread string, err error) {
	sp, found, err := a.reader.principal(ctx, objectID)
	if denied(err) {
		return "", "servicePrincipals/" + objectID, nil
	}
	if err != nil || !found {
		return "", "", err
	}
	mark, ok := provenance.ParseTags(sp.Tags)
	for _, name := range sp.AlternativeNames {
		if !strings.HasPrefix(name, "/subscriptions/") {
			continue
		}
		apiVersion := webVersion // of a system-assigned identity it is the site
		if strings.Contains(strings.ToLower(name), "/userassignedidentities/") {
			apiVersion = identityVersion
		}
		var resource struct{ Tags map[string]string }
		err := a.reader.session.ResourceManager.Get(ctx, version(name, apiVersion), &resource)
		switch status := azurecloud.StatusOf(err); {
		case err == nil:
			mark, ok = provenance.ParseARMTags(resource.Tags)
		case hidden(err):
			unread = name
		case status == 0 || status >= http.StatusInternalServerError:
			return "", "", err
		}
	}
	if !ok {
		return "", unread, nil
	}
	for _, s := range a.declared.states() {
		if s != nil && mark.Of(s.project, s.stack) {
			return "", "", nil
		}
	}
	return mark.Stack, "", nil
}

// hidden reports whether Resource Manager kept something from the caller. Of a
// subscription in which it has no right at all, it can say that there is none; to one
// of another tenant, that the token is for the wrong tenant.
func hidden(err error) bool {
	var status *azurecloud.StatusError
	return denied(err) || errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Code == "SubscriptionNotFound")
}
