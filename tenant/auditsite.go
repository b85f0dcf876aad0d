package tenant

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

// This file audits what `pulumi refresh` misses of function apps: what is not a
// resource of the stack, and resources that refresh does not read back. Values
// of app settings are compared and never shown.

func (a *auditor) sites(ctx context.Context) error {
	sites := a.declared.sites()
	if a.declared.state == nil && len(sites) > 0 {
		a.note("app settings and attached identities were not compared: only the stack's state has them (-stack, or -state)")
	}
	for _, name := range sortedKeys(sites) {
		if err := a.site(ctx, "function app of "+name, sites[name]); err != nil {
			return err
		}
	}
	return nil
}

func (a *auditor) site(ctx context.Context, subject, id string) error {
	found, ok, err := a.reader.site(ctx, id)
	if err != nil {
		return err
	}
	if !ok {
		a.add(SiteMissing, subject, id, "", "%s: the site %s is gone", subject, id)
		return nil
	}
	on, err := a.reader.easyAuth(ctx, id)
	if err != nil {
		return err
	}
	if on {
		a.add(EasyAuthOn, subject, "off", "on", "%s: App Service Authentication (Easy Auth) is on: it answers requests before the app does, and does not check app roles", subject)
	}
	for _, protocol := range []string{"ftp", "scm"} {
		allowed, err := a.reader.basicAuth(ctx, id, protocol)
		if err != nil {
			return err
		}
		if allowed {
			a.add(BasicAuthOn, subject, "off", "on", "%s: publishing passwords work for %s: anyone who has one can replace the code", subject, strings.ToUpper(protocol))
		}
	}
	if a.declared.state == nil {
		return nil
	}
	a.identities(subject, id, found)
	return a.settings(ctx, subject, id)
}

func (a *auditor) identities(subject, id string, found site) {
	declared, known := a.declared.state.identities[strings.ToLower(id)]
	if !known {
		return
	}
	for _, attached := range sortedKeys(found.Identity.UserAssigned) {
		if !containsID(declared, attached) {
			a.add(IdentityUndeclared, subject, "", attached, "%s: the user-assigned identity %s is attached but not declared: the app can get its tokens", subject, attached)
		}
	}
	for _, identity := range declared {
		if !slices.ContainsFunc(sortedKeys(found.Identity.UserAssigned), func(attached string) bool { return sameID(attached, identity) }) {
			a.add(IdentityMissing, subject, identity, "", "%s: the user-assigned identity %s is declared but not attached", subject, identity)
		}
	}
	own, declaredOwn := found.Identity.PrincipalID, a.declared.state.system[strings.ToLower(id)]
	switch {
	case own != "" && !declaredOwn:
		a.add(IdentityUndeclared, subject, "", own, "%s: it has a system-assigned identity (%s), which is not declared", subject, own)
	case own == "" && declaredOwn:
		a.add(IdentityMissing, subject, "system-assigned", "", "%s: its system-assigned identity is declared but switched off", subject)
	}
}

// storageKey is what the value of an app setting has if it opens a storage account
// (https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string,
// https://learn.microsoft.com/rest/api/storageservices/create-service-sas).
var storageKey = regexp.MustCompile(`(?i)(?:^|;)\s*(?:AccountKey|SharedAccessSignature)\s*=\s*[^;\s]|[?&]sig=[^&\s]`)

// keysIn names the app settings that hold a key or a signature of a storage account.
// The program sets none: its apps reach their storage by identity. Whoever may read
// the settings can then replace the code and so act as the app.
func (a *auditor) keysIn(subject string, found map[string]string) (names []string) {
	for _, name := range sortedKeys(found) {
		if storageKey.MatchString(found[name]) {
			names = append(names, name)
			a.add(KeyInSettings, subject, "", name, "%s: the app setting %s holds a key of a storage account: whoever reads the settings can replace the code", subject, name)
		}
	}
	return names
}

func (a *auditor) settings(ctx context.Context, subject, id string) error {
	found, err := a.reader.settings(ctx, id)
	if err != nil {
		return err
	}
	keys := a.keysIn(subject, found)
	declared, known := a.declared.state.settings[strings.ToLower(id)]
	switch {
	case !known:
		a.note("%s: the state has no app settings for it", subject)
		return nil
	case declared == nil:
		a.note("%s: its app settings are one secret in the state, and were not compared", subject)
		return nil
	}
	var unread []string
	for _, name := range sortedKeys(declared) {
		value, set := found[name]
		switch {
		case !set:
			a.add(SettingRemoved, subject, name, "", "%s: the app setting %s is gone", subject, name)
		case declared[name].secret:
			unread = append(unread, name)
		case value != declared[name].value:
			a.add(SettingChanged, subject, name, name, "%s: the app setting %s has another value than the declared one", subject, name)
		}
	}
	for _, name := range sortedKeys(found) {
		if _, ok := declared[name]; !ok && !slices.Contains(keys, name) {
			a.add(SettingAdded, subject, "", name, "%s: the app setting %s is not declared", subject, name)
		}
	}
	if unread != nil {
		a.note("%s: secret in the state, so compared by name only: %s", subject, strings.Join(unread, ", "))
	}
	return nil
}
