package plugin

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumiplugin "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// diff compares new inputs with the state, if the resource is bridged. Otherwise
// it compares them with the old inputs, where changes found by a refresh are too
// (see readInputs), and reads outputs only to see whether a renewal is due.
func (r Resource) diff(check Check, state resource.PropertyMap, ignore []string) pulumiplugin.DiffResult {
	olds, news := bare(check.Olds), bare(check.News)
	var detailed map[string]pulumiplugin.PropertyDiff
	if r.Bridge != nil {
		detailed = r.plan(check.News, state, ignore).found
	} else {
		detailed = pulumiplugin.NewDetailedDiffFromObjectDiff(olds.Diff(news), true)
	}
	var due []string
	if r.RenewalDue != nil {
		due = r.RenewalDue(plain(state), plain(news))
	}
	for _, name := range due {
		if detailed == nil {
			detailed = map[string]pulumiplugin.PropertyDiff{}
		}
		detailed[name] = pulumiplugin.PropertyDiff{Kind: pulumiplugin.DiffUpdate}
	}
	if len(detailed) == 0 {
		return pulumiplugin.DiffResult{Changes: pulumiplugin.DiffNone}
	}
	replace := append(slices.Clone(r.Replace), due...)
	if r.UpdatedInPlace != nil {
		updated := r.UpdatedInPlace(plain(news))
		replace = slices.DeleteFunc(replace, func(name string) bool { return slices.Contains(updated, name) })
	}
	result := pulumiplugin.DiffResult{Changes: pulumiplugin.DiffSome, DetailedDiff: detailed}
	replaces := false
	for path, change := range detailed {
		if slices.Contains(replace, root(path)) {
			detailed[path], replaces = change.ToReplace(), true
		}
	}
	result.DeleteBeforeReplace = replaces && r.DeleteFirst != nil && r.DeleteFirst(check)
	return result
}

// root is the first name of a property path.
func root(path string) string {
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil || len(parsed) == 0 {
		return path
	}
	name, _ := parsed[0].(string)
	return name
}
