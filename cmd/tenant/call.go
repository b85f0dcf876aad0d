package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"app-to-app/azurecloud"
)

var callVerb = verb{
	name:    "call",
	summary: "call a client of a stack, and show the orders and whom the API saw",
	usage: `call CLIENT (-stack NAME | -outputs FILE) [-watch] [-every 10s]

Reads the key of the client's HTTP function through Azure Resource Manager, calls
the function, and shows the orders that the client got from the API with its own
identity, and the claims that the API verified: whom it saw, with which roles. It
shows no key and no token. With -watch it calls until it is interrupted and
shows a line for each call. Exit code 3 when no token provider got the orders.`,
	run: runCall,
}

func runCall(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "read the outputs of this stack with the Pulumi CLI")
	outputs := flags.String("outputs", "", "read the outputs from this file, as pulumi stack output --json writes it")
	watch := flags.Bool("watch", false, "call until interrupted, with a line for each call")
	every := flags.Duration("every", 10*time.Second, "time between two calls with -watch")
	operands, err := parse(flags, args, "the name of a client")
	if err != nil {
		return err
	}
	if *every <= 0 {
		return &usageError{fmt.Errorf("-every: expected a time such as 10s, got %q", *every)}
	}
	exported, err := c.outputs(ctx, *stack, *outputs)
	if err != nil {
		return err
	}
	target, err := readTarget(exported, operands[0], *stack)
	if err != nil {
		return err
	}
	session, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	key, err := functionKey(ctx, session, target)
	if err != nil {
		return err
	}
	if *watch {
		return c.watchCalls(ctx, target, key, *every)
	}
	results, err := c.callFunction(ctx, target, key)
	if err != nil {
		return err
	}
	if err := showResults(c.stdout, target.client, results); err != nil {
		return err
	}
	if !slices.ContainsFunc(results, callResult.succeeded) {
		fmt.Fprintf(c.stderr, "tenant: hint: tenant why %s%s says what is wrong, from the service's side\n", target.client, declarationSource{stack, outputs, new(string)}.arguments())
		return errDiffers
	}
	return nil
}

// A callTarget is the HTTP function of a client.
type callTarget struct {
	client, siteID string
	stack          string // "": outputs came from a file
	url            *url.URL
}

// function is the name of the function, which is its route too.
func (t callTarget) function() string { return path.Base(t.url.Path) }

// readTarget finds a client in the outputs of a stack.
func readTarget(outputs []byte, client, stack string) (callTarget, error) {
	var exports struct {
		URLs   map[string]string `json:"clientUrls"`
		Sites  map[string]string `json:"clientSites"`
		Access []struct {
			Client   string `json:"client"`
			Identity string `json:"identity"`
		} `json:"access"`
	}
	if err := json.Unmarshal(outputs, &exports); err != nil {
		return callTarget{}, fmt.Errorf("read the stack's outputs: expected the output of pulumi stack output --json: %w", err)
	}
	if exports.URLs == nil {
		return callTarget{}, azurecloud.WithHint(errors.New("expected the output \"clientUrls\", got none: the stack is not deployed"), "pulumi up"+ofStack(stack))
	}
	address, known := exports.URLs[client]
	if !known {
		for _, access := range exports.Access {
			if access.Client == client {
				return callTarget{}, fmt.Errorf("expected a client with a function app of this stack (%s), got %q, whose %s identity runs elsewhere: call the API from there",
					strings.Join(slices.Sorted(maps.Keys(exports.URLs)), ", "), client, access.Identity)
			}
		}
		known := slices.Sorted(maps.Keys(exports.URLs))
		return callTarget{}, fmt.Errorf("expected one of the stack's clients %s, got %q%s", strings.Join(known, ", "), client, didYouMean(client, known))
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "https" {
		return callTarget{}, fmt.Errorf("client %q: expected an https address in the output \"clientUrls\", got %q", client, address)
	}
	if !strings.HasPrefix(exports.Sites[client], "/subscriptions/") {
		return callTarget{}, fmt.Errorf("client %q: expected the id of its function app in the output \"clientSites\", got %q", client, exports.Sites[client])
	}
	return callTarget{client, exports.Sites[client], stack, parsed}, nil
}

// ofStack names a stack to the Pulumi CLI, which may have another one selected.
func ofStack(name string) string {
	if name == "" {
		return ""
	}
	return " --stack " + name
}

const callSiteAPI = "?api-version=2024-04-01"

// functionKey reads the default key of the client's function, once it is known
// that the address is one of the function app's: outputs may come from a file, and
// the key must not go elsewhere.
func functionKey(ctx context.Context, session *azurecloud.Session, t callTarget) (string, error) {
	var site struct {
		Properties struct {
			HostNames []string `json:"hostNames"`
			Default   string   `json:"defaultHostName"`
		} `json:"properties"`
	}
	if err := session.ResourceManager.Get(ctx, t.siteID+callSiteAPI, &site); err != nil {
		return "", callHint(fmt.Errorf("find the function app of %s: %w", t.client, err), "Microsoft.Web/sites/read", t.stack)
	}
	hosts := append(site.Properties.HostNames, site.Properties.Default)
	if !slices.ContainsFunc(hosts, func(host string) bool { return strings.EqualFold(host, t.url.Host) }) {
		return "", fmt.Errorf("call %s: expected an address of its function app (%s), got %q", t.client, site.Properties.Default, t.url.Host)
	}
	// https://learn.microsoft.com/rest/api/appservice/web-apps/list-function-keys
	var keys map[string]string
	if err := session.ResourceManager.Post(ctx, t.siteID+"/functions/"+url.PathEscape(t.function())+"/listkeys"+callSiteAPI, nil, &keys); err != nil {
		return "", callHint(fmt.Errorf("read the key of %s: %w", t.function(), err), "Microsoft.Web/sites/functions/listkeys/action", t.stack)
	}
	if keys["default"] == "" {
		return "", fmt.Errorf("read the key of %s: expected a key named default, got none", t.function())
	}
	return keys["default"], nil
}

// callHint says what to do about an answer of Resource Manager.
func callHint(err error, action, stack string) error {
	switch azurecloud.StatusOf(err) {
	case http.StatusForbidden:
		return azurecloud.WithHint(err, "the role Website Contributor on the function app has the action "+action)
	case http.StatusNotFound:
		return azurecloud.WithHint(err, "pulumi refresh"+ofStack(stack)+", and then pulumi up"+ofStack(stack)+": the stack's state names what is not there")
	}
	return err
}

// A callResult is what a client got with one token provider.
type callResult struct {
	TokenProvider string `json:"tokenProvider"`
	Credential    string `json:"credential"`
	Status        int    `json:"status"`
	Orders        []struct {
		ID       string      `json:"id"`
		Date     string      `json:"date"`
		Region   string      `json:"region"`
		Rep      string      `json:"rep"`
		Item     string      `json:"item"`
		Units    int         `json:"units"`
		UnitCost json.Number `json:"unitCost"`
		Total    json.Number `json:"total"`
	} `json:"orders"`
	Caller      *callCaller     `json:"caller"`
	Answer      json.RawMessage `json:"answer"` // of another API, whatever it is; it may have the caller in it
	TokenSource string          `json:"tokenSource"`
	Error       string          `json:"error"`
}

// A callCaller has the claims of the token that the API verified.
type callCaller struct {
	ObjectID string   `json:"objectId"`
	ClientID string   `json:"clientId"`
	Roles    []string `json:"roles"`
}

func (r callResult) succeeded() bool {
	return r.Status == http.StatusOK && (r.Caller != nil || r.other())
}

// other reports whether the result is of another API than that of the orders.
func (r callResult) other() bool { return len(r.Answer) > 0 && string(r.Answer) != "null" }

// got is what a client got from the API, in words.
func (r callResult) got() string {
	if r.other() {
		return "an answer"
	}
	return fmt.Sprintf("%d orders", len(r.Orders))
}

// from is the caller as the API saw it, if it says so.
func (r callResult) from() callCaller {
	if r.Caller != nil {
		return *r.Caller
	}
	var answer struct {
		Caller callCaller `json:"caller"`
	}
	if json.Unmarshal(r.Answer, &answer) != nil { // it may be anything
		return callCaller{}
	}
	return answer.Caller
}

// callFunction calls the client's function. Its answer says for each token provider
// what the API answered, with the status 502 when none got anything.
func (c command) callFunction(ctx context.Context, t callTarget, key string) ([]callResult, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Functions-Key", key)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", t.client, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", t.client, err)
	}
	var answer struct {
		Results []callResult `json:"results"`
	}
	decoded := json.NewDecoder(bytes.NewReader(body)).Decode(&answer)
	answered := resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusBadGateway
	if !answered || decoded != nil || len(answer.Results) == 0 {
		return nil, azurecloud.WithHint(fmt.Errorf("call %s: expected its results, got status %d", t.client, resp.StatusCode),
			"the logs of the client's function app say more; while it starts, call again")
	}
	return answer.Results, nil
}

// showResults shows the answer once, and the claims for each token provider.
func showResults(w io.Writer, client string, results []callResult) error {
	var text strings.Builder
	if i := slices.IndexFunc(results, callResult.succeeded); i >= 0 {
		fmt.Fprintf(&text, "%s got %s from the API.\n\n", client, results[i].got())
		if results[i].other() {
			var indented bytes.Buffer
			if err := json.Indent(&indented, results[i].Answer, "  ", "  "); err != nil {
				return err
			}
			fmt.Fprintf(&text, "  %s\n", indented.String())
		} else if err := ordersTable(&text, results[i]); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(&text, "%s got nothing.\n", client)
	}
	for _, r := range results {
		fmt.Fprintf(&text, "\n%s with %s: ", r.TokenProvider, r.Credential)
		if !r.succeeded() {
			fmt.Fprintf(&text, "%s\n", r.failure())
			continue
		}
		fmt.Fprintf(&text, "the API verified a token (%s) with the claims\n  oid    %s  (object id of the service principal)\n  azp    %s  (client id)\n  roles  %s\n",
			r.TokenSource, r.from().ObjectID, r.from().ClientID, strings.Join(r.from().Roles, ", "))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func ordersTable(w io.Writer, r callResult) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  id\tdate\tregion\trep\titem\tunits\tunitCost\ttotal")
	for _, o := range r.Orders {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", o.ID, o.Date, o.Region, o.Rep, o.Item, o.Units, o.UnitCost, o.Total)
	}
	return table.Flush()
}

// failure is why a token provider got nothing. Status 0 is no answer of the API.
func (r callResult) failure() string {
	if r.Status == 0 {
		return "no answer of the API: " + r.Error
	}
	return fmt.Sprintf("the API answered %d: %s", r.Status, r.Error)
}

// watchCalls calls until ctx ends, with a line for each token provider. A call that
// fails is a line too: what is watched may be a change of rights or a restart.
func (c command) watchCalls(ctx context.Context, t callTarget, key string, every time.Duration) error {
	sleep := c.sleep
	if sleep == nil {
		sleep = azurecloud.Sleep
	}
	for {
		results, err := c.callFunction(ctx, t, key)
		if ctx.Err() != nil {
			return nil // it was interrupted, as it must be to end
		}
		at := c.now().Format(time.TimeOnly)
		if err != nil {
			fmt.Fprintf(c.stdout, "%s  %v\n", at, err)
		}
		for _, r := range results {
			if r.succeeded() {
				fmt.Fprintf(c.stdout, "%s  %s  as %s  %s, %s (%s)\n", at, r.got(), r.from().ObjectID, r.Credential, r.TokenProvider, r.TokenSource)
			} else {
				fmt.Fprintf(c.stdout, "%s  nothing  %s, %s: %s\n", at, r.Credential, r.TokenProvider, r.failure())
			}
		}
		if sleep(ctx, every) != nil {
			return nil
		}
	}
}
