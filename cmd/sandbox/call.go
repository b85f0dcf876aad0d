package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"app-to-app/pulumilocal/deployer"
)

// results is the response of a client function app.
type results struct {
	Results []result `json:"results"`
}

type result struct {
	TokenProvider string            `json:"tokenProvider"`
	Credential    string            `json:"credential"`
	Status        int               `json:"status"`
	Orders        []json.RawMessage `json:"orders"`
	Caller        caller            `json:"caller"`
	TokenSource   string            `json:"tokenSource"`
	Error         string            `json:"error"`
}

// A caller is who called, as the server saw it.
type caller struct {
	ObjectID string   `json:"objectId"`
	ClientID string   `json:"clientId"`
	Roles    []string `json:"roles"`
}

// A report is what demo -json prints.
type report struct {
	Stack     string `json:"stack"`
	Resources struct {
		Created int `json:"created"`
	} `json:"resources"`
	Orders         []json.RawMessage  `json:"orders"`
	Providers      []providerReport   `json:"providers"`
	PreviewChanges int                `json:"previewChanges"`
	LeftBehind     deployer.Inventory `json:"leftBehind"`
	RecycleBin     deployer.Bin       `json:"recycleBin"`
	Seconds        struct {
		Build     float64 `json:"build"`
		Neighbour float64 `json:"neighbour"`
		Up        float64 `json:"up"`
		Call      float64 `json:"call"`
		Preview   float64 `json:"preview"`
		Destroy   float64 `json:"destroy"`
		Total     float64 `json:"total"`
	} `json:"seconds"`
	// Parts are the steps in the order in which they ended, and before the step that
	// builds, which runs both at once, what it builds.
	Parts []part `json:"parts"`
}

type providerReport struct {
	Client      string `json:"client"`
	Name        string `json:"name"`
	Credential  string `json:"credential"`
	Status      int    `json:"status"`
	Caller      caller `json:"caller"`
	TokenSource string `json:"tokenSource"`
}

func (r report) write(w io.Writer) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", data)
	return err
}

// A clientResult is what one client got.
type clientResult struct {
	client  string
	results []result
}

// callStack calls the clients of a stack with their keys, by name, and returns
// their results when all their token providers got the orders.
func (d *demonstration) callStack(ctx context.Context, stack string) ([]clientResult, error) {
	var exports struct {
		URLs  map[string]string `json:"clientUrls"`
		Sites map[string]string `json:"clientSites"`
	}
	if err := d.project.Outputs(ctx, stack, &exports); err != nil {
		return nil, err
	}
	if len(exports.URLs) == 0 {
		return nil, errors.New("expected the stack to export clientUrls of clients with a function app, got none")
	}
	var called []clientResult
	for _, client := range slices.Sorted(maps.Keys(exports.URLs)) {
		got, err := d.callClient(ctx, exports.Sites[client], exports.URLs[client])
		if err != nil {
			return nil, fmt.Errorf("call %s: %w", client, err)
		}
		called = append(called, clientResult{client, got})
	}
	return called, nil
}

func (d *demonstration) callClient(ctx context.Context, site, url string) ([]result, error) {
	var got results
	if err := d.azure.Call(ctx, site, url, &got); err != nil {
		return nil, err
	}
	if len(got.Results) == 0 {
		return nil, errors.New("expected a result for each token provider, got none")
	}
	for _, r := range got.Results {
		if r.Status != http.StatusOK || len(r.Orders) == 0 {
			return nil, fmt.Errorf("expected orders through token provider %q, got status %d: %s", r.TokenProvider, r.Status, r.Error)
		}
	}
	return got.Results, nil
}
