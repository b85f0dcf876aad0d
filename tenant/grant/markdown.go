package grant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"app-to-app/components/requests"
	"app-to-app/tenant/diff"
)

// Markdown is the text of a ticket for the team that grants. Whatever a file says
// is shown as code, so that no name can pose as a heading, a link or a mention.
func Markdown(file requests.File, text []byte) string {
	var page strings.Builder
	fmt.Fprintf(&page, "### %s for the clients of %s\n\n", title(file), diff.Code(file.Stack))
	fmt.Fprintf(&page, "API %s: client id %s, service principal %s; tenant %s, environment %s.\n\n",
		diff.Code(file.API.Name), diff.Code(file.API.ClientID), diff.Code(file.API.ServicePrincipalID), diff.Code(file.TenantID), diff.Code(file.Environment))
	page.WriteString("Asked for:\n\n")
	for _, r := range file.Requests {
		if asked := r.Registration; asked != nil {
			fmt.Fprintf(&page, "- an app registration for the client %s, named %s, that trusts tokens of %s with the subject %s and the audience %s, and nothing else; owners: %s\n",
				diff.Code(r.Client), diff.Code(asked.DisplayName), diff.Code(asked.Issuer), diff.Code(asked.Subject), diff.Code(asked.Audience), ownersOf(*asked))
		}
		for _, role := range r.Roles {
			who := fmt.Sprintf("%s, object id %s, named %s", diff.Code(r.Identity), diff.Code(r.PrincipalID), diff.Code(r.PrincipalName))
			if r.Registration != nil {
				who = "that app registration"
			}
			fmt.Fprintf(&page, "- %s (id %s) for the client %s: %s\n", diff.Code(role.Value), diff.Code(role.ID), diff.Code(r.Client), who)
		}
	}
	page.WriteString("\nTo grant it, save the file below as `requests.json`. The first command shows who gets what, by the names that the tenant has for these ids, and asks; it makes nothing else, and can be repeated. Then send back `requests.receipt.json`.\n\n")
	fmt.Fprintf(&page, "```sh\ntenant grant requests.json -api %s\n```\n\n", file.API.ClientID)
	fmt.Fprintf(&page, "<details><summary>requests.json</summary>\n\n%s\n</details>\n", fenced(text))
	return page.String()
}

// title says what a file asks for.
func title(file requests.File) string {
	if slices.ContainsFunc(file.Requests, func(r requests.Request) bool { return r.Registration != nil }) {
		return "App registrations and app roles"
	}
	return "App roles"
}

// ownersOf are the owners that a registration is asked with.
func ownersOf(asked requests.Registration) string {
	var ids []string
	for _, id := range asked.Owners {
		ids = append(ids, diff.Code(id))
	}
	return cmp.Or(strings.Join(ids, ", "), "none")
}

// fenced is a code block that its content cannot close: its fence is longer than
// any run of backticks inside (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).
func fenced(text []byte) string {
	fence := "```"
	for strings.Contains(string(text), fence) {
		fence += "`"
	}
	return fence + "json\n" + strings.TrimRight(string(text), "\n") + "\n" + fence
}
