package tenant

import (
	"context"
	"strings"

	"app-to-app/tenant/marked"
)

// unrecorded finds what the stack made and its state does not have: what a killed
// engine left, or a state from an older copy has lost. What is in a recycle bin is
// no difference: it stays there after every removal.
func (a *auditor) unrecorded(ctx context.Context) error {
	s := a.declared.state
	if s == nil || s.stack == "" {
		a.note("what the stack made and its state does not have was not looked for: only the state has the stack's ids (-stack, or -state)")
		return nil
	}
	for _, search := range marked.Live() {
		found, err := marked.Find(ctx, a.reader.session, s.project, s.stack, []marked.Search{search})
		if denied(err) {
			a.note("%v", err)
			continue
		}
		if err != nil {
			return err
		}
		for _, t := range found {
			switch {
			case s.ids[strings.ToLower(t.ID)] || a.declared.knows(t):
			case t.Requested:
				a.add(Unrecorded, t.Name, "", t.ID, "%s: somebody made it because the stack asked for it, and no client of the stack uses it", t)
				a.fixLast("if a client was just granted it: pulumi up; if nobody needs it any more, whoever made it removes it: " + t.Remove)
			default:
				a.add(Unrecorded, t.Name, "", t.ID, "%s: the stack's mark is on it, and the state does not have it", t)
				a.report.Differences[len(a.report.Differences)-1].Fix = "after an interrupted update: tenant recover -stack " + s.stack + "; if nobody needs it: " + t.Remove
			}
		}
	}
	return nil
}
