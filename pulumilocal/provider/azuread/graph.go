package azuread

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
	"slices"
	"strconv"
	"strings"
	"time"

	"app-to-app/pulumilocal/provider/cloud"
	"app-to-app/pulumilocal/provider/plugin"
)

// This file sends requests to Graph with hamilton's headers, retries and polls.
// The rules are: retry 429, 5xx (not 501) and network errors always; retry 424,
// and 404 where the object may not be replicated yet, unless the resource
// switched retries off, which hamilton means for replication alone.

const (
	v1   = "/v1.0"
	beta = "/beta"
)

// maxRetries and backoff give 1, 2, 4, 8, 16, 30, 30, 30, 30 seconds.
const maxRetries = 9

func backoff(attempt int, resp *http.Response) time.Duration {
	if resp != nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
		if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds >= 0 {
			return time.Duration(seconds) * time.Second
		}
	}
	return min(time.Second<<attempt, 30*time.Second)
}

type graph struct {
	base    string
	token   func(context.Context) (string, error)
	options Options
}

type request struct {
	method  string
	path    string // with version, escaped
	query   url.Values
	body    any
	full    bool                           // ask for all OData annotations
	patient bool                           // 404 may mean not replicated yet
	once    bool                           // no retries that wait for replication
	again   func(*cloud.RefusedError) bool // a refusal that may pass
}

func isGone(err error) bool { return cloud.IsStatus(err, http.StatusNotFound) }

// says reports whether an error is a refusal with the text.
func says(err error, status int, text string) bool {
	var refused *cloud.RefusedError
	return errors.As(err, &refused) && refused.Status == status && strings.Contains(refused.Message, text)
}

func filter(format string, args ...any) url.Values {
	for i, arg := range args {
		args[i] = strings.ReplaceAll(fmt.Sprint(arg), "'", "''") // OData 4.01 part 2, section 5.1.1.6.1
	}
	return url.Values{"$filter": {fmt.Sprintf(format, args...)}}
}

// do sends a request, with retries, and decodes the answer.
func (g *graph) do(ctx context.Context, r request, out any) error {
	for attempt := 0; ; attempt++ {
		resp, err := g.send(ctx, r)
		if err == nil {
			err = decode(r, resp, out)
		}
		if err == nil {
			return nil
		}
		if attempt == maxRetries || !worthAnother(r, err) || ctx.Err() != nil {
			return err
		}
		if err := g.options.Wait(ctx, backoff(attempt, resp)); err != nil {
			return err
		}
	}
}

func worthAnother(r request, err error) bool {
	var refused *cloud.RefusedError
	if !errors.As(err, &refused) {
		return passing(err)
	}
	if r.again != nil && r.again(refused) {
		return true
	}
	switch refused.Status {
	case http.StatusNotFound:
		return r.patient && !r.once
	case http.StatusFailedDependency:
		return !r.once
	case http.StatusNotImplemented:
		return false
	}
	return refused.Status == http.StatusTooManyRequests || refused.Status >= 500
}

// passing reports whether an error of the network may pass. One of trust never
// does.
func passing(err error) bool {
	var untrusted *tls.CertificateVerificationError
	return !errors.As(err, &untrusted)
}

func (g *graph) send(ctx context.Context, r request) (*http.Response, error) {
	token, err := g.token(ctx)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	address := g.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, err
	}
	accept := "application/json; charset=utf-8; IEEE754Compatible=false"
	if r.full {
		accept += "; odata.metadata=full"
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("OData-MaxVersion", "4.0")
	req.Header.Set("OData-Version", "4.0")
	return g.options.HTTPClient.Do(req)
}

func decode(r request, resp *http.Response, out any) error {
	body, err := cloud.ReadBody(resp)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		if out == nil || len(body) == 0 {
			return nil
		}
		if err := json.Unmarshal(body, out); err != nil {
			return fmt.Errorf("%s %s: read answer: %w", r.method, r.path, err)
		}
		return nil
	}
	return cloud.RefusedError{Method: r.method, Path: r.path, Status: resp.StatusCode}.WithBody(body)
}

// get reads one object.
func (g *graph) get(ctx context.Context, r request) (plugin.Object, error) {
	r.method = http.MethodGet
	var object plugin.Object
	err := g.do(ctx, r, &object)
	return object, err
}

// list reads a collection, page after page.
func (g *graph) list(ctx context.Context, r request) ([]plugin.Object, error) {
	r.method = http.MethodGet
	var all []plugin.Object
	for {
		var page struct {
			Value []plugin.Object
			Next  string `json:"@odata.nextLink"`
		}
		if err := g.do(ctx, r, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		if page.Next == "" {
			return all, nil
		}
		next, err := url.Parse(page.Next)
		if err != nil {
			return nil, fmt.Errorf("%s %s: read next page: %w", r.method, r.path, err)
		}
		r.path, r.query = next.EscapedPath(), next.Query()
	}
}

// patch changes an object. Hamilton puts its id into the body.
func (g *graph) patch(ctx context.Context, r request, id string, body plugin.Object) error {
	r.method, r.path, r.patient = http.MethodPatch, r.path+"/"+id, true
	body["id"] = id
	r.body = body
	return g.do(ctx, r, nil)
}

// untilPresent asks every second until five answers in a row agree, and gives
// up after 21 misses in a row.
func (g *graph) untilPresent(ctx context.Context, what string, present func() (bool, error)) error {
	for hits, misses := 0, 0; ; {
		ok, err := present()
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if ok {
			hits, misses = hits+1, 0
		} else {
			hits, misses = 0, misses+1
		}
		if hits == 5 {
			return nil
		}
		if misses == 21 {
			return fmt.Errorf("wait for %s: not there after 21 tries", what)
		}
		if err := g.options.Wait(ctx, time.Second); err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
	}
}

// untilGone asks until five answers in a row agree, as the official provider
// does. That asks every 5 seconds, which takes 20 seconds for each deletion. Here
// it is every 20 milliseconds, on purpose: the sandbox replicates by its own
// clock, so waiting longer gains nothing.
func (g *graph) untilGone(ctx context.Context, what string, gone func() (bool, error)) error {
	for hits := 0; ; {
		ok, err := gone()
		if err != nil {
			return fmt.Errorf("wait until %s is gone: %w", what, err)
		}
		if hits++; !ok {
			hits = 0
		}
		if hits == 5 {
			return nil
		}
		if err := g.options.Wait(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("wait until %s is gone: %w", what, err)
		}
	}
}

// untilNotFound waits until an object answers 404.
func (g *graph) untilNotFound(ctx context.Context, path string) error {
	return g.untilGone(ctx, path, func() (bool, error) {
		_, err := g.get(ctx, request{path: path, once: true})
		if isGone(err) {
			return true, nil
		}
		return false, err
	})
}

// find returns the element with the value, or nil.
func find(objects []plugin.Object, key, value string) plugin.Object {
	i := slices.IndexFunc(objects, func(o plugin.Object) bool { return strings.EqualFold(text(o, key), value) })
	if i < 0 {
		return nil
	}
	return objects[i]
}
