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

	"app-to-app/azurecloud"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command{getenv: os.Getenv, http: azurecloud.NewHTTPClient(), output: os.Stdout, now: time.Now, sleep: azurecloud.Sleep}.publish(ctx)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "publish: error: %v\n", err)
	var hinted *azurecloud.HintError
	if errors.As(err, &hinted) {
		fmt.Fprintf(os.Stderr, "publish: hint: %s\n", hinted.Hint)
	}
	os.Exit(1)
}

// A command is what publishing uses of the process it runs in.
type command struct {
	getenv func(string) string
	http   *http.Client
	output io.Writer
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
}

// publish publishes what the environment names.
func (c command) publish(ctx context.Context) error {
	order, err := readOrder(c.getenv)
	if err != nil {
		return err
	}
	cloud, err := azurecloud.Find(ctx, c.http, c.getenv)
	if err != nil {
		return err
	}
	credential, err := azurecloud.NewCredential(cloud, c.http, c.getenv)
	if err != nil {
		return err
	}
	site := &scm{host: order.scmHost, http: c.http, credential: credential, scope: cloud.ResourceManagerScope()}
	return (&publisher{command: c, order: order, scm: site}).publish(ctx)
}
