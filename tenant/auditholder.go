package tenant

import (
	"context"
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
// takes; "" if it has none, or that of an audited stack. What the caller may not
// read has no mark.
func (a *auditor) markOf(ctx context.Context, objectID string) (string, error) {
	sp, found, err := a.reader.principal(ctx, objectID)
	if err != nil || !found {
		if denied(err) {
			err = nil
		}
		return "", err
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
		case status == 0 || status >= http.StatusInternalServerError:
			return "", err
		}
	}
	if !ok {
		return "", nil
	}
	for _, s := range a.declared.states() {
		if s != nil && mark.Of(s.project, s.stack) {
			return "", nil
		}
	}
	return mark.Stack, nil
}
