package azurecloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"app-to-app/azurecloud/endpoints"
)

// Find is the cloud whose Resource Manager ARM_METADATA_HOSTNAME names. Unset,
// it is the one of ARM_ENVIRONMENT, else the public one.
func Find(ctx context.Context, httpClient *http.Client, getenv func(string) string) (endpoints.Cloud, error) {
	if host := getenv("ARM_METADATA_HOSTNAME"); host != "" {
		found, err := readCloud(ctx, httpClient, host)
		var address *endpoints.NotAHostError
		if errors.As(err, &address) {
			return endpoints.Cloud{}, WithHint(fmt.Errorf("ARM_METADATA_HOSTNAME=%s: %w", host, err), "export ARM_METADATA_HOSTNAME="+address.Meant)
		}
		if err != nil {
			return endpoints.Cloud{}, WithHint(fmt.Errorf("read the endpoints of ARM_METADATA_HOSTNAME=%s: %w", host, err),
				"check that it is the cloud's Resource Manager, that it is running, and that SSL_CERT_FILE has its CA")
		}
		return found, nil
	}
	name := getenv("ARM_ENVIRONMENT")
	if name == "" {
		return endpoints.Public(), nil
	}
	found, ok := endpoints.Named(name)
	if !ok {
		return endpoints.Cloud{}, WithHint(fmt.Errorf("ARM_ENVIRONMENT: expected public, usgovernment or china, got %q", name), "other clouds are named by ARM_METADATA_HOSTNAME")
	}
	return found, nil
}

// readCloud reads what a sign-in needs from the metadata document.
func readCloud(ctx context.Context, httpClient *http.Client, host string) (endpoints.Cloud, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	document, err := endpoints.ReadMetadata(ctx, httpClient, host)
	if err == nil {
		err = document.Require(endpoints.LoginEndpoint, endpoints.Audiences)
	}
	if err != nil {
		return endpoints.Cloud{}, err
	}
	return endpoints.Cloud{
		AuthorityHost: document.LoginEndpoint, ResourceManager: document.ResourceManager, Graph: document.Graph,
		ResourceManagerAudience: document.Audiences[0],
		ExchangeAudience:        endpoints.ExchangeAudience(document.LoginEndpoint),
	}, nil
}
