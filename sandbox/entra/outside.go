package entra

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// This file fetches the keys of an outside issuer, by OpenID Connect Discovery
// 1.0 section 4. The rules are: only for the issuer of a federated identity
// credential; https only; loopback only, because the sandbox must not depend on
// another machine.

const maxDocumentBytes = 1 << 20

// withoutRedirects copies the client (nil means one with the system's
// certificates) and makes it follow no redirects, so that an issuer cannot send
// the sandbox elsewhere.
func withoutRedirects(client *http.Client) *http.Client {
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	strict := *client
	strict.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &strict
}

// outsideKey returns the issuer's key with that id.
func (s *Service) outsideKey(ctx context.Context, issuer, keyID string) (*rsa.PublicKey, error) {
	if !isLoopback(issuer) {
		return nil, unemulated("federated assertions of issuer " + shown(issuer) + ", which is not https on the loopback interface")
	}
	var document struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := s.fetch(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &document); err != nil {
		return nil, refuse(501661, "request to the outside issuer %s failed: %v", shown(issuer), err)
	}
	if document.Issuer != issuer || !isLoopback(document.JWKSURI) {
		return nil, refuse(501661, "expected the discovery document of outside issuer %s to name it and keys on the loopback interface, got issuer %s and keys at %s", shown(issuer), shown(document.Issuer), shown(document.JWKSURI))
	}
	var published struct {
		Keys []struct {
			Type     string `json:"kty"`
			ID       string `json:"kid"`
			Modulus  string `json:"n"`
			Exponent string `json:"e"`
		} `json:"keys"`
	}
	if err := s.fetch(ctx, document.JWKSURI, &published); err != nil {
		return nil, refuse(501661, "request for the keys of outside issuer %s failed: %v", shown(issuer), err)
	}
	for _, key := range published.Keys {
		n, errN := base64.RawURLEncoding.DecodeString(key.Modulus)
		e, errE := base64.RawURLEncoding.DecodeString(key.Exponent)
		exponent := new(big.Int).SetBytes(e)
		if key.Type == "RSA" && key.ID == keyID && errN == nil && errE == nil && exponent.BitLen() > 1 && exponent.BitLen() < 32 {
			return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
		}
	}
	return nil, refuse(700027, "the federated assertion failed signature validation: outside issuer %s publishes no RSA key with id %s", shown(issuer), shown(keyID))
}

// isLoopback reports whether a URL is https on this machine.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// fetch reads a JSON document.
func (s *Service) fetch(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := s.HTTPClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // the body was read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("expected status 200, got %d", response.StatusCode)
	}
	return json.NewDecoder(io.LimitReader(response.Body, maxDocumentBytes)).Decode(into)
}
