package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"app-to-app/functions/internal/acquire"
	"app-to-app/functions/internal/apicall"
	"app-to-app/functions/internal/caller"
	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/orders"
)

// providerTimeout bounds one provider's token and call together. Azure's front
// end gives up on an HTTP function after 230 seconds.
const providerTimeout = time.Minute

// A result is the outcome of fetching the orders with one token provider.
type result struct {
	TokenProvider string                 `json:"tokenProvider"`
	Credential    acquire.CredentialKind `json:"credential"`
	Status        int                    `json:"status"` // of the API's answer; 0 when it gave none
	Orders        []orders.Order         `json:"orders"` // null on failure
	Caller        *orders.Caller         `json:"caller"` // this client as the API saw it
	TokenSource   acquire.TokenSource    `json:"tokenSource"`
	ElapsedMs     int64                  `json:"elapsedMs"` // token and call
	Error         string                 `json:"error"`
}

// A processor fetches the orders once with each token provider.
type processor struct {
	providers  []acquire.TokenProvider
	url        string
	httpClient *http.Client
	logger     *slog.Logger
}

func newProcessor(providers []acquire.TokenProvider, url string, httpClient *http.Client, logger *slog.Logger) *processor {
	return &processor{providers: providers, url: url, httpClient: httpClient, logger: logger}
}

// serveHTTP is the function ProcessOrders: 200 when any provider got the
// orders, 502 when none did.
func (p *processor) serveHTTP(w http.ResponseWriter, r *http.Request) {
	results := p.process(r.Context())
	status := http.StatusOK
	if succeeded(results) == 0 {
		status = http.StatusBadGateway
	}
	customhandler.WriteJSON(w, status, map[string][]result{"results": results})
}

// tick is the function ProcessOrdersTimer. It fails when no provider got the
// orders, so that the invocation counts as failed in Azure's figures.
func (p *processor) tick(ctx context.Context, pastDue bool) error {
	results := p.process(ctx)
	p.logger.InfoContext(ctx, "orders processed on schedule",
		"succeeded", succeeded(results), "providers", len(results), "isPastDue", pastDue)
	if succeeded(results) == 0 {
		return fmt.Errorf("get orders: expected one token provider of %d to succeed, got none", len(results))
	}
	return nil
}

func succeeded(results []result) int {
	count := 0
	for _, result := range results {
		if result.Error == "" {
			count++
		}
	}
	return count
}

// process runs the providers in parallel, so that one that hangs does not delay
// the others. The results are in the configured order.
func (p *processor) process(ctx context.Context) []result {
	results := make([]result, len(p.providers))
	var running sync.WaitGroup
	for i, provider := range p.providers {
		running.Go(func() { results[i] = p.fetch(ctx, provider) })
	}
	running.Wait()
	return results
}

func (p *processor) fetch(ctx context.Context, provider acquire.TokenProvider) (r result) {
	started := time.Now()
	r = result{TokenProvider: provider.Name(), Credential: provider.Credential()}
	defer func() {
		// A panic in a library fails one result, not the process.
		if cause := recover(); cause != nil {
			r.Error = "the token provider failed unexpectedly"
			p.logger.ErrorContext(ctx, "token provider panicked", "tokenProvider", r.TokenProvider, "cause", fmt.Sprint(cause))
		}
		r.ElapsedMs = time.Since(started).Milliseconds()
		p.report(ctx, r)
	}()
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	acquired := caller.Token{Provider: provider}
	client := orders.Client{URL: p.url, HTTPClient: p.httpClient, Tokens: &acquired}
	answer, err := client.List(ctx)
	r.TokenSource = acquired.Source
	if err != nil {
		status, advice := apicall.Advice(err, prefix)
		r.Status, r.Error = status, err.Error()+advice
		return r
	}
	r.Status, r.Orders, r.Caller = http.StatusOK, answer.Orders, &answer.Caller
	return r
}

func (p *processor) report(ctx context.Context, r result) {
	level := slog.LevelInfo
	if r.Error != "" {
		level = slog.LevelError
	}
	p.logger.Log(ctx, level, "orders fetched", "tokenProvider", r.TokenProvider, "credential", r.Credential,
		"status", r.Status, "orders", len(r.Orders), "tokenSource", r.TokenSource, "elapsedMs", r.ElapsedMs, "error", r.Error)
}
