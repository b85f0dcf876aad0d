package requests

import "fmt"

// This file has the requests to the owner of an API's app registration that was made
// elsewhere. A preview and `tenant why` find the same faults and ask for the same.

// An Owned is an app registration that somebody else owns.
type Owned struct {
	DisplayName, ClientID string
	ObjectID              string // of the app registration
	ServicePrincipalID    string // object id
	Graph                 string // address of Microsoft Graph
}

func (o Owned) name() string { return fmt.Sprintf("%q (client id %s)", o.DisplayName, o.ClientID) }

func (o Owned) run(command string) string {
	return "ask an owner of the app registration " + o.name() + " to run: " + command
}

// Version2 asks for tokens of version 2. The Azure CLI has no command of its own for
// this property (https://learn.microsoft.com/graph/api/resources/apiapplication).
func (o Owned) Version2() string {
	return o.run(fmt.Sprintf(`az rest --method patch --url %s/v1.0/applications/%s --body '{"api":{"requestedAccessTokenVersion":2}}'`, o.Graph, o.ObjectID))
}

// Enable asks for an enabled service principal.
func (o Owned) Enable() string {
	return o.run("az ad sp update --id " + o.ServicePrincipalID + " --set accountEnabled=true")
}

// RequireAssignment asks for tokens for those only who hold an app role.
func (o Owned) RequireAssignment() string {
	return o.run("az ad sp update --id " + o.ServicePrincipalID + " --set appRoleAssignmentRequired=true")
}

// CreatePrincipal asks for a service principal.
func (o Owned) CreatePrincipal() string { return o.run("az ad sp create --id " + o.ClientID) }

// EnableRole asks for an enabled app role.
func (o Owned) EnableRole(roleID string) string {
	return fmt.Sprintf("ask an owner of the app registration %s to enable the app role %s (Microsoft Entra ID, App registrations, App roles)", o.name(), roleID)
}

// AllowApplications asks for applications among those who can hold an app role.
func (o Owned) AllowApplications(roleID string) string {
	return fmt.Sprintf("ask an owner of the app registration %s to allow applications as members of the app role %s", o.name(), roleID)
}

// AddRole asks for another app role.
func (o Owned) AddRole(value string) string {
	return fmt.Sprintf("ask an owner of the app registration %s to add the app role %q for applications", o.name(), value)
}

// Restore asks for an app registration that is gone.
func (o Owned) Restore() string {
	return fmt.Sprintf("ask whoever owned the app registration with the client id %s to restore it from Deleted applications within 30 days: another one would have another client id", o.ClientID)
}
