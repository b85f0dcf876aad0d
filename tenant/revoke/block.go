package revoke

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"app-to-app/azurecloud"
)

// This file blocks identities at the API. The rules are: Resource Manager replaces
// all app settings at once and offers no condition
// (https://learn.microsoft.com/rest/api/appservice/web-apps/update-application-settings),
// so the list is read immediately before it is written, and read again to see
// that it is as it was written; values are never shown.

const webVersion = "?api-version=2024-04-01"

// blockSetting is the app setting of the API with the callers that it refuses
// (functions/orders-api), without the API's own prefix.
const blockSetting = "BLOCKED_CALLERS"

// attempts is how often the block is written when somebody else's change at the
// same time removes it.
const attempts = 3

func (r reader) settings(ctx context.Context, siteID string) (map[string]string, error) {
	var found struct{ Properties map[string]string }
	err := r.session.ResourceManager.Post(ctx, siteID+"/config/appsettings/list"+webVersion, nil, &found)
	if azurecloud.StatusOf(err) == http.StatusForbidden {
		err = azurecloud.WithHint(err, "the login needs Microsoft.Web/sites/config/list/action and Microsoft.Web/sites/config/write on the API, as in the role Website Contributor")
	}
	return found.Properties, err
}

// blocked are the ids that a list names, in lower case.
func blocked(list string) []string {
	return strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
}

// blocks reports whether a list has all ids.
func blocks(list string, ids []string) bool {
	named := blocked(list)
	return !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(named, strings.ToLower(id)) })
}

// block adds the ids to the setting and keeps everything else; false means that
// they were there.
func (r reader) block(ctx context.Context, siteID, setting string, ids []string) (changed bool, err error) {
	for range attempts {
		before, err := r.settings(ctx, siteID)
		if err != nil && !changed {
			err = fmt.Errorf("nothing was changed: %w", err)
		}
		if err != nil {
			return changed, err
		}
		if blocks(before[setting], ids) {
			return changed, nil
		}
		wanted := maps.Clone(before)
		if wanted == nil {
			wanted = make(map[string]string)
		}
		named := blocked(before[setting])
		for _, id := range ids {
			if id = strings.ToLower(id); !slices.Contains(named, id) {
				named = append(named, id)
			}
		}
		wanted[setting] = strings.Join(named, ",")
		if err := r.session.ResourceManager.Put(ctx, siteID+"/config/appsettings"+webVersion, map[string]any{"properties": wanted}, nil); err != nil {
			return changed, notWritten(err, changed)
		}
		changed = true
		after, err := r.settings(ctx, siteID)
		if err != nil {
			return changed, err
		}
		lost := missing(wanted, after)
		switch {
		case lost == nil:
			return changed, nil
		case blocks(after[setting], ids):
			return changed, fmt.Errorf("blocked, but somebody else changed the API's app settings at the same time: look at %s", strings.Join(lost, ", "))
		}
	}
	return changed, errors.New("expected the block to stay in the API's app settings, but another change keeps removing it: is an update running?")
}

// notWritten says what a failed write means. Only a refusal says that nothing was
// changed: the answer to a write that took effect can be lost.
func notWritten(err error, before bool) error {
	status := azurecloud.StatusOf(err)
	switch {
	case status == http.StatusForbidden:
		err = azurecloud.WithHint(err, "the login needs Microsoft.Web/sites/config/write on the API, as in the role Website Contributor")
	case status < 400 || status >= 500:
		return azurecloud.WithHint(fmt.Errorf("it is not known whether the API has the block now: %w", err), "run it again: it looks first")
	}
	if before {
		return err
	}
	return fmt.Errorf("nothing was changed: %w", err)
}

// missing are the names of settings that are not as they were written.
func missing(wanted, found map[string]string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if value, set := found[name]; !set || value != wanted[name] {
			names = append(names, name)
		}
	}
	return names
}
