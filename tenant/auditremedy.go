package tenant

import (
	"strings"
)

// This file says what ends a difference: a command where one does it, else what to
// decide.

// again is how the engine restores what it does see. It does not see app settings,
// App Service Authentication and publishing passwords: those need their own command.
const again = "pulumi up --refresh"

// remedies are those that do not depend on which resource it is.
var remedies = map[string]string{
	ApplicationMissing:    "restore it from Deleted applications within 30 days, or " + again + " to make a new one",
	PrincipalMissing:      again,
	AssignmentMissing:     again,
	AssignmentNotRequired: again,
	RoleMissing:           again,
	CredentialMissing:     again,
	CredentialChanged:     again,
	OwnerMissing:          again,
	SiteMissing:           again,
	IdentityMissing:       again,
	RoleDisabled:          "enable it under App roles of the app registration; azuread does not see that a role is disabled",
	AssignmentUndeclared:  "declare the client in the setting clients, or remove the assignment under Enterprise applications, Users and groups",
	RoleUndeclared:        "declare it in the setting roles, or disable and remove it under App roles of the app registration",
	CredentialUndeclared:  "remove it under Certificates & secrets of the app registration, after whoever uses it has another one",
	OwnerUndeclared:       "declare it in the setting owners, or remove it under Owners",
	CredentialExpired:     "pulumi up, which adds the next one",
	CredentialExpiring:    "pulumi up, which adds the next one when its period begins",
	IdentityUndeclared:    again + ", or remove it under Identity of the function app",
}

// remedy is what ends a difference.
func (a *auditor) remedy(d Difference) string {
	site := a.declared.sites()[strings.TrimPrefix(d.Subject, "function app of ")]
	remove := "az functionapp config appsettings delete --ids " + site + " --setting-names " + d.Found
	switch d.Kind {
	case SettingAdded:
		return remove
	case SettingChanged, SettingRemoved:
		return "az functionapp config appsettings set --ids " + site + " --settings " + d.Declared + "=VALUE, with the value in: pulumi stack export"
	case KeyInSettings:
		return remove + ", then rotate the account's keys"
	case EasyAuthOn:
		return "az webapp auth update --ids " + site + " --enabled false"
	case BasicAuthOn:
		return "az resource update --ids " + site + "/basicPublishingCredentialsPolicies/ftp " + site + "/basicPublishingCredentialsPolicies/scm --set properties.allow=false"
	case PrincipalDisabled:
		return "enable it under Properties of the enterprise application"
	}
	return remedies[d.Kind]
}
