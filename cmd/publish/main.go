// Command publish sends one package to one function app on Flex Consumption,
// by OneDeploy on its SCM site, waits until it is deployed, and checks that it
// is the one that runs. Pulumi runs it (components/publish.go); the package and
// the app come in its environment:
//
//	PUBLISH_APP       name of the function app, for messages
//	PUBLISH_SCM_HOST  host name of its SCM site
//	PUBLISH_PACKAGE   path of the zip, from the working directory
//	PUBLISH_SHA256    of the zip, in hexadecimal
//	PUBLISH_TIMEOUT   how long to wait at most (default 15m)
//
// It signs in with the same ARM_* variables as the Pulumi providers, and uses
// neither publishing passwords nor storage keys. It needs the action
// Microsoft.Web/sites/publish/Action on the app, and nothing on its storage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := machine{getenv: os.Getenv, http: newHTTPClient(), output: os.Stdout, now: time.Now, sleep: sleep}.publish(ctx)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "publish: error: %v\n", err)
	var hinted *hintError
	if errors.As(err, &hinted) {
		fmt.Fprintf(os.Stderr, "publish: hint: %s\n", hinted.hint)
	}
	os.Exit(1)
}

// A machine is what the command uses of the one it runs on.
type machine struct {
	getenv func(string) string
	http   *http.Client
	output io.Writer
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
}

// publish publishes what the environment names.
func (m machine) publish(ctx context.Context) error {
	order, err := readOrder(m.getenv)
	if err != nil {
		return err
	}
	cloud, err := findCloud(ctx, m.http, m.getenv)
	if err != nil {
		return err
	}
	credential, err := newCredential(cloud, m.http, m.getenv)
	if err != nil {
		return err
	}
	site := &scm{host: order.scmHost, http: m.http, credential: credential, scope: cloud.scope()}
	return (&publisher{machine: m, order: order, scm: site}).publish(ctx)
}

// newHTTPClient is a client that does not wait for ever, and follows no
// redirect: a package and its token go where the site said, or nowhere.
func newHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 2 * time.Minute
	return &http.Client{
		Transport:     transport,
		Timeout:       10 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// A hintError is an error and what to do about it: a command, or a setting.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

func withHint(err error, hint string) error { return &hintError{err, hint} }
