package sandboxtest_test

import (
	"net/http"
	"net/url"
	"testing"

	"app-to-app/sandbox/sandboxtest"
)

// A test of a program that calls Microsoft Graph starts a sandbox, signs in as
// the deployer of its first tenant, and calls Graph. The test fails at its end if
// it sent a request that the sandbox does not emulate. (An example has no
// *testing.T, so this one is compiled but not run.)
func ExampleStart() {
	_ = func(t *testing.T) {
		s := sandboxtest.Start(t, sandboxtest.Options{})
		tenant := s.Tenants()[0]
		resp, err := s.HTTPClient().PostForm(s.BaseURL+"/"+tenant.ID+"/oauth2/v2.0/token", url.Values{
			"grant_type":    {"client_credentials"},
			"client_id":     {tenant.Deployer.ClientID},
			"client_secret": {tenant.Deployer.Secret},
			"scope":         {s.GraphURL + "/.default"},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("got %s, want a token", resp.Status)
		}
	}
}
