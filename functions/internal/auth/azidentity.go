package auth

import (
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// azidentityProvider gets tokens with Microsoft's azidentity library
// (https://learn.microsoft.com/azure/developer/go/sdk/authentication/system-assigned-managed-identity).
// The library caches, refreshes ahead of expiry, and retries as the service
// says.
type azidentityProvider struct {
	kind       CredentialKind
	credential *azidentity.ManagedIdentityCredential
	scope      string
	turn       chan struct{} // holds one: the library does not join requests for one token
}

func newAzidentity(config ProviderConfig) (TokenProvider, error) {
	options := &azidentity.ManagedIdentityCredentialOptions{}
	options.Transport = observed{config.HTTPClient}
	kind := SystemAssigned
	if config.ManagedIdentityClientID != "" {
		kind = UserAssigned
		options.ID = azidentity.ClientID(config.ManagedIdentityClientID)
	}
	credential, err := azidentity.NewManagedIdentityCredential(options)
	if err != nil {
		return nil, err
	}
	return &azidentityProvider{kind: kind, credential: credential, scope: config.Scope, turn: make(chan struct{}, 1)}, nil
}

func (p *azidentityProvider) Name() string               { return "azidentity" }
func (p *azidentityProvider) Credential() CredentialKind { return p.kind }

// Acquire asks one at a time: the first in a crowd fetches, the others find
// the token in the cache.
func (p *azidentityProvider) Acquire(ctx context.Context) (Acquired, error) {
	started := time.Now()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return Acquired{}, context.Cause(ctx)
	}
	ctx, asked := observe(ctx)
	token, err := p.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{p.scope}})
	if err != nil {
		return Acquired{}, acquireError(err)
	}
	source := FromCache
	if asked.Load() {
		source = FromNetwork
	}
	return Acquired{
		Token:     NewAccessToken(token.Token),
		ExpiresOn: token.ExpiresOn,
		Source:    source,
		Elapsed:   time.Since(started),
	}, nil
}
