package diff

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Marker is the first line of a stack's comment, by which the next one finds
// it. GitHub does not show it.
func Marker(stack string) string {
	// A stack's name has letters, digits, hyphens, underscores and dots only;
	// two hyphens would end an HTML comment early.
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_.", r)) {
			return r
		}
		return '_'
	}, stack)
	return "<!-- app-to-app tenant diff: " + strings.ReplaceAll(name, "--", "-_") + " -->"
}

// mostBytes is how long a comment may get; GitHub refuses more than 65536
// characters.
const mostBytes = 60000

// Markdown is the whole report on a preview of a stack: the verdict, what changes
// in access, what is not understood, and the resources. The same preview always
// gives the same text.
func (p Preview) Markdown(stack string, names Names) string { return p.Facts(stack, names).Markdown() }

// Markdown is the whole report.
func (f Facts) Markdown() string { return f.markdown(kinds, 1<<30) }

// Comment is the report cut to what GitHub takes. What is cut is counted, and if
// it is about access, the verdict says so.
func (f Facts) Comment() string { return f.markdown(kinds, mostBytes) }

func (f Facts) markdown(t table, most int) string {
	r := f.report(t)
	if len(r.changes) == 0 {
		return fmt.Sprintf("%s\n%s: nothing changes.\n", Marker(f.Stack), code(f.Stack))
	}
	var access, unknown, resources []string
	for _, l := range r.lines {
		access = append(access, l.text)
	}
	for _, u := range r.unknown {
		unknown = append(unknown, u.resource(u.properties))
	}
	for _, c := range r.changes {
		resources = append(resources, c.resource(c.paths))
	}
	lists := fit(most-skeleton, access, unknown, resources)
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n### Access in %s\n\n%s\n", Marker(f.Stack), code(f.Stack), r.verdict())
	if missing := len(access) + len(unknown) - len(lists[0]) - len(lists[1]); missing > 0 {
		fmt.Fprintf(&text, "\n**%d changes of access do not fit here.** Read them in the log of the job.\n", missing)
	}
	write(&text, "", lists[0], len(access))
	write(&text, "#### Changes that may affect access, not understood\n\n", lists[1], len(unknown))
	if slices.ContainsFunc(access, func(text string) bool { return strings.Contains(text, notKnownYet) }) {
		text.WriteString("\n" + takenFrom + "\n")
	}
	if r.stale {
		text.WriteString("\nAzure keeps a managed identity's token for up to 24 hours, with the roles it had then: the change may take that long to be seen. To lock a client out at once, set `app-to-app:blockedCallers`.\n")
	}
	fmt.Fprintf(&text, "\n<details><summary>%s</summary>\n", summary(r.changes))
	write(&text, "", lists[2], len(resources))
	text.WriteString("\n</details>\n")
	return text.String()
}

// NoComment is the comment on a stack whose preview cannot be read, or whose report
// GitHub does not take. Without it, the one on an older preview would stand.
func NoComment(stack string, err error) string {
	if err == nil {
		err = errors.New("no reason is known")
	}
	return fmt.Sprintf("%s\n### Access in %s\n\n**Not known**: there is no report on this commit. The log of the job says more than this: %s\n",
		Marker(stack), code(stack), code(err.Error()))
}

// skeleton is room for all that is not a list.
const skeleton = 6000

// write writes a list, if it has any items, and how many of all are left out.
func write(text *strings.Builder, heading string, items []string, all int) {
	if all == 0 {
		return
	}
	text.WriteString("\n" + heading)
	for _, item := range items {
		text.WriteString("- " + item + "\n")
	}
	if more := all - len(items); more > 0 {
		fmt.Fprintf(text, "- and %d more: see the log of the job\n", more)
	}
}

// fit cuts lists to a number of bytes in all: what a short list leaves goes to
// the longer ones.
func fit(most int, lists ...[]string) [][]string {
	size := func(list []string) (n int) {
		for _, item := range list {
			n += len(item) + len("- \n")
		}
		return n
	}
	order := []int{0, 1, 2}[:len(lists)]
	slices.SortFunc(order, func(a, b int) int { return size(lists[a]) - size(lists[b]) })
	fitted := make([][]string, len(lists))
	for i, which := range order {
		room, list := most/(len(order)-i), lists[which]
		for len(list) > 0 && size(list) > room {
			list = list[:len(list)-max(1, len(list)/16)]
		}
		fitted[which] = list
		most -= size(list)
	}
	return fitted
}
