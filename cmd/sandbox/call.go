package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"app-to-app/sandbox/azureclient"
)

// clientName is the client whose orders the demo shows.
const clientName = "orders-client"

// results is what the client function app answers.
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
	Orders         []json.RawMessage     `json:"orders"`
	Providers      []providerReport      `json:"providers"`
	PreviewChanges int                   `json:"previewChanges"`
	LeftBehind     azureclient.Inventory `json:"leftBehind"`
	RecycleBin     azureclient.Bin       `json:"recycleBin"`
	Seconds        struct {
		Up      float64 `json:"up"`
		Call    float64 `json:"call"`
		Preview float64 `json:"preview"`
		Destroy float64 `json:"destroy"`
	} `json:"seconds"`
}

type providerReport struct {
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

// call asks the client for the orders it gets from the server, and shows them.
func (d *demonstration) call(ctx context.Context) error {
	start := time.Now()
	answer, err := d.callStack(ctx, d.stack)
	if err != nil {
		return fmt.Errorf("call the client: %w", err)
	}
	d.report.Seconds.Call = time.Since(start).Round(time.Millisecond).Seconds()
	for _, r := range answer.Results {
		d.report.Providers = append(d.report.Providers, providerReport{Name: r.TokenProvider, Credential: r.Credential,
			Status: r.Status, Caller: r.Caller, TokenSource: r.TokenSource})
	}
	first := answer.Results[0]
	d.report.Orders = first.Orders
	d.say("\nWhat the client received from the server over HTTP, with its own identity:\n")
	if err := d.showOrders(first.Orders); err != nil {
		return err
	}
	d.say("The server saw object id %s with %s.\n", first.Caller.ObjectID, strings.Join(first.Caller.Roles, ", "))
	return nil
}

// callStack calls the client of a stack with its key, and returns its answer
// when all its token providers got the orders.
func (d *demonstration) callStack(ctx context.Context, stack string) (results, error) {
	var exports struct {
		URLs  map[string]string `json:"clientUrls"`
		Sites map[string]string `json:"clientSites"`
	}
	if err := d.project.Outputs(ctx, stack, &exports); err != nil {
		return results{}, err
	}
	url, site := exports.URLs[clientName], exports.Sites[clientName]
	if url == "" || site == "" {
		return results{}, fmt.Errorf("expected the stack to export clientUrls and clientSites of %q, got neither or one", clientName)
	}
	var answer results
	if err := d.azure.Call(ctx, site, url, &answer); err != nil {
		return results{}, err
	}
	if len(answer.Results) == 0 {
		return results{}, fmt.Errorf("expected a result for each token provider, got none")
	}
	for _, r := range answer.Results {
		if r.Status != http.StatusOK || len(r.Orders) == 0 {
			return results{}, fmt.Errorf("expected orders through token provider %q, got status %d: %s", r.TokenProvider, r.Status, r.Error)
		}
	}
	return answer, nil
}

func (d *demonstration) showOrders(orders []json.RawMessage) error {
	table := tabwriter.NewWriter(d.show, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  id\tdate\tregion\trep\titem\tunits\tunitCost\ttotal")
	for _, data := range orders {
		var o map[string]any
		decoder := json.NewDecoder(strings.NewReader(string(data)))
		decoder.UseNumber() // show amounts as they came
		if err := decoder.Decode(&o); err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		fmt.Fprintf(table, "  %v\t%v\t%v\t%v\t%v\t%v\t%v\t%v\n", o["id"], o["date"], o["region"], o["rep"], o["item"], o["units"], o["unitCost"], o["total"])
	}
	return table.Flush()
}
