// Package dashboard is a web page about what a sandbox holds and does: who may
// call whom, who did, which credentials there are until when, what the function
// apps said, and buttons for the weather.
//
// The page is made on the server and can be read without its script. The script
// only replaces the page's parts with newer ones. Nothing on it comes from
// elsewhere.
//
// The page knows nothing of the program that deployed: what a Pulumi stack made
// carries its mark in tags, and that is all it can say about declared and
// undeclared. A mark proves nothing, so the page says "marked" and not "declared".
//
// It shows what requests said of themselves (the claims of tokens, paths) and what
// function apps printed. Tokens in these are masked; everything else that a
// function app prints is shown.
//
// Not for production: whoever has its link may do all that the buttons do.
package dashboard

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// A Config is what the page shows, and what its buttons do.
type Config struct {
	Store   *store.Store
	History func() []route.Entry         // oldest first
	Logs    func(siteID string) []string // of a function app, oldest first
	Weather *route.Weather
	Advance func(time.Duration) error // of the sandbox's clock
	// RotateKeys makes a tenant sign with a new key.
	RotateKeys func(tenantID string) error
	Tenants    []Tenant // the first is shown unless another is asked for
	Session    Session
}

// A Tenant is one whose page can be shown.
type Tenant struct{ Name, ID string }

// Path is where the page is; everything of it is below.
const Path = "/dashboard"

//go:embed page.html page.css page.js
var files embed.FS

var page = template.Must(template.New("page.html").Funcs(functions).ParseFS(files, "page.html"))

// Handler answers [Path] and what is below it.
func Handler(c Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, c.show("page.html"))
	mux.HandleFunc("GET "+Path+"/parts", c.show("parts"))
	mux.HandleFunc("POST "+Path+"/do", c.do)
	for _, name := range []string{"page.css", "page.js"} {
		mux.HandleFunc("GET "+Path+"/"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, name) })
	}
	return c.Session.guard(mux)
}

// show answers with a template over what there is now.
func (c Config) show(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tenant, ok := c.tenant(r.FormValue("tenant"))
		if !ok {
			http.Error(w, fmt.Sprintf("expected a tenant of this sandbox, got %q", r.FormValue("tenant")), http.StatusNotFound)
			return
		}
		view, err := c.look(tenant)
		var text bytes.Buffer
		if err == nil {
			err = page.ExecuteTemplate(&text, name, view)
		}
		if err != nil {
			http.Error(w, "show the dashboard: "+err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(text.Bytes())
	}
}

// tenant finds a tenant by its name; "" is the first.
func (c Config) tenant(name string) (Tenant, bool) {
	for _, tenant := range c.Tenants {
		if name == "" || tenant.Name == name {
			return tenant, true
		}
	}
	return Tenant{}, false
}
