package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud/endpoints"
	"app-to-app/components/credentials"
)

// This file parses the identities of clients. The rules are: a field belongs to
// one kind of identity and is refused with others; the text of a problem never
// contains anything from a secret setting.

// The kinds of identity of a client. They are those of the components; a test
// of the program compares the two.
const (
	ManagedIdentity = "managedIdentity"
	SystemAssigned  = "systemAssigned"
	Federated       = "federated"
	Certificate     = "certificate"
	ClientSecret    = "clientSecret"
	Existing        = "existing"
)

// IdentityKinds are all kinds, in order of preference.
var IdentityKinds = []string{ManagedIdentity, SystemAssigned, Federated, Certificate, ClientSecret, Existing}

// An Identity is what a client signs in with. The fields except Kind belong to
// some kinds only.
type Identity struct {
	Kind        string
	Rotation    credentials.Rotation  // of ClientSecret and Certificate
	Brought     []credentials.KeyPair // of Certificate: those made elsewhere, the first one in use
	Federation  *Federation           // of Federated; nil trusts a user-assigned identity
	ObjectID    string                // of Existing: its service principal's; "" until it is looked up by name
	ClientID    string                // of Existing; "" until it is looked up
	DisplayName string                // of Existing, if it is named by that
}

// A Federation names the tokens of an outside issuer that are trusted.
type Federation struct{ Issuer, Subject, Audience string }

// HasSecret reports whether the identity signs in with a secret, which is then
// kept in a vault.
func (i Identity) HasSecret() bool { return i.Kind == ClientSecret || i.Kind == Certificate }

// defaultRotationDays is how long a generation of secrets or certificates is
// the current one.
const defaultRotationDays = 90

// runsHere reports whether a function app of ours can have the identity.
func runsHere(identity Identity) bool {
	return identity.Kind != Existing && identity.Federation == nil
}

func describe(identity Identity) string {
	if identity.Federation != nil {
		return identity.Kind + " with an outside issuer"
	}
	return identity.Kind
}

// secretSettings are what identities with secrets need.
type secretSettings struct {
	rotation     credentials.Rotation
	certificates map[string][]credentials.KeyPair // by client
	problems     bool                             // these settings have problems
}

// secrets reads the settings of rotation and the certificates.
func (p *parser) secrets(now time.Time) secretSettings {
	before := len(p.Problems)
	s := secretSettings{certificates: p.certificates()}
	at := p.asOf(now)
	days := p.rotationDays()
	if len(p.Problems) == before {
		rotation, err := credentials.RotationAt(at, time.Duration(days)*24*time.Hour)
		if err != nil {
			p.refuse(Namespace+":rotationDays", SetCommand(Namespace+":rotationDays", fmt.Sprint(defaultRotationDays)), "%v", err)
		}
		s.rotation = rotation
	}
	s.problems = len(p.Problems) > before
	return s
}

// asOf is the time to use for rotation.
func (p *parser) asOf(now time.Time) time.Time {
	value, at := date(p.text("asOf"))
	if value == "" {
		return now
	}
	if at.IsZero() || at.Unix() < 0 {
		const key = Namespace + ":asOf"
		p.refuse(key, removeCommand(key), "expected a date of RFC 3339 after 1970, such as 2027-06-30, got %q; without the key it is today", value)
		return now
	}
	return at
}

func (p *parser) rotationDays() int {
	const key = Namespace + ":rotationDays"
	const least = int(credentials.MinRotation / (24 * time.Hour))
	days := defaultRotationDays
	if value := p.text("rotationDays"); value != "" {
		if err := json.Unmarshal([]byte(value), &days); err != nil || days < least || days > 365 {
			p.refuse(key, SetCommand(key, fmt.Sprint(defaultRotationDays)), "expected a number of days from %d to 365, got %q", least, value)
			return defaultRotationDays
		}
	}
	return days
}

// certificates parses the certificates made elsewhere: by client, one PEM, or a
// list of which the first is in use.
func (p *parser) certificates() map[string][]credentials.KeyPair {
	const key = Namespace + ":certificates"
	value := p.text("certificates")
	if value == "" {
		return nil
	}
	var byClient map[string]json.RawMessage
	if json.Unmarshal([]byte(value), &byClient) != nil {
		p.refuse(key, removeCommand(key), "expected PEM by the names of clients, got something else")
		return nil
	}
	brought := make(map[string][]credentials.KeyPair)
	for _, client := range slices.Sorted(maps.Keys(byClient)) {
		item := key + "." + client
		next := "pulumi config set --secret --path " + shellWord(item) + " < FILE, which has the certificate and its key"
		texts := make([]string, 1)
		if json.Unmarshal(byClient[client], &texts[0]) != nil && json.Unmarshal(byClient[client], &texts) != nil {
			p.ask(item, next, "expected the PEM of a certificate and its key, or a list of them, got something else")
			continue
		}
		for n, text := range texts {
			pair, err := credentials.ParseKeyPair(text)
			if err == nil && slices.ContainsFunc(brought[client], func(p credentials.KeyPair) bool { return p.Label() == pair.Label() }) {
				err = errors.New("expected each certificate once")
			}
			if err != nil {
				p.ask(fmt.Sprintf("%s[%d]", item, n), next, "%v", err)
				continue
			}
			brought[client] = append(brought[client], pair)
		}
		if len(texts) == 0 {
			p.refuse(item, removeCommand(item), "expected at least one certificate, got none")
		}
	}
	return brought
}

// ClearCertificates refuses private keys that are not secrets of the engine.
// secrets are the keys that have some: Pulumi does not say which parts of a value
// are, so a certificate in clear beside a secret one is not found.
func ClearCertificates(configuration map[string]string, secrets []string) (p Problems) {
	const key = Namespace + ":certificates"
	var byClient map[string]json.RawMessage
	if slices.Contains(secrets, key) || json.Unmarshal([]byte(configuration[key]), &byClient) != nil {
		return nil
	}
	for _, client := range slices.Sorted(maps.Keys(byClient)) {
		items := map[string]string{} // PEM by its place
		var one string
		var list []string
		if json.Unmarshal(byClient[client], &one) == nil {
			items[key+"."+client] = one
		} else if json.Unmarshal(byClient[client], &list) == nil {
			for n, text := range list {
				items[fmt.Sprintf("%s.%s[%d]", key, client, n)] = text
			}
		}
		for _, item := range slices.Sorted(maps.Keys(items)) {
			if pair, err := credentials.ParseKeyPair(items[item]); err == nil && pair.IsPlaceholder() {
				continue // of a copy that is previewed only
			}
			p.refuse(item, "pulumi config get --path "+shellWord(item)+" | pulumi config set --secret --path "+shellWord(item),
				"expected a secret, got a private key in clear; if others have seen the stack's file, replace the certificate too")
		}
	}
	return p
}

// refuseUnused refuses certificates of clients that use none.
func (s secretSettings) refuseUnused(p *parser, clients []Client) {
	for _, name := range slices.Sorted(maps.Keys(s.certificates)) {
		uses := func(c Client) bool {
			return c.Name == name && (c.Identity.Kind == Certificate || c.Previous != nil && c.Previous.Kind == Certificate)
		}
		if key := Namespace + ":certificates." + name; !slices.ContainsFunc(clients, uses) {
			p.refuse(key, removeCommand(key), "expected the name of a client with the identity %s, got %q", Certificate, name)
		}
	}
}

// identities are the identity of a client, and the one it is moving away from.
func (i item) identities(name string, secrets secretSettings) (Identity, *Identity) {
	identity := i.identity("identity", ManagedIdentity, name, secrets)
	var previous *Identity
	if i.has("previousIdentity") {
		was := i.identity("previousIdentity", "", name, secrets)
		key := i.key("previousIdentity")
		switch {
		case was.Kind == identity.Kind:
			i.p.refuse(key, removeCommand(key), "expected another identity than the one in use, got %q", was.Kind)
		case !runsHere(was) || !runsHere(identity):
			i.p.refuse(key, removeCommand(key), "expected none with an identity that signs in elsewhere (%s)", describe(identity))
		}
		previous = &was
	}
	i.checkForeign(identity)
	return identity, previous
}

// identity parses one of the two fields.
func (i item) identity(field, otherwise, name string, secrets secretSettings) Identity {
	identity := Identity{Kind: i.text(field, otherwise)}
	key := i.key(field)
	switch identity.Kind {
	case ManagedIdentity, SystemAssigned:
	case ClientSecret:
		identity.Rotation = secrets.rotation
	case Certificate:
		identity.Rotation, identity.Brought = secrets.rotation, secrets.certificates[name]
	case Federated:
		identity.Federation = i.federation()
	case Existing:
		identity.ObjectID, identity.DisplayName = i.existing()
	default:
		if !i.p.has(key) {
			i.p.choose(key, identity.Kind, IdentityKinds, "expected one of %s, got %q", strings.Join(IdentityKinds, ", "), identity.Kind)
		}
	}
	return identity
}

// foreignFields are the fields of identities from elsewhere, and their kind.
var foreignFields = []struct{ name, kind string }{
	{"objectId", Existing}, {"displayName", Existing},
	{"issuer", Federated}, {"subject", Federated}, {"audience", Federated},
}

func (i item) checkForeign(identity Identity) {
	for _, field := range foreignFields {
		if i.has(field.name) && field.kind != identity.Kind {
			i.p.refuse(i.key(field.name), removeCommand(i.key(field.name)), "expected none with the identity %s, only with %s", identity.Kind, field.kind)
		}
	}
}

// federation parses which outside tokens a federated identity trusts; nil means
// those of its own user-assigned identity.
func (i item) federation() *Federation {
	if !i.has("issuer") && !i.has("subject") && !i.has("audience") {
		return nil
	}
	f := Federation{
		Issuer: i.text("issuer", ""), Subject: i.text("subject", ""),
		Audience: i.text("audience", endpoints.Public().ExchangeAudience),
	}
	// Whoever is named here can sign in as the client, so no command chooses one.
	if u, err := url.Parse(f.Issuer); (err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "") && !i.p.has(i.key("issuer")) {
		i.p.ask(i.key("issuer"), "pulumi config set --path "+shellWord(i.key("issuer"))+" https://ISSUER", "expected the https URL of the issuer whose tokens are trusted, got %q", f.Issuer)
	}
	if (f.Subject == "" || strings.Contains(f.Subject, "*")) && !i.p.has(i.key("subject")) {
		i.p.ask(i.key("subject"), "pulumi config set --path "+shellWord(i.key("subject"))+" SUBJECT, such as repo:ORG/REPO:environment:NAME", "expected the exact subject of the tokens that are trusted, without *, got %q", f.Subject)
	}
	if f.Audience == "" {
		i.p.refuse(i.key("audience"), removeCommand(i.key("audience")), "expected an audience, got none")
	}
	return &f
}

const shownByEntra = "which is shown by: az ad sp list --display-name NAME --query '[].{name:displayName,id:id}'"

// existing parses how a service principal made elsewhere is named: by object id
// or by display name; the other one is "".
func (i item) existing() (objectID, displayName string) {
	objectID, displayName = strings.ToLower(i.text("objectId", "")), i.text("displayName", "")
	key := i.key("objectId")
	next := "pulumi config set --path " + shellWord(key) + " OBJECT-ID, " + shownByEntra
	switch isID := guidPattern.MatchString(objectID); {
	case i.p.has(key), i.p.has(i.key("displayName")):
		return "", ""
	case isID && displayName != "":
		i.p.refuse(i.key("displayName"), removeCommand(i.key("displayName")), "expected the object id of the service principal, or its displayName, and not both")
		return "", ""
	case objectID == "" && displayName == "":
		i.p.ask(key, next, "expected the object id of the service principal, or its displayName, got neither")
		return "", ""
	case objectID != "" && !isID:
		i.p.ask(key, next, "expected a GUID, got %q", objectID)
		return "", ""
	}
	return objectID, displayName
}
