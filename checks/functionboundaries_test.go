package checks_test

import "slices"

// functionBoundaries are those of the function apps and of what they share.
var functionBoundaries = []boundary{
	// Handlers use functions/internal and nothing else of ours: only they are
	// deployed. The tests of functions deploy both to a sandbox.
	{
		of: "app-to-app/functions", testOurs: []string{"app-to-app/functions/...", "app-to-app/sandbox/...", "app-to-app/azurecloud", "app-to-app/pulumilocal/deployer",
			"app-to-app/tenant", "app-to-app/tenant/evidence", "app-to-app/tenant/revoke", "app-to-app/tenant/tenanttest"},
		testOutside: []string{"github.com/chromedp/cdproto", "github.com/chromedp/chromedp", "github.com/google/uuid", "software.sslmate.com/src/go-pkcs12"},
	},
	{
		of: "app-to-app/functions/orders-api", ours: append([]string{"app-to-app/functions/internal/gate", "app-to-app/functions/internal/orders", "app-to-app/functions/internal/verify"}, handlerParts...),
		testOurs: []string{"app-to-app/functions/orders-api", "app-to-app/functions/internal/..."},
	},
	{
		of: "app-to-app/functions/orders-client", ours: append([]string{"app-to-app/functions/internal/acquire", "app-to-app/functions/internal/apicall", "app-to-app/functions/internal/caller", "app-to-app/functions/internal/orders"}, handlerParts...),
		testOurs: []string{"app-to-app/functions/orders-client", "app-to-app/functions/internal/..."},
	},
	{of: "app-to-app/functions/internal/customhandler", testOurs: []string{"app-to-app/functions/internal/customhandler"}},
	// A function app of one's own: what the others use, and nothing else of ours. A
	// package that function apps share has a row of its own.
	{of: "app-to-app/functions/...", ours: []string{"app-to-app/functions/internal/..."}, testOurs: []string{"app-to-app/functions/..."}},
	{
		of: "app-to-app/functions/notes-api", ours: append([]string{"app-to-app/functions/internal/gate", "app-to-app/functions/internal/verify"}, handlerParts...),
		outside:  []string{"github.com/Azure/azure-sdk-for-go/sdk/azcore", "github.com/Azure/azure-sdk-for-go/sdk/azidentity", "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"},
		testOurs: []string{"app-to-app/functions/notes-api"},
	},
	{of: "app-to-app/functions/internal/..."},
	{of: "app-to-app/functions/internal/apicall"},
	{of: "app-to-app/functions/internal/gate", ours: append([]string{"app-to-app/functions/internal/verify"}, handlerParts...)},
	{of: "app-to-app/functions/internal/caller", ours: append([]string{"app-to-app/functions/internal/acquire"}, handlerParts...), testOurs: []string{"app-to-app/functions/internal/caller"}},
	{of: "app-to-app/functions/internal/orders", ours: []string{"app-to-app/functions/internal/apicall"}, testOurs: []string{"app-to-app/functions/internal/..."}},
	{
		// Tests check the verifier against other libraries.
		of: "app-to-app/functions/internal/verify", testOurs: []string{"app-to-app/functions/internal/verify/..."},
		testOutside: []string{
			"github.com/go-jose/go-jose/v4", "github.com/golang-jwt/jwt/v5", // oracles
			"github.com/coreos/go-oidc/v3", "github.com/MicahParks/keyfunc/v3", "github.com/lestrrat-go/jwx/v3", // peers in the benchmark
		},
	},
	{of: "app-to-app/functions/internal/verify/verifytest"},
	{of: "app-to-app/functions/internal/verify/verifytest/attacks", ours: []string{"app-to-app/functions/internal/verify/verifytest"}},
	{
		of: "app-to-app/functions/internal/acquire", ours: []string{"app-to-app/azurecloud/endpoints"},
		testOurs: []string{"app-to-app/functions/internal/acquire", "app-to-app/functions/internal/verify/verifytest"},
		outside:  append(slices.Clone(azure), "github.com/Azure/go-autorest/autorest/adal", "software.sslmate.com/src/go-pkcs12"),
	},
}

// handlerParts are the packages that every handler imports.
var handlerParts = []string{"app-to-app/functions/internal/customhandler"}
