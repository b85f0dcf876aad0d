package azurenative

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"app-to-app/pulumilocal/provider/cloud"
	"app-to-app/pulumilocal/provider/plugin"
)

// This file sends requests to ARM. The rules are: network errors, 408, 429, 500,
// 502, 503, 504, and 409 with code AnotherOperationInProgress are retried three
// times (azcore's policy); Retry-After is honoured; a token is sent only to ARM's
// own host.

const (
	maxRetries = 3
	// firstBackoff is 20 seconds in the official provider. It is shorter here,
	// on purpose, because the service is on the same machine.
	firstBackoff = 200 * time.Millisecond
)

type request struct {
	method  string
	path    string // an ARM id, not escaped
	version string
	query   url.Values // besides api-version
	body    plugin.Object
	url     string // instead of path and version: where to poll, or a vault's
	scope   string // of the token; empty means ARM's
}

type answer struct {
	status int
	header http.Header
	body   plugin.Object
}

func (p *provider) do(ctx context.Context, r request) (answer, error) {
	connection, err := p.connect(ctx)
	if err != nil {
		return answer{}, err
	}
	for attempt := 0; ; attempt++ {
		got, err := p.send(ctx, connection, r)
		if err == nil || attempt == maxRetries || !worthAnother(err) || ctx.Err() != nil {
			return got, err
		}
		if err := p.options.Wait(ctx, retryAfter(got.header, firstBackoff<<attempt)); err != nil {
			return answer{}, err
		}
	}
}

func worthAnother(err error) bool {
	var refused *cloud.RefusedError
	if !errors.As(err, &refused) {
		var transport *url.Error
		var untrusted *tls.CertificateVerificationError
		return errors.As(err, &transport) && !errors.As(err, &untrusted)
	}
	switch refused.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusConflict:
		return refused.Code == "AnotherOperationInProgress"
	}
	return false
}

func retryAfter(header http.Header, otherwise time.Duration) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	return otherwise
}

// address is where a request goes.
func (r request) address(base string) string {
	if r.url != "" {
		return r.url
	}
	query := url.Values{"api-version": {r.version}}
	for name, values := range r.query {
		query[name] = values
	}
	return base + (&url.URL{Path: r.path}).EscapedPath() + "?" + query.Encode()
}

func (p *provider) send(ctx context.Context, s *connection, r request) (answer, error) {
	token, err := p.token(ctx, r.scope)
	if err != nil {
		return answer{}, err
	}
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return answer{}, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.address(s.endpoints.ResourceManager), body)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	resp, err := p.options.HTTPClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	data, err := cloud.ReadBody(resp)
	if err != nil {
		return answer{}, err
	}
	got := answer{status: resp.StatusCode, header: resp.Header}
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return got, cloud.RefusedError{Method: r.method, Path: r.path, Status: resp.StatusCode}.WithBody(data)
	}
	if len(bytes.TrimSpace(data)) > 0 {
		if err := json.Unmarshal(data, &got.body); err != nil {
			return got, fmt.Errorf("%s %s: read answer: %w", r.method, r.path, err)
		}
	}
	return got, nil
}

// change sends a PUT or DELETE and waits until the operation that it started is
// done. It returns the body of the first answer, or of the operation's last.
func (p *provider) change(ctx context.Context, r request) (accepted bool, body plugin.Object, err error) {
	got, err := p.do(ctx, r)
	if err != nil {
		return false, nil, err
	}
	body, err = p.finish(ctx, r, got)
	if err != nil {
		err = fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return true, body, err
}

// finish polls an asynchronous operation
// (https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations).
func (p *provider) finish(ctx context.Context, r request, first answer) (plugin.Object, error) {
	status, location := first.header.Get("Azure-AsyncOperation"), first.header.Get("Location")
	switch {
	case status != "":
		_, err := p.poll(ctx, status, first.header, func(got answer) (bool, error) { return operationDone(got.body) })
		return first.body, err
	case first.status == http.StatusAccepted && location != "":
		last, err := p.poll(ctx, location, first.header, func(got answer) (bool, error) { return got.status != http.StatusAccepted, nil })
		if last.body == nil {
			return first.body, err
		}
		return last.body, err
	case r.method == http.MethodPut && !settled(first.body):
		id := request{method: http.MethodGet, path: r.path, version: r.version}
		last, err := p.repeat(ctx, id, first.header, func(got answer) (bool, error) {
			return settled(got.body), provisioningError(got.body)
		})
		return last.body, err
	}
	return first.body, nil
}

// operationDone reads the body of an operation's status.
func operationDone(body plugin.Object) (bool, error) {
	switch status, _ := body["status"].(string); strings.ToLower(status) {
	case "succeeded":
		return true, nil
	case "failed", "canceled", "cancelled":
		reason, _ := body["error"].(plugin.Object)
		return false, fmt.Errorf("the operation %s: %v: %v", strings.ToLower(status), reason["code"], reason["message"])
	case "":
		return false, errors.New("expected a status in the operation's answer, got none")
	}
	return false, nil
}

func provisioningState(body plugin.Object) string {
	properties, _ := body["properties"].(plugin.Object)
	state, _ := properties["provisioningState"].(string)
	return strings.ToLower(state)
}

// settled reports whether a resource's provisioning has ended.
func settled(body plugin.Object) bool {
	switch provisioningState(body) {
	case "", "succeeded", "failed", "canceled", "ready":
		return true
	}
	return false
}

func provisioningError(body plugin.Object) error {
	if state := provisioningState(body); state == "failed" || state == "canceled" {
		return fmt.Errorf("expected provisioning state %q, got %q", "Succeeded", state)
	}
	return nil
}

// poll asks an operation's address, which must be on ARM's own host.
func (p *provider) poll(ctx context.Context, address string, header http.Header, done func(answer) (bool, error)) (answer, error) {
	target, err := p.atHome(ctx, address, func(u *url.URL) string { return u.Host })
	if err != nil {
		return answer{}, fmt.Errorf("expected an operation at %w", err)
	}
	return p.repeat(ctx, request{method: http.MethodGet, path: target.Path, url: target.String()}, header, done)
}

// atHome reads an address that must have this part in common with ARM's own.
func (p *provider) atHome(ctx context.Context, address string, part func(*url.URL) string) (*url.URL, error) {
	connection, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(connection.endpoints.ResourceManager)
	if err != nil {
		return nil, err
	}
	target, err := base.Parse(address) // a relative one is ARM's too
	if err != nil || part(target) != part(base) || target.Scheme != base.Scheme {
		return nil, fmt.Errorf("%s, got one elsewhere", part(base))
	}
	return target, nil
}

// repeat asks at once, then after Retry-After, or else after 50 ms and ever
// longer waits. The official provider waits 10 seconds, for deletions 30.
func (p *provider) repeat(ctx context.Context, r request, header http.Header, done func(answer) (bool, error)) (answer, error) {
	for wait := 50 * time.Millisecond; ; wait = min(wait*3/2, 5*time.Second) {
		got, err := p.do(ctx, r)
		if err != nil {
			return got, err
		}
		if ok, err := done(got); ok || err != nil {
			return got, err
		}
		if got.header.Get("Retry-After") != "" {
			header = got.header
		}
		if err := p.options.Wait(ctx, retryAfter(header, wait)); err != nil {
			return got, fmt.Errorf("wait for the operation: %w", err)
		}
	}
}
