package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Marker is the first line of a stack's comment, by which the next one finds
// it. GitHub does not show it.
func Marker(stack string) string {
	// A stack's name has letters, digits, hyphens, underscores and dots only;
	// two hyphens would end an HTML comment early.
	return "<!-- app-to-app tenant diff: " + strings.ReplaceAll(clean(stack), "--", "-_") + " -->"
}

// mostBytes is how long a comment may get; GitHub refuses more than 65536
// characters.
const mostBytes = 60000

// Markdown is the comment on a preview of a stack: access first, then the
// resources. The same preview always gives the same text.
func (p Preview) Markdown(stack string) string {
	var text strings.Builder
	text.WriteString(Marker(stack) + "\n")
	resources := p.resources()
	if len(resources) == 0 {
		fmt.Fprintf(&text, "%s: nothing changes.\n", code(stack))
		return text.String()
	}
	fmt.Fprintf(&text, "### Access in %s\n\n", code(stack))
	before, after := sides(p)
	lines, stale := access(before, after, p.replaced())
	for _, line := range lines {
		text.WriteString("- " + line + "\n")
	}
	text.WriteString(p.claim(before, after, len(lines) > 0))
	if stale {
		text.WriteString("\nAzure keeps a managed identity's token for up to 24 hours, with the roles it had then: the change may take that long to be seen. To lock a client out at once, set `app-to-app:blockedCallers`.\n")
	}
	fmt.Fprintf(&text, "\n<details><summary>%s</summary>\n\n", p.summary())
	for i, line := range resources {
		if text.Len()+len(line) > mostBytes {
			fmt.Fprintf(&text, "\nand %d more; see the log of the preview\n", len(resources)-i)
			break
		}
		text.WriteString("- " + line + "\n")
	}
	text.WriteString("\n</details>\n")
	return text.String()
}

// access lists what changes in access. stale reports whether that includes a
// role of an existing managed identity.
func access(before, after side, replaced map[string]bool) (lines []string, stale bool) {
	wasAPI, isAPI := before.apis(), after.apis()
	for _, name := range keys(wasAPI, isAPI) {
		was, existed := wasAPI[name]
		is, exists := isAPI[name]
		lines = append(lines, apiLines(name, was, is, existed, exists)...)
	}
	wasClient, isClient := before.clients(), after.clients()
	for _, name := range keys(wasClient, isClient) {
		was, existed := wasClient[name]
		is, exists := isClient[name]
		who := "client " + code(name)
		switch {
		case !existed:
			lines = append(lines, fmt.Sprintf("%s is **new**, with a credential of the kind: %s", who, is.kind))
		case !exists:
			lines = append(lines, fmt.Sprintf("%s is **removed**", who))
		case was.kind != is.kind:
			lines = append(lines, fmt.Sprintf("%s **changes the kind of its credential**: %s → %s", who, was.kind, is.kind))
		}
		gained, lost := roleChanges(was, is)
		for _, role := range gained {
			lines = append(lines, fmt.Sprintf("%s **gains** %s", who, role))
		}
		for _, role := range lost {
			lines = append(lines, fmt.Sprintf("%s **loses** %s", who, role))
		}
		// A new identity has no old token yet; a removed one keeps its last
		// until it expires.
		if existed && len(gained)+len(lost) > 0 && managed(was.kind) && (!exists || managed(is.kind)) {
			stale = true
		}
		if existed && exists {
			lines = append(lines, credentialLines(who, was, is)...)
		}
	}
	lines = append(lines, renewed(before, after, replaced)...)
	return lines, stale
}

func apiLines(name string, was, is api, existed, exists bool) (lines []string) {
	who := code(name)
	switch {
	case !exists:
		return []string{who + " is **removed**"}
	case !existed:
		lines = append(lines, who+" is **new**")
	}
	switch {
	case is.open && !(existed && was.open):
		lines = append(lines, who+" **becomes reachable without assignment**: every application of the tenant gets a token for it")
	case existed && was.open && !is.open:
		lines = append(lines, who+" **requires an assignment** again")
	}
	for _, key := range keys(was.roles, is.roles) {
		switch old, new := was.roles[key], is.roles[key]; {
		case old == "":
			lines = append(lines, fmt.Sprintf("%s **offers** the role %s", who, new))
		case new == "":
			lines = append(lines, fmt.Sprintf("%s **no longer has** the role %s", who, old))
		}
	}
	if existed && was.owners != is.owners {
		lines = append(lines, who+" **changes its owners**, who may add credentials to it")
	}
	if was.blocked != is.blocked {
		lines = append(lines, fmt.Sprintf("%s **changes its blocked callers**: %d → %d", who, count(was.blocked), count(is.blocked)))
	}
	return lines
}

// roleChanges compares the roles of assignments, not their logical names: a
// renamed assignment changes nobody's access.
func roleChanges(was, is client) (gained, lost []string) {
	had, has := values(was.roles), values(is.roles)
	for _, role := range slices.Sorted(maps.Keys(has)) {
		if !had[role] {
			gained = append(gained, role)
		}
	}
	for _, role := range slices.Sorted(maps.Keys(had)) {
		if !has[role] {
			lost = append(lost, role)
		}
	}
	return gained, lost
}

func credentialLines(who string, was, is client) (lines []string) {
	for _, key := range keys(was.credentials, is.credentials) {
		switch old, new := was.credentials[key], is.credentials[key]; {
		case old == "":
			lines = append(lines, fmt.Sprintf("%s **gets** the %s %s", who, new, code(nameOf(key))))
		case new == "":
			lines = append(lines, fmt.Sprintf("%s **gives up** the %s %s", who, old, code(nameOf(key))))
		}
	}
	return lines
}

// renewed lists credentials and identities that are replaced under the same
// name: the old one stops working.
func renewed(before, after side, replaced map[string]bool) (lines []string) {
	words := map[string]string{
		passwordType: "client secret", certificateType: kindCertificate, federatedType: kindFederated,
		userAssignedType: "managed identity, and with it its object id", applicationType: "app registration, and with it its client id",
	}
	for _, urn := range slices.Sorted(maps.Keys(replaced)) {
		word, r := words[typeOf(urn)], after[urn]
		if word == "" || r.State == nil || before[urn].State == nil {
			continue
		}
		owner := after.owner(r, clientType)
		if owner == "" || typeOf(urn) == userAssignedType && r.Parent != owner {
			continue // the API's own, or a host's
		}
		lines = append(lines, fmt.Sprintf("client %s **renews** its %s (%s)", code(nameOf(owner)), word, code(nameOf(urn))))
	}
	return lines
}

// replaced are the URNs of resources that are replaced.
func (p Preview) replaced() map[string]bool {
	all := make(map[string]bool)
	for _, s := range p.Steps {
		if s.Op == "replace" || s.Op == "create-replacement" || s.Op == "delete-replaced" {
			all[s.URN] = true
		}
	}
	return all
}

// keys are the sorted keys of two maps.
func keys[V any](a, b map[string]V) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

func values(m map[string]string) map[string]bool {
	set := make(map[string]bool)
	for _, value := range m {
		set[value] = true
	}
	return set
}

// count counts the items of a list with commas.
func count(list string) int {
	return len(strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }))
}

// clean removes what could end a line or a comment in Markdown.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '`' || r == '<' || r == '>' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// code puts a name into a code span. A branch chooses the names of its clients;
// they must not render as Markdown or notify anyone.
func code(name string) string {
	if name = clean(name); name == "" {
		name = "?"
	}
	return "`" + name + "`"
}
