package dashboard

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
)

// A Session lets one browser in. The rules are:
//   - the link has the token once; the answer to it is a cookie and a redirect, so
//     that the token is not in the address bar
//   - the cookie is not the token, and only goes to the dashboard's path. Cookies
//     know no ports: a page of another server on 127.0.0.1 below the same path
//     would get it, which is not enough for the control endpoint
//   - a request must name this server as its Host, against DNS rebinding
//   - one that changes something must come from a page of this server
//     (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site)
//   - nothing is loaded from elsewhere, and no other page may frame this one
type Session struct {
	Token string // of the control endpoint
	Host  string // address and port of the server
}

// Link is the address to open. It has the token.
func (s Session) Link() string { return "http://" + s.Host + Path + "?token=" + s.Token }

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (s Session) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("Referrer-Policy", "same-origin") // with no-referrer a form would send Origin: null
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		origin := r.Header.Get("Origin")
		changes := r.Method != http.MethodGet && r.Method != http.MethodHead
		switch {
		case r.Host != s.Host:
			http.Error(w, "expected Host "+s.Host, http.StatusForbidden)
		case origin != "" && origin != "http://"+s.Host, changes && origin == "":
			http.Error(w, "expected a request of this page, got one of another", http.StatusForbidden)
		case !changes && r.URL.Query().Has("token"):
			s.begin(w, r)
		case !s.known(r):
			http.Error(w, "expected the link that the sandbox printed, with its token; it is also in dashboard of control.json in the sandbox's directory", http.StatusUnauthorized)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
			next.ServeHTTP(w, r)
		}
	})
}

// begin exchanges the token of the link for the cookie.
func (s Session) begin(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(query.Get("token")), []byte(s.Token)) != 1 {
		http.Error(w, "expected the token of this sandbox; the link of an earlier one is void", http.StatusUnauthorized)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: s.name(), Value: s.value(), Path: Path, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	query.Del("token")
	target := r.URL.Path
	if encoded := query.Encode(); encoded != "" {
		target += "?" + encoded
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

func (s Session) known(r *http.Request) bool {
	cookie, err := r.Cookie(s.name())
	return err == nil && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(s.value())) == 1
}

// name has the port, so that two sandboxes do not replace each other's cookie.
func (s Session) name() string {
	_, port, _ := strings.Cut(s.Host, ":")
	return "sandbox-" + port
}

// value is derived from the token, so it outlives a restart of the sandbox.
func (s Session) value() string {
	mac := hmac.New(sha256.New, []byte(s.Token))
	mac.Write([]byte("dashboard of " + s.Host))
	return hex.EncodeToString(mac.Sum(nil))
}
