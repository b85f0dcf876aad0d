package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
)

// exchangeAudience is the audience of tokens that are exchanged for Entra's
// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation).
const exchangeAudience = "api://AzureADTokenExchange"

// Assertion returns the deployer's OpenID Connect token, to be exchanged.
func (d Deployer) Assertion(ctx context.Context, httpClient *http.Client) (string, error) {
	switch {
	case d.OIDCToken != "":
		return d.OIDCToken, nil
	case d.OIDCTokenFile != "":
		content, err := os.ReadFile(d.OIDCTokenFile)
		if err != nil {
			return "", fmt.Errorf("read oidcTokenFilePath: %w", err)
		}
		return strings.TrimSpace(string(content)), nil
	}
	token, err := d.requestAssertion(ctx, httpClient)
	if err != nil {
		return "", fmt.Errorf("request an OpenID Connect token: %w", err)
	}
	return token, nil
}

// requestAssertion asks the endpoint that GitHub Actions names. GitHub's own is
// out of reach, on purpose: it is not on this machine.
func (d Deployer) requestAssertion(ctx context.Context, httpClient *http.Client) (string, error) {
	address, err := url.Parse(d.OIDCRequestURL)
	if err != nil {
		return "", errors.New("expected a URL in oidcRequestUrl")
	}
	query := address.Query()
	query.Set("audience", exchangeAudience)
	address.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return "", errors.New("expected a URL in oidcRequestUrl")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+d.OIDCRequestToken)
	resp, err := httpClient.Do(req)
	if err != nil {
		return "", withoutURL(err)
	}
	body, err := ReadBody(resp)
	if err != nil {
		return "", err
	}
	var answer struct{ Value string }
	if resp.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.Value == "" {
		return "", fmt.Errorf("expected status 200 and a value, got status %d", resp.StatusCode)
	}
	return answer.Value, nil
}

// RunAzureCLI runs az and decodes what it prints. The user's own az decides
// which cloud it talks to; register the sandbox with az cloud register.
func RunAzureCLI(ctx context.Context, out any, arguments ...string) error {
	cmd := exec.CommandContext(ctx, "az", append(arguments, "--output", "json")...)
	output, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return fmt.Errorf("run az %s: %w: %s", arguments[0], err, strings.TrimSpace(string(failed.Stderr)))
		}
		return fmt.Errorf("run az: %w; sign in with az login, or set ARM_CLIENT_ID, ARM_TENANT_ID and ARM_CLIENT_SECRET", err)
	}
	return json.Unmarshal(output, out)
}
