package endpoints_test

import (
	"testing"

	"app-to-app/azurecloud/endpoints"
)

func TestIssues(t *testing.T) {
	t.Parallel()
	private := endpoints.Cloud{AuthorityHost: "https://login.cloud.test:8443"}
	for _, tt := range []struct {
		cloud  endpoints.Cloud
		issuer string
		want   bool
	}{
		{endpoints.Public(), "https://login.microsoftonline.com/t/v2.0", true},
		{endpoints.Public(), "https://LOGIN.microsoftonline.com:443/t/v2.0", true},
		{endpoints.Public(), "https://login.microsoftonline.com./t/v2.0", true},
		{endpoints.Public(), "https://login.microsoftonline.com", true},
		{endpoints.Public(), "https://sts.windows.net/t/", true},
		{private, "https://login.microsoftonline.us/t/v2.0", true},
		{private, "https://login.cloud.test:8443/t/v2.0", true},
		{private, "https://login.cloud.test:8444/t/v2.0", false},
		{endpoints.Public(), "https://login.cloud.test:8443/t/v2.0", false},
		{endpoints.Public(), "https://login.microsoftonline.com.evil.test/t/v2.0", false},
		{endpoints.Public(), "https://token.actions.githubusercontent.com", false},
		{endpoints.Public(), "https://[", false},
	} {
		if got := tt.cloud.Issues(tt.issuer); got != tt.want {
			t.Errorf("%s of %s: got %t, want %t", tt.issuer, tt.cloud.AuthorityHost, got, tt.want)
		}
	}
}
