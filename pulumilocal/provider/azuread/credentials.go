package azuread

import (
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

// This file has an application's credentials. They use beta.

const betaApplications = beta + "/applications"

// password is azuread:index/applicationPassword:ApplicationPassword. It
// ignores endDateRelative, as version 2.53.1 underneath the official provider
// does by mistake: the service's own end date applies.
type password struct{ *provider }

func (p password) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id := objectIDOf(call.Inputs)
	defer p.lock(id)()
	if _, err := p.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true}); err != nil {
		return plugin.Result{}, err
	}
	credential := plugin.Object{}
	for input, wire := range map[string]string{"displayName": "displayName", "startDate": "startDateTime", "endDate": "endDateTime"} {
		if value := text(call.Inputs, input); value != "" {
			credential[wire] = value
		}
	}
	var created plugin.Object
	err := p.graph.do(ctx, request{method: http.MethodPost, path: betaApplications + "/" + id + "/addPassword", patient: true,
		body: plugin.Object{"passwordCredential": credential}}, &created)
	if err != nil {
		return plugin.Result{}, err
	}
	keyID, secret := text(created, "keyId"), text(created, "secretText")
	if keyID == "" || secret == "" {
		return plugin.Result{}, errors.New("add password: expected keyId and secretText in the answer")
	}
	inputs := merged(call.Inputs, plugin.Object{"value": secret})
	made := plugin.Result{ID: id + "/password/" + keyID, State: passwordState(id, created, inputs)}
	err = p.graph.untilPresent(ctx, "the password", p.has(ctx, id, "passwordCredentials", keyID))
	if err != nil {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: err}
	}
	result, err := p.read(ctx, id, keyID, inputs)
	if err != nil || result.ID == "" {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: errors.Join(err, errors.New("read password after its creation"))}
	}
	return result, nil
}

// has asks whether an application has a credential.
func (p *provider) has(ctx context.Context, id, collection, keyID string) func() (bool, error) {
	return func() (bool, error) {
		app, err := p.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true})
		return find(objects(app, collection), "keyId", keyID) != nil, err
	}
}

func not(ask func() (bool, error)) func() (bool, error) {
	return func() (bool, error) { ok, err := ask(); return !ok, err }
}

func (p password) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id, keyID, err := splitID(call.ID, "password")
	if err != nil {
		return plugin.Result{}, err
	}
	return p.read(ctx, id, keyID, merged(call.Inputs, call.State))
}

func (p password) read(ctx context.Context, id, keyID string, known plugin.Object) (plugin.Result, error) {
	app, err := p.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	credential := find(objects(app, "passwordCredentials"), "keyId", keyID)
	if err != nil || credential == nil {
		return plugin.Result{}, err
	}
	return plugin.Result{ID: id + "/password/" + keyID, State: passwordState(id, credential, known)}, nil
}

// passwordState takes what Graph never shows again from what is known.
func passwordState(id string, credential, known plugin.Object) plugin.Object {
	state := plugin.Object{
		"applicationId": applicationPath + id, "applicationObjectId": id, "keyId": text(credential, "keyId"),
		"displayName": text(credential, "displayName"), "startDate": text(credential, "startDateTime"), "endDate": text(credential, "endDateTime"),
	}
	for _, name := range []string{"value", "rotateWhenChanged", "endDateRelative"} {
		if value, ok := known[name]; ok {
			state[name] = value
		}
	}
	return state
}

func (p password) Update(context.Context, plugin.Call) (plugin.Result, error) {
	return plugin.Result{}, errNoUpdate
}

func (p password) Delete(ctx context.Context, call plugin.Call) error {
	id, keyID, err := splitID(call.ID, "password")
	if err != nil {
		return err
	}
	defer p.lock(id)()
	err = p.graph.do(ctx, request{method: http.MethodPost, path: betaApplications + "/" + id + "/removePassword", patient: true,
		body: plugin.Object{"keyId": keyID}}, nil)
	if err != nil {
		return err
	}
	return p.graph.untilGone(ctx, "the password", not(p.has(ctx, id, "passwordCredentials", keyID)))
}

// certificate is azuread:index/applicationCertificate:ApplicationCertificate.
type certificate struct{ *provider }

func (c certificate) Create(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id := objectIDOf(call.Inputs)
	credential, err := c.keyCredential(call.Inputs)
	if err != nil {
		return plugin.Result{}, err
	}
	defer c.lock(id)()
	app, err := c.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true})
	if err != nil {
		return plugin.Result{}, err
	}
	keyID := text(credential, "keyId")
	if find(objects(app, "keyCredentials"), "keyId", keyID) != nil {
		return plugin.Result{}, fmt.Errorf("expected no certificate with key id %q on application %q, got one; import it", keyID, id)
	}
	all := append(objects(app, "keyCredentials"), credential)
	if err := c.graph.patch(ctx, request{path: betaApplications}, id, plugin.Object{"keyCredentials": anyList(all)}); err != nil {
		return plugin.Result{}, err
	}
	made := plugin.Result{ID: id + "/certificate/" + keyID, State: certificateState(id, credential, call.Inputs)}
	if err := c.graph.untilPresent(ctx, "the certificate", c.has(ctx, id, "keyCredentials", keyID)); err != nil {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: err}
	}
	result, err := c.read(ctx, id, keyID, call.Inputs)
	if err != nil || result.ID == "" {
		return plugin.Result{}, &plugin.PartialError{Result: made, Err: errors.Join(err, errors.New("read certificate after its creation"))}
	}
	return result, nil
}

// keyCredential is Graph's form of a certificate: whatever the encoding of the
// input, it goes out as base64 of PEM.
func (c certificate) keyCredential(in plugin.Object) (plugin.Object, error) {
	encoded, err := pemOf(text(in, "value"), textOr(in, "encoding", "pem"))
	if err != nil {
		return nil, err
	}
	credential := plugin.Object{
		"keyId": textOr(in, "keyId", uuid.NewString()), "type": textOr(in, "type", "AsymmetricX509Cert"), "usage": "Verify",
		"key": base64.StdEncoding.EncodeToString(encoded),
	}
	if start := text(in, "startDate"); start != "" {
		credential["startDateTime"] = start
	}
	if end := text(in, "endDate"); end != "" {
		credential["endDateTime"] = end
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
		credential["endDateTime"] = start.Add(duration).UTC().Format(time.RFC3339)
	}
	return credential, nil
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
		return nil, fmt.Errorf("property %q: expected it in %s, as property %q says", "value", encoding, "encoding")
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

func (c certificate) Read(ctx context.Context, call plugin.Call) (plugin.Result, error) {
	id, keyID, err := splitID(call.ID, "certificate")
	if err != nil {
		return plugin.Result{}, err
	}
	return c.read(ctx, id, keyID, merged(call.Inputs, call.State))
}

func (c certificate) read(ctx context.Context, id, keyID string, known plugin.Object) (plugin.Result, error) {
	app, err := c.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true})
	if isGone(err) {
		return plugin.Result{}, nil
	}
	credential := find(objects(app, "keyCredentials"), "keyId", keyID)
	if err != nil || credential == nil {
		return plugin.Result{}, err
	}
	return plugin.Result{ID: id + "/certificate/" + keyID, State: certificateState(id, credential, known)}, nil
}

func certificateState(id string, credential, known plugin.Object) plugin.Object {
	state := plugin.Object{
		"applicationId": applicationPath + id, "applicationObjectId": id, "keyId": text(credential, "keyId"),
		"type": text(credential, "type"), "startDate": text(credential, "startDateTime"), "endDate": text(credential, "endDateTime"),
	}
	for _, name := range []string{"value", "encoding", "endDateRelative"} {
		if value, ok := known[name]; ok {
			state[name] = value
		}
	}
	return state
}

func (c certificate) Update(context.Context, plugin.Call) (plugin.Result, error) {
	return plugin.Result{}, errNoUpdate
}

func (c certificate) Delete(ctx context.Context, call plugin.Call) error {
	id, keyID, err := splitID(call.ID, "certificate")
	if err != nil {
		return err
	}
	defer c.lock(id)()
	app, err := c.graph.get(ctx, request{path: betaApplications + "/" + id, patient: true})
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(objects(app, "keyCredentials"), func(k plugin.Object) bool { return strings.EqualFold(text(k, "keyId"), keyID) })
	if err := c.graph.patch(ctx, request{path: betaApplications}, id, plugin.Object{"keyCredentials": anyList(rest)}); err != nil {
		return err
	}
	return c.graph.untilGone(ctx, "the certificate", not(c.has(ctx, id, "keyCredentials", keyID)))
}
