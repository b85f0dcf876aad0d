// Package plugin serves the components to Pulumi programs in any language, as the
// package app-to-app: API, Client and FunctionApp.
//
// It keeps the contract of a component provider
// (https://www.pulumi.com/docs/iac/concepts/resources/components/): a schema, and
// Construct, which registers a component and its children in the stack of the
// program. It looks up who is signed in, as the Go program of this repository
// does, but reads no configuration and no settings: everything is an input.
//
// The code of a function app is a folder of the program's, which has Go code and
// a go.mod with a toolchain line.
package plugin

import (
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"

	"app-to-app/components"
)

// Name and Version are the package's.
const (
	Name    = "app-to-app"
	Version = "0.1.0"
)

// Schema is the package's schema. TestSchema makes it from the types of the
// inputs and outputs.
//
//go:embed schema.json
var Schema []byte

// Serve answers as the package's plugin until the engine exits.
func Serve() error {
	return provider.MainWithOptions(provider.Options{Name: Name, Version: Version, Schema: Schema, Construct: newMaker().construct})
}

// A maker makes components for programs. Its fields are what it needs from its
// process; the engine starts a plugin in the program's folder.
type maker struct {
	folder     string
	getenv     func(string) string
	httpClient *http.Client
	now        func() time.Time
}

func newMaker() maker {
	return maker{folder: ".", getenv: os.Getenv, httpClient: http.DefaultClient, now: time.Now}
}

// construct registers a component and its children.
func (m maker) construct(ctx *pulumi.Context, kind, name string, inputs provider.ConstructInputs, opts pulumi.ResourceOption) (*provider.ConstructResult, error) {
	switch kind {
	case "app-to-app:components:API":
		var args apiArgs
		if err := copyTo(inputs, &args, &args.placed, &args.signedFor, &args.published); err != nil {
			return nil, fmt.Errorf("API %q: %w", name, err)
		}
		return m.api(ctx, name, args, opts)
	case "app-to-app:components:Client":
		var args clientArgs
		if err := copyTo(inputs, &args, &args.placed, &args.signedFor, &args.published); err != nil {
			return nil, fmt.Errorf("client %q: %w", name, err)
		}
		return m.client(ctx, name, args, opts)
	case "app-to-app:components:FunctionApp":
		var args functionAppArgs
		if err := copyTo(inputs, &args, &args.placed, &args.published); err != nil {
			return nil, fmt.Errorf("function app %q: %w", name, err)
		}
		return m.functionApp(ctx, name, args, opts)
	}
	return nil, fmt.Errorf("expected a component of the package %s, got %q", Name, kind)
}

// copyTo copies the inputs to structs. The SDK does not look into an embedded one.
func copyTo(inputs provider.ConstructInputs, structs ...any) error {
	for _, into := range structs {
		if err := inputs.CopyTo(into); err != nil {
			return err
		}
	}
	return nil
}

func (m maker) api(ctx *pulumi.Context, name string, args apiArgs, opts pulumi.ResourceOption) (*provider.ConstructResult, error) {
	c, err := m.common(ctx, args.placed, args.signedFor, args.published)
	if err != nil {
		return nil, fmt.Errorf("API %q: %w", name, err)
	}
	code, err := m.build(ctx, args.Code, args.published)
	if err != nil {
		return nil, fmt.Errorf("API %q: %w", name, err)
	}
	roles := make([]components.Role, len(args.Roles))
	for i, r := range args.Roles {
		roles[i] = r.role()
	}
	api, err := components.NewAPI(ctx, name, &components.APIArgs{
		Place: c.place, Tenant: c.tenant, Owners: c.owners, Patience: c.patience, Package: code,
		DisplayName: args.DisplayName, Prefix: args.Prefix, Route: args.Route, Roles: roles, BlockedCallers: args.BlockedCallers, DailyLogCapGB: args.DailyLogCapGB, Protect: args.Protect, Container: args.Container,
	}, opts)
	if err != nil {
		return nil, err
	}
	return result(api, outputsOfAPI(api)), nil
}

func (m maker) client(ctx *pulumi.Context, name string, args clientArgs, opts pulumi.ResourceOption) (*provider.ConstructResult, error) {
	c, err := m.common(ctx, args.placed, args.signedFor, args.published)
	if err != nil {
		return nil, fmt.Errorf("client %q: %w", name, err)
	}
	api, err := referTo(args.API, args.Prefix)
	if err != nil {
		return nil, fmt.Errorf("client %q: %w", name, err)
	}
	into := &components.ClientArgs{
		Place: c.place, Tenant: c.tenant, Owners: c.owners, Patience: c.patience, API: api, Roles: args.Roles, PurgeProtection: args.PurgeProtection,
		DisplayName: args.DisplayName,
	}
	if into.DisplayName == "" {
		into.DisplayName = name
	}
	if err := m.identities(args, into); err != nil {
		return nil, fmt.Errorf("client %q: %w", name, err)
	}
	if args.Code != "" {
		if into.FunctionApp, err = m.clientApp(ctx, args); err != nil {
			return nil, fmt.Errorf("client %q: %w", name, err)
		}
	}
	client, err := components.NewClient(ctx, name, into, opts)
	if err != nil {
		return nil, err
	}
	return result(client, outputsOfClient(client)), nil
}

func (m maker) functionApp(ctx *pulumi.Context, name string, args functionAppArgs, opts pulumi.ResourceOption) (*provider.ConstructResult, error) {
	c, err := m.common(ctx, args.placed, signedFor{}, args.published)
	if err != nil {
		return nil, fmt.Errorf("function app %q: %w", name, err)
	}
	code, err := m.build(ctx, args.Code, args.published)
	if err != nil {
		return nil, fmt.Errorf("function app %q: %w", name, err)
	}
	app, err := components.NewFunctionApp(ctx, name, &components.FunctionAppArgs{
		Place: c.place, Package: code, Patience: c.patience, DailyLogCapGB: args.DailyLogCapGB,
		Identities: args.Identities, AppSettings: args.AppSettings, VaultIdentity: args.VaultIdentity,
	}, opts)
	if err != nil {
		return nil, err
	}
	return result(app, outputsOfFunctionApp(app)), nil
}

// result is a component with the outputs in a struct of this package.
func result(component pulumi.ComponentResource, outputs any) *provider.ConstructResult {
	state, value := make(pulumi.Map), reflect.ValueOf(outputs)
	for i := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("pulumi"), ",")
		state[name] = value.Field(i).Interface().(pulumi.Input)
	}
	return &provider.ConstructResult{URN: component.URN(), State: state}
}
