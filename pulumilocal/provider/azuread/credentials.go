package azuread

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/pulumilocal/provider/plugin"
)

// This file has an application's passwords and certificates, on Graph's beta.

const betaApplications = beta + "/applications"

// A credential is the common part of passwords and certificates: an element of a
// collection of the application, found by its key id.
type credential struct {
	*provider
	plugin.ReplaceOnly
	kind       string // in ids and messages
	collection string // Graph's name
	table      table
	unread     []string // properties that Graph never returns; kept from inputs or state
}

var validityTable = table{{"startDate", "startDateTime", givenText}, {"endDate", "endDateTime", givenText}}

func (c credential) id(id, keyID string) string { return id + "/" + c.kind + "/" + keyID }

// state takes the unread properties from known.
func (c credential) state(id string, found, known plugin.Object) plugin.Object {
	state := ofApplication(id, c.table.state(found))
	for _, name := range c.unread {
		if value, ok := known[name]; ok {
			state[name] = value
		}
	}
	return state
}

// ofApplication adds the two properties that name a credential's application.
func ofApplication(id string, state plugin.Object) plugin.Object {
	state["applicationId"], state["applicationObjectId"] = applicationPath+id, id
	return state
}

// settle waits until Graph shows a created credential, and reads it.
func (c credential) settle(ctx context.Context, id string, created, known plugin.Object) (plugin.Result, error) {
	keyID := text(created, "keyId")
	made := plugin.Result{ID: c.id(id, keyID), State: c.state(id, created, known)}
	if err := c.graph.untilPresent(ctx, "the "+c.kind, c.has(ctx, id, keyID)); err != nil {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: err}
	}
	result, err := c.read(ctx, id, keyID, known)
	if err != nil || result.ID == "" {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: errors.Join(err, fmt.Errorf("read %s after its creation", c.kind))}
	}
	return result, nil
}

func (c credential) has(ctx context.Context, id, keyID string) func() (bool, error) {
	return func() (bool, error) {
		app, err := c.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true})
		return find(objects(app, c.collection), "keyId", keyID) != nil, err
	}
}

func not(ask func() (bool, error)) func() (bool, error) {
	return func() (bool, error) { ok, err := ask(); return !ok, err }
}

func (c credential) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	parts, err := partsOf(call.ID, c.id("OBJECTID", "KEYID"))
	if err != nil {
		return plugin.Result{}, err
	}
	return c.read(ctx, parts[0], parts[1], merged(call.Inputs, call.State))
}

func (c credential) read(ctx context.Context, id, keyID string, known plugin.Object) (plugin.Result, error) {
	app, err := c.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	found := find(objects(app, c.collection), "keyId", keyID)
	if err != nil || found == nil {
		return plugin.Result{}, err
	}
	return plugin.Result{ID: c.id(id, keyID), State: c.state(id, found, known)}, nil
}

// delete removes a credential and waits until it is gone.
func (c credential) delete(ctx context.Context, call plugin.Call, remove func(id, keyID string) error) error {
	parts, err := partsOf(call.ID, c.id("OBJECTID", "KEYID"))
	if err != nil {
		return err
	}
	id, keyID := parts[0], parts[1]
	defer c.lock(id)()
	if err := remove(id, keyID); err != nil {
		return err
	}
	return c.graph.untilGone(ctx, "the "+c.kind, not(c.has(ctx, id, keyID)))
}

// password is azuread:index/applicationPassword:ApplicationPassword. It
// ignores endDateRelative, as version 2.53.1 underneath the official provider
// does by mistake: Graph's default end date applies.
type password struct{ credential }

func newPassword(p *provider) password {
	return password{credential{provider: p, kind: "password", collection: "passwordCredentials",
		table:  slices.Concat(table{{"keyId", "keyId", readOnly(aText)}, {"displayName", "displayName", conversion{leftOutIfEmpty, leftOutIfEmpty}}}, validityTable),
		unread: []string{"value", "rotateWhenChanged", "endDateRelative"}}}
}

func (p password) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id := objectIDOf(call.Inputs)
	defer p.lock(id)()
	if _, err := p.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true}); err != nil {
		return plugin.Result{}, err
	}
	var created plugin.Object
	err := p.graph.do(ctx, request{method: http.MethodPost, path: betaApplications + "/" + id + "/addPassword", patient: true,
		body: plugin.Object{"passwordCredential": p.table.body(call.Inputs)}}, &created)
	if err != nil {
		return plugin.Result{}, err
	}
	secret := text(created, "secretText")
	if text(created, "keyId") == "" || secret == "" {
		return plugin.Result{}, errors.New("add password: expected keyId and secretText in the answer")
	}
	return p.settle(ctx, id, created, merged(call.Inputs, plugin.Object{"value": secret}))
}

func (p password) Delete(ctx context.Context, call plugin.Call) error {
	return p.delete(ctx, call, func(id, keyID string) error {
		return p.graph.do(ctx, request{method: http.MethodPost, path: betaApplications + "/" + id + "/removePassword", patient: true,
			body: plugin.Object{"keyId": keyID}}, nil)
	})
}

// certificate is azuread:index/applicationCertificate:ApplicationCertificate.
type certificate struct{ credential }

func newCertificate(p *provider) certificate {
	return certificate{credential{provider: p, kind: "certificate", collection: "keyCredentials",
		table:  slices.Concat(table{{"keyId", "keyId", givenText}, {"type", "type", textOr("AsymmetricX509Cert")}}, validityTable),
		unread: []string{"value", "encoding", "endDateRelative"}}}
}

func (c certificate) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id := objectIDOf(call.Inputs)
	created, err := c.keyCredential(call.Inputs)
	if err != nil {
		return plugin.Result{}, err
	}
	defer c.lock(id)()
	app, err := c.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true})
	if err != nil {
		return plugin.Result{}, err
	}
	keyID := text(created, "keyId")
	if find(objects(app, c.collection), "keyId", keyID) != nil {
		return plugin.Result{}, fmt.Errorf("expected no certificate with key id %q on application %q, got one; import it", keyID, id)
	}
	all := append(objects(app, c.collection), created)
	if err := c.graph.patch(ctx, request{path: betaApplications}, id, plugin.Object{c.collection: anyList(all)}); err != nil {
		return plugin.Result{}, err
	}
	return c.settle(ctx, id, created, call.Inputs)
}

func (c certificate) Delete(ctx context.Context, call plugin.Call) error {
	return c.delete(ctx, call, func(id, keyID string) error {
		app, err := c.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true})
		if err != nil {
			return err
		}
		rest := slices.DeleteFunc(objects(app, c.collection), func(k plugin.Object) bool { return strings.EqualFold(text(k, "keyId"), keyID) })
		return c.graph.patch(ctx, request{path: betaApplications}, id, plugin.Object{c.collection: anyList(rest)})
	})
}

// keyCredential is a certificate as Graph receives it: base64 of PEM, whatever
// the input's encoding.
func (c certificate) keyCredential(in plugin.Object) (plugin.Object, error) {
	encoded, err := pemOf(text(in, "value"), cmp.Or(text(in, "encoding"), "pem"))
	if err != nil {
		return nil, err
	}
	created := c.table.body(in)
	created["usage"], created["key"] = "Verify", base64.StdEncoding.EncodeToString(encoded)
	if created["keyId"] == nil {
		created["keyId"] = uuid.NewString()
	}
	if relative := text(in, "endDateRelative"); relative != "" {
		duration, err := time.ParseDuration(relative)
		if err != nil {
			return nil, fmt.Errorf("property %q: expected a duration such as 8760h, got %q", "endDateRelative", relative)
		}
		start := c.options.Now()
		if given := text(in, "startDate"); given != "" {
			if start, err = time.Parse(time.RFC3339, given); err != nil {
				return nil, fmt.Errorf("property %q: expected a time as 2006-01-02T15:04:05Z, got %q", "startDate", given)
			}
		}
		created["endDateTime"] = start.Add(duration).UTC().Format(time.RFC3339)
	}
	return created, nil
}

// pemOf never shows the value in an error: it may be a symmetric key.
func pemOf(value, encoding string) ([]byte, error) {
	var der []byte
	var err error
	switch encoding {
	case "base64":
		der, err = base64.StdEncoding.DecodeString(value)
	case "hex":
		der, err = hex.DecodeString(value)
	default:
		return []byte(value), nil
	}
	if err != nil {
		return nil, fmt.Errorf("property %q: expected %s, as property %q says", "value", encoding, "encoding")
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
