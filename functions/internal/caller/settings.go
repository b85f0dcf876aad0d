// Package caller is what a client of an API has in common with others: the app
// settings that say where the API is and how to get a token for it, and the call
// with that token. It does not know what the API answers.
package caller

import (
	"log/slog"
	"strings"

	"app-to-app/functions/internal/acquire"
	"app-to-app/functions/internal/customhandler"
)

// Settings are the app settings of a client.
type Settings struct {
	URL       string // of the API's operation
	Providers []acquire.TokenProvider

	scope, tenantID, authorityHost, schedule string
}

// ReadSettings reads the app settings whose names begin with the prefix and an
// underscore: ORDERS for a client of the API orders. The logger gets the warnings
// of the token providers.
func ReadSettings(app *customhandler.AppSettings, prefix string, logger *slog.Logger) (Settings, error) {
	name := func(setting string) string { return prefix + "_" + setting }
	config := readProviderConfig(app, name)
	config.Prefix = prefix
	https := app.HTTPS
	if config.Local {
		https = app.LocalHTTPS // of an API on the same machine
	}
	s := Settings{
		URL:           https(name("URL"), "the URL of the API, as https://host/api/"+strings.ToLower(prefix)),
		scope:         app.Required(name("SCOPE"), "the API's identifier URI and /.default"),
		tenantID:      app.GUID(name("TENANT_ID"), "the id of the tenant of both apps"),
		authorityHost: app.HTTPS(name("AUTHORITY_HOST"), "the authority host, such as https://login.microsoftonline.com"),
		// function.json refers to it; without it the Functions host cannot start
		// the timer.
		schedule: app.Required(name("SCHEDULE"), "the timer's schedule in six fields, such as 0 */10 * * * *"),
	}
	if err := acquire.CheckScope(s.scope); s.scope != "" && err != nil {
		app.Refuse(name("SCOPE"), err)
	}
	config.Scope, config.TenantID, config.AuthorityHost, config.Logger = s.scope, s.tenantID, s.authorityHost, logger
	providers := name("TOKEN_PROVIDERS")
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
	if s.Providers, err = acquire.NewTokenProviders(names, config); err != nil {
		app.Refuse(providers, err)
	}
	return s, app.Err()
}

// readProviderConfig reads the settings that decide the client's credential.
func readProviderConfig(app *customhandler.AppSettings, name func(string) string) acquire.ProviderConfig {
	return acquire.ProviderConfig{
		ClientID:                app.OptionalGUID(name("CLIENT_ID")),
		ClientSecret:            acquire.NewSecret(app.Optional(name("CLIENT_SECRET"))),
		ClientCertificate:       acquire.NewSecret(app.Optional(name("CLIENT_CERTIFICATE"))),
		ManagedIdentityClientID: app.OptionalGUID(name("MANAGED_IDENTITY_CLIENT_ID")),
		ConnectionString:        acquire.NewSecret(app.Optional("AzureServicesAuthConnectionString")),
		CertificateDir:          app.Optional(name("CERTIFICATE_DIR")),
		Local:                   !app.InAzure(), // in Azure, the Azure CLI must not be tried
	}
}

// LogValue is what the log shows of the settings.
func (s Settings) LogValue() slog.Value {
	var names []string
	for _, provider := range s.Providers {
		names = append(names, provider.Name()+"/"+string(provider.Credential()))
	}
	return slog.GroupValue(
		slog.String("url", s.URL), slog.String("scope", s.scope),
		slog.String("tenantId", s.tenantID), slog.String("authorityHost", s.authorityHost),
		slog.String("schedule", s.schedule), slog.Any("tokenProviders", names))
}
