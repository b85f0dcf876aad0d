package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"app-to-app/functions/internal/acquire"
	"app-to-app/functions/internal/apicall"
	"app-to-app/functions/internal/caller"
	"app-to-app/functions/internal/customhandler"
)

// callTimeout bounds one provider's token and call together.
const callTimeout = time.Minute

// A result is the outcome of one call. `tenant call` shows results.
type result struct {
	TokenProvider string                 `json:"tokenProvider"`
	Credential    acquire.CredentialKind `json:"credential"`
	Status        int                    `json:"status"` // of the API's answer; 0 when it gave none
	Answer        json.RawMessage        `json:"answer"` // null on failure
	TokenSource   acquire.TokenSource    `json:"tokenSource"`
	Error         string                 `json:"error"`
}

// calls calls the API once with each token provider.
type calls struct {
	providers  []acquire.TokenProvider
	url        string
	httpClient *http.Client
	logger     *slog.Logger
}

// serveHTTP is the function CallItems: 200 when any provider got an answer, 502
// when none did.
func (c *calls) serveHTTP(w http.ResponseWriter, r *http.Request) {
	results, ok := c.all(r.Context())
	status := http.StatusOK
	if !ok {
		status = http.StatusBadGateway
	}
	customhandler.WriteJSON(w, status, map[string][]result{"results": results})
}

// tick is the function CallItemsTimer. It fails when no provider got an answer, so
// that the invocation counts as failed in Azure's figures.
func (c *calls) tick(ctx context.Context) error {
	if _, ok := c.all(ctx); !ok {
		return errors.New("get items: expected one token provider to succeed, got none")
	}
	return nil
}

func (c *calls) all(ctx context.Context) (results []result, ok bool) {
	for _, provider := range c.providers {
		r := c.call(ctx, provider)
		results, ok = append(results, r), ok || r.Error == ""
	}
	return results, ok
}

func (c *calls) call(ctx context.Context, provider acquire.TokenProvider) result {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r := result{TokenProvider: provider.Name(), Credential: provider.Credential()}
	token := &caller.Token{Provider: provider}
	client := apicall.Client{What: "items", URL: c.url, Tokens: token, HTTPClient: c.httpClient}
	err := client.Get(ctx, apicall.JSON(&r.Answer))
	r.TokenSource = token.Source
	if err != nil {
		status, advice := apicall.Advice(err, prefix)
		r.Status, r.Error, r.Answer = status, err.Error()+advice, nil
		c.logger.ErrorContext(ctx, "call failed", "tokenProvider", r.TokenProvider, "status", r.Status, "error", r.Error)
		return r
	}
	r.Status = http.StatusOK
	c.logger.InfoContext(ctx, "call answered", "tokenProvider", r.TokenProvider, "tokenSource", r.TokenSource)
	return r
}
