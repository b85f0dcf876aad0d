package orders

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"app-to-app/functions/internal/apicall"
)

// A Client reads orders from the API. All fields but HTTPClient are required.
// It is safe for concurrent use when its TokenSource is.
type Client struct {
	URL        string // of the orders, as https://host/api/orders
	Tokens     apicall.TokenSource
	HTTPClient *http.Client // nil means [http.DefaultClient]
}

// List returns the orders and the caller as the API saw it. Any other answer,
// redirects included, is an [*apicall.AnswerError].
func (c *Client) List(ctx context.Context) (Answer, error) {
	var answer Answer
	client := apicall.Client{What: "orders", URL: c.URL, Tokens: c.Tokens, HTTPClient: c.HTTPClient}
	err := client.Get(ctx, func(body []byte) error {
		if err := json.Unmarshal(body, &answer); err != nil {
			return err
		}
		if answer.Orders == nil {
			return errors.New("expected a list of orders, got none")
		}
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	return answer, nil
}
