package main

import (
	"log/slog"

	"app-to-app/functions/internal/acquire"
	"app-to-app/functions/internal/customhandler"
)

// settings are the app settings of the client.
type settings struct {
	url, scope, tenantID, authorityHost, schedule string
	providers                                     []acquire.TokenProvider
}

func readSettings(app *customhandler.AppSettings, logger *slog.Logger) (settings, error) {
	config := readProviderConfig(app)
	ordersURL := app.HTTPS
	if config.Local {
		ordersURL = app.LocalHTTPS // of an API on the same machine
	}
	s := settings{
		url:           ordersURL("ORDERS_URL", "the URL of the orders, as https://host/api/orders"),
		scope:         app.Required("ORDERS_SCOPE", "the API's identifier URI and /.default"),
		tenantID:      app.GUID("ORDERS_TENANT_ID", "the id of the tenant of both apps"),
		authorityHost: app.HTTPS("ORDERS_AUTHORITY_HOST", "the authority host, such as https://login.microsoftonline.com"),
		// function.json refers to it; without it the Functions host cannot start
		// the timer.
		schedule: app.Required("ORDERS_SCHEDULE", "the timer's schedule in six fields, such as 0 */10 * * * *"),
	}
	if err := acquire.CheckScope(s.scope); s.scope != "" && err != nil {
		app.Refuse("ORDERS_SCOPE", err)
	}
	config.Scope, config.TenantID, config.AuthorityHost, config.Logger = s.scope, s.tenantID, s.authorityHost, logger
	const providers = "ORDERS_TOKEN_PROVIDERS"
	names := app.List(providers)
	if app.Required(providers, "the token providers to use, separated by commas, such as azidentity") != "" {
		if err := acquire.CheckTokenProviders(names, config); err != nil {
			app.Refuse(providers, err)
		}
	}
	if err := app.Err(); err != nil {
		return s, err
	}
	var err error
	if s.providers, err = acquire.NewTokenProviders(names, config); err != nil {
		app.Refuse(providers, err)
	}
	return s, app.Err()
}

// readProviderConfig reads the settings that decide the client's credential.
func readProviderConfig(app *customhandler.AppSettings) acquire.ProviderConfig {
	return acquire.ProviderConfig{
		ClientID:                app.OptionalGUID("ORDERS_CLIENT_ID"),
		ClientSecret:            acquire.NewSecret(app.Optional("ORDERS_CLIENT_SECRET")),
		ClientCertificate:       acquire.NewSecret(app.Optional("ORDERS_CLIENT_CERTIFICATE")),
		ManagedIdentityClientID: app.OptionalGUID("ORDERS_MANAGED_IDENTITY_CLIENT_ID"),
		ConnectionString:        acquire.NewSecret(app.Optional("AzureServicesAuthConnectionString")),
		CertificateDir:          app.Optional("ORDERS_CERTIFICATE_DIR"),
		Local:                   !app.InAzure(), // in Azure, the Azure CLI must not be tried
	}
}

// LogValue is what the log shows of the settings.
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
