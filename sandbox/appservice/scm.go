package appservice

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/arm"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file is the SCM site: who may use it, and how it shows deployments. The
// rules are: callers need an Entra token for ARM of the site's own tenant, whose
// principal may publish; a user name and password are refused, because the
// sandbox issues none; the outcome of a deployment is in its body, and the HTTP
// status is 200 for failed ones too.
// learn.microsoft.com/azure/app-service/resources-kudu

const scmDoc = "https://learn.microsoft.com/azure/azure-functions/functions-deployment-technologies#one-deploy"

// publishAction is what a publisher must hold on the site.
const publishAction = "Microsoft.Web/sites/publish/Action"

// Status numbers of deployments (DeployStatus of Azure/azure-functions-core-tools).
const (
	statusPending   = 0
	statusBuilding  = 1
	statusDeploying = 2
	statusFailed    = 3
	statusSuccess   = 4
	statusConflict  = 5
)

// scmTable is what a site's SCM port answers.
func (a *app) scmTable() route.Table {
	return route.Table{
		Service: "scm",
		Source:  "sandbox/appservice/scm.go",
		Routes: []route.Route{
			route.Of("POST /api/publish", a.publish, scmDoc, "2026-11-23", "TestPublish").For(publishAction).With("RemoteBuild", "Deployer", "isAsync"),
			route.Of("GET /api/deployments", a.listDeployments, scmDoc, "2026-11-23", "TestPublish").For(publishAction),
			route.Of("GET /api/deployments/{id}", a.showDeployment, scmDoc, "2026-11-23", "TestPublish").For(publishAction),
			route.Of("GET /api/deployments/{id}/log", a.showDeploymentLog, scmDoc, "2026-11-23", "TestPublish").For(publishAction),
		},
		Refuse: refuseSCM,
		Guard:  a.guardSCM,
	}
}

// refuseSCM answers as Kudu does.
func refuseSCM(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	route.Note(r.Context()).Code = code
	writeJSON(w, status, map[string]string{"Message": message})
}

// guardSCM admits callers that may publish.
func (a *app) guardSCM(w http.ResponseWriter, r *http.Request, known route.Route) (*http.Request, bool) {
	refuse := func(status int, code, message string) (*http.Request, bool) {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="site"`)
		}
		refuseSCM(w, r, status, code, message)
		return nil, false
	}
	if _, _, basic := r.BasicAuth(); basic {
		if !a.basicAllowed() {
			return refuse(http.StatusUnauthorized, "Unauthorized", "basic authentication is disabled for this site (basicPublishingCredentialsPolicies/scm); expected a bearer token for https://management.azure.com/")
		}
		return refuse(http.StatusUnauthorized, "Unauthorized", "expected a bearer token for https://management.azure.com/, got a user name and password; the sandbox has none, so sign in with Entra")
	}
	caller, err := a.service.config.Auth.Authenticate(r, arm.Audiences...)
	if err != nil {
		return refuse(http.StatusUnauthorized, "Unauthorized", err.Error())
	}
	r = route.WithCaller(r, caller)
	site, ok, err := a.service.site(a.id)
	switch {
	case err != nil:
		return refuse(http.StatusInternalServerError, "InternalError", err.Error())
	case !ok:
		return refuse(http.StatusNotFound, "NotFound", "the site was deleted")
	case !strings.EqualFold(caller.TenantID, site.TenantID):
		return refuse(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant", fmt.Sprintf("expected a token of tenant %q, got one of %q", site.TenantID, caller.TenantID))
	}
	for _, action := range known.Permission {
		allowed, err := a.service.config.Authorize(site.TenantID, caller.ObjectID, action, a.id)
		if err != nil {
			return refuse(http.StatusInternalServerError, "InternalError", err.Error())
		}
		if allowed {
			return r, true
		}
	}
	return refuse(http.StatusForbidden, "AuthorizationFailed", fmt.Sprintf("the client with object id %q does not have authorization to perform action %q over scope %q",
		caller.ObjectID, strings.Join(known.Permission, " or "), a.id))
}

// basicAllowed reads the site's policy for publishing credentials; a site
// without one allows them.
func (a *app) basicAllowed() bool {
	allow := true
	err := a.service.config.Store.View(func(tx *store.Tx) error {
		policy, ok := store.ResourceByID(tx, a.id+"/basicPublishingCredentialsPolicies/scm")
		if !ok {
			return nil
		}
		var properties struct{ Allow bool }
		properties.Allow = true
		err := json.Unmarshal(policy.Properties, &properties)
		allow = properties.Allow
		return err
	})
	return err == nil && allow
}

// deploymentView is a deployment as Kudu shows it. packageSha256 is the sandbox's
// own addition, in camel case so that it cannot collide with Kudu's snake-case
// names. A publisher can compare it with what it sent.
type deploymentView struct {
	ID            string     `json:"id"`
	Status        int        `json:"status"`
	StatusText    string     `json:"status_text"`
	AuthorEmail   string     `json:"author_email"`
	Author        string     `json:"author"`
	Deployer      string     `json:"deployer"`
	Message       string     `json:"message"`
	Progress      string     `json:"progress"`
	ReceivedTime  time.Time  `json:"received_time"`
	StartTime     time.Time  `json:"start_time"`
	EndTime       *time.Time `json:"end_time"`
	LastSuccess   *time.Time `json:"last_success_end_time"`
	Complete      bool       `json:"complete"`
	Active        bool       `json:"active"`
	IsTemp        bool       `json:"is_temp"`
	IsReadonly    bool       `json:"is_readonly"`
	URL           string     `json:"url"`
	LogURL        string     `json:"log_url"`
	SiteName      string     `json:"site_name"`
	PackageSHA256 string     `json:"packageSha256"`
}

func (a *app) view(d store.Deployment) deploymentView {
	base := fmt.Sprintf("https://127.0.0.1:%d/api/deployments/%s", a.listeners.scmPort(), d.ID)
	v := deploymentView{
		ID: d.ID, Status: d.Status, StatusText: d.StatusText, AuthorEmail: "N/A", Author: d.Author, Deployer: d.Deployer,
		Message: d.Message, ReceivedTime: d.ReceivedAt, StartTime: d.ReceivedAt, Complete: !d.EndedAt.IsZero(),
		Active: d.Active, IsReadonly: true, URL: base, LogURL: base + "/log", SiteName: a.name, PackageSHA256: d.Package,
	}
	if v.Complete {
		v.EndTime = &d.EndedAt
		if d.Status == statusSuccess {
			v.LastSuccess = &d.EndedAt
		}
	} else {
		v.Progress = d.Message
	}
	return v
}

// deployments returns the site's deployments, newest first, as Core Tools
// expects them.
func (a *app) deployments(w http.ResponseWriter, r *http.Request) ([]store.Deployment, bool) {
	site, ok, err := a.service.site(a.id)
	if err != nil || !ok {
		refuseSCM(w, r, http.StatusInternalServerError, "InternalError", fmt.Sprintf("read the site's deployments: %v", err))
		return nil, false
	}
	slices.Reverse(site.Deployments)
	return site.Deployments, true
}

func (a *app) listDeployments(w http.ResponseWriter, r *http.Request) {
	deployments, ok := a.deployments(w, r)
	if !ok {
		return
	}
	views := make([]deploymentView, 0, len(deployments))
	for _, d := range deployments {
		views = append(views, a.view(d))
	}
	writeJSON(w, http.StatusOK, views)
}

// find returns the deployment that the path names, which may be the latest.
func (a *app) find(w http.ResponseWriter, r *http.Request) (store.Deployment, bool) {
	deployments, ok := a.deployments(w, r)
	if !ok {
		return store.Deployment{}, false
	}
	id := r.PathValue("id")
	i := slices.IndexFunc(deployments, func(d store.Deployment) bool { return d.ID == id || id == "latest" })
	if i < 0 {
		refuseSCM(w, r, http.StatusNotFound, "NotFound", fmt.Sprintf("Deployment '%s' not found.", id))
		return store.Deployment{}, false
	}
	return deployments[i], true
}

func (a *app) showDeployment(w http.ResponseWriter, r *http.Request) {
	if d, ok := a.find(w, r); ok {
		writeJSON(w, http.StatusOK, a.view(d))
	}
}

func (a *app) showDeploymentLog(w http.ResponseWriter, r *http.Request) {
	d, ok := a.find(w, r)
	if !ok {
		return
	}
	type entry struct {
		LogTime    time.Time `json:"log_time"`
		ID         string    `json:"id"`
		Message    string    `json:"message"`
		Type       int       `json:"type"` // 0 message, 2 error
		DetailsURL *string   `json:"details_url"`
	}
	entries := make([]entry, 0, len(d.Log))
	for i, message := range d.Log {
		e := entry{LogTime: d.ReceivedAt.Add(time.Duration(i) * time.Millisecond), ID: fmt.Sprintf("%s-%d", d.ID, i), Message: message}
		if d.Status == statusFailed && i == len(d.Log)-1 {
			e.Type = 2
		}
		entries = append(entries, e)
	}
	writeJSON(w, http.StatusOK, entries)
}
