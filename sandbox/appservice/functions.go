package appservice

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"app-to-app/sandbox/route"
)

// invocationRoute is the pattern for all functions, because their routes come from
// the package. Faults for callers of functions are queued for it.
const invocationRoute = "/{function}"

const (
	hostDoc        = "https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http"
	hostRepository = "https://github.com/Azure/azure-functions-host"
)

// functionsTable is what a site's app port answers.
func (a *app) functionsTable() route.Table {
	return route.Table{
		Service: "functions",
		Source:  "sandbox/appservice/functions.go",
		Routes: []route.Route{
			route.Of(invocationRoute, a.invoke, "https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger",
				"2026-11-23", "TestProxying").With("*"),
			route.Of("GET /admin/host/ping", a.ping, hostRepository, "2026-11-23", "TestPing/GET"),
			route.Of("POST /admin/host/ping", a.ping, hostRepository, "2026-11-23", "TestPing/POST"),
			route.Of("GET /admin/host/status", a.status, hostRepository, "2026-11-23", "TestStatus").For("master key").With("code"),
			route.Of("POST /admin/functions/{name}", a.runNow, hostDoc, "2026-11-23", "TestRunNow").For("master key").With("code"),
		},
		Refuse: refuseText,
		Guard:  a.guardAdmin,
		Path: func(path string) string {
			for _, reserved := range []string{"/admin/", "/runtime/"} {
				if len(path) >= len(reserved) && strings.EqualFold(path[:len(reserved)], reserved) {
					return reserved + path[len(reserved):]
				}
			}
			return "/function"
		},
	}
}

// refuseText answers in plain text.
func refuseText(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	route.Note(r.Context()).Code = code
	http.Error(w, message, status)
}

type urlKey struct{}

// functionsHandler answers the app port. It hides a function's URL from the
// table's ServeMux, which could match it with another route or clean its path.
func (a *app) functionsHandler() http.Handler {
	table := a.functionsTable()
	table.Routes[0].Serve = func(w http.ResponseWriter, r *http.Request) {
		r.URL = r.Context().Value(urlKey{}).(*url.URL)
		a.invoke(w, r)
	}
	handler := table.Handler(a.service.config.Log, a.service.config.Weather)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stripPrincipal(r.Header)
		handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), urlKey{}, r.URL)))
	})
}

// stripPrincipal removes the headers in which App Service names the signed-in
// user: a caller could have made them up.
// learn.microsoft.com/azure/app-service/configure-authentication-user-identities
func stripPrincipal(header http.Header) {
	for name := range header {
		upper := strings.ToUpper(name)
		if strings.HasPrefix(upper, "X-MS-CLIENT-PRINCIPAL") || strings.HasPrefix(upper, "X-MS-TOKEN-") {
			delete(header, name)
		}
	}
}

// guardAdmin admits callers with the master key to the host's own functions.
func (a *app) guardAdmin(w http.ResponseWriter, r *http.Request, known route.Route) (*http.Request, bool) {
	if len(known.Permission) == 0 {
		return r, true
	}
	level, err := a.levelOf(r, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return nil, false
	}
	if level < admin {
		w.WriteHeader(http.StatusUnauthorized)
		return nil, false
	}
	return r, true
}

func (a *app) ping(w http.ResponseWriter, r *http.Request) {
	if a.ready(w, r) != nil {
		w.WriteHeader(http.StatusOK)
	}
}

// status answers the host's status. Unlike functions, it works while the host is
// in error.
func (a *app) status(w http.ResponseWriter, r *http.Request) {
	host := a.usable(r.Context())
	if host == nil || !host.def.available() {
		a.ready(w, r)
		return
	}
	answer := struct {
		ID            string   `json:"id"`
		State         string   `json:"state"`
		Version       string   `json:"version"`
		InstanceID    string   `json:"instanceId"`
		ProcessUptime int64    `json:"processUptime"` // milliseconds
		Errors        []string `json:"errors,omitempty"`
	}{
		ID: strings.ToLower(a.name), State: "Running", Version: hostVersion, InstanceID: a.instanceID,
		ProcessUptime: a.service.config.Store.Now().Sub(host.started).Milliseconds(),
	}
	if host.err != nil {
		answer.State, answer.Errors = "Error", []string{host.err.Error()}
	}
	for _, f := range host.functions {
		if f.err != nil {
			answer.Errors = append(answer.Errors, f.err.Error())
		}
	}
	if host.handler != nil {
		if _, err := host.handler.await(r.Context()); err != nil {
			answer.State, answer.Errors = "Error", append(answer.Errors, err.Error())
		}
	}
	writeJSON(w, http.StatusOK, answer)
}

// runNow runs a timer function outside its schedule.
func (a *app) runNow(w http.ResponseWriter, r *http.Request) {
	host := a.ready(w, r)
	if host == nil {
		return
	}
	name := r.PathValue("name")
	route.Note(r.Context()).Object = a.id + "/functions/" + name
	for _, f := range host.functions {
		if f.err != nil || !strings.EqualFold(f.name, name) {
			continue
		}
		if f.timer == nil {
			route.Note(r.Context()).Unemulated = "manual run of an HTTP function"
			refuseText(w, r, http.StatusNotImplemented, "NotEmulated",
				fmt.Sprintf("the sandbox does not emulate POST %s for an HTTP function; call the function itself", r.URL.Path))
			return
		}
		payload := timerPayload{}
		payload.Schedule.AdjustForDST = true
		if f.timer.useMonitor {
			payload.ScheduleStatus = a.timerStatus(f.name)
		}
		host.spawn(func(ctx context.Context) {
			host.invokeTimer(ctx, f, payload, "This function was programmatically called via the host APIs.")
		})
		w.WriteHeader(http.StatusAccepted)
		return
	}
	w.WriteHeader(http.StatusNotFound)
}

// timerStatus is the stored status of a timer, as a payload shows it.
func (a *app) timerStatus(name string) *timerStatus {
	site, _, err := a.service.site(a.id)
	if err != nil {
		return nil
	}
	known := site.Timers[name]
	return &timerStatus{Last: dotnetTime(known.Last), Next: dotnetTime(known.Next), LastUpdated: dotnetTime(known.LastUpdated)}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}
