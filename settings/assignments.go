package settings

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"app-to-app/azurecloud/endpoints"
	"app-to-app/components/requests"
)

// This file parses who gives the clients their app roles, and the app registrations
// that hold them: this program, or another team that it asks.

// Who makes the app role assignments.
const (
	MadeAssignments      = "made"      // this program
	RequestedAssignments = "requested" // somebody else, whom the stack's exports ask
)

// maxReceipt is far more than the receipt of a hundred clients has.
const maxReceipt = 1 << 20

func (p *parser) assignments() (assignments, receipt string) {
	const key, receiptKey = Namespace + ":assignments", Namespace + ":assignmentsReceipt"
	possible := []string{MadeAssignments, RequestedAssignments}
	assignments = cmp.Or(p.text("assignments"), MadeAssignments)
	switch assignments {
	case MadeAssignments, RequestedAssignments:
	default:
		p.choose(key, assignments, possible, "expected one of %s, got %q", strings.Join(possible, ", "), assignments)
	}
	receipt = p.text("assignmentsReceipt")
	switch plain := strings.TrimPrefix(receipt, "./"); {
	case receipt == "" || p.has(key):
	case assignments != RequestedAssignments:
		p.ask(receiptKey, SetCommand(key, RequestedAssignments)+" to have somebody else assign the app roles, or "+removeCommand(receiptKey), "expected none for app roles that this stack assigns")
	case fs.ValidPath(receipt) && receipt != "." && !strings.Contains(receipt, `\`):
		return assignments, receipt
	case fs.ValidPath(plain) && plain != "." && !strings.Contains(plain, `\`):
		p.refuse(receiptKey, SetCommand(receiptKey, plain), "expected a path from the project's folder, got %q", receipt)
	default:
		p.ask(receiptKey, "put the file into the project's folder, and pulumi config set "+receiptKey+" PATH from there, with slashes", "expected a path from the project's folder, got %q", receipt)
	}
	return assignments, ""
}

// checkRequested refuses what cannot wait for somebody else: an app that is moved
// to another identity uses it at once, and Azure would keep its first token, which
// has no app role, for about 24 hours
// (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations).
func (p *parser) checkRequested(s Settings) {
	if s.Assignments != RequestedAssignments {
		return
	}
	for n, client := range s.Clients {
		// Nobody can be asked for a credential that has to be handed over.
		if key := fmt.Sprintf("%s:clients[%d].identity", Namespace, n); client.Identity.HasSecret() && !p.has(key) {
			p.refuse(key, SetCommand(key, Federated), "expected an identity without a secret while somebody else makes app registrations (%s, %s, %s or %s), got %s: whoever made it would have to hand it over",
				ManagedIdentity, SystemAssigned, Federated, Existing, client.Identity.Kind)
		}
		if key := fmt.Sprintf("%s:clients[%d].previousIdentity", Namespace, n); client.Previous != nil && !p.has(key) {
			p.ask(key, "add a client of another name with the new identity, and remove this one once that one has its app roles; or "+removeCommand(key),
				"expected none while somebody else assigns app roles: the app would use the new identity before it has any")
		}
	}
}

// readReceipt reads the receipt, if there is one yet.
func (l *lookups) readReceipt() {
	s := l.settings
	if s.Assignments == RequestedAssignments {
		s.Graph, _ = l.graphEndpoint()
	}
	if s.AssignmentsReceipt == "" || l.Project == nil {
		return
	}
	const key = Namespace + ":assignmentsReceipt"
	next := "let tenant grant write it again to " + s.AssignmentsReceipt + ", or " + removeCommand(key)
	data, err := fs.ReadFile(l.Project, s.AssignmentsReceipt)
	if errors.Is(err, fs.ErrNotExist) {
		l.warn("there is no receipt in %s yet, so nobody has granted anything as far as this stack knows; next: tenant request, and let tenant grant write it there", s.AssignmentsReceipt)
		return
	}
	if err == nil && len(data) > maxReceipt {
		err = fmt.Errorf("expected at most %d bytes, got %d", maxReceipt, len(data))
	}
	if err == nil {
		var receipt requests.Receipt
		if receipt, err = requests.ParseReceipt(data); err == nil {
			s.Receipt = &receipt
			return
		}
	}
	l.ask(key, next, "%v", err)
}

// graphEndpoint is the address of Microsoft Graph.
func (l *lookups) graphEndpoint() (string, error) {
	if l.graph != "" {
		return l.graph, nil
	}
	cloud, ok := endpoints.Of(l.settings.AuthorityHost)
	if !ok {
		return "", errors.New("find Microsoft Graph: expected a cloud that is known")
	}
	return cloud.Graph, nil
}
