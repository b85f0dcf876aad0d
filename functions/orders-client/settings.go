package main

import (
	"log/slog"

	"app-to-app/functions/internal/auth"
	"app-to-app/functions/internal/customhandler"
)

// settings are the app settings of the client.
type settings struct {
	url, scope, tenantID, authorityHost, schedule string
	providers                                     []auth.TokenProvider
}

func readSettings(app *customhandler.AppSettings) (settings, error) {
	s := settings{
		url:           app.HTTPS("ORDERS_URL", "the URL of the orders, as https://host/api/orders"),
		scope:         app.Required("ORDERS_SCOPE", "the API's identifier URI and /.default"),
		tenantID:      app.GUID("ORDERS_TENANT_ID", "the id of the tenant of both apps"),
		authorityHost: app.HTTPS("ORDERS_AUTHORITY_HOST", "the authority host, such as https://login.microsoftonline.com"),
		// The Functions host reads it for function.json, and could not start
		// the timer without it.
		schedule: app.Required("ORDERS_SCHEDULE", "the timer's schedule in six fields, such as 0 */10 * * * *"),
	}
	if err := auth.CheckScope(s.scope); s.scope != "" && err != nil {
		app.Refuse("ORDERS_SCOPE", err)
	}
	clientID := app.OptionalGUID("ORDERS_MANAGED_IDENTITY_CLIENT_ID")
	const providers = "ORDERS_TOKEN_PROVIDERS"
	if app.Required(providers, "the token providers to use, separated by commas, such as azidentity") != "" {
		var err error
		s.providers, err = auth.NewTokenProviders(app.List(providers), auth.ProviderConfig{
			Scope:                   s.scope,
			ManagedIdentityClientID: clientID,
		})
		if err != nil {
			app.Refuse(providers, err)
		}
	}
	return s, app.Err()
}

// LogValue is what the log may say of the settings.
func (s settings) LogValue() slog.Value {
	var names []string
	for _, provider := range s.providers {
		names = append(names, provider.Name()+"/"+string(provider.Credential()))
	}
	return slog.GroupValue(
		slog.String("url", s.url), slog.String("scope", s.scope),
		slog.String("tenantId", s.tenantID), slog.String("authorityHost", s.authorityHost),
		slog.String("schedule", s.schedule), slog.Any("tokenProviders", names))
}
