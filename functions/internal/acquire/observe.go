package acquire

import (
	"context"
	"net/http"
	"sync/atomic"
)

type askedKey struct{}

// observe returns a context whose requests set the flag; see [observed].
func observe(ctx context.Context) (context.Context, *atomic.Bool) {
	asked := new(atomic.Bool)
	return context.WithValue(ctx, askedKey{}, asked), asked
}

func note(ctx context.Context) {
	if asked, ok := ctx.Value(askedKey{}).(*atomic.Bool); ok {
		asked.Store(true)
	}
}

// observed sets the flag of the request's context, because the libraries do not
// say whether a token came from the network. It follows no redirect: no endpoint
// for tokens or secrets redirects, and [http.Client] would send the secret, in
// the form or in a header, to wherever the answer points.
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
