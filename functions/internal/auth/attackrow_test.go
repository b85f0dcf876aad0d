package auth_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/auth/authtest"
)

// This file makes a request of a row of testdata/attacks.json. A row is data,
// so that the same rows can be sent to a handler that runs elsewhere. The rules
// are:
//   - a row starts from a good token and says what is different
//   - text in a row may hold the placeholders of [forge.text]
//   - every row states the one answer that it must get

// An attack is one row.
type attack struct {
	Name string `json:"name"`

	Header  map[string]any `json:"header"`  // parameters set
	Claims  map[string]any `json:"claims"`  // claims set
	Without []string       `json:"without"` // "header.kid" or "claims.iss" removed

	HeaderText  string `json:"headerText"`  // the JSON text; ${members} are the good one's, without braces
	PayloadText string `json:"payloadText"` // likewise
	Key         string `json:"key"`         // that signs: "" the tenant's, "foreign", "otherTenant"
	Sign        string `json:"sign"`        // how: "" for RS256, see [forge.sign]
	Token       string `json:"token"`       // how its parts are put together; "" for ${h}.${p}.${s}

	Authorization []string `json:"authorization"` // the headers; absent for one "Bearer ${token}"
	Query, Body   string   // of the request

	Want   string `json:"want"` // name of the reason; empty for admitted
	Status int    `json:"status"`
	Error  string `json:"error"` // the challenge's error attribute; empty for none

	// Unsendable says that no HTTP server lets the request through: 400 comes
	// from it and not from the handler.
	Unsendable bool `json:"unsendable"`
}

// A forge makes what rows describe.
type forge struct {
	t      testing.TB
	tenant *authtest.Tenant
	values map[string]string
}

const (
	otherTenant = "9f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a99"
	otherObject = "e6020a15-39e7-4e7c-8b7f-3f4d5e607b05"
)

func newForge(t testing.TB, tenant *authtest.Tenant) *forge {
	host := tenant.AuthorityHost()
	jwk, err := json.Marshal(tenant.Entry(authtest.Key(t, "key-foreign", 2048)))
	if err != nil {
		t.Fatal(err)
	}
	return &forge{t: t, tenant: tenant, values: map[string]string{
		"host": host, "issuer": host + "/" + authtest.TenantID + "/v2.0", "tenant": authtest.TenantID,
		"otherTenant": otherTenant, "otherObject": otherObject, "audience": authtest.Audience, "client": authtest.ClientID,
		"object": authtest.ObjectID, "role": authtest.Role, "kid": tenant.Signing.ID, "jwk": string(jwk),
		"tenant:upper": strings.ToUpper(authtest.TenantID), "kid:upper": strings.ToUpper(tenant.Signing.ID),
		"role:upper": strings.ToUpper(authtest.Role), "role:lower": strings.ToLower(authtest.Role),
	}}
}

// request is the row as a request, and the token that it carries.
func (f *forge) request(row attack) (*http.Request, string) {
	f.t.Helper()
	token := f.token(row)
	values := maps.Clone(f.values)
	values["token"] = token
	target := "/api/orders"
	if row.Query != "" {
		target += "?" + f.text(row.Query, values)
	}
	request := httptest.NewRequest(http.MethodGet, target, strings.NewReader(f.text(row.Body, values)))
	if row.Body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	headers := row.Authorization
	if headers == nil {
		headers = []string{"Bearer ${token}"}
	}
	for _, value := range headers {
		request.Header.Add("Authorization", f.text(value, values))
	}
	return request, token
}

// token signs the row's header and payload and puts the parts together.
func (f *forge) token(row attack) string {
	f.t.Helper()
	header, claims := f.tenant.Header(), f.tenant.Claims(now)
	f.set(header, row.Header)
	f.set(claims, row.Claims)
	for _, name := range row.Without {
		section, member, _ := strings.Cut(name, ".")
		from, ok := map[string]map[string]any{"header": header, "claims": claims}[section]
		if _, has := from[member]; !ok || !has {
			f.t.Fatalf("row %q: there is no %q to be without", row.Name, name)
		}
		delete(from, member)
	}
	key := f.tenant.Signing
	if row.Key != "" {
		key = authtest.Key(f.t, "key-"+row.Key, 2048)
	}
	h := encode(f.document(header, row.HeaderText))
	payload := f.document(claims, row.PayloadText)
	p := encode(payload)
	s := f.sign(row.Sign, key.Private, h+"."+p)
	shape := row.Token
	if shape == "" {
		shape = "${h}.${p}.${s}"
	}
	values := maps.Clone(f.values)
	maps.Copy(values, map[string]string{
		"h": h, "p": p, "s": s,
		"s:cut":      s[:max(0, len(s)-2)],
		"s:other":    f.sign("", key.Private, h+"."+encode("{}")),
		"s:standard": base64.RawStdEncoding.EncodeToString(append([]byte{0xfb, 0xff}, make([]byte, 254)...)),
		"p:changed":  encode(strings.ReplaceAll(payload, authtest.ObjectID, otherObject)),
	})
	if s != "" {
		values["s:stray"] = s[:len(s)-1] + next(s[len(s)-1])
		values["s:head"], values["s:tail"] = s[:9], s[9:]
	}
	return f.text(shape, values)
}

// document is a JSON text around the members, or the members as an object.
func (f *forge) document(members map[string]any, text string) string {
	inner := string(encodeMembers(f.t, members))
	if text == "" {
		text = "{${members}}"
	}
	values := maps.Clone(f.values)
	values["members"] = inner
	return f.text(text, values)
}

func encodeMembers(t testing.TB, members map[string]any) []byte {
	t.Helper()
	content, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Trim(content, "{}")
}

// set copies a row's members, with their placeholders filled in.
func (f *forge) set(to, from map[string]any) {
	for name, value := range from {
		to[name] = f.value(value)
	}
}

// value fills in the strings of a JSON value. "${now+60}" on its own is a
// number.
func (f *forge) value(value any) any {
	switch value := value.(type) {
	case string:
		if seconds, ok := strings.CutPrefix(strings.TrimSuffix(value, "}"), "${now"); ok {
			offset, err := strconv.Atoi(seconds)
			if err != nil {
				f.t.Fatalf("placeholder %q: %v", value, err)
			}
			return now.Add(time.Duration(offset) * time.Second).Unix()
		}
		return f.text(value, f.values)
	case []any:
		for i := range value {
			value[i] = f.value(value[i])
		}
	case map[string]any:
		f.set(value, value)
	}
	return value
}

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// text fills in ${NAME} for a value, ${N*TEXT} for TEXT N times and ${byte:HH}
// for one byte.
func (f *forge) text(text string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		if digits, ok := strings.CutPrefix(name, "byte:"); ok {
			content, err := hex.DecodeString(digits)
			if err != nil {
				f.t.Fatalf("placeholder %q: %v", found, err)
			}
			return string(content)
		}
		if count, unit, ok := strings.Cut(name, "*"); ok {
			n, err := strconv.Atoi(count)
			if err != nil {
				f.t.Fatalf("placeholder %q: %v", found, err)
			}
			return strings.Repeat(unit, n)
		}
		value, ok := values[name]
		if !ok {
			f.t.Fatalf("placeholder %q is not known here", found)
		}
		return value
	})
}

// sign returns the encoded signature.
func (f *forge) sign(how string, key *rsa.PrivateKey, signed string) string {
	f.t.Helper()
	signature, err := signatureOf(how, key, []byte(signed))
	if err != nil {
		f.t.Fatalf("sign %q: %v", how, err)
	}
	return base64.RawURLEncoding.EncodeToString(signature)
}

func signatureOf(how string, key *rsa.PrivateKey, signed []byte) ([]byte, error) {
	sum256, sum384, sum512 := sha256.Sum256(signed), sha512.Sum384(signed), sha512.Sum512(signed)
	switch how {
	case "":
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum256[:])
	case "none":
		return nil, nil
	case "zeros":
		return make([]byte, key.Size()), nil
	case "RS384":
		return rsa.SignPKCS1v15(nil, key, crypto.SHA384, sum384[:])
	case "RS512":
		return rsa.SignPKCS1v15(nil, key, crypto.SHA512, sum512[:])
	case "raw": // PKCS #1 padding around the digest, without the name of its hash
		return rsa.SignPKCS1v15(nil, key, 0, sum256[:])
	case "PS256":
		return rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum256[:], nil)
	case "ES256":
		other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		r, s, err := ecdsa.Sign(rand.Reader, other, sum256[:])
		if err != nil {
			return nil, err
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), nil
	}
	secret, err := hmacSecret(how, &key.PublicKey)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(signed)
	return mac.Sum(nil), nil
}

// hmacSecret is the public key in each spelling that a careless verifier might
// hand to HMAC.
func hmacSecret(how string, key *rsa.PublicKey) ([]byte, error) {
	switch how {
	case "HS256 empty":
		return nil, nil
	case "HS256 modulus":
		return key.N.Bytes(), nil
	case "HS256 PKCS1":
		return x509.MarshalPKCS1PublicKey(key), nil
	case "HS256 PEM":
		der, err := x509.MarshalPKIXPublicKey(key)
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
	}
	return nil, fmt.Errorf("expected a way to sign, got %q", how)
}
