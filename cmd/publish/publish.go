package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// startLimit is how long a site may take to answer at all: its host name and
// its SCM site come up a little after Resource Manager reports it as created.
const startLimit = 3 * time.Minute

// A publisher publishes one order.
type publisher struct {
	command
	order order
	scm   *scm

	started  time.Time
	answered bool // the SCM site has answered once
}

// publish sends the package until it is deployed or the time is up.
func (p *publisher) publish(ctx context.Context) error {
	p.started = p.now()
	p.say("sending %.1f MiB to %s", float64(len(p.order.content))/(1<<20), p.order.app)
	for pause := newPause(time.Second, 30*time.Second); ; {
		err := p.attempt(ctx)
		if err == nil {
			p.say("%s runs package %.12s, deployed in %s", p.order.app, p.order.sha256, p.elapsed())
			return nil
		}
		reason, limit := p.retry(err)
		if reason == "" {
			return fmt.Errorf("publish to %s: %w", p.order.app, err)
		}
		next := pause.next()
		if p.now().Add(next).Sub(p.started) > limit {
			return azurecloud.WithHint(fmt.Errorf("publish to %s: gave up after %s: %w", p.order.app, p.elapsed(), err), hintOf(reason))
		}
		p.say("%s, %s of %s: %v", reason, p.elapsed(), limit, err)
		if err := p.sleep(ctx, next); err != nil {
			return err
		}
	}
}

// The reasons to try again.
const (
	waitingForSite    = "waiting for the SCM site"
	waitingForStorage = "waiting for the host's access to its storage"
	waitingForOther   = "waiting for another deployment"
	waitingForSignIn  = "waiting for the sign-in"
)

func hintOf(reason string) string {
	switch reason {
	case waitingForStorage:
		return "check the role assignments of the host's identity on the storage account; a new one can take ten minutes. PUBLISH_TIMEOUT=30m waits longer"
	case waitingForOther:
		return "run pulumi up again when the other deployment is done"
	case waitingForSignIn:
		return "run pulumi up again when Microsoft Entra ID gives tokens; https://azure.status.microsoft says whether sign-in is disturbed"
	}
	return "run pulumi up again; the site may still be starting"
}

// retry says why to try again after a failed attempt, and for how long; an
// empty reason means to give up.
func (p *publisher) retry(err error) (reason string, limit time.Duration) {
	var connection *connectionError
	var status *statusError
	var failed *failedError
	switch {
	case errors.Is(err, azurecloud.ErrBusy):
		return waitingForSignIn, p.order.timeout
	case errors.As(err, &failed):
		if isStorageRefusal(failed.Error()) {
			return waitingForStorage, p.order.timeout
		}
		if failed.status == statusConflict {
			return waitingForOther, p.order.timeout
		}
	case errors.As(err, &connection):
		if !connection.untrusted() {
			return waitingForSite, min(startLimit, p.order.timeout)
		}
	case errors.As(err, &status):
		switch {
		case isStorageRefusal(status.message):
			return waitingForStorage, p.order.timeout
		case status.status == http.StatusConflict:
			return waitingForOther, p.order.timeout
		case status.status >= 500 || status.status == http.StatusTooManyRequests || status.status == http.StatusNotFound && !p.answered:
			return waitingForSite, min(startLimit, p.order.timeout)
		}
	}
	return "", 0
}

// isStorageRefusal recognises the race of a first deployment: the site's
// identity was given its role a moment ago, and the storage account does not
// know it yet. The upload to the deployment container then fails with a 403.
func isStorageRefusal(message string) bool {
	return strings.Contains(message, "BlobUploadFailedException") &&
		(strings.Contains(message, "403") || strings.Contains(message, "AuthorizationPermissionMismatch") || strings.Contains(message, "AuthorizationFailure"))
}

// attempt sends the package once, follows the deployment to its end, and checks
// what runs then.
func (p *publisher) attempt(ctx context.Context) error {
	id, err := p.scm.send(ctx, p.order.content)
	if err != nil {
		return explain(err)
	}
	p.answered = true
	if id == "" {
		id = "latest"
	}
	done, err := p.follow(ctx, id)
	if err != nil {
		return err
	}
	if done.Status != statusSuccess {
		return p.failed(ctx, id, done)
	}
	return p.check(ctx, done)
}

// explain adds what to do to an error that waiting does not fix.
func explain(err error) error {
	var status *statusError
	var connection *connectionError
	switch {
	case errors.As(err, &status) && status.status == http.StatusUnauthorized:
		return azurecloud.WithHint(err, "the SCM site does not accept the token: check that ARM_TENANT_ID is the tenant of the subscription")
	case errors.As(err, &status) && status.status == http.StatusForbidden:
		return azurecloud.WithHint(err, "the deployer needs Microsoft.Web/sites/publish/Action on the app, as in Website Contributor or Contributor; access restrictions of the SCM site cause the same status")
	case errors.As(err, &connection) && connection.untrusted():
		return azurecloud.WithHint(err, "SSL_CERT_FILE must name a bundle with the CA of the SCM site")
	}
	return err
}

// follow polls a deployment until it has ended.
func (p *publisher) follow(ctx context.Context, id string) (deployment, error) {
	var d deployment
	err := p.poll(ctx, func() (pending string, err error) {
		if d, err = p.scm.deployment(ctx, id); err != nil || d.Status >= statusFailed {
			return "", err
		}
		return strings.TrimSpace(fmt.Sprintf("status %d %s", d.Status, d.StatusText)), nil
	})
	if err != nil {
		return deployment{}, fmt.Errorf("follow deployment %s: %w", id, err)
	}
	return d, nil
}

// poll looks until nothing is pending or the time is up. It tries failed
// requests again, because the site restarts when its content changes.
func (p *publisher) poll(ctx context.Context, look func() (pending string, err error)) error {
	for pause := newPause(250*time.Millisecond, 5*time.Second); ; {
		pending, err := look()
		if err == nil && pending == "" {
			return nil
		}
		if err != nil && !isPassing(err) {
			return explain(err)
		}
		if err != nil {
			pending = err.Error()
		}
		next := pause.next()
		if p.now().Add(next).Sub(p.started) > p.order.timeout {
			return fmt.Errorf("gave up after %s: %s", p.elapsed(), pending)
		}
		if err := p.sleep(ctx, next); err != nil {
			return err
		}
	}
}

// isPassing reports whether a poll that failed may succeed later.
func isPassing(err error) bool {
	var connection *connectionError
	var status *statusError
	switch {
	case errors.Is(err, azurecloud.ErrBusy):
		return true
	case errors.As(err, &connection):
		return !connection.untrusted()
	case errors.As(err, &status):
		return status.status >= 500 || status.status == http.StatusNotFound || status.status == http.StatusTooManyRequests
	}
	return false
}

// A failedError is a deployment that ended without success.
type failedError struct {
	id       string
	status   int
	messages []string
}

func (e *failedError) Error() string {
	name := map[int]string{statusFailed: "failed", statusConflict: "conflicts with another", statusPartialSuccess: "succeeded in part"}[e.status]
	if name == "" {
		name = fmt.Sprintf("has status %d", e.status)
	}
	text := fmt.Sprintf("deployment %s %s", e.id, name)
	if len(e.messages) > 0 {
		text += ": " + strings.Join(e.messages, "; ")
	}
	return text
}

// failed reads why a deployment failed.
func (p *publisher) failed(ctx context.Context, id string, d deployment) error {
	err := &failedError{id: id, status: d.Status}
	messages, logErr := p.scm.log(ctx, id)
	if logErr != nil {
		messages = []string{"its log cannot be read: " + logErr.Error()}
	}
	for _, message := range append(messages, d.StatusText) {
		if message != "" && !slices.Contains(err.messages, message) {
			err.messages = append(err.messages, message)
		}
	}
	return err
}

// check verifies that the site runs the deployment that was sent: somebody may
// have published meanwhile.
func (p *publisher) check(ctx context.Context, sent deployment) error {
	var running deployment
	err := p.poll(ctx, func() (pending string, err error) {
		running, err = p.scm.deployment(ctx, "latest")
		return "", err
	})
	if err != nil {
		return fmt.Errorf("look at the running deployment: %w", err)
	}
	hint := "somebody else published meanwhile; run pulumi up --replace with the URN of the publish command to send this package again"
	switch {
	case running.ID != sent.ID:
		return azurecloud.WithHint(fmt.Errorf("look at the running deployment: expected %q, got %q", sent.ID, running.ID), hint)
	case running.Status != statusSuccess:
		return fmt.Errorf("look at the running deployment: expected status %d, got %d %s", statusSuccess, running.Status, running.StatusText)
	case running.Active != nil && !*running.Active:
		return azurecloud.WithHint(fmt.Errorf("look at the running deployment: expected %q to be active, got another", running.ID), hint)
	case running.PackageSHA256 != "" && !strings.EqualFold(running.PackageSHA256, p.order.sha256):
		return azurecloud.WithHint(fmt.Errorf("look at the running deployment: expected package %s, got %s", p.order.sha256, running.PackageSHA256), hint)
	}
	return nil
}

func (p *publisher) say(format string, args ...any) {
	fmt.Fprintf(p.output, "publish: "+format+"\n", args...)
}

func (p *publisher) elapsed() time.Duration {
	return p.now().Sub(p.started).Round(time.Second)
}

// A pause grows from one wait to the next.
type pause struct{ wait, most time.Duration }

func newPause(first, most time.Duration) *pause { return &pause{first, most} }

func (p *pause) next() time.Duration {
	wait := p.wait
	p.wait = min(p.wait*3/2, p.most)
	return wait
}
