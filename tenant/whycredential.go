package tenant

import (
	"context"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
)

// This file checks the client's credential. A secret's value is
// compared with what Graph shows of it, its first three characters, and never
// shown.

func (e *explainer) credentials(ctx context.Context) (bool, error) {
	switch e.access.Identity {
	case kindSecret:
		e.secrets()
	case kindCertificate:
		e.certificates()
	case kindFederated:
		return true, e.federation(ctx)
	}
	return true, nil
}

// valid are the keys that are good now; the others are described.
func (e *explainer) valid(keys []key) (good []key, others []string) {
	for _, k := range keys {
		switch {
		case !e.now.Before(k.End):
			others = append(others, k.describe()+" expired on "+day(k.End))
		case e.now.Before(k.Start):
			others = append(others, k.describe()+" starts on "+day(k.Start))
		default:
			good = append(good, k)
		}
	}
	return good, others
}

// reference reports whether a setting names a secret in a vault, so that its
// value is not here.
func reference(value string) bool { return strings.HasPrefix(value, "@Microsoft.KeyVault(") }

func (e *explainer) secrets() {
	good, others := e.valid(e.application.Secrets)
	symptom := "AADSTS7000215 (invalid secret) instead of a token"
	if len(others) > 0 {
		symptom = "AADSTS7000222 (expired secret) instead of a token"
	}
	if !e.judge(len(good) > 0, CheckCredential, symptom, orNone(others), "pulumi up adds the next one; az ad app credential reset makes one by hand",
		"the client's app registration has no client secret that is valid now") || e.clientSettings == nil {
		return
	}
	value := e.clientSettings[e.declared.setting("CLIENT_SECRET")]
	if reference(value) {
		e.note("%s is kept in a vault: whether its value is one of %s is not known here; App Service shows unresolved references under Configuration", e.declared.setting("CLIENT_SECRET"), keysText(good))
		return
	}
	found := "a value that is none of " + keysText(good)
	if value == "" {
		found = "no " + e.declared.setting("CLIENT_SECRET")
	} else if slices.ContainsFunc(good, func(k key) bool { return sameID(k.KeyID, value) }) {
		found = "the secret's id, which is not its value"
	} else if i := slices.IndexFunc(e.application.Secrets, func(k key) bool { return !containsKey(good, k) && k.begins(value) }); i >= 0 {
		found = e.application.Secrets[i].describe() + ", which is not valid now"
		symptom = "AADSTS7000222 (expired secret) instead of a token"
	}
	e.judge(slices.ContainsFunc(good, func(k key) bool { return k.begins(value) }), CheckCredentialValue, symptom, found, "pulumi up --refresh sets it again",
		"the client secret in the client's settings is not one that is valid now")
}

func containsKey(keys []key, k key) bool {
	return slices.ContainsFunc(keys, func(known key) bool { return known.KeyID == k.KeyID })
}

// begins reports whether a secret's value may be this one's.
func (k key) begins(value string) bool { return k.Hint != "" && strings.HasPrefix(value, k.Hint) }

func keysText(keys []key) string {
	var names []string
	for _, k := range keys {
		names = append(names, k.describe())
	}
	return strings.Join(names, ", ")
}

func orNone(texts []string) string {
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}

func (e *explainer) certificates() {
	const symptom = "AADSTS700027 (certificate not registered, or not valid) instead of a token"
	good, others := e.valid(e.application.Certificates)
	if !e.judge(len(good) > 0, CheckCredential, symptom, orNone(others), "pulumi up adds the next one", "the client's app registration has no certificate that is valid now") || e.clientSettings == nil {
		return
	}
	value := e.clientSettings[e.declared.setting("CLIENT_CERTIFICATE")]
	if reference(value) {
		e.note("%s is kept in a vault: whether it is one of %s is not known here", e.declared.setting("CLIENT_CERTIFICATE"), keysText(good))
		return
	}
	thumbprint, found := thumbprintOf(value)
	if thumbprint != "" {
		found = "thumbprint " + thumbprint
	}
	e.judge(slices.ContainsFunc(good, func(k key) bool { return thumbprint != "" && k.thumbprint() == thumbprint }), CheckCredentialValue, symptom, found, "pulumi up --refresh sets it again",
		"the certificate in the client's settings is not one that is registered and valid now: %s", keysText(good))
}

// thumbprintOf is the SHA-1 thumbprint of a PEM's first certificate, in
// hexadecimal; else what is wrong with it.
func thumbprintOf(value string) (thumbprint, problem string) {
	for rest := []byte(value); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return "", "no certificate in PEM"
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "", "a certificate that cannot be read"
		}
		return fmt.Sprintf("%X", sha1.Sum(block.Bytes)), ""
	}
}

// thumbprint is what Graph calls the custom key identifier: base64 of the
// SHA-1, or its hexadecimal text in base64
// (https://learn.microsoft.com/graph/api/resources/keycredential).
func (k key) thumbprint() string {
	decoded, err := base64.StdEncoding.DecodeString(k.Identifier)
	if err != nil || len(decoded) != sha1.Size {
		return strings.ToUpper(k.Identifier)
	}
	return fmt.Sprintf("%X", decoded)
}

// federation checks that the client's app registration trusts the token that
// the client brings: that of its function app's identity, or the declared one.
func (e *explainer) federation(ctx context.Context) error {
	all, err := e.reader.federations(ctx, e.application.ID)
	if err != nil {
		return err
	}
	if !e.judge(len(all) > 0, CheckFederation, "AADSTS70021 instead of a token", "none", e.ofClient(up), "the client's app registration has no federated identity credential") {
		return nil
	}
	wanted, ok := e.outsideToken()
	if !ok {
		return nil
	}
	fits := slices.Clone(all)
	for _, step := range []struct {
		check, symptom, wanted string
		got                    func(federation) string
	}{
		{CheckFederatedIssuer, "AADSTS700211", wanted.Issuer, func(f federation) string { return f.Issuer }},
		{CheckFederatedSubject, "AADSTS700213", wanted.Subject, func(f federation) string { return f.Subject }},
		{CheckFederatedAudience, "AADSTS700212", wanted.Audience, func(f federation) string { return strings.Join(f.Audiences, " ") }},
	} {
		var found []string
		for _, f := range fits {
			found = append(found, step.got(f))
		}
		fits = slices.DeleteFunc(fits, func(f federation) bool { return step.got(f) != step.wanted }) // case included, as Entra compares
		if !e.judge(len(fits) > 0, step.check, step.symptom+" instead of a token", strings.Join(found, ", "), e.ofClient("pulumi up --refresh sets it again"),
			"the app registration does not trust the token that the client brings: expected %q, got %q", step.wanted, strings.Join(found, " or ")) {
			return nil
		}
	}
	return nil
}

// outsideToken is the issuer, subject and audience of the token that the client
// signs in with.
func (e *explainer) outsideToken() (Credential, bool) {
	var declared Credential
	for _, c := range e.access.Credentials {
		if c.Kind == kindFederated {
			declared = c
		}
	}
	if e.clientSettings == nil {
		return declared, declared.Issuer != ""
	}
	if id := e.clientSettings[e.declared.setting("MANAGED_IDENTITY_CLIENT_ID")]; id != "" {
		for _, attached := range e.clientSite.Identity.UserAssigned {
			if sameID(attached.ClientID, id) {
				e.pass(CheckIdentityAttached)
				return Credential{Issuer: e.authorityHost + "/" + e.tenantID + "/v2.0", Subject: attached.PrincipalID, Audience: declared.Audience}, true
			}
		}
		e.fail(CheckIdentityAttached, "400 of the identity endpoint instead of a token", "identities "+strings.Join(sortedKeys(e.clientSite.Identity.UserAssigned), " "), up,
			"the managed identity %s, whose token the client signs in with, is not attached to its function app", id)
		return Credential{}, false
	}
	e.fail(CheckIdentityAttached, "no token: the client does not know which identity to use", "no "+e.declared.setting("MANAGED_IDENTITY_CLIENT_ID"), "pulumi up --refresh sets it again",
		"the client's settings do not name the managed identity that its app registration trusts")
	return Credential{}, false
}
