package gate

import (
	"app-to-app/functions/internal/customhandler"
	"app-to-app/functions/internal/verify"
)

// settings are the app settings of the API.
type settings struct {
	tenantID, authorityHost, audience, role string
	v1Issuer, v1Audience                    string
	allowedClients, blockedCallers          []string
}

func readSettings(app *customhandler.AppSettings, prefix string) (settings, error) {
	name := func(setting string) string { return prefix + "_" + setting }
	s := settings{
		tenantID:      app.GUID(name("TENANT_ID"), "the id of the tenant whose tokens are accepted"),
		authorityHost: app.HTTPS(name("AUTHORITY_HOST"), "the authority host, such as https://login.microsoftonline.com"),
		audience:      app.Required(name("AUDIENCE"), "this API's client ID, the audience of its access tokens"),
		role:          app.Required(name("ROLE"), "the value of the app role that callers need, such as Orders.Read"),
		// Empty: v1.0 tokens are refused (see verify.Config).
		v1Issuer:   app.Optional(name("V1_ISSUER")),
		v1Audience: app.Optional(name("V1_AUDIENCE")),
		// Empty: the app role alone decides (see verify.Config).
		allowedClients: app.GUIDs(name("ALLOWED_CLIENTS")),
		blockedCallers: app.GUIDs(name("BLOCKED_CALLERS")),
	}
	return s, app.Err()
}

func (s settings) verifier(keys verify.KeySource) verify.Config {
	return verify.Config{
		TenantID:       s.tenantID,
		AuthorityHost:  s.authorityHost,
		Audience:       s.audience,
		Role:           s.role,
		V1Issuer:       s.v1Issuer,
		V1Audience:     s.v1Audience,
		Keys:           keys,
		AllowedClients: s.allowedClients,
		BlockedCallers: s.blockedCallers,
	}
}
