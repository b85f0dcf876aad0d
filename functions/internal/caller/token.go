package caller

import (
	"context"

	"app-to-app/functions/internal/acquire"
)

// A Token passes a provider's token to a call, and keeps where it came from.
type Token struct {
	Provider acquire.TokenProvider
	Source   acquire.TokenSource // of the last one
}

// AccessToken returns the token for the Authorization header.
func (t *Token) AccessToken(ctx context.Context) (string, error) {
	acquired, err := t.Provider.Acquire(ctx)
	if err != nil {
		return "", err
	}
	t.Source = acquired.Source
	return acquired.Token.Reveal(), nil
}
