package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"app-to-app/functions/internal/verify"
)

// An API makes one verifier when it starts, keeps the tenant's keys fresh in
// the background and authenticates each request before it does anything else.
func ExampleNewVerifier() {
	const tenantID, authorityHost = "6f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a01", "https://login.microsoftonline.com"
	keys, err := verify.NewKeys(verify.KeysConfig{TenantID: tenantID, AuthorityHost: authorityHost})
	if err != nil {
		fmt.Println(err)
		return
	}
	// A real API now starts go keys.Run(ctx), so that the first caller does not
	// wait for the keys. The tokens below are refused before a key is needed.
	verifier, err := verify.NewVerifier(verify.Config{
		TenantID:      tenantID,
		AuthorityHost: authorityHost,
		Audience:      "b3b1a6d2-6c1c-4a39-9b1e-5a7f6a0f2b02", // the API's client ID
		Role:          "Orders.Read",
		Keys:          keys,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := verifier.Authenticate(r)
		if err != nil {
			// The log gets err; the caller gets only what RFC 6750 provides for.
			answer := verify.AnswerTo(err)
			answer.SetHeader(w.Header())
			http.Error(w, answer.Message, answer.Status)
			return
		}
		_, _ = fmt.Fprintf(w, "hello %s\n", caller.ClientID)
	})

	for _, authorization := range []string{"", "Bearer not.a.token", "Bearer eyJhbGciOiJub25lIn0.e30.AA"} {
		request := httptest.NewRequest(http.MethodGet, "/api/orders", nil)
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, request)
		fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
		fmt.Print(w.Body)
	}
	// Output:
	// 401 Bearer realm="api"
	// An access token of Microsoft Entra ID is required in the Authorization header.
	// 401 Bearer error="invalid_token"
	// The access token is malformed.
	// 401 Bearer error="invalid_token"
	// The access token is not signed by a key of the expected tenant.
}
