package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"

	"app-to-app/components"
	"app-to-app/components/credentials"
)

// This file reads what clients prove themselves with. The rules are: a field
// belongs to one kind of identity and is refused with others; nothing that a
// secret setting holds is ever in a problem's text.

// defaultRotationDays is how long a generation of secrets or certificates is
// the current one.
const defaultRotationDays = 90

// runsHere reports whether a function app of ours can have the identity.
func runsHere(identity components.Identity) bool {
	return identity.Kind != components.Existing && identity.Federation == nil
}

func describe(identity components.Identity) string {
	if identity.Federation != nil {
		return identity.Kind + " with an outside issuer"
	}
	return identity.Kind
}

// secretSettings are what identities with secrets need.
type secretSettings struct {
	rotation     credentials.Rotation
	certificates map[string][]credentials.KeyPair // by client
	problems     bool                             // in these settings themselves
}

// secrets reads the settings of rotation and the certificates.
func (r *reader) secrets(now time.Time) secretSettings {
	before := len(r.problems)
	s := secretSettings{certificates: r.certificates()}
	at := r.asOf(now)
	days := r.rotationDays()
	if len(r.problems) == before {
		rotation, err := credentials.RotationAt(at, time.Duration(days)*24*time.Hour)
		if err != nil {
			r.problems = append(r.problems, err)
		}
		s.rotation = rotation
	}
	s.problems = len(r.problems) > before
	return s
}

// asOf is the time that rotation goes by.
func (r *reader) asOf(now time.Time) time.Time {
	value := r.text("asOf")
	if value == "" {
		return now
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, value); err == nil && at.Unix() >= 0 {
			return at
		}
	}
	const key = namespace + ":asOf"
	r.refuse(key, set(key, ""), "expected a date of RFC 3339 after 1970, such as 2027-06-30, got %q", value) // empty means now
	return now
}

func (r *reader) rotationDays() int {
	const key = namespace + ":rotationDays"
	const least = int(credentials.MinRotation / (24 * time.Hour))
	days := defaultRotationDays
	if value := r.text("rotationDays"); value != "" {
		if err := json.Unmarshal([]byte(value), &days); err != nil || days < least || days > 365 {
			r.refuse(key, set(key, fmt.Sprint(defaultRotationDays)), "expected a number of days from %d to 365, got %q", least, value)
			return defaultRotationDays
		}
	}
	return days
}

// certificates reads the certificates that were brought: by client, the PEM of
// one, or a list of which the first is in use.
func (r *reader) certificates() map[string][]credentials.KeyPair {
	const key = namespace + ":certificates"
	value := r.text("certificates")
	if value == "" {
		return nil
	}
	var byClient map[string]json.RawMessage
	if json.Unmarshal([]byte(value), &byClient) != nil {
		r.refuse(key, remove(key), "expected PEM by the names of clients, got something else")
		return nil
	}
	brought := make(map[string][]credentials.KeyPair)
	for _, client := range slices.Sorted(maps.Keys(byClient)) {
		item := key + "." + client
		mend := "pulumi config set --secret --path " + shellWord(item) + " < certificate-and-key.pem"
		texts := make([]string, 1)
		if json.Unmarshal(byClient[client], &texts[0]) != nil && json.Unmarshal(byClient[client], &texts) != nil {
			r.refuse(item, mend, "expected the PEM of a certificate and its key, or a list of them, got something else")
			continue
		}
		for n, text := range texts {
			pair, err := credentials.ParseKeyPair(text)
			if err == nil && slices.ContainsFunc(brought[client], func(p credentials.KeyPair) bool { return p.Label() == pair.Label() }) {
				err = errors.New("expected each certificate once")
			}
			if err != nil {
				r.refuse(fmt.Sprintf("%s[%d]", item, n), mend, "%v", err)
				continue
			}
			brought[client] = append(brought[client], pair)
		}
		if len(texts) == 0 {
			r.refuse(item, remove(item), "expected at least one certificate, got none")
		}
	}
	return brought
}

// refuseUnused refuses certificates of clients that use none.
func (s secretSettings) refuseUnused(r *reader, clients []Client) {
	for _, name := range slices.Sorted(maps.Keys(s.certificates)) {
		uses := func(c Client) bool {
			return c.Name == name && (c.Identity.Kind == components.Certificate || c.Previous != nil && c.Previous.Kind == components.Certificate)
		}
		if key := namespace + ":certificates." + name; !slices.ContainsFunc(clients, uses) {
			r.refuse(key, remove(key), "expected the name of a client with the identity %s, got %q", components.Certificate, name)
		}
	}
}

// identities are the identity of a client, and the one it is moving away from.
func (i item) identities(name string, secrets secretSettings) (components.Identity, *components.Identity) {
	identity := i.identity("identity", components.ManagedIdentity, name, secrets)
	var previous *components.Identity
	if i.has("previousIdentity") {
		was := i.identity("previousIdentity", "", name, secrets)
		key := i.key("previousIdentity")
		switch {
		case was.Kind == identity.Kind:
			i.r.refuse(key, remove(key), "expected another identity than the one in use, got %q", was.Kind)
		case !runsHere(was) || !runsHere(identity):
			i.r.refuse(key, remove(key), "expected none with an identity that signs in elsewhere (%s)", describe(identity))
		}
		previous = &was
	}
	i.checkForeign(identity)
	return identity, previous
}

// identity reads one of the two.
func (i item) identity(field, otherwise, name string, secrets secretSettings) components.Identity {
	identity := components.Identity{Kind: i.text(field, otherwise)}
	key := i.key(field)
	switch identity.Kind {
	case components.ManagedIdentity, components.SystemAssigned:
	case components.ClientSecret:
		identity.Rotation = secrets.rotation
	case components.Certificate:
		identity.Rotation, identity.Brought = secrets.rotation, secrets.certificates[name]
	case components.Federated:
		identity.Federation = i.federation()
	case components.Existing:
		identity.ObjectID, identity.ClientID = i.existing()
	default:
		i.r.refuse(key, set(key, components.ManagedIdentity), "expected one of %s, got %q", strings.Join(components.IdentityKinds, ", "), identity.Kind)
	}
	return identity
}

// foreignFields are the fields of identities from elsewhere, and their kind.
var foreignFields = []struct{ name, kind string }{
	{"objectId", components.Existing}, {"displayName", components.Existing},
	{"issuer", components.Federated}, {"subject", components.Federated}, {"audience", components.Federated},
}

func (i item) checkForeign(identity components.Identity) {
	for _, field := range foreignFields {
		if i.has(field.name) && field.kind != identity.Kind {
			i.r.refuse(i.key(field.name), remove(i.key(field.name)), "expected none with the identity %s, only with %s", identity.Kind, field.kind)
		}
	}
}

// federation reads whom a federated identity trusts; nil is the client's own
// user-assigned identity.
func (i item) federation() *components.Federation {
	if !i.has("issuer") && !i.has("subject") && !i.has("audience") {
		return nil
	}
	f := components.Federation{
		Issuer: i.text("issuer", ""), Subject: i.text("subject", ""),
		Audience: i.text("audience", components.Tenant{}.ExchangeAudience()),
	}
	if u, err := url.Parse(f.Issuer); err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		i.r.refuse(i.key("issuer"), set(i.key("issuer"), "https://token.actions.githubusercontent.com"), "expected the https URL of the issuer whose tokens are trusted, got %q", f.Issuer)
	}
	if f.Subject == "" || strings.Contains(f.Subject, "*") {
		i.r.refuse(i.key("subject"), set(i.key("subject"), "repo:ORG/REPO:environment:NAME"), "expected the exact subject of the tokens that are trusted, without *, got %q", f.Subject)
	}
	if f.Audience == "" {
		i.r.refuse(i.key("audience"), remove(i.key("audience")), "expected an audience, got none")
	}
	return &f
}

// existing looks a service principal up that somebody else made: by its object
// id, or by its exact display name if no other has it. Looking one up by the
// start of its name, as m365 aad approleassignment add does, can find a
// namesake.
func (i item) existing() (objectID, clientID string) {
	id, name := strings.ToLower(i.text("objectId", "")), i.text("displayName", "")
	key, args := i.key("objectId"), &azuread.GetServicePrincipalsArgs{ObjectIds: []string{id}}
	switch {
	case (id == "") == (name == ""):
		i.r.refuse(key, set(key, "OBJECT-ID"), "expected the object id of the service principal, or its displayName, and not both")
		return "", ""
	case name != "":
		key, args = i.key("displayName"), &azuread.GetServicePrincipalsArgs{DisplayNames: []string{name}}
	case !guidPattern.MatchString(id):
		i.r.refuse(key, set(key, "OBJECT-ID"), "expected a GUID, got %q", id)
		return "", ""
	}
	mend := set(i.key("objectId"), "OBJECT-ID") + ", with an id of: az ad sp list"
	found, err := azuread.GetServicePrincipals(i.r.ctx, args)
	if err != nil {
		i.r.refuse(key, mend, "expected exactly one service principal: %v", err)
		return "", ""
	}
	if len(found.ServicePrincipals) != 1 {
		i.r.refuse(key, mend, "expected exactly one service principal, got %d", len(found.ServicePrincipals))
		return "", ""
	}
	principal := found.ServicePrincipals[0]
	if name != "" && principal.DisplayName != name { // Graph compares without regard to case
		i.r.refuse(key, mend, "expected the exact display name, got %q for %q", name, principal.DisplayName)
	}
	return principal.ObjectId, principal.ClientId
}
