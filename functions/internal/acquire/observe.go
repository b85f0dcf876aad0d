package acquire

import (
	"context"
	"net/http"
	"sync/atomic"
)

type askedKey struct{}

// observe returns a context whose requests set the flag.
func observe(ctx context.Context) (context.Context, *atomic.Bool) {
	asked := new(atomic.Bool)
	return context.WithValue(ctx, askedKey{}, asked), asked
}

func note(ctx context.Context) {
	if asked, ok := ctx.Value(askedKey{}).(*atomic.Bool); ok {
		asked.Store(true)
	}
}

// observed notes in the request's context that the network was asked, which
// the library does not tell. It follows no redirect: these requests carry
// proofs, in a form or in headers that [http.Client] would pass on to wherever
// the answer points, and no endpoint for tokens or secrets redirects.
type observed struct{ client *http.Client }

func (o observed) Do(request *http.Request) (*http.Response, error) {
	note(request.Context())
	client := http.Client{}
	if o.client != nil {
		client = *o.client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client.Do(request)
}
