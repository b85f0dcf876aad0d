package acquire

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// A sender retries for libraries that do not, or that ignore Retry-After. It uses
// azcore's policy, as azidentity does: wait as long as Retry-After says, a minute
// at most, and give up after three retries.
type sender struct{ pipeline runtime.Pipeline }

func newSender(client *http.Client) sender {
	return sender{runtime.NewPipeline("acquire", "v1", runtime.PipelineOptions{}, &policy.ClientOptions{
		Transport: observed{client},
		Telemetry: policy.TelemetryOptions{Disabled: true}, // the libraries send their own
	})}
}

// Do sends a request.
func (s sender) Do(request *http.Request) (*http.Response, error) {
	wrapped, err := runtime.NewRequestFromRequest(request)
	if err != nil {
		return nil, err
	}
	return s.pipeline.Do(wrapped)
}

// CloseIdleConnections does nothing: the connections are the HTTP client's.
func (sender) CloseIdleConnections() {}
