// Package provenance says which Pulumi resource made a thing, on the thing
// itself. So what a stack made can be found when its state cannot say: after a
// process was killed between a request and the checkpoint, or when the state is
// lost.
//
// Every resource that has room for it carries a [Mark], in the first request
// that creates it:
//   - app registrations and service principals as two tags ([Mark.Tags])
//   - what Resource Manager tags as three tags ([Mark.ARMTags])
//   - federated identity credentials and role assignments as their description
//     ([Mark.Text])
//
// App role assignments, client secrets, certificates and identifier URIs have no
// room for it. They are found through the principal or app registration that
// they belong to.
//
// A mark is a claim and proves nothing: anyone who may write a thing may write
// its mark. It says what to look at, and never who has access.
package provenance

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A Mark names the Pulumi resource that made a thing.
type Mark struct {
	Project, Stack string
	Name           string // Pulumi's logical name, unique for each type in a stack
}

// What Microsoft Graph and Resource Manager accept. The longest mark fits in all:
//   - a tag of an application or service principal: 256 characters
//     (https://learn.microsoft.com/graph/api/resources/application)
//   - the value of a tag in Resource Manager: 256 characters
//     (https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources)
//   - the description of a federated identity credential: 600 characters
//     (https://learn.microsoft.com/graph/api/resources/federatedidentitycredential)
//   - the description of a role assignment: 1024 characters
const maxName = 200 // of a logical name

// names of projects and stacks are checked by Pulumi in the same way
// (sdk/go/common/tokens). A slash is in neither, so it separates them.
var names = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// logicalName is what a logical name may be here: printable, without spaces.
var logicalName = regexp.MustCompile(`^[!-~]+$`)

// Check is an error if a mark could not be read again.
func (m Mark) Check() error {
	var problems []error
	for _, part := range []struct{ what, value string }{{"project", m.Project}, {"stack", m.Stack}} {
		if !names.MatchString(part.value) {
			problems = append(problems, fmt.Errorf("%s: expected 1 to 100 letters, digits, %q, got %q", part.what, "_.-", part.value))
		}
	}
	if !logicalName.MatchString(m.Name) || len(m.Name) > maxName {
		problems = append(problems, fmt.Errorf("logical name: expected 1 to %d printable ASCII characters without spaces, got %q", maxName, m.Name))
	}
	return errors.Join(problems...)
}

// Of reports whether a mark is one of a stack's.
func (m Mark) Of(project, stack string) bool { return m.Project == project && m.Stack == stack }

// The prefixes of the tags in Microsoft Graph. They are none of Entra's own, such
// as HideApp.
const (
	stackPrefix = "pulumi-stack:"
	namePrefix  = "pulumi-name:"
)

// StackTag is the tag that all app registrations and service principals of a
// stack have: $filter=tags/any(t:t eq '…') finds them.
func StackTag(project, stack string) string { return stackPrefix + project + "/" + stack }

// RequestedTag is another tag of an app registration, and of its service principal,
// that somebody else made because the stack asked for it. It carries the stack's mark
// too, but the stack's state never has it, and it is not the stack's to remove.
const RequestedTag = "pulumi-requested"

// ApplicationOf is the logical name of a component's app registration.
func ApplicationOf(component string) string { return component + "-application" }

// FederationOf is that of the federated identity credential of a client.
func FederationOf(component string) string { return component + "-federation" }

// Tags are the tags of an app registration or a service principal.
func (m Mark) Tags() []string { return []string{StackTag(m.Project, m.Stack), namePrefix + m.Name} }

// ParseTags reads the mark among the tags of an app registration or a service
// principal. Other tags are ignored; two marks are none.
func ParseTags(tags []string) (Mark, bool) {
	var m Mark
	for _, tag := range tags {
		if rest, ok := strings.CutPrefix(tag, stackPrefix); ok {
			if m.Stack != "" {
				return Mark{}, false
			}
			m.Project, m.Stack, _ = strings.Cut(rest, "/")
		} else if rest, ok := strings.CutPrefix(tag, namePrefix); ok {
			if m.Name != "" {
				return Mark{}, false
			}
			m.Name = rest
		}
	}
	return m.valid()
}

// The names of the tags in Resource Manager.
const (
	ProjectKey = "project"
	StackKey   = "stack"
	NameKey    = "name"
)

// ARMTags are the tags of a resource in Resource Manager.
func (m Mark) ARMTags() map[string]string {
	return map[string]string{ProjectKey: m.Project, StackKey: m.Stack, NameKey: m.Name}
}

// ParseARMTags reads the mark among the tags of a resource in Resource Manager.
// Other tags are ignored.
func ParseARMTags(tags map[string]string) (Mark, bool) {
	return Mark{Project: tags[ProjectKey], Stack: tags[StackKey], Name: tags[NameKey]}.valid()
}

const textPrefix = "Made by Pulumi: "

// Text is a mark in one line.
func (m Mark) Text() string { return textPrefix + m.Project + "/" + m.Stack + " " + m.Name }

// ParseText reads what [Mark.Text] writes, and nothing else.
func ParseText(text string) (Mark, bool) {
	var m Mark
	rest, ok := strings.CutPrefix(text, textPrefix)
	if !ok {
		return Mark{}, false
	}
	var of string
	of, m.Name, _ = strings.Cut(rest, " ")
	m.Project, m.Stack, _ = strings.Cut(of, "/")
	return m.valid()
}

func (m Mark) valid() (Mark, bool) {
	if m.Check() != nil {
		return Mark{}, false
	}
	return m, true
}
