// Package cloud tells the stand-ins for azuread and azure-native where they
// deploy to and as whom: it has the configuration keys and ARM_* variables of the
// official providers, the metadata document that names the endpoints, and an HTTP
// client that reaches only this machine.
//
// The official azure-native 2.90.0 ignores its metadata host and the official
// azuread falls back to Microsoft's public cloud. The stand-ins refuse to run
// without a metadata host, on purpose: they only imitate, and must never touch
// a real tenant or subscription.
//
// Not for production.
package cloud

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"

	"app-to-app/azurecloud/endpoints"
)

// bodyLimit is the most that is read of an answer.
const bodyLimit = 16 << 20

// NewHTTPClient returns a client that connects to loopback addresses only and
// uses no proxy. It trusts the system's roots, and so what SSL_CERT_FILE names.
func NewHTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: loopbackOnly}
	return &http.Client{Transport: &http.Transport{
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 32,
		TLSHandshakeTimeout: 10 * time.Second,
	}}
}

// loopbackOnly checks the address after names are resolved.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("expected an address of this machine, got %s: the stand-in only works against a sandbox", address)
	}
	return nil
}

// ReadBody reads an answer's body, up to a limit, and closes it.
func ReadBody(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
}

// Scope is the scope of tokens for Azure Resource Manager. The double slash
// comes from the audience's own and is what the official provider sends.
func Scope(cloud endpoints.Document) string {
	return slices.Concat(cloud.Audiences, []string{endpoints.Public().ResourceManagerAudience})[0] + "/.default"
}

// Endpoints reads the metadata document, once: no retries, as the official
// azuread (go-azure-sdk, sdk/internal/metadata).
func (d Deployer) Endpoints(ctx context.Context, httpClient *http.Client) (endpoints.Document, error) {
	document, err := endpoints.ReadMetadata(ctx, httpClient, d.MetadataHost)
	if err == nil {
		err = document.Require(endpoints.Name, endpoints.ResourceManager, endpoints.Graph, endpoints.LoginEndpoint)
	}
	if err != nil {
		return endpoints.Document{}, fmt.Errorf("get metadata from %s: %w", d.MetadataHost, err)
	}
	return document, nil
}
