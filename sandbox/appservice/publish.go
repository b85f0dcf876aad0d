package appservice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file is OneDeploy. The rules are: a package is checked before it is
// stored; it is stored as the site's identity, with only that identity's roles;
// from then on it is what runs. As in Azure, the deployment has succeeded once a
// host has loaded it, even if the handler then fails to start.

// keptDeployments is how many deployments a site keeps.
const keptDeployments = 50

// publish takes a package. It answers 202 with the deployment's id when the
// caller asked not to wait, else 200 when the deployment is over.
func (a *app) publish(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if build := query.Get("RemoteBuild"); strings.EqualFold(build, "true") {
		a.unemulatedPublish(w, r, "RemoteBuild=true")
		return
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if !slices.Contains([]string{"", "application/zip", "application/octet-stream"}, media) {
		a.unemulatedPublish(w, r, fmt.Sprintf("content type %q", media))
		return
	}
	d := store.Deployment{
		ID: uuid.NewString(), Status: statusPending, StatusText: "Receiving the package", Message: "Receiving the package",
		Deployer: query.Get("Deployer"), Author: route.CallerOf(r.Context()).ObjectID, ReceivedAt: a.service.config.Store.Now(),
	}
	route.Note(r.Context()).Object = a.id
	if !a.publishing.TryLock() {
		const conflict = "There is a deployment currently in progress. Please try again when it completes."
		d.Log = []string{conflict}
		if err := a.keepDeployment(ended(d, statusConflict, conflict, d.ReceivedAt)); err != nil {
			refuseSCM(w, r, http.StatusInternalServerError, "InternalError", err.Error())
			return
		}
		refuseSCM(w, r, http.StatusConflict, "Conflict", conflict)
		return
	}
	p := &publication{app: a, deployment: d}
	if !p.receive(w, r) {
		a.publishing.Unlock()
		return
	}
	asynchronous := strings.EqualFold(query.Get("isAsync"), "true")
	done := make(chan struct{})
	if !a.service.spawn(func() {
		defer a.publishing.Unlock()
		defer close(done)
		p.activate()
	}) {
		a.publishing.Unlock()
		refuseSCM(w, r, http.StatusServiceUnavailable, "ServiceUnavailable", "the sandbox is stopping")
		return
	}
	status := http.StatusAccepted
	if !asynchronous {
		<-done
		status = http.StatusOK
	}
	writeJSON(w, status, d.ID)
}

func (a *app) unemulatedPublish(w http.ResponseWriter, r *http.Request, what string) {
	a.scmTable().Unemulated(w, r, what)
}

// A publication is a deployment under way.
type publication struct {
	app        *app
	deployment store.Deployment
	problem    error // found in the package before it was stored
}

// receive reads, checks and stores the package. When it fails, it answers the
// request and returns false.
func (p *publication) receive(w http.ResponseWriter, r *http.Request) bool {
	a := p.app
	file, err := p.save(w, r)
	if file != "" {
		defer os.Remove(file)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuseSCM(w, r, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("expected a package of at most %d bytes", tooLarge.Limit))
		return false
	case err != nil:
		refuseSCM(w, r, http.StatusBadRequest, "BadRequest", fmt.Sprintf("receive the package: %v", err))
		return false
	}
	def, err := a.service.define(a.id)
	if err == nil {
		p.step(statusBuilding, "Validating the package")
		err = p.check(file, def)
	}
	if err != nil {
		var strange *unemulatedError
		if errors.As(err, &strange) {
			route.Note(r.Context()).Unemulated = strange.what
		}
		p.problem = err
		return true
	}
	p.step(statusBuilding, "Uploading the package to the deployment container")
	if err := p.store(file, def); err != nil {
		message := uploadFailure(err)
		p.end(statusFailed, message)
		route.Note(r.Context()).Code = "BlobUploadFailedException"
		refuseSCM(w, r, http.StatusBadRequest, "BlobUploadFailedException", message)
		return false
	}
	return true
}

// save writes the request's body to a file and notes its hash.
func (p *publication) save(w http.ResponseWriter, r *http.Request) (file string, err error) {
	if err := os.MkdirAll(p.app.dir, 0o700); err != nil {
		return "", err
	}
	f, err := os.Create(filepath.Join(p.app.dir, p.deployment.ID+".zip"))
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, hash), http.MaxBytesReader(w, r.Body, maxPackageBytes))
	p.deployment.Package = hex.EncodeToString(hash.Sum(nil))
	return f.Name(), errors.Join(err, f.Close())
}

// check opens the package as the host will.
func (p *publication) check(file string, def definition) error {
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		return errors.New("expected a zip archive in the request's body, got nothing")
	}
	archive, err := openPackage(file)
	if err != nil {
		return err
	}
	defer archive.Close()
	_, functions, _, err := readApp(&archive.Reader, def, p.app.service.config.Environ)
	for _, f := range functions {
		var strange *unemulatedError
		if errors.As(f.err, &strange) {
			return f.err
		}
	}
	return err
}

// store writes the package to the deployment container as the site's identity.
func (p *publication) store(file string, def definition) error {
	c, err := def.packages()
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return p.app.service.config.Packages.Write(def.TenantID, c.principalID, c.account, c.name, packageName, "application/zip", f)
}

// uploadFailure is Kudu's text for why the package could not be stored.
func uploadFailure(err error) string {
	cause := err.Error()
	if refusal, ok := storageRefusal(err); ok {
		cause = fmt.Sprintf("Response status code does not indicate success: %d (%s).", refusal.Status, refusal.Message)
	}
	return "InaccessibleStorageException: Failed to access storage account for deployment: BlobUploadFailedException: Failed to upload blob to storage account: " + cause
}

// activate makes the site run the stored package. If it does not start, the site
// runs the one before again: a deployment that failed has changed nothing. (That
// Azure does so too is not documented.)
func (p *publication) activate() {
	if p.problem != nil {
		p.end(statusFailed, p.problem.Error())
		return
	}
	p.step(statusDeploying, "Restarting the app with the package")
	before, host, err := p.app.runPackage(p.deployment.Package)
	switch {
	case err != nil:
		p.end(statusFailed, err.Error())
	case host == nil:
		p.end(statusFailed, "the app is stopping; publish again")
	case host.err != nil:
		problem := fmt.Sprintf("SyncTriggers failed: encountered an error (ServiceUnavailable) from host runtime: %s", host.err)
		if before != "" {
			if _, _, err := p.app.runPackage(before); err != nil {
				problem += "; the package before does not run either: " + err.Error()
			}
		}
		p.end(statusFailed, problem)
	default:
		p.end(statusSuccess, "Deployment successful")
	}
}

// runPackage makes the site run a package, and returns the one before and the host, nil
// if the app is stopping.
func (a *app) runPackage(digest string) (before string, host *functionsHost, err error) {
	err = a.service.updateSite(a.id, func(site *store.Site) { before, site.Package = site.Package, digest })
	if err != nil {
		return "", nil, err
	}
	a.refresh(true)
	return before, a.await(context.Background()), nil
}

// step records the progress of the deployment.
func (p *publication) step(status int, message string) {
	p.deployment.Status, p.deployment.StatusText, p.deployment.Message = status, message, message
	p.keep(message)
}

func (p *publication) end(status int, message string) {
	p.deployment = ended(p.deployment, status, message, p.app.service.config.Store.Now())
	p.keep(message)
	level := information
	if status == statusFailed {
		level = failure
	}
	p.app.journal.host(level, "deployment %s: %s", p.deployment.ID, message)
}

func (p *publication) keep(message string) {
	p.deployment.Log = append(p.deployment.Log, message)
	if err := p.app.keepDeployment(p.deployment); err != nil {
		p.app.journal.host(failure, "keep deployment %s: %s", p.deployment.ID, err)
	}
}

// ended returns the deployment with its outcome.
func ended(d store.Deployment, status int, message string, now time.Time) store.Deployment {
	d.Status, d.StatusText, d.Message, d.EndedAt = status, "", message, now
	if status != statusSuccess {
		d.StatusText = message
	}
	d.Active = status == statusSuccess
	return d
}

// keepDeployment stores a new or changed deployment. At most one is active:
// the last that succeeded.
func (a *app) keepDeployment(d store.Deployment) error {
	return a.service.updateSite(a.id, func(site *store.Site) {
		i := slices.IndexFunc(site.Deployments, func(known store.Deployment) bool { return known.ID == d.ID })
		if d.Active {
			for j := range site.Deployments {
				site.Deployments[j].Active = false
			}
		}
		if i >= 0 {
			site.Deployments[i] = d
			return
		}
		site.Deployments = append(site.Deployments, d)
		if extra := len(site.Deployments) - keptDeployments; extra > 0 {
			site.Deployments = slices.Delete(site.Deployments, 0, extra)
		}
	})
}
