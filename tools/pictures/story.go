package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A story is what the graph says about who may call whom.
type story struct {
	api      string
	path     string // of the API's function that the caller calls
	required bool   // an identity without a role gets no token
	holders  []holder
	caller   holder // the one that the picture follows
}

// A holder is a client that an app role is assigned to.
type holder struct {
	client, role, identity string
}

// storyOf finds the story in the resources of a stack that has an API and a client
// with a function app.
func storyOf(resources []*resource) (story, error) {
	var s story
	for _, r := range resources {
		switch {
		case r.noun() == "API":
			s.api = r.name
		case r.noun() == "ServicePrincipal" && r.in("API"):
			s.required = r.inputs["appRoleAssignmentRequired"] == "true"
		case r.noun() == "AppRoleAssignment" && r.in("Client"):
			h, err := holderOf(r)
			if err != nil {
				return story{}, err
			}
			s.holders = append(s.holders, h)
		}
	}
	for _, h := range s.holders {
		if path := calledPath(resources, h.client); path != "" && s.path == "" {
			s.path, s.caller = path, h
		}
	}
	if s.api == "" || s.path == "" {
		return story{}, errors.New("expected an API, and a client that has its role and a function app, got none; fix: draw a stack that has them")
	}
	return s, nil
}

// holderOf reads an assignment: it needs the role, the API's service principal, and
// the principal that gets the role.
func holderOf(assignment *resource) (holder, error) {
	h := holder{client: assignment.parent.name}
	for _, needed := range assignment.needs {
		switch needed.noun() {
		case "ApplicationAppRole":
			h.role = needed.inputs["value"]
		case "UserAssignedIdentity":
			h.identity = "managed identity"
		case "WebApp":
			h.identity = "system identity"
		case "ServicePrincipal":
			if needed.parent == assignment.parent {
				h.identity = "app registration"
			}
		}
	}
	if h.role == "" || h.identity == "" {
		return holder{}, fmt.Errorf("%s: expected it to depend on a role with a value and on a principal of %s, got role %q and identity %q", assignment.key(), h.client, h.role, h.identity)
	}
	return h, nil
}

// calledPath is the path in the URL that a client's function app is given, "" if it
// has none.
func calledPath(resources []*resource, client string) string {
	for _, r := range resources {
		if r.noun() != "WebAppApplicationSettings" || !r.in("FunctionApp") || !r.parent.in("Client") || r.parent.parent.name != client {
			continue
		}
		names := make([]string, 0, len(r.inputs))
		for name := range r.inputs {
			if strings.HasPrefix(name, "properties.") && strings.HasSuffix(name, "_URL") {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			if called, err := url.Parse(r.inputs[name]); err == nil && called.Host != "" {
				return called.Path
			}
		}
	}
	return ""
}

// describe tells the story to those who do not see the picture.
func (s story) describe() string {
	var out strings.Builder
	for _, h := range s.holders {
		fmt.Fprintf(&out, "Microsoft Entra ID holds that %s has the app role %s of %s. ", h.client, h.role, s.api)
	}
	fmt.Fprintf(&out, "%s asks Entra for a token as itself, with its %s, and calls GET %s of %s with it. ", s.caller.client, s.caller.identity, s.path, s.api)
	fmt.Fprintf(&out, "%s checks the token: signed by Entra, for this API, with the role %s. It answers 200. ", s.api, s.caller.role)
	if s.required {
		out.WriteString("Any other app gets no token from Entra. ")
	}
	out.WriteString("Any other app that calls is refused: 401 without a valid token, 403 without the role.")
	return out.String()
}

// alternative is the story in a sentence, for the alt text of an image.
func (s story) alternative() string {
	return fmt.Sprintf("%s gets a token with the role %s from Microsoft Entra ID and calls %s, which checks it and answers 200; any other app gets 401 or 403.", s.caller.client, s.caller.role, s.api)
}
