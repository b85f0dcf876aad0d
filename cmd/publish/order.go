package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// defaultTimeout covers Azure's own limit of about ten minutes for a role
// assignment to take effect
// (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting).
const defaultTimeout = 15 * time.Minute

// An order is what to publish where.
type order struct {
	app, scmHost string
	content      []byte
	sha256       string
	timeout      time.Duration
}

// readOrder reads the environment and the package, and reports everything that
// is wrong with them.
func readOrder(getenv func(string) string) (order, error) {
	o := order{timeout: defaultTimeout}
	var problems []error
	read := func(name string) string {
		value := getenv(name)
		if value == "" {
			problems = append(problems, fmt.Errorf("%s: missing", name))
		}
		return value
	}
	o.app = read("PUBLISH_APP")
	o.scmHost = read("PUBLISH_SCM_HOST")
	path := read("PUBLISH_PACKAGE")
	o.sha256 = read("PUBLISH_SHA256")
	if strings.ContainsAny(o.scmHost, "/?#@ ") {
		problems = append(problems, fmt.Errorf("PUBLISH_SCM_HOST: expected a host name, got %q", o.scmHost))
	}
	if value := getenv("PUBLISH_TIMEOUT"); value != "" {
		timeout, err := time.ParseDuration(value)
		if err != nil || timeout <= 0 {
			problems = append(problems, fmt.Errorf("PUBLISH_TIMEOUT: expected a duration such as 15m, got %q", value))
		}
		o.timeout = timeout
	}
	if err := errors.Join(problems...); err != nil {
		return order{}, azurecloud.WithHint(err, "run pulumi up, which sets all of them; this command is not meant to be run by hand")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return order{}, azurecloud.WithHint(fmt.Errorf("read package: %w", err), "run pulumi up, which builds it again")
	}
	sum := sha256.Sum256(content)
	if got := hex.EncodeToString(sum[:]); got != o.sha256 {
		return order{}, azurecloud.WithHint(fmt.Errorf("read package %q: expected SHA-256 %s, got %s", path, o.sha256, got), "run pulumi up, which builds it again")
	}
	o.content = content
	return o, nil
}
