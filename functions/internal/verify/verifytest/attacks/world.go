package attacks

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A World is the tenant and the API that rows are made for.
type World struct {
	// Now is what the API takes for the time.
	Now time.Time
	// Header and Claims are those of a good token, to be changed.
	Header, Claims func() map[string]any
	// Values are the placeholders: host, issuer, tenant, otherTenant, audience,
	// client, object, role, kid, and jwk, which is the public key "foreign".
	// [NewWorld] adds those that follow from them.
	Values map[string]string
	// Sign signs with a key: "" the tenant's own, "foreign" one that nobody
	// publishes, "otherTenant" another tenant's. The ways are those of
	// [Signature].
	Sign func(key, way string, content []byte) ([]byte, error)
}

// otherObject is the object id of somebody else.
const otherObject = "e6020a15-39e7-4e7c-8b7f-3f4d5e607b05"

// NewWorld completes the placeholders.
func NewWorld(w World) *World {
	for name, edit := range map[string]func(string) string{"upper": strings.ToUpper, "lower": strings.ToLower} {
		for _, of := range []string{"tenant", "kid", "role"} {
			w.Values[of+":"+name] = edit(w.Values[of])
		}
	}
	w.Values["otherObject"] = otherObject
	return &w
}

// Request is the row as a request, and the token that it carries.
func (w *World) Request(t testing.TB, row Row) (*http.Request, string) {
	t.Helper()
	token := w.Token(t, row)
	values := maps.Clone(w.Values)
	values["token"] = token
	target := "/api/orders"
	if row.Query != "" {
		target += "?" + w.text(t, row.Query, values)
	}
	request := httptest.NewRequest(http.MethodGet, target, strings.NewReader(w.text(t, row.Body, values)))
	if row.Body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	headers := row.Authorization
	if headers == nil {
		headers = []string{"Bearer ${token}"}
	}
	for _, value := range headers {
		request.Header.Add("Authorization", w.text(t, value, values))
	}
	return request, token
}

// Token signs the row's header and payload and puts the parts together.
func (w *World) Token(t testing.TB, row Row) string {
	t.Helper()
	header, claims := w.Header(), w.Claims()
	w.set(t, header, row.Header)
	w.set(t, claims, row.Claims)
	for _, name := range row.Without {
		section, member, _ := strings.Cut(name, ".")
		from, ok := map[string]map[string]any{"header": header, "claims": claims}[section]
		if _, has := from[member]; !ok || !has {
			t.Fatalf("row %q: there is no %q to be without", row.Name, name)
		}
		delete(from, member)
	}
	h := encode(w.document(t, header, row.HeaderText))
	payload := w.document(t, claims, row.PayloadText)
	p := encode(payload)
	s := w.sign(t, row.Key, row.Sign, h+"."+p)
	shape := row.Token
	if shape == "" {
		shape = "${h}.${p}.${s}"
	}
	values := maps.Clone(w.Values)
	maps.Copy(values, map[string]string{
		"h": h, "p": p, "s": s,
		"s:cut":      s[:max(0, len(s)-2)],
		"s:other":    w.sign(t, row.Key, "", h+"."+encode("{}")),
		"s:standard": base64.RawStdEncoding.EncodeToString(append([]byte{0xfb, 0xff}, make([]byte, 254)...)),
		"p:changed":  encode(strings.ReplaceAll(payload, w.Values["object"], otherObject)),
	})
	if s != "" {
		values["s:stray"] = s[:len(s)-1] + NextDigit(s[len(s)-1])
		values["s:head"], values["s:tail"] = s[:9], s[9:]
	}
	return w.text(t, shape, values)
}

// document is a JSON text around the members, or the members as an object.
func (w *World) document(t testing.TB, members map[string]any, text string) string {
	inner := string(encodeMembers(t, members))
	if text == "" {
		text = "{${members}}"
	}
	values := maps.Clone(w.Values)
	values["members"] = inner
	return w.text(t, text, values)
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
func (w *World) set(t testing.TB, to, from map[string]any) {
	for name, value := range from {
		to[name] = w.value(t, value)
	}
}

// value fills in the strings of a JSON value. "${now+60}" on its own is a
// number.
func (w *World) value(t testing.TB, value any) any {
	switch value := value.(type) {
	case string:
		if seconds, ok := strings.CutPrefix(strings.TrimSuffix(value, "}"), "${now"); ok {
			offset, err := strconv.Atoi(seconds)
			if err != nil {
				t.Fatalf("placeholder %q: %v", value, err)
			}
			return w.Now.Add(time.Duration(offset) * time.Second).Unix()
		}
		return w.text(t, value, w.Values)
	case []any:
		for i := range value {
			value[i] = w.value(t, value[i])
		}
	case map[string]any:
		w.set(t, value, value)
	}
	return value
}

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// text fills in ${NAME} for a value, ${N*TEXT} for TEXT N times and ${byte:HH}
// for one byte.
func (w *World) text(t testing.TB, text string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		if digits, ok := strings.CutPrefix(name, "byte:"); ok {
			content, err := hex.DecodeString(digits)
			if err != nil {
				t.Fatalf("placeholder %q: %v", found, err)
			}
			return string(content)
		}
		if count, unit, ok := strings.Cut(name, "*"); ok {
			n, err := strconv.Atoi(count)
			if err != nil {
				t.Fatalf("placeholder %q: %v", found, err)
			}
			return strings.Repeat(unit, n)
		}
		value, ok := values[name]
		if !ok {
			t.Fatalf("placeholder %q is not known here", found)
		}
		return value
	})
}

// sign returns the encoded signature.
func (w *World) sign(t testing.TB, key, way, content string) string {
	t.Helper()
	signature, err := w.Sign(key, way, []byte(content))
	if err != nil {
		t.Fatalf("sign %q: %v", way, err)
	}
	return base64.RawURLEncoding.EncodeToString(signature)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// NextDigit is the base64url digit after c. It differs only in the last bit if the
// last bit of c's value is 0.
func NextDigit(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)|1])
}
