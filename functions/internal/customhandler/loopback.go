package customhandler

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
)

// This file protects a handler on a developer's machine from web pages. A page can
// make its own host name resolve to 127.0.0.1 (DNS rebinding); the browser then
// takes the handler for the page's own server, and lets the page read answers that
// the developer's login gave. What the browser sends as Host is still the page's
// name.
//
// In Azure, where the Functions host passes the caller's Host on and no browser
// reaches the handler, any name may be right.

// platformVariables are sets of variables that App Service and Functions set, not
// all of them on every plan
// (https://learn.microsoft.com/azure/app-service/reference-app-settings; the
// Functions host tells its plans apart by some, EnvironmentExtensions of
// Azure/azure-functions-host). Core Tools set none of them. Others set a part of
// the last: a machine of Azure Arc has an identity endpoint without the header, and
// containers on a developer's machine often have CONTAINER_NAME, which therefore
// does not count.
var platformVariables = [][]string{{"WEBSITE_INSTANCE_ID"}, {"WEBSITE_SITE_NAME"}, {"WEBSITE_POD_NAME"}, {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"}}

// InAzure reports whether the handler runs in App Service or Azure Functions, and
// not on a developer's machine.
func (s *AppSettings) InAzure() bool { return inAzure(s.lookup) }

func inAzure(lookup func(name string) string) bool {
	return slices.ContainsFunc(platformVariables, func(names []string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return lookup(name) == "" })
	})
}

// onLoopback refuses requests that were not sent to this machine by a name of its
// own.
func (a *App) onLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			a.Sampler.Log(r.Context(), Line{Kind: "foreign host", Level: slog.LevelWarn}, "request refused",
				"reason", "expected the host localhost or a loopback address, got another; a web page may have sent it")
			WriteError(w, http.StatusMisdirectedRequest, "foreign_host", "on a developer's machine, the host must be localhost or a loopback address")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback reports whether a Host header names this machine, with any port.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Zone() == "" && address.IsLoopback()
}
